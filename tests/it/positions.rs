//! What a position shows, and how positions are listed.

use onhand_tests::{Figure, Json, Shop, at};
use serde_json::json;

#[test]
fn a_position_shows_every_figure() {
    let shop = Shop::open("positions");
    shop.receive("tea", "north", 20);
    shop.hold("tea", "north", 3);
    let confirmed = shop.hold("tea", "north", 4).text("reservationId");
    shop.act(&confirmed, "confirm", &json!(null)).ok();
    for (to, quantity) in [("damaged", 2), ("qualityHold", 1)] {
        let fields =
            json!({ "quantity": quantity, "from": "available", "to": to, "reason": "check" });
        shop.stock("moves", &at("tea", "north", &fields)).ok();
    }
    let position = shop.position("tea", "north");
    position.shows(
        "itemId tea, locationId north, tracked true, onHand 20, available 10, reserved 3, \
         committed 4, damaged 2, qualityHold 1, inTransit 0, safetyStock 0, sellable 10, lots present",
    );
    on_hand_is_the_sum_of_its_buckets(&position);
    assert!(position.instant("createdAt") <= position.instant("updatedAt"));
    assert!(position.number("version") > 0 && position.number("sequence") > 0);
}

#[test]
fn every_change_raises_the_version_by_one() {
    let shop = Shop::open("positions");
    let mut versions = vec![shop.receive("tea", "north", 20).number("position/version")];
    versions.push(shop.sell("tea", "north", 1).number("position/version"));
    shop.hold("tea", "north", 2);
    versions.push(shop.position("tea", "north").number("version"));
    versions.push(shop.count("tea", "north", 18).number("position/version"));
    assert_eq!(versions, [1, 2, 3, 4]);
}

#[test]
fn a_position_never_heard_of_is_unknown() {
    let shop = Shop::open("positions");
    shop.receive("tea", "north", 1);
    shop.location("south", &json!({}));
    shop.get("/v1/positions/tea/south").problem(404, "UNKNOWN_POSITION");
    shop.get("/v1/positions/pot/north").problem(404, "UNKNOWN_POSITION");
}

#[test]
fn a_write_is_read_back_at_once() {
    let shop = Shop::open("positions");
    let other = shop.clone();
    for count in 1..=100 {
        let written = shop.receive("tea", "north", 1);
        let read = other.position("tea", "north");
        read.shows(&format!("onHand {count}"));
        assert_eq!(read.number("sequence"), written.number("sequence"));
    }
}

#[test]
fn positions_are_listed_by_item_location_and_stock() {
    let shop = Shop::open("positions");
    for (item, location, quantity) in
        [("tea", "north", 5), ("tea", "south", 1), ("pot", "north", 2), ("cup", "north", 7)]
    {
        shop.receive(item, location, quantity);
    }
    shop.sell("pot", "north", 2);
    shop.policy("tea", "south", &json!({ "minStock": 2 }));
    shop.policy("tea", "north", &json!({ "minStock": 5 }));
    let listed = |query: &str| {
        let found = shop.pages(&format!("/v1/positions?{query}"));
        let mut keys: Vec<String> = found.iter().map(key).collect();
        keys.sort();
        keys.join(" ")
    };
    assert_eq!(listed("limit=3"), "cup@north pot@north tea@north tea@south");
    assert_eq!(listed("itemId=tea"), "tea@north tea@south");
    assert_eq!(listed("locationId=north"), "cup@north pot@north tea@north");
    assert_eq!(listed("itemId=tea&locationId=south"), "tea@south");
    assert_eq!(listed("stock=in"), "cup@north tea@north tea@south");
    assert_eq!(listed("stock=out"), "pot@north");
    // "`belowMin` means `available < minStock`": five of five is not below.
    assert_eq!(listed("belowMin=true"), "tea@south");
}

fn key(position: &Json) -> String {
    format!("{}@{}", position.text("itemId"), position.text("locationId"))
}

#[track_caller]
fn on_hand_is_the_sum_of_its_buckets(position: &Json) {
    let buckets = ["available", "reserved", "committed", "damaged", "qualityHold"];
    let sum: Figure = buckets.into_iter().map(|bucket| position.figure(bucket)).sum();
    assert_eq!(position.figure("onHand"), sum, "{position}");
}

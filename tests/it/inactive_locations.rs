//! Closed locations.

use onhand_tests::{Shop, anywhere, at, line};
use serde_json::json;

/// Ten at `north`, which is closed, and two at `south`.
fn with_closed_north(name: &str) -> Shop {
    let shop = Shop::open(name);
    shop.receive("tea", "north", 10);
    shop.receive("tea", "south", 2);
    shop.location("north", &json!({ "active": false }));
    shop
}

/// "`active=false`: the location's stock is neither counted as sellable …"
#[test]
fn stock_at_a_closed_location_is_not_counted_as_sellable() {
    let shop = with_closed_north("inactive");
    let answer = shop.get("/v1/availability?itemId=tea").expect(200);
    answer.shows("items/0/itemId tea, items/0/sellable 2");
    for location in answer.list("items/0/locations") {
        let sellable = if location.text("locationId") == "south" { 2 } else { 0 };
        location.shows(&format!("sellable {sellable}"));
    }
    shop.position("tea", "north").shows("onHand 10, sellable 0");
}

/// "… nor chosen".
#[test]
fn a_closed_location_is_not_chosen() {
    let shop = with_closed_north("inactive");
    shop.hold_lines(&[anywhere("tea", 2)]).shows("lines/0/locationId south");
    shop.reserve(&json!({ "lines": [anywhere("tea", 1)] }))
        .problem(409, "INSUFFICIENT_STOCK")
        .shows("shortages/0/itemId tea, shortages/0/requested 1, shortages/0/sellable 0");
}

/// "naming it in a reservation: 409 `LOCATION_INACTIVE`".
#[test]
fn naming_a_closed_location_in_a_reservation_is_refused() {
    let shop = with_closed_north("inactive");
    shop.reserve(&json!({ "lines": [line("tea", "north", 1)] })).problem(409, "LOCATION_INACTIVE");
}

/// "facts are still booked there".
#[test]
fn facts_are_booked_at_a_closed_location() {
    let shop = with_closed_north("inactive");
    shop.sell("tea", "north", 3).shows("position/onHand 7");
    shop.count("tea", "north", 5).shows("position/onHand 5");
    let forced = at("tea", "north", &json!({ "delta": -6, "reason": "flood", "force": true }));
    shop.stock("adjustments", &forced).ok().shows("position/onHand -1");
}

#[test]
fn promises_made_before_the_closing_stay_and_are_shipped() {
    let shop = Shop::open("inactive");
    shop.receive("tea", "north", 10);
    let id = shop.hold("tea", "north", 4).text("reservationId");
    shop.location("north", &json!({ "active": false }));
    shop.reservation(&id).shows("status ACTIVE, lines/0/quantity 4");
    shop.act(&id, "fulfil", &json!({})).ok().shows("status FULFILLED");
    shop.position("tea", "north").shows("onHand 6, reserved 0");
}

#[test]
fn a_location_that_opens_again_sells_again() {
    let shop = with_closed_north("inactive");
    shop.location("north", &json!({ "active": true }));
    shop.hold_lines(&[anywhere("tea", 10)]).shows("lines/0/locationId north");
}

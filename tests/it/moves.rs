//! `POST /v1/stock/moves`: between buckets of one position.

use onhand_tests::{Answer, Shop, at};
use serde_json::json;

fn move_stock(shop: &Shop, quantity: i64, from: &str, to: &str) -> Answer {
    let fields = json!({ "quantity": quantity, "from": from, "to": to, "reason": "looked at" });
    shop.stock("moves", &at("tea", "north", &fields))
}

#[test]
fn a_move_shifts_stock_between_buckets_and_keeps_on_hand() {
    let shop = Shop::open("moves");
    shop.receive("tea", "north", 10);
    move_stock(&shop, 4, "available", "qualityHold")
        .ok()
        .shows("position/onHand 10, position/available 6, position/qualityHold 4");
    move_stock(&shop, 3, "qualityHold", "damaged")
        .ok()
        .shows("position/onHand 10, position/qualityHold 1, position/damaged 3");
    move_stock(&shop, 3, "damaged", "available")
        .ok()
        .shows("position/onHand 10, position/available 9, position/damaged 0");
}

#[test]
fn a_move_of_more_than_is_there_is_refused() {
    let shop = Shop::open("moves");
    shop.receive("tea", "north", 10);
    shop.hold("tea", "north", 6);
    move_stock(&shop, 5, "available", "damaged").problem(409, "INSUFFICIENT_STOCK");
    move_stock(&shop, 1, "damaged", "available").problem(409, "INSUFFICIENT_STOCK");
    shop.position("tea", "north").shows("available 4, reserved 6, damaged 0");
}

#[test]
fn a_move_cannot_touch_promises_or_stay_where_it_is() {
    let shop = Shop::open("moves");
    shop.receive("tea", "north", 10);
    shop.hold("tea", "north", 6);
    for (from, to) in [
        ("reserved", "available"),
        ("available", "committed"),
        ("available", "available"),
        ("available", "nowhere"),
    ] {
        move_stock(&shop, 1, from, to)
            .problem_among(&[(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")]);
    }
    shop.position("tea", "north").shows("available 4, reserved 6, committed 0");
}

#[test]
fn a_move_of_nothing_is_refused() {
    let shop = Shop::open("moves");
    shop.receive("tea", "north", 10);
    move_stock(&shop, 0, "available", "damaged").problem(422, "INVALID_QUANTITY");
    move_stock(&shop, -1, "available", "damaged").problem(422, "INVALID_QUANTITY");
}

/// "holds, moves and policies have `changeAmount` 0 and tell themselves in `changes`".
#[test]
fn a_move_is_told_in_changes() {
    let shop = Shop::open("moves");
    shop.receive("tea", "north", 10);
    move_stock(&shop, 4, "available", "damaged").ok();
    let changes = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    assert_eq!(changes.len(), 2, "{changes:?}");
    changes[1].shows("payload/changeAmount 0, payload/changeReason MOVE, payload/newQuantity 10");
    let mut told: Vec<String> = changes[1]
        .list("payload/changes")
        .iter()
        .map(|change| {
            let (before, after) = (change.figure("before"), change.figure("after"));
            format!("{} {before} {after}", change.text("bucket"))
        })
        .collect();
    told.sort();
    assert_eq!(told, ["available 10 6", "damaged 0 4"]);
}

//! `POST /v1/stock/counts`: the variance becomes a movement.

use onhand_tests::{Shop, at};
use serde_json::json;

#[test]
fn a_count_sets_on_hand_and_books_the_variance_on_available() {
    let shop = Shop::open("counts");
    shop.receive("tea", "north", 10);
    shop.hold("tea", "north", 3);
    shop.count("tea", "north", 9)
        .shows("position/onHand 9, position/available 6, position/reserved 3");
    shop.count("tea", "north", 12).shows("position/onHand 12, position/available 9");
    shop.count("tea", "north", 0)
        .shows("position/onHand 0, position/available -3, position/reserved 3");
}

#[test]
fn damaged_goods_are_counted_too() {
    let shop = Shop::open("counts");
    shop.receive("tea", "north", 10);
    let fields =
        json!({ "quantity": 2, "from": "available", "to": "damaged", "reason": "dropped" });
    shop.stock("moves", &at("tea", "north", &fields)).ok();
    shop.count("tea", "north", 9)
        .shows("position/onHand 9, position/available 7, position/damaged 2");
}

#[test]
fn a_count_without_variance_changes_no_figure() {
    let shop = Shop::open("counts");
    shop.receive("tea", "north", 10);
    shop.count("tea", "north", 10).shows("position/onHand 10, position/available 10");
    let changes = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    for change in &changes[1..] {
        change.shows("payload/changeAmount 0, payload/newQuantity 10");
    }
}

#[test]
fn a_count_on_another_version_is_stale_and_tells_the_current_figures() {
    let shop = Shop::open("counts");
    let version = shop.receive("tea", "north", 10).number("position/version");
    shop.sell("tea", "north", 1);
    let count = json!({ "counted": 5, "expectedVersion": version });
    let stale = shop.stock("counts", &at("tea", "north", &count)).problem(409, "STALE");
    let figures = stale.find("position").unwrap_or_else(|| stale.json().clone());
    figures.shows(&format!("onHand 9, version {}", version + 1));
    let count = json!({ "counted": 5, "expectedVersion": version + 1 });
    shop.stock("counts", &at("tea", "north", &count)).ok().shows("position/onHand 5");
}

#[test]
fn a_count_cannot_be_below_zero() {
    let shop = Shop::open("counts");
    shop.stock("counts", &at("tea", "north", &json!({ "counted": -1 })))
        .problem(422, "INVALID_QUANTITY");
    shop.stock("counts", &at("tea", "north", &json!({}))).problem(400, "INVALID_REQUEST");
}

#[test]
fn a_variance_is_told() {
    let shop = Shop::open("counts");
    shop.receive("tea", "north", 10);
    shop.count("tea", "north", 7);
    let changes = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    assert_eq!(changes.len(), 2, "{changes:?}");
    changes[1].shows(
        "payload/previousQuantity 10, payload/newQuantity 7, payload/changeAmount -3, \
         payload/changeReason COUNT",
    );
}

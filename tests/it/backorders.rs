//! `backorder: "policy" | "never" | "always"`.

use onhand_tests::{Answer, Shop, line};
use serde_json::json;

/// Two on the shelf, and room for five more.
fn room_for_five() -> Shop {
    let shop = Shop::open("backorders");
    shop.receive("tea", "north", 2);
    shop.policy("tea", "north", &json!({ "backorderLimit": 5 }));
    shop
}

fn order(shop: &Shop, backorder: &str, quantity: i64) -> Answer {
    shop.reserve(&json!({ "backorder": backorder, "lines": [line("tea", "north", quantity)] }))
}

#[test]
fn by_policy_the_room_may_be_used_up_and_no_more() {
    let shop = room_for_five();
    shop.position("tea", "north").shows("available 2, sellable 7");
    order(&shop, "policy", 8)
        .problem(409, "INSUFFICIENT_STOCK")
        .shows("shortages/0/requested 8, shortages/0/sellable 7");
    shop.hold("tea", "north", 7);
    shop.position("tea", "north").shows("onHand 2, available -5, reserved 7, sellable 0");
    order(&shop, "policy", 1).problem(409, "INSUFFICIENT_STOCK");
}

#[test]
fn never_takes_only_what_is_on_the_shelf() {
    let shop = room_for_five();
    order(&shop, "never", 3).problem(409, "INSUFFICIENT_STOCK").shows("shortages/0/sellable 2");
    order(&shop, "never", 2).expect(201);
    shop.position("tea", "north").shows("available 0, sellable 5");
    order(&shop, "never", 1).problem(409, "INSUFFICIENT_STOCK");
}

#[test]
fn always_takes_without_limit() {
    let shop = room_for_five();
    order(&shop, "always", 100).expect(201).shows("lines/0/quantity 100");
    shop.position("tea", "north").shows("onHand 2, available -98, reserved 100, sellable 0");
}

#[test]
fn a_granted_backorder_is_no_discrepancy() {
    let shop = room_for_five();
    shop.hold("tea", "north", 7);
    let told = shop.events("type=StockDiscrepancy");
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn goods_that_arrive_fill_the_backorder_first() {
    let shop = room_for_five();
    shop.hold("tea", "north", 7);
    shop.receive("tea", "north", 6).shows("position/onHand 8, position/available 1");
}

#[test]
fn a_released_backorder_gives_its_room_back() {
    let shop = room_for_five();
    let id = shop.hold("tea", "north", 7).text("reservationId");
    shop.act(&id, "cancel", &json!(null)).ok();
    shop.position("tea", "north").shows("available 2, reserved 0, sellable 7");
}

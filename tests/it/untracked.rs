//! Items whose stock is not tracked.

use onhand_tests::{Shop, anywhere, at, line};
use serde_json::json;

fn with_gift_card(name: &str) -> Shop {
    let shop = Shop::open(name);
    shop.item("card", &json!({ "trackInventory": false }));
    shop.location("north", &json!({}));
    shop
}

/// "`trackInventory=false`: reservations and sales always succeed and move nothing".
#[test]
fn reservations_of_an_untracked_item_always_succeed_and_move_nothing() {
    let shop = with_gift_card("untracked");
    let named = shop.hold_lines(&[line("card", "north", 1_000)]).text("reservationId");
    shop.hold_lines(&[anywhere("card", 1_000)]);
    shop.act(&named, "confirm", &json!(null)).ok();
    shop.act(&named, "fulfil", &json!({})).ok().shows("status FULFILLED");
    moves_nothing(&shop);
}

#[test]
fn an_untracked_line_beside_a_tracked_one_holds_only_the_tracked_one() {
    let shop = with_gift_card("untracked");
    shop.receive("tea", "north", 2);
    let lines = [line("tea", "north", 2), line("card", "north", 5)];
    let id = shop.hold_lines(&lines).text("reservationId");
    shop.position("tea", "north").shows("available 0, reserved 2");
    shop.reserve(&json!({ "lines": lines })).problem(409, "INSUFFICIENT_STOCK");
    shop.act(&id, "cancel", &json!(null)).ok();
    shop.position("tea", "north").shows("available 2, reserved 0");
    moves_nothing(&shop);
}

#[test]
fn sales_of_an_untracked_item_always_succeed_and_move_nothing() {
    let shop = with_gift_card("untracked");
    shop.sell("card", "north", 7).shows("position/tracked false, position/onHand 0");
    moves_nothing(&shop);
}

/// "`tracked:false` is shown", "sellable … `null` = no limit: untracked".
#[test]
fn an_untracked_position_says_so() {
    let shop = with_gift_card("untracked");
    shop.sell("card", "north", 1).shows("position/tracked false, position/sellable none");
}

/// "receipts and counts answer 409 `NOT_TRACKED`".
#[test]
fn receipts_and_counts_of_an_untracked_item_are_refused() {
    let shop = with_gift_card("untracked");
    let receipt = at("card", "north", &json!({ "quantity": 1 }));
    shop.stock("receipts", &receipt).problem(409, "NOT_TRACKED");
    let count = at("card", "north", &json!({ "counted": 1 }));
    shop.stock("counts", &count).problem(409, "NOT_TRACKED");
}

/// "switching it off with stock: 409 `STOCK_NOT_ZERO`".
#[test]
fn tracking_is_not_switched_off_with_stock() {
    let shop = Shop::open("untracked");
    shop.receive("tea", "north", 1);
    let off = json!({ "trackInventory": false });
    shop.put("/v1/items/tea", &off).problem(409, "STOCK_NOT_ZERO");
    shop.get("/v1/items/tea").expect(200).shows("trackInventory true");
    shop.sell("tea", "north", 1);
    shop.put("/v1/items/tea", &off).ok();
    shop.hold_lines(&[line("tea", "north", 9)]);
}

#[test]
fn tracking_can_be_switched_on() {
    let shop = with_gift_card("untracked");
    shop.item("card", &json!({ "trackInventory": true }));
    shop.reserve(&json!({ "lines": [line("card", "north", 1)] }))
        .problem(409, "INSUFFICIENT_STOCK");
    shop.receive("card", "north", 3).shows("position/tracked true, position/onHand 3");
}

/// No position of the item has a figure other than zero.
fn moves_nothing(shop: &Shop) {
    for position in shop.pages("/v1/positions?itemId=card") {
        position.shows("onHand 0, available 0, reserved 0, committed 0, tracked false");
    }
}

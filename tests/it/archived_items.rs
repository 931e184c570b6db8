//! `DELETE /v1/items/{itemId}` and what follows.

use onhand_tests::{Shop, at};
use serde_json::json;

#[test]
fn an_item_with_stock_is_not_archived_and_the_answer_says_where_it_lies() {
    let shop = Shop::open("archived");
    shop.location("north", &json!({ "name": "North" }));
    shop.receive("tea", "north", 5);
    shop.receive("tea", "south", 2);
    shop.hold("tea", "north", 1);
    let problem = shop.delete("/v1/items/tea").problem(409, "STOCK_NOT_ZERO");
    problem.shows("itemId tea, actionRequired present");
    let locations = problem.list("locationsWithStock");
    assert_eq!(locations.len(), 2, "{problem:?}");
    for location in locations {
        if location.text("locationId") == "north" {
            location.shows("name North, onHand 5, available 4, reserved 1");
        } else {
            location.shows("locationId south, onHand 2, available 2, reserved 0");
        }
    }
    shop.receive("tea", "north", 1);
}

#[test]
fn writes_to_an_archived_item_are_refused() {
    let shop = archived("archived");
    let refused = |kind: &str, fields: serde_json::Value| {
        shop.stock(kind, &at("tea", "north", &fields)).problem(409, "ITEM_ARCHIVED");
    };
    refused("receipts", json!({ "quantity": 1 }));
    refused("adjustments", json!({ "delta": 1, "reason": "found" }));
    let transfer = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": 1 });
    shop.stock("transfers", &transfer).problem(409, "ITEM_ARCHIVED");
    shop.reserve(&json!({ "lines": [{ "itemId": "tea", "quantity": 1 }] }))
        .problem(409, "ITEM_ARCHIVED");
}

/// "later writes 409 `ITEM_ARCHIVED`, but facts are booked".
#[test]
fn facts_about_an_archived_item_are_booked() {
    let shop = archived("archived");
    shop.sell("tea", "north", 2).shows("position/available -2");
    shop.count("tea", "north", 3).shows("position/available 3");
    let set = at("tea", "north", &json!({ "setTo": 4, "reason": "seen" }));
    shop.stock("adjustments", &set).ok().shows("position/available 4");
    let forced = at("tea", "north", &json!({ "delta": -5, "reason": "burnt", "force": true }));
    shop.stock("adjustments", &forced).ok().shows("position/available -1");
}

#[test]
fn a_put_revives_an_archived_item() {
    let shop = archived("archived");
    shop.put("/v1/items/tea", &json!({ "name": "Assam" })).ok();
    shop.receive("tea", "north", 3).shows("position/onHand 3");
    shop.hold("tea", "north", 1);
}

/// A tenant whose item `tea` was archived with no stock left at `north`.
fn archived(name: &str) -> Shop {
    let shop = Shop::open(name);
    shop.receive("tea", "north", 1);
    shop.sell("tea", "north", 1);
    shop.delete("/v1/items/tea").ok();
    shop
}

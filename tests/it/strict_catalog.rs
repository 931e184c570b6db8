//! Who may create items and locations by naming them.

use onhand_tests::{Server, Shop, at};
use serde_json::{Value, json};

/// "Unknown items and locations are created by the first of these about them (receipt, count,
/// upward adjustment, return, transfer, till sale)".
#[test]
fn the_first_booking_creates_item_and_location() {
    let shop = Shop::open("catalog");
    let check = |kind: &str, fields: Value| {
        let (item, location) = (format!("item-{kind}"), format!("place-{kind}"));
        shop.stock(kind, &at(&item, &location, &fields)).ok();
        shop.get(&format!("/v1/items/{item}")).expect(200).shows("trackInventory true");
        shop.get(&format!("/v1/locations/{location}"))
            .expect(200)
            .shows("active true, priority 100");
        shop.get(&format!("/v1/positions/{item}/{location}")).expect(200);
    };
    check("receipts", json!({ "quantity": 1 }));
    check("counts", json!({ "counted": 4 }));
    check("adjustments", json!({ "delta": 2, "reason": "found" }));
    check("returns", json!({ "quantity": 1, "condition": "good" }));
    check("sales", json!({ "quantity": 1 }));
    let transfer =
        json!({ "itemId": "item-receipts", "from": "place-receipts", "to": "new", "quantity": 1 });
    shop.stock("transfers", &transfer).ok();
    shop.get("/v1/locations/new").expect(200);
}

#[test]
fn what_only_takes_creates_nothing() {
    let shop = Shop::open("catalog");
    let refused = [(404, "UNKNOWN_ITEM"), (404, "UNKNOWN_POSITION"), (409, "INSUFFICIENT_STOCK")];
    let down = at("ghost", "north", &json!({ "delta": -1, "reason": "lost" }));
    shop.stock("adjustments", &down).problem_among(&refused);
    let fields =
        json!({ "quantity": 1, "from": "available", "to": "damaged", "reason": "dropped" });
    shop.stock("moves", &at("ghost", "north", &fields)).problem_among(&refused);
    shop.reserve(&json!({ "lines": [{ "itemId": "ghost", "quantity": 1 }] }))
        .problem(404, "UNKNOWN_ITEM");
    shop.get("/v1/items/ghost").problem(404, "UNKNOWN_ITEM");
}

/// "unless `strict_catalog = true` (then 404 `UNKNOWN_ITEM` / `UNKNOWN_LOCATION`)".
#[test]
fn a_strict_catalog_refuses_what_it_does_not_know() {
    let server = Server::start_with(&[("ONHAND_STRICT_CATALOG", "true")]);
    let shop = server.shop("strict");
    shop.item("tea", &json!({}));
    shop.location("north", &json!({}));
    let bookings = [
        ("receipts", json!({ "quantity": 1 })),
        ("counts", json!({ "counted": 4 })),
        ("adjustments", json!({ "delta": 2, "reason": "found" })),
        ("returns", json!({ "quantity": 1, "condition": "good" })),
        ("sales", json!({ "quantity": 1 })),
    ];
    for (kind, fields) in &bookings {
        shop.stock(kind, &at("ghost", "north", fields)).problem(404, "UNKNOWN_ITEM");
        shop.stock(kind, &at("tea", "nowhere", fields)).problem(404, "UNKNOWN_LOCATION");
        shop.stock(kind, &at("tea", "north", fields)).ok();
    }
    let transfer = json!({ "itemId": "tea", "from": "north", "to": "nowhere", "quantity": 1 });
    shop.stock("transfers", &transfer).problem(404, "UNKNOWN_LOCATION");
    shop.get("/v1/items/ghost").problem(404, "UNKNOWN_ITEM");
    shop.get("/v1/locations/nowhere").problem(404, "UNKNOWN_LOCATION");
}

//! "Ids … are 1–64 bytes of UTF-8 without control characters, `/` or blanks at the ends, compared
//! byte by byte; other ids and references 1–128 bytes without control characters; else 422
//! `INVALID_ID`."

use onhand_tests::{Request, Shop, encode, line};
use serde_json::json;

fn allowed() -> Vec<String> {
    let ids = ["a", "A b", "größe-ß", "手袋", "a:b", "100%", "%2F", "a?b#c&d=e", "..", "x'\"\\"];
    let longest = "x".repeat(64);
    let longest_of_two_bytes = "é".repeat(32);
    ids.into_iter().map(str::to_owned).chain([longest, longest_of_two_bytes]).collect()
}

fn refused() -> Vec<String> {
    let ids = ["", " ", " a", "a ", "a/b", "/", "a\u{0}b", "a\nb", "a\u{7f}", "\t"];
    let too_long = "x".repeat(65);
    let too_long_in_bytes = "é".repeat(33);
    ids.into_iter().map(str::to_owned).chain([too_long, too_long_in_bytes]).collect()
}

#[test]
fn ids_of_items_and_locations_may_be_any_text_without_slash_or_control() {
    let shop = Shop::open("ids");
    for id in allowed() {
        shop.receive(&id, "north", 1).shows("position/onHand 1");
        shop.receive("tea", &id, 2).shows("position/onHand 2");
        shop.hold(&id, "north", 1);
    }
    // `.` and `..` in a path are resolved by many clients, so they are not asked for by path.
    for id in allowed().into_iter().filter(|id| id != "..") {
        let position = shop.position(&id, "north");
        assert_eq!(position.text("itemId"), id);
        assert_eq!(shop.position("tea", &id).text("locationId"), id);
        let listed = shop.pages(&format!("/v1/positions?itemId={}", encode(&id)));
        assert_eq!(listed.len(), 1, "{listed:?}");
    }
}

#[test]
fn other_ids_are_refused_in_bodies() {
    let shop = Shop::open("ids");
    for id in refused() {
        for body in [line(&id, "north", 1), line("tea", &id, 1)] {
            shop.stock("receipts", &body).problem(422, "INVALID_ID");
        }
        shop.reserve(&json!({ "lines": [line(&id, "north", 1)] })).problem(422, "INVALID_ID");
    }
    assert!(shop.pages("/v1/positions").is_empty());
}

#[test]
fn other_ids_are_refused_in_paths() {
    let shop = Shop::open("ids");
    for id in refused().iter().filter(|id| !id.is_empty()) {
        let id = encode(id);
        shop.put(&format!("/v1/items/{id}"), &json!({})).problem(422, "INVALID_ID");
        shop.put(&format!("/v1/locations/{id}"), &json!({})).problem(422, "INVALID_ID");
        shop.get(&format!("/v1/positions/{id}/north")).problem(422, "INVALID_ID");
    }
    assert!(shop.pages("/v1/items").is_empty());
}

#[test]
fn a_path_that_is_no_utf_8_is_refused() {
    let shop = Shop::open("ids");
    shop.get("/v1/items/%FF%FE").problem_among(&[(422, "INVALID_ID"), (400, "INVALID_REQUEST")]);
}

#[test]
fn ids_are_compared_byte_by_byte() {
    let shop = Shop::open("ids");
    let look_alikes = ["caf\u{e9}", "cafe\u{301}", "Caf\u{e9}", "caf\u{e9}\u{200b}"];
    for (quantity, id) in (1..).zip(look_alikes) {
        shop.receive(id, "north", quantity);
    }
    for (quantity, id) in (1..).zip(look_alikes) {
        shop.position(id, "north").shows(&format!("onHand {quantity}"));
    }
}

#[test]
fn references_are_at_most_128_bytes_without_control_characters() {
    let shop = Shop::open("ids");
    shop.receive("tea", "north", 10);
    let order =
        |id: &str| shop.reserve(&json!({ "orderId": id, "lines": [line("tea", "north", 1)] }));
    order(&"x".repeat(128)).expect(201);
    order("a/b c:d%").expect(201);
    order(&"x".repeat(129)).problem(422, "INVALID_ID");
    order("a\nb").problem(422, "INVALID_ID");
    order("").problem(422, "INVALID_ID");
    shop.position("tea", "north").shows("reserved 2");
}

#[test]
fn a_tenant_is_an_id_too() {
    let shop = Shop::open("ids");
    for tenant in ["a/b".to_owned(), "x".repeat(65)] {
        let request = Request::get("/v1/items").header("X-Tenant-Id", tenant);
        shop.send(&request).problem(422, "INVALID_ID");
    }
}

/// "In `aggregateId` and keys a `:` or `%` inside an id is written `%3A`, `%25`."
#[test]
fn colons_and_percent_signs_are_escaped_in_aggregate_ids() {
    let shop = Shop::open("ids");
    shop.receive("a:b", "50%", 1);
    let changes = shop.events("type=StockLevelChanged");
    assert_eq!(changes.len(), 1, "{changes:?}");
    changes[0].shows("aggregateId a%3Ab:50%25, payload/itemId a:b, payload/locationId 50%");
    let found = shop.events(&format!("aggregateId={}", encode("a%3Ab:50%25")));
    assert!(!found.is_empty());
}

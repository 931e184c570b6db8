//! `POST /v1/stock/returns`.

use onhand_tests::{Answer, Shop, at, line};
use serde_json::{Value, json};

fn give_back(shop: &Shop, quantity: i64, condition: &str, rest: &Value) -> Answer {
    let mut fields = at("tea", "north", rest);
    fields["quantity"] = json!(quantity);
    fields["condition"] = json!(condition);
    shop.stock("returns", &fields)
}

#[test]
fn good_returns_are_available_others_are_damaged() {
    let shop = Shop::open("returns");
    let none = json!({});
    give_back(&shop, 1, "good", &none)
        .ok()
        .shows("position/available 1, position/damaged 0, position/onHand 1");
    give_back(&shop, 2, "damaged", &none).ok().shows("position/available 1, position/damaged 2");
    give_back(&shop, 3, "defective", &none).ok().shows(
        "position/available 1, position/damaged 5, position/onHand 6, transactionId present",
    );
}

#[test]
fn a_return_takes_its_references() {
    let shop = Shop::open("returns");
    let fields = json!({ "returnId": "RT-1", "rmaNumber": "RMA-1", "reason": "too small" });
    give_back(&shop, 1, "good", &fields).ok();
    let changes = shop.events("type=StockLevelChanged");
    assert_eq!(changes.len(), 1, "{changes:?}");
    changes[0].shows("payload/changeReason RETURN, payload/changeAmount 1");
}

/// "more than was shipped on that order: booked, `exceedsShipped:true`".
#[test]
fn more_than_was_shipped_on_the_order_is_booked_and_marked() {
    let shop = Shop::open("returns");
    shop.receive("tea", "north", 10);
    let order = json!({ "orderId": "O-1", "lines": [line("tea", "north", 3)] });
    let id = shop.reserve(&order).expect(201).text("reservationId");
    shop.act(&id, "fulfil", &json!({})).ok();
    let of_order = json!({ "orderId": "O-1" });
    let first = give_back(&shop, 2, "good", &of_order).ok();
    assert_ne!(first.find("exceedsShipped").map(|it| it.as_text() == "true"), Some(true));
    give_back(&shop, 2, "good", &of_order).ok().shows("exceedsShipped true, position/available 11");
    let unheard = json!({ "orderId": "O-unheard-of" });
    give_back(&shop, 1, "good", &unheard).ok().shows("exceedsShipped true, position/available 12");
}

#[test]
fn a_return_without_an_order_exceeds_nothing() {
    let shop = Shop::open("returns");
    let answer = give_back(&shop, 2, "good", &json!({})).ok();
    assert_ne!(answer.find("exceedsShipped").map(|it| it.as_text() == "true"), Some(true));
}

#[test]
fn a_malformed_return_is_refused() {
    let shop = Shop::open("returns");
    let request = [(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")];
    give_back(&shop, 1, "soggy", &json!({})).problem_among(&request);
    give_back(&shop, 0, "good", &json!({})).problem(422, "INVALID_QUANTITY");
    give_back(&shop, -1, "good", &json!({})).problem(422, "INVALID_QUANTITY");
    shop.stock("returns", &line("tea", "north", 1)).problem(400, "INVALID_REQUEST");
}

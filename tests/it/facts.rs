//! "Facts are never refused for want of stock", sentence by sentence.

use onhand_tests::{Answer, Json, Shop, anywhere, at, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;

/// Ten on hand, eight of them promised to the returned reservation.
fn ten_with_eight_promised() -> (Shop, String) {
    let shop = Shop::open("facts");
    shop.receive("tea", "north", 10);
    let id = shop.hold("tea", "north", 8).text("reservationId");
    (shop, id)
}

fn adjust(shop: &Shop, fields: &Value) -> Answer {
    let mut fields = at("tea", "north", fields);
    fields["reason"] = json!("seen");
    shop.stock("adjustments", &fields)
}

fn discrepancies(shop: &Shop) -> Vec<Json> {
    shop.events("type=StockDiscrepancy")
}

/// "Till sales … say what is so": "`available` may go below zero through them (promises stay)".
#[test]
fn a_till_sale_below_zero_is_booked_and_promises_stay() {
    let (shop, id) = ten_with_eight_promised();
    shop.sell("tea", "north", 5).shows("position/onHand 5, position/available -3");
    shop.position("tea", "north").shows("available -3, reserved 8, sellable 0");
    shop.reservation(&id).shows("status ACTIVE, lines/0/quantity 8, lines/0/released 0");
}

/// "… and `StockDiscrepancy` is published."
#[test]
fn a_till_sale_below_zero_is_told_as_a_discrepancy() {
    let (shop, _) = ten_with_eight_promised();
    let sale = at("tea", "north", &json!({ "saleId": "S-1", "quantity": 5 }));
    let answer = shop.stock("sales", &sale).ok();
    let told = discrepancies(&shop);
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].shows(
        "aggregateType InventoryPosition, aggregateId tea:north, payload/itemId tea, \
         payload/locationId north, payload/available -3, payload/promised 8, \
         payload/cause present, payload/reference S-1",
    );
    assert_eq!(told[0].number("sequence"), answer.number("sequence"));
}

/// "Counts … say what is so".
#[test]
fn a_count_below_what_is_promised_is_booked() {
    let (shop, id) = ten_with_eight_promised();
    shop.count("tea", "north", 2).shows(
        "position/onHand 2, position/available -6, position/reserved 8, position/sellable 0",
    );
    assert_eq!(discrepancies(&shop).len(), 1);
    shop.reservation(&id).shows("status ACTIVE");
}

/// "`setTo` … say what is so".
#[test]
fn set_to_below_what_is_promised_is_booked() {
    let (shop, _) = ten_with_eight_promised();
    adjust(&shop, &json!({ "setTo": 1 })).ok().shows(
        "position/onHand 1, position/available -7, position/reserved 8, position/sellable 0",
    );
    assert_eq!(discrepancies(&shop).len(), 1);
}

/// "`force` … say what is so".
#[test]
fn a_forced_adjustment_is_booked() {
    let (shop, _) = ten_with_eight_promised();
    adjust(&shop, &json!({ "delta": -20, "force": true }))
        .ok()
        .shows("position/onHand -10, position/available -18, position/reserved 8");
    assert_eq!(discrepancies(&shop).len(), 1);
}

/// A fact about an item never heard of is booked too.
#[test]
fn a_till_sale_of_an_item_never_heard_of_is_booked() {
    let shop = Shop::open("facts");
    shop.sell("tea", "north", 2).shows("position/onHand -2, position/available -2");
    shop.position("tea", "north").shows("sellable 0");
    assert_eq!(discrepancies(&shop).len(), 1);
}

/// "`sellable` stays at zero".
#[test]
fn sellable_stays_at_zero_however_far_below_zero_available_is() {
    let shop = Shop::open("facts");
    shop.sell("tea", "north", 1_000);
    shop.position("tea", "north").shows("available -1000, sellable 0");
    shop.get("/v1/availability?itemId=tea")
        .expect(200)
        .shows("items/0/sellable 0, items/0/available -1000, items/0/locations/0/sellable 0");
    shop.receive("tea", "north", 999);
    shop.position("tea", "north").shows("available -1, sellable 0");
    shop.receive("tea", "north", 3);
    shop.position("tea", "north").shows("available 2, sellable 2");
}

#[test]
fn a_place_below_zero_takes_nothing_from_what_another_place_sells() {
    let shop = Shop::open("facts");
    shop.sell("tea", "north", 100);
    shop.receive("tea", "south", 5);
    shop.get("/v1/availability?itemId=tea").expect(200).shows("items/0/sellable 5");
    shop.hold_lines(&[anywhere("tea", 5)]).shows("lines/0/locationId south");
}

#[test]
fn a_fact_within_the_stock_is_no_discrepancy() {
    let (shop, _) = ten_with_eight_promised();
    shop.sell("tea", "north", 2).shows("position/available 0");
    shop.count("tea", "north", 8);
    assert!(discrepancies(&shop).is_empty(), "{:?}", discrepancies(&shop));
}

/// A till sells the safety stock too: safety stock is policy, the sale is a fact.
#[test]
fn a_till_sale_may_take_the_safety_stock() {
    let shop = Shop::open("facts");
    shop.receive("tea", "north", 5);
    shop.policy("tea", "north", &json!({ "safetyStock": 5 }));
    shop.sell("tea", "north", 4).shows("position/available 1, position/sellable 0");
    assert!(discrepancies(&shop).is_empty());
}

/// "(refused only when invalid, `STALE`, `NOT_TRACKED` or unknown under `strict_catalog`)".
#[test]
fn facts_are_refused_when_invalid_stale_or_not_tracked() {
    let (shop, _) = ten_with_eight_promised();
    let sale = at("tea", "north", &json!({ "quantity": -1 }));
    shop.stock("sales", &sale).problem(422, "INVALID_QUANTITY");
    let count = at("tea", "north", &json!({ "counted": 1, "expectedVersion": 77 }));
    shop.stock("counts", &count).problem(409, "STALE");
    adjust(&shop, &json!({ "setTo": 1, "expectedOnHand": 77 })).problem(409, "STALE");
    shop.item("card", &json!({ "trackInventory": false }));
    shop.stock("counts", &at("card", "north", &json!({ "counted": 1 })))
        .problem(409, "NOT_TRACKED");
    shop.position("tea", "north").shows("onHand 10, available 2, reserved 8");
}

/// "Wishes (reservations, transfers, moves, plain adjustments, fulfilments) are refused when the
/// stock is not there."
#[test]
fn wishes_are_refused_when_the_stock_is_not_there() {
    let (shop, id) = ten_with_eight_promised();
    shop.sell("tea", "north", 5);
    let short = |answer: Answer| {
        answer.problem(409, "INSUFFICIENT_STOCK");
    };
    short(shop.reserve(&json!({ "lines": [line("tea", "north", 1)] })));
    let transfer = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": 1 });
    short(shop.stock("transfers", &transfer));
    let fields =
        json!({ "quantity": 1, "from": "available", "to": "damaged", "reason": "dropped" });
    short(shop.stock("moves", &at("tea", "north", &fields)));
    short(adjust(&shop, &json!({ "delta": -1 })));
    short(shop.act(&id, "fulfil", &NONE));
    shop.position("tea", "north").shows("onHand 5, available -3, reserved 8");
}

#[test]
fn a_promise_beyond_the_stock_can_still_be_cancelled_or_shipped_as_far_as_it_goes() {
    let (shop, id) = ten_with_eight_promised();
    shop.sell("tea", "north", 5);
    let part = |quantity: i64| json!({ "lines": [line("tea", "north", quantity)] });
    shop.act(&id, "fulfil", &part(5)).ok().shows("lines/0/fulfilled 5");
    shop.position("tea", "north").shows("onHand 0, available -3, reserved 3");
    shop.act(&id, "fulfil", &part(1)).problem(409, "INSUFFICIENT_STOCK");
    shop.act(&id, "cancel", &NONE).ok();
    shop.position("tea", "north").shows("onHand 0, available 0, reserved 0");
}

fn on(time: &str) -> String {
    format!("2026-02-03T{time}:00Z")
}

fn on_hand_at(shop: &Shop, time: &str) -> f64 {
    let path = format!("/v1/positions/tea/north/explain?at={}", on(time));
    shop.get(&path).ok().json().value()["onHand"].as_f64().expect("a number")
}

/// "Counts … say what is so": a count that arrives after what happened since says what was so then.
#[test]
fn a_count_that_arrives_late_is_one_of_then() {
    let shop = Shop::open("facts");
    let told = |kind: &str, fields: Value, time: &str| {
        let mut fields = at("tea", "north", &fields);
        fields["occurredAt"] = json!(on(time));
        shop.stock(kind, &fields).ok()
    };
    told("receipts", json!({ "quantity": 10, "unitCost": 5 }), "09:00");
    told("sales", json!({ "quantity": 4 }), "14:00");
    shop.receive("tea", "north", 1);
    // Nine lay there at 13:30: one was missing, whatever was sold since.
    told("counts", json!({ "counted": 9 }), "13:30").shows("position/onHand 6");
    let then = ["13:29", "13:30", "13:59", "14:00"].map(|time| on_hand_at(&shop, time));
    assert_eq!(then, [10.0, 9.0, 9.0, 5.0]);
    // It has seen what happened before it, although that comes later still.
    told("sales", json!({ "quantity": 2 }), "13:20").shows("position/onHand 6");
    assert_eq!(["13:25", "13:30"].map(|time| on_hand_at(&shop, time)), [8.0, 9.0]);
    // A later count has seen an earlier one.
    told("counts", json!({ "counted": 3 }), "10:00").shows("position/onHand 6");
    let then = ["09:59", "10:00", "13:25", "13:30"].map(|time| on_hand_at(&shop, time));
    assert_eq!(then, [10.0, 3.0, 1.0, 9.0]);
    let body = json!({ "setTo": 7, "reason": "seen" });
    told("adjustments", body, "14:00").shows("position/onHand 8");
    assert_eq!(on_hand_at(&shop, "14:00"), 7.0);
}

/// "a sale or receipt whose `occurredAt` lies before a count of its position, but which arrives after it, is
/// booked together with the opposite correction at the first count after it".
#[test]
fn a_receipt_that_a_count_has_seen_changes_nothing_now() {
    let shop = Shop::open("facts");
    shop.stock("counts", &at("tea", "north", &json!({ "counted": 8, "occurredAt": on("13:30") })))
        .ok();
    let late =
        json!({ "quantity": 3, "unitCost": 4, "lotNumber": "L-1", "occurredAt": on("13:20") });
    let before = shop.position("tea", "north");
    shop.stock("receipts", &at("tea", "north", &late)).ok().shows("position/onHand 8");
    assert_eq!(shop.position("tea", "north").value()["lots"], before.value()["lots"]);
    let then = ["13:19", "13:25", "13:30"].map(|time| on_hand_at(&shop, time));
    assert_eq!(then, [0.0, 3.0, 8.0]);
    let rows = shop.pages("/v1/ledger?itemId=tea&type=COUNT");
    assert_eq!(rows.len(), 2, "the count, and the correction at it: {rows:?}");
    assert!(rows.iter().all(|row| row.text("occurredAt").starts_with("2026-02-03T13:30")));
}

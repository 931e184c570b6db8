//! `POST /v1/stock/receipts`, and what every stock write has in common.

use jiff::{Timestamp, ToSpan};
use onhand_tests::{Shop, at, parse_instant};
use serde_json::{Value, json};

#[test]
fn a_receipt_raises_available_and_answers_the_position() {
    let shop = Shop::open("receipts");
    let first = shop.receive("tea", "north", 10);
    first.shows(
        "transactionId present, position/itemId tea, position/locationId north, \
         position/onHand 10, position/available 10, position/sellable 10, position/lots none",
    );
    let second = shop.receive("tea", "north", 5);
    second.shows("position/onHand 15, position/available 15");
    assert!(second.number("sequence") > first.number("sequence"));
    assert_eq!(second.number("sequence"), second.number("position/sequence"));
    assert_ne!(second.text("transactionId"), first.text("transactionId"));
}

#[test]
fn a_receipt_takes_lot_expiry_cost_and_references() {
    let shop = Shop::open("receipts");
    let fields = json!({
        "receiptId": "R-1", "quantity": 4, "lotNumber": "L-7", "expiryDate": "2199-12-31",
        "unitCost": "1.25", "reference": "PO-1", "referenceType": "PURCHASE_ORDER",
        "note": "left at the gate", "occurredAt": "2026-01-05T08:00:00Z"
    });
    shop.stock("receipts", &at("tea", "north", &fields)).ok().shows("position/onHand 4");
    let events = shop.events("type=StockReceived");
    assert_eq!(events.len(), 1, "{events:?}");
    events[0].shows(
        "aggregateId tea:north, payload/itemId tea, payload/locationId north, payload/quantity 4, \
         payload/lotNumber L-7, payload/expiryDate 2199-12-31, payload/unitCost 1.25, \
         payload/receiptId R-1, payload/transactionId present",
    );
    let changes = shop.events("type=StockLevelChanged");
    changes[0].shows("payload/reference PO-1, payload/referenceType PURCHASE_ORDER");
}

#[test]
fn a_malformed_receipt_is_refused_and_books_nothing() {
    let shop = Shop::open("receipts");
    let check = |field: &str, value: Value, allowed: &[(u16, &str)]| {
        let mut fields = json!({ "quantity": 1 });
        fields[field] = value;
        shop.stock("receipts", &at("tea", "north", &fields)).problem_among(allowed);
    };
    let request = [(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")];
    check("quantity", json!(0), &[(422, "INVALID_QUANTITY")]);
    check("quantity", json!(-1), &[(422, "INVALID_QUANTITY")]);
    check("unitCost", json!(-1), &[(422, "INVALID_QUANTITY")]);
    check("unitCost", json!("0.0000001"), &[(422, "INVALID_QUANTITY")]);
    check("expiryDate", json!("2026-02-30"), &request);
    check("expiryDate", json!("soon"), &request);
    check("occurredAt", json!("yesterday"), &[request[0], request[1], (422, "INVALID_TIME")]);
    check("lotNumber", json!("x".repeat(65)), &[(422, "INVALID_ID")]);
    check("receiptId", json!("x".repeat(129)), &[(422, "INVALID_ID")]);
    check("reference", json!("x".repeat(129)), &[(422, "INVALID_ID")]);
    shop.get("/v1/positions/tea/north").problem(404, "UNKNOWN_POSITION");
    shop.stock("receipts", &json!({ "itemId": "tea", "quantity": 1 }))
        .problem(400, "INVALID_REQUEST");
    shop.stock("receipts", &json!({ "itemId": "tea", "locationId": "north" }))
        .problem(400, "INVALID_REQUEST");
}

/// "`occurredAt?` (default now, at most 5 minutes ahead, else 422 `INVALID_TIME`)".
#[test]
fn what_happened_may_be_at_most_five_minutes_ahead() {
    let shop = Shop::open("receipts");
    let receipt = |ahead: jiff::Span| {
        let instant = Timestamp::now().checked_add(ahead).expect("near instants exist");
        let fields = json!({ "quantity": 1, "occurredAt": instant.to_string() });
        shop.stock("receipts", &at("tea", "north", &fields))
    };
    receipt(6.minutes()).problem(422, "INVALID_TIME");
    receipt(4.minutes()).ok();
    receipt(-(72.hours())).ok().shows("position/onHand 2");
}

#[test]
fn a_receipt_is_told_as_one_change() {
    let shop = Shop::open("receipts");
    shop.receive("tea", "north", 10);
    let answer = shop.receive("tea", "north", 5);
    let changes = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    assert_eq!(changes.len(), 2, "{changes:?}");
    changes[1].shows(
        "payload/previousQuantity 10, payload/newQuantity 15, payload/changeAmount 5, \
         payload/changeReason RECEIPT, payload/changes/0/bucket available, \
         payload/changes/0/before 10, payload/changes/0/after 15, payload/onHand 15, \
         payload/available 15, payload/sellable 15",
    );
    assert_eq!(changes[1].text("payload/transactionId"), answer.text("transactionId"));
    assert_eq!(changes[1].number("sequence"), answer.number("sequence"));
    assert!(parse_instant(&changes[1].text("timestamp")) <= Timestamp::now());
}

//! Corners of what was corrected, as a client sees them (docs/decisions/0010): holds and ledger rows of an order that
//! was cancelled, closed locations as of then, the lot that moved.

use onhand_tests::{Figure, Shop, at, line};
use serde_json::{Value, json};

fn lot(name: &str, quantity: i64) -> Value {
    at("milk", "north", &json!({ "quantity": quantity, "lotNumber": name }))
}

/// What nobody knows yet is refused, not answered with something else.
#[test]
fn the_value_of_then_is_refused() {
    let shop = Shop::open("value-then");
    shop.get("/reports/inventory-value?at=2026-03-02T09:00:00Z").problem(400, "INVALID_REQUEST");
}

/// Holds and ledger rows of an order that was cancelled at once.
#[test]
fn a_cancelled_order_leaves_the_holds_of_others() {
    let shop = Shop::open("order-cancel");
    shop.receive("tea", "north", 10);
    let held = |order: &str, quantity: i64| {
        let body = json!({ "orderId": order, "lines": [line("tea", "north", quantity)] });
        shop.reserve(&body).expect(201).text("reservationId")
    };
    let other = held("B", 3);
    let own = [held("A", 3), held("A", 2)];
    shop.post("/v1/reservations:cancel", &json!({ "orderId": "A", "reason": "-" })).ok();
    let explained = shop.get("/v1/positions/tea/north/explain").ok();
    let holds = explained.json().list("holds");
    let named: Vec<String> = holds.iter().map(|hold| hold.text("reservationId")).collect();
    assert_eq!(named, [other]);
    let rows = shop.pages("/v1/ledger?orderId=A&type=RELEASE");
    let mut named: Vec<String> = rows.iter().map(|row| row.text("reservationId")).collect();
    named.reverse();
    assert_eq!(named, own);
    assert!(rows.iter().all(|row| row.text("orderId") == "A"));
    for id in &own {
        let rows = shop.pages(&format!("/v1/ledger?reservationId={id}&type=RELEASE"));
        assert_eq!(rows.len(), 1, "{id}");
    }
}

/// "`active=false`: the location's stock is neither counted as sellable nor chosen": then as now.
#[test]
fn a_closed_location_offered_nothing_then() {
    let shop = Shop::open("closed-then");
    shop.receive("tea", "east", 1);
    shop.location("east", &json!({ "active": false })).ok();
    let between = shop.receive("tea", "east", 10).json().instant("position/updatedAt");
    // What is there now is another record than what was there then.
    let sell = || shop.sell("tea", "east", 1).ok().json().instant("position/updatedAt");
    while sell() <= between {}
    let path = format!("/v1/availability?itemId=tea&at={between}");
    let then = shop.get(&path).ok();
    then.shows("items/0/sellable 0");
    assert!(then.json().figure("items/0/available") > Figure::from(0));
}

/// Events name the lot that moved, not the one that was asked for.
#[test]
fn events_name_the_lot_that_moved() {
    let shop = Shop::open("lot-events");
    shop.stock("receipts", &lot("L1", 1)).ok();
    shop.stock("receipts", &lot("L2", 5)).ok();
    shop.stock("sales", &lot("L1", 2)).ok();
    let told = shop.events("type=StockLevelChanged&aggregateId=milk%3Anorth");
    let last = told.last().expect("an event");
    last.shows("payload/changeReason SALE");
    assert!(!last.has("payload/lotNumber"), "{last}");
}

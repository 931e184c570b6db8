//! `POST /v1/reservations/{id}/cancel`.

use onhand_tests::{Shop, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;

fn holding_six() -> (Shop, String) {
    let shop = Shop::open("cancel");
    shop.receive("tea", "north", 10);
    let body = json!({ "orderId": "O-1", "lines": [line("tea", "north", 6)] });
    let id = shop.reserve(&body).expect(201).text("reservationId");
    (shop, id)
}

/// "releases what is open".
#[test]
fn cancelling_releases_what_is_open() {
    let (shop, id) = holding_six();
    shop.act(&id, "cancel", &json!({ "reason": "changed my mind" }))
        .ok()
        .shows("status CANCELLED, lines/0/quantity 6, lines/0/released 6, lines/0/fulfilled 0");
    shop.position("tea", "north").shows("onHand 10, available 10, reserved 0");
    shop.hold("tea", "north", 10);
}

#[test]
fn cancelling_a_confirmed_reservation_gives_back_what_was_committed() {
    let (shop, id) = holding_six();
    shop.act(&id, "confirm", &NONE).ok();
    shop.act(&id, "cancel", &NONE).ok().shows("status CANCELLED");
    shop.position("tea", "north").shows("onHand 10, available 10, committed 0");
}

#[test]
fn a_part_may_be_cancelled() {
    let (shop, id) = holding_six();
    let part = json!({ "lines": [line("tea", "north", 2)] });
    shop.act(&id, "cancel", &part)
        .ok()
        .shows("status ACTIVE, lines/0/quantity 6, lines/0/released 2");
    shop.position("tea", "north").shows("available 6, reserved 4");
    shop.act(&id, "cancel", &part).ok().shows("lines/0/released 4");
    shop.act(&id, "cancel", &part).ok().shows("status CANCELLED, lines/0/released 6");
    shop.position("tea", "north").shows("available 10, reserved 0");
}

/// "more than is open: 409 `EXCEEDS_OPEN`".
#[test]
fn more_than_is_open_is_not_cancelled() {
    let (shop, id) = holding_six();
    let part = |quantity: i64| json!({ "lines": [line("tea", "north", quantity)] });
    shop.act(&id, "cancel", &part(7)).problem(409, "EXCEEDS_OPEN");
    shop.act(&id, "fulfil", &part(2)).ok();
    shop.act(&id, "cancel", &part(5)).problem(409, "EXCEEDS_OPEN");
    shop.act(&id, "cancel", &part(3)).ok();
    shop.act(&id, "cancel", &part(2)).problem(409, "EXCEEDS_OPEN");
    shop.position("tea", "north").shows("onHand 8, available 7, reserved 1");
}

/// "already cancelled or expired: 200, unchanged".
#[test]
fn cancelling_twice_changes_nothing() {
    let (shop, id) = holding_six();
    let first = shop.act(&id, "cancel", &NONE).expect(200);
    let second = shop.act(&id, "cancel", &NONE).expect(200);
    assert_eq!(first.value(), second.value());
    shop.position("tea", "north").shows("available 10, version 3");
    assert_eq!(shop.events("type=ReservationCancelled").len(), 1);
}

/// "all shipped: 409 `INVALID_STATE`".
#[test]
fn what_was_shipped_is_not_cancelled() {
    let (shop, id) = holding_six();
    shop.act(&id, "fulfil", &NONE).ok();
    shop.act(&id, "cancel", &NONE).problem(409, "INVALID_STATE");
    shop.position("tea", "north").shows("onHand 4, available 4");
}

/// "Nothing open and something shipped: `FULFILLED`".
#[test]
fn cancelling_the_rest_of_a_shipped_reservation_ends_it_fulfilled() {
    let (shop, id) = holding_six();
    shop.act(&id, "fulfil", &json!({ "lines": [line("tea", "north", 2)] })).ok();
    shop.act(&id, "cancel", &NONE)
        .ok()
        .shows("status FULFILLED, lines/0/quantity 6, lines/0/fulfilled 2, lines/0/released 4");
    shop.position("tea", "north").shows("onHand 8, available 8, reserved 0");
}

#[test]
fn a_cancellation_is_told() {
    let (shop, id) = holding_six();
    shop.act(&id, "cancel", &json!({ "reason": "changed my mind" })).ok();
    let told = shop.events("type=ReservationCancelled");
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].shows(&format!("aggregateId {id}, aggregateVersion 2, payload/reservationId {id}"));
    told[0].shows("payload/orderId O-1, payload/lines/0/itemId tea, payload/lines/0/quantity 6");
    assert_eq!(told[0].text("payload/reason"), "changed my mind");
    let changes = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    changes
        .last()
        .expect("it is told")
        .shows("payload/changeAmount 0, payload/changeReason RELEASE");
}

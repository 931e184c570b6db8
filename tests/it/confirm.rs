//! `POST /v1/reservations/{id}/confirm` and `…/extend`.

use jiff::{Timestamp, ToSpan};
use onhand_tests::{Shop, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;

fn holding_four() -> (Shop, String) {
    let shop = Shop::open("confirm");
    shop.receive("tea", "north", 10);
    let id = shop.hold("tea", "north", 4).text("reservationId");
    (shop, id)
}

/// "drops the deadline → `CONFIRMED` (reserved becomes committed)".
#[test]
fn confirming_drops_the_deadline_and_commits_the_stock() {
    let (shop, id) = holding_four();
    shop.act(&id, "confirm", &NONE)
        .expect(200)
        .shows("status CONFIRMED, expiresAt none, version 2, lines/0/quantity 4");
    shop.position("tea", "north").shows("onHand 10, available 6, reserved 0, committed 4");
    shop.reservation(&id).shows("status CONFIRMED, version 2");
}

/// "already CONFIRMED: 200, unchanged".
#[test]
fn confirming_twice_changes_nothing() {
    let (shop, id) = holding_four();
    let first = shop.act(&id, "confirm", &NONE).expect(200);
    let second = shop.act(&id, "confirm", &NONE).expect(200);
    assert_eq!(first.value(), second.value());
    assert_eq!(shop.events("type=ReservationConfirmed").len(), 1);
}

/// "409 … `INVALID_STATE`".
#[test]
fn what_has_ended_is_not_confirmed() {
    let (shop, id) = holding_four();
    shop.act(&id, "cancel", &NONE).ok();
    shop.act(&id, "confirm", &NONE).problem(409, "INVALID_STATE");
    let shipped = shop.hold("tea", "north", 2).text("reservationId");
    shop.act(&shipped, "fulfil", &json!({})).ok();
    shop.act(&shipped, "confirm", &NONE).problem(409, "INVALID_STATE");
}

#[test]
fn a_confirmation_is_told() {
    let shop = Shop::open("confirm");
    shop.receive("tea", "north", 10);
    let body = json!({ "orderId": "O-1", "lines": [line("tea", "north", 4)] });
    let id = shop.reserve(&body).expect(201).text("reservationId");
    shop.act(&id, "confirm", &NONE).ok();
    let told = shop.events("type=ReservationConfirmed");
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].shows(&format!(
        "aggregateId {id}, aggregateVersion 2, payload/reservationId {id}, payload/orderId O-1"
    ));
    let changes = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    changes
        .last()
        .expect("it is told")
        .shows("payload/changeAmount 0, payload/changeReason CONFIRM");
}

/// "`{ttlSeconds}` from now".
#[test]
fn extending_counts_from_now() {
    let (shop, id) = holding_four();
    let before = Timestamp::now();
    let answer = shop.act(&id, "extend", &json!({ "ttlSeconds": 5_000 })).expect(200);
    answer.shows("status ACTIVE, version 2");
    let deadline = answer.instant("expiresAt");
    assert!(deadline >= before.saturating_add(4_999.seconds()).expect("in range"), "{answer:?}");
    let latest = Timestamp::now().saturating_add(5_001.seconds()).expect("in range");
    assert!(deadline <= latest, "{answer:?}");
    let shorter = shop.act(&id, "extend", &json!({ "ttlSeconds": 60 })).expect(200);
    assert!(shorter.instant("expiresAt") < deadline, "{shorter:?}");
    shop.position("tea", "north").shows("reserved 4");
}

/// "ACTIVE only, else 409 as for confirm".
#[test]
fn only_what_is_active_is_extended() {
    let (shop, id) = holding_four();
    let extend = |id: &str| shop.act(id, "extend", &json!({ "ttlSeconds": 60 }));
    shop.act(&id, "confirm", &NONE).ok();
    extend(&id).problem(409, "INVALID_STATE");
    shop.act(&id, "cancel", &NONE).ok();
    extend(&id).problem(409, "INVALID_STATE");
}

#[test]
fn an_extension_is_positive() {
    let (shop, id) = holding_four();
    for ttl in [0, -1] {
        shop.act(&id, "extend", &json!({ "ttlSeconds": ttl })).problem(422, "INVALID_REQUEST");
    }
    shop.reservation(&id).shows("version 1");
}

#[test]
fn an_extension_is_told_as_a_change() {
    let (shop, id) = holding_four();
    shop.act(&id, "extend", &json!({ "ttlSeconds": 60 })).ok();
    let told = shop.events("type=ReservationChanged");
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].shows(&format!(
        "aggregateId {id}, aggregateVersion 2, payload/reservationId {id}, payload/change present, \
         payload/expiresAt present"
    ));
}

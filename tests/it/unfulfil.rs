//! `POST /v1/reservations/{id}/unfulfil`.

use std::thread;
use std::time::Duration;

use onhand_tests::{Request, Server, Shop, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;

fn shipped(shop: &Shop) -> String {
    shop.receive("tea", "north", 10);
    let id = shop.hold("tea", "north", 6).text("reservationId");
    shop.act(&id, "fulfil", &json!({ "shipmentId": "S-1" })).ok().shows("status FULFILLED");
    id
}

fn back(shipment: &str) -> Value {
    json!({ "shipmentId": shipment, "reason": "refused at the door" })
}

/// "back on the shelf and owed again, in one step".
#[test]
fn a_shipment_comes_back_and_is_owed_again() {
    let shop = Shop::open("unfulfil");
    let id = shipped(&shop);
    let first = shop.act(&id, "unfulfil", &back("S-1")).ok();
    first.shows("status CONFIRMED, expiresAt none, lines/0/fulfilled 0, lines/0/quantity 6");
    shop.position("tea", "north").shows("onHand 10, available 4, committed 6");
    let again = shop.act(&id, "unfulfil", &back("S-1")).ok();
    assert!(again.is_replayed());
    assert_eq!(first.value(), again.value());
    shop.act(&id, "fulfil", &json!({ "shipmentId": "S-1" })).problem(409, "INVALID_STATE");
    shop.act(&id, "fulfil", &json!({ "shipmentId": "S-2" })).ok().shows("status FULFILLED");
    shop.act(&id, "unfulfil", &back("S-9")).problem(404, "NOT_FOUND");
    let told = shop.events("type=ReservationChanged");
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].shows("payload/change UNFULFILLED, payload/status CONFIRMED");
    let level = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    let level = level.iter().find(|event| event.text("payload/changeReason") == "UNFULFIL");
    level.expect("told").shows("payload/changeAmount 6, payload/onHand 10");
}

#[test]
fn quantities_come_back_and_never_more_than_was_shipped() {
    let shop = Shop::open("unfulfil");
    let id = shipped(&shop);
    let lines = |quantity: i64| json!({ "lines": [line("tea", "north", quantity)], "reason": "damaged box" });
    let refused = shop.act(&id, "unfulfil", &lines(7)).problem(409, "EXCEEDS_OPEN");
    refused.shows("itemId tea, requested 7, fulfilled 6");
    let request = Request::post(format!("/v1/reservations/{id}/unfulfil")).key("K");
    let request = request.json(&lines(2));
    let first = shop.send(&request).ok();
    first.shows("status CONFIRMED, lines/0/fulfilled 4");
    assert_eq!(shop.send(&request).ok().value(), first.value(), "once");
    shop.position("tea", "north").shows("onHand 6, committed 2");
    shop.act(&id, "unfulfil", &back("S-1")).ok().shows("lines/0/fulfilled 0");
    shop.act(&id, "unfulfil", &lines(1)).problem(409, "EXCEEDS_OPEN");
    shop.act(&id, "unfulfil", &json!({ "reason": "-" })).problem(422, "INVALID_REQUEST");
    shop.act(&id, "unfulfil", &json!({ "shipmentId": "S-1" })).problem(400, "INVALID_REQUEST");
}

/// "with recall of what has left memory": found by its shipment after a restart, and decided once.
#[test]
fn a_shipment_is_found_after_a_restart() {
    let mut server =
        Server::start_with(&[("ONHAND_ENDED_KEPT", "1s"), ("ONHAND_CHECKPOINT_RECORDS", "50")]);
    let shop = server.shop("unfulfil");
    let id = shipped(&shop);
    for _ in 0..15 {
        thread::sleep(Duration::from_millis(100));
        (0..10).for_each(|_| drop(shop.receive("other", "north", 1)));
    }
    server.kill();
    server.restart();
    let shop = server.shop("unfulfil");
    let answers: Vec<_> = thread::scope(|scope| {
        let one = || shop.clone().act(&id, "unfulfil", &back("S-1")).ok();
        let all: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|one| one.join().expect("answered")).collect()
    });
    assert_eq!(answers.iter().filter(|answer| !answer.is_replayed()).count(), 1);
    assert!(answers.iter().all(|answer| answer.value() == answers[0].value()));
    shop.position("tea", "north").shows("onHand 10, available 4, committed 6");
    // Open again, it stays in memory; ended again, it is found as it ended last.
    shop.act(&id, "cancel", &NONE).ok().shows("status CANCELLED");
    assert_eq!(server.stop().code, Some(0));
    server.restart();
    let shop = server.shop("unfulfil");
    shop.reservation(&id).shows("status CANCELLED, lines/0/released 6, lines/0/fulfilled 0");
    shop.act(&id, "cancel", &NONE).ok().shows("status CANCELLED");
}

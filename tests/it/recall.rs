//! "What has ended leaves memory": a command that needs it reads it from the log again, and nobody
//! outside can tell the difference.

use std::thread;
use std::time::Duration;

use onhand_tests::{Answer, Request, Server, Shop, at, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;

/// What has ended is kept for a second; checkpoints are frequent.
const FORGETFUL: [(&str, &str); 2] =
    [("ONHAND_ENDED_KEPT", "1s"), ("ONHAND_CHECKPOINT_RECORDS", "50")];

/// Lets what has ended leave memory: its time passes, and the writer is kept busy meanwhile.
fn forget(shop: &Shop) {
    for _ in 0..15 {
        thread::sleep(Duration::from_millis(100));
        for _ in 0..10 {
            shop.receive("other", "north", 1);
        }
    }
}

fn order(shop: &Shop, id: &str, quantity: i64) -> String {
    let body = json!({ "orderId": id, "lines": [line("tea", "north", quantity)] });
    shop.reserve(&body).expect(201).text("reservationId")
}

#[test]
fn what_left_memory_is_found_and_answers_as_before() {
    let server = Server::start_with(&FORGETFUL);
    let shop = server.shop("recall");
    shop.receive("tea", "north", 100);
    let cancelled = order(&shop, "cancelled", 2);
    let shipped = order(&shop, "shipped", 3);
    let shipment = json!({ "shipmentId": "S-1" });
    let last: [Answer; 2] = [
        shop.act(&cancelled, "cancel", &NONE).expect(200),
        shop.act(&shipped, "fulfil", &shipment).expect(200),
    ];
    forget(&shop);
    for answer in &last {
        let found = shop.reservation(&answer.text("reservationId"));
        assert_eq!(found.value(), answer.value());
        let listed = shop.pages(&format!("/v1/reservations?orderId={}", answer.text("orderId")));
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!(listed[0].value(), answer.value());
    }
    // "already cancelled …: 200, unchanged", "all shipped: 409 `INVALID_STATE`"
    let again = shop.act(&cancelled, "cancel", &NONE).expect(200);
    assert_eq!(again.value(), last[0].value());
    shop.act(&cancelled, "confirm", &NONE).problem(409, "INVALID_STATE");
    shop.act(&shipped, "cancel", &NONE).problem(409, "INVALID_STATE");
    // "same `shipmentId` twice: the first answer"
    let again = shop.act(&shipped, "fulfil", &shipment).expect(200);
    assert_eq!(again.value(), last[1].value());
    shop.position("tea", "north").shows("onHand 97, available 97, reserved 0");
}

#[test]
fn an_expired_reservation_that_left_memory_is_still_expired() {
    let server = Server::start_with(&FORGETFUL);
    let shop = server.shop("recall");
    shop.receive("tea", "north", 5);
    let body = json!({ "ttlSeconds": 1, "lines": [line("tea", "north", 1)] });
    let id = shop.reserve(&body).expect(201).text("reservationId");
    thread::sleep(Duration::from_secs(1));
    forget(&shop);
    shop.act(&id, "confirm", &NONE).problem(409, "RESERVATION_EXPIRED");
    shop.act(&id, "cancel", &NONE).expect(200).shows("status EXPIRED");
}

#[test]
fn a_return_knows_what_was_shipped_on_an_order_that_left_memory() {
    let server = Server::start_with(&FORGETFUL);
    let shop = server.shop("recall");
    shop.receive("tea", "north", 5);
    let id = order(&shop, "O-1", 3);
    shop.act(&id, "fulfil", &NONE).expect(200);
    forget(&shop);
    let give_back = |quantity: i64| {
        let fields = json!({ "quantity": quantity, "condition": "good", "orderId": "O-1" });
        shop.stock("returns", &at("tea", "north", &fields)).ok()
    };
    let answer = give_back(3);
    assert_ne!(answer.find("exceedsShipped").map(|it| it.as_text() == "true"), Some(true));
    give_back(1).shows("exceedsShipped true, position/onHand 6");
}

#[test]
fn keys_outlive_what_they_were_used_for() {
    let server = Server::start_with(&FORGETFUL);
    let shop = server.shop("recall");
    shop.receive("tea", "north", 5);
    let id = order(&shop, "O-1", 3);
    let cancel = Request::post(format!("/v1/reservations/{id}/cancel")).key("K");
    let first = shop.send(&cancel).expect(200);
    let receipt = Request::post("/v1/stock/receipts").key("R").json(&line("tea", "north", 1));
    let received = shop.send(&receipt).ok();
    forget(&shop);
    for (request, first) in [(&cancel, &first), (&receipt, &received)] {
        let again = shop.send(request).ok();
        assert!(again.is_replayed(), "{again:?}");
        assert_eq!(again.value(), first.value());
    }
}

//! Deadlines of reservations.

use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use onhand_tests::{Answer, Server, Shop, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;

/// How long a deadline may be overdue before a test about it fails.
const OVERDUE: Duration = Duration::from_secs(120);

fn hold_for(shop: &Shop, seconds: u64, lines: &[Value]) -> Answer {
    let body = json!({ "orderId": "O-1", "ttlSeconds": seconds, "lines": lines });
    shop.reserve(&body).expect(201)
}

fn hold_for_a_second(shop: &Shop, lines: &[Value]) -> Answer {
    hold_for(shop, 1, lines)
}

/// Tries with a deadline of a second, and with longer ones where the machine was too slow for it.
fn in_time<T>(attempt: impl FnMut(u64) -> Option<T>) -> T {
    [1, 5, 30].into_iter().find_map(attempt).expect("30 s are enough")
}

/// A hold that something was done to before its deadline.
fn held_and(shop: &Shop, quantity: i64, verb: &str, body: &Value) -> Answer {
    in_time(|seconds| {
        let held = hold_for(shop, seconds, &[line("tea", "north", quantity)]);
        let answer = shop.act(&held.text("reservationId"), verb, body);
        if answer.status() == 409 {
            answer.problem(409, "RESERVATION_EXPIRED");
            return None;
        }
        answer.expect(200);
        Some(held)
    })
}

fn wait_until(instant: Timestamp) {
    let left = instant.duration_since(Timestamp::now());
    thread::sleep(Duration::try_from(left).unwrap_or_default());
}

/// Reads a reservation until it has this status.
fn wait_for(shop: &Shop, id: &str, status: &str) {
    let start = Instant::now();
    while shop.reservation(id).text("status") != status {
        assert!(start.elapsed() < OVERDUE, "{id} is not {status}: {}", shop.reservation(id));
        thread::sleep(Duration::from_millis(5));
    }
}

/// "A one-second hold is refused to others until its deadline and sold in the first request after
/// it; confirming it later answers `RESERVATION_EXPIRED`."
#[test]
fn a_hold_is_refused_until_its_deadline_and_sold_in_the_first_request_after_it() {
    let shop = Shop::open("expiry");
    shop.receive("tea", "north", 1);
    let order = json!({ "lines": [line("tea", "north", 1)] });
    let held = in_time(|seconds| {
        let held = hold_for(&shop, seconds, &[line("tea", "north", 1)]);
        let deadline = held.instant("expiresAt");
        let mut refusals = 0;
        loop {
            let answer = shop.reserve(&order);
            if Timestamp::now() >= deadline {
                // It was under way at the deadline: either answer is right. If sold, it is put back.
                if answer.status() == 201 {
                    shop.act(&answer.text("reservationId"), "cancel", &NONE).expect(200);
                }
                return (refusals > 0).then_some(held);
            }
            answer.problem(409, "INSUFFICIENT_STOCK");
            refusals += 1;
        }
    });
    shop.reserve(&order).expect(201);
    shop.act(&held.text("reservationId"), "confirm", &NONE).problem(409, "RESERVATION_EXPIRED");
}

#[test]
fn the_very_first_request_after_the_deadline_is_sold() {
    let shop = Shop::open("expiry");
    shop.receive("tea", "north", 1);
    for _ in 0..3 {
        let held = hold_for_a_second(&shop, &[line("tea", "north", 1)]);
        wait_until(held.instant("expiresAt"));
        let sold = shop.hold("tea", "north", 1).text("reservationId");
        shop.act(&sold, "cancel", &NONE).expect(200);
    }
}

#[test]
fn a_hold_expires_by_itself() {
    let shop = Shop::open("expiry");
    shop.receive("tea", "north", 5);
    let id = hold_for_a_second(&shop, &[line("tea", "north", 3)]).text("reservationId");
    wait_for(&shop, &id, "EXPIRED");
    shop.reservation(&id).shows("lines/0/quantity 3, lines/0/released 3, lines/0/fulfilled 0");
    shop.position("tea", "north").shows("onHand 5, available 5, reserved 0, version 3");
    assert!(shop.pages("/v1/reservations").is_empty());
}

/// "A reservation expires as a whole, in one record."
#[test]
fn a_reservation_expires_as_a_whole_and_is_told() {
    let shop = Shop::open("expiry");
    shop.receive("tea", "north", 5);
    shop.receive("pot", "north", 5);
    let lines = [line("tea", "north", 1), line("pot", "north", 2)];
    let held = hold_for_a_second(&shop, &lines);
    let id = held.text("reservationId");
    wait_for(&shop, &id, "EXPIRED");
    let told = shop.events("type=ReservationExpired");
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].shows(&format!(
        "aggregateId {id}, aggregateVersion 2, payload/reservationId {id}, payload/orderId O-1, \
         payload/reason present"
    ));
    assert_eq!(told[0].list("payload/lines").len(), 2, "{told:?}");
    assert!(told[0].instant("timestamp") >= held.instant("expiresAt"), "{told:?}");
    let sequence = told[0].number("sequence");
    for item in ["tea", "pot"] {
        let position = shop.position(item, "north");
        position.shows(&format!("available 5, reserved 0, sequence {sequence}"));
    }
}

/// "409 `RESERVATION_EXPIRED`" for confirm, extend and what else comes too late.
#[test]
fn what_comes_after_the_deadline_is_refused() {
    let shop = Shop::open("expiry");
    shop.receive("tea", "north", 5);
    let held = hold_for_a_second(&shop, &[line("tea", "north", 3)]);
    let id = held.text("reservationId");
    wait_until(held.instant("expiresAt"));
    let lines = json!({ "lines": [line("tea", "north", 2)] });
    for (verb, body) in [
        ("confirm", &NONE),
        ("extend", &json!({ "ttlSeconds": 60 })),
        ("lines", &lines),
        ("fulfil", &NONE),
    ] {
        shop.act(&id, verb, body).problem(409, "RESERVATION_EXPIRED");
    }
    // "already cancelled or expired: 200, unchanged"
    let unchanged = shop.act(&id, "cancel", &NONE).expect(200);
    unchanged.shows("status EXPIRED, version 2");
    assert_eq!(shop.reservation(&id).value(), unchanged.value());
}

#[test]
fn an_extended_hold_outlives_its_first_deadline() {
    let shop = Shop::open("expiry");
    shop.receive("tea", "north", 1);
    let held = held_and(&shop, 1, "extend", &json!({ "ttlSeconds": 600 }));
    let id = held.text("reservationId");
    wait_until(held.instant("expiresAt"));
    shop.reserve(&json!({ "lines": [line("tea", "north", 1)] })).problem(409, "INSUFFICIENT_STOCK");
    shop.reservation(&id).shows("status ACTIVE");
}

#[test]
fn a_confirmed_hold_has_no_deadline() {
    let shop = Shop::open("expiry");
    shop.receive("tea", "north", 1);
    let held = held_and(&shop, 1, "confirm", &NONE);
    let id = held.text("reservationId");
    wait_until(held.instant("expiresAt"));
    shop.reserve(&json!({ "lines": [line("tea", "north", 1)] })).problem(409, "INSUFFICIENT_STOCK");
    shop.reservation(&id).shows("status CONFIRMED, expiresAt none");
}

/// What was shipped before the deadline stays shipped; the rest goes back.
#[test]
fn a_partly_shipped_hold_ends_fulfilled_at_its_deadline() {
    // "Nothing open and something shipped: `FULFILLED`"
    let shop = Shop::open("expiry");
    shop.receive("tea", "north", 5);
    let part = json!({ "lines": [line("tea", "north", 1)] });
    let id = held_and(&shop, 3, "fulfil", &part).text("reservationId");
    wait_for(&shop, &id, "FULFILLED");
    shop.reservation(&id).shows("lines/0/fulfilled 1, lines/0/released 2");
    shop.position("tea", "north").shows("onHand 4, available 4, reserved 0");
}

#[test]
fn a_deadline_that_passed_while_the_server_was_down_is_kept_at_the_start() {
    let mut server = Server::start();
    let shop = server.shop("expiry");
    shop.receive("tea", "north", 2);
    let held = hold_for_a_second(&shop, &[line("tea", "north", 1)]);
    let keep = json!({ "ttlSeconds": 600, "lines": [line("tea", "north", 1)] });
    let kept = shop.reserve(&keep).expect(201).text("reservationId");
    server.kill();
    wait_until(held.instant("expiresAt"));
    server.restart();
    let shop = server.shop("expiry");
    shop.hold("tea", "north", 1);
    wait_for(&shop, &held.text("reservationId"), "EXPIRED");
    shop.reservation(&kept).shows("status ACTIVE");
}

#[test]
fn many_deadlines_at_one_instant_are_all_kept() {
    let shop = Shop::open("expiry");
    shop.receive("tea", "north", 2_000);
    let order = json!({ "ttlSeconds": 1, "lines": [line("tea", "north", 1)] });
    let orders = Value::from(vec![order; 2_000]);
    shop.post("/v1/reservations:batch", &orders).expect(200).shows("succeeded 2000");
    let start = Instant::now();
    while !shop.pages("/v1/reservations?limit=1000").is_empty() {
        assert!(start.elapsed() < OVERDUE, "holds are left");
    }
    shop.position("tea", "north").shows("onHand 2000, available 2000, reserved 0");
    assert_eq!(shop.events("type=ReservationExpired").len(), 2_000);
}

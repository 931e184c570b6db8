//! The life of a reservation as a whole: whatever happens, stock is conserved.

use onhand_tests::{Figure, Json, Shop, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;

#[test]
fn a_reservation_shows_its_place_in_the_log_and_a_growing_version() {
    let shop = Shop::open("life");
    shop.receive("tea", "north", 10);
    let created = shop.hold("tea", "north", 6);
    let id = created.text("reservationId");
    let mut steps = vec![created.json().clone()];
    let part = json!({ "lines": [line("tea", "north", 1)] });
    for (verb, body) in [
        ("extend", &json!({ "ttlSeconds": 60 })),
        ("lines", &json!({ "lines": [line("tea", "north", 5)] })),
        ("confirm", &NONE),
        ("fulfil", &part),
        ("cancel", &part),
        ("fulfil", &NONE),
    ] {
        steps.push(shop.act(&id, verb, body).expect(200).json().clone());
    }
    for (version, step) in (1..).zip(&steps) {
        step.shows(&format!("reservationId {id}, version {version}"));
    }
    assert!(steps.is_sorted_by_key(|step| step.number("sequence")));
    steps
        .last()
        .expect("steps were taken")
        .shows("status FULFILLED, lines/0/quantity 5, lines/0/fulfilled 4, lines/0/released 1");
    assert_eq!(
        shop.event_types(&id),
        [
            "ReservationCreated",
            "ReservationChanged",
            "ReservationChanged",
            "ReservationConfirmed",
            "ReservationFulfilled",
            "ReservationCancelled",
            "ReservationFulfilled",
        ]
    );
}

/// "sum of live holds = reserved + committed", "on hand = sum of movements".
#[test]
fn stock_is_conserved_over_every_way_a_reservation_can_end() {
    let shop = Shop::open("life");
    shop.receive("tea", "north", 100);
    let part = json!({ "lines": [line("tea", "north", 2)] });
    let close = json!({ "closeRest": true, "lines": [line("tea", "north", 2)] });
    let ways: [&[(&str, &Value)]; 8] = [
        &[],
        &[("confirm", &NONE)],
        &[("cancel", &NONE)],
        &[("cancel", &part)],
        &[("fulfil", &NONE)],
        &[("fulfil", &part)],
        &[("confirm", &NONE), ("fulfil", &part), ("cancel", &part)],
        &[("fulfil", &close)],
    ];
    let mut shipped = Figure::ZERO;
    for way in ways {
        let id = shop.hold("tea", "north", 5).text("reservationId");
        for (verb, body) in way {
            shop.act(&id, verb, body).expect(200);
        }
        shipped = shipped + shop.reservation(&id).figure("lines/0/fulfilled");
        let position = shop.position("tea", "north");
        assert_eq!(position.figure("onHand"), Figure::from(100) - shipped, "after {way:?}");
        let held = position.figure("reserved") + position.figure("committed");
        let open: Figure = shop.pages("/v1/reservations").iter().map(open_of).sum();
        assert_eq!(held, open, "after {way:?}");
        assert_eq!(position.figure("available"), position.figure("onHand") - held);
    }
}

/// "open = `quantity − fulfilled − released`".
fn open_of(reservation: &Json) -> Figure {
    let open =
        |line: &Json| line.figure("quantity") - line.figure("fulfilled") - line.figure("released");
    reservation.list("lines").iter().map(open).sum()
}

//! Many clients at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use onhand_tests::{Figure, Shop, line};
use serde_json::json;

#[test]
fn sixty_four_clients_fight_for_five_thousand_units() {
    let shop = Shop::open("races");
    shop.receive("tea", "north", 5_000);
    let granted = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..64 {
            let (shop, granted) = (shop.clone(), &granted);
            scope.spawn(move || {
                let order = json!({ "lines": [line("tea", "north", 1)] });
                loop {
                    let answer = shop.reserve(&order);
                    if answer.status() != 201 {
                        answer.problem(409, "INSUFFICIENT_STOCK");
                        return;
                    }
                    granted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(granted.into_inner(), 5_000);
    shop.position("tea", "north").shows("onHand 5000, available 0, reserved 5000, version 5001");
    assert_eq!(shop.pages("/v1/reservations?limit=1000").len(), 5_000);
}

#[test]
fn thirty_two_clients_reserve_two_items_in_opposite_orders() {
    let shop = Shop::open("races");
    shop.receive("scarce", "north", 300);
    shop.receive("plenty", "north", 500);
    let granted = AtomicU64::new(0);
    thread::scope(|scope| {
        for client in 0..32 {
            let (shop, granted) = (shop.clone(), &granted);
            scope.spawn(move || {
                let mut lines = [line("scarce", "north", 1), line("plenty", "north", 1)];
                if client % 2 == 1 {
                    lines.reverse();
                }
                for _ in 0..20 {
                    let answer = shop.reserve(&json!({ "lines": lines }));
                    if answer.status() == 201 {
                        granted.fetch_add(1, Ordering::Relaxed);
                    } else {
                        answer
                            .problem(409, "INSUFFICIENT_STOCK")
                            .shows("shortages/0/itemId scarce, shortages/1 none");
                    }
                }
            });
        }
    });
    assert_eq!(granted.into_inner(), 300, "as many as the scarcer item has");
    shop.position("scarce", "north").shows("available 0, reserved 300");
    shop.position("plenty", "north").shows("available 200, reserved 300");
    let orders = shop.pages("/v1/reservations?limit=1000");
    assert_eq!(orders.len(), 300);
    for order in orders {
        assert_eq!(order.list("lines").len(), 2, "a half order: {order}");
    }
}

#[test]
fn clients_that_reserve_and_cancel_lose_no_unit() {
    let shop = Shop::open("races");
    shop.receive("tea", "north", 10);
    thread::scope(|scope| {
        for _ in 0..16 {
            let shop = shop.clone();
            scope.spawn(move || {
                for round in 0..40 {
                    let order = json!({ "lines": [line("tea", "north", 1 + round % 3)] });
                    let answer = shop.reserve(&order);
                    if answer.status() == 201 {
                        let id = answer.text("reservationId");
                        shop.act(&id, "cancel", &json!(null)).expect(200);
                    }
                }
            });
        }
    });
    shop.position("tea", "north").shows("onHand 10, available 10, reserved 0, committed 0");
    assert!(shop.pages("/v1/reservations").is_empty());
}

#[test]
fn confirming_and_cancelling_at_once_has_one_winner() {
    let shop = Shop::open("races");
    shop.receive("tea", "north", 50);
    for _ in 0..50 {
        let id = shop.hold("tea", "north", 1).text("reservationId");
        let status = |verb: &'static str| {
            let (shop, id) = (shop.clone(), id.clone());
            move || shop.act(&id, verb, &json!(null)).status()
        };
        let (confirmed, cancelled) = thread::scope(|scope| {
            let confirm = scope.spawn(status("confirm"));
            let cancel = scope.spawn(status("cancel"));
            (confirm.join().expect("it answers"), cancel.join().expect("it answers"))
        });
        // Either order is right; a confirmed reservation can be cancelled, not the other way round.
        assert_eq!(cancelled, 200);
        assert!(confirmed == 200 || confirmed == 409, "confirm answered {confirmed}");
        shop.reservation(&id).shows("status CANCELLED");
    }
    shop.position("tea", "north").shows("available 50, reserved 0, committed 0");
}

#[test]
fn readers_never_see_figures_that_do_not_add_up() {
    let shop = Shop::open("races");
    shop.receive("tea", "north", 100);
    thread::scope(|scope| {
        let writer = shop.clone();
        let writing = scope.spawn(move || {
            for _ in 0..200 {
                let id = writer.hold("tea", "north", 3).text("reservationId");
                writer.act(&id, "confirm", &json!(null)).expect(200);
                writer.act(&id, "cancel", &json!(null)).expect(200);
            }
        });
        let mut version = 0;
        while !writing.is_finished() {
            let position = shop.position("tea", "north");
            let held = position.figure("reserved") + position.figure("committed");
            assert_eq!(position.figure("available") + held, Figure::from(100), "{position}");
            assert!(position.number("version") >= version, "the version went back: {position}");
            version = position.number("version");
        }
    });
}

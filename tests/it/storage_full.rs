//! "Below `disk_reserve_bytes` … writes answer 503 `STORAGE_FULL` …, reads, publishing and expiry go
//! on, and writes resume".

use std::thread;
use std::time::{Duration, Instant};

use onhand_tests::{Request, Server, line};
use serde_json::json;

/// More than any disk has, so that every disk is nearly full.
const ENDLESS: &str = "9000000000000000000";

#[test]
fn on_a_disk_that_is_nearly_full_reads_and_expiry_go_on_and_writes_wait() {
    let mut server = Server::start();
    let shop = server.shop("full");
    shop.receive("tea", "north", 5);
    let body = json!({ "ttlSeconds": 2, "lines": [line("tea", "north", 2)] });
    let id = shop.reserve(&body).expect(201).text("reservationId");
    assert_eq!(server.stop().code, Some(0));

    server.restart_with(&[("ONHAND_DISK_RESERVE_BYTES", ENDLESS)]);
    let shop = server.shop("full");
    let receipt = Request::post("/v1/stock/receipts").key("K").json(&line("tea", "north", 1));
    let refused = shop.send(&receipt).problem(503, "STORAGE_FULL");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    shop.reserve(&json!({ "lines": [line("tea", "north", 1)] })).problem(503, "STORAGE_FULL");
    shop.position("tea", "north").shows("onHand 5");
    let start = Instant::now();
    while shop.reservation(&id).text("status") != "EXPIRED" {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", shop.reservation(&id));
        thread::sleep(Duration::from_millis(20));
    }
    shop.position("tea", "north").shows("available 5, reserved 0");
    assert!(!shop.events("type=ReservationExpired").is_empty());
    assert_eq!(server.stop().code, Some(0));

    server.restart_with(&[]);
    let shop = server.shop("full");
    // 503 does not bind the key.
    let booked = shop.send(&receipt).ok();
    assert!(!booked.is_replayed(), "{booked:?}");
    booked.shows("position/onHand 6");
}

//! "Below `disk_reserve_bytes` … writes answer 503 `STORAGE_FULL` …, reads, publishing and expiry go
//! on, and writes resume".

use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use onhand_tests::{Request, Server, line};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use serde_json::json;

/// A file system of its own that lies in memory, so that nobody else changes how full it is.
const SMALL_DISK: &str = "/dev/shm";

const MEBIBYTE: u64 = 1024 * 1024;

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
        assert!(start.elapsed() < Duration::from_secs(300), "{}", shop.reservation(&id));
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

/// "… and writes resume by themselves."
#[test]
fn writes_resume_by_themselves_when_there_is_room_again() {
    let disk = Path::new(SMALL_DISK);
    let figures = statvfs(disk).expect("a Linux machine has a file system in memory");
    let free = figures.f_bavail * figures.f_frsize;
    let reserve = (free - 128 * MEBIBYTE).to_string();
    let directory = tempfile::tempdir_in(disk).expect("a directory can be made");
    let filler = directory.path().join("filler");
    let server = Server::start_in(directory, &[("ONHAND_DISK_RESERVE_BYTES", &reserve)]);
    let shop = server.shop("full");
    shop.receive("tea", "north", 1);
    let file = File::create(&filler).expect("a file can be made");
    fallocate(&file, FallocateFlags::empty(), 0, 256 * MEBIBYTE).expect("there is room for it");
    let receipt = Request::post("/v1/stock/receipts").json(&line("tea", "north", 1));
    let answers = |wanted: u16| {
        let start = Instant::now();
        let mut booked = 0;
        loop {
            let answer = shop.send(&receipt);
            let status = answer.status();
            if status == 503 {
                answer.problem(503, "STORAGE_FULL");
            } else {
                answer.ok();
                booked += 1;
            }
            if (status == 503) == (wanted == 503) {
                return booked;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "still {status}, not {wanted}");
            thread::sleep(Duration::from_millis(20));
        }
    };
    let mut booked = 1 + answers(503);
    shop.position("tea", "north").shows(&format!("onHand {booked}"));
    // A file that is open keeps its room.
    drop(file);
    std::fs::remove_file(&filler).expect("the file can be removed");
    booked += answers(200);
    shop.position("tea", "north").shows(&format!("onHand {booked}"));
}

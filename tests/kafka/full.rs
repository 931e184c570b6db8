//! An engine that is full: only what comes by Kafka waits, and goes on by itself.

use std::fs::File;
use std::path::Path;
use std::thread;

use onhand_tests::Server;
use onhand_tests::kafka::{Broker, Event, Publisher};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use serde_json::json;

use crate::floor::{Floor, TOPIC, on_hand, settings, until, until_on_hand};

/// A file system of its own that lies in memory, so that nobody else changes how full it is.
const SMALL_DISK: &str = "/dev/shm";
const MEBIBYTE: u64 = 1024 * 1024;

fn sales(from: usize, count: usize) -> Vec<Event> {
    let sale = |number: usize| Event::sale(&format!("sale-{number}"), "tea", "A", 1);
    (from..from + count).map(sale).collect()
}

#[test]
fn on_a_full_disk_what_comes_by_kafka_waits_and_goes_on_by_itself() {
    let Some(broker) = Broker::for_test() else { return };
    for topic in [TOPIC, "inventory-events", "inventory-events-dlq"] {
        broker.create_topic(topic, 1);
    }
    let disk = Path::new(SMALL_DISK);
    let figures = statvfs(disk).expect("a Linux machine has a file system in memory");
    let reserve = (figures.f_bavail * figures.f_frsize - 128 * MEBIBYTE).to_string();
    let directory = tempfile::tempdir_in(disk).expect("a directory can be made");
    let filler = directory.path().join("filler");
    let bootstrap = broker.bootstrap();
    let mut all = settings(&bootstrap).to_vec();
    all.push(("ONHAND_DISK_RESERVE_BYTES", &reserve));
    let mut server = Server::start_in(directory, &all);
    let shop = server.shop("default");
    let publisher = Publisher::new(&broker);
    publisher.publish_all(TOPIC, &sales(0, 10));
    until_on_hand(&shop, "tea", "A", -10);

    let file = File::create(&filler).expect("a file can be made");
    fallocate(&file, FallocateFlags::empty(), 0, 256 * MEBIBYTE).expect("there is room for it");
    let log = |server: &Server| {
        let ready = server.client().get("/health/ready").expect(200).json().clone();
        ready.text("parts/log/status")
    };
    until("it is noticed", || log(&server) == "warn");
    publisher.publish_all(TOPIC, &sales(10, 500));
    // What is behind it is not acted on, not set aside and not skipped; reads go on, also over a restart.
    let sold = json!({ "itemId": "tea", "locationId": "A", "quantity": 1 });
    shop.stock("sales", &sold).problem(503, "STORAGE_FULL");
    assert_eq!(on_hand(&shop, "tea", "A"), Some(-10));
    assert_eq!(server.stop().code, Some(0));
    server.restart();
    let shop = server.shop("default");
    until("it is noticed again", || log(&server) == "warn");
    let source = server.client().get("/v1/admin/sources").expect(200).json().list("items");
    assert_eq!(source[0].number("partitions/0/nextOffset"), 10);
    assert_eq!(on_hand(&shop, "tea", "A"), Some(-10));
    // A file that is open keeps its room.
    drop(file);
    std::fs::remove_file(&filler).expect("the file can be removed");
    until_on_hand(&shop, "tea", "A", -510);
    let failed = server.client().get("/v1/admin/failed-events").expect(200).json().list("items");
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn with_few_permits_kafka_waits_and_nobody_else_does() {
    const SALES: usize = 20_000;
    let Some(floor) = Floor::open_with(1, &[("ONHAND_PERMITS", "2048")]) else { return };
    let shop = floor.server.shop("default");
    let sold = || on_hand(&shop, "tea", "A").unwrap_or(0);
    let goal = -i64::try_from(SALES).expect("a few");
    let mut booked = 0;
    thread::scope(|scope| {
        let checkouts: Vec<_> = (0..3)
            .map(|checkout| {
                let shop = floor.server.shop("default");
                let floor = &floor;
                scope.spawn(move || {
                    let item = format!("milk-{checkout}");
                    let mut booked = 0;
                    // One request at a time each: half of the permits are more than enough for them.
                    while on_hand(&floor.server.shop("default"), "tea", "A").unwrap_or(0) > goal {
                        shop.receive(&item, "A", 1);
                        booked += 1;
                    }
                    booked
                })
            })
            .collect();
        floor.publisher().publish_all(TOPIC, &sales(0, SALES));
        for checkout in checkouts {
            booked += checkout.join().expect("no receipt was refused");
        }
    });
    assert_eq!(sold(), goal);
    assert!(booked > 0, "they took turns");
    assert!(floor.failed("").is_empty());
}

//! "One goes only when it is checkpointed, published by every sink and older than that; it leaves an
//! opening"; "before the kept history (`after`, `from`, `at`) 410 `HISTORY_GONE` with `earliest`".

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use onhand_tests::{Json, Request, Server, Shop, encode};
use serde_json::json;

use crate::tools::{data_of, path, run_long};
use crate::traffic::{ITEMS, LOCATIONS, Traffic, ledger, names};

const SETTINGS: [(&str, &str); 4] = [
    ("ONHAND_SEGMENT_BYTES", "1MiB"),
    ("ONHAND_CHECKPOINT_RECORDS", "500"),
    ("ONHAND_CHECKPOINT_BYTES_PER_SECOND", "0"),
    ("ONHAND_RETENTION", "1s"),
];

fn segment(server: &Server, number: u32) -> PathBuf {
    server.data().join(format!("log/{number:06}.redb"))
}

/// Waits until a segment has gone; until then more and more is written.
fn wait_until_gone(server: &Server, shop: &Shop, number: u32) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while segment(server, number).exists() {
        assert!(Instant::now() < deadline, "segment {number} stays");
        fill(shop);
        thread::sleep(Duration::from_millis(100));
    }
}

/// About 150 KiB of history.
fn fill(shop: &Shop) {
    let entries: Vec<_> = (0..500)
        .map(|number| {
            json!({ "op": "receipt", "itemId": format!("bulk-{}", number % 20), "locationId": "north",
                "quantity": 1, "note": "x".repeat(150) })
        })
        .collect();
    shop.post("/v1/stock:batch", &json!(entries)).expect(200).shows("failed 0");
}

/// All positions, in the order in which they were opened.
fn positions(shop: &Shop) -> Vec<Json> {
    shop.pages("/v1/positions?limit=1000")
}

fn open_reservations(shop: &Shop) -> Vec<Json> {
    shop.pages("/v1/reservations?limit=1000")
}

#[test]
fn history_that_is_old_goes_and_leaves_an_opening() {
    let mut server = Server::start_with(&SETTINGS);
    let shop = server.shop("one");
    let keyed = Request::post("/v1/stock/receipts")
        .key("K-1")
        .json(&json!({ "itemId": "tea", "locationId": "north", "quantity": 100 }));
    shop.send(&keyed).ok();
    let mut traffic = Traffic::new(shop.clone(), 3);
    traffic.run(200);
    let first = ledger(&shop);
    let cursor = shop.events_after("0", 10, "")[0][0].text("cursor");
    wait_until_gone(&server, &shop, 1);
    traffic.run(100);
    // Nothing goes any more while it is looked at.
    assert_eq!(server.stop().code, Some(0));
    server.restart_with(&SETTINGS[..3]);
    let shop = server.shop("one");
    check_gone(&shop, &first, &cursor);
    // "Same key + same command: the first answer again": it acts no more, but its answer has gone.
    shop.send(&keyed).problem(410, "HISTORY_GONE");
    check_as_of(&shop);
    let (held, promised, entries) = (positions(&shop), open_reservations(&shop), ledger(&shop));
    let again = |server: &mut Server, how: &str| {
        server.restart();
        let shop = server.shop("one");
        assert_eq!(positions(&shop), held, "{how}");
        assert_eq!(open_reservations(&shop), promised, "{how}");
        let kept = ledger(&shop);
        assert!(names(&entries).starts_with(&names(&kept)), "{how}: what is kept is the newest");
        assert!(!kept.is_empty(), "{how}");
        check_as_of(&shop);
    };
    assert_eq!(server.stop().code, Some(0));
    assert_eq!(server.verify().code, Some(0), "{:?}", server.verify());
    again(&mut server, "after an orderly stop");
    server.kill();
    again(&mut server, "after a crash");
    assert_eq!(server.stop().code, Some(0));
    fs::remove_dir_all(server.data().join("index")).expect("the index can be deleted");
    again(&mut server, "with a new index");
    assert_eq!(server.stop().code, Some(0));
    fs::remove_dir_all(server.data().join("checkpoint")).expect("checkpoints can be deleted");
    again(&mut server, "from the opening");
    assert_eq!(server.stop().code, Some(0));
    assert_eq!(server.verify().code, Some(0), "{:?}", server.verify());
}

/// What was asked of the time before is answered 410, with the first instant that can be asked for.
fn check_gone(shop: &Shop, first: &[Json], cursor: &str) {
    let old = first.last().expect("there was an entry").text("recordedAt");
    let asked = [
        format!("/v1/ledger?from={old}"),
        format!("/v1/ledger?recordedFrom={old}"),
        format!("/reports/stock-movements?from={old}"),
        format!("/v1/positions/tea/north/explain?at={old}"),
        format!("/v1/availability?itemId=tea&at={old}"),
        format!("/v1/events?from={old}"),
        format!("/v1/events?after={}", encode(cursor)),
    ];
    for path in asked {
        let answer = shop.get(&path).problem(410, "HISTORY_GONE");
        let earliest = answer.text("earliest");
        assert!(answer.instant("earliest") > first[0].instant("recordedAt"), "{path}");
        let from = format!("/v1/ledger?limit=1&from={}", encode(&earliest));
        shop.get(&from).expect(200);
    }
    let kept = ledger(shop);
    let gone: Vec<&Json> = first.iter().filter(|entry| !kept.contains(entry)).collect();
    assert_eq!(gone.len(), first.len(), "all of the first segment has gone");
    assert!(!shop.events("").is_empty(), "events begin where the log does");
}

/// As of now, by an instant, is what is shown now; and the way back to the earliest instant can be asked.
fn check_as_of(shop: &Shop) {
    let kept = ledger(shop);
    let last = kept.first().expect("something is kept").text("recordedAt");
    let late = jiff::SignedDuration::from_mins(10);
    let now = last.parse::<jiff::Timestamp>().expect("an instant") + late;
    for item in ITEMS {
        for location in LOCATIONS {
            let path = format!("/v1/positions/{item}/{location}");
            let position = shop.get(&path);
            if position.status() == 404 {
                continue;
            }
            let explained = shop.get(&format!("{path}/explain?at={now}")).expect(200);
            for field in ["onHand", "available", "reserved", "committed", "inTransit"] {
                assert_eq!(explained.figure(field), position.figure(field), "{field} of {path}");
            }
            explained.shows("historyBegins present");
            let begins = encode(&explained.text("historyBegins"));
            let opening = shop.get(&format!("{path}/explain?limit=1000&at={begins}")).expect(200);
            // Figures of then and what has happened since make the figures of now.
            let since = format!("/v1/ledger?itemId={item}&locationId={location}&limit=1000");
            let at = opening.instant("at");
            let mut available = opening.figure("available");
            for entry in shop.pages(&since).iter().filter(|entry| entry.instant("occurredAt") > at)
            {
                let amount = entry.figure("quantity");
                let amount = if amount < onhand_tests::Figure::ZERO { -amount } else { amount };
                for (side, amount) in [("from", -amount), ("to", amount)] {
                    if entry.find(side).is_some_and(|side| side.as_text() == "\"available\"") {
                        available = available + amount;
                    }
                }
            }
            assert_eq!(available, position.figure("available"), "{path}");
        }
    }
}

/// What a crash leaves of a segment that went is removed by the next start.
#[test]
fn a_segment_that_is_left_over_is_removed() {
    let mut server = Server::start_with(&SETTINGS);
    let shop = server.shop("one");
    fill(&shop);
    let aside = tempfile::tempdir().expect("a temporary directory can be made");
    let copy = aside.path().join("left-over");
    assert_eq!(server.stop().code, Some(0));
    fs::copy(segment(&server, 1), &copy).expect("it can be copied");
    server.restart();
    let shop = server.shop("one");
    wait_until_gone(&server, &shop, 1);
    let held = positions(&shop);
    server.kill();
    fs::copy(&copy, segment(&server, 1)).expect("it can be copied");
    assert_eq!(server.verify().code, Some(0), "{:?}", server.verify());
    server.restart();
    assert!(!segment(&server, 1).exists());
    assert_eq!(positions(&server.shop("one")), held);
}

/// A backup has the opening too: what is brought back proves itself, answers as of then, and starts from
/// the opening when it has to. The proof beside the running server begins there as well.
#[test]
fn a_backup_holds_the_opening_and_a_proof_begins_with_it() {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let mut server = Server::start_with(&SETTINGS);
    let shop = server.shop("one");
    let mut traffic = Traffic::new(shop.clone(), 5);
    traffic.run(200);
    wait_until_gone(&server, &shop, 1);
    traffic.run(50);
    let rebuilt = run_long(&["verify", "--rebuild", "--data", &data_of(&server)]);
    assert_eq!(rebuilt.code, Some(0), "{}", rebuilt.output);
    assert!(rebuilt.output.contains("compared with the memory"), "{}", rebuilt.output);
    assert!(!rebuilt.output.contains("records (1 to"), "{}", rebuilt.output);
    // Nothing goes any more while it is looked at.
    assert_eq!(server.stop().code, Some(0));
    server.restart_with(&SETTINGS[..3]);
    let shop = server.shop("one");

    let (running, stopped) = (place.path().join("running"), place.path().join("stopped"));
    let back_up = |server: &Server, to: &Path| {
        let exit = run_long(&["backup", path(to), "--data", &data_of(server)]);
        assert_eq!(exit.code, Some(0), "{}", exit.output);
    };
    back_up(&server, &running);
    let (held, promised, entries) = (positions(&shop), open_reservations(&shop), ledger(&shop));
    assert_eq!(server.stop().code, Some(0));
    back_up(&server, &stopped);
    for backup in [running, stopped] {
        let place = tempfile::tempdir().expect("a temporary directory can be made");
        let data = place.path().join("data");
        let exit = run_long(&["restore", path(&backup), "--data", path(&data)]);
        assert_eq!(exit.code, Some(0), "{}", exit.output);
        let verified = run_long(&["verify", "--data", path(&data)]);
        assert_eq!(verified.code, Some(0), "{}", verified.output);
        let mut back = Server::start_in(place, &[]);
        for how in ["from its checkpoints", "from the opening"] {
            let shop = back.shop("one");
            assert_eq!(positions(&shop), held, "{how}");
            assert_eq!(open_reservations(&shop), promised, "{how}");
            let kept = ledger(&shop);
            assert!(!kept.is_empty() && names(&entries).starts_with(&names(&kept)), "{how}");
            check_as_of(&shop);
            assert_eq!(back.stop().code, Some(0));
            fs::remove_dir_all(back.data().join("checkpoint")).expect("it can be deleted");
            back.restart();
        }
        let rebuilt = run_long(&["verify", "--rebuild", "--data", &data_of(&back)]);
        assert_eq!(rebuilt.code, Some(0), "{}", rebuilt.output);
    }
}

/// Without the setting everything is kept.
#[test]
fn by_default_everything_is_kept() {
    let server = Server::start_with(&SETTINGS[..3]);
    let shop = server.shop("one");
    while !segment(&server, 3).exists() {
        fill(&shop);
    }
    thread::sleep(Duration::from_millis(2_500));
    assert!(segment(&server, 1).exists());
    shop.get("/v1/ledger?from=1970-01-01T00:00:00Z").expect(200);
}

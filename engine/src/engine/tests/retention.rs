//! How long history is kept, as a library.

use std::time::{Duration, Instant};

use onhand_domain::ids::{ItemId, LocationId};
use onhand_domain::quantity::Quantity;
use onhand_domain::time::Timestamp;

use super::{block, place, receive};
use crate::config::EngineConfig;
use crate::engine::Engine;
use crate::history::{Basis, LedgerFilter};

/// A generous deadline for what happens within a second or two.
const LONG: Duration = Duration::from_secs(60);

fn config(directory: &tempfile::TempDir) -> EngineConfig {
    let mut config = EngineConfig::new(directory.path());
    config.storage.segment_bytes = 32 << 10;
    config.storage.checkpoint_bytes_per_second = 0;
    config.checkpoint_records = 10;
    config.index_records_max = 100;
    config
}

/// Receives one at a time, so that there are many frames.
fn receive_many(engine: &Engine, count: usize) {
    let port = engine.port();
    for _ in 0..count / 50 {
        block(port.call_batch((0..50).map(|_| receive(1)).collect()));
    }
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// "published by every sink": what a sink has not got stays, however old it is.
#[test]
fn what_a_sink_has_not_published_stays() {
    const PUBLISHED: u64 = 700;
    let directory = tempfile::tempdir().expect("a directory");
    let engine = Engine::start(&config(&directory)).expect("it starts");
    receive_many(&engine, 3_000);
    wait_until("checkpointed and indexed", || {
        let status = engine.status();
        status.checkpoint.began > 2_500 && status.log.indexed > 2_000
    });
    engine.keep_history(Duration::ZERO, || PUBLISHED).expect("it starts");
    receive_many(&engine, 50);
    wait_until("the first segments have gone", || engine.history().gone_to() > 0);
    let gone = engine.history().gone_to();
    assert!(gone <= PUBLISHED, "{gone}");
    let now = engine.view().position("default", "shirt", "WH-1").expect("received");
    assert_eq!(now.figures.available, Quantity::units(3_050));
    check_ledger(&engine, gone);
    engine.shutdown().expect("an orderly end");
    drop(engine);
    let engine = Engine::start(&config(&directory)).expect("it starts");
    assert_eq!(engine.history().gone_to(), gone);
    check_ledger(&engine, gone);
    engine.shutdown().expect("an orderly end");
    drop(engine);
    let storage = config(&directory).storage;
    let report = crate::verify::verify(storage, &mut |_| {}).expect("readable");
    assert_eq!(report.findings, Vec::<String>::new());
    assert_eq!(report.chain.first, gone + 1);
}

/// All that is kept is in the ledger, and as of the first known instant it begins with what had gone.
fn check_ledger(engine: &Engine, gone: u64) {
    let history = engine.history();
    let filter = LedgerFilter { item: Some(place().item), ..LedgerFilter::default() };
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = block(history.ledger("default", filter.clone(), before, 333)).expect("readable");
        seen.extend(page.entries.iter().map(|entry| entry.place.sequence));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let expected: Vec<u64> = (gone + 1..=3_050).rev().collect();
    assert_eq!(seen, expected);
    let earliest = history.earliest().expect("something has gone");
    let (item, location): (ItemId, LocationId) = (place().item, place().location);
    let of_now = Timestamp::from_millis(i64::MAX);
    for (at, least) in [(earliest, gone), (of_now, 3_050)] {
        let found =
            block(history.position_as_of("default", &item, &location, (at, Basis::Happened)));
        let (stood, _) = found.expect("readable").expect("known");
        let available = stood.figures.available;
        assert!(available >= Quantity::units(i64::try_from(least).expect("small")), "{available}");
        assert!(available <= Quantity::units(3_050), "{available}");
    }
}

/// An index that was deleted is made again in runs, not in memory alone.
#[test]
fn a_deleted_index_is_made_again_in_runs() {
    let directory = tempfile::tempdir().expect("a directory");
    let engine = Engine::start(&config(&directory)).expect("it starts");
    receive_many(&engine, 2_000);
    engine.shutdown().expect("an orderly end");
    drop(engine);
    std::fs::remove_dir_all(directory.path().join("index")).expect("it can be deleted");
    let engine = Engine::start(&config(&directory)).expect("it starts");
    wait_until("made again", || engine.status().log.indexed > 1_800);
    let page = block(engine.history().ledger("default", LedgerFilter::default(), None, 1_000));
    assert_eq!(page.expect("readable").entries.len(), 1_000);
    engine.shutdown().expect("an orderly end");
}

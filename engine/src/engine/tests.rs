//! The engine as a library: a thin walk from end to end.

mod publisher;
mod retention;
mod sources;

use std::sync::Arc;

use onhand_domain::command::{
    Action, Backorder, Command, Completeness, Place, RequestedLine, Reserve, StockEntry, Wanted,
};
use onhand_domain::ids::{ItemId, LocationId, Reference, TenantId};
use onhand_domain::quantity::Quantity;
use onhand_domain::rejection::Rejection;
use onhand_domain::reservation::Status;

use super::Engine;
use crate::config::EngineConfig;
use crate::keys::key_hash;
use crate::port::Port;
use crate::reply::Reply;

fn command(action: Action) -> Command {
    let tenant = TenantId::parse("default").expect("valid");
    Command { tenant, key: None, source: None, trace: None, action }
}

fn place() -> Place {
    Place {
        item: ItemId::parse("shirt").expect("valid"),
        location: LocationId::parse("WH-1").expect("valid"),
    }
}

fn receive(units: i64) -> Command {
    let quantity = Quantity::units(units);
    command(Action::Receive(StockEntry { place: place(), quantity, detail: None }))
}

fn reserve(units: i64, ttl_ms: Option<i64>) -> Command {
    let wanted = Wanted::Anywhere;
    let line =
        RequestedLine { item: place().item, quantity: Quantity::units(units), wanted, lot: None };
    command(Action::Reserve(Box::new(Reserve {
        order: Some(Reference::parse("order-1").expect("valid")),
        customer: None,
        local: None,
        required_at: None,
        ttl_ms,
        completeness: Completeness::Whole,
        max_splits: None,
        backorder: Backorder::Policy,
        lines: vec![line],
    })))
}

fn block<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

#[track_caller]
fn number_of(reply: &Reply) -> u64 {
    match reply {
        Reply::Changed(changed) => changed.sequence,
        other => panic!("{other:?}"),
    }
}

fn available(engine: &Engine) -> Quantity {
    let position = engine.view().position("default", "shirt", "WH-1");
    position.expect("it was received").figures.available
}

fn start(directory: &tempfile::TempDir) -> (Engine, Port) {
    let engine = Engine::start(&EngineConfig::new(directory.path())).expect("it starts");
    let port = engine.port();
    (engine, port)
}

#[test]
fn what_was_acknowledged_is_found_after_a_restart_without_a_checkpoint() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, port) = start(&directory);
    block(port.call(receive(10)));
    let number = number_of(&block(port.call(reserve(3, None))));
    assert_eq!(available(&engine), Quantity::units(7));
    drop((engine, port));

    let (engine, port) = start(&directory);
    assert_eq!(engine.status().log.replayed, 2);
    assert_eq!(available(&engine), Quantity::units(7));
    let held = engine.view().reservation("default", number).expect("it is open");
    assert_eq!(held.status, Status::Active);
    let refused = block(port.call(reserve(8, None)));
    assert!(
        matches!(&refused, Reply::Refused { rejection, .. } if matches!(**rejection, Rejection::InsufficientStock(_))),
        "{refused:?}"
    );
    engine.shutdown().expect("an orderly end");
}

#[test]
fn after_an_orderly_end_nothing_is_replayed() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, port) = start(&directory);
    let batch = (0..3_000).map(|_| receive(1)).collect();
    let replies = block(port.call_batch(batch));
    assert!(replies.iter().all(|reply| matches!(reply, Reply::Changed(_))));
    engine.shutdown().expect("an orderly end");
    drop((engine, port));

    let (engine, _port) = start(&directory);
    assert_eq!(engine.status().log.replayed, 0);
    assert_eq!(available(&engine), Quantity::units(3_000));
}

#[test]
fn a_stopped_directory_verifies_with_and_without_a_checkpoint() {
    let directory = tempfile::tempdir().expect("a directory");
    for ending in ["dropped", "orderly"] {
        let (engine, port) = start(&directory);
        block(port.call(receive(10)));
        let kept = number_of(&block(port.call(reserve(3, None))));
        number_of(&block(port.call(command(Action::Confirm { reservation: kept }))));
        number_of(&block(port.call(reserve(2, Some(1)))));
        if ending == "orderly" {
            engine.shutdown().expect("an orderly end");
        }
        drop((engine, port));
        let storage = EngineConfig::new(directory.path()).storage;
        let report = crate::verify::verify(storage, &mut |_| {}).expect("readable");
        assert_eq!(report.findings, Vec::<String>::new(), "{ending}");
        assert_eq!(report.to_replay == 0, ending == "orderly");
    }
}

#[test]
fn the_same_key_gets_the_first_answer_also_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, port) = start(&directory);
    block(port.call(receive(10)));
    let keyed = Command { key: Some(key_hash("default", "k-1")), ..reserve(3, None) };
    let first = number_of(&block(port.call(keyed.clone())));
    for _ in 0..2 {
        match block(port.call(keyed.clone())) {
            Reply::Changed(changed) => assert!(changed.replayed && changed.sequence == first),
            other => panic!("{other:?}"),
        }
    }
    drop((engine, port));
    let (engine, port) = start(&directory);
    assert_eq!(number_of(&block(port.call(keyed))), first);
    assert_eq!(available(&engine), Quantity::units(7));
}

#[test]
fn what_has_ended_is_found_in_the_log_after_it_left_memory() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut config = EngineConfig::new(directory.path());
    config.rules.ended_kept_ms = 0;
    let engine = Engine::start(&config).expect("it starts");
    let port = engine.port();
    block(port.call(receive(10)));
    let reservation = number_of(&block(port.call(reserve(3, None))));
    let cancel = || command(Action::Cancel { reservation, lines: None, detail: None });
    number_of(&block(port.call(cancel())));
    // Pushes what has ended out of memory: it is forgotten with the next turn.
    block(port.call(receive(1)));
    let again = block(port.call(cancel()));
    assert!(
        matches!(&again, Reply::Unchanged { reservation, .. } if reservation.status == Status::Cancelled),
        "{again:?}"
    );
    let never = Action::Confirm { reservation: 1 };
    let refused = block(port.call(command(never)));
    assert!(
        matches!(&refused, Reply::Refused { rejection, .. } if **rejection == Rejection::UnknownReservation),
        "{refused:?}"
    );
    let order = Reference::parse("order-1").expect("valid");
    let history = engine.history().clone();
    let found = block(history.reservations_of_order("default", &order)).expect("readable");
    assert_eq!(found.iter().map(|held| held.number).collect::<Vec<_>>(), [reservation]);
}

#[test]
fn a_hold_is_sold_again_at_its_deadline() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, port) = start(&directory);
    block(port.call(receive(1)));
    // Longer only where the machine needs it to ask before the deadline.
    let kept_it = |ttl_ms: i64| {
        let held = number_of(&block(port.call(reserve(1, Some(ttl_ms)))));
        let mut refused = 0_u32;
        let sold = loop {
            match block(port.call(reserve(1, None))) {
                Reply::Changed(changed) => break changed.sequence,
                _ => refused += 1,
            }
        };
        let confirm = block(port.call(command(Action::Confirm { reservation: held })));
        assert!(
            matches!(&confirm, Reply::Refused { rejection, .. } if matches!(**rejection, Rejection::ReservationExpired { .. })),
            "{confirm:?}"
        );
        let back = Action::Cancel { reservation: sold, lines: None, detail: None };
        number_of(&block(port.call(command(back))));
        refused > 0
    };
    assert!([50, 1_000, 20_000].into_iter().any(kept_it), "no hold kept its stock");
    engine.shutdown().expect("an orderly end");
}

#[test]
fn the_outbox_tells_every_record_once_and_follows() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, port) = start(&directory);
    block(port.call_batch((0..50).map(|_| receive(1)).collect()));
    let mut tail = engine.outbox().tail(0);
    let mut sequences = Vec::new();
    while sequences.len() < 50 {
        let records = block(tail.next()).expect("readable").expect("the engine runs");
        sequences.extend(records.iter().map(|record| record.sequence));
    }
    assert_eq!(sequences, (1..=50).collect::<Vec<u64>>());
    let next = block(async {
        let call = port.call(receive(1));
        let (_, next) = tokio::join!(call, tail.next());
        next
    });
    assert_eq!(next.expect("readable").expect("the engine runs")[0].sequence, 51);
    let _: &Arc<_> = engine.view();
}

#[test]
fn a_stretch_has_the_records_behind_a_place_and_no_others() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, port) = start(&directory);
    block(port.call_batch((0..50).map(|_| receive(1)).collect()));
    for after in [0, 1, 17, 49] {
        let mut tail = engine.outbox().tail(after);
        let mut records = std::collections::VecDeque::new();
        while records.back().is_none_or(|last: &crate::Published| last.sequence < 50) {
            let stretch = block(tail.next_stretch()).expect("readable");
            let mut stretch = stretch.expect("the engine runs");
            let last = stretch.last();
            while stretch.next_frame(&mut records).expect("readable") {}
            assert_eq!(records.back().map(|record| record.sequence), last);
        }
        let sequences: Vec<u64> = records.iter().map(|record| record.sequence).collect();
        assert_eq!(sequences, (after + 1..=50).collect::<Vec<u64>>());
        let whole = block(engine.outbox().read(after)).expect("readable");
        assert!(records.iter().zip(&whole).all(|(one, other)| one.change == other.change));
    }
}

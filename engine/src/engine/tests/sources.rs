//! Messages of sources through their port.

use std::sync::Arc;
use std::time::Duration;

use onhand_domain::command::{Action, Command, Source, SourcePosition, StockEntry};
use onhand_domain::consumed::{ConsumedEvent, Message};
use onhand_domain::dead_letter::{Direction, Fault, LetterStatus};
use onhand_domain::ids::Text;
use onhand_domain::quantity::Quantity;
use onhand_domain::rejection::Rejection;
use onhand_domain::upkeep::{Bury, Retry, Upkeep};

use super::{available, block, command, place, receive, start};
use crate::Engine;
use crate::config::EngineConfig;
use crate::error::Failure;
use crate::history::{ConsumedFilter, ConsumedStatus};
use crate::keys::event_key;
use crate::port::SourcePort;
use crate::reply::Reply;
use crate::view::LetterFilter;

/// A generous deadline: an answer comes within milliseconds.
const LONG: Duration = Duration::from_secs(20);

pub(super) fn stream() -> Text {
    Text::parse("cluster/sales").expect("valid")
}

pub(super) fn at(partition: u32, offset: u64, action: Action) -> Command {
    let (generation, checksum) = (1, Some(7));
    let place = SourcePosition { stream: stream(), partition, generation, offset, checksum };
    let message = Some(Message::beginning_of(b"a message"));
    let source = Source { message, ..Source::at(place) };
    Command { source: Some(Arc::new(source)), ..command(action) }
}

pub(super) fn event(offset: u64, id: &str, fingerprint: u64, action: Action) -> Command {
    let mut command = at(0, offset, action);
    let mut source = Source::clone(command.source.as_ref().expect("it has one"));
    source.event = Some(ConsumedEvent {
        id: Text::parse(id).expect("valid"),
        event_type: Text::parse("SALE_COMPLETED").expect("valid"),
        key: event_key("default", stream().as_str(), "SALE_COMPLETED", id),
        fingerprint,
    });
    command.source = Some(Arc::new(source));
    command
}

pub(super) fn sell(units: i64) -> Action {
    let quantity = Quantity::units(units);
    Action::Sell(StockEntry { place: place(), quantity, detail: None })
}

/// Something that is always refused.
pub(super) fn impossible() -> Action {
    Action::Confirm { reservation: 999_999 }
}

/// Something that is looked for in the log, and refused then.
fn looked_up() -> Action {
    Action::ReceiveTransfer { transfer: 1, quantity: None, detail: None }
}

#[track_caller]
pub(super) fn answers(port: &mut SourcePort, count: usize) -> Vec<Reply> {
    let mut answers = Vec::new();
    while answers.len() < count {
        let before = answers.len();
        port.answers(LONG, &mut answers).expect("the engine runs");
        assert!(answers.len() > before, "no answer came");
    }
    assert_eq!(answers.len(), count);
    answers
}

/// Enters all of them, and waits for their answers.
#[track_caller]
pub(super) fn send(port: &mut SourcePort, commands: Vec<Command>) -> Vec<Reply> {
    let (count, mut early) = (commands.len(), Vec::new());
    for command in commands {
        port.enter(command, &mut early).expect("the engine runs");
    }
    let left = count - early.len();
    early.extend(answers(port, left));
    early
}

fn next_offset(engine: &Engine, partition: u32) -> Option<u64> {
    engine.view().source_mark(&stream(), partition).map(|mark| mark.next_offset())
}

fn of(action: Upkeep) -> Command {
    command(Action::Upkeep(Box::new(action)))
}

#[test]
fn more_than_half_of_the_permits_wait_and_answers_come_in_order() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut config = EngineConfig::new(directory.path());
    config.permits = 8;
    let engine = Engine::start(&config).expect("it starts");
    let mut port = engine.source_port();
    let all = (0..500).map(|offset| at(0, offset, sell(1))).collect();
    let replies = send(&mut port, all);
    let sequences = replies.iter().map(|reply| match reply {
        Reply::Changed(changed) => changed.sequence,
        other => panic!("{other:?}"),
    });
    assert_eq!(sequences.collect::<Vec<_>>(), (1..=500).collect::<Vec<u64>>());
    assert_eq!((port.in_flight(), next_offset(&engine, 0)), (0, Some(500)));
    assert_eq!(available(&engine), Quantity::units(-500));
    assert_eq!(engine.status().permits_used, 0);
}

#[test]
fn sources_leave_half_of_the_permits_to_others() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut config = EngineConfig::new(directory.path());
    config.permits = 8;
    // A frame is written at once only below this: so what enters now stays inside for a while.
    config.commit_at_once_max = 0;
    config.commit_spacing = Duration::from_millis(300);
    let engine = Engine::start(&config).expect("it starts");
    let (mut one, mut other) = (engine.source_port(), engine.source_port());
    let mut entered = 0;
    for offset in 0..20 {
        for (partition, port) in [&mut one, &mut other].into_iter().enumerate() {
            let partition = u32::try_from(partition).expect("two");
            let back = port.try_enter(at(partition, offset, sell(1))).expect("it runs");
            entered += usize::from(back.is_none());
            assert!(engine.status().permits_used <= 4, "half of eight");
        }
    }
    assert_eq!(entered, one.in_flight() + other.in_flight());
    let left = one.in_flight();
    answers(&mut one, left);
    let left = other.in_flight();
    answers(&mut other, left);
    let back = one.try_enter(at(0, 100, sell(1))).expect("it runs");
    assert!(back.is_none(), "there is room again");
    answers(&mut one, 1);
}

#[test]
fn a_message_that_is_looked_up_holds_back_those_behind_it_and_nobody_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, _port) = start(&directory);
    let mut port = engine.source_port();
    // The record with the number that is asked for must exist, else nobody looks.
    send(&mut port, vec![at(0, 0, sell(1))]);
    let mut commands = vec![at(0, 1, looked_up())];
    commands.extend((2..50).map(|offset| at(0, offset, sell(1))));
    commands.push(at(0, 50, looked_up()));
    commands.extend((51..60).map(|offset| at(0, offset, sell(1))));
    commands.push(at(1, 0, sell(1)));
    let replies = send(&mut port, commands);
    let refused: Vec<u64> = (1..).zip(&replies).filter_map(refusal).collect();
    assert_eq!(refused, [1, 50]);
    let changed = replies.iter().filter(|reply| matches!(reply, Reply::Changed(_)));
    assert_eq!(changed.count(), 48 + 9 + 1, "nothing passed: {replies:?}");
    assert_eq!((next_offset(&engine, 0), next_offset(&engine, 1)), (Some(60), Some(1)));
    assert_eq!(engine.view().dead_letters_open(Direction::In), 2);
}

fn refusal((offset, reply): (u64, &Reply)) -> Option<u64> {
    matches!(reply, Reply::Refused { sequence: Some(_), .. }).then_some(offset)
}

#[test]
fn when_dead_letters_are_full_a_partition_waits_at_its_message() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut config = EngineConfig::new(directory.path());
    config.rules.dead_letters_max = 1;
    let engine = Engine::start(&config).expect("it starts");
    let mut port = engine.source_port();
    let replies = send(&mut port, vec![at(0, 0, impossible()), at(1, 0, sell(1))]);
    assert!(matches!(&replies[0], Reply::Refused { sequence: Some(1), .. }), "{replies:?}");
    let behind = |offset| at(0, offset, sell(1));
    let replies =
        send(&mut port, vec![at(0, 1, impossible()), behind(2), behind(3), at(1, 1, sell(1))]);
    assert!(matches!(replies[0], Reply::Failed(Failure::DeadLettersFull)), "{replies:?}");
    for reply in &replies[1..3] {
        assert!(matches!(reply, Reply::Failed(Failure::Overloaded)), "{reply:?}");
    }
    assert!(matches!(replies[3], Reply::Changed(_)), "another partition goes on: {replies:?}");
    assert_eq!(next_offset(&engine, 0), Some(1));

    let discard = of(Upkeep::Discard { letter: 1, reason: None });
    let replies =
        send(&mut port, vec![behind(2), discard, behind(2), at(0, 1, impossible()), behind(2)]);
    assert!(matches!(replies[0], Reply::Failed(Failure::Overloaded)), "{replies:?}");
    assert!(matches!(replies[1], Reply::Changed(_)), "{replies:?}");
    assert!(matches!(replies[2], Reply::Failed(Failure::Overloaded)), "its turn has not come");
    assert!(matches!(replies[3], Reply::Refused { sequence: Some(_), .. }), "{replies:?}");
    assert!(matches!(replies[4], Reply::Changed(_)), "{replies:?}");
    assert_eq!(next_offset(&engine, 0), Some(3));
}

#[test]
fn what_was_consumed_is_known_after_a_restart_with_and_without_a_checkpoint() {
    let directory = tempfile::tempdir().expect("a directory");
    for round in 0..3_u64 {
        let (engine, _port) = start(&directory);
        let mut port = engine.source_port();
        if round == 0 {
            let first = vec![event(0, "e-1", 1, sell(1)), event(1, "e-2", 1, impossible())];
            send(&mut port, first);
            let (reason, stream) = (None, Text::parse("cluster/other").expect("valid"));
            send(&mut port, vec![of(Upkeep::ResetSource { stream, reason })]);
        }
        let asked = vec![event(1, "e-2", 1, sell(1)), event(2 + round, "e-1", 1, sell(1))];
        let replies = send(&mut port, asked);
        assert!(matches!(replies[0], Reply::Passed), "{replies:?}");
        assert!(matches!(replies[1], Reply::Duplicate { sequence: 1 }), "{replies:?}");
        let letter = engine.view().dead_letter(2).expect("it is open");
        assert_eq!((letter.status, letter.attempts), (LetterStatus::Open, 1));
        let generations = engine.view().sources();
        let generations = generations.iter().map(|held| (held.stream.as_str(), held.generation));
        assert_eq!(generations.collect::<Vec<_>>(), [("cluster/other", 2), ("cluster/sales", 1)]);
        if round == 1 {
            engine.shutdown().expect("an orderly end");
        }
    }
}

#[test]
fn a_dead_letter_is_tried_again_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, _port) = start(&directory);
    let mut port = engine.source_port();
    send(&mut port, vec![at(0, 0, impossible())]);
    let retry = |action| {
        let with = Retry::Act(Box::new(action), None);
        of(Upkeep::Retry { letter: 1, with })
    };
    let replies = send(&mut port, vec![retry(impossible()), retry(sell(2)), retry(sell(2))]);
    let refused = matches!(&replies[0], Reply::Refused { rejection, sequence: Some(2), .. }
        if **rejection == Rejection::UnknownReservation);
    assert!(refused, "{replies:?}");
    assert!(matches!(replies[1], Reply::Changed(_)), "{replies:?}");
    assert!(matches!(replies[2], Reply::Passed), "{replies:?}");
    assert_eq!(available(&engine), Quantity::units(-2));
    let letter = engine.view().dead_letter(1).expect("still in memory");
    assert_eq!((letter.status, letter.attempts), (LetterStatus::Retried, 3));
}

#[test]
fn dead_letters_and_consumed_events_are_read_with_what_they_say() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut config = EngineConfig::new(directory.path());
    config.rules.dead_letters_max = 1;
    let engine = Engine::start(&config).expect("it starts");
    let (mut port, history) = (engine.source_port(), engine.history().clone());
    let fault = Fault::of("UNREADABLE", "no JSON");
    let bury = Bury { fault, attempts: 3, first_failed_at: None, unsent: None };
    let buried = Action::Upkeep(Box::new(Upkeep::Bury(bury)));
    let discard = of(Upkeep::Discard { letter: 1, reason: None });
    let commands = vec![at(0, 0, buried), discard, event(1, "e-1", 1, impossible())];
    send(&mut port, commands);
    send(&mut port, vec![event(2, "e-2", 1, sell(1))]);

    let left = block(history.dead_letter(1)).expect("readable").expect("it is in the log");
    assert_eq!(engine.view().dead_letter(1), None, "it has left memory");
    assert_eq!((left.letter.status, left.letter.attempts), (LetterStatus::Discarded, 3));
    assert_eq!((left.code(), left.event()), ("UNREADABLE", None));
    assert_eq!(left.message().map(|message| &*message.bytes), Some(&b"a message"[..]));
    let page = block(history.dead_letters(LetterFilter::default(), None, 10)).expect("readable");
    let told = page.items.iter().map(|held| (held.letter.number, held.code()));
    assert_eq!(told.collect::<Vec<_>>(), [(3, "UNKNOWN_RESERVATION")]);
    assert_eq!(page.items[0].event().map(|event| event.id.as_str()), Some("e-1"));
    assert_eq!(page.items[0].position().map(|place| place.offset), Some(1));
    for number in [0, 2, 4, 99] {
        assert!(block(history.dead_letter(number)).expect("readable").is_none(), "{number}");
    }

    let found = |filter: ConsumedFilter| {
        let page = block(history.consumed_events(filter, None, 10)).expect("readable");
        let told = page.items.iter().map(|held| (held.sequence, held.status()));
        told.collect::<Vec<_>>()
    };
    let (dead, done) = ((3, ConsumedStatus::DeadLetter), (4, ConsumedStatus::Processed));
    let any = ConsumedFilter::default;
    assert_eq!(found(any()), [done, dead]);
    assert_eq!(found(ConsumedFilter { event_id: Some("e-1".into()), ..any() }), [dead]);
    assert_eq!(found(ConsumedFilter { event_id: Some("e-3".into()), ..any() }), []);
    assert_eq!(found(ConsumedFilter { event_type: Some("X".into()), ..any() }), []);
    let status = Some(ConsumedStatus::Processed);
    assert_eq!(found(ConsumedFilter { status, ..any() }), [done]);
}

#[test]
fn a_port_ends_with_its_engine() {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, _port) = start(&directory);
    let mut port = engine.source_port();
    send(&mut port, vec![at(0, 0, sell(1))]);
    engine.shutdown().expect("an orderly end");
    let mut none = Vec::new();
    assert_eq!(port.enter(receive(1), &mut none), Err(Failure::Stopping));
}

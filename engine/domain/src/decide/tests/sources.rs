//! Commands that were read from an ordered source: each is acted on once.

use alloc::boxed::Box;
use alloc::sync::Arc;
use std::vec;

use super::actions::{confirm, fulfil_with, receive, reference, reserve, sell, shift};
use super::text;
use super::world::{Answer, World};
use crate::change::Cause;
use crate::command::{Action, Command, Source, SourcePosition};
use crate::consumed::{ConsumedEvent, Message, Refusal};
use crate::ids::Text;
use crate::position::Bucket;
use crate::upkeep::{Kept, Upkeep};

pub(super) fn at(offset: u64, action: Action) -> Command {
    let stream = Text::parse("kafka/sales").expect("valid");
    let checksum = Some(0);
    let place = SourcePosition { stream, partition: 0, generation: 1, offset, checksum };
    let message = Some(Message::beginning_of(b"{}"));
    let source = Source { message, ..Source::at(place) };
    Command { source: Some(Arc::new(source)), ..World::command(action) }
}

/// The same with an identity.
pub(super) fn event(offset: u64, id: u8, fingerprint: u64, action: Action) -> Command {
    let mut command = at(offset, action);
    let mut source = Source::clone(command.source.as_ref().expect("has one"));
    source.event = Some(ConsumedEvent {
        id: Text::parse("event-1").expect("valid"),
        event_type: Text::parse("SALE_COMPLETED").expect("valid"),
        key: [id; 16],
        fingerprint,
    });
    command.source = Some(Arc::new(source));
    command
}

fn upkeep(upkeep: Upkeep) -> Command {
    World::command(Action::Upkeep(Box::new(upkeep)))
}

fn stream() -> Text {
    Text::parse("kafka/sales").expect("valid")
}

fn next_offset(world: &World) -> Option<u64> {
    world.stock.sources().mark(&stream(), 0).map(crate::sources::Watermark::next_offset)
}

pub(super) fn cause(answer: &Result<Answer, crate::rejection::Rejection>) -> Option<Cause> {
    match answer {
        Ok(Answer::Change(change)) => Some(change.cause),
        _ => None,
    }
}

/// Booked by hand, then told by a message: nothing is done, and the source is not left behind.
#[test]
fn a_shipment_that_was_booked_before_is_a_duplicate() {
    let mut world = World::stocked("tea@north 3");
    let held = world.hold("tea 1");
    let ship = || fulfil_with(held, |wish| wish.shipment = Some(reference("S-1")));
    world.ok(ship());
    let booked = world.sequence;
    let answer = world.send(&at(1, ship()));
    assert!(matches!(answer, Ok(Answer::Duplicate(sequence)) if sequence == booked), "{answer:?}");
    assert_eq!(world.sequence, booked);
}

/// "what lies below is a no-op".
#[test]
fn what_was_acted_on_has_passed() {
    let mut world = World::stocked("tea@north 10");
    assert_eq!(cause(&world.send(&at(4, sell("tea@north", "1")))), Some(Cause::Sold));
    for offset in [4, 3, 0] {
        let answer = world.send(&at(offset, sell("tea@north", "1")));
        assert!(matches!(answer, Ok(Answer::Passed)), "{offset}: {answer:?}");
    }
    assert_eq!(cause(&world.send(&at(5, sell("tea@north", "1")))), Some(Cause::Sold));
    assert_eq!(world.at("tea@north"), "available 8");
}

/// "one that came by event is always a record": refusals, answers without effect, keys used twice.
#[test]
fn every_message_moves_its_source_on() {
    let mut world = World::stocked("tea@north 1");
    assert_eq!(cause(&world.send(&at(1, reserve("tea 2")))), Some(Cause::Refused));
    assert_eq!(cause(&world.send(&at(2, reserve("ghost 2")))), Some(Cause::Refused));
    let number = world.hold("tea 1");
    world.ok(confirm(number));
    assert_eq!(cause(&world.send(&at(3, confirm(number)))), Some(Cause::Unchanged));
    let keyed = |offset, action| Command { key: Some([1; 16]), ..at(offset, action) };
    assert_eq!(cause(&world.send(&keyed(4, receive("tea@north", "1")))), Some(Cause::Received));
    let reused = world.send(&keyed(5, receive("tea@north", "2")));
    let Ok(Answer::Change(reused)) = reused else { panic!("{reused:?}") };
    let refusal = reused.refusal.expect("a reason");
    assert_eq!((reused.cause, text::rejection(&refusal).as_str()), (Cause::Refused, "KeyReused"));
    assert_eq!(reused.key, None, "the key stays with its first command");
    assert!(matches!(world.send(&at(5, reserve("tea 2"))), Ok(Answer::Passed)));
    let mark = world.stock.sources().iter().next().expect("one source");
    assert_eq!((mark.last.offset, mark.sequence), (5, world.sequence));
}

/// A line of an imported file that is refused is told to whoever imports it: the record moves the source
/// on and names the reason, and there is no dead letter.
#[test]
fn what_is_told_to_its_sender_is_no_dead_letter() {
    let mut world = World::stocked("tea@north 1");
    let told = |offset, action| {
        let command = at(offset, action);
        let mut source = Source::clone(command.source.as_ref().expect("has one"));
        source.refusal = Refusal::Told;
        Command { source: Some(Arc::new(source)), ..command }
    };
    let command = told(1, shift("tea@north", "2", Bucket::Available, Bucket::Damaged));
    let Ok(Answer::Change(refused)) = world.send(&command) else { panic!("it is recorded") };
    assert_eq!((refused.cause, refused.kept.as_deref()), (Cause::Refused, None));
    let refusal = refused.refusal.expect("a reason");
    assert!(text::rejection(&refusal).starts_with("InsufficientStock"), "{refusal:?}");
    assert_eq!(next_offset(&world), Some(2));
    assert!(matches!(world.send(&command), Ok(Answer::Passed)));
}

/// "same id and content is a no-op".
#[test]
fn the_same_event_acts_once_wherever_it_stands() {
    let mut world = World::stocked("tea@north 10");
    let first = world.send(&event(1, 1, 7, sell("tea@north", "1")));
    assert_eq!(cause(&first), Some(Cause::Sold));
    let sequence = world.sequence;
    let again = world.send(&event(2, 1, 7, sell("tea@north", "1")));
    assert!(matches!(again, Ok(Answer::Duplicate(record)) if record == sequence), "{again:?}");
    assert_eq!((world.sequence, next_offset(&world)), (sequence, Some(2)));
    assert_eq!(cause(&world.send(&event(2, 2, 7, sell("tea@north", "1")))), Some(Cause::Sold));
    assert_eq!(world.at("tea@north"), "available 8");
}

/// "same id with other content → dead letter EVENT_ID_REUSED".
#[test]
fn an_event_id_with_other_content_is_a_dead_letter() {
    let mut world = World::stocked("tea@north 10");
    assert_eq!(cause(&world.send(&event(1, 1, 7, sell("tea@north", "1")))), Some(Cause::Sold));
    let reused = world.send(&event(2, 1, 8, reserve("tea 1")));
    let Ok(Answer::Change(change)) = &reused else { panic!("{reused:?}") };
    assert_eq!((change.cause, change.refused), (Cause::Refused, Some(Cause::Reserved)));
    let Some(Kept::Letter(letter)) = change.kept.as_deref() else { panic!("{change:?}") };
    assert_eq!(letter.fault.as_ref().map(|fault| fault.code.as_str()), Some("EVENT_ID_REUSED"));
    assert_eq!((world.at("tea@north").as_str(), next_offset(&world)), ("available 9", Some(3)));
    let first = world.send(&event(3, 1, 7, sell("tea@north", "1")));
    assert!(matches!(first, Ok(Answer::Duplicate(_))), "the first content stays: {first:?}");
}

/// "skipped ones share the next record".
#[test]
fn skipped_messages_move_watermarks_in_one_record() {
    let mut world = World::stocked("tea@north 10");
    let place = |partition, offset| {
        let (generation, checksum) = (1, Some(1));
        Arc::new(SourcePosition { stream: stream(), partition, generation, offset, checksum })
    };
    let advance = || Upkeep::Advance(vec![place(0, 4), place(1, 9)]);
    assert_eq!(cause(&world.send(&upkeep(advance()))), Some(Cause::SourceAdvanced));
    let marks = world.stock.sources().iter().map(|mark| mark.last.offset);
    assert_eq!(marks.collect::<vec::Vec<_>>(), [4, 9]);
    assert!(matches!(world.send(&upkeep(advance())), Ok(Answer::Passed)), "nothing is new");
    assert!(matches!(world.send(&at(4, sell("tea@north", "1"))), Ok(Answer::Passed)));
}

#[test]
fn a_stream_made_anew_begins_again_when_an_operator_says_so() {
    let mut world = World::stocked("tea@north 10");
    assert_eq!(cause(&world.send(&at(4, sell("tea@north", "1")))), Some(Cause::Sold));
    let reset = Upkeep::ResetSource { stream: stream(), reason: Some(stream()) };
    let answer = world.send(&upkeep(reset));
    assert_eq!(cause(&answer), Some(Cause::SourceReset));
    let Ok(Answer::Change(change)) = answer else { unreachable!("it has a cause") };
    assert_eq!(change.detail.as_ref().and_then(|detail| detail.reason.clone()), Some(stream()));
    assert_eq!((world.stock.sources().generation(&stream()), next_offset(&world)), (2, None));
    let late = world.send(&at(9, sell("tea@north", "1")));
    assert!(matches!(late, Ok(Answer::Passed)), "it is of the old generation: {late:?}");
}

#[test]
fn an_operator_skips_forward_and_never_back() {
    let mut world = World::stocked("tea@north 10");
    let mut skip = |next_offset| {
        let (stream, reason) = (stream(), None);
        let skip = Upkeep::SkipSource { stream, partition: 0, next_offset, reason };
        cause(&world.send(&upkeep(skip)))
    };
    assert_eq!(skip(0), None, "there is nothing before the first");
    assert_eq!(skip(7), Some(Cause::SourceSkipped));
    assert_eq!(skip(7), None);
    assert_eq!(skip(3), None);
    assert_eq!(next_offset(&world), Some(7));
    let mark = world.stock.sources().mark(&stream(), 0).expect("known");
    assert_eq!(mark.last.checksum, None, "nobody has seen that message");
    assert_eq!(cause(&world.send(&at(7, sell("tea@north", "1")))), Some(Cause::Sold));
}

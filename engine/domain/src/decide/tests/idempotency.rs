//! Idempotency keys.

use alloc::boxed::Box;

use super::actions::{cancel, confirm, fulfil_with, receive, receive_at, reference, reserve, sell};
use super::text;
use super::world::{Answer, World};
use crate::change::{Cause, Change};
use crate::command::{Action, Command};
use crate::decide::OCCURRED_AHEAD_MS_MAX;
use crate::stock::Rules;

fn keyed(key: u8, action: Action) -> Command {
    Command { key: Some([key; 16]), ..World::command(action) }
}

#[track_caller]
fn recorded(world: &mut World, command: &Command) -> Box<Change> {
    match world.send(command) {
        Ok(Answer::Change(change)) => change,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn repeats(world: &mut World, command: &Command, sequence: u64) {
    let before = world.sequence;
    let answer = world.send(command);
    assert!(matches!(answer, Ok(Answer::Repeat(at)) if at == sequence), "{answer:?}");
    assert_eq!(world.sequence, before);
}

/// "Same key + same command (after parsing): the first answer again".
#[test]
fn the_same_command_is_answered_from_its_record() {
    let mut world = World::new();
    let command = keyed(1, receive("tea@north", "5"));
    let change = recorded(&mut world, &command);
    assert_eq!(change.key.map(|bound| bound.key), Some([1; 16]));
    repeats(&mut world, &command, 1);
    repeats(&mut world, &keyed(1, receive("tea@north", "5.000")), 1);
    assert_eq!(world.at("tea@north"), "available 5");
    recorded(&mut world, &keyed(2, receive("tea@north", "5")));
    assert_eq!(world.at("tea@north"), "available 10");
}

/// "Same key + other command: 422 `IDEMPOTENCY_KEY_REUSED`", and the key stays what it was.
#[test]
fn another_command_under_the_same_key_is_refused() {
    let mut world = World::new();
    let command = keyed(1, receive("tea@north", "5"));
    recorded(&mut world, &command);
    for other in [receive("tea@north", "6"), receive("tea@south", "5"), sell("tea@north", "5")] {
        let answer = world.send(&keyed(1, other));
        assert_eq!(text::outcome(&answer), "KeyReused");
    }
    repeats(&mut world, &command, 1);
}

/// "rejections included": a refusal with a key is a record, and stands whatever happens later.
#[test]
fn a_refusal_binds_its_key() {
    let mut world = World::stocked("tea@north 1");
    let command = keyed(
        1,
        super::actions::reserve_with("tea 2", |wish| {
            wish.order = Some(reference("O-1"));
        }),
    );
    let change = recorded(&mut world, &command);
    assert_eq!((change.cause, change.refused), (Cause::Refused, Some(Cause::Reserved)));
    let refusal = change.refusal.expect("a reason");
    assert_eq!(text::rejection(&refusal), "InsufficientStock: tea 2 of 1");
    assert_eq!(change.detail.and_then(|detail| detail.order.clone()), Some(reference("O-1")));
    world.receive("tea@north 9");
    repeats(&mut world, &command, 2);
    assert_eq!(world.at("tea@north"), "available 10");
    // The very first command of a tenant may be a refused one.
    let mut world = World::new();
    let command = keyed(1, reserve("tea 2"));
    assert!(recorded(&mut world, &command).tenant_opened.is_some());
    repeats(&mut world, &command, 1);
}

/// "the door's 422 (`INVALID_…`, `LIMIT_EXCEEDED`) do not" bind: the caller may mend the command.
#[test]
fn a_malformed_wish_does_not_bind() {
    let mut world = World::stocked("tea@a 5, tea@b 5");
    let late = world.now + OCCURRED_AHEAD_MS_MAX + 1;
    let answer = world.send(&keyed(1, receive_at("tea@a", "1", late)));
    assert!(text::outcome(&answer).starts_with("TimeAhead"));
    recorded(&mut world, &keyed(1, receive_at("tea@a", "1", late - 1)));
    let number = world.hold("tea 11");
    let ambiguous = super::actions::set_lines(number, "tea 3");
    let answer = world.send(&keyed(2, ambiguous));
    assert_eq!(text::outcome(&answer), "AmbiguousLine: tea");
    recorded(&mut world, &keyed(2, super::actions::set_lines(number, "tea@a 3")));
}

/// "already CONFIRMED: 200, unchanged": with a key it is a record that shows the reservation of then.
#[test]
fn an_answer_without_effect_binds_its_key() {
    let mut world = World::stocked("tea@north 5");
    let number = world.hold("tea 2");
    world.ok(confirm(number));
    let again = keyed(1, confirm(number));
    let change = recorded(&mut world, &again);
    assert_eq!(change.cause, Cause::Unchanged);
    assert_eq!(change.reservation.expect("shown").version, 2);
    world.ok(cancel(number));
    repeats(&mut world, &again, 4);
    assert_eq!(world.held(number), "CANCELLED: tea@north 2 (released 2)");
    assert_eq!(world.reservation(number).sequence, 5, "the answer changed nothing in memory");
}

/// The window: the oldest keys are forgotten first.
#[test]
fn the_last_keys_are_remembered() {
    let mut world = World::with(Rules { key_window: 2, ..Rules::default() });
    for key in 1..=3 {
        recorded(&mut world, &keyed(key, receive("tea@north", "1")));
    }
    repeats(&mut world, &keyed(3, receive("tea@north", "1")), 3);
    repeats(&mut world, &keyed(2, receive("tea@north", "1")), 2);
    recorded(&mut world, &keyed(1, receive("tea@north", "1")));
    assert_eq!(world.at("tea@north"), "available 4");
}

/// A due hold is expired before a refusal is bound: the key gets the answer of that instant.
#[test]
fn a_refusal_is_bound_only_after_what_is_due_has_gone() {
    let mut world = World::stocked("tea@north 5");
    world.hold("tea 5");
    world.now += super::actions::TTL_MS;
    let change = recorded(&mut world, &keyed(1, reserve("tea 5")));
    assert_eq!(change.cause, Cause::Reserved);
}

/// "same `shipmentId` twice: the first answer", whatever the key.
#[test]
fn a_shipment_is_its_own_key() {
    let mut world = World::stocked("tea@north 5");
    let number = world.hold("tea 2");
    let shipment = || fulfil_with(number, |wish| wish.shipment = Some(reference("S-1")));
    recorded(&mut world, &keyed(1, shipment()));
    repeats(&mut world, &keyed(1, shipment()), 3);
    repeats(&mut world, &keyed(2, shipment()), 3);
}

//! Dead letters: what came by event and cannot be done is kept, and tried again once.

use alloc::boxed::Box;
use std::string::String;

use super::actions::{confirm, fulfil_with, put_item, receive, reference, reserve, sell};
use super::sources::{at, cause, event};
use super::text;
use super::world::{Answer, World};
use crate::catalog::Tracking;
use crate::change::{Cause, Change};
use crate::command::{Action, Command};
use crate::dead_letter::{Direction, Fault, LetterStatus, Unsent};
use crate::ids::{TenantId, Text};
use crate::rejection::Rejection;
use crate::stock::Rules;
use crate::upkeep::{Bury, Kept, Retry, Upkeep};

fn upkeep(upkeep: Upkeep) -> Command {
    World::command(Action::Upkeep(Box::new(upkeep)))
}

fn retry(letter: u64, action: Action) -> Command {
    upkeep(Upkeep::Retry { letter, with: Retry::Act(Box::new(action), None) })
}

fn discard(letter: u64) -> Command {
    let reason = Some(Text::parse("never was").expect("valid"));
    upkeep(Upkeep::Discard { letter, reason })
}

fn bury(attempts: u32) -> Action {
    let fault = Fault::of("UNREADABLE", "no JSON");
    let bury = Bury { fault, attempts, first_failed_at: None, unsent: None };
    Action::Upkeep(Box::new(Upkeep::Bury(bury)))
}

/// A world with a dead letter: a receipt of an item that is not counted.
fn world() -> (World, u64) {
    let mut world = World::stocked("tea@north 1");
    world.untracked("card");
    let answer = world.send(&at(1, receive("card@north", "1")));
    assert_eq!(cause(&answer), Some(Cause::Refused));
    let letter = world.sequence;
    (world, letter)
}

fn last(world: &World) -> &Change {
    world.records.last().expect("there is one")
}

fn letter(world: &World, number: u64) -> String {
    let held = world.stock.letters().get(number).expect("in memory");
    std::format!("{:?} {} at {}", held.status, held.attempts, held.sequence)
}

#[test]
fn a_refusal_that_no_event_tells_is_a_dead_letter_in_the_same_record() {
    let (world, number) = world();
    let change = last(&world);
    let refusal = change.refusal.as_deref().expect("a reason");
    assert_eq!(text::rejection(refusal), "NotTracked: card");
    let Some(Kept::Letter(told)) = change.kept.as_deref() else { panic!("{change:?}") };
    let message = told.content.as_ref().and_then(|content| content.message.as_ref());
    assert_eq!(message.map(|message| &*message.bytes), Some(&b"{}"[..]));
    assert_eq!(told.letter.number, number);
    assert_eq!(letter(&world, number), std::format!("Open 1 at {number}"));
    assert_eq!(world.stock.letters().open_count(Direction::In), 1);
    assert_eq!(world.stock.sources().iter().next().map(|mark| mark.sequence), Some(number));
}

#[test]
fn a_reservation_that_fails_is_told_by_an_event_and_is_no_dead_letter() {
    let mut world = World::stocked("tea@north 1");
    for (offset, wish) in [(1, reserve("tea 2")), (2, reserve("ghost 1"))] {
        assert_eq!(cause(&world.send(&at(offset, wish))), Some(Cause::Refused));
        assert_eq!(last(&world).kept, None);
    }
}

#[test]
fn a_retry_acts_once() {
    let (mut world, number) = world();
    world.now += 500;
    let refused = world.send(&retry(number, receive("card@north", "1")));
    assert_eq!(cause(&refused), Some(Cause::Refused), "still not counted");
    let at = world.sequence;
    assert_eq!(letter(&world, number), std::format!("Open 2 at {at}"));
    let held = world.stock.letters().get(number).expect("in memory");
    assert_eq!(held.last_failed_at.millis_since(held.first_failed_at), 500);

    world.ok(put_item("card", |attributes| attributes.tracking = Tracking::Tracked));
    for (round, expected) in [(1, Some(Cause::Received)), (2, None)] {
        let answer = world.send(&retry(number, receive("card@north", "1")));
        assert_eq!(cause(&answer), expected, "round {round}: {answer:?}");
    }
    assert_eq!(world.at("card@north"), "available 1");
    assert_eq!(letter(&world, number), std::format!("Retried 3 at {}", world.sequence));
    assert!(matches!(
        world.send(&discard(number)),
        Err(Rejection::LetterSettled(LetterStatus::Retried))
    ));
}

#[test]
fn what_is_so_already_settles_a_dead_letter() {
    let (mut world, number) = world();
    let held = world.hold("tea 1");
    world.ok(confirm(held));
    let answer = world.send(&retry(number, confirm(held)));
    assert_eq!(cause(&answer), Some(Cause::Unchanged));
    assert_eq!(letter(&world, number), std::format!("Retried 2 at {}", world.sequence));
}

#[test]
fn a_shipment_that_was_booked_meanwhile_settles_a_dead_letter() {
    let (mut world, number) = world();
    let held = world.hold("tea 1");
    let ship = || fulfil_with(held, |wish| wish.shipment = Some(reference("S-1")));
    world.ok(ship());
    let answer = world.send(&retry(number, ship()));
    assert_eq!(cause(&answer), Some(Cause::LetterRetried));
    assert_eq!(letter(&world, number), std::format!("Retried 2 at {}", world.sequence));
    assert!(last(&world).movements.is_empty());
}

/// Two messages without sense, of which both turn out to be sales of one tea under this id.
fn twice_unreadable() -> (World, [u64; 2]) {
    let mut world = World::stocked("tea@north 10");
    let letters = [1, 2].map(|offset| {
        assert_eq!(cause(&world.send(&at(offset, bury(1)))), Some(Cause::Buried));
        world.sequence
    });
    (world, letters)
}

/// The retry of a letter of [`twice_unreadable`], with what its message says and the id in it.
fn retry_as(letter: u64, fingerprint: u64, quantity: &str) -> Command {
    let told = event(letter, 7, fingerprint, sell("tea@north", quantity));
    let with = Retry::Act(Box::new(told.action), told.source);
    upkeep(Upkeep::Retry { letter, with })
}

/// EVENTS.md, Handling: "duplicate → no-op", also when both came to be dead letters first.
#[test]
fn two_dead_letters_of_one_event_act_once() {
    let (mut world, [first, second]) = twice_unreadable();
    assert_eq!(cause(&world.send(&retry_as(first, 1, "3"))), Some(Cause::Sold));
    let acted = world.sequence;
    assert_eq!(cause(&world.send(&retry_as(second, 1, "3"))), Some(Cause::LetterRetried));
    assert_eq!(world.at("tea@north"), "available 7");
    assert_eq!(letter(&world, second), std::format!("Retried 2 at {}", world.sequence));
    // Nor does the event act when it comes once more, and the source is not moved by a retry.
    let again = world.send(&event(3, 7, 1, sell("tea@north", "3")));
    assert!(matches!(again, Ok(Answer::Duplicate(sequence)) if sequence == acted), "{again:?}");
    let mark = world.stock.sources().iter().next().expect("one source");
    assert_eq!(mark.last.offset, 2);
}

/// A retry that is refused leaves the event free for whoever acts on it later.
#[test]
fn a_retry_that_is_refused_does_not_take_its_event() {
    let (mut world, [first, second]) = twice_unreadable();
    let told = event(first, 7, 1, receive("ghost@north", "3"));
    let with = Retry::Act(Box::new(told.action), told.source);
    let refused = world.send(&upkeep(Upkeep::Retry { letter: first, with }));
    assert_eq!(cause(&refused), Some(Cause::Refused), "{refused:?}");
    assert_eq!(cause(&world.send(&retry_as(second, 1, "3"))), Some(Cause::Sold));
    assert_eq!(world.at("tea@north"), "available 7");
}

/// Other content under the same id was buried for that; whoever tries it again knows. It acts once.
#[test]
fn other_content_under_an_id_that_is_taken_acts_once_when_it_is_tried_again() {
    let (mut world, [first, second]) = twice_unreadable();
    assert_eq!(cause(&world.send(&event(3, 7, 1, sell("tea@north", "1")))), Some(Cause::Sold));
    assert_eq!(cause(&world.send(&retry_as(first, 2, "3"))), Some(Cause::Sold));
    assert_eq!(cause(&world.send(&retry_as(second, 2, "3"))), Some(Cause::LetterRetried));
    assert_eq!(world.at("tea@north"), "available 6");
}

/// A message that was refused took its id when it was buried: its own retry acts all the same.
#[test]
fn a_letter_that_holds_its_event_acts_as_it() {
    let mut world = World::stocked("tea@north 1");
    world.untracked("card");
    let wish = || receive("card@north", "1");
    assert_eq!(cause(&world.send(&event(1, 7, 1, wish()))), Some(Cause::Refused));
    let number = world.sequence;
    world.ok(put_item("card", |attributes| attributes.tracking = Tracking::Tracked));
    let told = event(1, 7, 1, wish());
    let with = Retry::Act(Box::new(told.action), told.source);
    let answer = world.send(&upkeep(Upkeep::Retry { letter: number, with }));
    assert_eq!(cause(&answer), Some(Cause::Received), "{answer:?}");
}

#[test]
fn what_is_given_up_is_not_tried_again() {
    let (mut world, number) = world();
    assert_eq!(cause(&world.send(&discard(number))), Some(Cause::LetterDiscarded));
    assert!(last(&world).detail.as_ref().is_some_and(|detail| detail.reason.is_some()));
    assert!(matches!(world.send(&discard(number)), Ok(Answer::Passed)));
    let refused = world.send(&retry(number, sell("tea@north", "1")));
    assert!(matches!(refused, Err(Rejection::LetterSettled(LetterStatus::Discarded))));
    assert_eq!(world.at("tea@north"), "available 1");
}

#[test]
fn letters_belong_to_their_tenant() {
    let (mut world, number) = world();
    let tenant = TenantId::parse("other").expect("valid");
    let of_other = |command| Command { tenant: tenant.clone(), ..command };
    let theirs = [of_other(discard(number)), of_other(retry(number, sell("tea@north", "1")))];
    for command in theirs.into_iter().chain([discard(number - 1)]) {
        let refused = world.send(&command);
        assert!(matches!(refused, Err(Rejection::UnknownDeadLetter)), "{refused:?}");
    }
}

#[test]
fn unreadable_messages_and_unsendable_events_are_buried() {
    let mut world = World::stocked("tea@north 1");
    assert_eq!(cause(&world.send(&at(1, bury(4)))), Some(Cause::Buried));
    assert_eq!(letter(&world, world.sequence), std::format!("Open 4 at {}", world.sequence));
    let word = |word| Text::parse(word).expect("valid");
    let unsent = Unsent {
        sink: word("kafka"),
        topic: word("inventory-events"),
        event_id: word("id"),
        event_type: word("StockLevelChanged"),
        sequence: 1,
        index: 0,
    };
    let fault = Fault::of("TOO_LARGE", "over the broker's limit");
    let (attempts, first_failed_at, unsent) = (1, None, Some((unsent, None)));
    let bury = Upkeep::Bury(Bury { fault: fault.clone(), attempts, first_failed_at, unsent });
    assert_eq!(cause(&world.send(&upkeep(bury))), Some(Cause::Buried));
    let number = world.sequence;
    assert_eq!(world.stock.letters().open_count(Direction::Out), 1);
    let failed = upkeep(Upkeep::Retry { letter: number, with: Retry::Failed(fault) });
    assert_eq!(cause(&world.send(&failed)), Some(Cause::Buried));
    assert_eq!(letter(&world, number), std::format!("Open 2 at {}", world.sequence));
    let done = upkeep(Upkeep::Retry { letter: number, with: Retry::Done });
    assert_eq!(cause(&world.send(&done)), Some(Cause::LetterRetried));
    assert!(matches!(world.send(&done), Ok(Answer::Passed)));
}

/// "then that source's intake waits".
#[test]
fn when_all_are_open_the_watermark_stays() {
    let mut world = World::with(Rules { dead_letters_max: 2, ..Rules::default() });
    world.receive("tea@north 5");
    assert_eq!(cause(&world.send(&at(1, bury(1)))), Some(Cause::Buried));
    let first = world.sequence;
    assert_eq!(cause(&world.send(&at(2, bury(1)))), Some(Cause::Buried));
    for action in [bury(1), confirm(99)] {
        assert!(matches!(world.send(&at(3, action)), Ok(Answer::NoRoom)));
    }
    let mark = world.stock.sources().iter().next().expect("known").last.offset;
    assert_eq!(mark, 2);
    assert_eq!(cause(&world.send(&discard(first))), Some(Cause::LetterDiscarded));
    assert_eq!(cause(&world.send(&at(3, confirm(99)))), Some(Cause::Refused));
    assert_eq!(world.stock.letters().get(first), None, "the settled one went first");
}

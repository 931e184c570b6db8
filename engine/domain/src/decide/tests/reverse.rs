//! Undoing one movement by its opposite, at its own cost.

use std::string::String;
use std::vec;

use super::actions::*;
use super::text;
use super::world::{Answer, World};
use crate::change::{Cause, MovementKind, MovementPlace};
use crate::command::{Condition, Force};
use crate::decide::reverse::is_reversible;
use crate::decide::{Decision, Recall, Recalled, Sought};
use crate::position::Bucket::{Available, Damaged, QualityHold};
use crate::rejection::Rejection;

/// Books an action, undoes its first movement, and tells the figures before, between and after.
#[track_caller]
fn check(shelves: &str, action: crate::command::Action, expected: [&str; 2]) {
    let mut world = World::stocked(shelves);
    let before = world.position("tea@north").map(|_| world.at("tea@north"));
    world.ok(action);
    let booked = world.sequence;
    assert_eq!(world.at("tea@north"), expected[0]);
    let change = world.ok(reverse(booked, 0));
    assert_eq!(change.cause, Cause::Reversed);
    assert_eq!(change.reverses, Some(MovementPlace { sequence: booked, place: 0 }));
    assert_eq!(change.movements[0].kind, MovementKind::Reversal);
    assert_eq!(world.at("tea@north"), expected[1]);
    if let Some(before) = before {
        assert_eq!(before, expected[1], "a reversal leaves what was there before");
    }
    let told = world.no(reverse(booked, 0));
    assert_eq!(told, std::format!("AlreadyReversed {{ by: {} }}", world.sequence));
}

#[test]
fn movements_are_undone_by_their_opposite() {
    check("pot@north 1", receive("tea@north", "5"), ["available 5", "empty"]);
    check("tea@north 9", receive("tea@north", "5"), ["available 14", "available 9"]);
    check("tea@north 9", sell("tea@north", "5"), ["available 4", "available 9"]);
    check("tea@north 9", sell("tea@north", "20"), ["available -11", "available 9"]);
    check("tea@north 9", adjust("tea@north", Available, "-2"), ["available 7", "available 9"]);
    let damaged = ["available 9, damaged 2", "available 9"];
    check("tea@north 9", adjust("tea@north", Damaged, "2"), damaged);
    check("tea@north 9", set_to("tea@north", "3"), ["available 3", "available 9"]);
    check("tea@north 9", count("tea@north", "11"), ["available 11", "available 9"]);
    let held = ["available 6, qualityHold 3", "available 9"];
    check("tea@north 9", shift("tea@north", "3", Available, QualityHold), held);
    let good = give_back("tea@north", "1", Some(Condition::Good));
    check("tea@north 9", good, ["available 10", "available 9"]);
    check("tea@north 9", give_back("tea@north", "1", None), damaged_one());
}

fn damaged_one() -> [&'static str; 2] {
    ["available 9, damaged 1", "available 9"]
}

/// What belongs to something with a life of its own is undone there.
#[test]
fn each_kind_is_reversed_or_has_a_call_of_its_own() {
    use MovementKind as Kind;
    let reversible =
        [Kind::Receipt, Kind::Sale, Kind::Adjustment, Kind::Count, Kind::Move, Kind::Return];
    for kind in MovementKind::ALL {
        assert_eq!(is_reversible(kind), reversible.contains(&kind), "{kind:?}");
    }
    let mut world = World::stocked("tea@north 9");
    let mut told: vec::Vec<String> = vec![];
    let number = world.hold("tea 4");
    let mut actions = vec![confirm(number), ship_as(number, "S-1", "tea@north 2")];
    actions.extend([take_back(number, "S-1"), cancel(number)]);
    actions.push(transfer("tea", "north", "south", "3"));
    let mut sequences = vec![world.sequence];
    for action in actions {
        world.ok(action);
        sequences.push(world.sequence);
    }
    let transfer = *sequences.last().expect("begun");
    world.ok(receive_transfer(transfer, None));
    sequences.push(world.sequence);
    world.ok(sell("tea@north", "1"));
    let sale = world.sequence;
    world.ok(reverse(sale, 0));
    sequences.push(world.sequence);
    for sequence in sequences {
        told.push(world.no(reverse(sequence, 0)));
    }
    let expected = [
        "Reserve",
        "Confirm",
        "Fulfil",
        "Unfulfil",
        "Release",
        "TransferOut",
        "TransferIn",
        "Reversal",
    ];
    let expected = expected.map(|kind| std::format!("NotReversible(Some({kind}))"));
    assert_eq!(told, expected);
}

#[test]
fn what_moved_nothing_cannot_be_reversed() {
    let mut world = World::stocked("tea@north 9");
    world.ok(count("tea@north", "9"));
    assert_eq!(world.no(reverse(world.sequence, 0)), "NotReversible(None)");
    world.untracked("gift");
    world.ok(sell("gift@north", "1"));
    assert_eq!(world.no(reverse(world.sequence, 0)), "NotReversible(None)");
}

/// "unknown → 404 `UNKNOWN_TRANSACTION`".
#[test]
fn a_movement_that_never_was_is_unknown() {
    let mut world = World::stocked("tea@north 9");
    let last = world.sequence;
    for (sequence, place) in [(0, 0), (last, 1), (last, u32::MAX), (last + 1, 0), (u64::MAX, 0)] {
        assert_eq!(world.no(reverse(sequence, place)), "UnknownTransaction", "{sequence}-{place}");
    }
    let mut other = World::command(reverse(last, 0));
    other.tenant = crate::ids::TenantId::parse("other").expect("valid");
    assert_eq!(world.send(&other).err(), Some(Rejection::UnknownTransaction));
}

/// A reversal is a wish: it is refused when the stock is not there any more.
#[test]
fn what_came_in_and_went_cannot_be_taken_out() {
    let mut world = World::new();
    world.ok(receive("tea@north", "5"));
    let receipt = world.sequence;
    world.ok(sell("tea@north", "1"));
    assert_eq!(world.no(reverse(receipt, 0)), "InsufficientStock: tea@north 5 of 4");
    world.hold("tea 1");
    assert_eq!(world.no(reverse(receipt, 0)), "InsufficientStock: tea@north 5 of 3");
    world.receive("tea@north 2");
    world.ok(reverse(receipt, 0));
    assert_eq!(world.at("tea@north"), "reserved 1");
}

/// Each movement of a record by itself.
#[test]
fn a_forced_adjustment_has_two_movements() {
    let mut world = World::stocked("tea@north 9");
    world.ok(adjust("tea@north", Damaged, "2"));
    world.ok(force("tea@north", Damaged, "-3"));
    let forced = world.sequence;
    assert_eq!(world.at("tea@north"), "available 8");
    world.ok(reverse(forced, 1));
    assert_eq!(world.at("tea@north"), "available 9");
    world.ok(reverse(forced, 0));
    assert_eq!(world.at("tea@north"), "available 9, damaged 2");
    assert!(world.no(reverse(forced, 1)).starts_with("AlreadyReversed"));
}

/// Two reversals that looked for the same movement before either was decided: one of them acts.
#[test]
fn two_that_race_act_once() {
    let mut world = World::stocked("tea@north 9");
    let receipt = world.sequence;
    let command = World::command(reverse(receipt, 0));
    let asked = world.decide(&command);
    assert_eq!(asked, Ok(Decision::Recall(Recall::Record(receipt))));
    // Both have searched the log now, and neither found a reversal.
    let found = [world.read(receipt), world.read(receipt)];
    for (at, record) in found.into_iter().enumerate() {
        // Memory may even have let the record go in between.
        let now = world.now();
        world.stock.recall_record(receipt, record, now);
        let told = world.stock.decide(
            &command,
            Recalled::Searched(Sought::Record),
            now,
            world.sequence + 1,
        );
        match (at, told) {
            (0, Ok(Decision::Change(change))) => world.apply(&change),
            (1, Err(Rejection::AlreadyReversed { by })) => assert_eq!(by, world.sequence),
            (_, other) => panic!("{other:?}"),
        }
    }
}

/// After a restart memory knows nothing of it, and the log does.
#[test]
fn the_log_knows_what_memory_forgot() {
    let mut world = World::stocked("tea@north 9");
    let receipt = world.sequence;
    world.ok(reverse(receipt, 0));
    world.now += 100_000;
    let now = world.now();
    world.stock.forget(now, 100, u64::MAX);
    assert!(world.stock.records.get(receipt).is_none());
    let told = world.no(reverse(receipt, 0));
    assert_eq!(told, std::format!("AlreadyReversed {{ by: {} }}", world.sequence));
}

/// A return that was none no longer counts against what was shipped on its order.
#[test]
fn a_reversed_return_does_not_count() {
    let mut world = World::stocked("tea@north 9");
    let number = world.made(reserve_with("tea@north 1", |wish| {
        wish.order = Some(reference("O-1"));
    }));
    world.ok(fulfil(number));
    world.ok(give_back_of("tea@north", "1", "O-1"));
    let back = world.sequence;
    let change = world.ok(reverse(back, 0));
    let order = change.detail.as_ref().and_then(|detail| detail.order.clone());
    assert_eq!(order, Some(reference("O-1")));
    assert!(!world.ok(give_back_of("tea@north", "1", "O-1")).exceeds_shipped);
    assert!(world.ok(give_back_of("tea@north", "1", "O-1")).exceeds_shipped);
}

#[test]
fn an_archived_item_is_left_alone_and_a_key_answers_again() {
    let mut world = World::stocked("tea@north 3");
    let receipt = world.sequence;
    let mut command = World::command(reverse(receipt, 0));
    command.key = Some([7; 16]);
    let Ok(Answer::Change(_)) = world.send(&command) else { panic!("not done") };
    let done = world.sequence;
    assert!(matches!(world.send(&command), Ok(Answer::Repeat(sequence)) if sequence == done));
    world.ok(sell("tea@north", "1"));
    let sale = world.sequence;
    world.ok(set_to("tea@north", "0"));
    world.ok(archive("tea"));
    assert_eq!(world.no(reverse(sale, 0)), "ItemArchived: tea");
    let told = text::outcome(&world.run(transfer_with("tea", "north", "south", "1", Force::Wish)));
    assert_eq!(told, "ItemArchived: tea");
}

//! Every reason to refuse is given by some command.

use alloc::collections::BTreeSet;
use std::vec::Vec;

use super::actions::*;
use super::world::World;
use crate::command::Action;
use crate::position::Bucket::{Available, Damaged};
use crate::rejection::Rejection;
use crate::upkeep::{Bury, Retry, Upkeep};

/// A name for each variant, and the list of all names: a new variant does not compile until it stands
/// here, and then fails until a command below is refused with it.
macro_rules! rejections {
    ($($pattern:pat => $name:literal,)*) => {
        const ALL: &[&str] = &[$($name),*];

        fn name(rejection: &Rejection) -> &'static str {
            match rejection { $($pattern => $name,)* }
        }
    };
}

rejections! {
    Rejection::UnknownItem(_) => "UnknownItem",
    Rejection::UnknownLocation(_) => "UnknownLocation",
    Rejection::UnknownPosition { .. } => "UnknownPosition",
    Rejection::UnknownBin { .. } => "UnknownBin",
    Rejection::UnknownLot(_) => "UnknownLot",
    Rejection::UnknownReservation => "UnknownReservation",
    Rejection::UnknownTransfer => "UnknownTransfer",
    Rejection::UnknownDeadLetter => "UnknownDeadLetter",
    Rejection::LetterSettled(_) => "LetterSettled",
    Rejection::ItemArchived(_) => "ItemArchived",
    Rejection::LocationInactive(_) => "LocationInactive",
    Rejection::NotTracked(_) => "NotTracked",
    Rejection::InsufficientStock(_) => "InsufficientStock",
    Rejection::Stale { .. } => "Stale",
    Rejection::StockNotZero { .. } => "StockNotZero",
    Rejection::ReservationExpired { .. } => "ReservationExpired",
    Rejection::InvalidState(_) => "InvalidState",
    Rejection::InvalidTransferState(_) => "InvalidTransferState",
    Rejection::BelowFulfilled { .. } => "BelowFulfilled",
    Rejection::ExceedsOpen { .. } => "ExceedsOpen",
    Rejection::AmbiguousLine(_) => "AmbiguousLine",
    Rejection::KeyReused => "KeyReused",
    Rejection::TimeAhead { .. } => "TimeAhead",
    Rejection::QuantityOverflow => "QuantityOverflow",
    Rejection::LimitExceeded { .. } => "LimitExceeded",
}

/// Something of everything.
fn world() -> World {
    let mut world = World::stocked("tea@a 10, tea@b 10, pot@a 1");
    world.untracked("card");
    world.ok(put_item("old", |_| {}));
    world.ok(archive("old"));
    world.ok(put_location("closed", |_| {}));
    world.close("closed");
    world
}

/// A dead letter that was given up.
fn buried(world: &mut World) -> u64 {
    let fault = crate::dead_letter::Fault::of("UNREADABLE", "no JSON");
    let bury = Bury { fault, attempts: 1, first_failed_at: None, unsent: None };
    world.ok(Action::Upkeep(alloc::boxed::Box::new(Upkeep::Bury(bury))));
    let letter = world.sequence;
    let discard = Upkeep::Discard { letter, reason: None };
    world.ok(Action::Upkeep(alloc::boxed::Box::new(discard)));
    letter
}

fn refused_actions(world: &mut World) -> Vec<Action> {
    let partly = world.hold("tea 15");
    world.ok(ship(partly, "tea@a 10"));
    let ended = world.hold("pot 1");
    world.ok(cancel(ended));
    let late = world.made(reserve_with("pot 1", |wish| wish.ttl_ms = Some(1)));
    let transfer_id = world.ok(transfer("tea", "b", "a", "1")).transfer.expect("one").number;
    world.ok(cancel_transfer(transfer_id));
    let split = {
        world.receive("tea@a 10");
        world.hold("tea 12")
    };
    world.now += 1;
    let many: std::string::String =
        (0..1_001).map(|number| std::format!("card@l-{number} 1, ")).collect();
    for number in 0..1_001 {
        world.ok(put_location(&std::format!("l-{number}"), |_| {}));
    }
    let letter = buried(world);
    let retry = |letter| {
        let retry = Upkeep::Retry { letter, with: Retry::Done };
        Action::Upkeep(alloc::boxed::Box::new(retry))
    };
    std::vec![
        retry(9_999_999),
        retry(letter),
        reserve("ghost 1"),
        reserve("tea@nowhere 1"),
        shift("pot@b", "1", Available, Damaged),
        assign_bin("tea@a", "none"),
        confirm(9_999_999),
        cancel_transfer(9_999_999),
        receive("old@a", "1"),
        reserve("tea@closed 1"),
        count("card@a", "1"),
        reserve("tea 1000"),
        count_expecting("tea@a", "1", Some(99)),
        archive("tea"),
        confirm(late),
        confirm(ended),
        cancel_transfer(transfer_id),
        set_lines(partly, "tea@a 9"),
        cancel_lines(partly, "tea 100"),
        set_lines(split, "tea 3"),
        receive_at("tea@a", "1", i64::MAX),
        reserve(&std::format!("{}tea@a 1", "tea@a 1000000000000, ".repeat(10))),
        reserve(&many),
    ]
}

#[test]
fn every_rejection_is_reached() {
    let mut world = world();
    let mut reached = BTreeSet::new();
    for action in refused_actions(&mut world) {
        let told = std::format!("{action:?}");
        match world.run(action) {
            Ok(change) => panic!("{told}: {:?}", change.cause),
            Err(refused) => reached.insert(name(&refused)),
        };
    }
    let keyed = |quantity: &str| crate::command::Command {
        key: Some([1; 16]),
        ..World::command(receive("tea@a", quantity))
    };
    world.send(&keyed("1")).expect("the first");
    reached.insert(name(&world.send(&keyed("2")).expect_err("reused")));
    assert_eq!(reached, ALL.iter().copied().collect());
}

/// Which refusals bind their key: what the writer decided does, what the caller must mend does not.
#[test]
fn what_the_caller_must_mend_does_not_bind() {
    let mut world = world();
    let mut free = BTreeSet::from(["KeyReused"]);
    for action in refused_actions(&mut world) {
        let refused = world.run(action).expect_err("refused");
        if !refused.binds() {
            free.insert(name(&refused));
        }
    }
    let expected = ["AmbiguousLine", "KeyReused", "LimitExceeded", "QuantityOverflow", "TimeAhead"];
    assert_eq!(free, BTreeSet::from(expected));
}

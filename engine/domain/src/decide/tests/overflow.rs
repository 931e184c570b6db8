//! Figures near the end of what fits: refused, never a panic, never a wrong sum.

use super::actions::{
    cancel_transfer, count, force, give_back, receive, reserve, sell, set_lines, shift, transfer,
};
use super::text;
use super::world::World;
use crate::command::{Action, Backorder, StockEntry};
use crate::position::Bucket::{Available, Damaged};
use crate::quantity::{INPUT_MAX, Quantity};

const LARGEST: &str = "1000000000000";

/// As full as it gets by whole input.
fn full() -> World {
    let mut world = World::new();
    for _ in 0..9 {
        world.receive(&std::format!("tea@north {LARGEST}"));
    }
    world
}

#[test]
fn sums_that_do_not_fit_are_refused() {
    let mut world = full();
    let before = world.at("tea@north");
    for action in [
        receive("tea@north", LARGEST),
        give_back("tea@north", LARGEST, None),
        super::actions::adjust("tea@north", Damaged, LARGEST),
    ] {
        assert_eq!(world.no(action), "QuantityOverflow");
    }
    assert_eq!(world.at("tea@north"), before);
    world.ok(shift("tea@north", LARGEST, Available, Damaged));
    assert_eq!(world.no(receive("tea@north", LARGEST)), "QuantityOverflow");
    world.hold(&std::format!("tea {LARGEST}"));
    world.ok(count("tea@north", "0"));
}

#[test]
fn differences_that_do_not_fit_are_refused() {
    let mut world = World::new();
    for _ in 0..9 {
        world.ok(sell("tea@north", LARGEST));
    }
    for action in [
        sell("tea@north", LARGEST),
        force("tea@north", Available, "-1000000000000"),
        super::actions::reserve_with("tea@north 1000000000000", |wish| {
            wish.backorder = Backorder::Always;
        }),
    ] {
        assert_eq!(world.no(action), "QuantityOverflow");
    }
}

/// Lines that are summed, and lines that grow.
#[test]
fn sums_of_lines_that_do_not_fit_are_refused() {
    let mut world = full();
    let many: std::string::String =
        (0..10).map(|_| std::format!("tea@north {LARGEST}, ")).collect();
    assert_eq!(world.no(reserve(&many)), "QuantityOverflow");
    let number = world.hold("tea 1");
    assert_eq!(world.no(set_lines(number, &many)), "QuantityOverflow");
    assert_eq!(world.no(super::actions::ship(number, &many)), "QuantityOverflow");
    assert_eq!(world.no(super::actions::cancel_lines(number, &many)), "QuantityOverflow");
}

/// What comes back from a transfer may find its origin full.
#[test]
fn a_transfer_waits_until_there_is_room() {
    let mut world = full();
    let number = world.ok(transfer("tea", "north", "south", "5")).transfer.expect("one").number;
    let entry = |millionths| {
        let place = text::place("tea@north");
        let quantity = Quantity::from_millionths(millionths);
        Action::Receive(StockEntry { place, quantity, detail: None })
    };
    let left = i64::MAX - (9 * INPUT_MAX - Quantity::units(5).millionths());
    world.ok(entry(left));
    assert_eq!(world.no(entry(1)), "QuantityOverflow");
    assert_eq!(world.no(cancel_transfer(number)), "QuantityOverflow");
    world.ok(super::actions::receive_transfer(number, None));
    // A hold is given back however full it is.
    let number = world.hold("tea@north 5");
    world.ok(super::actions::cancel(number));
}

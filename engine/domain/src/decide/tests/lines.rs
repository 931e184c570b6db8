//! Setting the lines of a reservation.

use super::actions::{
    cancel, cancel_lines, confirm, fulfil, policy, reserve, sell, set_lines, set_policy, ship,
};
use super::world::World;

/// Ten `tea` and ten `pot` at `north`; four of each are held.
fn four_of_each() -> (World, u64) {
    let mut world = World::stocked("tea@north 10, pot@north 10");
    let number = world.hold("tea@north 4, pot@north 4");
    (world, number)
}

#[track_caller]
fn check(lines: &str, expected: &str) {
    let (mut world, number) = four_of_each();
    world.receive("tea@south 5, cup@north 2");
    let told = match world.run(set_lines(number, lines)) {
        Ok(_) => world.held(number),
        Err(refused) => super::text::rejection(&refused),
    };
    assert_eq!(told, expected, "{lines}");
}

/// "sets the quantities of the lines named, in place, all or nothing (also new items and places; 0
/// releases; others stay)".
#[test]
fn lines_are_set_in_place() {
    check("tea@north 7", "ACTIVE: tea@north 7, pot@north 4");
    check("tea@north 1", "ACTIVE: tea@north 1, pot@north 4");
    check("tea 10", "ACTIVE: tea@north 10, pot@north 4");
    check("tea 4", "ACTIVE: tea@north 4, pot@north 4");
    check("tea>south 5", "ACTIVE: tea@north 5, pot@north 4");
    check("tea 0", "ACTIVE: tea@north 0, pot@north 4");
    check("tea 0, pot 0", "CANCELLED: tea@north 0, pot@north 0");
    check("cup 2", "ACTIVE: tea@north 4, pot@north 4, cup@north 2");
    check("tea@south 5", "ACTIVE: tea@north 4, pot@north 4, tea@south 5");
    check("tea@south 0", "ACTIVE: tea@north 4, pot@north 4");
    check("cup 0", "ACTIVE: tea@north 4, pot@north 4");
    check("tea 11", "InsufficientStock: tea@north 11 of 10");
    check("tea@south 6", "InsufficientStock: tea@south 6 of 5");
    check("cup 3", "InsufficientStock: cup 3 of 2");
    check("pot 1, tea 11", "InsufficientStock: tea@north 11 of 10");
    check("ghost 1", "UnknownItem: ghost");
    check("tea@nowhere 1", "UnknownLocation: nowhere");
}

/// "Lines for the same position are summed first", however they name it.
#[test]
fn wishes_for_the_same_line_are_summed() {
    check("tea 3, tea 4", "ACTIVE: tea@north 7, pot@north 4");
    check("tea@north 3, tea 4", "ACTIVE: tea@north 7, pot@north 4");
    check("tea@north 6, tea 6", "InsufficientStock: tea@north 12 of 10");
    check("cup 1, cup 1", "ACTIVE: tea@north 4, pot@north 4, cup@north 2");
    check("cup 1, cup@north 1", "ACTIVE: tea@north 4, pot@north 4, cup@north 2");
}

/// "The caller's own hold never blocks the caller."
#[test]
fn what_is_given_back_is_free_for_the_other_lines() {
    let mut world = World::stocked("tea@a 5, tea@b 5");
    let number = world.hold("tea@a 5, tea@b 2");
    world.hold("tea@b 3");
    // Only what the first line gives back can serve it.
    world.ok(set_lines(number, "tea@b 0, tea@a 5"));
    world.ok(set_lines(number, "tea@a 1, tea@b 2"));
    assert_eq!(world.held(number), "ACTIVE: tea@a 1, tea@b 2");
    let (mut world, number) = four_of_each();
    world.hold("tea 6");
    world.ok(set_lines(number, "tea 4"));
    assert_eq!(world.no(set_lines(number, "tea 5")), "InsufficientStock: tea@north 5 of 4");
}

/// "ACTIVE or CONFIRMED"; what ended is not set.
#[test]
fn only_what_is_open_is_set() {
    let (mut world, number) = four_of_each();
    world.ok(confirm(number));
    world.ok(set_lines(number, "tea 6, pot 1"));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6, pot@north 1");
    assert_eq!(world.at("tea@north"), "available 4, committed 6");
    assert_eq!(world.at("pot@north"), "available 9, committed 1");
    world.ok(fulfil(number));
    assert_eq!(world.no(set_lines(number, "tea 7")), "InvalidState: Fulfilled");
    let number = world.hold("tea 1");
    world.ok(cancel(number));
    assert_eq!(world.no(set_lines(number, "tea 7")), "InvalidState: Cancelled");
}

/// "below what is fulfilled: 409 `BELOW_FULFILLED`".
#[test]
fn a_line_is_not_set_below_what_is_fulfilled() {
    let (mut world, number) = four_of_each();
    world.ok(ship(number, "tea@north 3"));
    assert_eq!(world.no(set_lines(number, "tea 2.999999")), "BelowFulfilled: tea 2.999999 below 3");
    assert_eq!(world.no(set_lines(number, "tea 0")), "BelowFulfilled: tea 0 below 3");
    world.ok(set_lines(number, "tea 3"));
    assert_eq!(world.held(number), "ACTIVE: tea@north 3 (shipped 3), pot@north 4");
    assert_eq!(world.at("tea@north"), "available 7");
    // What is short is told as the whole quantity that could be set.
    assert_eq!(world.no(set_lines(number, "tea 11")), "InsufficientStock: tea@north 11 of 10");
    world.ok(set_lines(number, "pot 0"));
    assert_eq!(world.held(number), "FULFILLED: tea@north 3 (shipped 3), pot@north 0");
}

/// "`released` of these lines starts at 0 again".
#[test]
fn what_was_released_starts_at_zero_again() {
    let (mut world, number) = four_of_each();
    world.ok(cancel_lines(number, "tea 1, pot 1"));
    assert_eq!(world.held(number), "ACTIVE: tea@north 4 (released 1), pot@north 4 (released 1)");
    world.ok(set_lines(number, "tea 4"));
    assert_eq!(world.held(number), "ACTIVE: tea@north 4, pot@north 4 (released 1)");
    assert_eq!(world.at("tea@north"), "available 6, reserved 4");
    world.ok(set_lines(number, "pot 3"));
    assert_eq!(world.held(number), "ACTIVE: tea@north 4, pot@north 3");
    assert_eq!(world.at("pot@north"), "available 7, reserved 3");
}

/// Two lines of the item are open: the caller must name the location.
#[test]
fn a_line_that_may_be_two_is_ambiguous() {
    let mut world = World::stocked("tea@a 5, tea@b 5");
    let number = world.hold("tea 8");
    assert_eq!(world.held(number), "ACTIVE: tea@a 5, tea@b 3");
    assert_eq!(world.no(set_lines(number, "tea 2")), "AmbiguousLine: tea");
    world.ok(set_lines(number, "tea@b 0"));
    // A spent line does not make it ambiguous any more …
    world.ok(set_lines(number, "tea 2"));
    assert_eq!(world.held(number), "ACTIVE: tea@a 2, tea@b 0");
    // … and is used again when it is named.
    world.ok(set_lines(number, "tea@b 1"));
    assert_eq!(world.held(number), "ACTIVE: tea@a 2, tea@b 1");
}

/// A closed location keeps its promises and takes no new ones: "neither counted as sellable".
#[test]
fn a_line_at_a_closed_location_does_not_grow() {
    let (mut world, number) = four_of_each();
    world.close("north");
    assert_eq!(world.no(set_lines(number, "tea 5")), "LocationInactive: north");
    assert_eq!(world.no(set_lines(number, "tea@north 5")), "LocationInactive: north");
    world.ok(set_lines(number, "tea 3"));
    assert_eq!(world.held(number), "ACTIVE: tea@north 3, pot@north 4");
}

/// Growing respects safety stock and backorder room like making does.
#[test]
fn growing_follows_the_policy() {
    let (mut world, number) = four_of_each();
    world.ok(set_policy("tea@north", policy("safety 2")));
    assert_eq!(world.no(set_lines(number, "tea 9")), "InsufficientStock: tea@north 9 of 8");
    world.ok(set_policy("tea@north", policy("backorder 3")));
    world.ok(set_lines(number, "tea 13"));
    assert_eq!(world.at("tea@north"), "available -3, reserved 13");
    // Shrinking is never refused, not even when nothing is there.
    world.ok(sell("tea@north", "10"));
    world.ok(set_lines(number, "tea 12"));
    assert_eq!(world.no(reserve("tea 1")), "InsufficientStock: tea 1 of 0");
}

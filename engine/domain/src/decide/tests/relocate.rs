//! Moving promises to other locations.

use super::actions::{
    cancel, cancel_lines, confirm, fulfil, policy, put_location, relocate, reserve_with, sell,
    set_policy, ship,
};
use super::world::World;
use crate::change::{Cause, MovementKind};

/// Ten `tea` and ten `pot` at `north`, of which four each are held; five `tea` at `south`.
fn four_of_each() -> (World, u64) {
    let mut world = World::stocked("tea@north 10, pot@north 10");
    let number = world.hold("tea@north 4, pot@north 4");
    world.receive("tea@south 5");
    world.ok(put_location("far", |_| {}));
    (world, number)
}

#[track_caller]
fn check(lines: &str, expected: &str) {
    let (mut world, number) = four_of_each();
    let told = match world.run(relocate(number, lines)) {
        Ok(_) => world.held(number),
        Err(refused) => super::text::rejection(&refused),
    };
    assert_eq!(told, expected, "{lines}");
}

/// "moves a live promise to another location in one step".
#[test]
fn promises_move_all_or_nothing() {
    check("tea north>south 4", "ACTIVE: tea@south 4, pot@north 4");
    check("tea north>south all", "ACTIVE: tea@south 4, pot@north 4");
    check("tea north>south 1.5", "ACTIVE: tea@north 2.5, tea@south 1.5, pot@north 4");
    check("tea north>south 1, tea north>south 2", "ACTIVE: tea@north 1, tea@south 3, pot@north 4");
    check("tea north>south all, tea north>south 2", "ACTIVE: tea@south 4, pot@north 4");
    check("tea north>north 2", "ACTIVE: tea@north 4, pot@north 4");
    check("tea north>south 4.1", "ExceedsOpen: tea 4.1 of 4");
    check("tea north>south 3, tea north>south 2", "ExceedsOpen: tea 2 of 1");
    check("tea south>north 1", "ExceedsOpen: tea 1 of 0");
    check("tea south>north all", "ExceedsOpen: tea 0 of 0");
    check("pot north>south 1", "InsufficientStock: pot@south 1 of 0");
    check("pot north>far all", "InsufficientStock: pot@far 4 of 0");
    check("tea north>south 1, pot north>far 2", "InsufficientStock: pot@far 2 of 0");
    check("ghost north>south 1", "UnknownItem: ghost");
    check("tea nowhere>south 1", "UnknownLocation: nowhere");
    check("tea north>nowhere 1", "UnknownLocation: nowhere");
}

/// "refused when the stock is not there": each short line is told.
#[test]
fn all_shortages_are_told() {
    let (mut world, number) = four_of_each();
    world.ok(sell("tea@south", "3"));
    let told = world.no(relocate(number, "tea north>south 3, pot north>south 4"));
    assert_eq!(told, "InsufficientStock: tea@south 3 of 2, pot@south 4 of 0");
    assert_eq!(world.at("tea@north"), "available 6, reserved 4");
}

#[test]
fn stock_follows_the_promise() {
    let (mut world, number) = four_of_each();
    let change = world.ok(relocate(number, "tea north>south 3"));
    assert_eq!(change.cause, Cause::Relocated);
    let kinds: std::vec::Vec<_> = change.movements.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [MovementKind::Release, MovementKind::Reserve]);
    assert_eq!(world.at("tea@north"), "available 9, reserved 1");
    assert_eq!(world.at("tea@south"), "available 2, reserved 3");
    world.ok(confirm(number));
    world.ok(relocate(number, "tea south>north all"));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 4, pot@north 4");
    assert_eq!(world.at("tea@north"), "available 6, committed 4");
    assert_eq!(world.at("tea@south"), "available 5");
}

/// "The caller's own hold never blocks the caller": what is swapped needs no room beside it.
#[test]
fn two_promises_may_change_places() {
    let mut world = World::stocked("tea@a 2, tea@b 2");
    let number = world.hold("tea@a 2, tea@b 1");
    world.ok(relocate(number, "tea a>b 2, tea b>a 1"));
    assert_eq!(world.held(number), "ACTIVE: tea@b 2, tea@a 1");
    assert_eq!(world.no(relocate(number, "tea a>b 1")), "InsufficientStock: tea@b 1 of 0");
}

/// What was shipped or given back stays where it was.
#[test]
fn only_what_is_open_moves() {
    let (mut world, number) = four_of_each();
    world.ok(ship(number, "tea@north 1"));
    world.ok(cancel_lines(number, "tea@north 1"));
    assert_eq!(world.no(relocate(number, "tea north>south 3")), "ExceedsOpen: tea 3 of 2");
    world.ok(relocate(number, "tea north>south all"));
    let lines = "tea@north 2 (shipped 1, released 1), tea@south 2, pot@north 4";
    assert_eq!(world.held(number), std::format!("ACTIVE: {lines}"));
}

/// "naming it in a reservation: 409 `LOCATION_INACTIVE`".
#[test]
fn a_closed_location_takes_no_promise_but_gives_its_own_away() {
    let (mut world, number) = four_of_each();
    world.close("south");
    assert_eq!(world.no(relocate(number, "tea north>south 1")), "LocationInactive: south");
    let (mut world, number) = four_of_each();
    world.close("north");
    world.ok(relocate(number, "tea north>south all"));
    assert_eq!(world.held(number), "ACTIVE: tea@south 4, pot@north 4");
}

/// Backorder room counts as for new lines.
#[test]
fn granted_room_serves_a_relocation() {
    let (mut world, number) = four_of_each();
    world.ok(set_policy("pot@south", policy("backorder 3")));
    assert_eq!(
        world.no(relocate(number, "pot north>south 4")),
        "InsufficientStock: pot@south 4 of 3"
    );
    world.ok(relocate(number, "pot north>south 3"));
    assert_eq!(world.at("pot@south"), "available -3, reserved 3");
}

#[test]
fn untracked_lines_move_without_stock() {
    let mut world = World::stocked("pot@north 1, pot@south 1");
    world.untracked("gift");
    let number = world.hold("gift@north 2");
    let change = world.ok(relocate(number, "gift north>south all"));
    assert_eq!(world.held(number), "ACTIVE: gift@south 2");
    assert!(change.movements.is_empty());
}

/// As for `lines`: 409 `RESERVATION_EXPIRED` / `INVALID_STATE`.
#[test]
fn what_has_ended_does_not_move() {
    let (mut world, number) = four_of_each();
    world.ok(fulfil(number));
    assert_eq!(world.no(relocate(number, "tea north>south all")), "InvalidState: Fulfilled");
    let (mut world, number) = four_of_each();
    world.ok(cancel(number));
    assert_eq!(world.no(relocate(number, "tea north>south all")), "InvalidState: Cancelled");
    let mut world = World::stocked("tea@north 1, tea@south 1");
    let number = world.made(reserve_with("tea@north 1", |wish| wish.ttl_ms = Some(10)));
    world.now += 10;
    world.expire_due();
    assert_eq!(world.no(relocate(number, "tea north>south all")), "ReservationExpired: 1010");
}

/// A due hold in the way is expired first.
#[test]
fn a_due_hold_is_not_in_the_way() {
    let mut world = World::stocked("tea@south 2");
    world.made(reserve_with("tea@south 2", |wish| wish.ttl_ms = Some(10)));
    world.receive("tea@north 2");
    let number = world.hold("tea@north 2");
    world.now += 10;
    world.ok(relocate(number, "tea north>south all"));
    assert_eq!(world.held(number), "ACTIVE: tea@south 2");
}

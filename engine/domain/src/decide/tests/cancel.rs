//! Releasing reservations.

use super::actions::{cancel, cancel_lines, confirm, fulfil, ship};
use super::world::{Answer, World};

fn six_held() -> (World, u64) {
    let mut world = World::stocked("tea@north 10");
    let number = world.hold("tea 6");
    (world, number)
}

/// "releases what is open".
#[test]
fn cancelling_releases_what_is_open() {
    let (mut world, number) = six_held();
    let change = world.ok(cancel(number));
    assert_eq!(world.held(number), "CANCELLED: tea@north 6 (released 6)");
    assert_eq!(world.at("tea@north"), "available 10");
    assert_eq!(change.released.len(), 1);
    let (mut world, number) = six_held();
    world.ok(confirm(number));
    world.ok(cancel(number));
    assert_eq!(world.at("tea@north"), "available 10");
}

/// "Nothing open and something shipped: `FULFILLED`".
#[test]
fn cancelling_the_rest_of_what_was_shipped_ends_it_fulfilled() {
    let (mut world, number) = six_held();
    world.ok(ship(number, "tea@north 2"));
    world.ok(cancel(number));
    assert_eq!(world.held(number), "FULFILLED: tea@north 6 (shipped 2, released 4)");
    assert_eq!(world.at("tea@north"), "available 8");
}

#[test]
fn parts_are_cancelled_until_nothing_is_left() {
    let (mut world, number) = six_held();
    world.ok(cancel_lines(number, "tea@north 2"));
    assert_eq!(world.held(number), "ACTIVE: tea@north 6 (released 2)");
    assert_eq!(world.at("tea@north"), "available 6, reserved 4");
    world.ok(cancel_lines(number, "tea 1, tea 3"));
    assert_eq!(world.held(number), "CANCELLED: tea@north 6 (released 6)");
}

/// "more than is open: 409 `EXCEEDS_OPEN`".
#[test]
fn more_than_is_open_is_not_cancelled() {
    let (mut world, number) = six_held();
    world.receive("tea@south 1, pot@north 1");
    for (lines, expected) in [
        ("tea 6.000001", "ExceedsOpen: tea 6.000001 of 6"),
        ("tea@north 4, tea@north 3", "ExceedsOpen: tea 7 of 6"),
        ("tea@north 4, tea 3", "ExceedsOpen: tea 3 of 2"),
        ("tea@south 1", "ExceedsOpen: tea 1 of 0"),
        ("pot 1", "ExceedsOpen: pot 1 of 0"),
        ("ghost 1", "UnknownItem: ghost"),
        ("tea@nowhere 1", "UnknownLocation: nowhere"),
    ] {
        assert_eq!(world.no(cancel_lines(number, lines)), expected, "{lines}");
    }
    world.ok(ship(number, "tea@north 2"));
    assert_eq!(world.no(cancel_lines(number, "tea 5")), "ExceedsOpen: tea 5 of 4");
    world.ok(cancel_lines(number, "tea 4"));
    assert_eq!(world.held(number), "FULFILLED: tea@north 6 (shipped 2, released 4)");
}

/// A line without a location means any of the item's lines, in their order, after those that are named.
#[test]
fn lines_that_name_no_location_take_what_the_others_leave() {
    let mut world = World::stocked("tea@a 5, tea@b 3");
    let number = world.hold("tea 8");
    world.ok(cancel_lines(number, "tea 5, tea@a 2"));
    assert_eq!(world.held(number), "ACTIVE: tea@a 5 (released 5), tea@b 3 (released 2)");
}

/// "already cancelled or expired: 200, unchanged; all shipped: 409 `INVALID_STATE`".
#[test]
fn what_has_ended_is_not_cancelled_again() {
    let (mut world, number) = six_held();
    world.ok(cancel(number));
    for again in [cancel(number), cancel_lines(number, "tea 1")] {
        let answer = world.send(&World::command(again));
        let Ok(Answer::Unchanged(held)) = answer else { panic!("{answer:?}") };
        assert_eq!(held.version, 2);
    }
    let shipped = world.hold("tea 1");
    world.ok(fulfil(shipped));
    assert_eq!(world.no(cancel(shipped)), "InvalidState: Fulfilled");
}

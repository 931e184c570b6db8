//! Shipping reservations.

use super::actions::{
    cancel, confirm, fulfil, fulfil_with, reference, remove, sell, ship, transfer,
};
use super::text;
use super::world::{Answer, World};
use crate::command::{Action, Force, Rest};

/// Ten at `north`, three at `south`; six are held at `north`, confirmed.
fn six_confirmed() -> (World, u64) {
    let mut world = World::stocked("tea@north 10, tea@south 3");
    let number = world.hold("tea@north 6");
    world.ok(confirm(number));
    (world, number)
}

/// "ships all or part, also straight from ACTIVE".
#[test]
fn all_or_part_is_shipped() {
    let (mut world, number) = six_confirmed();
    world.ok(ship(number, "tea@north 2"));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6 (shipped 2)");
    assert_eq!(world.at("tea@north"), "available 4, committed 4");
    world.ok(fulfil(number));
    assert_eq!(world.held(number), "FULFILLED: tea@north 6 (shipped 6)");
    assert_eq!(world.at("tea@north"), "available 4");
    let active = world.hold("tea@north 3");
    world.ok(ship(active, "tea@north 1"));
    assert_eq!(world.held(active), "ACTIVE: tea@north 3 (shipped 1)");
    assert_eq!(world.at("tea@north"), "available 1, reserved 2");
    world.ok(fulfil(active));
    assert_eq!(world.at("tea@north"), "available 1");
}

/// "and from another location than reserved": the hold is given back where it lay.
#[test]
fn goods_may_leave_from_elsewhere() {
    let (mut world, number) = six_confirmed();
    let change = world.ok(ship(number, "tea@south 2"));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6 (shipped 2)");
    assert_eq!(world.at("tea@south"), "available 1");
    assert_eq!(world.at("tea@north"), "available 6, committed 4");
    let from = change.shipped[0].position.expect("from somewhere");
    assert_eq!(text::position(&world.stock, from), "tea@south");
    assert_eq!(world.no(ship(number, "tea@south 2")), "InsufficientStock: tea@south 2 of 1");
    assert_eq!(world.no(ship(number, "tea@nowhere 1")), "UnknownLocation: nowhere");
    // What others were promised there is not free.
    world.hold("tea@south 1");
    assert_eq!(world.no(ship(number, "tea@south 1")), "InsufficientStock: tea@south 1 of 0");
}

/// What is held at a place leaves from there before anything is taken from elsewhere.
#[test]
fn own_holds_are_used_first_whatever_the_order_of_the_lines() {
    for lines in
        ["tea@c 2, tea@a 3, tea@b 3", "tea@b 3, tea@c 2, tea@a 3", "tea@a 3, tea@b 3, tea@c 2"]
    {
        let mut world = World::stocked("tea@a 5, tea@b 3, tea@c 9");
        let number = world.hold("tea@a 5, tea@b 3");
        world.ok(ship(number, lines));
        assert_eq!(world.held(number), "FULFILLED: tea@a 5 (shipped 5), tea@b 3 (shipped 3)");
        let shelves = [world.at("tea@a"), world.at("tea@b"), world.at("tea@c")];
        assert_eq!(shelves, ["available 2", "empty", "available 7"], "{lines}");
    }
}

/// "more than is open: 409 `EXCEEDS_OPEN`": of the item, wherever it leaves from.
#[test]
fn more_than_is_open_is_not_shipped() {
    let (mut world, number) = six_confirmed();
    world.receive("pot@north 5");
    for (lines, expected) in [
        ("tea@north 6.000001", "ExceedsOpen: tea 6.000001 of 6"),
        ("tea@north 4, tea@south 3", "ExceedsOpen: tea 7 of 6"),
        ("tea@north 4, tea@north 3", "ExceedsOpen: tea 7 of 6"),
        ("pot@north 1", "ExceedsOpen: pot 1 of 0"),
        ("ghost@north 1", "UnknownItem: ghost"),
    ] {
        assert_eq!(world.no(ship(number, lines)), expected, "{lines}");
    }
    // Force makes a fact of the shelf, not of the promise.
    let forced = fulfil_with(number, |wish| {
        wish.force = Force::Fact;
        wish.lines = Some(text::shipped("tea@north 7"));
    });
    assert_eq!(world.no(forced), "ExceedsOpen: tea 7 of 6");
}

/// "not on the shelf: 409 `INSUFFICIENT_STOCK` unless `force` (a fact)".
#[test]
fn what_is_not_on_the_shelf_is_shipped_only_by_force() {
    let (mut world, number) = six_confirmed();
    world.ok(sell("tea@north", "9"));
    assert_eq!(world.at("tea@north"), "available -5, committed 6");
    assert_eq!(world.no(fulfil(number)), "InsufficientStock: tea@north 6 of 1");
    assert_eq!(world.no(ship(number, "tea@north 2")), "InsufficientStock: tea@north 2 of 1");
    world.ok(ship(number, "tea@north 1"));
    let forced = |lines: &str| {
        let lines = text::shipped(lines);
        fulfil_with(number, |wish| {
            wish.force = Force::Fact;
            wish.lines = Some(lines);
        })
    };
    world.ok(forced("tea@north 2"));
    assert_eq!(world.at("tea@north"), "available -5, committed 3");
    // From a place nobody has heard of, too: the goods have left it.
    let change = world.ok(forced("tea@east 3"));
    assert_eq!(world.at("tea@east"), "available -3");
    assert_eq!(world.at("tea@north"), "available -2");
    assert_eq!(text::raised(&world.stock, &change), "out tea@east, discrepancy tea@east");
    assert_eq!(world.held(number), "FULFILLED: tea@north 6 (shipped 6)");
}

/// What is promised to others lies on the shelf, too: whoever ships first has it.
#[test]
fn a_shelf_that_is_short_serves_whoever_ships_first() {
    let mut world = World::stocked("tea@north 10");
    let first = world.hold("tea 5");
    let second = world.hold("tea 5");
    world.ok(sell("tea@north", "4"));
    assert_eq!(world.at("tea@north"), "available -4, reserved 10");
    world.ok(fulfil(first));
    assert_eq!(world.no(fulfil(second)), "InsufficientStock: tea@north 5 of 1");
}

/// "same `shipmentId` twice: the first answer", also when all has been shipped since.
#[test]
fn the_same_shipment_is_booked_once() {
    let (mut world, number) = six_confirmed();
    let shipment = |name: &'static str| -> Action {
        fulfil_with(number, |wish| {
            wish.shipment = Some(reference(name));
            wish.lines = Some(text::shipped("tea@north 2"));
        })
    };
    world.ok(shipment("S-1"));
    let first = world.sequence;
    world.ok(shipment("S-2"));
    for _ in 0..2 {
        let again = world.send(&World::command(shipment("S-1")));
        assert!(matches!(again, Ok(Answer::Repeat(sequence)) if sequence == first), "{again:?}");
        world.ok(ship(number, "tea@north 1"));
    }
    assert_eq!(world.held(number), "FULFILLED: tea@north 6 (shipped 6)");
    let again = world.send(&World::command(shipment("S-1")));
    assert!(matches!(again, Ok(Answer::Repeat(sequence)) if sequence == first), "{again:?}");
}

/// "closeRest": what is not shipped is released.
#[test]
fn closing_the_rest_releases_it() {
    let (mut world, number) = six_confirmed();
    let change = world.ok(fulfil_with(number, |wish| {
        wish.rest = Rest::Close;
        wish.lines = Some(text::shipped("tea@north 2"));
    }));
    assert_eq!(world.held(number), "FULFILLED: tea@north 6 (shipped 2, released 4)");
    assert_eq!(world.at("tea@north"), "available 8");
    assert_eq!((change.shipped.len(), change.released.len()), (1, 1));
}

#[test]
fn what_has_ended_is_not_shipped() {
    let (mut world, number) = six_confirmed();
    world.ok(cancel(number));
    assert_eq!(world.no(fulfil(number)), "InvalidState: Cancelled");
    let number = world.hold("tea@north 1");
    world.ok(fulfil(number));
    assert_eq!(world.no(fulfil(number)), "InvalidState: Fulfilled");
}

/// Promises at a closed location are kept, and goods leave it.
#[test]
fn a_closed_location_ships() {
    let (mut world, number) = six_confirmed();
    world.close("north");
    world.close("south");
    world.ok(ship(number, "tea@south 1"));
    world.ok(fulfil(number));
    assert_eq!(world.held(number), "FULFILLED: tea@north 6 (shipped 6)");
}

/// Forced from a place that was removed: it is in use again, because goods were there.
#[test]
fn a_forced_shipment_revives_a_removed_location() {
    let (mut world, number) = six_confirmed();
    world.ok(transfer("tea", "south", "north", "3"));
    world.ok(remove("south"));
    assert_eq!(world.no(ship(number, "tea@south 1")), "UnknownLocation: south");
    world.ok(fulfil_with(number, |wish| {
        wish.force = Force::Fact;
        wish.lines = Some(text::shipped("tea@south 1"));
    }));
    assert_eq!(world.at("tea@south"), "available -1");
    assert_eq!(world.no(remove("south")), "StockNotZero: tea@south available -1");
}

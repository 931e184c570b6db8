//! Making reservations.

use super::actions::{
    TTL_MS, archive, policy, put_item, reference, reserve, reserve_with, set_policy,
};
use super::text;
use super::world::World;
use crate::command::Completeness;
use crate::reservation::Status;
use crate::time::Timestamp;

#[test]
fn a_reservation_tells_all_of_itself() {
    let mut world = World::stocked("tea@north 5, pot@north 5");
    let change = world.ok(reserve_with("tea 2, pot 1", |wish| {
        wish.order = Some(reference("O-1"));
        wish.customer = Some(reference("C-1"));
        wish.local = Some(reference("till-7"));
        wish.required_at = Some(Timestamp::from_millis(99));
    }));
    let held = change.reservation.expect("a reservation");
    assert_eq!((held.number, held.sequence, held.version), (3, 3, 1));
    assert_eq!(held.status, Status::Active);
    assert_eq!(held.order, Some(reference("O-1")));
    assert_eq!(held.customer, Some(reference("C-1")));
    assert_eq!(held.local, Some(reference("till-7")));
    assert_eq!(held.required_at, Some(Timestamp::from_millis(99)));
    assert_eq!(held.created_at, world.now());
    assert_eq!(held.expires_at, Some(world.now().plus_millis(TTL_MS)));
    assert_eq!(world.held(3), "ACTIVE: tea@north 2, pot@north 1");
    assert_eq!(world.at("tea@north"), "available 3, reserved 2");
    let position = world.position("tea@north").expect("there");
    assert_eq!((position.version, position.sequence), (2, 3));
}

/// "`null`: no deadline".
#[test]
fn a_reservation_without_a_deadline_never_ends_by_itself() {
    let mut world = World::stocked("tea@north 5");
    let number = world.made(reserve_with("tea 2", |wish| wish.ttl_ms = None));
    assert_eq!(world.reservation(number).expires_at, None);
    world.now = i64::MAX;
    world.expire_due();
    assert_eq!(world.held(number), "ACTIVE: tea@north 2");
}

/// "409 `INSUFFICIENT_STOCK` with `shortages:[…]`; nothing is held."
#[test]
fn when_one_line_is_short_nothing_is_held() {
    let mut world = World::stocked("tea@north 5, pot@north 5, pot@south 2");
    for (lines, expected) in [
        ("tea 5, pot@south 3", "InsufficientStock: pot@south 3 of 2"),
        ("tea 6, pot 8", "InsufficientStock: tea 6 of 5, pot 8 of 7"),
        ("pot>south 8", "InsufficientStock: pot 8 of 7"),
        ("tea@south 1", "InsufficientStock: tea@south 1 of 0"),
    ] {
        assert_eq!(world.no(reserve(lines)), expected, "{lines}");
    }
    assert_eq!(world.at("tea@north"), "available 5");
    assert!(world.position("tea@south").is_none(), "a refusal opens nothing");
}

/// "An item never heard of: 404 `UNKNOWN_ITEM`."
#[test]
fn an_item_never_heard_of_is_unknown() {
    let mut world = World::stocked("tea@north 5");
    assert_eq!(world.no(reserve("ghost 1")), "UnknownItem: ghost");
    assert_eq!(world.no(reserve("tea 1, ghost@north 1")), "UnknownItem: ghost");
    assert_eq!(world.no(reserve("tea@nowhere 1")), "UnknownLocation: nowhere");
    // Known, but nowhere.
    world.ok(put_item("pot", |_| {}));
    assert_eq!(world.no(reserve("pot 1")), "InsufficientStock: pot 1 of 0");
    assert_eq!(world.no(reserve("pot@north 1")), "InsufficientStock: pot@north 1 of 0");
}

/// "allowPartial": as much as there is; "a partial hold of nothing: 409".
#[test]
fn a_partial_hold_takes_what_there_is_but_something() {
    let partial =
        |lines: &str| reserve_with(lines, |wish| wish.completeness = Completeness::Partial);
    let mut world = World::stocked("tea@a 5, tea@b 2, pot@a 1");
    assert_eq!(world.chosen(partial("tea 9, pot 1")), "tea@a 5, tea@b 2, pot@a 1");
    assert_eq!(world.no(partial("tea 1, pot@a 2")), "InsufficientStock: pot@a 2 of 0, tea 1 of 0");
    world.receive("pot@a 0.5");
    assert_eq!(world.chosen(partial("tea 1, pot 2")), "pot@a 0.5");
    assert_eq!(world.no(partial("ghost 1, pot 1")), "UnknownItem: ghost");
}

/// "safetyStock": "`sellable = max(0, available − safetyStock + backorderLimit)`".
#[test]
fn safety_stock_is_not_promised() {
    let mut world = World::stocked("tea@north 5");
    world.ok(set_policy("tea@north", policy("safety 3")));
    assert_eq!(world.no(reserve("tea 3")), "InsufficientStock: tea 3 of 2");
    let change = world.ok(reserve("tea 2"));
    assert_eq!(change.positions[0].sellable, Some(text::quantity("0")));
}

/// "later writes 409 `ITEM_ARCHIVED`".
#[test]
fn an_archived_item_is_not_reserved() {
    let mut world = World::stocked("tea@north 1");
    world.ok(super::actions::sell("tea@north", "1"));
    world.ok(archive("tea"));
    assert_eq!(world.no(reserve("tea 1")), "ItemArchived: tea");
}

/// Quantities are exact, and the smallest is a millionth.
#[test]
fn the_last_millionth_is_sold_and_no_more() {
    let mut world = World::stocked("tea@north 0.3");
    world.hold("tea 0.1");
    world.hold("tea 0.199999");
    assert_eq!(world.no(reserve("tea 0.000002")), "InsufficientStock: tea 0.000002 of 0.000001");
    world.hold("tea 0.000001");
    assert_eq!(world.at("tea@north"), "reserved 0.3");
}

//! Deadlines that have passed.

use super::actions::{
    archive, cancel, confirm, count, extend, fulfil, policy, put_item, remove, reserve,
    reserve_with, sell, set_lines, set_policy, ship, transfer,
};
use super::text;
use super::world::{Answer, World};
use crate::catalog::Tracking;
use crate::command::Completeness;
use crate::decide::Decision;

/// Five held of five, for a second.
fn five_held() -> (World, u64) {
    let mut world = World::stocked("tea@north 5");
    let number = world.made(reserve_with("tea 5", |wish| wish.ttl_ms = Some(1_000)));
    (world, number)
}

/// At the deadline it has passed; a millisecond before it has not.
#[test]
fn a_hold_ends_at_its_deadline_exactly() {
    let (mut world, number) = five_held();
    world.now += 999;
    assert_eq!(world.no(reserve("tea 1")), "InsufficientStock: tea 1 of 0");
    world.expire_due();
    assert_eq!(world.held(number), "ACTIVE: tea@north 5");
    world.now += 1;
    let sold = world.hold("tea 5");
    assert_eq!(world.held(number), "EXPIRED: tea@north 5 (released 5)");
    assert_eq!(world.held(sold), "ACTIVE: tea@north 5");
    assert_eq!(world.at("tea@north"), "reserved 5");
    assert_eq!(world.records.len(), 4, "the end is a record of its own");
}

/// "A reservation expires as a whole, in one record."
#[test]
fn a_reservation_expires_as_a_whole() {
    let mut world = World::stocked("tea@a 5, tea@b 5, pot@a 5");
    let number = world.hold("tea 10, pot 1");
    world.now += 900_000;
    world.expire_due();
    assert_eq!(
        world.held(number),
        "EXPIRED: tea@a 5 (released 5), tea@b 5 (released 5), pot@a 1 (released 1)"
    );
    let last = world.records.last().expect("a record");
    assert_eq!((last.positions.len(), last.released.len(), last.movements.len()), (3, 3, 3));
    assert_eq!(world.at("pot@a"), "available 5");
}

/// Confirm, extend, lines, fulfil: `RESERVATION_EXPIRED`. Cancel: "200, unchanged".
#[test]
fn what_comes_too_late_finds_it_expired() {
    for action in
        [confirm as fn(u64) -> _, |it| extend(it, 60_000), fulfil, |it| set_lines(it, "tea 1")]
    {
        let (mut world, number) = five_held();
        world.now += 1_000;
        let refused = world.run(action(number)).map(|_| ());
        let refused = text::rejection(&refused.expect_err("too late"));
        assert_eq!(refused, "ReservationExpired: 2000");
        assert_eq!(world.at("tea@north"), "available 5");
    }
    let (mut world, number) = five_held();
    world.now += 1_000;
    let answer = world.send(&World::command(cancel(number)));
    assert!(matches!(answer, Ok(Answer::Unchanged(_))), "{answer:?}");
    assert_eq!(world.held(number), "EXPIRED: tea@north 5 (released 5)");
}

/// "Nothing open and something shipped: `FULFILLED`".
#[test]
fn what_was_shipped_before_stays_shipped() {
    let (mut world, number) = five_held();
    world.ok(ship(number, "tea@north 2"));
    world.now += 1_000;
    world.expire_due();
    assert_eq!(world.held(number), "FULFILLED: tea@north 5 (shipped 2, released 3)");
    assert_eq!(world.no(confirm(number)), "InvalidState: Fulfilled");
}

/// "an expired hold is sellable at that instant": whatever a due hold stands in the way of.
#[test]
fn a_due_hold_gives_way_to_every_wish() {
    for action in [
        reserve("tea 5"),
        reserve("tea@north 5"),
        transfer("tea", "north", "south", "5"),
        super::actions::adjust("tea@north", crate::position::Bucket::Available, "-5"),
    ] {
        let (mut world, number) = five_held();
        world.now += 1_000;
        let asked = World::command(action);
        assert_eq!(world.decide(&asked), Ok(Decision::Expire(number)));
        world.send(&asked).expect("nothing stands in the way");
    }
}

/// A partial hold gets all that is sellable at that instant, not what was before.
#[test]
fn a_due_hold_gives_way_to_a_partial_wish() {
    let (mut world, _) = five_held();
    world.receive("tea@north 1");
    world.now += 1_000;
    let partial = reserve_with("tea 4", |wish| wish.completeness = Completeness::Partial);
    assert_eq!(world.chosen(partial), "tea@north 4");
}

/// Archiving, removing and switching off see no promise where none is left.
#[test]
fn a_due_hold_does_not_keep_an_empty_place() {
    let untracked = || put_item("tea", |attributes| attributes.tracking = Tracking::Untracked);
    for action in [archive("tea"), remove("north"), untracked()] {
        let mut world = World::stocked("tea@north 1");
        world.ok(sell("tea@north", "1"));
        world.ok(set_policy("tea@north", policy("backorder 5")));
        world.made(reserve_with("tea 5", |wish| wish.ttl_ms = Some(1_000)));
        assert!(world.no(action.clone()).starts_with("StockNotZero"));
        world.now += 1_000;
        world.ok(action);
    }
}

/// A sale of what is sellable at that instant raises no alarm.
#[test]
fn a_due_hold_rings_no_alarm() {
    let (mut world, number) = five_held();
    world.receive("tea@north 1");
    world.ok(set_policy("tea@north", policy("threshold 1")));
    world.now += 1_000;
    let sale = world.ok(sell("tea@north", "3"));
    assert_eq!(text::raised(&world.stock, &sale), "");
    assert_eq!(world.held(number), "EXPIRED: tea@north 5 (released 5)");
    assert_eq!(world.at("tea@north"), "available 3");
    // A count of what is there says nothing about promises, and needs none of them ended.
    let (mut world, number) = five_held();
    world.receive("tea@north 2");
    world.now += 1_000;
    world.ok(count("tea@north", "6"));
    assert_eq!(world.held(number), "ACTIVE: tea@north 5");
}

/// Holds on other items than those in the way are left to the timer.
#[test]
fn only_what_may_stand_in_the_way_is_expired() {
    let mut world = World::stocked("tea@north 5, pot@north 5");
    let tea = world.made(reserve_with("tea 5", |wish| wish.ttl_ms = Some(1_000)));
    let pot = world.made(reserve_with("pot 1", |wish| wish.ttl_ms = Some(1_000)));
    world.now += 1_000;
    world.hold("pot 3");
    assert_eq!(world.held(tea), "ACTIVE: tea@north 5");
    assert_eq!(world.held(pot), "ACTIVE: pot@north 1");
}

/// Deadlines follow what happens to a reservation.
#[test]
fn the_next_deadline_is_known() {
    let mut world = World::stocked("tea@north 5, pot@north 5");
    let next = |world: &World| world.stock.promises().next_deadline().map(|at| at.millis());
    assert_eq!(next(&world), None);
    let first = world.made(reserve_with("tea 1, pot 1", |wish| wish.ttl_ms = Some(1_000)));
    let second = world.made(reserve_with("tea 1", |wish| wish.ttl_ms = Some(2_000)));
    assert_eq!(next(&world), Some(2_000));
    world.ok(extend(first, 5_000));
    assert_eq!(next(&world), Some(3_000));
    world.ok(cancel(second));
    assert_eq!(next(&world), Some(6_000));
    world.ok(confirm(first));
    assert_eq!(next(&world), None);
    assert_eq!(world.stock.promises().open_count(), 1);
}

//! Goods that did not leave after all.

use std::string::ToString;
use std::vec::Vec;

use super::actions::{
    about, archive, cancel, confirm, fulfil, fulfil_with, give_back_of, receive, reference,
    relocate, remove, reserve_with, ship, ship_as, take_back, unship,
};
use super::text;
use super::world::{Answer, World};
use crate::change::{Cause, MovementKind};
use crate::command::Rest;
use crate::decide::{Decision, Recall, Recalled, Sought};
use crate::rejection::Rejection;
use crate::reservation::Status;

/// Six of ten are held.
fn six_held() -> (World, u64) {
    let mut world = World::stocked("tea@north 10");
    let number = world.hold("tea 6");
    (world, number)
}

/// "back on the shelf and owed again, in one step": from FULFILLED, without a deadline.
#[test]
fn a_shipment_comes_back_and_is_owed_again() {
    let (mut world, number) = six_held();
    world.ok(ship_as(number, "S-1", "tea@north 6"));
    assert_eq!(world.at("tea@north"), "available 4");
    let change = world.ok(take_back(number, "S-1"));
    assert_eq!(change.cause, Cause::Unfulfilled);
    assert_eq!(change.movements.len(), 1);
    assert_eq!(change.movements[0].kind, MovementKind::Unfulfil);
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6");
    assert_eq!(world.reservation(number).expires_at, None);
    assert_eq!(world.at("tea@north"), "available 4, committed 6");
    world.ok(fulfil(number));
    assert_eq!(world.held(number), "FULFILLED: tea@north 6 (shipped 6)");
}

/// A reservation that is still open stays what it is, with its deadline.
#[test]
fn what_is_partly_shipped_keeps_its_status() {
    let (mut world, number) = six_held();
    world.ok(ship_as(number, "S-1", "tea@north 2"));
    world.ok(take_back(number, "S-1"));
    assert_eq!(world.held(number), "ACTIVE: tea@north 6");
    assert!(world.reservation(number).expires_at.is_some());
    assert_eq!(world.at("tea@north"), "available 4, reserved 6");
    world.ok(confirm(number));
    world.ok(ship_as(number, "S-2", "tea@north 2"));
    world.ok(take_back(number, "S-2"));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6");
}

/// "same `shipmentId` twice": the second time is the first answer, and it cannot be booked again.
#[test]
fn a_shipment_is_taken_back_once() {
    let (mut world, number) = six_held();
    world.ok(ship_as(number, "S-1", "tea@north 2"));
    world.ok(ship_as(number, "S-2", "tea@north 4"));
    world.ok(take_back(number, "S-1"));
    let first = world.sequence;
    let again = world.send(&World::command(take_back(number, "S-1")));
    assert!(matches!(again, Ok(Answer::Repeat(sequence)) if sequence == first), "{again:?}");
    assert_eq!(world.no(ship_as(number, "S-1", "tea@north 2")), "ShipmentUndone");
    assert_eq!(world.no(take_back(number, "S-9")), "UnknownShipment");
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6 (shipped 4)");
    world.ok(take_back(number, "S-2"));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6");
}

#[test]
fn quantities_come_back_of_what_was_shipped_last_first() {
    let (mut world, number) = six_held();
    world.ok(ship_as(number, "S-1", "tea@north 2"));
    world.ok(ship(number, "tea@north 1"));
    world.ok(ship_as(number, "S-3", "tea@north 3"));
    world.ok(unship(number, "tea@north 3.5"));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6 (shipped 2.5)");
    // S-3 came back whole, and half of the one without a name.
    assert_eq!(world.no(take_back(number, "S-3")), "ShipmentUndone");
    assert_eq!(world.no(unship(number, "tea@north 2.6")), "ExceedsFulfilled: tea 2.6 of 2.5");
    world.ok(take_back(number, "S-1"));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6 (shipped 0.5)");
    world.ok(unship(number, "tea@north 0.25, tea@north 0.25"));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6");
    assert_eq!(world.at("tea@north"), "available 4, committed 6");
}

/// What a name brings back is what is left of it.
#[test]
fn the_rest_of_a_shipment_comes_back_by_its_name() {
    let (mut world, number) = six_held();
    world.ok(ship_as(number, "S-1", "tea@north 6"));
    world.ok(unship(number, "tea@north 2"));
    let change = world.ok(take_back(number, "S-1"));
    assert_eq!(change.shipped[0].quantity, text::quantity("4"));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6");
}

/// Goods lie where they left, so that is where they are promised: nothing has to be free elsewhere.
#[test]
fn goods_shipped_from_elsewhere_are_owed_from_there() {
    let mut world = World::stocked("tea@north 6");
    let number = world.hold("tea@north 6");
    world.receive("tea@south 4");
    world.ok(ship_as(number, "S-1", "tea@south 4, tea@north 2"));
    assert_eq!(world.at("tea@north"), "available 4");
    world.ok(take_back(number, "S-1"));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 2, tea@south 4");
    assert_eq!(world.at("tea@north"), "available 4, committed 2");
    assert_eq!(world.at("tea@south"), "committed 4");
}

#[test]
fn several_lines_come_back_each_to_its_place() {
    let mut world = World::stocked("tea@a 2, tea@b 2, pot@a 1");
    let number = world.hold("tea 4, pot 1");
    let wish = |wish: &mut crate::command::Fulfil| wish.shipment = Some(reference("S-1"));
    world.ok(fulfil_with(number, wish));
    world.ok(unship(number, "tea@b 1, pot@a 1"));
    assert_eq!(world.held(number), "CONFIRMED: tea@a 2 (shipped 2), tea@b 2 (shipped 1), pot@a 1");
    assert_eq!(world.at("tea@b"), "committed 1");
    assert_eq!(world.no(unship(number, "tea@b 2")), "ExceedsFulfilled: tea 2 of 1");
    assert_eq!(world.no(unship(number, "pot@b 1")), "ExceedsFulfilled: pot 1 of 0");
    assert_eq!(world.no(unship(number, "tea@nowhere 1")), "UnknownLocation: nowhere");
    assert_eq!(world.no(unship(number, "ghost@a 1")), "UnknownItem: ghost");
}

/// What was released stays released; what moved meanwhile is found where it was shipped.
#[test]
fn only_what_was_shipped_is_owed_again() {
    let (mut world, number) = six_held();
    world.receive("tea@south 5");
    world.ok(relocate(number, "tea north>south 3"));
    world.ok(fulfil_with(number, |wish| {
        wish.shipment = Some(reference("S-1"));
        wish.lines = Some(text::shipped("tea@south 2"));
        wish.rest = Rest::Close;
    }));
    let shipped = "tea@north 3 (released 3), tea@south 3 (shipped 2, released 1)";
    assert_eq!(world.held(number), std::format!("FULFILLED: {shipped}"));
    world.ok(take_back(number, "S-1"));
    let owed = "tea@north 3 (released 3), tea@south 3 (released 1)";
    assert_eq!(world.held(number), std::format!("CONFIRMED: {owed}"));
    assert_eq!(world.at("tea@south"), "available 3, committed 2");
}

#[test]
fn where_nothing_was_shipped_nothing_comes_back() {
    let (mut world, number) = six_held();
    assert_eq!(world.no(unship(number, "tea@north 1")), "ExceedsFulfilled: tea 1 of 0");
    assert_eq!(world.no(take_back(number, "S-1")), "UnknownShipment");
    world.ok(cancel(number));
    assert_eq!(world.no(unship(number, "tea@north 1")), "InvalidState: Cancelled");
    let mut world = World::stocked("tea@north 1");
    let number = world.made(reserve_with("tea@north 1", |wish| wish.ttl_ms = Some(10)));
    world.now += 10;
    world.expire_due();
    assert_eq!(world.no(unship(number, "tea@north 1")), "InvalidState: Expired");
}

#[test]
fn untracked_goods_come_back_without_stock() {
    let mut world = World::stocked("pot@north 1");
    world.untracked("gift");
    let number = world.hold("gift@north 2");
    world.ok(ship_as(number, "S-1", "gift@north 2"));
    let change = world.ok(take_back(number, "S-1"));
    assert!(change.movements.is_empty());
    assert_eq!(world.held(number), "CONFIRMED: gift@north 2");
}

/// An archived item takes nothing in; a location that was removed is in use again.
#[test]
fn places_and_items_that_are_gone() {
    let mut world = World::stocked("tea@north 2");
    let number = world.hold("tea 2");
    world.ok(ship_as(number, "S-1", "tea@north 2"));
    world.ok(remove("north"));
    let change = world.ok(take_back(number, "S-1"));
    assert_eq!(change.locations.len(), 1);
    assert_eq!(world.at("tea@north"), "committed 2");
    world.ok(ship_as(number, "S-2", "tea@north 2"));
    world.ok(archive("tea"));
    assert_eq!(world.no(take_back(number, "S-2")), "ItemArchived: tea");
}

/// What is owed again no longer counts as shipped when a return comes.
#[test]
fn a_return_on_what_came_back_exceeds() {
    let mut world = World::stocked("tea@north 9");
    let number = world.made(reserve_with("tea@north 3", |wish| {
        wish.order = Some(reference("O-1"));
    }));
    world.ok(ship_as(number, "S-1", "tea@north 3"));
    assert!(!world.ok(give_back_of("tea@north", "1", "O-1")).exceeds_shipped);
    world.ok(take_back(number, "S-1"));
    assert!(world.ok(give_back_of("tea@north", "1", "O-1")).exceeds_shipped);
}

/// What ended and was reopened leaves memory only when it has ended again.
#[test]
fn what_is_owed_again_stays_in_memory() {
    let (mut world, number) = six_held();
    world.ok(ship_as(number, "S-1", "tea@north 6"));
    world.now += 1_000;
    world.ok(take_back(number, "S-1"));
    world.now += 100_000;
    let now = world.now();
    world.stock.forget(now, 100, u64::MAX);
    assert_eq!(world.reservation(number).status, Status::Confirmed);
    assert_eq!(world.stock.promises().open_count(), 1);
    world.ok(fulfil(number));
    world.now += 100_000;
    let now = world.now();
    world.stock.forget(now, 100, u64::MAX);
    assert!(world.stock.promises().reservation(number).is_none());
}

/// "The goods come back as they left": parts of a share follow one another.
#[test]
fn parts_of_a_shipment_bring_back_each_of_its_layers_once() {
    let mut world = World::new();
    world.ok(about(receive("tea@north", "3"), "lot L-1, cost 1"));
    world.ok(about(receive("tea@north", "2"), "lot L-2, cost 2"));
    let number = world.hold("tea 5");
    world.ok(ship_as(number, "S-1", "tea@north 5"));
    world.ok(unship(number, "tea@north 2"));
    world.ok(unship(number, "tea@north 2"));
    let layers = world.at_place("tea@north").contents().to_layers();
    let there: Vec<_> = layers.iter().map(|(_, it)| it.quantity.to_string()).collect();
    assert_eq!(there, ["3", "1"]);
}

/// "A return comes back at the cost it left with": what was put back on the shelf no longer counts.
#[test]
fn what_comes_back_takes_its_own_value_out_of_what_was_shipped() {
    let mut world = World::new();
    world.ok(about(receive("tea@north", "2"), "cost 1"));
    world.ok(about(receive("tea@north", "2"), "cost 3"));
    let number = world.hold("tea 4");
    world.ok(ship_as(number, "S-1", "tea@north 2"));
    world.ok(ship_as(number, "S-2", "tea@north 2"));
    world.ok(take_back(number, "S-2"));
    assert_eq!(world.reservation(number).lines[0].fulfilled_value, text::money("2"));
}

/// "Of other kinds nothing is known": a reservation that left memory while the record of its shipment was
/// looked up is looked up again.
#[test]
fn what_left_memory_during_a_recall_is_not_unknown() {
    let (mut world, number) = six_held();
    world.ok(ship_as(number, "S-1", "tea@north 6"));
    world.now += 3_600_000;
    let now = world.now();
    while world.stock.forget(now, 100, u64::MAX) > 0 {}
    let command = World::command(take_back(number, "S-1"));
    let decided = |recalled| world.stock.decide(&command, recalled, now, world.sequence + 1);
    let reservation = Ok(Decision::Recall(Recall::Reservation(number)));
    assert_eq!(decided(Recalled::NotAsked), reservation);
    assert_eq!(decided(Recalled::Searched(Sought::Record)), reservation);
    let unknown = Err(Rejection::UnknownReservation);
    assert_eq!(decided(Recalled::Searched(Sought::Reservation)), unknown);
}

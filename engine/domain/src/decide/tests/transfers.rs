//! Transfers.

use super::actions::{
    archive, cancel_transfer, put_location, receive_transfer, remove, reserve, sell, transfer,
    transfer_with,
};
use super::text;
use super::world::World;
use crate::change::MovementKind;
use crate::command::Force;
use crate::transfer::TransferStatus;

/// Four of ten are on their way.
fn four_on_their_way() -> (World, u64) {
    let mut world = World::stocked("tea@north 10");
    let number = world.ok(transfer("tea", "north", "south", "4")).transfer.expect("one").number;
    (world, number)
}

#[track_caller]
fn lie(world: &World, north: &str, south: &str) {
    assert_eq!([world.at("tea@north"), world.at("tea@south")], [north, south]);
}

/// "in between it is `inTransit` at the destination"; not on hand, and not sellable.
#[test]
fn goods_on_their_way_are_in_transit() {
    let (mut world, number) = four_on_their_way();
    lie(&world, "available 6", "inTransit 4");
    assert_eq!(world.no(reserve("tea@south 1")), "InsufficientStock: tea@south 1 of 0");
    let held = world.stock.promises().transfer(number).expect("in memory");
    assert_eq!((held.number, held.version, held.status), (2, 1, TransferStatus::InTransit));
    let kinds: std::vec::Vec<_> = world.records[1].movements.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [MovementKind::TransferOut, MovementKind::TransferOut]);
}

/// "`receive {quantity?}` (the rest stays in transit)".
#[test]
fn a_transfer_is_received_whole_or_in_parts() {
    let (mut world, number) = four_on_their_way();
    world.ok(receive_transfer(number, Some("3")));
    lie(&world, "available 6", "available 3, inTransit 1");
    assert_eq!(world.no(receive_transfer(number, Some("1.1"))), "ExceedsOpen: transfer 1.1 of 1");
    let change = world.ok(receive_transfer(number, None));
    lie(&world, "available 6", "available 4");
    let held = change.transfer.expect("of a transfer");
    assert_eq!((held.status, held.version), (TransferStatus::Received, 3));
    assert_eq!(change.transferred, text::quantity("1"));
}

/// "or `/cancel` (back to the origin)".
#[test]
fn what_has_not_arrived_goes_back() {
    let (mut world, number) = four_on_their_way();
    world.ok(receive_transfer(number, Some("1")));
    let change = world.ok(cancel_transfer(number));
    lie(&world, "available 9", "available 1");
    let held = change.transfer.expect("of a transfer");
    assert_eq!((held.status, held.received), (TransferStatus::Cancelled, text::quantity("1")));
    assert_eq!(change.transferred, text::quantity("3"));
}

#[test]
fn what_has_ended_neither_arrives_nor_goes_back() {
    let (mut world, cancelled) = four_on_their_way();
    world.ok(cancel_transfer(cancelled));
    let received = world.ok(transfer("tea", "north", "south", "1")).transfer.expect("one").number;
    world.ok(receive_transfer(received, None));
    for (number, status) in [(cancelled, "Cancelled"), (received, "Received")] {
        let expected = std::format!("InvalidTransferState({status})");
        assert_eq!(world.no(receive_transfer(number, None)), expected);
        assert_eq!(world.no(cancel_transfer(number)), expected);
    }
    assert_eq!(world.no(cancel_transfer(99)), "UnknownTransfer");
    // A number of something else is no transfer.
    assert_eq!(world.no(cancel_transfer(1)), "UnknownTransfer");
}

/// "Wishes … are refused when the stock is not there": what is promised is not free.
#[test]
fn only_what_is_free_leaves_unless_it_has_left() {
    let mut world = World::stocked("tea@north 10");
    world.hold("tea 7");
    let start = |quantity: &str, force| transfer_with("tea", "north", "south", quantity, force);
    let no = world.no(start("3.5", Force::Wish));
    assert_eq!(no, "InsufficientStock: tea@north 3.5 of 3");
    world.ok(start("3", Force::Wish));
    let change = world.ok(start("2", Force::Fact));
    assert_eq!(text::raised(&world.stock, &change), "discrepancy tea@north");
    lie(&world, "available -2, reserved 7", "inTransit 5");
}

/// The destination comes into being; the origin must be known, unless it is a fact.
#[test]
fn a_transfer_opens_its_destination() {
    let mut world = World::stocked("tea@north 10");
    let start = |from: &str, force| transfer_with("tea", from, "south", "1", force);
    assert_eq!(world.no(start("nowhere", Force::Wish)), "UnknownLocation: nowhere");
    assert_eq!(world.no(transfer("ghost", "north", "south", "1")), "UnknownItem: ghost");
    world.ok(start("north", Force::Wish));
    assert_eq!(
        world.no(transfer("tea", "south", "north", "1")),
        "InsufficientStock: tea@south 1 of 0"
    );
    world.ok(start("east", Force::Fact));
    assert_eq!(world.at("tea@east"), "available -1");
    world.ok(transfer_with("ghost", "east", "west", "1", Force::Fact));
    assert_eq!(world.at("ghost@west"), "inTransit 1");
}

/// Stock on its way keeps its destination and its item; its origin may go, and comes back with it.
#[test]
fn a_transfer_keeps_what_it_needs() {
    let mut world = World::stocked("tea@north 4");
    world.ok(put_location("north", |attributes| attributes.priority = 7));
    let number = world.ok(transfer("tea", "north", "south", "4")).transfer.expect("one").number;
    assert_eq!(world.no(remove("south")), "StockNotZero: tea@south inTransit 4");
    assert_eq!(world.no(archive("tea")), "StockNotZero: tea@south inTransit 4");
    world.ok(remove("north"));
    let change = world.ok(cancel_transfer(number));
    lie(&world, "available 4", "empty");
    assert_eq!(change.locations[0].attributes.priority, 7);
    assert_eq!(change.positions[1].sellable, Some(text::quantity("4")));
    assert_eq!(world.chosen(reserve("tea 4")), "tea@north 4");
}

/// Goods that are on their way arrive also at a closed location.
#[test]
fn a_closed_location_receives_and_sends() {
    let (mut world, number) = four_on_their_way();
    world.close("south");
    world.ok(receive_transfer(number, None));
    let change = world.ok(transfer("tea", "south", "north", "4"));
    assert_eq!(change.positions[0].sellable, Some(text::quantity("0")));
    world.ok(sell("tea@south", "1"));
}

//! "What has ended leaves memory": what a command needs of it is read from the log again.

use alloc::sync::Arc;

use super::actions::{
    cancel, cancel_transfer, confirm, fulfil, fulfil_with, give_back_of, receive_transfer,
    reference, reserve_with, transfer,
};
use super::world::World;
use crate::decide::{Decision, Recall, Recalled};
use crate::reservation::Reservation;
use crate::time::Timestamp;

const KEPT_MS: i64 = 60_000;

/// Everything that has ended long enough ago.
fn forget(world: &mut World) {
    world.now += KEPT_MS;
    let now = world.now();
    world.stock.forget(now, usize::MAX, u64::MAX);
}

fn shipped_one() -> (World, u64, Arc<Reservation>) {
    let mut world = World::stocked("tea@north 10");
    let action = reserve_with("tea 3", |wish| wish.order = Some(reference("O-1")));
    let number = world.made(action);
    world.ok(fulfil_with(number, |wish| wish.shipment = Some(reference("S-1"))));
    let held = Arc::new(world.reservation(number).clone());
    (world, number, held)
}

#[test]
fn what_has_ended_is_kept_a_while() {
    let (mut world, number, _) = shipped_one();
    world.now += KEPT_MS - 1;
    let now = world.now();
    assert_eq!(world.stock.forget(now, usize::MAX, u64::MAX), 0);
    assert!(world.stock.promises().reservation(number).is_some());
    world.now += 1;
    let now = world.now();
    assert_eq!(world.stock.forget(now, usize::MAX, u64::MAX), 1);
    assert!(world.stock.promises().reservation(number).is_none());
    assert_eq!(world.stock.promises().of_order(0, &reference("O-1")).count(), 0);
}

/// However far the clock jumps: as long as nobody can find the record, memory is all there is.
#[test]
fn what_cannot_be_found_yet_is_kept() {
    let (mut world, number, _) = shipped_one();
    let sent = world.ok(transfer("tea", "north", "south", "2")).transfer.expect("one").number;
    world.ok(receive_transfer(sent, None));
    let now = world.now();
    world.stock.recall_order(0, &reference("O-1"), &[], &[], now);
    world.ok(give_back_of("tea@north", "1", "O-1"));
    let (ended_by, now) = (3, Timestamp::from_millis(i64::MAX));
    assert_eq!(world.stock.forget(now, usize::MAX, ended_by - 1), 0);
    assert!(world.stock.promises().reservation(number).is_some());
    assert_eq!(world.stock.forget(now, usize::MAX, ended_by), 1);
    assert!(world.stock.promises().reservation(number).is_none());
    assert!(world.stock.promises().transfer(sent).is_some(), "ended by a later record");
    assert_eq!(world.stock.forget(now, usize::MAX, u64::MAX), 2, "the transfer, and the tally");
}

/// "preceded by a recall": asked for once; what the log does not know either never was.
#[test]
fn what_has_left_memory_is_asked_for() {
    let (mut world, number, held) = shipped_one();
    forget(&mut world);
    for action in [confirm(number), cancel(number), fulfil(number)] {
        let asked = world.decide(&World::command(action.clone()));
        assert_eq!(asked, Ok(Decision::Recall(Recall::Reservation(number))));
        assert_eq!(world.no(action), "UnknownReservation");
    }
    let now = world.now();
    world.stock.recall_reservation(held, now);
    assert_eq!(world.no(confirm(number)), "InvalidState: Fulfilled");
    let again = fulfil_with(number, |wish| wish.shipment = Some(reference("S-1")));
    assert_eq!(world.decide(&World::command(again)), Ok(Decision::Repeat(3)));
    assert_eq!(world.stock.promises().of_order(0, &reference("O-1")).count(), 1);
    // "a recalled object stays another 60 s".
    world.now += KEPT_MS - 1;
    let now = world.now();
    assert_eq!(world.stock.forget(now, usize::MAX, u64::MAX), 0);
    forget(&mut world);
    assert!(world.stock.promises().reservation(number).is_none());
}

/// Numbers are sequences: nobody looks for what lies ahead.
#[test]
fn what_lies_ahead_was_never_made() {
    let (mut world, ..) = shipped_one();
    assert_eq!(world.no(confirm(4)), "UnknownReservation");
    assert_eq!(world.decide(&World::command(confirm(4))).err().map(|_| ()), Some(()));
    assert_eq!(world.no(cancel_transfer(u64::MAX)), "UnknownTransfer");
}

/// "What the writer holds wins over a recall".
#[test]
fn memory_knows_better_than_the_log() {
    let mut world = World::stocked("tea@north 10");
    let number = world.hold("tea 3");
    let mut old = world.reservation(number).clone();
    old.status = crate::reservation::Status::Cancelled;
    let now = world.now();
    world.stock.recall_reservation(Arc::new(old), now);
    assert_eq!(world.held(number), "ACTIVE: tea@north 3");
}

#[test]
fn transfers_leave_memory_too() {
    let mut world = World::stocked("tea@north 10");
    let number = world.ok(transfer("tea", "north", "south", "4")).transfer.expect("one").number;
    forget(&mut world);
    assert!(world.stock.promises().transfer(number).is_some(), "what is open stays");
    let ended = world.ok(receive_transfer(number, None)).transfer.expect("one");
    forget(&mut world);
    let asked = world.decide(&World::command(cancel_transfer(number)));
    assert_eq!(asked, Ok(Decision::Recall(Recall::Transfer(number))));
    let now = world.now();
    world.stock.recall_transfer(*ended, now);
    assert_eq!(world.no(cancel_transfer(number)), "InvalidTransferState(Received)");
}

/// A return asks what was shipped on its order: once, until nothing has come back for a while.
#[test]
fn a_return_asks_for_its_order() {
    let (mut world, number, held) = shipped_one();
    let back = |quantity: &str| World::command(give_back_of("tea@north", quantity, "O-1"));
    let order = Recall::Order(0, reference("O-1"));
    assert_eq!(world.decide(&back("1")), Ok(Decision::Recall(order.clone())));
    // The log knows of a shipment that memory has forgotten, and of a return.
    forget(&mut world);
    assert!(world.stock.promises().reservation(number).is_none());
    let now = world.now();
    let position = held.lines[0].position.expect("somewhere");
    let one = super::text::quantity("1");
    world.stock.recall_order(0, &reference("O-1"), &[held], &[(position, one)], now);
    let exceeds = |world: &mut World, quantity: &str| {
        world.ok(give_back_of("tea@north", quantity, "O-1")).exceeds_shipped
    };
    assert!(!exceeds(&mut world, "2"));
    assert!(exceeds(&mut world, "1"));
    // Each return keeps it another while; then it is asked for again.
    world.now += KEPT_MS - 1;
    assert!(exceeds(&mut world, "1"));
    forget(&mut world);
    world.now += KEPT_MS;
    forget(&mut world);
    assert_eq!(world.decide(&back("1")), Ok(Decision::Recall(order)));
}

/// Nothing known is asked for: an order of a tenant or an item nobody has heard of.
#[test]
fn nobody_looks_for_what_cannot_be() {
    let world = World::new();
    let back = World::command(give_back_of("tea@north", "1", "O-1"));
    let decided = world.stock.decide(&back, Recalled::NotAsked, Timestamp::default(), 1);
    let Ok(Decision::Change(change)) = decided else { panic!("{decided:?}") };
    assert!(change.exceeds_shipped);
}

use std::sync::Arc;

use onhand_domain::change::{Cause, Change, LineShare, MovementKind, Withdrawn};
use onhand_domain::command::Detail;
use onhand_domain::position::Bucket;
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::reservation::{Holding, Line, Reservation, Shipment, Status};
use onhand_domain::time::Timestamp;

use super::{AT, BEFORE, SEQUENCE, arc, keyed, movement, of, position, reference, text, units};

fn line(quantity: Quantity) -> Line {
    Line {
        item: 8_321,
        position: Some(8_765),
        holding: Holding::Stock,
        lot: None,
        quantity,
        fulfilled: Quantity::ZERO,
        fulfilled_value: Money::ZERO,
        released: Quantity::ZERO,
    }
}

fn shipment(id: Option<&str>, sequence: u64) -> Shipment {
    Shipment { id: id.map(reference), sequence, back: Vec::new(), undone: None }
}

fn new_reservation() -> Reservation {
    Reservation {
        number: SEQUENCE,
        tenant: 3,
        order: Some(reference("order-123456")),
        customer: None,
        local: None,
        required_at: None,
        status: Status::Active,
        expires_at: Some(AT.plus_millis(900_000)),
        created_at: AT,
        updated_at: AT,
        version: 1,
        sequence: SEQUENCE,
        lines: vec![line(units(2))],
        shipments: Vec::new(),
    }
}

/// One that was made a while ago, with all that a reservation can have.
fn old_reservation(status: Status, expires_at: Option<Timestamp>) -> Reservation {
    let untracked = Line { position: None, holding: Holding::Nothing, ..line(units(1)) };
    Reservation {
        number: SEQUENCE - 4_000,
        customer: Some(reference("customer-1")),
        local: Some(reference("till-7")),
        required_at: Some(AT.plus_millis(86_400_000)),
        status,
        expires_at,
        created_at: BEFORE,
        version: 3,
        lines: vec![Line { fulfilled: units(1), released: units(1), ..line(units(4)) }, untracked],
        shipments: vec![shipment(Some("shipment-1"), SEQUENCE - 20)],
        ..new_reservation()
    }
}

pub(super) fn a_reservation() -> Reservation {
    old_reservation(Status::Active, Some(AT.plus_millis(60_000)))
}

/// A checkout takes two of 10,000 items, in a log that has run for a while.
pub(in crate::record) fn one_line_reservation() -> Change {
    reserving(new_reservation())
}

fn reserving(held: Reservation) -> Change {
    let (from, to) = (Some(Bucket::Available), Some(Bucket::Reserved));
    Change {
        positions: vec![position(8_765)],
        movements: vec![movement(MovementKind::Reserve, from, to, units(2))],
        reservation: arc(held),
        ..keyed(Cause::Reserved)
    }
}

fn changing(cause: Cause, kind: MovementKind, status: Status) -> Change {
    let deadline = (status == Status::Active).then(|| AT.plus_millis(60_000));
    let (from, to) = (Some(Bucket::Reserved), Some(Bucket::Committed));
    Change {
        positions: vec![position(8_765)],
        movements: vec![movement(kind, from, to, units(2))],
        reservation: arc(old_reservation(status, deadline)),
        ..of(cause)
    }
}

fn share() -> LineShare {
    LineShare { item: 8_321, position: Some(8_765), quantity: units(2), value: Money::units(25) }
}

/// A shipment came back whole, of another some.
fn unfulfilled() -> Change {
    let back = vec![(0, units(1)), (1, units(2))];
    let whole = Shipment { undone: Some(SEQUENCE), ..shipment(Some("shipment-1"), SEQUENCE - 20) };
    let shipments = vec![whole, Shipment { back, ..shipment(None, SEQUENCE - 10) }];
    let held = Reservation { shipments, ..old_reservation(Status::Confirmed, None) };
    Change {
        reservation: arc(held),
        shipped: vec![share()],
        ..changing(Cause::Unfulfilled, MovementKind::Unfulfil, Status::Confirmed)
    }
}

/// Two reservations of an order, one record.
fn order_cancelled() -> Change {
    let held = |status| Arc::new(old_reservation(status, None));
    let one = Withdrawn { reservation: held(Status::Cancelled), released: vec![share()] };
    let two = Withdrawn { reservation: held(Status::Fulfilled), released: vec![share(), share()] };
    Change {
        positions: vec![position(8_765)],
        withdrawn: vec![one, two],
        ..keyed(Cause::OrderCancelled)
    }
}

pub(super) fn samples() -> Vec<(&'static str, Change)> {
    let reason = Detail { reason: Some(text("changed my mind")), ..Detail::default() };
    let shipment = Detail { document: Some(reference("shipment-2")), ..Detail::default() };
    let untracked = LineShare { position: None, ..share() };
    vec![
        ("reserved", one_line_reservation()),
        (
            "reserved-without-deadline",
            reserving(Reservation { order: None, expires_at: None, ..new_reservation() }),
        ),
        ("confirmed", changing(Cause::Confirmed, MovementKind::Confirm, Status::Confirmed)),
        ("extended", changing(Cause::Extended, MovementKind::Reserve, Status::Active)),
        ("relocated", changing(Cause::Relocated, MovementKind::Reserve, Status::Active)),
        ("order-cancelled", order_cancelled()),
        ("unfulfilled", unfulfilled()),
        ("lines-set", changing(Cause::LinesSet, MovementKind::Release, Status::Active)),
        (
            "fulfilled",
            Change {
                shipped: vec![share(), untracked],
                released: vec![share()],
                detail: arc(shipment),
                ..changing(Cause::Fulfilled, MovementKind::Fulfil, Status::Fulfilled)
            },
        ),
        (
            "cancelled",
            Change {
                released: vec![share()],
                detail: arc(reason),
                ..changing(Cause::Cancelled, MovementKind::Release, Status::Cancelled)
            },
        ),
        (
            "expired",
            Change {
                released: vec![share(), untracked],
                ..changing(Cause::Expired, MovementKind::Expired, Status::Expired)
            },
        ),
        (
            "unchanged",
            Change {
                reservation: Some(Arc::new(Reservation {
                    sequence: SEQUENCE - 3_000,
                    ..old_reservation(Status::Confirmed, None)
                })),
                ..keyed(Cause::Unchanged)
            },
        ),
    ]
}

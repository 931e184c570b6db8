use std::sync::Arc;

use onhand_domain::change::{Cause, Change, LineShare, MovementKind};
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
        shipments: vec![Shipment { id: reference("shipment-1"), sequence: SEQUENCE - 20 }],
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

//! What the index says about a record: under which keys it is found.

use std::sync::Arc;

use onhand_domain::change::{Cause, Change, LineShare, PositionChange, Withdrawn};
use onhand_domain::ids::Reference;
use onhand_domain::position::PositionNumber;
use onhand_domain::reservation::{Holding, Reservation};
use onhand_domain::time::Timestamp;
use onhand_storage::IndexRow;

use super::moment::{self, LATE_MS};
use super::{jobs, letters, records};
use crate::keys::{order_hash, reference_hash};

/// Kinds of index rows; stored.
pub(super) mod kind {
    /// Number of a reservation → the record that ended it.
    pub(in super::super) const RESERVATION: u8 = 1;
    /// Hash of tenant and order → the records that ended its reservations.
    pub(in super::super) const ORDER: u8 = 2;
    /// Number of a transfer → the record that ended it.
    pub(in super::super) const TRANSFER: u8 = 3;
    /// Hash of tenant and order → the records of what came back on it.
    pub(in super::super) const RETURN: u8 = 4;
    /// Number of a dead letter → the record that settled it.
    pub(in super::super) const LETTER: u8 = 5;
    /// Hash of tenant and order → all other records with movements that concern it.
    pub(in super::super) const ORDER_STEP: u8 = 6;
    /// Number of a reservation → the records between the one that made it and the one that ended it.
    pub(in super::super) const RESERVATION_STEP: u8 = 7;
    /// Hash of tenant and reference → the records with movements that name it.
    pub(in super::super) const REFERENCE: u8 = 8;
    /// Number of a position → every [`SKIP`](super::SKIP)th of its records: where a walk back along it
    /// may begin.
    pub(in super::super) const SKIP: u8 = 9;
    /// Number of a position → records of it that name a time of their own and are not late.
    pub(in super::super) const NEAR: u8 = 10;
    /// Number of a position → records of it that came late.
    pub(in super::super) const LATE: u8 = 11;
    /// Instant at which something happened ([`time_key`](super::time_key)) → the record that told it
    /// late.
    pub(in super::super) const LATE_TIME: u8 = 12;
    /// Hash of tenant and the name that others gave to a transfer → the record that began it.
    pub(in super::super) const TRANSFER_NAME: u8 = 13;
    /// Number of a job → the record that ended it.
    pub(in super::super) const JOB: u8 = 14;
    /// Sequence of a record → the records that reversed one of its movements.
    pub(in super::super) const REVERSAL: u8 = 15;
}

/// Every so many versions of a position have a row.
pub(super) const SKIP: u32 = 16;

/// An instant as a key: keys are in the order of instants.
pub(super) const fn time_key(instant: Timestamp) -> u64 {
    (instant.millis() ^ i64::MIN).cast_unsigned()
}

/// Calls `row` for every index row that a record gives. The same row may come twice.
pub fn rows_of(change: &Change, sequence: u64, mut row: impl FnMut(IndexRow)) {
    letters::rows_of(change, sequence, &mut row);
    jobs::rows_of(change, sequence, &mut row);
    records::rows_of(change, sequence, &mut row);
    if change.cause == Cause::Unchanged {
        return;
    }
    if let Some(held) = change.transfer.as_ref().filter(|held| held.open().is_zero()) {
        row(IndexRow { kind: kind::TRANSFER, key: held.number, sequence });
    }
    if let Some(name) = transfer_name(change) {
        let key = order_hash(change.tenant, name.as_str());
        row(IndexRow { kind: kind::TRANSFER_NAME, key, sequence });
    }
    reservation_rows(change, sequence, &mut row);
    order_rows(change, sequence, &mut row);
    for held in change.positions.iter().filter(|held| held.version.is_multiple_of(SKIP)) {
        row(IndexRow { kind: kind::SKIP, key: held.position.into(), sequence });
    }
    if change.movements.is_empty() {
        return;
    }
    for reference in references_of(change) {
        let key = reference_hash(change.tenant, reference.as_str());
        row(IndexRow { kind: kind::REFERENCE, key, sequence });
    }
    moment_rows(change, sequence, &mut row);
}

fn reservation_rows(change: &Change, sequence: u64, row: &mut impl FnMut(IndexRow)) {
    for held in change.reservations() {
        if !held.status.is_open() {
            row(IndexRow { kind: kind::RESERVATION, key: held.number, sequence });
        } else if sequence != held.number && !change.movements.is_empty() {
            // The record that made it is found by its number.
            row(IndexRow { kind: kind::RESERVATION_STEP, key: held.number, sequence });
        }
    }
}

fn order_rows(change: &Change, sequence: u64, row: &mut impl FnMut(IndexRow)) {
    if let Some(order) = returned_on(change) {
        let key = order_hash(change.tenant, order.as_str());
        row(IndexRow { kind: kind::RETURN, key, sequence });
    }
    for held in change.withdrawn.iter().map(|held| &held.reservation) {
        if let Some(order) = &held.order {
            let key = order_hash(held.tenant, order.as_str());
            row(IndexRow { kind: kind::ORDER, key, sequence });
        }
    }
    if !change.withdrawn.is_empty() {
        return;
    }
    let Some(order) = order_of(change) else { return };
    let has_ended = change.reservation.as_ref().is_some_and(|held| !held.status.is_open());
    let kind = match has_ended {
        true => kind::ORDER,
        false if change.movements.is_empty() || change.cause == Cause::Returned => return,
        false => kind::ORDER_STEP,
    };
    row(IndexRow { kind, key: order_hash(change.tenant, order.as_str()), sequence });
}

/// Rows of what did not happen when it was recorded.
fn moment_rows(change: &Change, sequence: u64, row: &mut impl FnMut(IndexRow)) {
    if moment::is_prompt(change) {
        return;
    }
    for movement in &change.movements {
        let Some(held) = position_of(change, movement) else { continue };
        let key = held.position.into();
        match moment::lateness_ms(change, movement) {
            0 => {}
            late if late > LATE_MS => {
                row(IndexRow { kind: kind::LATE, key, sequence });
                let key = time_key(moment::occurred_at(change, movement));
                row(IndexRow { kind: kind::LATE_TIME, key, sequence });
            }
            _ => row(IndexRow { kind: kind::NEAR, key, sequence }),
        }
    }
}

/// The order that a record concerns.
pub(super) fn order_of(change: &Change) -> Option<&Reference> {
    let of_reservation = change.reservations().find_map(|held| held.order.as_ref());
    of_reservation.or_else(|| change.detail.as_ref()?.order.as_ref())
}

/// The reservation that the n-th movement of a record concerns. Where several were released together, their
/// movements follow each other as they do, one for each line that held something.
pub(super) fn reservation_of(change: &Change, place: u32) -> Option<&Arc<Reservation>> {
    if let Some(held) = &change.reservation {
        return Some(held);
    }
    let mut before = 0_usize;
    let place = usize::try_from(place).unwrap_or(usize::MAX);
    let is_its = |held: &&Withdrawn| {
        let moved = held.released.iter().filter(|share| holds(&held.reservation, share));
        before += moved.count();
        place < before
    };
    change.withdrawn.iter().find(is_its).map(|held| &held.reservation)
}

fn holds(held: &Reservation, share: &LineShare) -> bool {
    let mut of_share = held.lines.iter().filter(|line| line.item == share.item);
    of_share.any(|line| line.position == share.position && line.holding == Holding::Stock)
}

/// What a record may be looked for by: the caller's reference, and the document behind it.
pub(super) fn references_of(change: &Change) -> impl Iterator<Item = &Reference> {
    let detail = change.detail.as_deref();
    [
        detail.and_then(|detail| detail.reference.as_ref()),
        detail.and_then(|detail| detail.document.as_ref()),
    ]
    .into_iter()
    .flatten()
}

/// The order on which a record took something back, or undid that.
pub(super) fn returned_on(change: &Change) -> Option<&Reference> {
    let is_return = matches!(change.cause, Cause::Returned | Cause::Reversed);
    change.detail.as_ref().filter(|_| is_return)?.order.as_ref()
}

/// The name that others gave to the transfer which a record began: the document of its command.
#[must_use]
pub fn transfer_name(change: &Change) -> Option<&Reference> {
    let is_start = change.cause == Cause::TransferStarted;
    change.detail.as_ref().filter(|_| is_start)?.document.as_ref()
}

/// The position of a movement, as its record left it.
pub(super) fn position_of<'a>(
    change: &'a Change,
    movement: &onhand_domain::change::Movement,
) -> Option<&'a PositionChange> {
    change.positions.get(usize::try_from(movement.position).ok()?)
}

/// A position as a record left it.
pub(super) fn position_in(change: &Change, number: PositionNumber) -> Option<&PositionChange> {
    change.positions.iter().find(|held| held.position == number)
}

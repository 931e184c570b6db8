//! The life of a reservation between its making and its end: confirm, extend, expire.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::Decision;
use crate::change::{Change, LineShare, MovementKind};
use crate::draft::Draft;
use crate::position::Bucket;
use crate::quantity::Money;
use crate::rejection::Rejection;
use crate::reservation::{Holding, Line, Reservation, Status};
use crate::time::Timestamp;

/// Whether its deadline has passed although it is still active. At the deadline it has passed.
pub(super) fn is_due(held: &Reservation, now: Timestamp) -> bool {
    held.status == Status::Active && held.expires_at.is_some_and(|deadline| deadline <= now)
}

/// The reservation as this change will leave it, before anything else is changed.
pub(super) fn next_version(draft: &Draft<'_>, held: &Reservation) -> Reservation {
    Reservation {
        version: held.version.saturating_add(1),
        sequence: draft.sequence,
        updated_at: draft.now(),
        ..held.clone()
    }
}

/// Ends the change with the reservation as it is now.
pub(super) fn put(mut draft: Draft<'_>, reservation: Reservation) -> Decision {
    draft.change.reservation = Some(Arc::new(reservation));
    Decision::Change(draft.finish())
}

/// Why nothing can be done with a reservation that is not open.
pub(super) fn refuse_ended(held: &Reservation) -> Result<(), Rejection> {
    match held.status {
        Status::Active | Status::Confirmed => Ok(()),
        Status::Expired => {
            Err(Rejection::ReservationExpired { at: held.expires_at.unwrap_or(held.updated_at) })
        }
        ended => Err(Rejection::InvalidState(ended)),
    }
}

/// Drops the deadline: what was reserved is committed.
pub(super) fn confirm(
    mut draft: Draft<'_>,
    held: &Arc<Reservation>,
) -> Result<Decision, Rejection> {
    if held.status == Status::Confirmed {
        return Ok(Decision::Unchanged(Arc::clone(held)));
    }
    refuse_ended(held)?;
    for line in &held.lines {
        if let Some(position) = held_at(line) {
            let at = draft.touch(position);
            let (from, to) = (Some(Bucket::Reserved), Some(Bucket::Committed));
            draft.book(at, MovementKind::Confirm, from, to, line.open())?;
        }
    }
    let mut next = next_version(&draft, held);
    next.status = Status::Confirmed;
    next.expires_at = None;
    Ok(put(draft, next))
}

/// Sets a new deadline, counted from now.
pub(super) fn extend(
    draft: Draft<'_>,
    held: &Arc<Reservation>,
    ttl_ms: i64,
) -> Result<Decision, Rejection> {
    refuse_ended(held)?;
    if held.status != Status::Active {
        return Err(Rejection::InvalidState(held.status));
    }
    let mut next = next_version(&draft, held);
    next.expires_at = Some(draft.now().plus_millis(ttl_ms));
    Ok(put(draft, next))
}

/// Ends a reservation whose deadline has passed, as a whole.
pub(super) fn expire(mut draft: Draft<'_>, held: &Arc<Reservation>) -> Box<Change> {
    let mut next = next_version(&draft, held);
    release_open(&mut draft, &mut next, MovementKind::Expired)
        .expect("what was taken from available fits back into it");
    settle(&mut next, Status::Expired);
    draft.change.reservation = Some(Arc::new(next));
    draft.finish()
}

/// Where a line holds stock, if it still holds any.
pub(super) fn held_at(line: &Line) -> Option<crate::position::PositionNumber> {
    let holds = line.holding == Holding::Stock && !line.open().is_zero();
    line.position.filter(|_| holds)
}

/// Gives back all that is open.
pub(super) fn release_open(
    draft: &mut Draft<'_>,
    next: &mut Reservation,
    kind: MovementKind,
) -> Result<(), Rejection> {
    let bucket = next.status.bucket();
    for line in &mut next.lines {
        let open = line.open();
        if open.is_zero() {
            continue;
        }
        if let Some(position) = held_at(line) {
            let at = draft.touch(position);
            draft.book(at, kind, bucket, Some(Bucket::Available), open)?;
        }
        line.released = line.released.saturating_add(open);
        draft.change.released.push(LineShare {
            item: line.item,
            position: line.position,
            quantity: open,
            value: Money::ZERO,
        });
    }
    Ok(())
}

/// Nothing open and something shipped: fulfilled. Nothing open and nothing shipped: as given.
pub(super) fn settle(next: &mut Reservation, unshipped: Status) {
    if !next.has_open() {
        next.status = if next.has_shipped() { Status::Fulfilled } else { unshipped };
    }
}

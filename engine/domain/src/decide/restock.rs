//! Goods that come back to where they left, or leave as they came: the one place where what a movement
//! did is undone.

use crate::catalog::Standing;
use crate::change::{Change, Movement, MovementKind};
use crate::draft::Draft;
use crate::position::{Bucket, PositionNumber};
use crate::quantity::Quantity;
use crate::rejection::Rejection;

/// The movement whose goods are booked back.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    /// The record it stands in.
    pub(super) record: &'a Change,
    /// Its place there.
    pub(super) place: usize,
}

impl Origin<'_> {
    pub(super) fn movement(&self) -> Movement {
        *self.record.movements.get(self.place).expect("a place of a movement in its record")
    }
}

/// Books goods back, all that one movement took or part of it.
pub(super) fn undo(
    draft: &mut Draft<'_>,
    at: usize,
    kind: MovementKind,
    (from, to): (Option<Bucket>, Option<Bucket>),
    quantity: Quantity,
    origin: Origin<'_>,
) -> Result<(), Rejection> {
    assert!(quantity <= origin.movement().quantity, "no more comes back than left");
    draft.book(at, kind, from, to, quantity)
}

/// The position goods come back to; a location that was removed meanwhile is in use again with that.
pub(super) fn home(draft: &mut Draft<'_>, position: PositionNumber) -> usize {
    let at = draft.touch(position);
    let (_, location) = draft.place_of(at);
    let held = draft.location(location);
    let removed = held.filter(|location| location.standing == Standing::Archived);
    if let Some(removed) = removed.cloned() {
        draft.put_location(&removed.id, removed.attributes);
    }
    at
}

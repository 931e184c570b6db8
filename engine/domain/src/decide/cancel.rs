//! Releasing a reservation, all that is open or part of it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Decision;
use super::life::{held_at, next_version, put, release_open, settle};
use crate::change::{LineShare, MovementKind};
use crate::command::{Detail, ReleasedLine};
use crate::draft::{Draft, Nature, sums::summed};
use crate::position::Bucket;
use crate::quantity::{Money, Quantity};
use crate::rejection::Rejection;
use crate::reservation::{Line, Reservation, Status};

/// Releases what is open, or the lines named.
pub(super) fn cancel(
    mut draft: Draft<'_>,
    held: &Arc<Reservation>,
    lines: Option<&[ReleasedLine]>,
    detail: Option<&Arc<Detail>>,
) -> Result<Decision, Rejection> {
    match held.status {
        Status::Active | Status::Confirmed => {}
        Status::Cancelled | Status::Expired => return Ok(Decision::Unchanged(Arc::clone(held))),
        Status::Fulfilled => return Err(Rejection::InvalidState(held.status)),
    }
    draft.tell(detail);
    let mut next = next_version(&draft, held);
    match lines {
        None => release_open(&mut draft, &mut next, MovementKind::Release)?,
        Some(lines) => {
            let lines = summed(lines)?;
            // Lines that name a location first: one that does not mind which leaves it to them.
            let (named, others): (Vec<_>, Vec<_>) =
                lines.iter().partition(|line| line.location.is_some());
            for line in named.into_iter().chain(others) {
                release_line(&mut draft, &mut next, line)?;
            }
        }
    }
    settle(&mut next, Status::Cancelled);
    Ok(put(draft, next))
}

fn release_line(
    draft: &mut Draft<'_>,
    next: &mut Reservation,
    wish: &ReleasedLine,
) -> Result<(), Rejection> {
    draft.nature = Nature::Fact; // promises of archived items are released too
    let item = draft.known_item(&wish.item)?;
    let location = match &wish.location {
        Some(id) => Some(draft.known_location(id)?),
        None => None,
    };
    let bucket = next.status.bucket();
    let stock = draft.stock;
    let is_meant = |line: &Line| {
        let at = line.position.and_then(|number| stock.position(number)).map(|held| held.location);
        let is_of_lot = wish.lot.is_none() || line.lot.as_deref() == wish.lot.as_ref();
        line.item == item && is_of_lot && location.is_none_or(|location| at == Some(location))
    };
    let open = next.lines.iter().filter(|line| is_meant(line));
    let open = open.fold(Quantity::ZERO, |sum, line| sum.saturating_add(line.open()));
    if wish.quantity > open {
        let item = Some(wish.item.clone());
        return Err(Rejection::ExceedsOpen { item, requested: wish.quantity, open });
    }
    let mut rest = wish.quantity;
    for line in next.lines.iter_mut().filter(|line| is_meant(line)) {
        let given = line.open().min(rest);
        if given.is_zero() {
            continue;
        }
        if let Some(position) = held_at(line) {
            let at = draft.touch(position);
            draft.book(at, MovementKind::Release, bucket, Some(Bucket::Available), given)?;
        }
        line.released = line.released.saturating_add(given);
        rest = rest.saturating_sub(given);
        draft.change.released.push(LineShare {
            item,
            position: line.position,
            quantity: given,
            value: Money::ZERO,
        });
    }
    Ok(())
}

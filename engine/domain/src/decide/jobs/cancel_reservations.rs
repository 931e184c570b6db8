//! Cancels all open reservations with an open line of an item, or at a location, one record each.
//!
//! What was promised after the job began stays: it was promised by somebody who knew.

use super::{Next, Turn, reason_of};
use crate::change::Cause;
use crate::change::MovementKind;
use crate::decide::life::{is_due, next_version, release_open, settle};
use crate::job::Task;
use crate::reservation::{Line, Reservation, Status};

use alloc::sync::Arc;

/// Places are slots of memory: a reservation keeps its slot while it is open.
pub(super) fn next(turn: &Turn<'_>) -> Next {
    let promises = turn.stock.promises();
    let last = u64::from(promises.slot_count());
    let first = u32::try_from(turn.cursor.place).unwrap_or(u32::MAX);
    let most = first.saturating_add(u32::try_from(turn.looks).unwrap_or(u32::MAX));
    for (slot, held) in promises.slots_from(first) {
        if slot >= most {
            return Next::Looked(turn.at(u64::from(slot)));
        }
        if !is_meant(turn, held) {
            continue;
        }
        if is_due(held, turn.now) {
            return Next::Expire(held.number);
        }
        let behind = turn.at(u64::from(slot).saturating_add(1));
        return Next::Do(cancelled(turn, held), 1, behind);
    }
    Next::Nothing(turn.at(last))
}

fn is_meant(turn: &Turn<'_>, held: &Reservation) -> bool {
    let job = turn.job;
    held.status.is_open()
        && held.tenant == job.tenant
        && held.number < job.number
        && held.lines.iter().any(|line| !line.open().is_zero() && touches(turn, line))
}

fn touches(turn: &Turn<'_>, line: &Line) -> bool {
    match turn.job.task {
        Task::CancelItem(item) => line.item == item,
        Task::CancelLocation(location) => {
            let position = line.position.and_then(|number| turn.stock.position(number));
            position.is_some_and(|position| position.location == location)
        }
        _ => false,
    }
}

fn cancelled(turn: &Turn<'_>, held: &Reservation) -> alloc::boxed::Box<crate::change::Change> {
    let mut draft = turn.draft(Cause::Cancelled);
    draft.change.detail = reason_of(turn.job.reason.as_ref());
    let mut next = next_version(&draft, held);
    release_open(&mut draft, &mut next, MovementKind::Release)
        .expect("what was taken from available fits back into it");
    settle(&mut next, Status::Cancelled);
    draft.change.reservation = Some(Arc::new(next));
    draft.finish()
}

//! When a movement happened. Records tell when they were decided; what they tell of may have happened
//! before (a till that was off line) or a little later (a till whose clock is ahead).

use onhand_domain::change::{Change, Movement};
use onhand_domain::time::Timestamp;

/// What was recorded later than this after it happened counts as late and has index rows of its own,
/// in milliseconds. Most tills that name their own time are seconds behind.
pub(super) const LATE_MS: i64 = 60_000;

/// When a movement happened.
pub(super) fn occurred_at(change: &Change, movement: &Movement) -> Timestamp {
    change.happened(movement)
}

/// Whether all movements of a record happened when it was decided: nearly all records.
pub(super) fn is_prompt(change: &Change) -> bool {
    change.occurred_at() == change.at
        && change.movements.iter().all(|movement| movement.occurred_at.is_none())
}

/// How late a movement was recorded, in milliseconds; below zero for a clock that is ahead.
pub(super) fn lateness_ms(change: &Change, movement: &Movement) -> i64 {
    change.at.millis_since(occurred_at(change, movement))
}

/// The latest instant that a record tells of.
pub(crate) fn latest_of(change: &Change) -> Timestamp {
    let moments = change.movements.iter().map(|movement| occurred_at(change, movement));
    moments.fold(change.at, Timestamp::max)
}

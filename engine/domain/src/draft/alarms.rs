//! Alarms of a position: low stock with hysteresis, an empty shelf, and stock that cannot be.

use super::Nature;
use crate::change::{PositionChange, Raised};
use crate::policy::Policy;
use crate::position::{Alarms, Figures, Position};
use crate::quantity::Quantity;

/// Compares a position before and after, and raises what has to be raised.
pub(super) fn raise(
    held: &mut PositionChange,
    before: Option<&Position>,
    policy: &Policy,
    nature: Nature,
) {
    let stood = before.map_or_else(Alarms::default, |before| before.alarms);
    let figures = before.map_or_else(Figures::default, Position::figures);
    let available = held.figures.available;
    let threshold = policy.threshold();
    let stand = standing(policy, available);
    held.alarms = stand;
    held.raised = Raised {
        low: stand.low && !stood.low,
        // A position that was opened empty has not run out of anything.
        out: stand.out && !stood.out && available < figures.available,
        replenished: stood.low && !stand.low && threshold.is_some(),
        discrepancy: nature == Nature::Fact && is_impossible(&held.figures, &figures),
    };
    if held.raised.low || held.raised.replenished {
        held.threshold = threshold;
    }
}

/// The alarms that stand at these figures.
pub(crate) fn standing(policy: &Policy, available: Quantity) -> Alarms {
    Alarms {
        low: policy.threshold().is_some_and(|threshold| available < threshold),
        out: !available.is_positive(),
    }
}

/// A fact took what was not there: from what is free, or from the shelf itself.
fn is_impossible(after: &Figures, before: &Figures) -> bool {
    let fell_below = |after: Quantity, before| after.is_negative() && after < before;
    fell_below(after.available, before.available) || fell_below(after.shelf(), before.shelf())
}

//! When lots on shelves expire.

use alloc::collections::BTreeSet;

use crate::position::PositionNumber;
use crate::time::{Day, Timestamp};

/// Positions by the first day on which something on their shelf may be sold for the last time.
#[derive(Debug, Default)]
pub struct Expiries {
    days: BTreeSet<(Day, PositionNumber)>,
}

impl Expiries {
    /// A position has another first day now, or none.
    pub(crate) fn replace(
        &mut self,
        position: PositionNumber,
        before: Option<Day>,
        after: Option<Day>,
    ) {
        if let Some(day) = before {
            self.days.remove(&(day, position));
        }
        if let Some(day) = after {
            self.days.insert((day, position));
        }
    }

    /// A position with something on its shelf whose last day is over.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<PositionNumber> {
        self.days.first().filter(|(day, _)| day.end() <= now).map(|(_, position)| *position)
    }

    /// The earliest instant at which something expires.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.days.first().map(|(day, _)| day.end())
    }
}

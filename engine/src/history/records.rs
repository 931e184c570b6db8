//! Reading records back because something in them is undone.

use std::collections::BTreeMap;
use std::sync::Arc;

use onhand_domain::change::Change;
use onhand_domain::stock::records::RecalledRecord;
use onhand_storage::{IndexRow, LogError, ReadLog};

use super::{Archive, kind};
use crate::recovery::read_change;

/// Most reversals of movements of one record: it has at most so many movements.
const REVERSALS_MAX: usize = onhand_domain::limits::MOVEMENTS_MAX as usize;

/// Calls `row` when a record undoes a movement.
pub(super) fn rows_of(change: &Change, sequence: u64, mut row: impl FnMut(IndexRow)) {
    if let Some(place) = change.reverses {
        row(IndexRow { kind: kind::REVERSAL, key: place.sequence, sequence });
    }
}

impl Archive {
    /// A record, and which of its movements were reversed.
    pub(super) fn record(
        &self,
        log: &dyn ReadLog,
        sequence: u64,
    ) -> Result<RecalledRecord, LogError> {
        let mut reversed = BTreeMap::new();
        for by in self.lookup(kind::REVERSAL, sequence, REVERSALS_MAX)? {
            let place = read_change(log, by)?.and_then(|change| change.reverses);
            reversed.extend(place.map(|place| (place.place, by)));
        }
        Ok(RecalledRecord { change: read_change(log, sequence)?.map(Arc::new), reversed })
    }
}

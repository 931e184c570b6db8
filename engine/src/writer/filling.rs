//! What the writer has decided and the log has not taken yet: the next frame, while it fills.

use std::sync::Arc;

use onhand_domain::change::Change;
use onhand_domain::rejection::Rejection;
use onhand_domain::reservation::Reservation;
use onhand_storage::RecordBatch;

use crate::error::Failure;

/// What became of a command.
#[derive(Debug)]
pub enum Outcome {
    /// A record.
    Changed {
        /// Its number.
        sequence: u64,
        /// What it says.
        change: Box<Change>,
    },
    /// So already.
    Unchanged(Arc<Reservation>),
    /// Refused without a record.
    Refused(Box<Rejection>),
    /// The answer stands in this record.
    Repeat(u64),
    /// A message that was acted on already.
    Passed,
    /// Its event was acted on already, by this record.
    Duplicate(u64),
    /// A fault of ours; nothing was done.
    Failed(Failure),
}

/// An outcome, and who waits for it. Records of the engine's own making have nobody.
#[derive(Debug)]
pub struct Item<T> {
    /// Who waits.
    pub ticket: Option<T>,
    /// What became of it.
    pub outcome: Outcome,
}

/// Records and answers on their way to the disk, in the order in which they were decided.
///
/// An answer rests on every record before it, so it leaves when the batch it travels with is durable.
#[derive(Debug)]
pub struct Filling<T> {
    /// The records.
    pub batch: RecordBatch,
    /// The answers.
    pub items: Vec<Item<T>>,
}

impl<T> Default for Filling<T> {
    fn default() -> Self {
        Self { batch: RecordBatch::new(), items: Vec::new() }
    }
}

impl<T> Filling<T> {
    /// Whether nothing waits in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.batch.clear();
        self.items.clear();
    }
}

//! The index thread: writes the rows of what has ended to disk, in sorted runs, beside the log.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use onhand_storage::{IndexRow, IndexStore, LogError, LogReader};

use crate::history::{RecentRows, rows_of};
use crate::hopper::receive_within;
use crate::record;
use crate::status::Figures;

const LOOK: Duration = Duration::from_millis(500);

/// What the thread is told.
pub(crate) enum Order {
    /// Write everything that is durable, and say so.
    Flush(SyncSender<()>),
}

/// What it does, without the thread: which rows are written when.
pub struct Indexer {
    store: IndexStore,
    recent: Arc<RecentRows>,
    log: LogReader,
    records_max: u64,
}

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Whatever is durable.
    Everything,
    /// Sealed segments, and what has become too much to wait in memory.
    Due,
}

impl Indexer {
    /// Writes rows into `store` once `records_max` records wait; until then they stay in `recent`.
    #[must_use]
    pub const fn new(
        store: IndexStore,
        recent: Arc<RecentRows>,
        log: LogReader,
        records_max: u64,
    ) -> Self {
        Self { store, recent, log, records_max }
    }

    /// The rows of all records up to here are on disk.
    #[must_use]
    pub fn covered_to(&self) -> u64 {
        self.store.covered_to()
    }

    /// Rows of records up to `recovered` that no run covers, read from the log again.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn rebuild(&self, recovered: u64) -> Result<(), LogError> {
        let mut cursor = self.log.frames_from(self.covered_to().saturating_add(1));
        while cursor.next_sequence() <= recovered {
            let Some(frame) = cursor.next_frame()? else { break };
            let mut rows = Vec::new();
            for stored in frame.records() {
                let change =
                    record::decode(stored.kind, stored.version, stored.sequence, stored.payload);
                // A record that recovery has read can be read.
                if let Ok(change) = change {
                    rows_of(&change, stored.sequence, |row: IndexRow| rows.push(row));
                }
            }
            self.recent.extend(rows.into_iter());
        }
        Ok(())
    }

    /// Writes a run when enough is waiting, or when a segment is complete. The rows of all records up
    /// to `durable` are in `recent` or on disk.
    ///
    /// # Errors
    /// The index cannot be written; its rows stay in memory.
    pub fn write(&mut self, durable: u64, extent: Extent) -> Result<(), LogError> {
        let ranges = self.log.segment_ranges();
        let active = ranges.last().map(|(segment, _, _)| *segment);
        for (segment, first, last) in ranges {
            let covered = self.store.covered_to();
            let is_sealed = Some(segment) != active;
            let first = first.max(covered.saturating_add(1));
            let last = last.min(durable);
            if first > last {
                if is_sealed {
                    self.store.merge(segment)?;
                }
                continue;
            }
            let waiting = last.saturating_sub(covered);
            if extent == Extent::Everything || is_sealed || waiting >= self.records_max {
                self.store.append_run(segment, first, last, self.recent.range(first, last))?;
                if is_sealed {
                    self.store.merge(segment)?;
                }
                self.recent.forget_up_to(last);
            }
        }
        Ok(())
    }
}

/// Its parts.
pub(crate) struct IndexKeeper {
    pub(crate) indexer: Indexer,
    pub(crate) figures: Arc<Figures>,
}

impl IndexKeeper {
    /// Makes missing rows again, then runs until nobody can give orders any more.
    pub(crate) fn run(mut self, recovered: u64, orders: &Receiver<Order>) {
        self.figures.tell_indexed(self.indexer.covered_to());
        if let Err(error) = self.indexer.rebuild(recovered) {
            tracing::error!(%error, "the index cannot be rebuilt; what has ended will not be found");
        }
        self.indexer.recent.set_whole();
        loop {
            let order = receive_within(orders, LOOK);
            let extent = match &order {
                Ok(Some(Order::Flush(_))) => Extent::Everything,
                Ok(None) => Extent::Due,
                Err(()) => return,
            };
            if let Err(error) = self.indexer.write(self.figures.durable(), extent) {
                tracing::warn!(%error, "the index could not be written; its rows stay in memory");
            }
            self.figures.tell_indexed(self.indexer.covered_to());
            if let Ok(Some(Order::Flush(done))) = order {
                // Whoever asked may have given up waiting.
                let _ = done.try_send(());
            }
        }
    }
}

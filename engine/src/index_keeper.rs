//! The index thread: writes the rows of what has ended to disk, in sorted runs, beside the log.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use onhand_storage::{IndexStore, LogError, LogReader};

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

/// Its parts.
pub(crate) struct IndexKeeper {
    pub(crate) store: IndexStore,
    pub(crate) recent: Arc<RecentRows>,
    pub(crate) log: LogReader,
    pub(crate) figures: Arc<Figures>,
    pub(crate) records_max: u64,
}

impl IndexKeeper {
    /// Makes missing rows again, then runs until nobody can give orders any more.
    ///
    /// # Errors
    /// The log cannot be read. Without its rows, what has ended would seem never to have been, so the
    /// engine must end.
    pub(crate) fn run(mut self, recovered: u64, orders: &Receiver<Order>) -> Result<(), LogError> {
        let rebuilt = self.rebuild(recovered);
        // Whoever waits for the rows goes on, to be told that the engine has failed.
        self.recent.set_whole();
        rebuilt?;
        loop {
            let order = receive_within(orders, LOOK);
            let everything = match &order {
                Ok(Some(Order::Flush(_))) => true,
                Ok(None) => false,
                Err(()) => return Ok(()),
            };
            if let Err(error) = self.write(everything) {
                tracing::warn!(%error, "the index could not be written; its rows stay in memory");
            }
            if let Ok(Some(Order::Flush(done))) = order {
                // Whoever asked may have given up waiting.
                let _ = done.try_send(());
            }
        }
    }

    /// Rows of records that no run covers, read from the log again.
    fn rebuild(&self, recovered: u64) -> Result<(), LogError> {
        let covered = self.store.covered_to();
        self.figures.tell_indexed(covered);
        let mut cursor = self.log.frames_from(covered.saturating_add(1));
        while cursor.next_sequence() <= recovered {
            let Some(frame) = cursor.next_frame()? else { break };
            let mut rows = Vec::new();
            for stored in frame.records() {
                let change =
                    record::decode(stored.kind, stored.version, stored.sequence, stored.payload);
                // A record that recovery has read can be read.
                if let Ok(change) = change {
                    rows_of(&change, stored.sequence, |row| rows.push(row));
                }
            }
            self.recent.extend(rows.into_iter());
        }
        Ok(())
    }

    /// Writes a run when enough is waiting, or when a segment is complete.
    fn write(&mut self, everything: bool) -> Result<(), LogError> {
        let durable = self.figures.durable();
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
            if everything || is_sealed || waiting >= self.records_max {
                self.store.append_run(segment, first, last, self.recent.range(first, last))?;
                if is_sealed {
                    self.store.merge(segment)?;
                }
                self.recent.forget_up_to(last);
                self.figures.tell_indexed(last);
            }
        }
        Ok(())
    }
}

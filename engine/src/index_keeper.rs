//! The index thread: writes the rows of what has ended to disk, in sorted runs, beside the log.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::time::Duration;

use onhand_storage::{IndexRow, IndexStore, LogError, LogReader, lower_priority};

use crate::history::{RecentRows, rows_of};
use crate::hopper::receive_within;
use crate::record;
use crate::status::Figures;

const LOOK: Duration = Duration::from_millis(500);

/// What the thread is told.
pub(crate) enum Order {
    /// Write everything that is durable, and say so.
    Flush(SyncSender<()>),
    /// Records up to this one are not kept any more.
    Forget(u64),
}

/// How a rebuild ended.
enum Rebuilt {
    Whole,
    /// The process is stopping; the next start goes on.
    GivenUp,
}

/// Its parts.
pub(crate) struct IndexKeeper {
    pub(crate) store: IndexStore,
    pub(crate) recent: Arc<RecentRows>,
    pub(crate) log: LogReader,
    pub(crate) figures: Arc<Figures>,
    /// At least one.
    pub(crate) records_max: u64,
    pub(crate) bytes_per_second: u64,
}

impl IndexKeeper {
    /// Makes missing rows again, then runs until nobody can give orders any more.
    ///
    /// # Errors
    /// The log cannot be read. Without its rows, what has ended would seem never to have been, so the
    /// engine must end.
    pub(crate) fn run(mut self, recovered: u64, orders: &Receiver<Order>) -> Result<(), LogError> {
        lower_priority();
        match self.rebuild(recovered, orders) {
            Ok(Rebuilt::Whole) => self.recent.set_whole(),
            Ok(Rebuilt::GivenUp) => {
                self.recent.give_up();
                return Ok(());
            }
            Err(error) => {
                // Whoever waits for the rows goes on, to be told that the engine has failed.
                self.recent.give_up();
                return Err(error);
            }
        }
        loop {
            let order = receive_within(orders, LOOK);
            let everything = match &order {
                Ok(Some(Order::Flush(_))) => true,
                Ok(Some(Order::Forget(sequence))) => {
                    self.forget_up_to(*sequence);
                    false
                }
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

    fn forget_up_to(&mut self, sequence: u64) {
        if let Err(error) = self.store.forget_up_to(sequence) {
            tracing::warn!(%error, "index files of gone segments stay until the next start");
        }
    }

    /// Rows of records that no run covers, read from the log again: written at once where a run is full
    /// or a segment complete, else kept in memory.
    fn rebuild(&mut self, recovered: u64, orders: &Receiver<Order>) -> Result<Rebuilt, LogError> {
        let ranges = self.log.segment_ranges();
        let active = ranges.last().map(|(segment, _, _)| *segment);
        for (segment, first, last) in ranges {
            let is_sealed = Some(segment) != active;
            let last = last.min(recovered);
            let mut first = first.max(self.store.covered_to().saturating_add(1));
            while first <= last {
                match orders.try_recv() {
                    Ok(Order::Forget(sequence)) => self.forget_up_to(sequence),
                    Err(TryRecvError::Empty) => {}
                    // The process is stopping.
                    Ok(Order::Flush(_)) | Err(TryRecvError::Disconnected) => {
                        return Ok(Rebuilt::GivenUp);
                    }
                }
                let end = last.min(first.saturating_add(self.records_max - 1));
                let rows = self.rows_from_log(first, end)?;
                if !is_sealed && end - first < self.records_max - 1 {
                    self.recent.extend(rows.into_iter());
                    break;
                }
                self.store.append_run(segment, first, end, rows)?;
                first = end.saturating_add(1);
            }
            self.figures.tell_indexed(self.store.covered_to());
            if is_sealed && self.store.covered_to() >= last {
                self.store.merge(segment)?;
            }
        }
        Ok(Rebuilt::Whole)
    }

    fn rows_from_log(&self, first: u64, last: u64) -> Result<Vec<IndexRow>, LogError> {
        let mut rows = Vec::new();
        let mut cursor = self.log.frames_from(first);
        while cursor.next_sequence() <= last {
            let Some(frame) = cursor.next_frame()? else { break };
            for stored in frame.records().take_while(|stored| stored.sequence <= last) {
                let change =
                    record::decode(stored.kind, stored.version, stored.sequence, stored.payload);
                // A record that recovery has read can be read.
                if let Ok(change) = change {
                    rows_of(&change, stored.sequence, |row| rows.push(row));
                }
            }
        }
        Ok(rows)
    }

    /// Writes a run when enough is waiting, or when a segment is complete.
    fn write(&mut self, everything: bool) -> Result<(), LogError> {
        self.recent.settle();
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
                // What comes faster than the throttle lets through must not fill the memory.
                let is_behind = waiting >= self.records_max.saturating_mul(2);
                self.store.set_rate(Some(self.bytes_per_second).filter(|_| !is_behind));
                let rows = match self.recent.range(first, last) {
                    Some(rows) => rows,
                    None => self.rows_from_log(first, last)?,
                };
                self.store.append_run(segment, first, last, rows)?;
                self.recent.forget_up_to(last);
                self.figures.tell_indexed(last);
                if is_sealed {
                    self.store.merge(segment)?;
                }
            }
        }
        Ok(())
    }
}

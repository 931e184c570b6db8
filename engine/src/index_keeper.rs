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
        for (segment, first, end) in ranges {
            let covered = self.store.covered_to();
            // The log may know of its end before the rows of its last records are here. Merged before
            // they are, it would be merged again, and what was merged first would be gone.
            let is_complete = Some(segment) != active && end <= durable;
            let first = first.max(covered.saturating_add(1));
            let last = end.min(durable);
            if first > last {
                if is_complete {
                    self.store.merge(segment)?;
                }
                continue;
            }
            let waiting = last.saturating_sub(covered);
            if extent == Extent::Everything || is_complete || waiting >= self.records_max {
                self.store.append_run(segment, first, last, self.recent.range(first, last))?;
                if is_complete {
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
    ///
    /// # Errors
    /// The log cannot be read. Without its rows, what has ended would seem never to have been, so the
    /// engine must end.
    pub(crate) fn run(mut self, recovered: u64, orders: &Receiver<Order>) -> Result<(), LogError> {
        self.figures.tell_indexed(self.indexer.covered_to());
        let rebuilt = self.indexer.rebuild(recovered);
        // Whoever waits for the rows goes on, to be told that the engine has failed.
        self.indexer.recent.set_whole();
        rebuilt?;
        loop {
            let order = receive_within(orders, LOOK);
            let extent = match &order {
                Ok(Some(Order::Flush(_))) => Extent::Everything,
                Ok(None) => Extent::Due,
                Err(()) => return Ok(()),
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

#[cfg(test)]
mod tests {
    use onhand_storage::{DataDirectory, Log, RecordBatch, StorageConfig};

    use super::*;

    fn batch(sequence: u64, bytes: usize) -> RecordBatch {
        let mut batch = RecordBatch::new();
        batch.begin(sequence);
        let fill = |into: &mut Vec<u8>| into.resize(into.len() + bytes, 7);
        batch.push_with(record::KIND_CHANGE, record::VERSION, fill).expect("it fits");
        batch
    }

    /// A segment that is full, while the rows of its last record are still on their way.
    #[test]
    fn a_segment_is_merged_when_all_its_rows_are_there() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut config = StorageConfig::new(directory.path());
        config.segment_bytes = 300;
        config.checkpoint_bytes_per_second = 0;
        let opened = DataDirectory::open(config).expect("opens");
        let (mut log, reader) = opened.open_log().expect("opens");
        let sealed: Vec<_> = [(1, 20), (2, 300), (3, 20)]
            .map(|(sequence, bytes)| log.commit(&batch(sequence, bytes)).expect("commits").sealed)
            .into();
        assert_eq!(sealed, [None, Some(1), None]);
        let store = opened.index().expect("opens");
        let (recent, index) = (Arc::<RecentRows>::default(), store.reader());
        let mut indexer = Indexer::new(store, Arc::clone(&recent), reader, 1);
        for durable in 1..=3 {
            recent.extend(std::iter::once(IndexRow { kind: 1, key: durable, sequence: durable }));
            indexer.write(durable, Extent::Due).expect("writes");
        }
        assert_eq!(indexer.covered_to(), 3);
        for key in 1..=3 {
            assert_eq!(index.lookup(1, key, u64::MAX, 9).expect("reads"), [key], "row of {key}");
        }
    }
}

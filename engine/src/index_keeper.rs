//! The index thread: writes the rows of what has ended to disk, in sorted runs, beside the log.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::time::Duration;

use onhand_storage::{IndexRow, IndexStore, LogError, LogReader, lower_priority};

use crate::history::{RecentRows, rows_of};
use crate::hopper::receive_within;
use crate::record;
use crate::status::Figures;

/// How often it looks whether there is enough to write.
const LOOK: Duration = Duration::from_millis(200);

/// What the thread may be asked for.
pub(crate) enum Order {
    /// Write everything that is durable, and say so.
    Flush(SyncSender<()>),
    /// Records up to this one are not kept any more.
    Forget(u64),
}

/// How a rebuild ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuilt {
    /// All rows of durable records are known.
    Whole,
    /// It was told to stop; the next start goes on.
    GivenUp,
}

/// What it does, without the thread: which rows are written when.
pub struct Indexer {
    store: IndexStore,
    recent: Arc<RecentRows>,
    log: LogReader,
    /// At least one.
    records_max: u64,
    bytes_per_second: Option<u64>,
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
    pub fn new(
        store: IndexStore,
        recent: Arc<RecentRows>,
        log: LogReader,
        records_max: u64,
    ) -> Self {
        Self { store, recent, log, records_max: records_max.max(1), bytes_per_second: None }
    }

    /// Writes no faster than this, unless too much waits.
    #[must_use]
    pub const fn paced(mut self, bytes_per_second: u64) -> Self {
        self.bytes_per_second = Some(bytes_per_second);
        self
    }

    /// The rows of all records up to here are on disk.
    #[must_use]
    pub fn covered_to(&self) -> u64 {
        self.store.covered_to()
    }

    /// Records up to this one are not kept any more.
    fn forget_up_to(&mut self, sequence: u64) {
        if let Err(error) = self.store.forget_up_to(sequence) {
            tracing::warn!(%error, "index files of gone segments stay until the next start");
        }
    }

    /// Rows of records up to `recovered` that no run covers, read from the log again: written at once
    /// where a run is full or a segment complete, else kept in memory. Before each run `go_on` is asked.
    ///
    /// # Errors
    /// The log cannot be read, or the index not be written.
    pub fn rebuild(
        &mut self,
        recovered: u64,
        mut go_on: impl FnMut(&mut Self) -> bool,
    ) -> Result<Rebuilt, LogError> {
        let ranges = self.log.segment_ranges();
        let active = ranges.last().map(|(segment, _, _)| *segment);
        for (segment, first, end) in ranges {
            let is_complete = Some(segment) != active && end <= recovered;
            let last = end.min(recovered);
            let mut first = first.max(self.covered_to().saturating_add(1));
            while first <= last {
                if !go_on(self) {
                    return Ok(Rebuilt::GivenUp);
                }
                let end = last.min(first.saturating_add(self.records_max - 1));
                let rows = self.rows_from_log(first, end)?;
                if !is_complete && end - first < self.records_max - 1 {
                    self.recent.extend(rows.into_iter());
                    break;
                }
                self.store.append_run(segment, first, end, rows)?;
                first = end.saturating_add(1);
            }
            if is_complete && self.covered_to() >= last {
                self.store.merge(segment)?;
            }
        }
        self.recent.cover(recovered);
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

    /// Writes a run when enough is waiting, or when a segment is complete. The rows of all records up
    /// to `durable` are in `recent` or on disk.
    ///
    /// # Errors
    /// The index cannot be written; its rows stay in memory.
    pub fn write(&mut self, durable: u64, extent: Extent) -> Result<(), LogError> {
        self.recent.settle();
        let ranges = self.log.segment_ranges();
        let active = ranges.last().map(|(segment, _, _)| *segment);
        for (segment, first, end) in ranges {
            let covered = self.covered_to();
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
                // What comes faster than the throttle lets through must not fill the memory.
                let is_behind = waiting >= self.records_max.saturating_mul(2);
                self.store.set_rate(self.bytes_per_second.filter(|_| !is_behind));
                let rows = match self.recent.range(first, last) {
                    Some(rows) => rows,
                    None => self.rows_from_log(first, last)?,
                };
                self.store.append_run(segment, first, last, rows)?;
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
        lower_priority();
        self.figures.tell_indexed(self.indexer.covered_to());
        let go_on = |indexer: &mut Indexer| match orders.try_recv() {
            Ok(Order::Forget(sequence)) => {
                indexer.forget_up_to(sequence);
                true
            }
            Err(TryRecvError::Empty) => true,
            // The process is stopping.
            Ok(Order::Flush(_)) | Err(TryRecvError::Disconnected) => false,
        };
        match self.indexer.rebuild(recovered, go_on) {
            Ok(Rebuilt::Whole) => self.indexer.recent.set_whole(),
            Ok(Rebuilt::GivenUp) => {
                self.indexer.recent.give_up();
                return Ok(());
            }
            Err(error) => {
                // Whoever waits for the rows goes on, to be told that the engine has failed.
                self.indexer.recent.give_up();
                return Err(error);
            }
        }
        loop {
            let order = receive_within(orders, LOOK);
            let extent = match &order {
                Ok(Some(Order::Flush(_))) => Extent::Everything,
                Ok(Some(Order::Forget(sequence))) => {
                    self.indexer.forget_up_to(*sequence);
                    Extent::Due
                }
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

//! A log in memory that behaves like the one on disk, faults included: for the simulation and for
//! tests of what stands above.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use uuid::Uuid;

use crate::error::LogError;
use crate::frame::{self, FRAME_HEADER_BYTES, Frame, FrameFields, FrameHash};
use crate::log::{
    Committed, FrameCursor, FrameSource, Log, READ_AHEAD_BYTES, READ_AHEAD_FRAMES, ReadLog, Start,
    decode,
};
use crate::record::{RecordBatch, Records, StoredRecord};

const LOG_NUMBER: u16 = 1;

/// What the next opening finds of a commit that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedCommit {
    /// Nothing of it.
    Lost,
    /// All of it: the error came after the bytes had reached the disk.
    Kept,
}

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultDuration {
    /// The log works again when it is opened again.
    Once,
    /// Commits fail after every opening too, until [`MemoryLog::heal`].
    Sticky,
}

#[derive(Clone, Copy, Debug)]
struct Fault {
    /// Commits that still succeed before it strikes.
    countdown: u64,
    outcome: FailedCommit,
    duration: FaultDuration,
}

/// A log whose disk is memory. Clones of its reader see what is durable.
pub struct MemoryLog {
    shared: Arc<MemoryFrames>,
    epoch: u32,
    next_sequence: u64,
    offset: u64,
    hash: FrameHash,
    latched: bool,
    fault: Option<Fault>,
    lost_tail: Option<(u64, u64)>,
    row: Vec<u8>,
}

/// Reads a [`MemoryLog`].
#[derive(Clone)]
pub struct MemoryLogReader {
    shared: Arc<MemoryFrames>,
}

#[derive(Default)]
struct MemoryFrames {
    /// First sequence, last sequence, row. Ascending.
    state: RwLock<MemoryState>,
}

#[derive(Default, Clone)]
struct MemoryState {
    rows: Vec<(u64, u64, Arc<[u8]>)>,
    /// Rows that were acknowledged or not, and that the next opening finds.
    kept: Vec<(u64, u64, Arc<[u8]>)>,
    durable: u64,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryLog {
    /// An empty log, in its first epoch.
    pub fn new() -> Self {
        Self::open(Arc::default(), 1)
    }

    fn open(shared: Arc<MemoryFrames>, epoch: u32) -> Self {
        let (mut next_sequence, mut offset) = (1, 0);
        let mut hash = FrameHash::genesis(Uuid::nil(), LOG_NUMBER);
        if let Some((_, last, row)) = shared.state.read().rows.last() {
            next_sequence = last + 1;
            hash = FrameHash::of(row);
        }
        offset += shared.state.read().rows.iter().map(|(_, _, row)| row.len() as u64).sum::<u64>();
        Self {
            shared,
            epoch,
            next_sequence,
            offset,
            hash,
            latched: false,
            fault: None,
            lost_tail: None,
            row: Vec::new(),
        }
    }

    /// The reading end.
    pub fn reader(&self) -> MemoryLogReader {
        MemoryLogReader { shared: self.shared.clone() }
    }

    /// Lets a commit fail: the next one when `after` is 0, else the one after that many.
    pub fn fail_commit(&mut self, after: u64, outcome: FailedCommit, duration: FaultDuration) {
        self.fault = Some(Fault { countdown: after, outcome, duration });
    }

    /// Takes back a fault that has been set.
    pub fn heal(&mut self) {
        self.fault = None;
    }

    /// The process has died and the next one opens the same log: one epoch later, with everything
    /// acknowledged and, if it was so decided, the commit that failed. Readers of the log before
    /// keep seeing what it was.
    pub fn reopen(self) -> Self {
        self.reopen_without(0)
    }

    /// The same, and the last rows are gone although they were acknowledged: a disk that lied, or a
    /// restored backup. [`MemoryLog::lost_tail`] tells.
    pub fn reopen_without(mut self, rows: usize) -> Self {
        let mut state = self.shared.state.read().clone();
        let known = state.durable;
        state.rows.append(&mut state.kept);
        state.rows.truncate(state.rows.len().saturating_sub(rows));
        state.durable = state.rows.last().map_or(0, |(_, last, _)| *last);
        let lost_tail = (known > state.durable).then_some((state.durable, known));
        let mut next =
            Self::open(Arc::new(MemoryFrames { state: RwLock::new(state) }), self.epoch + 1);
        next.fault = self.fault.take().filter(|fault| fault.duration == FaultDuration::Sticky);
        next.lost_tail = lost_tail;
        next
    }

    /// `(found, expected)` when records are missing that were known to be durable.
    pub fn lost_tail(&self) -> Option<(u64, u64)> {
        self.lost_tail
    }

    /// Whether this commit fails, and what becomes of it.
    fn strike(&mut self) -> Option<FailedCommit> {
        let fault = self.fault.as_mut()?;
        if fault.countdown > 0 {
            fault.countdown -= 1;
            return None;
        }
        let outcome = fault.outcome;
        if fault.duration == FaultDuration::Once {
            self.fault = None;
        }
        Some(outcome)
    }
}

fn file() -> PathBuf {
    PathBuf::from("memory")
}

impl Log for MemoryLog {
    fn commit(&mut self, batch: &RecordBatch) -> Result<Committed, LogError> {
        if self.latched {
            return Err(LogError::Latched);
        }
        assert!(!batch.is_empty(), "a commit holds a record");
        assert_eq!(batch.first_sequence(), self.next_sequence, "records have no hole");
        let (mut offset, mut hash) = (self.offset, self.hash);
        let mut rows = Vec::with_capacity(batch.rows().len());
        for (part, body) in batch.rows() {
            let fields = FrameFields {
                log_number: LOG_NUMBER,
                epoch: self.epoch,
                count: part.count,
                first_sequence: part.first_sequence,
                offset,
                previous_hash: hash,
            };
            hash = frame::encode(&fields, body, &mut self.row);
            offset += self.row.len() as u64;
            let last = part.first_sequence + u64::from(part.count) - 1;
            rows.push((part.first_sequence, last, Arc::from(self.row.as_slice())));
        }
        if let Some(outcome) = self.strike() {
            self.latched = true;
            if outcome == FailedCommit::Kept {
                self.shared.state.write().kept = rows;
            }
            return Err(LogError::OutcomeUnknown {
                file: file(),
                sequence: batch.first_sequence(),
                what: "injected fault".to_owned(),
            });
        }
        let bytes = offset - self.offset;
        (self.offset, self.hash) = (offset, hash);
        self.next_sequence = batch.last_sequence() + 1;
        let mut state = self.shared.state.write();
        state.rows.append(&mut rows);
        state.durable = batch.last_sequence();
        Ok(Committed { last_sequence: batch.last_sequence(), bytes, sealed: None })
    }

    fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    fn last_hash(&self) -> FrameHash {
        self.hash
    }

    fn epoch(&self) -> u32 {
        self.epoch
    }
}

impl MemoryState {
    /// Index of the row that holds a durable sequence.
    fn find(&self, sequence: u64) -> Option<usize> {
        if sequence == 0 || sequence > self.durable {
            return None;
        }
        self.rows.partition_point(|(first, _, _)| *first <= sequence).checked_sub(1)
    }
}

impl FrameSource for MemoryFrames {
    fn durable_sequence(&self) -> u64 {
        self.state.read().durable
    }

    fn read_frames(&self, sequence: u64, frames: &mut VecDeque<Frame>) -> Result<(), LogError> {
        let state = self.state.read();
        let start = state.find(sequence).unwrap_or(state.rows.len());
        let mut bytes = 0;
        for (first, _, row) in state.rows[start..].iter().take(READ_AHEAD_FRAMES) {
            frames.push_back(decode(Path::new("memory"), *first, row.to_vec())?);
            bytes += row.len();
            if bytes >= READ_AHEAD_BYTES {
                break;
            }
        }
        Ok(())
    }

    fn start(&self) -> Start {
        Start::genesis(FrameHash::genesis(Uuid::nil(), LOG_NUMBER))
    }

    fn log_number(&self) -> u16 {
        LOG_NUMBER
    }

    fn file_of(&self, _sequence: u64) -> PathBuf {
        file()
    }
}

impl ReadLog for MemoryLogReader {
    fn durable_sequence(&self) -> u64 {
        self.shared.durable_sequence()
    }

    fn earliest_sequence(&self) -> u64 {
        1
    }

    fn record(&self, sequence: u64) -> Result<Option<StoredRecord>, LogError> {
        let state = self.shared.state.read();
        let Some(index) = state.find(sequence) else { return Ok(None) };
        let (first, _, row) = &state.rows[index];
        let checked = frame::check(row)
            .map_err(|damage| LogError::damaged(&file(), *first, damage.to_string()))?;
        let records = Records::new(&row[FRAME_HEADER_BYTES..], checked.epoch, *first);
        let mut records = records.skip_while(|record| record.sequence < sequence);
        Ok(records.next().map(StoredRecord::from))
    }

    fn frames_from(&self, sequence: u64) -> FrameCursor {
        FrameCursor::new(self.shared.clone(), sequence)
    }

    fn frames_back(&self, sequence: u64) -> Result<Vec<Frame>, LogError> {
        let state = self.shared.state.read();
        let Some(last) = state.find(sequence) else { return Ok(Vec::new()) };
        let (mut frames, mut bytes) = (Vec::new(), 0);
        for (first, _, row) in state.rows[..=last].iter().rev().take(READ_AHEAD_FRAMES) {
            frames.push(decode(&file(), *first, row.to_vec())?);
            bytes += row.len();
            if bytes >= READ_AHEAD_BYTES {
                break;
            }
        }
        Ok(frames)
    }
}

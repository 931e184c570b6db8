//! Reading the log on disk, from any thread, beside the one that writes.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use redb::ReadOnlyTable;
use uuid::Uuid;

use crate::disk::{Disk, DiskLock};
use crate::error::LogError;
use crate::frame::{FRAME_HEADER_BYTES, Frame, FrameHash};
use crate::log::{FrameCursor, FrameSource, READ_AHEAD_BYTES, READ_AHEAD_FRAMES, ReadLog, decode};
use crate::record::{Records, StoredRecord};
use crate::segment::{Opened, Purpose, Segment, SegmentLabel};

/// Sealed segments that are open at the same time: each holds a file and a cache.
const OPEN_SEGMENTS_MAX: usize = 16;

/// All segments of a log, and how far it is durable. Shared by the writing end and all readers.
pub(crate) struct Segments {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) directory: PathBuf,
    pub(crate) identity: Uuid,
    pub(crate) log_number: u16,
    pub(crate) cache_bytes: usize,
    pub(crate) purpose: Purpose,
    /// Those that hold records, in ascending order, each continuing the one before.
    list: RwLock<Vec<Arc<Segment>>>,
    durable: AtomicU64,
    /// Sealed segments that are open, the longest open first.
    opened: Mutex<VecDeque<Arc<Segment>>>,
    /// As long as the log is read or written, no other process may have the directory.
    _hold: Arc<dyn DiskLock>,
}

impl Segments {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        directory: PathBuf,
        identity: Uuid,
        log_number: u16,
        cache_bytes: usize,
        purpose: Purpose,
        hold: Arc<dyn DiskLock>,
    ) -> Self {
        Self {
            disk,
            directory,
            identity,
            log_number,
            cache_bytes,
            purpose,
            list: RwLock::new(Vec::new()),
            durable: AtomicU64::new(0),
            opened: Mutex::new(VecDeque::new()),
            _hold: hold,
        }
    }

    pub(crate) fn label(&self, number: u32) -> SegmentLabel {
        SegmentLabel { identity: self.identity, log_number: self.log_number, number }
    }

    pub(crate) fn sealed_cache_bytes(&self) -> usize {
        self.cache_bytes / 8
    }

    pub(crate) fn push(&self, segment: Arc<Segment>) {
        self.list.write().push(segment);
    }

    /// Says that everything up to `sequence` is durable and may be read.
    pub(crate) fn set_durable(&self, sequence: u64) {
        self.durable.store(sequence, Ordering::Release);
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    fn find(&self, sequence: u64) -> Option<Arc<Segment>> {
        if sequence == 0 || sequence > self.durable() {
            return None;
        }
        let list = self.list.read();
        let after = list.partition_point(|s| s.range().is_some_and(|(first, _)| first <= sequence));
        after.checked_sub(1).map(|index| list[index].clone())
    }

    /// Reads from a segment, which is opened when it is not.
    pub(crate) fn read<T>(
        &self,
        segment: &Arc<Segment>,
        read: impl Fn(&ReadOnlyTable<u64, &'static [u8]>) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        loop {
            if let Some(found) = segment.read(&read)? {
                return Ok(found);
            }
            self.open(segment)?;
        }
    }

    /// Opens a sealed segment for reading, and closes the one that has been open longest when
    /// there are too many.
    pub(crate) fn open(&self, segment: &Arc<Segment>) -> Result<(), LogError> {
        let cache_bytes = self.sealed_cache_bytes();
        let opened = segment.open_for_reading(self.disk.as_ref(), cache_bytes, self.purpose)?;
        if opened == Opened::Now {
            let mut list = self.opened.lock();
            list.push_back(segment.clone());
            let surplus = if list.len() > OPEN_SEGMENTS_MAX { list.pop_front() } else { None };
            drop(list);
            if let Some(surplus) = surplus {
                surplus.close_reading();
            }
        }
        Ok(())
    }

    fn ranges(&self) -> Vec<(u32, u64, u64)> {
        let list = self.list.read();
        list.iter()
            .filter_map(|s| s.range().map(|(first, last)| (s.number(), first, last)))
            .collect()
    }

    fn record(&self, sequence: u64) -> Result<Option<StoredRecord>, LogError> {
        let Some(segment) = self.find(sequence) else { return Ok(None) };
        let found = self.read(&segment, |table| {
            let mut rows = table.range(..=sequence).map_err(|e| segment.redb(e.into()))?;
            let Some(row) = rows.next_back() else { return Ok(None) };
            let (key, row) = row.map_err(|e| segment.redb(e.into()))?;
            let row = row.value();
            let frame = segment.check_row(key.value(), row)?;
            let records =
                Records::new(&row[FRAME_HEADER_BYTES..], frame.epoch, frame.first_sequence);
            let mut records = records.skip_while(|record| record.sequence < sequence);
            Ok(records.next().map(StoredRecord::from))
        })?;
        match found {
            Some(record) => Ok(Some(record)),
            None => Err(LogError::damaged(segment.path(), sequence, "the record is missing")),
        }
    }

    fn frames(&self, segment: &Arc<Segment>, sequence: u64) -> Result<VecDeque<Frame>, LogError> {
        // Rows of a commit that is not yet said to be durable begin above.
        let durable = self.durable();
        self.read(segment, |table| {
            let redb = |error: redb::StorageError| segment.redb(error.into());
            let mut frames = VecDeque::new();
            let start = table.range(..=sequence).map_err(redb)?.next_back();
            let Some(start) = start.transpose().map_err(redb)? else { return Ok(frames) };
            let mut bytes = 0;
            for row in table.range(start.0.value()..=durable).map_err(redb)? {
                let (key, row) = row.map_err(redb)?;
                let frame = decode(segment.path(), key.value(), row.value().to_vec())?;
                if frame.header().first_sequence != key.value() {
                    segment.check_row(key.value(), row.value())?;
                }
                bytes += frame.bytes().len();
                frames.push_back(frame);
                if bytes >= READ_AHEAD_BYTES || frames.len() >= READ_AHEAD_FRAMES {
                    break;
                }
            }
            Ok(frames)
        })
    }
}

impl FrameSource for Segments {
    fn durable_sequence(&self) -> u64 {
        self.durable()
    }

    fn read_frames(&self, sequence: u64, frames: &mut VecDeque<Frame>) -> Result<(), LogError> {
        let Some(segment) = self.find(sequence) else { return Ok(()) };
        frames.extend(self.frames(&segment, sequence)?);
        Ok(())
    }

    fn genesis(&self) -> FrameHash {
        FrameHash::genesis(self.identity, self.log_number)
    }

    fn log_number(&self) -> u16 {
        self.log_number
    }

    fn file_of(&self, sequence: u64) -> PathBuf {
        self.find(sequence).map_or_else(|| self.directory.clone(), |s| s.path().to_owned())
    }
}

/// Reads the log: any thread, any number of clones. Every call is one short read transaction.
#[derive(Clone)]
pub struct LogReader {
    pub(crate) segments: Arc<Segments>,
}

impl LogReader {
    /// Sequence of the last durable record; 0 while there is none.
    pub fn durable_sequence(&self) -> u64 {
        self.segments.durable()
    }

    /// Sequence of the first record that is still kept: 1, since nothing is removed so far.
    pub fn earliest_sequence(&self) -> u64 {
        self.segments.ranges().first().map_or(1, |(_, first, _)| *first)
    }

    /// Segment that holds a durable record.
    pub fn segment_of(&self, sequence: u64) -> Option<u32> {
        self.segments.find(sequence).map(|segment| segment.number())
    }

    /// Number, first and last durable sequence of every segment that holds records.
    pub fn segment_ranges(&self) -> Vec<(u32, u64, u64)> {
        self.segments.ranges()
    }

    /// Last durable sequence of a segment; `None` when it holds no records.
    pub(crate) fn segment_end(&self, number: u32) -> Option<u64> {
        let ranges = self.segments.ranges();
        ranges.iter().find(|(held, _, _)| *held == number).map(|(_, _, last)| *last)
    }

    /// One record; `None` when it is not durable yet. The checksum of its frame is verified.
    pub fn record(&self, sequence: u64) -> Result<Option<StoredRecord>, LogError> {
        self.segments.record(sequence)
    }

    /// A walk that begins with the record `sequence` (at least 1).
    pub fn frames_from(&self, sequence: u64) -> FrameCursor {
        FrameCursor::new(self.segments.clone(), sequence)
    }

    /// What the first frame names as its predecessor.
    pub fn genesis(&self) -> FrameHash {
        FrameHash::genesis(self.segments.identity, self.segments.log_number)
    }

    /// The directory of the segments, for messages.
    pub fn directory(&self) -> &Path {
        &self.segments.directory
    }
}

impl ReadLog for LogReader {
    fn durable_sequence(&self) -> u64 {
        self.durable_sequence()
    }

    fn earliest_sequence(&self) -> u64 {
        self.earliest_sequence()
    }

    fn record(&self, sequence: u64) -> Result<Option<StoredRecord>, LogError> {
        self.record(sequence)
    }

    fn frames_from(&self, sequence: u64) -> FrameCursor {
        self.frames_from(sequence)
    }
}

//! The writing end of the log on disk.

use std::sync::Arc;
use std::thread::JoinHandle;

use redb::Database;

use crate::disk::Background;
use crate::error::LogError;
use crate::frame::{self, FrameFields, FrameHash};
use crate::high_water::{HighWater, HighWaterFile};
use crate::log::{Committed, Log};
use crate::read::Segments;
use crate::record::RecordBatch;
use crate::segment::Segment;
use crate::tables::{self, FRAMES};

/// A job that runs beside the commits.
enum SideJob<T> {
    Running(JoinHandle<T>),
    Done(T),
}

impl<T: Send + 'static> SideJob<T> {
    fn start(background: Background, name: &str, job: impl FnOnce() -> T + Send + 'static) -> Self {
        match background {
            Background::Inline => Self::Done(job()),
            Background::Threads => {
                let builder = std::thread::Builder::new().name(name.to_owned());
                Self::Running(builder.spawn(job).expect("the system gives a thread"))
            }
        }
    }

    fn wait(self) -> T {
        match self {
            Self::Done(result) => result,
            Self::Running(thread) => match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            },
        }
    }
}

/// Where the log ends.
#[derive(Clone, Copy)]
pub(crate) struct LogEnd {
    pub(crate) next_sequence: u64,
    pub(crate) offset: u64,
    pub(crate) hash: FrameHash,
}

/// The log on disk: redb files of about the configured size, the newest of which is written.
pub struct SegmentedLog {
    segments: Arc<Segments>,
    segment_bytes: u64,
    epoch: u32,
    end: LogEnd,
    active: Arc<Segment>,
    /// Offset of the active segment's first row.
    active_start: u64,
    /// The active segment was sealed by the last commit: the next one goes to the spare.
    roll: bool,
    spare: Option<SideJob<Result<Arc<Segment>, LogError>>>,
    closing: Option<SideJob<()>>,
    high_water: HighWaterFile,
    lost_tail: Option<(u64, u64)>,
    latched: bool,
    /// The row being written; kept for its memory.
    row: Vec<u8>,
}

/// What [`SegmentedLog::new`] needs, found out by recovery.
pub(crate) struct Recovered {
    pub(crate) active: Arc<Segment>,
    pub(crate) active_start: u64,
    pub(crate) end: LogEnd,
    /// A segment made ahead of need by an earlier process.
    pub(crate) spare: Option<Arc<Segment>>,
    /// Epoch of the newest frame; 0 in an empty log.
    pub(crate) epoch: u32,
}

impl SegmentedLog {
    pub(crate) fn new(
        segments: Arc<Segments>,
        segment_bytes: u64,
        epoch: u32,
        recovered: Recovered,
        high_water: HighWaterFile,
        lost_tail: Option<(u64, u64)>,
    ) -> Self {
        let Recovered { active, active_start, end, spare, .. } = recovered;
        let spare = spare.map(|segment| SideJob::Done(Ok(segment)));
        let mut log = Self {
            segments,
            segment_bytes,
            epoch,
            end,
            active,
            active_start,
            roll: false,
            spare,
            closing: None,
            high_water,
            lost_tail,
            latched: false,
            row: Vec::new(),
        };
        // A crash may have come between the commit that filled a segment and the next one.
        if log.active_bytes() >= segment_bytes && log.active.range().is_some() {
            log.seal();
        }
        log
    }

    /// `(found, expected)` when the directory knew of records that its log does not contain. The
    /// engine must refuse to start unless the operator accepts the loss.
    pub fn lost_tail(&self) -> Option<(u64, u64)> {
        self.lost_tail
    }

    /// Number of the segment that takes the next records, or took the last ones.
    pub fn active_segment(&self) -> u32 {
        self.active.number()
    }

    fn active_bytes(&self) -> u64 {
        self.end.offset - self.active_start
    }

    fn background(&self) -> Background {
        self.segments.disk.background()
    }

    /// The segment that takes the next row.
    fn writable(&mut self) -> Result<(), LogError> {
        if !self.roll {
            return Ok(());
        }
        self.prepare_spare();
        if let Some(spare) = self.spare.take() {
            self.active = spare.wait().or_else(|error| {
                // It was tried long before it was needed; what was in the way may be gone.
                tracing::warn!(%error, "the next segment's file could not be made ahead of need");
                create(&self.segments, self.active.number() + 1)
            })?;
        }
        self.active.open_for_writing(self.segments.disk.as_ref(), self.segments.cache_bytes)?;
        self.active_start = self.end.offset;
        self.roll = false;
        Ok(())
    }

    /// Makes the next segment's file, once.
    fn prepare_spare(&mut self) {
        if self.spare.is_some() {
            return;
        }
        let segments = self.segments.clone();
        let number = self.active.number() + 1;
        let job = move || create(&segments, number);
        self.spare = Some(SideJob::start(self.background(), "log-next-segment", job));
    }

    /// Ends the active segment: closed in the background, so that it needs no repair ever.
    fn seal(&mut self) {
        if let Some(before) = self.closing.take() {
            before.wait();
        }
        let sealed = self.active.clone();
        self.closing =
            Some(SideJob::start(self.background(), "log-close-segment", move || sealed.close()));
        self.roll = true;
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<Committed, LogError> {
        self.writable()?;
        let start = self.end.offset;
        let mut end = self.end;
        let (epoch, log_number, row) = (self.epoch, self.segments.log_number, &mut self.row);
        let mut write = |database: &Database| -> Result<LogEnd, redb::Error> {
            let transaction = database.begin_write()?;
            {
                let mut table = transaction.open_table(FRAMES)?;
                for (part, body) in batch.rows() {
                    let fields = FrameFields {
                        log_number,
                        epoch,
                        count: part.count,
                        first_sequence: part.first_sequence,
                        offset: end.offset,
                        previous_hash: end.hash,
                    };
                    end.hash = frame::encode(&fields, body, row);
                    // `insert` with the greatest key leaves the last leaf packed and starts a new
                    // one, like the append cursor, and copies the row once instead of twice.
                    table.insert(part.first_sequence, row.as_slice())?;
                    end.offset += row.len() as u64;
                }
            }
            transaction.commit()?;
            end.next_sequence = batch.last_sequence() + 1;
            Ok(end)
        };
        let written = self.active.write(|database| tables::sound(|| write(database)));
        self.end =
            written.map_err(|e| LogError::commit(self.active.path(), batch.first_sequence(), e))?;
        Ok(self.committed(batch, self.end.offset - start))
    }

    /// Everything that follows from a commit that succeeded.
    fn committed(&mut self, batch: &RecordBatch, bytes: u64) -> Committed {
        let last_sequence = batch.last_sequence();
        let is_new = self.active.range().is_none();
        self.active.grow(batch.first_sequence(), last_sequence);
        if is_new {
            self.segments.push(self.active.clone());
        }
        self.segments.set_durable(last_sequence);
        self.high_water.write(HighWater { epoch: self.epoch, sequence: last_sequence });
        let mut sealed = None;
        if self.active_bytes() >= self.segment_bytes {
            sealed = Some(self.active.number());
            self.prepare_spare();
            self.seal();
        } else if self.active_bytes() >= self.segment_bytes / 2 {
            self.prepare_spare();
        }
        Committed { last_sequence, bytes, sealed }
    }
}

/// Makes the file of a segment.
fn create(segments: &Segments, number: u32) -> Result<Arc<Segment>, LogError> {
    let (disk, label) = (segments.disk.as_ref(), segments.label(number));
    Segment::create(disk, &segments.directory, label, segments.cache_bytes).map(Arc::new)
}

impl Log for SegmentedLog {
    fn commit(&mut self, batch: &RecordBatch) -> Result<Committed, LogError> {
        if self.latched {
            return Err(LogError::Latched);
        }
        assert!(!batch.is_empty(), "a commit holds a record");
        assert_eq!(batch.first_sequence(), self.end.next_sequence, "records have no hole");
        self.write(batch).inspect_err(|error| {
            self.latched = true;
            tracing::error!(%error, "the log is latched");
        })
    }

    fn next_sequence(&self) -> u64 {
        self.end.next_sequence
    }

    fn last_hash(&self) -> FrameHash {
        self.end.hash
    }

    fn epoch(&self) -> u32 {
        self.epoch
    }
}

impl Drop for SegmentedLog {
    /// Closes the files, so that the next start has nothing to repair; readers open them again.
    fn drop(&mut self) {
        if let Some(closing) = self.closing.take() {
            closing.wait();
        }
        if let Some(spare) = self.spare.take() {
            // A spare that could not be made is made by the next process.
            drop(spare.wait());
        }
        self.active.close();
    }
}

//! What a log is, to everything above this crate: something that commits batches and can be walked.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::LogError;
use crate::frame::{Frame, FrameHash};
use crate::opening::Opening;
use crate::record::{RecordBatch, StoredRecord};

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Everything up to here is durable.
    pub last_sequence: u64,
    /// Bytes of the rows that were written.
    pub bytes: u64,
    /// The segment that was sealed by this commit: its records are complete.
    pub sealed: Option<u32>,
}

/// The writing end of a log. One owner, one thread.
pub trait Log: Send {
    /// Makes the whole batch durable, in one step: after a crash all of its rows are found, or a
    /// crash came before this returned and none are. The batch must begin at
    /// [`Log::next_sequence`] and hold a record.
    ///
    /// After an error nobody knows what is on disk: the log is latched, answers
    /// [`LogError::Latched`] from then on, and the process must stop.
    fn commit(&mut self, batch: &RecordBatch) -> Result<Committed, LogError>;

    /// Sequence of the record that comes next.
    fn next_sequence(&self) -> u64;

    /// Hash of the newest frame; of an empty log its genesis.
    fn last_hash(&self) -> FrameHash;

    /// Epoch that new frames carry.
    fn epoch(&self) -> u32;
}

/// The reading end of a log; shared by as many threads as like.
pub trait ReadLog: Send + Sync {
    /// Sequence of the last durable record; 0 while there is none.
    fn durable_sequence(&self) -> u64;

    /// Sequence of the first record that is still kept.
    fn earliest_sequence(&self) -> u64;

    /// One record; `None` when it is not durable yet or not kept any more.
    fn record(&self, sequence: u64) -> Result<Option<StoredRecord>, LogError>;

    /// A walk that begins with the record `sequence` (at least 1).
    fn frames_from(&self, sequence: u64) -> FrameCursor;

    /// The frame that holds the record `sequence` and frames before it, the newest first: at least
    /// one, at most about a mebibyte. Checksums have been verified. Empty when the record is not
    /// durable yet or not kept any more.
    fn frames_back(&self, sequence: u64) -> Result<Vec<Frame>, LogError>;
}

/// Where a cursor gets its frames: implemented by every log.
pub(crate) trait FrameSource: Send + Sync {
    fn durable_sequence(&self) -> u64;

    /// Appends the durable frames from the one that contains `sequence` on: at least one, at most
    /// about [`READ_AHEAD_BYTES`]. Each has been decoded, none compared with its neighbours.
    /// `sequence` is durable.
    fn read_frames(&self, sequence: u64, frames: &mut VecDeque<Frame>) -> Result<(), LogError>;

    /// What the first kept frame of this log continues.
    fn start(&self) -> Start;

    fn log_number(&self) -> u16;

    /// File that holds a sequence, for messages.
    fn file_of(&self, sequence: u64) -> PathBuf;
}

/// Frames are read several at a time, since a read transaction costs more than a small frame.
pub(crate) const READ_AHEAD_BYTES: usize = 1 << 20;
/// The same limit in frames.
pub(crate) const READ_AHEAD_FRAMES: usize = 512;

/// What the first kept frame of a log continues.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    /// Sequence before its first record.
    pub(crate) sequence: u64,
    pub(crate) hash: FrameHash,
    pub(crate) end_offset: u64,
    pub(crate) epoch: u32,
}

impl Start {
    /// The start of a log of which everything is kept.
    pub(crate) const fn genesis(hash: FrameHash) -> Self {
        Self { sequence: 0, hash, end_offset: 0, epoch: 0 }
    }
}

impl From<&Opening> for Start {
    fn from(opening: &Opening) -> Self {
        let Opening { sequence, hash, end_offset, epoch, .. } = *opening;
        Self { sequence, hash, end_offset, epoch }
    }
}

/// A walk through the log in ascending order, over all segments. It ends at the durable end, and
/// can be asked again when there is more.
pub struct FrameCursor {
    source: Arc<dyn FrameSource>,
    ahead: VecDeque<Frame>,
    next_sequence: u64,
    before: Option<Before>,
}

/// What the next frame must continue.
#[derive(Clone, Copy)]
struct Before {
    hash: FrameHash,
    end_offset: u64,
    epoch: u32,
}

impl FrameCursor {
    pub(crate) fn new(source: Arc<dyn FrameSource>, sequence: u64) -> Self {
        let sequence = sequence.max(1);
        let Start { sequence: last, hash, end_offset, epoch } = source.start();
        let before = (sequence == last + 1).then_some(Before { hash, end_offset, epoch });
        Self { source, ahead: VecDeque::new(), next_sequence: sequence, before }
    }

    /// Sequence of the record the next frame will begin with.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// The next durable frame, or `None` when there is none yet. Every frame's checksum has been
    /// verified, and that it continues the one before it: hash, sequence, offset and epoch.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, LogError> {
        if self.ahead.is_empty() {
            if self.next_sequence > self.source.durable_sequence() {
                return Ok(None);
            }
            self.source.read_frames(self.next_sequence, &mut self.ahead)?;
        }
        let Some(mut frame) = self.ahead.pop_front() else {
            return Err(self.damage("the frame is missing".to_owned()));
        };
        self.check(&frame)?;
        frame.begin_at(self.next_sequence);
        let header = frame.header();
        self.before = Some(Before {
            hash: header.hash,
            end_offset: header.offset + frame.bytes().len() as u64,
            epoch: header.epoch,
        });
        self.next_sequence = header.last_sequence() + 1;
        Ok(Some(frame))
    }

    fn check(&self, frame: &Frame) -> Result<(), LogError> {
        let header = frame.header();
        let (first, last) = (header.first_sequence, header.last_sequence());
        let expected = self.next_sequence;
        let in_place = match self.before {
            Some(_) => first == expected,
            None => first <= expected && expected <= last,
        };
        if !in_place {
            return Err(self.damage(format!("found a frame of {first}..={last} instead")));
        }
        if header.log_number != self.source.log_number() {
            return Err(self.damage(format!("the frame belongs to log {}", header.log_number)));
        }
        let Some(before) = self.before else { return Ok(()) };
        if header.previous_hash != before.hash {
            let what = format!(
                "chain broken: it continues {}, its predecessor is {}",
                header.previous_hash, before.hash
            );
            return Err(self.damage(what));
        }
        if header.offset != before.end_offset || header.epoch < before.epoch {
            return Err(self.damage("offset or epoch do not continue its predecessor".to_owned()));
        }
        Ok(())
    }

    fn damage(&self, what: String) -> LogError {
        let file = self.source.file_of(self.next_sequence);
        LogError::Damaged { file, sequence: self.next_sequence, what }
    }
}

/// A frame as a [`FrameSource`] found it, or the damage named.
pub(crate) fn decode(file: &Path, sequence: u64, row: Vec<u8>) -> Result<Frame, LogError> {
    Frame::decode(row).map_err(|damage| frame_damage(file, sequence, &damage))
}

pub(crate) fn frame_damage(
    file: &Path,
    sequence: u64,
    damage: &crate::frame::FrameDamage,
) -> LogError {
    match damage {
        crate::frame::FrameDamage::Format(found) => LogError::UnknownFormat {
            file: file.to_owned(),
            found: u32::from(*found),
            known: u32::from(crate::frame::FRAME_FORMAT),
        },
        other => LogError::damaged(file, sequence, other.to_string()),
    }
}

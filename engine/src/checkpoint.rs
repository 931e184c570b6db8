//! The checkpoint thread: writes memory to disk beside the log, slice by slice, without stopping it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use onhand_storage::{CheckpointStore, CheckpointWriter, FinishedCheckpoint, LogError, ReadLog};
use ractor::ActorRef;

use crate::gate::Gate;
use crate::hopper::receive_within;
use crate::record::checkpoint::VERSION;
use crate::snapshot::{Place, Portion};
use crate::status::Figures;
use crate::writer::actor::{Message, Walked};

/// How often the thread looks whether a round is due.
const LOOK: Duration = Duration::from_millis(500);
/// How often it looks whether the log has caught up with what it has written.
const DURABLE_LOOK: Duration = Duration::from_millis(1);

/// What the thread is told.
pub(crate) enum Order {
    /// Write everything now, at full speed, and say so.
    Round(SyncSender<Result<(), String>>),
}

/// The file of one slice, portion by portion.
pub struct SliceWriter {
    file: CheckpointWriter,
    began: u64,
}

impl SliceWriter {
    /// Begins the file of a slice whose first portion was encoded after record `began`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn begin(store: &CheckpointStore, slice: u16, began: u64) -> std::io::Result<Self> {
        Ok(Self { file: store.begin(slice, began)?, began })
    }

    /// The record after which it was begun: everything up to there is contained.
    #[must_use]
    pub const fn began(&self) -> u64 {
        self.began
    }

    /// Changes the rate of what follows; `None` means unlimited.
    pub fn set_rate(&mut self, bytes_per_second: Option<u64>) {
        self.file.set_rate(bytes_per_second);
    }

    /// Writes what one turn of the writer has encoded.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn push(&mut self, portion: &Portion) -> std::io::Result<()> {
        let mut start = 0;
        for entry in &portion.entries {
            let payload = &portion.bytes[start..entry.end];
            self.file.push(entry.kind, VERSION, entry.sequence, payload)?;
            start = entry.end;
        }
        Ok(())
    }

    /// Completes the file. It may be installed when the log is durable up to its highest sequence: a
    /// checkpoint must not know what the log does not.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(self) -> std::io::Result<FinishedCheckpoint> {
        self.file.finish()
    }
}

/// Its parts.
pub(crate) struct Checkpointer {
    pub(crate) store: CheckpointStore,
    pub(crate) writer: ActorRef<Message>,
    pub(crate) log: Arc<dyn ReadLog>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) every_records: u64,
    pub(crate) replay_records_max: u64,
    pub(crate) bytes_per_second: u64,
}

/// How fast a round may write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    Throttled,
    Full,
}

impl Checkpointer {
    /// Runs until nobody can give orders any more.
    pub(crate) fn run(&self, orders: &Receiver<Order>) {
        loop {
            match receive_within(orders, LOOK) {
                Ok(Some(Order::Round(done))) => {
                    let result = self.round(Pace::Full).map_err(|error| error.to_string());
                    // Whoever asked may have given up waiting.
                    let _ = done.try_send(result);
                }
                Ok(None) if self.is_due() && self.gate.closed().is_none() => {
                    if let Err(error) = self.round(Pace::Throttled) {
                        tracing::warn!(%error, "a checkpoint failed; the next round tries again");
                    }
                }
                Ok(None) => {}
                Err(()) => return,
            }
        }
    }

    fn is_due(&self) -> bool {
        self.behind() >= self.every_records
    }

    /// Records that a start would replay now.
    fn behind(&self) -> u64 {
        self.figures.decided().saturating_sub(self.figures.checkpoint_began())
    }

    /// Writes every slice once.
    fn round(&self, pace: Pace) -> Result<(), LogError> {
        let mut oldest = u64::MAX;
        let mut bytes = 0_u64;
        for slice in self.store.slices() {
            let (began, written) = self.slice(slice, pace)?;
            oldest = oldest.min(began);
            bytes = bytes.saturating_add(written);
        }
        self.figures.tell_checkpoint(oldest, bytes);
        tracing::debug!(began = oldest, bytes, "checkpoint");
        Ok(())
    }

    fn slice(&self, slice: u16, pace: Pace) -> Result<(u64, u64), LogError> {
        let io = |source| LogError::Io { file: std::path::PathBuf::from("checkpoint"), source };
        let mut walked = self.walk(slice, None)?;
        let began = walked.sequence;
        let mut file = SliceWriter::begin(&self.store, slice, began).map_err(io)?;
        loop {
            let is_urgent = self.behind() >= self.replay_records_max / 4 * 3;
            let rate =
                if pace == Pace::Full || is_urgent { None } else { Some(self.bytes_per_second) };
            file.set_rate(rate);
            file.push(&walked.portion).map_err(io)?;
            if walked.next == Place::End {
                break;
            }
            walked = self.walk(slice, Some(walked.next))?;
        }
        let finished = file.finish().map_err(io)?;
        while self.log.durable_sequence() < finished.highest() {
            if self.gate.fatal().is_some() {
                return Err(LogError::Latched);
            }
            std::thread::sleep(DURABLE_LOOK);
        }
        let bytes = finished.bytes();
        finished.install().map_err(io)?;
        Ok((began, bytes))
    }

    fn walk(&self, slice: u16, place: Option<Place>) -> Result<Walked, LogError> {
        let (reply, answer) = sync_channel(1);
        // Without a writer there is nothing to write down.
        self.writer
            .cast(Message::Portion { slice, place, reply })
            .map_err(|_| LogError::Latched)?;
        answer.recv().map_err(|_| LogError::Latched)
    }
}

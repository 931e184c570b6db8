//! A stretch of the log as it was read, made into records by whoever tells of them: what a thread makes,
//! uses and forgets by itself never goes through another one's hands.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use onhand_storage::{Frame, LogError, ReadLog};

use crate::outbox::Published;
use crate::record;

/// Frames, and which of their records are meant.
#[derive(Debug)]
pub struct Stretch {
    frames: VecDeque<Frame>,
    /// Records up to this one are not meant: a frame may begin before it.
    after: u64,
    /// Nor are those behind this one: a frame may reach beyond what the view knows yet.
    until: u64,
}

impl Stretch {
    /// Reads whole frames behind `after`, up to the one that holds `until`, until they hold so many
    /// records.
    pub(crate) fn read(
        log: &dyn ReadLog,
        after: u64,
        until: u64,
        records_max: usize,
    ) -> Result<Self, LogError> {
        // Who stands before the kept history goes on where it begins.
        let after = after.max(log.earliest_sequence().saturating_sub(1));
        let mut stretch = Self { frames: VecDeque::new(), after, until };
        let mut cursor = log.frames_from(after.saturating_add(1));
        while stretch.len() < records_max && cursor.next_sequence() <= until {
            let Some(frame) = cursor.next_frame()? else { break };
            stretch.frames.push_back(frame);
        }
        Ok(stretch)
    }

    /// The last record that is meant; `None` when there is none.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        let last = self.frames.back()?.header().last_sequence().min(self.until);
        (last > self.after).then_some(last)
    }

    fn len(&self) -> usize {
        self.frames.front().zip(self.last()).map_or(0, |(first, last)| {
            let first = first.header().first_sequence.max(self.after + 1);
            usize::try_from((last + 1).saturating_sub(first)).unwrap_or(usize::MAX)
        })
    }

    /// Appends the records of the next frame; tells whether there was one.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub fn next_frame(&mut self, into: &mut VecDeque<Published>) -> Result<bool, LogError> {
        let Some(frame) = self.frames.pop_front() else { return Ok(false) };
        let meant = self.after + 1..=self.until;
        for stored in frame.records().filter(|stored| meant.contains(&stored.sequence)) {
            let change =
                record::decode(stored.kind, stored.version, stored.sequence, stored.payload);
            let change = change.map_err(|error| LogError::Damaged {
                file: PathBuf::new(),
                sequence: stored.sequence,
                what: error.to_string(),
            })?;
            let change = Arc::new(change);
            into.push_back(Published { sequence: stored.sequence, epoch: stored.epoch, change });
        }
        Ok(true)
    }

    /// All of its records.
    pub(crate) fn into_records(mut self) -> Result<Vec<Published>, LogError> {
        let mut records = VecDeque::with_capacity(self.len());
        while self.next_frame(&mut records)? {}
        Ok(records.into())
    }
}

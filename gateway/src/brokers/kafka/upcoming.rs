//! What comes next in the order of the log: records become events here, on the thread that sends them.

use std::collections::VecDeque;
use std::vec;

use onhand_domain::time::Timestamp;
use onhand_engine::events::{Event, events_of};
use onhand_engine::ids::LOG;
use onhand_engine::{Names, Published, Stretch};
use onhand_storage::LogError;

use crate::http::events::cursor::Cursor;

/// What comes next.
#[expect(clippy::large_enum_variant, reason = "it goes from hand to hand and is never kept")]
pub(super) enum Next {
    /// An event.
    Event(Event),
    /// Nothing more of the record with this sequence, decided at this instant.
    EndOf(u64, Timestamp),
}

/// See the module.
pub(super) struct Upcoming {
    /// Events up to here are not wanted: it may stand inside a record.
    behind: Cursor,
    stretches: VecDeque<Stretch>,
    /// Records of the frame that is being told.
    records: VecDeque<Published>,
    /// One that was taken, and has to wait.
    put_back: Option<Event>,
    events: vec::IntoIter<Event>,
    /// The record that they are of.
    end: Option<(u64, Timestamp)>,
}

impl Upcoming {
    /// Begins behind a place of the log.
    pub(super) fn behind(behind: Cursor) -> Self {
        let (stretches, records) = Default::default();
        let events = Vec::new().into_iter();
        Self { behind, stretches, records, put_back: None, events, end: None }
    }

    /// Whether there is nothing at hand.
    pub(super) fn is_empty(&self) -> bool {
        self.end.is_none()
            && self.put_back.is_none()
            && self.records.is_empty()
            && self.stretches.is_empty()
    }

    /// What was read behind all that came before.
    pub(super) fn add(&mut self, stretch: Stretch) {
        self.stretches.push_back(stretch);
    }

    /// The event that was taken last comes first again.
    pub(super) fn put_back(&mut self, event: Event) {
        self.put_back = Some(event);
    }

    /// Takes what comes next; `None` when there is nothing at hand.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub(super) fn take(&mut self, names: &dyn Names) -> Result<Option<Next>, LogError> {
        if let Some(event) = self.put_back.take() {
            return Ok(Some(Next::Event(event)));
        }
        loop {
            if let Some(event) = self.events.find(|event| Cursor::of(event) > self.behind) {
                return Ok(Some(Next::Event(event)));
            }
            if let Some((sequence, decided)) = self.end.take() {
                return Ok(Some(Next::EndOf(sequence, decided)));
            }
            let Some(Published { sequence, epoch, change }) = self.records.pop_front() else {
                if self.read()? {
                    continue;
                }
                return Ok(None);
            };
            self.events = events_of(LOG, epoch, sequence, &change, names).into_iter();
            self.end = Some((sequence, change.at));
        }
    }

    /// Makes records of the next frame; tells whether there was one.
    fn read(&mut self) -> Result<bool, LogError> {
        while let Some(stretch) = self.stretches.front_mut() {
            if stretch.next_frame(&mut self.records)? {
                return Ok(true);
            }
            self.stretches.pop_front();
        }
        Ok(false)
    }
}

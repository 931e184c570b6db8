//! Reading which events were consumed, and what became of them.

use std::sync::Arc;

use onhand_domain::change::Change;
use onhand_domain::consumed::ConsumedEvent;
use onhand_domain::upkeep::Kept;
use onhand_storage::{LogError, ReadLog};

use super::History;
use crate::error::Failure;
use crate::keys::event_id_hash;
use crate::recovery::read_change;
use crate::view::Page;

/// Records that one page looks at, at most: a filter that finds little must not hold a thread.
const LOOKS_MAX: usize = 2_000;

/// What became of a consumed event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsumedStatus {
    /// It was acted on.
    Processed,
    /// It was answered "no" by an event of its own (`ReservationFailed`).
    Refused,
    /// It became a dead letter.
    DeadLetter,
}

/// A consumed event.
#[derive(Debug, Clone)]
pub struct ConsumedRecord {
    /// The record that acted on it.
    pub sequence: u64,
    /// What the record says.
    pub change: Arc<Change>,
}

impl ConsumedRecord {
    /// The event.
    ///
    /// # Panics
    /// Never: only records of events are read.
    #[must_use]
    pub fn event(&self) -> &ConsumedEvent {
        let source = self.change.source.as_ref();
        source.and_then(|source| source.event.as_ref()).expect("only records of events are read")
    }

    /// What became of it.
    #[must_use]
    pub fn status(&self) -> ConsumedStatus {
        match (self.change.kept.as_deref(), &self.change.refusal) {
            (Some(Kept::Letter(_)), _) => ConsumedStatus::DeadLetter,
            (_, Some(_)) => ConsumedStatus::Refused,
            _ => ConsumedStatus::Processed,
        }
    }
}

/// Which consumed events a list shows.
#[derive(Debug, Clone, Default)]
pub struct ConsumedFilter {
    /// Only with this id, as written.
    pub event_id: Option<String>,
    /// Only of this type, as written.
    pub event_type: Option<String>,
    /// Only those of which this became.
    pub status: Option<ConsumedStatus>,
    /// Only of this tenant.
    pub tenant: Option<u32>,
}

impl ConsumedFilter {
    fn passes(&self, record: &ConsumedRecord) -> bool {
        let event = record.event();
        let is = |wanted: &Option<String>, text: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == text)
        };
        is(&self.event_id, event.id.as_str())
            && is(&self.event_type, event.event_type.as_str())
            && self.status.is_none_or(|status| record.status() == status)
            && self.tenant.is_none_or(|tenant| record.change.tenant == tenant)
    }
}

fn read(log: &dyn ReadLog, sequence: u64) -> Result<Option<ConsumedRecord>, LogError> {
    let change = read_change(log, sequence)?;
    let is_event =
        |change: &Change| change.source.as_ref().is_some_and(|source| source.event.is_some());
    let change = change.filter(is_event).map(Arc::new);
    Ok(change.map(|change| ConsumedRecord { sequence, change }))
}

impl History {
    /// Consumed events of the window that pass the filter, newest first, before the record `before`.
    /// What was skipped as a duplicate left no record.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn consumed_events(
        &self,
        filter: ConsumedFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<ConsumedRecord>, Failure> {
        let before = before.unwrap_or(u64::MAX);
        let sequences = match &filter.event_id {
            Some(id) => self.view.consumed_with(event_id_hash(id), before, LOOKS_MAX),
            None => self.view.consumed_before(before, LOOKS_MAX),
        };
        self.readers
            .read(move |log| {
                let mut page = Page::default();
                for (looked, sequence) in (1..).zip(sequences) {
                    let found = read(log, sequence)?.filter(|found| filter.passes(found));
                    page.items.extend(found);
                    if page.items.len() >= limit || looked >= LOOKS_MAX {
                        page.next = Some(sequence);
                        break;
                    }
                }
                Ok(page)
            })
            .await
    }
}

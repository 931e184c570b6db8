//! Frozen mirrors of what a change did to anything but stock.

use std::sync::Arc;

use onhand_domain::ids::Text;
use onhand_domain::upkeep::{ApplicationEvent, Kept};
use serde::{Deserialize, Serialize};

use super::job::JobChangeV1;
use super::letter::LetterChangeV1;
use super::source::SourcePositionV1;
use crate::record::DecodeError;
use crate::record::mirror::{Base, List, Mirror, name};

/// Mirror of [`Kept`]: one part of five is there.
#[derive(Serialize, Deserialize, Default)]
pub(super) struct KeptV1<'a> {
    #[serde(borrow)]
    letter: Option<LetterChangeV1<'a>>,
    #[serde(borrow)]
    advanced: Option<List<'a, SourcePositionV1<'a>>>,
    #[serde(borrow)]
    reset: Option<ResetV1<'a>>,
    #[serde(borrow)]
    published: Option<List<'a, ApplicationEventV1<'a>>>,
    #[serde(borrow)]
    job: Option<JobChangeV1<'a>>,
}

/// Mirror of [`Kept::Reset`].
#[derive(Serialize, Deserialize)]
struct ResetV1<'a> {
    stream: &'a str,
    generation: u32,
}

impl<'a> Mirror<'a> for KeptV1<'a> {
    type Of = Kept;

    fn of(kept: &'a Kept, base: Base) -> Self {
        let nothing = Self::default();
        match kept {
            Kept::Letter(change) => {
                Self { letter: Some(LetterChangeV1::of(change, base)), ..nothing }
            }
            Kept::Advanced(places) => Self { advanced: Some(List::Given(places, base)), ..nothing },
            Kept::Reset { stream, generation } => {
                let reset = ResetV1 { stream: stream.as_str(), generation: *generation };
                Self { reset: Some(reset), ..nothing }
            }
            Kept::Published(events) => {
                Self { published: Some(List::Given(events, base)), ..nothing }
            }
            Kept::Job(told) => Self { job: Some(JobChangeV1::of(told, base)), ..nothing },
        }
    }

    fn restore(self, base: Base) -> Result<Kept, DecodeError> {
        match self {
            Self { letter: Some(change), .. } => change.restore(base).map(Kept::Letter),
            Self { advanced: Some(places), .. } => places.restore(base).map(Kept::Advanced),
            Self { reset: Some(reset), .. } => {
                let stream = name!(Text, reset.stream);
                Ok(Kept::Reset { stream, generation: reset.generation })
            }
            Self { published: Some(events), .. } => events.restore(base).map(Kept::Published),
            Self { job: Some(told), .. } => told.restore(base).map(Kept::Job),
            _ => Err(DecodeError::Missing("what was kept")),
        }
    }
}

/// Mirror of [`ApplicationEvent`].
#[derive(Serialize, Deserialize)]
struct ApplicationEventV1<'a> {
    event_type: &'a str,
    aggregate_type: &'a str,
    aggregate_id: &'a str,
    aggregate_version: u32,
    /// Milliseconds from the record's time stamp.
    occurred_at: Option<i64>,
    payload: &'a str,
}

impl<'a> Mirror<'a> for ApplicationEventV1<'a> {
    type Of = ApplicationEvent;

    fn of(event: &'a ApplicationEvent, base: Base) -> Self {
        Self {
            event_type: event.event_type.as_str(),
            aggregate_type: event.aggregate_type.as_str(),
            aggregate_id: event.aggregate_id.as_str(),
            aggregate_version: event.aggregate_version,
            occurred_at: event.occurred_at.map(|time| base.offset(time)),
            payload: &event.payload,
        }
    }

    fn restore(self, base: Base) -> Result<ApplicationEvent, DecodeError> {
        Ok(ApplicationEvent {
            event_type: name!(Text, self.event_type),
            aggregate_type: name!(Text, self.aggregate_type),
            aggregate_id: name!(Text, self.aggregate_id),
            aggregate_version: self.aggregate_version,
            occurred_at: self.occurred_at.map(|offset| base.time(offset)),
            payload: Arc::from(self.payload),
        })
    }
}

//! Frozen mirrors of where a command came from, and from whom.

use std::sync::Arc;

use onhand_domain::command::{Source, SourcePosition, Trace};
use onhand_domain::consumed::ConsumedEvent;
use onhand_domain::ids::Text;
use serde::{Deserialize, Serialize};

use super::key::KeyV1;
use crate::record::DecodeError;
use crate::record::mirror::{Base, Mirror, name, restore_option};

/// Mirror of [`SourcePosition`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct SourcePositionV1<'a> {
    stream: &'a str,
    partition: u32,
    generation: u32,
    offset: u64,
    checksum: Option<[u8; 4]>,
}

impl<'a> SourcePositionV1<'a> {
    pub(in crate::record) fn of(position: &'a SourcePosition) -> Self {
        Self {
            stream: position.stream.as_str(),
            partition: position.partition,
            generation: position.generation,
            offset: position.offset,
            checksum: position.checksum.map(u32::to_le_bytes),
        }
    }

    pub(in crate::record) fn restore(self) -> SourcePosition {
        SourcePosition {
            stream: name!(Text, self.stream),
            partition: self.partition,
            generation: self.generation,
            offset: self.offset,
            checksum: self.checksum.map(u32::from_le_bytes),
        }
    }
}

/// Shared places, in lists.
impl<'a> Mirror<'a> for SourcePositionV1<'a> {
    type Of = Arc<SourcePosition>;

    fn of(position: &'a Arc<SourcePosition>, _: Base) -> Self {
        Self::of(position)
    }

    fn restore(self, _: Base) -> Result<Arc<SourcePosition>, DecodeError> {
        Ok(Arc::new(self.restore()))
    }
}

/// Mirror of [`Source`], without its message.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct SourceV1<'a> {
    #[serde(borrow)]
    position: SourcePositionV1<'a>,
    #[serde(borrow)]
    event: Option<ConsumedEventV1<'a>>,
}

impl<'a> Mirror<'a> for SourceV1<'a> {
    type Of = Source;

    fn of(source: &'a Source, base: Base) -> Self {
        let event = source.event.as_ref().map(|event| ConsumedEventV1::of(event, base));
        Self { position: SourcePositionV1::of(&source.position), event }
    }

    fn restore(self, base: Base) -> Result<Source, DecodeError> {
        let event = restore_option(self.event, base)?;
        Ok(Source { event, ..Source::at(self.position.restore()) })
    }
}

/// Mirror of [`ConsumedEvent`].
#[derive(Serialize, Deserialize)]
struct ConsumedEventV1<'a> {
    id: &'a str,
    event_type: &'a str,
    bound: KeyV1,
}

impl<'a> Mirror<'a> for ConsumedEventV1<'a> {
    type Of = ConsumedEvent;

    fn of(event: &'a ConsumedEvent, _: Base) -> Self {
        let (id, event_type) = (event.id.as_str(), event.event_type.as_str());
        Self { id, event_type, bound: KeyV1::of(Some((event.key, event.fingerprint))) }
    }

    fn restore(self, _: Base) -> Result<ConsumedEvent, DecodeError> {
        let bound = self.bound.restore().ok_or(DecodeError::Missing("key of an event"))?;
        let (key, fingerprint) = bound;
        let (id, event_type) = (name!(Text, self.id), name!(Text, self.event_type));
        Ok(ConsumedEvent { id, event_type, key, fingerprint })
    }
}

/// Mirror of [`Trace`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct TraceV1<'a> {
    user: Option<&'a str>,
    correlation: Option<&'a str>,
    causation: Option<&'a str>,
}

impl<'a> Mirror<'a> for TraceV1<'a> {
    type Of = Trace;

    fn of(trace: &'a Trace, _: Base) -> Self {
        Self {
            user: trace.user.as_ref().map(Text::as_str),
            correlation: trace.correlation.as_ref().map(Text::as_str),
            causation: trace.causation.as_ref().map(Text::as_str),
        }
    }

    fn restore(self, _: Base) -> Result<Trace, DecodeError> {
        Ok(Trace {
            user: self.user.map(|text| name!(Text, text)),
            correlation: self.correlation.map(|text| name!(Text, text)),
            causation: self.causation.map(|text| name!(Text, text)),
        })
    }
}

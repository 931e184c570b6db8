//! Frozen mirrors of where a command came from, and from whom.

use onhand_domain::command::{SourcePosition, Trace};
use onhand_domain::ids::Text;
use serde::{Deserialize, Serialize};

use crate::record::DecodeError;
use crate::record::mirror::{Base, Mirror, name};

/// Mirror of [`SourcePosition`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct SourceV1<'a> {
    stream: &'a str,
    partition: u32,
    generation: u32,
    offset: u64,
    checksum: [u8; 4],
}

impl<'a> Mirror<'a> for SourceV1<'a> {
    type Of = SourcePosition;

    fn of(source: &'a SourcePosition, _: Base) -> Self {
        Self {
            stream: source.stream.as_str(),
            partition: source.partition,
            generation: source.generation,
            offset: source.offset,
            checksum: source.checksum.to_le_bytes(),
        }
    }

    fn restore(self, _: Base) -> Result<SourcePosition, DecodeError> {
        Ok(SourcePosition {
            stream: name!(Text, self.stream),
            partition: self.partition,
            generation: self.generation,
            offset: self.offset,
            checksum: u32::from_le_bytes(self.checksum),
        })
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

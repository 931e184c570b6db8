//! The dialects that messages of a broker can be written in.

use onhand_engine::events::Event;
use uuid::Uuid;

use crate::dialect::standard;
use crate::http::events::cursor::Cursor;
use crate::http::json::Json;

/// A way of spelling events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The canonical one.
    Standard,
}

/// One event as one dialect says it.
#[derive(Debug)]
pub(crate) struct Spelled {
    /// Its stable id.
    pub(crate) event_id: Uuid,
    /// Its name in the dialect.
    pub(crate) name: &'static str,
    /// What is sent.
    pub(crate) payload: Vec<u8>,
}

impl Dialect {
    const ALL: [(&'static str, Self); 1] = [("standard", Self::Standard)];

    /// The dialect of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, dialect)| *dialect)
    }

    /// All names, for people.
    pub(crate) fn names() -> String {
        Self::ALL.map(|(name, _)| name).join(", ")
    }

    /// The messages of an event: none, one, or several.
    pub(crate) fn spell(self, event: &Event) -> Vec<Spelled> {
        match self {
            Self::Standard => {
                let mut json = Json::with_capacity(standard::TYPICAL_BYTES);
                standard::write(event, &Cursor::of(event).to_string(), &mut json);
                let name = event.event_type.as_str();
                vec![Spelled { event_id: event.event_id, name, payload: json.into_bytes() }]
            }
        }
    }
}

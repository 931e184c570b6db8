//! How events are spelled at the doors: one file per dialect of EVENTS.md.
//!
//! In reading order: [`Dialect`] writes an event as [`Messages`]; [`names`] has the name of each type in
//! each dialect, [`payload`] what `standard`, `domain` and `cloudevents` say, [`dotted`] what it says
//! itself. [`intake`] reads what others say, in all of them.

mod cloudevents;
mod composerp;
mod domain;
mod dotted;
pub(crate) mod intake;
mod message;
mod names;
mod payload;
pub(crate) mod standard;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use onhand_engine::events::Event;

pub(crate) use message::{Message, Messages};
pub(crate) use payload::shown as shown_day;

/// A way of spelling events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Dialect {
    /// The canonical event with all that the engine knows of it.
    Standard,
    /// Names that end in `Event`.
    Domain,
    /// Names in UPPER_SNAKE.
    Composerp,
    /// Names with dots, members in snake_case.
    Dotted,
    /// CloudEvents 1.0, structured JSON.
    Cloudevents,
}

impl Dialect {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Standard, Self::Domain, Self::Composerp, Self::Dotted, Self::Cloudevents];

    /// Its word in settings.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Domain => "domain",
            Self::Composerp => "composerp",
            Self::Dotted => "dotted",
            Self::Cloudevents => "cloudevents",
        }
    }

    /// The dialect with this word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }

    /// Media type of its messages.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Cloudevents => "application/cloudevents+json",
            _ => "application/json",
        }
    }

    /// Appends what this dialect says of an event: no message, one, or several. `cursor` is what a
    /// reader gives back to go on behind this event.
    pub(crate) fn write(self, event: &Event, cursor: &str, out: &mut Messages) {
        match self {
            Self::Standard => {
                out.add(event.event_id, event.type_name(), |json| {
                    standard::write(event, cursor, json)
                });
            }
            Self::Domain => domain::write(event, cursor, out),
            Self::Composerp => composerp::write(event, out),
            Self::Dotted => dotted::write(event, out),
            Self::Cloudevents => cloudevents::write(event, cursor, out),
        }
    }
}

//! Actions that are about no stock: sources, dead letters, events of an application.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::change::Cause;
use crate::command::Action;
use crate::consumed::{Message, Source, SourcePosition};
use crate::dead_letter::{Fault, LetterChange, LetterNumber, Unsent};
use crate::ids::Text;
use crate::job::JobChange;
use crate::time::Timestamp;

/// Most places of one [`Upkeep::Advance`].
pub const ADVANCES_MAX: u32 = 1_000;
/// Most events of one [`Upkeep::Publish`].
pub const PUBLISHED_MAX: u32 = 1_000;
/// Most bytes of the payload of one event.
pub const PUBLISHED_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of the payloads of one [`Upkeep::Publish`].
pub const PUBLISHED_TOTAL_BYTES_MAX: usize = 512 * 1024;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Upkeep {
    /// Messages up to these places were skipped: own ones, unknown types, events that came before.
    /// To be sent when everything before them was answered.
    Advance(Vec<Arc<SourcePosition>>),
    /// A stream was made anew: its next generation begins, from its first message.
    ResetSource {
        /// The stream.
        stream: Text,
        /// Why.
        reason: Option<Text>,
    },
    /// What lies before an offset is given up. Never backwards.
    SkipSource {
        /// The stream.
        stream: Text,
        /// The partition.
        partition: u32,
        /// The offset to go on with.
        next_offset: u64,
        /// Why.
        reason: Option<Text>,
    },
    /// A message is a dead letter; the command holds where it came from. Or an event can never be sent.
    Bury(Bury),
    /// A dead letter is tried again.
    Retry {
        /// The dead letter.
        letter: LetterNumber,
        /// How.
        with: Retry,
    },
    /// A dead letter is given up.
    Discard {
        /// The dead letter.
        letter: LetterNumber,
        /// Why.
        reason: Option<Text>,
    },
    /// An application tells something.
    Publish(Vec<ApplicationEvent>),
}

/// See [`Upkeep::Bury`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bury {
    /// Why.
    pub fault: Fault,
    /// How often it was tried, at least once.
    pub attempts: u32,
    /// When it failed first; `None`: now.
    pub first_failed_at: Option<Timestamp>,
    /// The event that can never be sent, and how it would have been spelled; `None`: a message that
    /// came in.
    pub unsent: Option<(Unsent, Option<Message>)>,
}

/// How a dead letter is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Its message asks for this, as the event that it came with, if it has an identity. When that is
    /// refused, the letter stays open.
    Act(Box<Action>, Option<Arc<Source>>),
    /// Its event has been sent, or its message turned out to need nothing.
    Done,
    /// It failed again.
    Failed(Fault),
}

/// An event that an application tells, in the words of the application.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApplicationEvent {
    /// What happened.
    pub event_type: Text,
    /// Kind of thing it happened to.
    pub aggregate_type: Text,
    /// The thing.
    pub aggregate_id: Text,
    /// The application's version of the thing; 0 when it has none.
    pub aggregate_version: u32,
    /// When it happened; `None`: when it was recorded.
    pub occurred_at: Option<Timestamp>,
    /// What is said: one value in JSON.
    pub payload: Arc<str>,
}

/// What a change did to anything but stock.
#[allow(clippy::large_enum_variant, reason = "a change holds it in a box of its own")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// A dead letter was written, tried or given up.
    Letter(LetterChange),
    /// Watermarks that moved on.
    Advanced(Vec<Arc<SourcePosition>>),
    /// A generation that began.
    Reset {
        /// The stream.
        stream: Text,
        /// Its generation now.
        generation: u32,
    },
    /// What an application told.
    Published(Vec<ApplicationEvent>),
    /// A job began, did something, or came to its end.
    Job(JobChange),
}

impl Upkeep {
    /// The cause of the record that says it was done.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        match self {
            Self::Advance(_) => Cause::SourceAdvanced,
            Self::ResetSource { .. } => Cause::SourceReset,
            Self::SkipSource { .. } => Cause::SourceSkipped,
            Self::Bury(_) | Self::Retry { with: Retry::Failed(_), .. } => Cause::Buried,
            Self::Retry { with: Retry::Act(action, _), .. } => action.cause(),
            Self::Retry { with: Retry::Done, .. } => Cause::LetterRetried,
            Self::Discard { .. } => Cause::LetterDiscarded,
            Self::Publish(_) => Cause::Published,
        }
    }
}

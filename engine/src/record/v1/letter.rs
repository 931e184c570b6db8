//! Frozen mirrors of dead letters.

use std::sync::Arc;

use onhand_domain::consumed::Message;
use onhand_domain::dead_letter::{
    DeadLetter, Direction, Fault, LetterChange, LetterContent, LetterStatus, Unsent,
};
use onhand_domain::ids::Text;
use serde::{Deserialize, Serialize};

use crate::record::DecodeError;
use crate::record::code::Code;
use crate::record::mirror::{Base, Mirror, name, restore_option};

/// Mirror of [`DeadLetter`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct DeadLetterV1 {
    number: u64,
    tenant: u32,
    direction: u8,
    status: u8,
    attempts: u32,
    /// Milliseconds from the record's time stamp.
    first_failed_at: i64,
    last_failed_at: i64,
    sequence: u64,
}

impl<'a> Mirror<'a> for DeadLetterV1 {
    type Of = DeadLetter;

    fn of(letter: &'a DeadLetter, base: Base) -> Self {
        Self {
            number: base.back(letter.number),
            tenant: base.tenant_offset(letter.tenant),
            direction: letter.direction.code(),
            status: letter.status.code(),
            attempts: letter.attempts,
            first_failed_at: base.offset(letter.first_failed_at),
            last_failed_at: base.offset(letter.last_failed_at),
            sequence: base.back(letter.sequence),
        }
    }

    fn restore(self, base: Base) -> Result<DeadLetter, DecodeError> {
        Ok(DeadLetter {
            number: base.sequence(self.number),
            tenant: base.tenant(self.tenant),
            direction: Direction::of_code(self.direction)?,
            status: LetterStatus::of_code(self.status)?,
            attempts: self.attempts,
            first_failed_at: base.time(self.first_failed_at),
            last_failed_at: base.time(self.last_failed_at),
            sequence: base.sequence(self.sequence),
        })
    }
}

/// Mirror of [`LetterChange`].
#[derive(Serialize, Deserialize)]
pub(super) struct LetterChangeV1<'a> {
    letter: DeadLetterV1,
    #[serde(borrow)]
    content: Option<ContentV1<'a>>,
    #[serde(borrow)]
    fault: Option<FaultV1<'a>>,
}

impl<'a> Mirror<'a> for LetterChangeV1<'a> {
    type Of = LetterChange;

    fn of(change: &'a LetterChange, base: Base) -> Self {
        Self {
            letter: DeadLetterV1::of(&change.letter, base),
            content: change.content.as_ref().map(|content| ContentV1::of(content, base)),
            fault: change.fault.as_ref().map(|fault| FaultV1::of(fault, base)),
        }
    }

    fn restore(self, base: Base) -> Result<LetterChange, DecodeError> {
        Ok(LetterChange {
            letter: self.letter.restore(base)?,
            content: restore_option(self.content, base)?,
            fault: restore_option(self.fault, base)?,
        })
    }
}

/// Mirror of [`LetterContent`].
#[derive(Serialize, Deserialize)]
struct ContentV1<'a> {
    #[serde(borrow)]
    message: Option<MessageV1<'a>>,
    #[serde(borrow)]
    unsent: Option<UnsentV1<'a>>,
}

impl<'a> Mirror<'a> for ContentV1<'a> {
    type Of = LetterContent;

    fn of(content: &'a LetterContent, base: Base) -> Self {
        Self {
            message: content.message.as_ref().map(|message| MessageV1::of(message, base)),
            unsent: content.unsent.as_ref().map(|unsent| UnsentV1::of(unsent, base)),
        }
    }

    fn restore(self, base: Base) -> Result<LetterContent, DecodeError> {
        let message = restore_option(self.message, base)?;
        Ok(LetterContent { message, unsent: restore_option(self.unsent, base)? })
    }
}

/// Bytes as bytes: `serde` would take a slice for a list of numbers.
#[derive(Deserialize)]
#[serde(transparent)]
struct Bytes<'a>(#[serde(borrow)] &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Mirror of [`Message`].
#[derive(Serialize, Deserialize)]
struct MessageV1<'a> {
    #[serde(borrow)]
    bytes: Bytes<'a>,
    length: u64,
}

impl<'a> Mirror<'a> for MessageV1<'a> {
    type Of = Message;

    fn of(message: &'a Message, _: Base) -> Self {
        Self { bytes: Bytes(&message.bytes), length: message.length }
    }

    fn restore(self, _: Base) -> Result<Message, DecodeError> {
        Ok(Message { bytes: Arc::from(self.bytes.0), length: self.length })
    }
}

/// Mirror of [`Unsent`].
#[derive(Serialize, Deserialize)]
struct UnsentV1<'a> {
    sink: &'a str,
    topic: &'a str,
    event_id: &'a str,
    event_type: &'a str,
    sequence: u64,
    index: u32,
}

impl<'a> Mirror<'a> for UnsentV1<'a> {
    type Of = Unsent;

    fn of(unsent: &'a Unsent, base: Base) -> Self {
        Self {
            sink: unsent.sink.as_str(),
            topic: unsent.topic.as_str(),
            event_id: unsent.event_id.as_str(),
            event_type: unsent.event_type.as_str(),
            sequence: base.back(unsent.sequence),
            index: unsent.index,
        }
    }

    fn restore(self, base: Base) -> Result<Unsent, DecodeError> {
        Ok(Unsent {
            sink: name!(Text, self.sink),
            topic: name!(Text, self.topic),
            event_id: name!(Text, self.event_id),
            event_type: name!(Text, self.event_type),
            sequence: base.sequence(self.sequence),
            index: self.index,
        })
    }
}

/// Mirror of [`Fault`].
#[derive(Serialize, Deserialize)]
struct FaultV1<'a> {
    code: &'a str,
    error: &'a str,
    details: Option<&'a str>,
}

impl<'a> Mirror<'a> for FaultV1<'a> {
    type Of = Fault;

    fn of(fault: &'a Fault, _: Base) -> Self {
        let details = fault.details.as_ref().map(Text::as_str);
        Self { code: fault.code.as_str(), error: fault.error.as_str(), details }
    }

    fn restore(self, _: Base) -> Result<Fault, DecodeError> {
        Ok(Fault {
            code: name!(Text, self.code),
            error: name!(Text, self.error),
            details: self.details.map(|text| name!(Text, text)),
        })
    }
}

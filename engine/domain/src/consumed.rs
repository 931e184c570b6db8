//! What comes from ordered sources: a message, its place, and the event it tells of.

use alloc::sync::Arc;
use core::hash::{Hash, Hasher};

use crate::ids::Text;

/// Most bytes of a message that are kept for its dead letter: its beginning.
pub const MESSAGE_KEPT_BYTES_MAX: usize = 64 * 1024;

/// A place in an ordered source: a Kafka partition, a line of an imported file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourcePosition {
    /// Names the stream: cluster and topic, or the hash of a file.
    pub stream: Text,
    /// Partition of the stream.
    pub partition: u32,
    /// Generation of the stream: raised by an operator when it was made anew; the first is 1.
    pub generation: u32,
    /// Offset of this message.
    pub offset: u64,
    /// CRC32C of key and payload, to notice a stream that was made anew; `None`: not known, because
    /// an operator skipped to here.
    pub checksum: Option<u32>,
}

/// The identity of a consumed event: it counts once per tenant, stream and type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConsumedEvent {
    /// Its id, as written.
    pub id: Text,
    /// Its type, as written.
    pub event_type: Text,
    /// Hash of tenant, stream, type and id; the first eight bytes are of the id alone.
    pub key: [u8; 16],
    /// Fingerprint of its content.
    pub fingerprint: u64,
}

/// The beginning of a message, shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// At most [`MESSAGE_KEPT_BYTES_MAX`] bytes.
    pub bytes: Arc<[u8]>,
    /// How many bytes the whole message has.
    pub length: u64,
}

impl Message {
    /// Keeps the beginning of a message.
    #[must_use]
    pub fn beginning_of(whole: &[u8]) -> Self {
        let kept = whole.get(..MESSAGE_KEPT_BYTES_MAX).unwrap_or(whole);
        Self { bytes: Arc::from(kept), length: whole.len() as u64 }
    }

    /// Whether all of it is kept.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.bytes.len() as u64 == self.length
    }
}

/// What becomes of a message that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refusal {
    /// Nobody waits for its answer: it becomes a dead letter.
    #[default]
    Buried,
    /// Whoever sent it is told, and keeps what was refused: a line of an imported file.
    Told,
}

/// Where a command was read from. One message is one step and one record.
///
/// Two are equal when place and event are: the message travels along for its dead letter only, and is
/// written nowhere else.
#[derive(Debug, Clone)]
pub struct Source {
    /// The place.
    pub position: Arc<SourcePosition>,
    /// The event, when the message has an identity of its own.
    pub event: Option<ConsumedEvent>,
    /// The message.
    pub message: Option<Message>,
    /// What becomes of it when it is refused; not part of a record.
    pub refusal: Refusal,
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.position == other.position && self.event == other.event
    }
}

impl Eq for Source {}

impl Hash for Message {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
        self.length.hash(state);
    }
}

impl ConsumedEvent {
    /// The identity of this content beside another one that bears the same id: it has a key of its own, of
    /// which the half that is the id's alone stays.
    #[must_use]
    pub fn beside_another(mut self) -> Self {
        for (byte, print) in self.key.iter_mut().skip(8).zip(self.fingerprint.to_le_bytes()) {
            *byte ^= print;
        }
        self
    }
}

impl Hash for Source {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.position.hash(state);
        self.event.hash(state);
    }
}

impl Source {
    /// A place without event and message.
    #[must_use]
    pub fn at(position: SourcePosition) -> Self {
        let refusal = Refusal::default();
        Self { position: Arc::new(position), event: None, message: None, refusal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn the_beginning_of_a_message_is_kept() {
        let long = vec![7; MESSAGE_KEPT_BYTES_MAX + 1];
        for (length, kept, is_whole) in [
            (0, 0, true),
            (MESSAGE_KEPT_BYTES_MAX, MESSAGE_KEPT_BYTES_MAX, true),
            (MESSAGE_KEPT_BYTES_MAX + 1, MESSAGE_KEPT_BYTES_MAX, false),
        ] {
            let message = Message::beginning_of(&long[..length]);
            assert_eq!(message.bytes.len(), kept);
            assert_eq!((message.length, message.is_whole()), (length as u64, is_whole));
        }
    }
}

//! What can never be sent. It is told to a human and counted, never dropped silently.

use onhand_engine::events::EventType;

use super::figures::SinkFigures;

/// A message that its broker will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeadLetter {
    /// The topic it was for.
    pub(crate) topic: String,
    /// Its key: tenant and aggregate.
    pub(crate) key: String,
    /// Its stable id.
    pub(crate) event_id: String,
    /// The canonical type of its event.
    pub(crate) event_type: EventType,
    /// Record that made it; with it the message can be made again at any time.
    pub(crate) sequence: u64,
    /// What the broker said.
    pub(crate) error: String,
    /// Bytes of its payload.
    pub(crate) payload_bytes: usize,
}

/// Keeps a letter: the log holds the event itself, the line below says which.
pub(super) fn keep(sink: &'static str, letter: &DeadLetter, figures: &SinkFigures) {
    let DeadLetter { topic, key, event_id, sequence, error, payload_bytes, .. } = letter;
    let event_type = letter.event_type.as_str();
    tracing::error!(
        sink,
        topic,
        key,
        event_id,
        event_type,
        sequence,
        payload_bytes,
        error,
        "an event can never be sent and was set aside; mend the cause, then `onhand replay` sends \
         it again by its sequence"
    );
    figures.bury(letter.event_type, error);
}

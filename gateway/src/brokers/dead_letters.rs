//! What can never be sent becomes a record: it is told to a human, counted, never dropped silently.

use std::time::Duration;

use onhand_domain::command::{Action, Command};
use onhand_domain::consumed::Message;
use onhand_domain::dead_letter::{Fault, Unsent};
use onhand_domain::ids::{TenantId, Text};
use onhand_domain::upkeep::{Bury, Upkeep};
use onhand_engine::events::{Event, EventType};
use onhand_engine::keys::key_hash;
use onhand_engine::{Reply, SourcePort};
use parking_lot::Mutex;
use rdkafka::message::{Headers, Message as _, OwnedMessage};

use super::envelope::{EVENT_ID, Outgoing};
use super::figures::TopicFigures;
use super::stopwatch::Stopwatch;

/// How long the engine may take to keep a letter, before it is only told in the log.
const KEEP_WAIT: Duration = Duration::from_secs(10);
/// How long one look at answers waits.
const BEAT: Duration = Duration::from_millis(10);
/// Code of a letter that nobody takes.
const UNSENDABLE: &str = "UNSENDABLE";

/// A message that its broker will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DeadLetter {
    /// The topic it was for.
    topic: String,
    /// Whose event it is.
    tenant: String,
    /// Its stable id.
    event_id: String,
    /// The canonical type of its event.
    event_type: EventType,
    /// Record that made it; with it the message can be made again at any time.
    sequence: u64,
    /// Its place among the events of the record.
    index: u32,
    /// What the broker said.
    error: String,
    /// Its payload.
    payload: Vec<u8>,
}

impl DeadLetter {
    /// Of a message that came back.
    pub(super) fn of_message(
        message: &OwnedMessage,
        event_type: EventType,
        sequence: u64,
        error: String,
    ) -> Self {
        let header = |name: &str| {
            let headers = message.headers()?;
            let found = headers.iter().find(|header| header.key == name)?;
            Some(String::from_utf8_lossy(found.value?).into_owned())
        };
        Self {
            topic: message.topic().to_owned(),
            tenant: header("tenantId").unwrap_or_default(),
            event_id: header(EVENT_ID).unwrap_or_default(),
            event_type,
            sequence,
            index: header("index").and_then(|index| index.parse().ok()).unwrap_or_default(),
            error,
            payload: message.payload().unwrap_or_default().to_vec(),
        }
    }

    /// Of an event that the client did not even take.
    pub(super) fn of_event(event: &Event, sent: &Outgoing<'_>, error: String) -> Self {
        Self {
            topic: sent.topic.to_owned(),
            tenant: event.tenant.as_str().to_owned(),
            event_id: sent.message.event_id.to_string(),
            event_type: event.event_type,
            sequence: event.sequence,
            index: event.index,
            error,
            payload: sent.message.body.to_vec(),
        }
    }

    fn command(&self, sink: &'static str) -> Option<Command> {
        let text = |text: &str| Text::parse(text).ok();
        let unsent = Unsent {
            sink: Text::trusted(sink),
            topic: text(&self.topic)?,
            event_id: text(&self.event_id)?,
            event_type: Text::trusted(self.event_type.as_str()),
            sequence: self.sequence,
            index: self.index,
        };
        let error = text(&self.error).unwrap_or_else(|| Text::trusted("it was not taken"));
        let fault = Fault { code: Text::trusted(UNSENDABLE), error, details: None };
        let unsent = Some((unsent, Some(Message::beginning_of(&self.payload))));
        let bury = Bury { fault, attempts: 1, first_failed_at: None, unsent };
        let action = Action::Upkeep(Box::new(Upkeep::Bury(bury)));
        // A stretch may be sent again after a restart; its letter is the same.
        let name = format!("unsent {sink} {} {}", self.topic, self.event_id);
        let key = Some(key_hash(&self.tenant, &name));
        let tenant = TenantId::parse(&self.tenant).ok()?;
        Some(Command { tenant, key, source: None, trace: None, action })
    }
}

/// Turns letters into records.
pub(super) struct Keeper {
    port: Mutex<SourcePort>,
    clock: Stopwatch,
}

impl Keeper {
    /// With a way into the engine.
    pub(super) fn new(port: SourcePort) -> Self {
        Self { port: Mutex::new(port), clock: Stopwatch::start() }
    }

    /// Keeps a letter. Blocks until it is durable; what cannot be kept is told in the log alone, which
    /// holds the event in any case.
    pub(super) fn keep(&self, sink: &'static str, letter: &DeadLetter, figures: &TopicFigures) {
        let is_kept = letter.command(sink).is_some_and(|command| self.enter(command));
        let DeadLetter { topic, event_id, sequence, error, payload, .. } = letter;
        let event_type = letter.event_type.as_str();
        tracing::error!(
            sink,
            topic,
            event_id,
            event_type,
            sequence,
            payload_bytes = payload.len(),
            is_kept,
            error,
            "an event can never be sent and was set aside; mend the cause, then `onhand dead-letters \
             retry` or `onhand replay` sends it again"
        );
        figures.bury(letter.event_type, error);
    }

    fn enter(&self, command: Command) -> bool {
        let mut port = self.port.lock();
        let until = self.clock.now() + KEEP_WAIT;
        let (mut command, mut replies) = (Some(command), Vec::new());
        while self.clock.now() < until {
            if let Some(wanted) = command.take() {
                match port.try_enter(wanted) {
                    Ok(left) => command = left,
                    Err(_) => return false,
                }
            }
            if port.answers(BEAT, &mut replies).is_err() {
                return false;
            }
            if let Some(reply) = replies.pop() {
                return matches!(reply, Reply::Changed(_) | Reply::Refused { .. } | Reply::Passed);
            }
        }
        false
    }
}

//! The event publisher, for those who embed the engine: tell something, be told, replay, try again.
//!
//! There is no second store: an application's event is a record in the same log as every change of
//! stock, so it is durable before anybody hears of it, and heard in the order of the log.

mod handlers;
mod json;
mod replay;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use onhand_domain::catalog::TenantNumber;
use onhand_domain::command::{Action, Command, Trace};
use onhand_domain::dead_letter::{Direction, LetterNumber, LetterStatus};
use onhand_domain::ids::TenantId;
use onhand_domain::rejection::Rejection;
use onhand_domain::upkeep::{ApplicationEvent, Retry, Upkeep};
use parking_lot::RwLock;
use uuid::Uuid;

use crate::error::Failure;
use crate::events::{Event, events_of};
use crate::history::{History, LetterRecord};
use crate::keys;
use crate::names::Names;
use crate::outbox::{Outbox, Published};
use crate::port::Port;
use crate::reply::Reply;
use crate::view::{LetterFilter, Page, View};
use handlers::Handlers;

pub use handlers::{HANDLERS, HandlerError};
pub use replay::{Replay, ReplayOptions};

/// Hands an event over again, for a dead letter of its sink.
type Resend = Arc<dyn Fn(&Event) -> Result<(), HandlerError> + Send + Sync>;

/// Why something was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// There is no event in it.
    #[error("there is nothing to publish")]
    Empty,
    /// The payload of this event is no JSON object.
    #[error("the payload of event {0} is no JSON object")]
    NotAnObject(usize),
    /// It is too large, or its key was used for something else.
    #[error("refused: {0:?}")]
    Refused(Box<Rejection>),
    /// No answer.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// What came of trying a dead letter again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryOutcome {
    /// It was handed over; the letter is settled.
    Sent,
    /// It was settled before.
    Settled(LetterStatus),
    /// It failed again, and stays open.
    Failed(String),
    /// There is no such dead letter of an event.
    Unknown,
    /// Nobody here sends for its sink.
    NoSink(String),
}

/// How the publisher stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublisherStatus {
    /// Whether the engine takes commands.
    pub is_running: bool,
    /// Events published through this interface since the start.
    pub published: u64,
    /// Handlers that are registered.
    pub handlers: usize,
    /// The last record whose events all handlers were told.
    pub handled: u64,
    /// Durable records behind it; 0 without handlers.
    pub lag: u64,
    /// Dead letters of events that are open.
    pub failed: u32,
}

/// See the module. Cheap to clone; all clones share their handlers.
#[derive(Clone)]
pub struct Publisher {
    port: Port,
    outbox: Outbox,
    view: Arc<View>,
    history: History,
    log: u16,
    published: Arc<AtomicU64>,
    handlers: Arc<Handlers>,
    sinks: Arc<RwLock<BTreeMap<String, Resend>>>,
}

impl Publisher {
    pub(crate) fn new(port: Port, outbox: Outbox, history: History, log: u16) -> Self {
        let view = Arc::clone(&history.view);
        let handlers =
            Arc::new(Handlers::new(port.clone(), outbox.clone(), Arc::clone(&view), log));
        let (published, sinks) = (Arc::default(), Arc::default());
        Self { port, outbox, view, history, log, published, handlers, sinks }
    }

    /// Publishes an event; its id is told when it is durable.
    ///
    /// # Errors
    /// See [`PublishError`]; nothing was published, unless the outcome is unknown.
    pub async fn publish(
        &self,
        tenant: &TenantId,
        event: ApplicationEvent,
    ) -> Result<Uuid, PublishError> {
        let ids = self.publish_all(tenant, vec![event], None, None).await?;
        ids.first().copied().ok_or(PublishError::Empty)
    }

    /// Publishes several events in one record: all of them or none. With a key the same events are
    /// published once, however often they are sent.
    ///
    /// At most 1,000 events of 64 KiB each and 512 KiB together; each payload is one JSON object.
    ///
    /// # Errors
    /// See [`PublishError`]; nothing was published, unless the outcome is unknown.
    pub async fn publish_all(
        &self,
        tenant: &TenantId,
        events: Vec<ApplicationEvent>,
        key: Option<&str>,
        trace: Option<Trace>,
    ) -> Result<Vec<Uuid>, PublishError> {
        if events.is_empty() {
            return Err(PublishError::Empty);
        }
        if let Some(at) = events.iter().position(|event| !json::is_object(&event.payload)) {
            return Err(PublishError::NotAnObject(at));
        }
        let count = events.len() as u64;
        let command = Command {
            tenant: tenant.clone(),
            key: key.map(|key| keys::key_hash(tenant.as_str(), key)),
            source: None,
            trace: trace.map(Arc::new),
            action: Action::Upkeep(Box::new(Upkeep::Publish(events))),
        };
        match self.port.call(command).await {
            Reply::Changed(changed) => {
                if !changed.replayed {
                    self.published.fetch_add(count, Ordering::Relaxed);
                }
                let events = self.events_of_record(changed.sequence).await?;
                Ok(events.iter().map(|event| event.event_id).collect())
            }
            Reply::Refused { rejection, .. } => Err(PublishError::Refused(rejection)),
            Reply::Failed(failure) => Err(PublishError::Failed(failure)),
            _ => Err(PublishError::Failed(Failure::Internal)),
        }
    }

    /// All events of a durable record.
    async fn events_of_record(&self, sequence: u64) -> Result<Vec<Event>, Failure> {
        let records = self.outbox.read(sequence.saturating_sub(1)).await?;
        let record = records.first().filter(|record| record.sequence == sequence);
        let record = record.ok_or(Failure::Internal)?;
        Ok(tell(self.log, record, self.view.directory()))
    }

    /// Calls `handler` for every event of a type, from now on, in the order of the log, when it is
    /// durable. The type is named as in the envelope (`StockLevelChanged`, or an application's own);
    /// `*` is every type. All handlers run on one thread of their own; a slow one delays the others.
    /// What a handler has refused three times becomes a dead letter of the sink [`HANDLERS`].
    pub fn register_handler(
        &self,
        event_type: &str,
        handler: impl Fn(&Event) -> Result<(), HandlerError> + Send + Sync + 'static,
    ) {
        self.handlers.register(event_type, Arc::new(handler));
    }

    /// Names whom [`Publisher::retry`] asks to send again what a sink could not send.
    pub fn register_sink(
        &self,
        name: &str,
        resend: impl Fn(&Event) -> Result<(), HandlerError> + Send + Sync + 'static,
    ) {
        self.sinks.write().insert(name.to_owned(), Arc::new(resend));
    }

    /// Events that were published before, again, in the order of the log. Nothing is sent by itself.
    #[must_use]
    pub fn replay(&self, options: ReplayOptions) -> Replay {
        Replay::new(self.outbox.clone(), Arc::clone(&self.view), self.log, options)
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> PublisherStatus {
        let (handlers, handled) = (self.handlers.count(), self.handlers.handled());
        let behind = self.outbox.durable().saturating_sub(handled);
        PublisherStatus {
            is_running: self.port.gate.closed().is_none(),
            published: self.published.load(Ordering::Relaxed),
            handlers,
            handled,
            lag: if handlers == 0 { 0 } else { behind },
            failed: self.view.dead_letters_open(Direction::Out),
        }
    }

    /// Events that could not be sent, newest first.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn failed(
        &self,
        status: Option<LetterStatus>,
        tenant: Option<TenantNumber>,
        before: Option<LetterNumber>,
        limit: usize,
    ) -> Result<Page<LetterRecord>, Failure> {
        let direction = Some(Direction::Out);
        let filter = LetterFilter { status, tenant, direction };
        self.history.dead_letters(filter, before, limit).await
    }

    /// Sends again what could not be sent.
    ///
    /// # Errors
    /// No answer; the event may have been sent.
    pub async fn retry(&self, number: LetterNumber) -> Result<RetryOutcome, Failure> {
        let Some(letter) = self.history.dead_letter(number).await? else {
            return Ok(RetryOutcome::Unknown);
        };
        let Some(unsent) = letter.unsent() else { return Ok(RetryOutcome::Unknown) };
        if letter.letter.status != LetterStatus::Open {
            return Ok(RetryOutcome::Settled(letter.letter.status));
        }
        let events = self.events_of_record(unsent.sequence).await?;
        let event = events.iter().find(|event| event.index == unsent.index);
        let event = event.ok_or(Failure::Internal)?;
        let result = match unsent.sink.as_str() {
            HANDLERS => self.handlers.tell(event),
            sink => match self.sinks.read().get(sink).cloned() {
                Some(resend) => resend(event),
                None => return Ok(RetryOutcome::NoSink(sink.to_owned())),
            },
        };
        let tenant = self.view.directory().tenant(letter.letter.tenant);
        let (with, outcome) = match result {
            Ok(()) => (Retry::Done, RetryOutcome::Sent),
            Err(error) => (Retry::Failed(error.fault()), RetryOutcome::Failed(error.0)),
        };
        let action = Action::Upkeep(Box::new(Upkeep::Retry { letter: number, with }));
        let command = Command { tenant, key: None, source: None, trace: None, action };
        match self.port.call(command).await {
            Reply::Failed(failure) => Err(failure),
            Reply::Refused { rejection, .. } => match *rejection {
                Rejection::LetterSettled(status) => Ok(RetryOutcome::Settled(status)),
                _ => Ok(RetryOutcome::Unknown),
            },
            _ => Ok(outcome),
        }
    }
}

/// The events of a durable record.
fn tell(log: u16, record: &Published, names: &dyn Names) -> Vec<Event> {
    events_of(log, record.epoch, record.sequence, &record.change, names)
}

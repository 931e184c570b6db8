//! Handlers of events, told in the order of the log by one thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use onhand_domain::command::{Action, Command};
use onhand_domain::dead_letter::{Fault, Unsent};
use onhand_domain::ids::Text;
use onhand_domain::upkeep::{Bury, Upkeep};
use parking_lot::RwLock;

use super::tell;
use crate::error::Failure;
use crate::events::Event;
use crate::outbox::{Outbox, Tail};
use crate::port::Port;
use crate::reply::Reply;
use crate::view::View;

/// Name of the sink that handlers are.
pub const HANDLERS: &str = "handlers";
/// Every type.
const ANY: &str = "*";
/// How often an event is told before it is a dead letter.
const ATTEMPTS_MAX: u32 = 3;
/// How long to wait before something that may pass is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a handler could not take an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HandlerError(pub String);

impl HandlerError {
    /// The same for a dead letter.
    pub(super) fn fault(&self) -> Fault {
        // Whatever an application says must fit the rules of texts.
        let plain: String = self.0.chars().filter(|sign| !sign.is_control()).take(200).collect();
        Fault::of("HANDLER_FAILED", &plain)
    }
}

pub(super) type Handler = Arc<dyn Fn(&Event) -> Result<(), HandlerError> + Send + Sync>;

/// All handlers, in the order in which they were registered.
pub(super) struct Handlers {
    all: RwLock<Vec<(String, Handler)>>,
    is_started: AtomicBool,
    handled: AtomicU64,
    port: Port,
    outbox: Outbox,
    view: Arc<View>,
    log: u16,
}

impl Handlers {
    pub(super) fn new(port: Port, outbox: Outbox, view: Arc<View>, log: u16) -> Self {
        let (all, is_started) = (RwLock::default(), AtomicBool::new(false));
        Self { all, is_started, handled: AtomicU64::new(0), port, outbox, view, log }
    }

    /// Adds a handler; the first one starts the thread, which ends with the engine.
    pub(super) fn register(self: &Arc<Self>, event_type: &str, handler: Handler) {
        self.all.write().push((event_type.to_owned(), handler));
        if self.is_started.swap(true, Ordering::AcqRel) {
            return;
        }
        let after = self.outbox.durable();
        self.handled.store(after, Ordering::Release);
        let (handlers, tail) = (Arc::clone(self), self.outbox.tail(after));
        let thread = std::thread::Builder::new().name("onhand-handlers".to_owned());
        if let Err(error) = thread.spawn(move || handlers.run(tail)) {
            tracing::error!(%error, "handlers of events cannot be told: no thread could be started");
        }
    }

    pub(super) fn count(&self) -> usize {
        self.all.read().len()
    }

    pub(super) fn handled(&self) -> u64 {
        self.handled.load(Ordering::Acquire)
    }

    /// Tells an event to all handlers of its type; the first one that fails ends it.
    pub(super) fn tell(&self, event: &Event) -> Result<(), HandlerError> {
        // A handler may register another one: nobody is called under the lock.
        let name = event.type_name();
        let wanted = |held: &&(String, Handler)| held.0 == ANY || held.0 == name;
        let all: Vec<Handler> =
            self.all.read().iter().filter(wanted).map(|(_, it)| Arc::clone(it)).collect();
        for handler in all {
            let told = catch_unwind(AssertUnwindSafe(|| handler(event)));
            told.unwrap_or_else(|_| Err(HandlerError("the handler panicked".to_owned())))?;
        }
        Ok(())
    }

    fn run(&self, mut tail: Tail) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.follow(&mut tail)),
            Err(error) => tracing::error!(%error, "handlers of events cannot be told"),
        }
    }

    async fn follow(&self, tail: &mut Tail) {
        loop {
            let records = match tail.next().await {
                Ok(Some(records)) => records,
                Ok(None) | Err(Failure::Stopping) => return,
                Err(error) => {
                    tracing::warn!(%error, "events could not be read for their handlers");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            for record in records {
                for event in tell(self.log, &record, self.view.directory()) {
                    if self.deliver(&event).await.is_err() {
                        return;
                    }
                }
                self.handled.store(record.sequence, Ordering::Release);
            }
        }
    }

    /// Tells an event, or buries it.
    async fn deliver(&self, event: &Event) -> Result<(), Failure> {
        let mut attempts = 0;
        while let Err(error) = self.tell(event) {
            attempts += 1;
            if attempts == ATTEMPTS_MAX {
                return self.bury(event, &error).await;
            }
        }
        Ok(())
    }

    /// Writes a dead letter; waits while there is no room for it.
    async fn bury(&self, event: &Event, error: &HandlerError) -> Result<(), Failure> {
        let text = Text::trusted;
        let unsent = Unsent {
            sink: text(HANDLERS),
            topic: text(HANDLERS),
            event_id: text(&event.event_id.to_string()),
            event_type: text(event.type_name()),
            sequence: event.sequence,
            index: event.index,
        };
        let command = Command {
            tenant: event.tenant.clone(),
            key: None,
            source: None,
            trace: None,
            action: Action::Upkeep(Box::new(Upkeep::Bury(Bury {
                fault: error.fault(),
                attempts: ATTEMPTS_MAX,
                first_failed_at: None,
                unsent: Some((unsent, None)),
            }))),
        };
        tracing::warn!(event_id = %event.event_id, %error, "a handler failed: see the failed events");
        loop {
            match self.port.call(command.clone()).await {
                Reply::Failed(failure @ (Failure::Stopping | Failure::OutcomeUnknown)) => {
                    return Err(failure);
                }
                Reply::Failed(error) => {
                    tracing::error!(%error, "a failed event waits for room among the dead letters");
                    tokio::time::sleep(PAUSE).await;
                }
                _ => return Ok(()),
            }
        }
    }
}

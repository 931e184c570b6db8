//! Sending again what was sent before, because somebody asked for it: on a thread and with a client of
//! its own, so that what follows the log is not kept waiting.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use onhand_domain::time::Timestamp;
use onhand_engine::Engine;
use onhand_engine::events::{Event, events_of};
use onhand_engine::ids::LOG;
use parking_lot::Mutex;
use rdkafka::producer::{BaseRecord, ThreadedProducer};
use tokio::sync::{oneshot, watch};

use super::client::{Context, Deliveries, Pace, Told, look, producer};
use super::{Bridge, KafkaConfig};
use crate::brokers::envelope::{headers, key, spell};
use crate::brokers::ledger::Ledger;
use crate::brokers::routes::Routes;
use crate::dialect::Messages;
use crate::http::events::cursor::Cursor;

/// How long the broker may take to say whether it has the topics.
const LOOK_WAIT: Duration = Duration::from_secs(5);
/// How often a waiting replay looks whether it should stop.
const BEAT: Duration = Duration::from_millis(100);

/// What is to be sent again.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Behind this record.
    pub(crate) after: u64,
    /// Not before this instant.
    pub(crate) from: Option<Timestamp>,
    /// Before this instant.
    pub(crate) to: Option<Timestamp>,
    /// Only these types, by our names or the application's; all when empty.
    pub(crate) types: Vec<String>,
    /// Only of this aggregate.
    pub(crate) aggregate: Option<String>,
    /// Where to, in which words.
    pub(crate) routes: Routes,
    /// Whether it is only counted.
    pub(crate) run: Run,
}

/// Whether a replay sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// Only tells what it would send.
    Dry,
    /// Sends.
    Sending,
}

/// What a replay did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// Its name, as the header `replay` tells it.
    pub(crate) id: String,
    /// Events that fit.
    pub(crate) matched: u64,
    /// Messages that reached their topics.
    pub(crate) sent: u64,
}

/// Whether an answer was given before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answering {
    /// It was done for this call.
    First,
    /// It was done for an earlier call with the same key.
    Again,
}

/// Why there was no replay, or not all of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplayError {
    /// Another one is running.
    Busy,
    /// Its key was used for another one.
    KeyReused,
    /// The broker or the log failed, after so many messages.
    Broken(String, u64),
}

/// So many replays are remembered by their keys; the oldest is forgotten first, all at the end of the process.
const ANSWERED_MAX: usize = 1_000;

/// What replays with a key have done, oldest first.
#[derive(Debug, Default)]
struct Answered(VecDeque<(String, String, Replayed)>);

impl Answered {
    /// What was done under a key; `None`: nothing.
    fn find(&self, key: &str, asked: &str) -> Option<Result<Replayed, ReplayError>> {
        let (_, known, done) = self.0.iter().find(|(held, _, _)| held == key)?;
        Some(if known == asked { Ok(done.clone()) } else { Err(ReplayError::KeyReused) })
    }

    fn note(&mut self, key: String, asked: String, done: Replayed) {
        if self.0.len() == ANSWERED_MAX {
            self.0.pop_front();
        }
        self.0.push_back((key, asked, done));
    }
}

/// Lets one replay through at a time.
#[derive(Debug, Default)]
pub(super) struct Turnstile {
    is_taken: Arc<AtomicBool>,
    answered: Arc<Mutex<Answered>>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Turnstile {
    /// Waits for the end of the last replay, which must have been told to stop.
    pub(super) fn close(&self) {
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a replay panicked");
        }
    }
}

impl Bridge {
    /// Sends again what is wanted and was durable when it began. It goes on to its end when the caller
    /// is gone. Under a key that was answered already it tells the same, and sends nothing.
    ///
    /// # Errors
    /// Another one is running, the key was used for another one, the broker is away, or the log cannot be read.
    pub(crate) async fn replay(
        &self,
        wanted: Wanted,
        key: Option<&str>,
    ) -> Result<(Replayed, Answering), ReplayError> {
        let named = key.map(|key| (key.to_owned(), format!("{wanted:?}")));
        let is_taken = Arc::clone(&self.replay.is_taken);
        let answered = Arc::clone(&self.replay.answered);
        if let Some((key, asked)) = &named
            && let Some(known) = answered.lock().find(key, asked)
        {
            return known.map(|done| (done, Answering::Again));
        }
        if is_taken.swap(true, SeqCst) {
            return Err(ReplayError::Busy);
        }
        let (tell, told) = oneshot::channel();
        let replay = Replay {
            id: format!("replay-{}", uuid::Uuid::new_v4().simple()),
            engine: self.engine.clone(),
            config: KafkaConfig { routes: wanted.routes.clone(), ..self.config.clone() },
            stop: self.stop.subscribe(),
            wanted,
        };
        let work = move || {
            let done = replay.run();
            if let (Some((key, asked)), Ok(done)) = (named, &done) {
                answered.lock().note(key, asked, done.clone());
            }
            is_taken.store(false, SeqCst);
            // Whoever asked may be gone; the log line tells it too.
            let _ = tell.send(done);
        };
        let broken = |what: &dyn std::fmt::Display| ReplayError::Broken(what.to_string(), 0);
        let thread = std::thread::Builder::new().name("onhand-replay".to_owned()).spawn(work);
        match thread {
            Ok(thread) => *self.replay.thread.lock() = Some(thread),
            Err(error) => {
                self.replay.is_taken.store(false, SeqCst);
                return Err(broken(&error));
            }
        }
        let done = told.await.map_err(|error| broken(&error))??;
        Ok((done, Answering::First))
    }
}

struct Replay {
    id: String,
    engine: Engine,
    config: KafkaConfig,
    stop: watch::Receiver<bool>,
    wanted: Wanted,
}

impl Replay {
    fn run(self) -> Result<Replayed, ReplayError> {
        let (id, is_dry) = (self.id.clone(), self.wanted.run == Run::Dry);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| ReplayError::Broken(error.to_string(), 0))?;
        let done = runtime.block_on(self.walk());
        match &done {
            Ok(done) => {
                tracing::info!(id, is_dry, matched = done.matched, sent = done.sent, "replayed");
            }
            Err(error) => tracing::warn!(id, ?error, "a replay broke off"),
        }
        done
    }

    async fn walk(&self) -> Result<Replayed, ReplayError> {
        let broken = |what: &dyn std::fmt::Display| ReplayError::Broken(what.to_string(), 0);
        let mut sender = match self.wanted.run {
            Run::Dry => None,
            Run::Sending => Some(Sender::new(self)?),
        };
        let outbox = self.engine.outbox();
        let (until, mut after) = (outbox.durable(), self.wanted.after);
        if let Some(from) = self.wanted.from {
            let before = outbox.last_before(from).await.map_err(|error| broken(&error))?;
            after = after.max(before);
        }
        let (mut matched, mut is_over) = (0, false);
        while after < until && !is_over {
            let records = outbox.read(after).await.map_err(|error| broken(&error))?;
            let Some(last) = records.last() else { break };
            after = last.sequence;
            for record in records.iter().filter(|record| record.sequence <= until) {
                is_over = self.wanted.to.is_some_and(|to| record.change.at >= to);
                if is_over {
                    break;
                }
                let names = self.engine.view().directory();
                let events = events_of(LOG, record.epoch, record.sequence, &record.change, names);
                for event in events.iter().filter(|event| self.wanted.takes(event)) {
                    matched += 1;
                    if let Some(sender) = &mut sender {
                        sender.send(event).await?;
                    }
                }
            }
        }
        let sent = match sender {
            Some(sender) => sender.finish().await?,
            None => 0,
        };
        Ok(Replayed { id: self.id.clone(), matched, sent })
    }
}

impl Wanted {
    fn takes(&self, event: &Event) -> bool {
        let Self { types, aggregate, routes, .. } = self;
        (types.is_empty() || types.iter().any(|wanted| wanted == event.type_name()))
            && aggregate.as_ref().is_none_or(|wanted| *wanted == event.aggregate_id)
            && routes.of(event).next().is_some()
    }
}

/// Sends, and counts what arrives.
struct Sender<'a> {
    replay: &'a Replay,
    producer: ThreadedProducer<Context>,
    deliveries: Arc<Deliveries>,
    under_way: Ledger<()>,
    room: Messages,
    sent: u64,
}

impl<'a> Sender<'a> {
    fn new(replay: &'a Replay) -> Result<Self, ReplayError> {
        let deliveries = Arc::<Deliveries>::default();
        let made = producer(&replay.config, &deliveries, Pace::Together);
        let producer = made.map_err(|error| ReplayError::Broken(error.to_string(), 0))?;
        for topic in replay.config.routes.topics() {
            look(&producer, topic, LOOK_WAIT).map_err(|error| ReplayError::Broken(error, 0))?;
        }
        let under_way = Ledger::new(Cursor::START);
        let room = Messages::default();
        Ok(Self { replay, producer, deliveries, under_way, room, sent: 0 })
    }

    async fn send(&mut self, event: &Event) -> Result<(), ReplayError> {
        let config = &self.replay.config;
        let is_full = |it: &Self| {
            it.under_way.messages() >= config.in_flight_max
                || it.under_way.bytes() >= config.in_flight_bytes_max
        };
        self.wait_while(is_full).await?;
        let key = key(event);
        let mut room = std::mem::take(&mut self.room);
        for sent in spell(event, &config.routes, &mut room) {
            // Every message is a place of its own here: nobody resumes a replay.
            let place = Cursor::behind(self.under_way.entered() + 1);
            let tags = self.under_way.enter(place, [sent.message.body.len()], ());
            let tag = tags.last().expect("it has a message");
            let record = BaseRecord::with_opaque_to(sent.topic, tag.to_opaque())
                .key(key.as_str())
                .payload(sent.message.body)
                .headers(headers(event, &sent, Some(&self.replay.id)));
            let refused = self.producer.send(record).err();
            if let Some((error, _)) = refused {
                return Err(self.broken(&error));
            }
        }
        self.room = room;
        Ok(())
    }

    /// Waits until everything has arrived.
    async fn finish(mut self) -> Result<u64, ReplayError> {
        self.wait_while(|it| it.under_way.messages() > 0).await?;
        Ok(self.sent)
    }

    async fn wait_while(&mut self, waits: impl Fn(&Self) -> bool) -> Result<(), ReplayError> {
        loop {
            for told in self.deliveries.take() {
                match told {
                    Told::Arrived(tag) => {
                        self.under_way.settle(tag);
                        self.sent += 1;
                    }
                    Told::Failed(_, code, _) => return Err(self.broken(&code)),
                    Told::Broken(reason) => return Err(self.broken(&reason)),
                    // The client tries by itself; what it cannot send comes back as failed.
                    Told::Away(_) => {}
                }
            }
            if *self.replay.stop.borrow() {
                return Err(self.broken(&"the process is stopping"));
            }
            if !waits(self) {
                return Ok(());
            }
            tokio::select! {
                () = self.deliveries.wait() => {}
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    }

    fn broken(&self, what: &dyn std::fmt::Display) -> ReplayError {
        ReplayError::Broken(what.to_string(), self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onhand_engine::events::EventType;

    use crate::brokers::routes::Route;
    use crate::dialect::Dialect;
    use crate::dialect::samples;

    #[test]
    fn types_are_ours_or_the_applications() {
        let event = samples::sample(EventType::ApplicationEvent);
        let sold = samples::sample(EventType::StockLevelChanged);
        for (wanted, expected) in [
            (vec![], [true, true]),
            (vec!["StockLevelChanged"], [false, true]),
            (vec![event.type_name()], [true, false]),
            (vec!["StockLevelChanged", event.type_name()], [true, true]),
            (vec!["NobodySaysThis"], [false, false]),
        ] {
            let wanted = Wanted {
                after: 0,
                from: None,
                to: None,
                types: wanted.into_iter().map(str::to_owned).collect(),
                aggregate: None,
                routes: Routes::one(Route::whole("a".to_owned(), Dialect::Standard)),
                run: Run::Dry,
            };
            assert_eq!([&event, &sold].map(|it| wanted.takes(it)), expected, "{:?}", wanted.types);
        }
    }

    /// "Same key + same command: the first answer again"; "same key + other command: `IDEMPOTENCY_KEY_REUSED`".
    #[test]
    fn a_key_answers_again_for_the_same_wish_only() {
        let done = |id: &str| Replayed { id: id.to_owned(), matched: 2, sent: 2 };
        let mut answered = Answered::default();
        assert_eq!(answered.find("K", "all"), None);
        answered.note("K".to_owned(), "all".to_owned(), done("first"));
        assert_eq!(answered.find("K", "all"), Some(Ok(done("first"))));
        assert_eq!(answered.find("K", "some"), Some(Err(ReplayError::KeyReused)));
        for number in 0..ANSWERED_MAX {
            answered.note(format!("K-{number}"), "all".to_owned(), done("other"));
        }
        assert_eq!(answered.find("K", "all"), None, "the oldest is forgotten");
        assert_eq!(answered.0.len(), ANSWERED_MAX);
    }
}

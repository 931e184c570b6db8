//! Kafka, inwards: one thread per topic reads its partitions in order and enters what it reads.
//!
//! Offsets come from the engine's own watermarks, never from the group: a message and its offset are one
//! record, so each acts once. Reading order: `source` (the thread: look, read, wait), `look` (is the
//! topic still the one we know), `beginnings` (where reading began), `session` (reading), `lanes` (what is known of each partition),
//! `entry` (a message as a command), `transfers` (names that others gave to transfers).

mod beginnings;
mod entry;
mod lanes;
mod look;
mod session;
mod source;
mod transfers;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use onhand_domain::ids::{TenantId, Text};
use onhand_engine::Engine;
use onhand_storage::Cursors;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Check, KafkaConfig};
use crate::brokers::consumed::Consumed;
use beginnings::Beginnings;
pub(crate) use entry::{Parsed, parse_again, unnamed};
pub(crate) use look::refetch;
use source::Source;
pub(crate) use transfers::TransferNames;

/// Settings of what comes in.
#[derive(Debug, Clone)]
pub(crate) struct IntakeConfig {
    /// Topics that are read, each by a thread of its own.
    pub(crate) topics: Vec<TopicIn>,
    /// The group under whose name our progress can be seen; nothing rests on it.
    pub(crate) group: String,
    /// Where the first start of all begins.
    pub(crate) begin: Begin,
    /// How often partitions and log ends are looked at.
    pub(crate) look: Duration,
}

/// A topic that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicIn {
    /// Its name.
    pub(crate) name: String,
    /// Whose events they are that name no tenant.
    pub(crate) tenant: Option<TenantId>,
}

/// Where the first start of all begins to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// With the oldest message that is there.
    Earliest,
    /// With the next one that comes.
    Latest,
}

/// How a source stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SourceState {
    /// The broker or the topic is not there, or not looked at yet.
    Waiting(String),
    /// It is read.
    Running,
    /// It is not the topic we knew, or messages are missing: an operator must say what to do.
    Stopped(String),
}

impl SourceState {
    /// Its word.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Waiting(_) => "waiting",
            Self::Running => "running",
            Self::Stopped(_) => "stopped",
        }
    }

    /// Why it is not read.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Waiting(reason) | Self::Stopped(reason) => Some(reason),
            Self::Running => None,
        }
    }
}

/// What others may know of a source while it works.
#[derive(Debug)]
pub(crate) struct SourceStanding {
    /// The topic.
    pub(crate) topic: TopicIn,
    state: Mutex<SourceState>,
    stream: Mutex<Option<Text>>,
}

impl SourceStanding {
    fn new(topic: TopicIn) -> Self {
        let state = Mutex::new(SourceState::Waiting("not looked at yet".to_owned()));
        Self { topic, state, stream: Mutex::default() }
    }

    /// How it stands.
    pub(crate) fn state(&self) -> SourceState {
        self.state.lock().clone()
    }

    /// Its stream: cluster and topic; known when the broker has answered once.
    pub(crate) fn stream(&self) -> Option<Text> {
        self.stream.lock().clone()
    }

    /// Tells whether that is news.
    fn enter(&self, state: SourceState) -> bool {
        let mut held = self.state.lock();
        let is_news = *held != state;
        *held = state;
        is_news
    }
}

/// All that is read.
pub(crate) struct Intake {
    /// How each source stands.
    pub(crate) sources: Vec<Arc<SourceStanding>>,
    /// What was consumed.
    pub(crate) consumed: Arc<Consumed>,
    /// Names that others gave to transfers.
    pub(crate) transfers: Arc<TransferNames>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Intake {
    /// Starts a thread per topic; they wait for the look at the outgoing topics first.
    ///
    /// # Errors
    /// A thread could not be started.
    pub(super) fn start(
        engine: &Engine,
        config: &KafkaConfig,
        cursors: &Cursors,
        stop: &watch::Sender<bool>,
        check: &watch::Receiver<Check>,
    ) -> io::Result<Self> {
        let (consumed, transfers) = (Arc::default(), Arc::default());
        let mut sources = Vec::new();
        let mut threads = Vec::new();
        for topic in &config.intake.topics {
            let standing = Arc::new(SourceStanding::new(topic.clone()));
            let source = Source {
                engine: engine.clone(),
                config: config.clone(),
                beginnings: Beginnings::new(cursors.clone()),
                standing: Arc::clone(&standing),
                consumed: Arc::clone(&consumed),
                transfers: Arc::clone(&transfers),
                stop: stop.subscribe(),
                check: check.clone(),
            };
            let named = std::thread::Builder::new().name("onhand-consumer".to_owned());
            threads.push(named.spawn(move || source.run())?);
            sources.push(standing);
        }
        Ok(Self { sources, consumed, transfers, threads: Mutex::new(threads) })
    }

    /// Whether a source has stopped and waits for an operator.
    pub(crate) fn has_stopped_source(&self) -> bool {
        self.sources.iter().any(|it| matches!(it.state(), SourceState::Stopped(_)))
    }

    /// Waits for the ends of the threads, which must have been told to stop.
    pub(super) fn join(&self) {
        for thread in self.threads.lock().drain(..) {
            if thread.join().is_err() {
                tracing::error!("a consumer panicked; its source is not read any more");
            }
        }
    }
}

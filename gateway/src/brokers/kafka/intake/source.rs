//! The thread of a topic: looks at it, reads it, and waits when it cannot be read.

use std::sync::Arc;
use std::time::Duration;

use onhand_domain::ids::Text;
use onhand_domain::sources::Watermark;
use onhand_engine::{Engine, SourcePort};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::super::{Check, KafkaConfig};
use super::beginnings::Beginnings;
use super::look::{Known, Trouble, consumer, look};
use super::session::{End, Session};
use super::{SourceStanding, SourceState, TransferNames};
use crate::brokers::consumed::Consumed;

/// How often a source that waits looks whether something has changed.
const BEAT: Duration = Duration::from_millis(100);

/// Everything the thread works with.
pub(super) struct Source {
    pub(super) engine: Engine,
    pub(super) config: KafkaConfig,
    pub(super) beginnings: Beginnings,
    pub(super) standing: Arc<SourceStanding>,
    pub(super) consumed: Arc<Consumed>,
    pub(super) transfers: Arc<TransferNames>,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) check: watch::Receiver<Check>,
}

/// What an operator can change of a source.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    generation: u32,
    marks: Vec<Watermark>,
}

impl Source {
    /// Reads until it is told to stop.
    pub(super) fn run(self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        match runtime {
            Ok(runtime) => self.serve(&runtime),
            Err(error) => tracing::error!(%error, "a consumer cannot run; its topic is not read"),
        }
    }

    fn serve(&self, runtime: &Runtime) {
        // What was published is looked at first: an older copy of our log must not act on anything.
        while *self.check.borrow() != Check::Passed {
            if self.rest(runtime, BEAT) {
                return;
            }
        }
        let mut port = self.engine.source_port();
        while !*self.stop.borrow() {
            match self.read(runtime, &mut port) {
                Ok(End::Stopped) => return,
                Ok(End::Again) => {
                    if self.rest(runtime, BEAT) {
                        return;
                    }
                }
                Err(Trouble::Away(reason)) => {
                    if self.standing.enter(SourceState::Waiting(reason.clone())) {
                        let topic = &self.standing.topic.name;
                        tracing::info!(topic, reason, "a source cannot be read yet; it waits");
                    }
                    if self.rest(runtime, self.config.retry.pause) {
                        return;
                    }
                }
                Err(Trouble::Stop(reason)) => self.halt(runtime, &reason),
            }
        }
    }

    fn read(&self, runtime: &Runtime, port: &mut SourcePort) -> Result<End, Trouble> {
        let consumer = consumer(&self.config)?;
        let topic = &self.standing.topic.name;
        let known = look(&consumer, self)?;
        let Known { stream, generation, partitions } = &known;
        *self.standing.stream.lock() = Some(stream.clone());
        if self.standing.enter(SourceState::Running) {
            let (stream, partitions) = (stream.as_str(), partitions.len());
            tracing::info!(topic, stream, generation, partitions, "a source is read");
        }
        // Its answers must all be taken before the next one begins, whatever ends it.
        Session::begin(self, runtime, known, port)?.run(&consumer)
    }

    /// Waits until an operator has reset the source, or skipped what is missing.
    fn halt(&self, runtime: &Runtime, reason: &str) {
        if self.standing.enter(SourceState::Stopped(reason.to_owned())) {
            let topic = &self.standing.topic.name;
            tracing::error!(topic, reason, "a source has stopped; nothing is skipped by itself");
        }
        let before = self.told();
        while self.told() == before {
            if self.rest(runtime, BEAT) {
                return;
            }
        }
    }

    fn told(&self) -> Told {
        let stream: Option<Text> = self.standing.stream();
        let stream = stream.unwrap_or_else(|| self.stream_of_topic());
        let view = self.engine.view();
        let sources = view.sources();
        let found = sources.into_iter().find(|source| source.stream == stream);
        let marks = found.map(|source| source.partitions).unwrap_or_default();
        Told { generation: view.source_generation(&stream), marks }
    }

    /// The stream of our topic as the engine knows it, before the broker has told its cluster.
    fn stream_of_topic(&self) -> Text {
        let end = format!("/{}", self.standing.topic.name);
        let sources = self.engine.view().sources();
        let found = sources.into_iter().find(|source| source.stream.as_str().ends_with(&end));
        found.map_or_else(|| Text::trusted(&end), |source| source.stream)
    }

    /// Waits; tells whether it is to stop.
    fn rest(&self, runtime: &Runtime, span: Duration) -> bool {
        let mut stop = self.stop.clone();
        let stopped = async { stop.wait_for(|stop| *stop).await.map(|_| ()) };
        runtime.block_on(async { tokio::time::timeout(span, stopped).await.is_ok() })
    }
}

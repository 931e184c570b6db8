//! The thread of an outgoing topic: follows the log and passes over it, one pass per client. Each topic
//! has its own watermark and breaker, so one that is stuck does not hold back the others.

use std::sync::Arc;

use onhand_engine::Engine;
use onhand_storage::Cursors;
use tokio::sync::watch;

use super::KafkaConfig;
use super::pass::{End, Pass};
use super::watermark::{encode, name};
use crate::brokers::breaker::Breaker;
use crate::brokers::dead_letters::Keeper;
use crate::brokers::figures::{SinkState, TopicFigures};
use crate::brokers::stopwatch::Stopwatch;
use crate::http::events::cursor::Cursor;

/// Everything the thread works with.
pub(super) struct Follower {
    pub(super) engine: Engine,
    /// With the routes to this topic only.
    pub(super) config: KafkaConfig,
    pub(super) figures: Arc<TopicFigures>,
    pub(super) cursors: Cursors,
    pub(super) keeper: Arc<Keeper>,
    pub(super) stop: watch::Receiver<bool>,
    /// Where it begins.
    pub(super) began: Cursor,
}

impl Follower {
    /// Publishes until it is told to stop.
    pub(super) fn run(self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.publish()),
            Err(error) => {
                let topic = self.figures.topic();
                tracing::error!(topic, %error, "a topic cannot be followed; nothing is published to it");
            }
        }
        self.figures.enter(SinkState::Stopped);
    }

    async fn publish(&self) {
        let clock = Stopwatch::start();
        let mut breaker = Breaker::new(self.config.retry);
        let (mut delivered, mut singly_until) = (self.began, None);
        loop {
            let pass = match Pass::begin(self, &mut breaker, clock, delivered, singly_until) {
                Ok(pass) => pass,
                Err(error) => {
                    tracing::error!(%error, "the Kafka client cannot be made; nothing is published");
                    self.figures.fail(&error.to_string());
                    return;
                }
            };
            let (end, reached) = pass.run().await;
            delivered = reached;
            self.keep(delivered);
            match end {
                End::Stopped => return,
                End::Again => self.figures.retry(),
                End::Singly(until) => {
                    singly_until = singly_until.max(Some(until));
                    self.figures.retry();
                }
                End::Together => singly_until = None,
            }
        }
    }

    /// Keeps the watermark, durably.
    pub(super) fn keep(&self, delivered: Cursor) {
        if let Err(error) = self.cursors.put(&name(self.figures.topic()), &encode(delivered)) {
            tracing::error!(%error, "the watermark of a topic cannot be kept; after a restart more is \
                sent again");
        }
    }

    /// Whether it has been told to stop.
    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }
}

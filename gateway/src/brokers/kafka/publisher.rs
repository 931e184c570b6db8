//! The publisher's thread: looks at what the topics hold, then lets each of them be followed, and calls a
//! human when too much is unpublished.

use std::sync::Arc;
use std::time::Duration;

use onhand_engine::{Engine, LostTail};
use onhand_storage::Cursors;
use tokio::sync::watch;

use super::fence::{self, Sent};
use super::follower::Follower;
use super::{Check, KafkaConfig, SINK, topics};
use crate::brokers::figures::SinkState;
use crate::brokers::lag::{LagAlarm, News};
use crate::brokers::sink::SinkFigures;

/// Name under which the epoch is kept in which a lost tail was accepted, as four bytes.
const ACCEPTED: &str = "kafka-accepted";

/// How often lag is looked at.
const BEAT: Duration = Duration::from_millis(100);

/// Everything the thread works with.
pub(super) struct Publisher {
    pub(super) engine: Engine,
    pub(super) config: KafkaConfig,
    pub(super) figures: SinkFigures,
    pub(super) cursors: Cursors,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) check: watch::Sender<Check>,
}

impl Publisher {
    /// Publishes until it is told to stop.
    pub(super) fn run(self, followers: Vec<Follower>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        match runtime {
            Ok(runtime) => runtime.block_on(async {
                tokio::select! {
                    () = self.lead(followers) => {}
                    () = self.watch_lag() => {}
                }
            }),
            Err(error) => tracing::error!(%error, "the publisher cannot run; nothing is published"),
        }
        self.figures.enter(SinkState::Stopped);
    }

    /// Lets the topics be followed once they were looked at, and waits for the ends of their threads.
    async fn lead(&self, followers: Vec<Follower>) {
        if !self.look_at_topics().await {
            return;
        }
        let start = |follower: Follower| {
            let named = std::thread::Builder::new().name("onhand-follower".to_owned());
            let figures = Arc::clone(&follower.figures);
            named.spawn(move || follower.run()).inspect_err(|error| {
                let topic = figures.topic();
                tracing::error!(topic, %error, "a topic cannot be followed; nothing is published to it");
                figures.enter(SinkState::Stopped);
            })
        };
        let threads: Vec<_> = followers.into_iter().filter_map(|it| start(it).ok()).collect();
        let mut stop = self.stop.clone();
        // It only fails when the bridge is gone, and then it is over too.
        let _ = stop.wait_for(|stop| *stop).await;
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("what follows a topic panicked");
            }
        }
    }

    /// Calls a human when too much is unpublished, also while the topics were not looked at yet.
    async fn watch_lag(&self) {
        let limit = self.config.lag_alarm;
        let mut alarm = LagAlarm::new(limit);
        loop {
            let durable = self.engine.outbox().durable();
            if let Some(hindmost) = self.figures.hindmost() {
                let (lag, topic) = (durable.saturating_sub(hindmost.delivered()), hindmost.topic());
                match alarm.look(lag) {
                    Some(News::TooMuch) => tracing::error!(
                        lag,
                        limit,
                        topic,
                        sink = SINK,
                        "too much is unpublished: see what keeps the broker; the log keeps \
                         everything, the disk is the limit"
                    ),
                    Some(News::CaughtUp) => {
                        tracing::info!(lag, sink = SINK, "publishing has caught up");
                    }
                    None => {}
                }
            }
            tokio::time::sleep(BEAT).await;
        }
    }

    /// Whether publishing may begin. Looks again and again while no broker answers.
    async fn look_at_topics(&self) -> bool {
        let mut stop = self.stop.clone();
        let mut is_known_away = false;
        loop {
            match self.look_once().await {
                Ok(Some(what)) if self.config.lost_tail == LostTail::Refuse => {
                    self.figures.fail(&what);
                    self.check.send_replace(Check::Ahead(what));
                    return false;
                }
                Ok(ahead) => {
                    if let Some(what) = ahead {
                        tracing::warn!(what, "going on although topics hold what our log does not");
                        self.accept();
                    }
                    self.check.send_replace(Check::Passed);
                    return true;
                }
                Err(error) => {
                    self.figures.fail(&error);
                    self.check.send_replace(Check::Away);
                    if !std::mem::replace(&mut is_known_away, true) {
                        tracing::warn!(error, "the topics cannot be read yet; publishing waits");
                    }
                }
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return false,
                () = tokio::time::sleep(self.config.retry.pause) => {}
            }
        }
    }

    /// What the topics hold and our log does not; `None` when it contains all of it.
    async fn look_once(&self) -> Result<Option<String>, String> {
        topics::create(&self.config).await?;
        let sent = fence::newest_sent(&self.config, &self.stop)?;
        let accepted = self.accepted()?;
        for Sent { topic, partition, epoch, sequence } in sent {
            if epoch >= accepted && !self.contains(epoch, sequence).await? {
                let (last, ours) = (self.engine.outbox().durable(), self.engine.status().epoch);
                return Ok(Some(format!(
                    "topic {topic}, partition {partition} holds an event of record {sequence} of \
                     epoch {epoch}, which is not in our log (last record {last}, epoch {ours}): this \
                     data directory is older than what was published from it, or not the one it \
                     was published from"
                )));
            }
        }
        Ok(None)
    }

    /// What was published in epochs before this one need not be in our log: an operator has said so.
    fn accepted(&self) -> Result<u32, String> {
        let stored = self.cursors.get(ACCEPTED).map_err(|error| error.to_string())?;
        let bytes = stored.and_then(|bytes| bytes.try_into().ok());
        Ok(bytes.map_or(0, u32::from_le_bytes))
    }

    /// Remembers the operator's word, so that later starts need not be told again while old events
    /// still are the newest of a partition.
    fn accept(&self) {
        let epoch = self.engine.status().epoch;
        if let Err(error) = self.cursors.put(ACCEPTED, &epoch.to_le_bytes()) {
            tracing::warn!(%error, "the next start may have to be told again to accept the lost tail");
        }
    }

    async fn contains(&self, epoch: u32, sequence: u64) -> Result<bool, String> {
        let outbox = self.engine.outbox();
        if sequence == 0 || sequence > outbox.durable() {
            return Ok(false);
        }
        let found = outbox.read(sequence - 1).await.map_err(|error| error.to_string())?;
        Ok(found.first().is_some_and(|it| it.sequence == sequence && it.epoch == epoch))
    }
}

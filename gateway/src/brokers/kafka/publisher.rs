//! The publisher's thread: looks at the topics, then passes over the log, one pass per client.

use std::sync::Arc;
use std::time::Duration;

use onhand_engine::Engine;
use onhand_storage::Cursors;
use tokio::sync::watch;

use super::fence::{self, Sent};
use super::pass::{End, Pass};
use super::{CURSOR_FORMAT, Check, KafkaConfig, SINK, encode, topics};
use crate::brokers::breaker::Breaker;
use crate::brokers::dead_letters::Keeper;
use crate::brokers::figures::{SinkFigures, SinkState};
use crate::brokers::stopwatch::Stopwatch;
use crate::http::events::cursor::Cursor;
use onhand_engine::LostTail;

/// Name under which the epoch is kept in which a lost tail was accepted, as four bytes.
const ACCEPTED: &str = "kafka-accepted";

/// Everything the thread works with.
pub(super) struct Publisher {
    pub(super) engine: Engine,
    pub(super) config: KafkaConfig,
    pub(super) figures: Arc<SinkFigures>,
    pub(super) cursors: Cursors,
    pub(super) keeper: Keeper,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) check: watch::Sender<Check>,
}

impl Publisher {
    /// Publishes until it is told to stop.
    pub(super) fn run(self, delivered: Cursor) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.publish(delivered)),
            Err(error) => tracing::error!(%error, "the publisher cannot run; nothing is published"),
        }
        self.figures.enter(SinkState::Stopped);
    }

    async fn publish(&self, mut delivered: Cursor) {
        if !self.look_at_topics().await {
            return;
        }
        let clock = Stopwatch::start();
        let mut breaker = Breaker::new(self.config.retry);
        let mut singly_until = None;
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

    /// Keeps the watermark, durably.
    pub(super) fn keep(&self, delivered: Cursor) {
        if let Err(error) = self.cursors.put(SINK, &encode(delivered)) {
            tracing::error!(%error, "the watermark of the publisher cannot be kept; after a restart \
                more is sent again");
        }
    }

    /// Whether it has been told to stop.
    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }
}

/// Reads a kept watermark. Without one everything is published from the beginning; one that lies
/// behind the end of the log (a lost tail that was accepted) is held at that end.
pub(super) fn decode(bytes: Option<&[u8]>, durable: u64) -> Cursor {
    let Some(bytes) = bytes else { return Cursor::START };
    let read = || {
        let (format, rest) = bytes.split_first()?;
        let (sequence, index) = rest.split_first_chunk::<8>()?;
        let index = u32::from_le_bytes(index.try_into().ok()?);
        let known = *format == CURSOR_FORMAT;
        known.then(|| Cursor::at(u64::from_le_bytes(*sequence), index))
    };
    let Some(cursor) = read() else {
        tracing::warn!("the watermark of the publisher cannot be read; everything is sent again");
        return Cursor::START;
    };
    if cursor.sequence() <= durable {
        return cursor;
    }
    tracing::warn!(%cursor, durable, "the watermark of the publisher lies behind the log");
    Cursor::behind(durable)
}

/// How often it looks at the time: pauses, the watermark, alarms.
pub(super) const BEAT: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watermarks_come_back() {
        for cursor in [Cursor::START, Cursor::at(42, 3), Cursor::behind(42)] {
            assert_eq!(decode(Some(&encode(cursor)), 42), cursor);
        }
        assert_eq!(decode(None, 42), Cursor::START);
        assert_eq!(decode(Some(&encode(Cursor::at(43, 0))), 42), Cursor::behind(42));
        assert_eq!(decode(Some(b"torn"), 42), Cursor::START);
        let mut newer = encode(Cursor::behind(7));
        newer[0] = 9;
        assert_eq!(decode(Some(&newer), 42), Cursor::START);
    }
}

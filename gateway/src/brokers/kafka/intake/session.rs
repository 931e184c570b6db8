//! Reading a topic: from its watermarks until something asks for another look.
//!
//! Many messages are in flight at once; their answers come in the order in which they were entered. A
//! message that was not acted on stops its partition alone: its partition is given back, and read
//! again from that message. While the engine has no room nothing is polled, and the client's own queue
//! fills up; nothing is paused.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use onhand_domain::command::{Action, Command};
use onhand_domain::consumed::SourcePosition;
use onhand_domain::upkeep::{Kept, Upkeep};
use onhand_engine::events::words;
use onhand_engine::{Changed, Failure, Reply, SourcePort};
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;
use tokio::runtime::Runtime;

use super::super::client::QuietConsumer;
use super::entry::{Entry, Taken, checksum, entry, give_up, tenant_default};
use super::lanes::{Clock, Lanes, Obstacle, Wait};
use super::look::{Known, Trouble};
use super::source::Source;
use crate::brokers::consumed::Told;
use crate::brokers::stopwatch::Stopwatch;
use crate::dialect::intake::{Delivery, Reason};
use crate::http::timestamp;

/// How long an idle session waits for a message.
const IDLE: Duration = Duration::from_millis(50);
/// How long it waits while answers are outstanding.
const BUSY: Duration = Duration::from_millis(2);
/// Messages that are polled between two looks at answers.
const POLLS: usize = 256;
/// How often progress is told to the group.
const COMMIT_EVERY: Duration = Duration::from_secs(5);
/// How often counts are told in the log.
const REPORT_EVERY: Duration = Duration::from_secs(60);
/// How long the end of a session waits for answers.
const DRAIN_MAX: Duration = Duration::from_secs(30);

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The process, or the engine, stops.
    Stopped,
    /// The topic must be looked at again.
    Again,
}

/// What was entered and is not answered yet.
enum Entered {
    Message(Arc<SourcePosition>, Told),
    Upkeep,
}

/// See the module.
pub(super) struct Session<'a> {
    source: &'a Source,
    runtime: &'a Runtime,
    known: Known,
    port: &'a mut SourcePort,
    lanes: Lanes,
    waiting: VecDeque<Entered>,
    replies: Vec<Reply>,
    clock: Stopwatch,
    looked: Duration,
    committed: Duration,
    reported: Duration,
}

impl<'a> Session<'a> {
    /// Makes ready to read.
    ///
    /// # Errors
    /// The engine takes nothing.
    pub(super) fn begin(
        source: &'a Source,
        runtime: &'a Runtime,
        known: Known,
        port: &'a mut SourcePort,
    ) -> Result<Self, Trouble> {
        let (lanes, waiting, replies) = Default::default();
        let clock = Stopwatch::start();
        let never = Duration::ZERO;
        Ok(Self {
            source,
            runtime,
            known,
            port,
            lanes,
            waiting,
            replies,
            clock,
            looked: never,
            committed: never,
            reported: never,
        })
    }

    /// Reads.
    ///
    /// # Errors
    /// What the client said.
    pub(super) fn run(mut self, consumer: &QuietConsumer) -> Result<End, Trouble> {
        let begun = self.assign(consumer).map_err(Trouble::from);
        let end = begun.and_then(|()| self.read(consumer));
        consumer.unassign().map_err(Trouble::from)?;
        self.drain();
        self.commit(consumer);
        self.source.consumed.report();
        end
    }

    fn assign(&self, consumer: &QuietConsumer) -> Result<(), KafkaError> {
        let mut partitions = self.known.partitions.iter();
        partitions.try_for_each(|(id, next)| self.assign_one(consumer, *id, *next))
    }

    fn assign_one(&self, consumer: &QuietConsumer, id: u32, next: u64) -> Result<(), KafkaError> {
        let offset = Offset::Offset(i64::try_from(next).unwrap_or(i64::MAX));
        consumer.incremental_assign(&self.one(id, offset)?)
    }

    fn one(&self, partition: u32, offset: Offset) -> Result<TopicPartitionList, KafkaError> {
        let mut one = TopicPartitionList::new();
        let id = i32::try_from(partition).unwrap_or(i32::MAX);
        one.add_partition_offset(&self.source.standing.topic.name, id, offset)?;
        Ok(one)
    }

    fn read(&mut self, consumer: &QuietConsumer) -> Result<End, Trouble> {
        loop {
            if *self.source.stop.borrow() {
                return Ok(End::Stopped);
            }
            if let Err(end) = self.settle(consumer, Duration::ZERO) {
                return Ok(end);
            }
            if let Some(end) = self.beat(consumer)? {
                return Ok(end);
            }
            let mut wait = if self.waiting.is_empty() { IDLE } else { BUSY };
            for _ in 0..POLLS {
                match consumer.poll(std::mem::take(&mut wait)) {
                    None => break,
                    Some(Ok(message)) => {
                        if let Err(end) = self.take(consumer, &message) {
                            return Ok(end);
                        }
                    }
                    Some(Err(error)) => {
                        if let Some(end) = self.judge(&error) {
                            return Ok(end);
                        }
                    }
                }
            }
        }
    }

    /// What an error of the client asks for. Most pass by themselves.
    fn judge(&self, error: &KafkaError) -> Option<End> {
        use RDKafkaErrorCode as Code;
        match error.rdkafka_error_code() {
            Some(Code::PartitionEOF | Code::BrokerTransportFailure | Code::AllBrokersDown) => None,
            _ if matches!(error, KafkaError::PartitionEOF(_)) => None,
            _ => {
                let topic = &self.source.standing.topic.name;
                tracing::info!(topic, %error, "the topic is looked at again");
                Some(End::Again)
            }
        }
    }

    /// What is to be done from time to time.
    fn beat(&mut self, consumer: &QuietConsumer) -> Result<Option<End>, Trouble> {
        let now = self.clock.now();
        for (partition, offset) in self.lanes.wake(now) {
            self.assign_one(consumer, partition, offset)?;
        }
        let due = self.lanes.due(now, Wait::AWhile);
        if !due.is_empty()
            && let Err(end) = self.upkeep(Upkeep::Advance(due))
        {
            return Ok(Some(end));
        }
        let view = self.source.engine.view();
        if view.source_generation(&self.known.stream) != self.known.generation {
            return Ok(Some(End::Again));
        }
        if now - self.committed >= COMMIT_EVERY {
            self.committed = now;
            self.commit(consumer);
        }
        if now - self.reported >= REPORT_EVERY {
            self.reported = now;
            self.source.consumed.report();
        }
        if now - self.looked >= self.source.config.intake.look {
            self.looked = now;
            return Ok(self.look(consumer));
        }
        Ok(None)
    }

    /// New partitions, and log ends that lie below our watermarks.
    fn look(&self, consumer: &QuietConsumer) -> Option<End> {
        let topic = &self.source.standing.topic.name;
        let wait = Duration::from_secs(1);
        // A broker that is away is no reason to stop: the client goes on by itself.
        let metadata = consumer.fetch_metadata(Some(topic), wait).ok()?;
        let found = metadata.topics().iter().find(|it| it.name() == topic)?;
        let count = found.partitions().len();
        if found.error().is_some() || count != self.known.partitions.len() {
            return Some(End::Again);
        }
        self.known.partitions.iter().find_map(|(partition, _)| {
            let mark = self.source.engine.view().source_mark(&self.known.stream, *partition)?;
            let id = i32::try_from(*partition).ok()?;
            let (_, high) = consumer.fetch_watermarks(topic, id, wait).ok()?;
            let is_below = u64::try_from(high).unwrap_or(0) < mark.next_offset();
            is_below.then_some(End::Again)
        })
    }

    fn take(&mut self, consumer: &QuietConsumer, message: &BorrowedMessage<'_>) -> Result<(), End> {
        let partition = u32::try_from(message.partition()).unwrap_or(0);
        if self.lanes.is_waiting(partition) {
            return Ok(());
        }
        let offset = u64::try_from(message.offset()).unwrap_or(0);
        let position = Arc::new(SourcePosition {
            stream: self.known.stream.clone(),
            partition,
            generation: self.known.generation,
            offset,
            checksum: Some(checksum(message.key(), message.payload())),
        });
        let (source, now) = (self.source, timestamp::now());
        let [event_id, tenant] = headers(message, ["eventId", "tenantId"]);
        let delivery = Delivery {
            topic: &source.standing.topic.name,
            partition,
            offset,
            event_id,
            tenant,
            topic_tenant: source.standing.topic.tenant.as_ref(),
            payload: message.payload(),
            now,
        };
        let taken = Taken { delivery, position: &position };
        let held = self.lanes.held(partition).filter(|held| held.offset == offset);
        let (mut wanted, told) = entry(&taken, &source.transfers);
        if let Entry::Unnamed(tenant, name) = &wanted {
            // Whoever named it may be in flight, or before this start.
            self.settle_all(consumer)?;
            let names = &source.transfers;
            if names.find(tenant, name).is_none() {
                self.runtime.block_on(names.look_up(&source.engine, tenant, name));
            }
            wanted = entry(&taken, names).0;
        }
        let given_up = held.filter(|held| held.is_given_up());
        match (wanted, given_up) {
            (Entry::Skip(reason), _) => {
                source.consumed.skip(match reason {
                    Reason::Own => "own",
                    Reason::UnknownType => "unknown_type",
                });
                self.lanes.skip(position, self.clock.now());
            }
            (Entry::Unnamed(..), Some(held)) => {
                let command = give_up(&taken, held.attempts, held.since);
                self.enter(consumer, command, position, told)?;
            }
            (Entry::Unnamed(..), None) => {
                source.consumed.fail(&told, "UNKNOWN_TRANSFER");
                self.hold(consumer, &position, Obstacle::Passing)?;
            }
            (Entry::Enter(command), _) => {
                source.transfers.forget(&command.tenant, &command.action);
                self.enter(consumer, command, position, told)?;
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        consumer: &QuietConsumer,
        command: Command,
        position: Arc<SourcePosition>,
        told: Told,
    ) -> Result<(), End> {
        let mut command = Some(command);
        while let Some(wanted) = command.take() {
            command = self.port.try_enter(wanted).map_err(|_| End::Stopped)?;
            if command.is_some() {
                // Nothing is polled meanwhile: this input waits, and nothing else does.
                self.settle(consumer, BUSY)?;
                if *self.source.stop.borrow() || self.lanes.is_waiting(position.partition) {
                    return Ok(());
                }
            }
        }
        self.lanes.enter(position.partition);
        self.waiting.push_back(Entered::Message(position, told));
        Ok(())
    }

    fn upkeep(&mut self, upkeep: Upkeep) -> Result<(), End> {
        let action = Action::Upkeep(Box::new(upkeep));
        let tenant = tenant_default();
        let command = Command { tenant, key: None, source: None, trace: None, action };
        // Without room it is left out: what it says is found out again after a start.
        let left = self.port.try_enter(command).map_err(|_| End::Stopped)?;
        if left.is_none() {
            self.waiting.push_back(Entered::Upkeep);
        }
        Ok(())
    }

    /// Takes the answers that have come; waits for the first one at most so long.
    fn settle(&mut self, consumer: &QuietConsumer, wait: Duration) -> Result<(), End> {
        let mut replies = std::mem::take(&mut self.replies);
        let taken = self.port.answers(wait, &mut replies);
        let mut outcome = taken.map_err(|_| End::Stopped);
        for reply in replies.drain(..) {
            let entered = self.waiting.pop_front().expect("an answer to what was entered");
            if let Entered::Message(position, told) = entered {
                outcome = outcome.and(self.answered(consumer, &position, &told, reply));
            }
        }
        self.replies = replies;
        outcome
    }

    fn settle_all(&mut self, consumer: &QuietConsumer) -> Result<(), End> {
        while !self.waiting.is_empty() {
            self.settle(consumer, IDLE)?;
        }
        Ok(())
    }

    fn answered(
        &mut self,
        consumer: &QuietConsumer,
        position: &Arc<SourcePosition>,
        told: &Told,
        reply: Reply,
    ) -> Result<(), End> {
        let SourcePosition { partition, offset, .. } = **position;
        if !self.lanes.leave(partition, offset) {
            return Ok(());
        }
        let (now, consumed) = (timestamp::now(), &self.source.consumed);
        match reply {
            Reply::Changed(Changed { change, .. }) => {
                if let Some(Kept::Letter(held)) = change.kept.as_deref() {
                    let code = held.fault.as_ref().map_or("INTERNAL", |fault| fault.code.as_str());
                    consumed.fail(told, code);
                }
                consumed.count(told, now);
                self.source.transfers.learn(&change, self.source.engine.view().directory());
                self.lanes.tell(partition, offset);
            }
            Reply::Refused { rejection, sequence: Some(_), .. } => {
                consumed.fail(told, words::refusal(&rejection));
                consumed.count(told, now);
                self.lanes.tell(partition, offset);
            }
            Reply::Unchanged { .. } => {
                consumed.count(told, now);
                self.lanes.tell(partition, offset);
            }
            Reply::Passed => self.lanes.tell(partition, offset),
            Reply::Duplicate { .. } => {
                consumed.skip("duplicate");
                self.lanes.skip(Arc::clone(position), self.clock.now());
            }
            Reply::Failed(Failure::Stopping | Failure::OutcomeUnknown) => return Err(End::Stopped),
            Reply::Failed(Failure::Internal) => {
                consumed.fail(told, "INTERNAL");
                self.hold(consumer, position, Obstacle::Passing)?;
            }
            Reply::Failed(_) | Reply::Refused { sequence: None, .. } => {
                self.hold(consumer, position, Obstacle::NoRoom)?;
            }
        }
        Ok(())
    }

    /// Stops a partition before a message that was not acted on.
    fn hold(
        &mut self,
        consumer: &QuietConsumer,
        position: &SourcePosition,
        why: Obstacle,
    ) -> Result<(), End> {
        let clock = Clock { span: self.clock.now(), wall: timestamp::now() };
        self.lanes.hold(position, why, clock);
        let one = self.one(position.partition, Offset::Invalid);
        let left = one.and_then(|one| consumer.incremental_unassign(&one));
        left.map_err(|error| {
            tracing::warn!(%error, "a partition cannot be given back; the topic is read anew");
            End::Again
        })
    }

    /// Waits for what is in flight, and tells what was skipped.
    fn drain(&mut self) {
        let until = self.clock.now() + DRAIN_MAX;
        let mut is_told = false;
        while self.clock.now() < until {
            let Ok(()) = self.port.answers(IDLE, &mut self.replies) else { return };
            for reply in std::mem::take(&mut self.replies) {
                let Some(Entered::Message(position, told)) = self.waiting.pop_front() else {
                    continue;
                };
                let SourcePosition { partition, offset, .. } = *position;
                if !self.lanes.leave(partition, offset) {
                    continue;
                }
                match reply {
                    Reply::Changed(_) | Reply::Refused { sequence: Some(_), .. } => {
                        self.source.consumed.count(&told, timestamp::now());
                        self.lanes.tell(partition, offset);
                    }
                    Reply::Duplicate { .. } => self.lanes.skip(position, Duration::ZERO),
                    _ => {}
                }
            }
            if self.waiting.is_empty() {
                let due = self.lanes.due(self.clock.now(), Wait::Not);
                if due.is_empty() || std::mem::replace(&mut is_told, true) {
                    return;
                }
                if self.upkeep(Upkeep::Advance(due)).is_err() {
                    return;
                }
            }
        }
    }

    /// Tells our progress to the group, for those who watch its lag.
    fn commit(&self, consumer: &QuietConsumer) {
        let view = self.source.engine.view();
        let mut all = TopicPartitionList::new();
        for (partition, _) in &self.known.partitions {
            let Some(mark) = view.source_mark(&self.known.stream, *partition) else { continue };
            let next = Offset::Offset(i64::try_from(mark.next_offset()).unwrap_or(i64::MAX));
            let id = i32::try_from(*partition).unwrap_or(i32::MAX);
            let _ = all.add_partition_offset(&self.source.standing.topic.name, id, next);
        }
        if all.count() > 0
            && let Err(error) = consumer.commit(&all, CommitMode::Async)
        {
            tracing::debug!(%error, "progress cannot be told to the group");
        }
    }
}

/// A header as bytes.
/// Headers of these names. The client reads all of them at every look, and most messages have none.
fn headers<'a, const N: usize>(
    message: &'a BorrowedMessage<'_>,
    names: [&str; N],
) -> [Option<&'a [u8]>; N] {
    let headers = message.headers();
    names.map(|name| headers?.iter().find(|header| header.key == name)?.value)
}

//! One pass over the log for one topic, with one client: from the delivered watermark until it is told to stop, or until
//! the client fails and the next pass begins at the watermark again. So order is kept whatever happens:
//! nothing overtakes what failed, and what is sent twice has the same ids.

use std::sync::Arc;
use std::time::Duration;

use onhand_domain::time::Timestamp;
use onhand_engine::Stretch;
use onhand_engine::events::{Event, EventType};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{BaseRecord, Producer, PurgeConfig, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::SINK;
use super::client::{Context, Deliveries, Pace, Told, look, producer};
use super::fault::{Fault, fault_of};
use super::follower::Follower;
use super::read_ahead::{READS_AHEAD, read_ahead};
use super::setback::{Cause, Culprit, Setback};
use super::upcoming::{Next, Upcoming};
use crate::brokers::breaker::{Breaker, Phase, Verdict};
use crate::brokers::contacts::Contacts;
use crate::brokers::dead_letters::DeadLetter;
use crate::brokers::envelope::{Outgoing, headers, key, spell};
use crate::brokers::figures::SinkState;
use crate::brokers::ledger::{Ledger, Tag};
use crate::brokers::partitioner::partition_of;
use crate::brokers::stopwatch::Stopwatch;
use crate::dialect::Messages;
use crate::http::events::cursor::Cursor;
use crate::http::timestamp;

/// How often it looks at the time: pauses, and the watermark.
const BEAT: Duration = Duration::from_millis(100);
/// How long a client that failed may take to give back what it holds.
const GATHER_MAX: Duration = Duration::from_secs(1);
/// How long a look at the broker may take.
const LOOK_WAIT: Duration = Duration::from_secs(1);
/// How long the first look of a client may take, which has no connection yet.
const FIRST_LOOK_WAIT: Duration = Duration::from_secs(3);
/// How often partitions are counted: keys go elsewhere when there are more of them.
const COUNT_EVERY: Duration = Duration::from_secs(60);
/// How often the watermark is kept.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// How long a stop waits for what is durable to be sent.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// How a pass ended.
pub(super) enum End {
    /// It was told to stop.
    Stopped,
    /// The client failed; begin again at the watermark.
    Again,
    /// The broker did not take a batch; begin again, one by one up to this place.
    Singly(Cursor),
    /// What had to go one by one has gone.
    Together,
}

/// Why a pass cannot go on.
struct Failed;

/// What is remembered of an event under way.
#[derive(Debug, Clone, Copy)]
struct Note {
    event_type: Option<EventType>,
    decided: Timestamp,
    sequence: u64,
    partition: u32,
}

/// One pass.
pub(super) struct Pass<'a> {
    follower: &'a Follower,
    breaker: &'a mut Breaker,
    clock: Stopwatch,
    /// The instant of this turn.
    now: Duration,
    producer: ThreadedProducer<Context>,
    deliveries: Arc<Deliveries>,
    ledger: Ledger<Note>,
    /// For the messages of one event, used again and again.
    room: Messages,
    reads: mpsc::Receiver<Stretch>,
    upcoming: Upcoming,
    /// Up to here messages go one by one.
    singly_until: Option<Cursor>,
    /// The last place that a refused batch held.
    suspect: Option<Cursor>,
    contacts: Contacts,
    /// When the partitions were counted.
    counted: Duration,
    /// Whether the next event waits for the first one in its partition.
    waits_for_contact: bool,
    kept: (Cursor, Duration),
    /// Whether the log cannot be read.
    is_over: bool,
}

impl<'a> Pass<'a> {
    /// Makes a client and begins to read behind the watermark.
    pub(super) fn begin(
        follower: &'a Follower,
        breaker: &'a mut Breaker,
        clock: Stopwatch,
        delivered: Cursor,
        singly_until: Option<Cursor>,
    ) -> KafkaResult<Self> {
        let deliveries = Arc::<Deliveries>::default();
        let pace = if singly_until.is_some() { Pace::Singly } else { Pace::Together };
        let producer = producer(&follower.config, &deliveries, pace)?;
        let (sender, reads) = mpsc::channel(READS_AHEAD);
        let outbox = follower.engine.outbox().clone();
        tokio::spawn(read_ahead(outbox, delivered.last_whole_record(), sender));
        Ok(Self {
            follower,
            breaker,
            clock,
            now: clock.now(),
            producer,
            deliveries,
            ledger: Ledger::new(delivered),
            room: Messages::default(),
            reads,
            upcoming: Upcoming::behind(delivered),
            singly_until,
            suspect: None,
            contacts: Contacts::default(),
            counted: Duration::ZERO,
            waits_for_contact: false,
            kept: (delivered, clock.now()),
            is_over: false,
        })
    }

    /// Publishes. Tells why it ended and how far it came.
    pub(super) async fn run(mut self) -> (End, Cursor) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = self.follower.stop.clone();
        let mut deadline = None;
        self.show_state();
        loop {
            if self.turn().is_err() {
                let end = match self.suspect {
                    _ if self.is_over => End::Stopped,
                    Some(suspect) => End::Singly(suspect),
                    None => End::Again,
                };
                return (end, self.ledger.delivered());
            }
            if self.singly_until.is_some_and(|until| self.ledger.delivered() >= until) {
                return (End::Together, self.ledger.delivered());
            }
            if self.follower.is_stopping() {
                let now = self.clock.now();
                let until = *deadline.get_or_insert(now + DRAIN_MAX);
                if now >= until || self.breaker.is_open() || self.is_done() {
                    return (End::Stopped, self.ledger.delivered());
                }
            }
            if self.can_send() && self.has_next() {
                // Lets the reader have its turn; there is no need to wait for anything.
                tokio::task::yield_now().await;
                continue;
            }
            let wants_records = !self.has_next();
            let is_stopping = self.follower.is_stopping();
            tokio::select! {
                () = self.deliveries.wait() => {}
                read = self.reads.recv(), if wants_records => match read {
                    Some(stretch) => self.upcoming.add(stretch),
                    // The engine has stopped, or the log cannot be read, which was told.
                    None => return (End::Stopped, self.ledger.delivered()),
                },
                _ = beat.tick() => {}
                _ = stop.wait_for(|stop| *stop), if !is_stopping => {}
            }
        }
    }

    fn has_next(&self) -> bool {
        !self.upcoming.is_empty()
    }

    fn can_send(&self) -> bool {
        self.has_room() && !self.waits_for_contact && self.breaker.is_closed()
    }

    fn has_room(&self) -> bool {
        let config = &self.follower.config;
        if let Some(until) = self.singly_until {
            // Nothing is under way behind one that may be refused, and nothing beyond the suspects is sent:
            // the next pass is faster.
            return self.ledger.messages() == 0 && self.ledger.entered_up_to() < until;
        }
        self.ledger.messages() < config.in_flight_max
            && self.ledger.bytes() < config.in_flight_bytes_max
    }

    fn is_done(&self) -> bool {
        let durable = self.follower.engine.outbox().durable();
        self.ledger.messages() == 0 && self.ledger.delivered() >= Cursor::behind(durable)
    }

    fn turn(&mut self) -> Result<(), Failed> {
        self.now = self.clock.now();
        self.settle()?;
        match self.breaker.phase(self.clock.now()) {
            Phase::Closed => self.send_some()?,
            Phase::HalfOpen => self.look(LOOK_WAIT),
            Phase::Waiting(_) | Phase::Open(_) => {}
        }
        self.follower.figures.advance(self.ledger.delivered().last_whole_record());
        self.keep_if_due();
        Ok(())
    }

    /// Takes note of what became of messages.
    fn settle(&mut self) -> Result<(), Failed> {
        let mut setback = Setback::default();
        let arrived = self.take(&mut setback);
        if setback.is_empty() {
            if arrived && self.breaker.deliver(self.ledger.delivered()) {
                self.tell_found();
            }
            return Ok(());
        }
        self.gather(setback)
    }

    /// The client tells that it is of no use before it tells which message was refused: only when it has
    /// given back everything is it known what is to blame.
    fn gather(&mut self, mut setback: Setback) -> Result<(), Failed> {
        self.producer.purge(PurgeConfig::default().queue().inflight());
        if let Err(error) = self.producer.flush(GATHER_MAX) {
            tracing::debug!(%error, "the client keeps messages to itself");
        }
        self.take(&mut setback);
        self.fall(setback)
    }

    /// Takes what was told. Tells whether a message has arrived.
    fn take(&mut self, setback: &mut Setback) -> bool {
        let (now, mut arrived) = (timestamp::now(), false);
        for told in self.deliveries.take() {
            match told {
                Told::Arrived(tag) => {
                    arrived = true;
                    self.arrive(tag, now);
                }
                Told::Failed(tag, code, message) => {
                    setback.fail(self.ledger.place(tag), tag, code, message.map(|it| *it));
                }
                Told::Away(reason) => {
                    tracing::debug!(reason, "no broker answers");
                    self.look(LOOK_WAIT);
                }
                Told::Broken(reason) => setback.lose(reason),
            }
        }
        arrived
    }

    /// The pass ends: the next one begins at the watermark, so nothing overtakes what failed.
    fn fall(&mut self, setback: Setback) -> Result<(), Failed> {
        let (now, last) = (self.clock.now(), setback.last());
        let Some(cause) = setback.cause() else { return Ok(()) };
        let reason = match cause {
            Cause::Away(reason) => {
                if self.breaker.lose(now) {
                    self.tell_lost(&reason);
                }
                reason
            }
            Cause::Refused(culprit) => {
                self.suspect = last;
                let verdict = self.breaker.refuse(now, culprit.place);
                let reason = culprit.code.to_string();
                if verdict == Verdict::GiveUp && self.singly_until.is_some() {
                    self.bury(&culprit);
                }
                reason
            }
            Cause::Hopeless(culprit) => {
                self.suspect = last;
                if self.singly_until.is_some() {
                    self.bury(&culprit);
                }
                culprit.code.to_string()
            }
            Cause::Broken(reason) => {
                self.breaker.refuse(now, self.ledger.delivered());
                reason
            }
        };
        self.follower.figures.fail(&reason);
        let (topic, from) = (self.follower.figures.topic(), self.ledger.delivered());
        let is_alone = self.suspect.is_some();
        tracing::warn!(reason, topic, %from, is_alone, "publishing begins again");
        self.show_state();
        Err(Failed)
    }

    fn arrive(&mut self, tag: Tag, now: Timestamp) {
        let (note, is_whole) = self.ledger.settle(tag);
        if let (Some(event_type), true) = (note.event_type, is_whole) {
            self.contacts.make(note.partition, self.now);
            self.waits_for_contact = false;
            let millis = u64::try_from(now.millis_since(note.decided)).unwrap_or(0);
            self.follower.figures.deliver(event_type, Duration::from_millis(millis));
        }
    }

    /// A message that will never be taken makes room for those behind it.
    fn bury(&mut self, culprit: &Culprit) {
        let (note, _) = self.ledger.settle(culprit.tag);
        let event_type = note.event_type.expect("only an event has messages");
        let reason = culprit.code.to_string();
        let letter = DeadLetter::of_message(&culprit.message, event_type, note.sequence, reason);
        self.follower.keeper.keep(SINK, &letter, &self.follower.figures);
    }

    fn send_some(&mut self) -> Result<(), Failed> {
        if !self.has_next() || !self.knows_partitions() {
            return Ok(());
        }
        for _ in 0..self.follower.config.batch {
            if !self.can_send() {
                return Ok(());
            }
            let next = self.upcoming.take(self.follower.engine.view().directory());
            let next = next.map_err(|error| {
                tracing::error!(%error, "the log cannot be read; publishing ends");
                self.is_over = true;
                Failed
            })?;
            match next {
                None => return Ok(()),
                Some(Next::Event(event)) => self.send(event)?,
                Some(Next::EndOf(sequence, decided)) => {
                    let note = Note { event_type: None, decided, sequence, partition: 0 };
                    self.ledger.enter(Cursor::behind(sequence), [], note);
                }
            }
        }
        Ok(())
    }

    /// Counts the partitions when that is due.
    fn knows_partitions(&mut self) -> bool {
        let is_first = self.contacts.partitions() == 0;
        if is_first || self.now.saturating_sub(self.counted) >= COUNT_EVERY {
            self.look(if is_first { FIRST_LOOK_WAIT } else { LOOK_WAIT });
        }
        self.contacts.partitions() > 0
    }

    /// Sends an event in every dialect that is spoken here, or puts it back as long as it has to wait
    /// for the first one in its partition.
    fn send(&mut self, event: Event) -> Result<(), Failed> {
        let follower = self.follower;
        let mut room = std::mem::take(&mut self.room);
        let outgoing = spell(&event, &follower.config.routes, &mut room);
        let key = key(&event);
        let partition = partition_of(key.as_bytes(), self.contacts.partitions());
        if !outgoing.is_empty() && !self.contacts.ask(partition, self.now) {
            self.waits_for_contact = true;
            drop(outgoing);
            self.room = room;
            self.upcoming.put_back(event);
            return Ok(());
        }
        let event_type = (!outgoing.is_empty()).then_some(event.event_type);
        let (decided, sequence) = (event.timestamp, event.sequence);
        let note = Note { event_type, decided, sequence, partition };
        let sizes = outgoing.iter().map(|sent| sent.message.body.len());
        let tags = self.ledger.enter(Cursor::of(&event), sizes, note);
        for (sent, tag) in outgoing.iter().zip(tags) {
            let record = BaseRecord::with_opaque_to(sent.topic, tag.to_opaque())
                .partition(i32::try_from(partition).expect("it is one that the broker has named"))
                .key(key.as_str())
                .payload(sent.message.body)
                .headers(headers(&event, sent, None));
            if let Err((error, _)) = self.producer.send(record) {
                self.refused(tag, &event, sent, &error)?;
            }
        }
        drop(outgoing);
        self.room = room;
        Ok(())
    }

    /// The client did not even take a message.
    fn refused(
        &mut self,
        tag: Tag,
        event: &Event,
        sent: &Outgoing<'_>,
        error: &KafkaError,
    ) -> Result<(), Failed> {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        let now = self.clock.now();
        let is_over = match fault_of(code) {
            Fault::Hopeless => true,
            Fault::Refused => self.breaker.refuse(now, Cursor::of(event)) == Verdict::GiveUp,
            fault => {
                let mut setback = Setback::default();
                match fault {
                    Fault::Away => setback.fail(Cursor::of(event), tag, code, None),
                    _ => setback.lose(code.to_string()),
                }
                return self.gather(setback);
            }
        };
        if !is_over {
            self.follower.figures.fail(&error.to_string());
            return Err(Failed);
        }
        let (note, _) = self.ledger.settle(tag);
        self.contacts.drop(note.partition);
        let letter = DeadLetter::of_event(event, sent, code.to_string());
        self.follower.keeper.keep(SINK, &letter, &self.follower.figures);
        Ok(())
    }

    /// Asks whether the broker is there, and how many partitions there are. Blocks for a moment.
    fn look(&mut self, wait: Duration) {
        match look(&self.producer, self.follower.figures.topic(), wait) {
            Ok(partitions) => {
                self.contacts.resize(partitions);
                self.counted = self.clock.now();
                if self.breaker.find() {
                    self.tell_found();
                }
            }
            Err(reason) => {
                if self.breaker.lose(self.clock.now()) {
                    self.tell_lost(&reason);
                }
                self.follower.figures.fail(&reason);
            }
        }
    }

    fn tell_lost(&self, reason: &str) {
        tracing::warn!(
            reason,
            topic = self.follower.figures.topic(),
            sink = SINK,
            "the broker is away: publishing is suspended, selling goes on"
        );
        self.show_state();
    }

    fn tell_found(&self) {
        let lag = self.lag();
        let topic = self.follower.figures.topic();
        tracing::info!(lag, topic, sink = SINK, "the broker is back: publishing goes on");
        self.show_state();
    }

    fn show_state(&self) {
        let state = if self.breaker.is_open() { SinkState::Suspended } else { SinkState::Running };
        self.follower.figures.enter(state);
    }

    fn lag(&self) -> u64 {
        let delivered = self.ledger.delivered().last_whole_record();
        self.follower.engine.outbox().durable().saturating_sub(delivered)
    }

    fn keep_if_due(&mut self) {
        let (delivered, now) = (self.ledger.delivered(), self.clock.now());
        let (kept, at) = self.kept;
        if kept != delivered && now.saturating_sub(at) >= KEEP_EVERY {
            self.follower.keep(delivered);
            self.kept = (delivered, now);
        }
    }
}

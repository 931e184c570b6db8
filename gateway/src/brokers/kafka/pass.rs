//! One pass over the log for one topic, with one client: from the delivered watermark until it is told to stop, or until
//! the client fails and the next pass begins at the watermark again. So order is kept whatever happens:
//! nothing overtakes what failed, and what is sent twice has the same ids.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use onhand_domain::time::Timestamp;
use onhand_engine::events::{Event, EventType, events_of};
use onhand_engine::ids::LOG;
use onhand_engine::{Failure, Outbox, Published};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::OwnedMessage;
use rdkafka::producer::{BaseRecord, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::SINK;
use super::client::{Context, Deliveries, Pace, Told, look, producer};
use super::fault::{Fault, fault_of};
use super::follower::Follower;
use crate::brokers::breaker::{Breaker, Phase, Verdict};
use crate::brokers::dead_letters::DeadLetter;
use crate::brokers::envelope::{Outgoing, headers, key, spell};
use crate::brokers::figures::SinkState;
use crate::brokers::ledger::{Ledger, Tag};
use crate::brokers::stopwatch::Stopwatch;
use crate::dialect::Messages;
use crate::http::events::cursor::Cursor;
use crate::http::timestamp;

/// How often it looks at the time: pauses, and the watermark.
const BEAT: Duration = Duration::from_millis(100);
/// Reads of the log that may wait to be sent, each of a thousand records.
const READS_AHEAD: usize = 2;
/// How long a look at the broker may take.
const LOOK_WAIT: Duration = Duration::from_secs(1);
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
    /// The broker refused a batch for good; begin again, one by one up to this place.
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
}

/// What comes next in the order of the log.
enum Next {
    Event(Box<Event>),
    EndOf(u64, Timestamp),
}

/// One pass.
pub(super) struct Pass<'a> {
    follower: &'a Follower,
    breaker: &'a mut Breaker,
    clock: Stopwatch,
    producer: ThreadedProducer<Context>,
    deliveries: Arc<Deliveries>,
    ledger: Ledger<Note>,
    /// For the messages of one event, used again and again.
    room: Messages,
    reads: mpsc::Receiver<Vec<Published>>,
    records: VecDeque<Published>,
    next: VecDeque<Next>,
    began: Cursor,
    /// Up to here messages go one by one.
    singly_until: Option<Cursor>,
    /// The last place that a refused batch held.
    suspect: Option<Cursor>,
    kept: (Cursor, Duration),
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
            producer,
            deliveries,
            ledger: Ledger::new(delivered),
            room: Messages::default(),
            reads,
            records: VecDeque::new(),
            next: VecDeque::new(),
            began: delivered,
            singly_until,
            suspect: None,
            kept: (delivered, clock.now()),
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
                let end = self.suspect.map_or(End::Again, End::Singly);
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
                    Some(records) => self.records.extend(records),
                    // The engine has stopped, or the log cannot be read, which was told.
                    None => return (End::Stopped, self.ledger.delivered()),
                },
                _ = beat.tick() => {}
                _ = stop.wait_for(|stop| *stop), if !is_stopping => {}
            }
        }
    }

    fn has_next(&self) -> bool {
        !(self.next.is_empty() && self.records.is_empty())
    }

    fn can_send(&self) -> bool {
        self.has_room() && self.breaker.is_closed()
    }

    fn has_room(&self) -> bool {
        let config = &self.follower.config;
        // One by one, nothing beyond the suspects is sent: the next pass is faster.
        let is_past = self.singly_until.is_some_and(|until| self.ledger.entered_up_to() >= until);
        !is_past
            && self.ledger.messages() < config.in_flight_max
            && self.ledger.bytes() < config.in_flight_bytes_max
    }

    fn is_done(&self) -> bool {
        let durable = self.follower.engine.outbox().durable();
        self.ledger.messages() == 0 && self.ledger.delivered() >= Cursor::behind(durable)
    }

    fn turn(&mut self) -> Result<(), Failed> {
        self.settle()?;
        match self.breaker.phase(self.clock.now()) {
            Phase::Closed => self.send_some()?,
            Phase::HalfOpen => self.look(),
            Phase::Waiting(_) | Phase::Open(_) => {}
        }
        self.follower.figures.advance(self.ledger.delivered().last_whole_record());
        self.keep_if_due();
        Ok(())
    }

    /// Takes note of what became of messages.
    fn settle(&mut self) -> Result<(), Failed> {
        let told = self.deliveries.take();
        if told.is_empty() {
            return Ok(());
        }
        let (now, mut failed, mut arrived) = (timestamp::now(), None, false);
        for told in told {
            match told {
                Told::Arrived(tag) => {
                    arrived = true;
                    self.arrive(tag, now);
                }
                Told::Failed(tag, code, message) => {
                    failed = self.judge(tag, code, message.map(|it| *it)).or(failed);
                }
                Told::Away(reason) => {
                    tracing::debug!(reason, "no broker answers");
                    self.look();
                }
                Told::Broken(reason) => {
                    self.breaker.refuse(self.clock.now(), self.ledger.delivered());
                    failed = Some(reason);
                }
            }
        }
        if arrived && failed.is_none() && self.breaker.deliver(self.ledger.delivered()) {
            self.tell_found();
        }
        let Some(reason) = failed else { return Ok(()) };
        self.follower.figures.fail(&reason);
        let topic = self.follower.figures.topic();
        tracing::warn!(reason, topic, from = %self.ledger.delivered(), "publishing begins again");
        self.show_state();
        Err(Failed)
    }

    fn arrive(&mut self, tag: Tag, now: Timestamp) {
        let (note, is_whole) = self.ledger.settle(tag);
        if let (Some(event_type), true) = (note.event_type, is_whole) {
            let millis = u64::try_from(now.millis_since(note.decided)).unwrap_or(0);
            self.follower.figures.deliver(event_type, Duration::from_millis(millis));
        }
    }

    /// What a failed delivery means. A reason when the pass has to end.
    fn judge(
        &mut self,
        tag: Tag,
        code: RDKafkaErrorCode,
        message: Option<OwnedMessage>,
    ) -> Option<String> {
        let (now, at) = (self.clock.now(), self.ledger.place(tag));
        match (fault_of(code), message) {
            (Fault::TakenBack, _) => None,
            (Fault::Hopeless, Some(message)) if self.singly_until.is_some() => {
                self.bury(tag, &message, code);
                None
            }
            (Fault::Hopeless, _) => {
                self.suspect = self.suspect.max(Some(at));
                Some(format!("{code}; sending one by one to find out which message it is"))
            }
            (Fault::Refused, Some(message)) if self.breaker.refuse(now, at) == Verdict::GiveUp => {
                self.bury(tag, &message, code);
                None
            }
            (Fault::Away, _) => {
                if self.breaker.lose(now) {
                    self.tell_lost(&code.to_string());
                }
                Some(code.to_string())
            }
            (Fault::Refused, Some(_)) => Some(code.to_string()),
            (Fault::Broken | Fault::Refused, _) => {
                self.breaker.refuse(now, at);
                Some(code.to_string())
            }
        }
    }

    /// A message that will never be taken makes room for those behind it.
    fn bury(&mut self, tag: Tag, message: &OwnedMessage, code: RDKafkaErrorCode) {
        let (note, _) = self.ledger.settle(tag);
        let event_type = note.event_type.expect("only an event has messages");
        let letter = DeadLetter::of_message(message, event_type, note.sequence, code.to_string());
        self.follower.keeper.keep(SINK, &letter, &self.follower.figures);
    }

    fn send_some(&mut self) -> Result<(), Failed> {
        for _ in 0..self.follower.config.batch {
            if !self.has_room() {
                return Ok(());
            }
            match self.take_next() {
                None => return Ok(()),
                Some(Next::Event(event)) => self.send(&event)?,
                Some(Next::EndOf(sequence, decided)) => {
                    let note = Note { event_type: None, decided, sequence };
                    self.ledger.enter(Cursor::behind(sequence), &[], note);
                }
            }
        }
        Ok(())
    }

    fn take_next(&mut self) -> Option<Next> {
        while self.next.is_empty() {
            let Published { sequence, epoch, change } = self.records.pop_front()?;
            let view = self.follower.engine.view();
            let events = events_of(LOG, epoch, sequence, &change, view.directory());
            // The watermark may stand inside a record.
            let new = events.into_iter().filter(|event| Cursor::of(event) > self.began);
            self.next.extend(new.map(|event| Next::Event(Box::new(event))));
            self.next.push_back(Next::EndOf(sequence, change.at));
        }
        self.next.pop_front()
    }

    /// Sends an event to every topic it belongs to.
    fn send(&mut self, event: &Event) -> Result<(), Failed> {
        let follower = self.follower;
        let mut room = std::mem::take(&mut self.room);
        let outgoing = spell(event, &follower.config.routes, &mut room);
        let sizes: Vec<_> = outgoing.iter().map(|sent| sent.message.body.len()).collect();
        let event_type = (!sizes.is_empty()).then_some(event.event_type);
        let note = Note { event_type, decided: event.timestamp, sequence: event.sequence };
        let tags = self.ledger.enter(Cursor::of(event), &sizes, note);
        let key = key(event);
        for (sent, tag) in outgoing.iter().zip(tags) {
            let record = BaseRecord::with_opaque_to(sent.topic, tag.to_opaque())
                .key(key.as_str())
                .payload(sent.message.body)
                .headers(headers(event, sent, None));
            if let Err((error, _)) = self.producer.send(record) {
                self.refused(tag, event, sent, &error)?;
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
            Fault::Away => {
                if self.breaker.lose(now) {
                    self.tell_lost(&code.to_string());
                }
                false
            }
            _ => self.breaker.refuse(now, Cursor::of(event)) == Verdict::GiveUp,
        };
        if !is_over {
            self.follower.figures.fail(&error.to_string());
            return Err(Failed);
        }
        self.ledger.settle(tag);
        let letter = DeadLetter::of_event(event, sent, code.to_string());
        self.follower.keeper.keep(SINK, &letter, &self.follower.figures);
        Ok(())
    }

    /// Asks whether the broker is there. Blocks for a moment; nothing could be sent anyway.
    fn look(&mut self) {
        let topics = self.follower.config.routes.topics();
        match look(&self.producer, &topics, LOOK_WAIT) {
            Ok(()) => {
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

/// Reads the log ahead of the client, as far as there is room.
async fn read_ahead(outbox: Outbox, after: u64, reads: mpsc::Sender<Vec<Published>>) {
    let mut tail = outbox.tail(after);
    loop {
        let read = tokio::select! {
            read = tail.next() => read,
            () = reads.closed() => return,
        };
        match read {
            Ok(Some(records)) => {
                if reads.send(records).await.is_err() {
                    return;
                }
            }
            // Too many others read at this moment.
            Err(Failure::Overloaded) => tokio::time::sleep(BEAT).await,
            Ok(None) | Err(Failure::Stopping) => return,
            Err(error) => {
                tracing::error!(%error, "the log cannot be read; publishing ends");
                return;
            }
        }
    }
}

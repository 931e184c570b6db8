//! Dead letters, told to their topic and to a human: a thread of its own follows their numbers.

use std::sync::Arc;
use std::time::Duration;

use onhand_domain::dead_letter::{Direction, LetterNumber};
use onhand_engine::history::LetterRecord;
use onhand_engine::ids::{LOG, dead_letter_id};
use onhand_engine::view::LetterFilter;
use onhand_engine::{Engine, Names};
use onhand_storage::Cursors;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, ThreadedProducer};
use tokio::sync::watch;

use super::client::{Context, Deliveries, Pace, Told, producer};
use super::fault::{Fault, fault_of};
use super::{Check, KafkaConfig};
use crate::brokers::ledger::Ledger;
use crate::http::events::cursor::Cursor;

/// Name of what was told last, as eight bytes in little endian.
const CURSOR: &str = "kafka-dead-letters";
/// How often it looks.
const BEAT: Duration = Duration::from_millis(250);
/// Letters that one look reads at once.
const PAGE: usize = 1_000;
/// Open letters above which a human is called (EVENTS.md, "Handling").
pub(crate) const OPEN_ALARM: u64 = 100;

/// Everything the thread works with.
pub(super) struct Letters {
    pub(super) engine: Engine,
    pub(super) config: KafkaConfig,
    pub(super) cursors: Cursors,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) check: watch::Receiver<Check>,
}

/// Dead letters that are open, of both directions.
pub(super) fn open_letters(engine: &Engine) -> u64 {
    let view = engine.view();
    let open = |direction| u64::from(view.dead_letters_open(direction));
    open(Direction::In) + open(Direction::Out)
}

impl Letters {
    /// Follows until it is told to stop.
    pub(super) fn run(self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.follow()),
            Err(error) => tracing::error!(%error, "dead letters are not told to their topic"),
        }
    }

    async fn follow(&self) {
        let mut stop = self.stop.clone();
        let (mut told, mut is_alarmed, mut is_away) = (self.told(), false, false);
        let mut sender = None;
        loop {
            let mut pause = BEAT;
            is_alarmed = self.alarm(is_alarmed);
            if *self.check.borrow() == Check::Passed {
                match self.tell(&mut told, &mut sender).await {
                    Ok(()) => is_away = false,
                    Err(error) => {
                        sender = None;
                        pause = self.config.retry.pause;
                        if !std::mem::replace(&mut is_away, true) {
                            let topic = &self.config.topics.dead_letters;
                            tracing::warn!(topic, error, "dead letters wait for their topic");
                        }
                    }
                }
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn told(&self) -> LetterNumber {
        let stored = self.cursors.get(CURSOR).ok().flatten();
        stored.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
    }

    /// One line when there are too many, and one when that is over.
    fn alarm(&self, was: bool) -> bool {
        let open = open_letters(&self.engine);
        let is = open > OPEN_ALARM || (was && open > OPEN_ALARM / 2);
        match (was, is) {
            (false, true) => tracing::error!(
                open,
                limit = OPEN_ALARM,
                "too many dead letters are open: see `onhand dead-letters list`, mend the cause, then \
                 retry or discard them"
            ),
            (true, false) => tracing::info!(open, "dead letters are being dealt with"),
            _ => {}
        }
        is
    }

    async fn tell(
        &self,
        told: &mut LetterNumber,
        sender: &mut Option<Sender>,
    ) -> Result<(), String> {
        for number in self.behind(*told) {
            let found = self.engine.history().dead_letter(number).await;
            if let Some(record) = found.map_err(|error| error.to_string())? {
                let sender = match sender {
                    Some(sender) => sender,
                    None => sender.insert(Sender::new(&self.config)?),
                };
                let tenant = self.engine.view().directory().tenant(record.letter.tenant);
                sender.send(&self.config, &record, tenant.as_str()).await?;
            }
            *told = number;
            let kept = self.cursors.put(CURSOR, &number.to_le_bytes());
            kept.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Numbers behind one, oldest first.
    fn behind(&self, told: LetterNumber) -> Vec<LetterNumber> {
        let (mut numbers, mut before) = (Vec::new(), None);
        loop {
            let view = self.engine.view();
            let page = view.dead_letters(LetterFilter::default(), before, PAGE);
            let all = page.items.iter().map(|letter| letter.number);
            let new: Vec<_> = all.take_while(|number| *number > told).collect();
            let is_over = new.len() < page.items.len() || page.next.is_none();
            numbers.extend(new);
            if is_over {
                numbers.reverse();
                return numbers;
            }
            before = page.next;
        }
    }
}

/// Sends one letter after the other; they are rare.
struct Sender {
    producer: ThreadedProducer<Context>,
    deliveries: Arc<Deliveries>,
    under_way: Ledger<()>,
}

impl Sender {
    fn new(config: &KafkaConfig) -> Result<Self, String> {
        let deliveries = Arc::<Deliveries>::default();
        let producer = producer(config, &deliveries, Pace::Singly);
        let producer = producer.map_err(|error| error.to_string())?;
        Ok(Self { producer, deliveries, under_way: Ledger::new(Cursor::START) })
    }

    async fn send(
        &mut self,
        config: &KafkaConfig,
        record: &LetterRecord,
        tenant: &str,
    ) -> Result<(), String> {
        let id = dead_letter_id(LOG, record.letter.number);
        let payload = record.message().map(|message| &*message.bytes).unwrap_or_default();
        let place = Cursor::behind(self.under_way.entered() + 1);
        let tags = self.under_way.enter(place, [payload.len()], ());
        let tag = tags.last().expect("it has a message");
        let message = BaseRecord::with_opaque_to(&config.topics.dead_letters, tag.to_opaque())
            .key(id.as_str())
            .payload(payload)
            .headers(headers(&id, record, tenant));
        let refused = self.producer.send(message).err();
        let mut code = refused.map(|(error, _)| error.rdkafka_error_code().unwrap_or(UNKNOWN));
        while code.is_none() {
            for told in self.deliveries.take() {
                match told {
                    Told::Arrived(tag) => {
                        self.under_way.settle(tag);
                        return Ok(());
                    }
                    Told::Failed(_, failed, _) => code = Some(failed),
                    Told::Broken(reason) => return Err(reason),
                    // The client tries until its time is over.
                    Told::Away(_) => {}
                }
            }
            if code.is_none() {
                self.deliveries.wait().await;
            }
        }
        let code = code.unwrap_or(UNKNOWN);
        if fault_of(code) != Fault::Hopeless {
            return Err(code.to_string());
        }
        self.under_way.settle(tag);
        tracing::warn!(id, %code, "a dead letter does not fit its topic; the store keeps it");
        Ok(())
    }
}

const UNKNOWN: rdkafka::types::RDKafkaErrorCode = rdkafka::types::RDKafkaErrorCode::Unknown;

/// Where it came from, or was to go, and why it did not.
fn headers(id: &str, record: &LetterRecord, tenant: &str) -> OwnedHeaders {
    let place = record.position().map(|position| {
        let stream = position.stream.as_str();
        let topic = stream.split_once('/').map_or(stream, |(_, topic)| topic);
        (topic.to_owned(), position.partition.to_string(), position.offset.to_string())
    });
    let direction = match record.letter.direction {
        Direction::In => "in",
        Direction::Out => "out",
    };
    let unsent = record.unsent();
    let event_id = record.event().map(|event| event.id.as_str());
    let topic = place.as_ref().map(|(topic, ..)| topic.as_str());
    let given = [
        ("deadLetterId", Some(id)),
        ("direction", Some(direction)),
        ("code", Some(record.code())),
        ("error", record.fault().map(|fault| fault.error.as_str())),
        ("tenantId", Some(tenant)),
        ("eventId", event_id.or_else(|| unsent.map(|unsent| unsent.event_id.as_str()))),
        ("topic", topic.or_else(|| unsent.map(|unsent| unsent.topic.as_str()))),
        ("partition", place.as_ref().map(|(_, partition, _)| partition.as_str())),
        ("offset", place.as_ref().map(|(.., offset)| offset.as_str())),
    ];
    let given = given.into_iter().filter(|(_, value)| value.is_some());
    given.fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value }))
}

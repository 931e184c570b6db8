//! The Kafka client: how it is set up, and how it tells what became of messages.

use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::producer::{DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use std::sync::Arc;
use tokio::sync::Notify;

use super::KafkaConfig;
use super::fault::{Fault, fault_of};
use crate::brokers::ledger::{MESSAGES_MAX, Tag};

/// What the client says.
#[derive(Debug)]
pub(super) enum Told {
    /// The broker has a message, safely.
    Arrived(Tag),
    /// It has not; the message comes back when somebody must see it.
    Failed(Tag, RDKafkaErrorCode, Option<Box<OwnedMessage>>),
    /// No broker answers.
    Away(String),
    /// The client is of no use any more.
    Broken(String),
}

/// From the client's threads to the publisher. Holds one entry for each message under way, and so
/// what the window allows, and the few errors between two looks.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    told: Mutex<Vec<Told>>,
    bell: Notify,
}

/// Errors that are kept between two looks; each says the same as the one before.
const ERRORS_MAX: usize = 64;

impl Deliveries {
    fn tell(&self, told: Told) {
        let was_empty = {
            let mut all = self.told.lock();
            all.push(told);
            all.len() == 1
        };
        if was_empty {
            self.bell.notify_one();
        }
    }

    fn tell_error(&self, told: Told) {
        let errors = |told: &&Told| matches!(told, Told::Away(_) | Told::Broken(_));
        let known = self.told.lock().iter().rev().take(ERRORS_MAX).filter(errors).count();
        if known < ERRORS_MAX {
            self.tell(told);
        }
    }

    /// What was told since the last look.
    pub(super) fn take(&self) -> Vec<Told> {
        std::mem::take(&mut self.told.lock())
    }

    /// Waits until there is something.
    pub(super) async fn wait(&self) {
        self.bell.notified().await;
    }
}

/// The client's callbacks.
pub(super) struct Context(Arc<Deliveries>);

impl ClientContext for Context {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        // What matters comes as an error or a failed delivery and is told once, in our words.
        tracing::debug!(target: "librdkafka", facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code().map(|code| (code, fault_of(code))) {
            Some((RDKafkaErrorCode::AllBrokersDown, _)) => {
                self.0.tell_error(Told::Away(reason.to_owned()));
            }
            Some((_, Fault::Broken)) => self.0.tell_error(Told::Broken(reason.to_owned())),
            _ => tracing::debug!(%error, reason, "the Kafka client reports"),
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        let tag = Tag::from_opaque(opaque);
        self.0.tell(match result {
            Ok(_) => Told::Arrived(tag),
            Err((error, message)) => {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
                let is_needed = matches!(fault_of(code), Fault::Hopeless | Fault::Refused);
                Told::Failed(tag, code, is_needed.then(|| Box::new(message.detach())))
            }
        });
    }
}

/// A client that tells its errors to whoever calls it; nothing of them is for a human yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "the Kafka client reports");
    }
}

impl ConsumerContext for Quiet {}

/// A consumer that says nothing by itself.
pub(super) type QuietConsumer = BaseConsumer<Quiet>;

/// Settings that all clients of one bridge share.
pub(super) fn settings(config: &KafkaConfig) -> ClientConfig {
    let mut settings = ClientConfig::new();
    config.connection.apply(&mut settings);
    settings
        .set("bootstrap.servers", &config.brokers)
        .set("client.id", &config.client_id)
        .set("reconnect.backoff.max.ms", "1000")
        .set_log_level(RDKafkaLogLevel::Warning);
    settings
}

/// How messages share requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As many as there are.
    Together,
    /// One by one: a broker refuses a batch as a whole, so it must be found out which one it meant.
    Singly,
}

/// A producer that keeps order and sends nothing twice, as long as it lives.
///
/// # Errors
/// A setting that the client does not take.
pub(super) fn producer(
    config: &KafkaConfig,
    deliveries: &Arc<Deliveries>,
    pace: Pace,
) -> KafkaResult<ThreadedProducer<Context>> {
    let millis = |span: Duration| span.as_millis().to_string();
    let mut settings = settings(config);
    settings
        .set("enable.idempotence", "true")
        // When a request is refused, none of those behind it may have been taken: one at a time, and the
        // client stops for good instead of going on without the refused one.
        .set("enable.gapless.guarantee", "true")
        .set("max.in.flight.requests.per.connection", "1")
        .set("acks", "all")
        .set("compression.type", config.compression.word())
        .set("partitioner", "murmur2_random")
        .set("linger.ms", millis(if pace == Pace::Singly { Duration::ZERO } else { config.linger }))
        .set("delivery.timeout.ms", millis(config.delivery_timeout))
        .set("message.max.bytes", config.message_bytes_max.to_string())
        // The window counts what is under way; the client must never be the first to say stop.
        .set("queue.buffering.max.messages", (config.in_flight_max + 2 * MESSAGES_MAX).to_string())
        .set("queue.buffering.max.kbytes", (config.in_flight_bytes_max / 512 + 65_536).to_string());
    if pace == Pace::Singly {
        settings.set("batch.num.messages", "1");
    }
    settings.create_with_context(Context(Arc::clone(deliveries)))
}

/// Whether the broker is there and has a topic. Tells how many partitions that has.
///
/// # Errors
/// What is missing, in words.
pub(super) fn look(
    producer: &ThreadedProducer<Context>,
    topic: &str,
    wait: Duration,
) -> Result<u32, String> {
    let found = producer.client().fetch_metadata(Some(topic), wait);
    let found = found.map_err(|error| error.to_string())?;
    let found = found.topics().first().ok_or_else(|| format!("topic {topic} is not there"))?;
    if let Some(error) = found.error() {
        return Err(format!("topic {topic}: {}", RDKafkaErrorCode::from(error)));
    }
    match u32::try_from(found.partitions().len()) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!("topic {topic} has no partitions")),
    }
}

/// A header of a message as text.
pub(super) fn header<'a>(message: &'a impl Message, name: &str) -> Option<&'a str> {
    use rdkafka::message::Headers;
    let headers = message.headers()?;
    let found = headers.iter().find(|header| header.key == name)?;
    std::str::from_utf8(found.value?).ok()
}

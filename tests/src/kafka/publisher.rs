//! Publishes events, and tells where they lie.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::{Broker, Event};

/// How long the broker may take for all that was sent.
const FLUSH_WAIT: Duration = Duration::from_secs(300);

/// Where a message lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The partition.
    pub partition: i32,
    /// The place in it.
    pub offset: i64,
}

/// Publishes to any topic of a broker, in order, each message once.
pub struct Publisher {
    producer: BaseProducer<Receipts>,
}

impl Publisher {
    /// A publisher at this broker.
    pub fn new(broker: &Broker) -> Self {
        let mut config = broker.client();
        config.set("enable.idempotence", "true").set("partitioner", "murmur2_random");
        let context = Receipts::default();
        let producer = config.create_with_context(context).expect("a client can be made");
        Self { producer }
    }

    /// Publishes an event; returns when the broker has it.
    pub fn publish(&self, topic: &str, event: &Event) -> Spot {
        self.publish_all(topic, std::slice::from_ref(event))[0]
    }

    /// Publishes events in this order; returns when the broker has them all, with their places in it.
    pub fn publish_all(&self, topic: &str, events: &[Event]) -> Vec<Spot> {
        for (place, event) in events.iter().enumerate() {
            let text = event.text();
            let mut record = BaseRecord::with_opaque_to(topic, place).payload(text.as_bytes());
            record.key = event.key.as_deref().map(str::as_bytes);
            record.partition = event.partition;
            let headers =
                event.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
                    headers.insert(Header { key, value: Some(value) })
                });
            self.send(record.headers(headers));
        }
        self.delivered(events.len())
    }

    /// Publishes what is no event at all.
    pub fn publish_bytes(&self, topic: &str, partition: u16, payload: &[u8]) -> Spot {
        let record = BaseRecord::with_opaque_to(topic, 0).payload(payload);
        self.send(record.partition(partition.into()));
        self.delivered(1)[0]
    }

    /// Hands a message over; a full queue is emptied first.
    fn send(&self, record: BaseRecord<'_, [u8], [u8], usize>) {
        let mut record = record;
        while let Err((error, refused)) = self.producer.send(record) {
            let code = error.rdkafka_error_code();
            assert_eq!(code, Some(rdkafka::types::RDKafkaErrorCode::QueueFull), "{error}");
            self.producer.poll(Duration::from_millis(20));
            record = refused;
        }
    }

    fn delivered(&self, count: usize) -> Vec<Spot> {
        self.producer.flush(FLUSH_WAIT).expect("the broker takes them");
        let mut receipts = self.producer.context().take();
        receipts.sort_unstable_by_key(|(place, _)| *place);
        assert_eq!(receipts.len(), count, "each message has one receipt");
        receipts.into_iter().map(|(_, receipt)| receipt.expect("the broker takes it")).collect()
    }
}

/// Each message by its place in the call, and where it lies, or why nowhere.
type Receipt = (usize, Result<Spot, String>);

/// What the broker has told of the messages of one call; at most as many as were sent by it.
#[derive(Default)]
struct Receipts(Mutex<Vec<Receipt>>);

impl Receipts {
    fn take(&self) -> Vec<Receipt> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientContext for Receipts {}

impl ProducerContext for Receipts {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, place: usize) {
        let spot = |message: &rdkafka::message::BorrowedMessage<'_>| Spot {
            partition: message.partition(),
            offset: message.offset(),
        };
        let told = result.as_ref().map(spot).map_err(|(error, _)| error.to_string());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((place, told));
    }
}

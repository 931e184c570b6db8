//! Topics of a run: made, filled, read as fast as possible, and removed at its end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

use crate::failure::Failure;

/// How long the broker may take for what it was asked, and how long nothing may come of a topic.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

/// A topic of this run. It is removed when this is dropped.
pub struct Topic {
    /// Its name.
    pub name: String,
    bootstrap: String,
    admin: AdminClient<DefaultClientContext>,
}

impl Drop for Topic {
    fn drop(&mut self) {
        // A broker that is gone takes its topics along.
        let _ = block_on(self.admin.delete_topics(&[&self.name], &options()));
    }
}

impl Topic {
    /// Makes a topic with one copy of each partition, as a single broker can hold it.
    ///
    /// # Errors
    /// When the broker is away or refuses.
    pub fn create(bootstrap: &str, name: String, partitions: u16) -> Result<Self, Failure> {
        let admin: AdminClient<_> = config(bootstrap).create()?;
        let new = NewTopic::new(&name, partitions.into(), TopicReplication::Fixed(1));
        let told = block_on(admin.create_topics([&new], &options()))??;
        if let Some((_, code)) = told.into_iter().find_map(Result::err) {
            return Err(KafkaError::AdminOp(code).into());
        }
        let topic = Self { name, bootstrap: bootstrap.to_owned(), admin };
        let deadline = Instant::now() + ANSWER_LIMIT;
        while topic.partitions()?.len() < usize::from(partitions) {
            if Instant::now() > deadline {
                return Err(Failure::Stalled(format!("topic {} has no leaders", topic.name)));
            }
            std::thread::sleep(POLL);
        }
        Ok(topic)
    }

    /// Partitions with a leader.
    fn partitions(&self) -> Result<Vec<i32>, Failure> {
        let metadata = self.admin.inner().fetch_metadata(Some(&self.name), ANSWER_LIMIT)?;
        let all = metadata.topics().iter().flat_map(|topic| topic.partitions());
        Ok(all.filter(|it| it.leader() >= 0).map(|it| it.id()).collect())
    }

    /// Fills it: `write` appends the key and the payload of each message by its number.
    ///
    /// # Errors
    /// When one of them was not taken.
    pub fn fill(
        &self,
        messages: u64,
        mut write: impl FnMut(u64, &mut Vec<u8>, &mut Vec<u8>),
    ) -> Result<(), Failure> {
        let mut config = config(&self.bootstrap);
        config.set("enable.idempotence", "true").set("partitioner", "murmur2_random");
        config.set("linger.ms", "20").set("batch.size", "1000000");
        let producer: BaseProducer<Receipts> = config.create_with_context(Receipts::default())?;
        let (mut key, mut payload) = (Vec::new(), Vec::new());
        for number in 0..messages {
            key.clear();
            payload.clear();
            write(number, &mut key, &mut payload);
            let mut record = BaseRecord::to(&self.name).key(&key).payload(&payload);
            while let Err((error, refused)) = producer.send(record) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    return Err(error.into());
                }
                producer.poll(POLL);
                record = refused;
            }
            if number % 1_000 == 0 {
                producer.poll(Duration::ZERO);
            }
        }
        producer.flush(ANSWER_LIMIT)?;
        let taken = producer.context().taken.load(Ordering::Relaxed);
        if taken != messages {
            let name = &self.name;
            return Err(Failure::Stalled(format!("{name} took {taken} of {messages} messages")));
        }
        Ok(())
    }

    /// Messages in it now.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub fn messages(&self) -> Result<u64, Failure> {
        let consumer: BaseConsumer = config(&self.bootstrap).create()?;
        let mut sum = 0;
        for partition in self.partitions()? {
            let (begin, end) = consumer.fetch_watermarks(&self.name, partition, ANSWER_LIMIT)?;
            sum += u64::try_from(end - begin).unwrap_or(0);
        }
        Ok(sum)
    }

    /// Reads `messages` from the beginning, one loop on one thread. Returns how long that took, with
    /// the first fetch: a clock started by the first message would miss what was fetched ahead of it.
    ///
    /// # Errors
    /// When they do not come, or `read` fails.
    pub fn read(
        &self,
        messages: u64,
        mut read: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<Duration, Failure> {
        let mut config = config(&self.bootstrap);
        config.set("group.id", "loadtest").set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.create()?;
        let mut all = TopicPartitionList::new();
        for partition in self.partitions()? {
            all.add_partition_offset(&self.name, partition, Offset::Beginning)?;
        }
        let start = Instant::now();
        consumer.assign(&all)?;
        let mut last = start;
        let mut count = 0;
        while count < messages {
            let Some(polled) = consumer.poll(POLL) else {
                if last.elapsed() > ANSWER_LIMIT {
                    let name = &self.name;
                    return Err(Failure::Stalled(format!("{name} gave {count} of {messages}")));
                }
                continue;
            };
            let message = polled?;
            read(message.payload().unwrap_or_default())?;
            count += 1;
            if count % 1_000 == 0 {
                last = Instant::now();
            }
        }
        Ok(start.elapsed())
    }
}

/// Counts what the broker took.
#[derive(Default)]
struct Receipts {
    taken: AtomicU64,
}

impl ClientContext for Receipts {}

impl ProducerContext for Receipts {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        self.taken.fetch_add(u64::from(result.is_ok()), Ordering::Relaxed);
    }
}

fn config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("client.id", "loadtest");
    config
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(ANSWER_LIMIT)).request_timeout(Some(ANSWER_LIMIT))
}

fn block_on<F: Future>(asked: F) -> std::io::Result<F::Output> {
    Ok(tokio::runtime::Builder::new_current_thread().build()?.block_on(asked))
}

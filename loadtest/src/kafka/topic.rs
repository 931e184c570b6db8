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
        topic.wait_for_leaders(partitions)?;
        Ok(topic)
    }

    /// A topic that somebody else makes for this run; it goes with the run as well.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn of_others(bootstrap: &str, name: String) -> Result<Self, Failure> {
        let admin: AdminClient<_> = config(bootstrap).create()?;
        Ok(Self { name, bootstrap: bootstrap.to_owned(), admin })
    }

    fn wait_for_leaders(&self, partitions: u16) -> Result<(), Failure> {
        let deadline = Instant::now() + ANSWER_LIMIT;
        while self.partitions()?.len() < usize::from(partitions) {
            if Instant::now() > deadline {
                return Err(Failure::Stalled(format!("topic {} has no leaders", self.name)));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
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

    /// Reads all that is in it now and not part of a transaction that was given up. Returns how many
    /// messages that were.
    ///
    /// # Errors
    /// When they do not come, or `read` fails.
    pub fn read_all(
        &self,
        mut read: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let consumer = self.consumer(&[("enable.partition.eof", "true")])?;
        let mut open = self.assign_all(&consumer)?;
        let (mut last, mut count) = (Instant::now(), 0);
        while open > 0 {
            match consumer.poll(POLL) {
                None if last.elapsed() > ANSWER_LIMIT => {
                    let name = &self.name;
                    return Err(Failure::Stalled(format!("{name} gave {count} and no end")));
                }
                None => continue,
                Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
                Some(polled) => {
                    read(polled?.payload().unwrap_or_default())?;
                    count += 1;
                }
            }
            last = Instant::now();
        }
        Ok(count)
    }

    /// A consumer without a group of its own.
    fn consumer(&self, settings: &[(&str, &str)]) -> Result<BaseConsumer, Failure> {
        let mut config = config(&self.bootstrap);
        config.set("group.id", "loadtest").set("enable.auto.commit", "false");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        Ok(config.create()?)
    }

    /// Lets it read all partitions from the beginning. Returns how many there are.
    fn assign_all(&self, consumer: &BaseConsumer) -> Result<usize, Failure> {
        let mut all = TopicPartitionList::new();
        for partition in self.partitions()? {
            all.add_partition_offset(&self.name, partition, Offset::Beginning)?;
        }
        consumer.assign(&all)?;
        Ok(all.count())
    }

    /// Messages that a consumer group has committed, of a topic whose first offset is 0.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub fn committed(&self, group: &BaseConsumer) -> Result<u64, Failure> {
        let mut all = TopicPartitionList::new();
        for partition in self.partitions()? {
            all.add_partition(&self.name, partition);
        }
        let told = group.committed_offsets(all, ANSWER_LIMIT)?;
        let offsets = told.elements().into_iter().filter_map(|it| it.offset().to_raw());
        Ok(offsets.filter_map(|offset| u64::try_from(offset).ok()).sum())
    }

    /// Who asks for the commits of a group, without joining it. What is part of an open transaction
    /// does not count, and is not waited for.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn watcher(&self, group: &str) -> Result<BaseConsumer, Failure> {
        self.consumer(&[("group.id", group), ("isolation.level", "read_uncommitted")])
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
        let consumer = self.consumer(&[])?;
        let start = Instant::now();
        self.assign_all(&consumer)?;
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

//! Topics of a broker.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
    TopicResult,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use super::Broker;

/// How long the broker may take for what it was asked.
const WAIT: Duration = Duration::from_secs(300);
const ASK_WAIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// Asks a broker about its topics.
pub(super) struct Topics {
    client: AdminClient<DefaultClientContext>,
}

impl Topics {
    pub(super) fn of(broker: &Broker) -> Self {
        Self { client: broker.client().create().expect("a client can be made") }
    }

    pub(super) fn create(&self, name: &str, partitions: u16, settings: &[(&str, &str)]) {
        let new = NewTopic::new(name, partitions.into(), TopicReplication::Fixed(1));
        let new = settings.iter().fold(new, |new, (key, value)| new.set(key, value));
        let told = block_on(self.client.create_topics([&new], &options()));
        done(&told, RDKafkaErrorCode::TopicAlreadyExists);
        self.until(|| self.partitions(name) == Some(partitions.into()), name);
    }

    pub(super) fn grow(&self, name: &str, partitions: u16) {
        let grown = NewPartitions::new(name, partitions.into());
        let told = block_on(self.client.create_partitions([&grown], &options()));
        done(&told, RDKafkaErrorCode::InvalidPartitions);
        self.until(|| self.partitions(name) == Some(partitions.into()), name);
    }

    pub(super) fn delete(&self, name: &str) {
        let told = block_on(self.client.delete_topics(&[name], &options()));
        done(&told, RDKafkaErrorCode::UnknownTopicOrPartition);
        self.until(|| self.partitions(name) == Some(0), name);
    }

    pub(super) fn delete_records(&self, topic: &str, partition: u16, before: i64) {
        let mut offsets = TopicPartitionList::new();
        let offset = Offset::Offset(before);
        offsets
            .add_partition_offset(topic, partition.into(), offset)
            .expect("an offset can be named");
        let told = block_on(self.client.delete_records(&offsets, &options()));
        let told = told.expect("the broker answers");
        assert!(told.elements().iter().all(|it| it.error().is_ok()), "{told:?}");
    }

    /// What a setting of a topic is.
    pub(super) fn setting(&self, topic: &str, name: &str) -> Option<String> {
        let wanted = [ResourceSpecifier::Topic(topic)];
        let told = block_on(self.client.describe_configs(&wanted, &options()));
        let told = told.expect("the broker answers").remove(0).expect("the topic is there");
        told.get(name).and_then(|entry| entry.value.clone())
    }

    /// How many partitions of a topic have a leader; none of an unknown one.
    /// `None`: the broker has not answered in time.
    fn partitions(&self, name: &str) -> Option<usize> {
        let metadata = self.client.inner().fetch_metadata(None, ASK_WAIT).ok()?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == name);
        Some(topic.map_or(0, |topic| {
            topic.partitions().iter().filter(|partition| partition.leader() >= 0).count()
        }))
    }

    fn until(&self, is_so: impl Fn() -> bool, name: &str) {
        let deadline = Instant::now() + WAIT;
        while !is_so() {
            assert!(Instant::now() < deadline, "topic {name} is not as it was asked for");
            thread::sleep(POLL);
        }
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(WAIT)).request_timeout(Some(WAIT))
}

/// The client asks a slow broker again, which may have done it by then and says `already`.
#[track_caller]
fn done(told: &KafkaResult<Vec<TopicResult>>, already: RDKafkaErrorCode) {
    let each = told.as_ref().expect("the broker answers");
    let is_done = |told: &TopicResult| match told {
        Ok(_) => true,
        Err((_, code)) => *code == already,
    };
    assert!(each.iter().all(is_done), "{each:?}");
}

fn block_on<F: Future>(asked: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime without drivers").block_on(asked)
}

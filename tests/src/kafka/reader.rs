//! What a topic holds.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::Broker;

/// How long messages may take to come before the test fails.
const WAIT: Duration = Duration::from_secs(300);
const ASK_WAIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The partition it lies in.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
    /// Its key; empty when it has none.
    pub key: String,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its payload.
    pub payload: String,
}

/// Reads all partitions of a topic from their beginning, as no group.
pub struct Reader {
    consumer: BaseConsumer,
    topic: String,
}

impl Reader {
    /// A reader of a topic that exists.
    pub fn new(broker: &Broker, topic: &str) -> Self {
        Self::with(broker.client(), topic)
    }

    /// As [`Reader::new`], of whatever these settings of a client lead to.
    pub fn with(mut config: ClientConfig, topic: &str) -> Self {
        config.set("group.id", "reader").set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.create().expect("a client can be made");
        let metadata = consumer.fetch_metadata(Some(topic), ASK_WAIT).expect("the broker answers");
        let mut all = TopicPartitionList::new();
        for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
            let begin = Offset::Beginning;
            all.add_partition_offset(topic, partition.id(), begin)
                .expect("a partition can be named");
        }
        assert!(all.count() > 0, "topic {topic} has no partitions");
        consumer.assign(&all).expect("partitions can be assigned");
        Self { consumer, topic: topic.to_owned() }
    }

    /// The next messages, in the order of each partition.
    pub fn take(&self, count: usize) -> Vec<Read> {
        let deadline = Instant::now() + WAIT;
        let mut found = Vec::new();
        while found.len() < count {
            found.extend(self.next_within(POLL));
            let (topic, read) = (&self.topic, found.len());
            assert!(Instant::now() < deadline, "{topic}: {read} of {count} messages came");
        }
        found
    }

    /// What has come in by the time the topic's ends of now are reached.
    pub fn take_all(&self) -> Vec<Read> {
        let mut found = Vec::new();
        self.for_each(|message| found.push(message));
        found
    }

    /// Looks at what has come in by the time the topic's ends of now are reached, one by one. Tells how
    /// many there were.
    pub fn for_each(&self, mut look: impl FnMut(Read)) -> u64 {
        let partitions = self.consumer.assignment().expect("partitions are assigned");
        let waiting = || {
            let reached = self.consumer.position().expect("positions are known");
            partitions.elements().iter().any(|it| {
                let asked = self.consumer.fetch_watermarks(it.topic(), it.partition(), ASK_WAIT);
                let (begin, end) = asked.expect("the broker answers");
                let at = reached.find_partition(it.topic(), it.partition());
                let at = at.and_then(|at| at.offset().to_raw()).filter(|at| *at >= 0);
                at.unwrap_or(begin) < end
            })
        };
        let (mut deadline, mut count) = (Instant::now() + WAIT, 0);
        loop {
            let came = self.next_within(POLL);
            if came.is_none() && !waiting() {
                return count;
            }
            if let Some(message) = came {
                look(message);
                (deadline, count) = (Instant::now() + WAIT, count + 1);
            }
            assert!(Instant::now() < deadline, "{}: the end is not reached", self.topic);
        }
    }

    /// The next message, if one comes in time.
    pub fn next_within(&self, wait: Duration) -> Option<Read> {
        let polled = self.consumer.poll(wait)?;
        // A broker that restarts is no fault of the topic.
        let message = polled.ok()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        let headers =
            headers.map(|header| (header.key.to_owned(), text(header.value.unwrap_or_default())));
        Some(Read {
            partition: message.partition(),
            offset: message.offset(),
            key: text(message.key().unwrap_or_default()),
            headers: headers.collect(),
            payload: text(message.payload().unwrap_or_default()),
        })
    }
}

//! Is a topic still the one we know? The last message that was acted on is fetched again and compared.

use std::time::Duration;

use onhand_domain::consumed::SourcePosition;
use onhand_domain::ids::Text;
use onhand_domain::sources::Watermark;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Headers, Message, OwnedMessage};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

use super::super::KafkaConfig;
use super::super::client::{Quiet, QuietConsumer, settings};
use super::Begin;
use super::entry::checksum;
use super::source::Source;

/// How long the broker may take to answer one question.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// How long a partition may be silent while one message is fetched.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// Why a topic cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It, or the broker, is not there: look again later.
    Away(String),
    /// An operator must say what to do.
    Stop(String),
}

impl From<KafkaError> for Trouble {
    fn from(error: KafkaError) -> Self {
        Self::Away(error.to_string())
    }
}

/// A topic that may be read.
#[derive(Debug)]
pub(super) struct Known {
    /// Cluster and topic.
    pub(super) stream: Text,
    /// Its generation.
    pub(super) generation: u32,
    /// Its partitions, and the offset each goes on with.
    pub(super) partitions: Vec<(u32, u64)>,
}

/// A client that only reads where it is told to.
///
/// # Errors
/// A setting that the client does not take.
pub(super) fn consumer(config: &KafkaConfig) -> KafkaResult<QuietConsumer> {
    settings(config)
        .set("group.id", &config.intake.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        .set("group.protocol", "classic")
        .set("fetch.wait.max.ms", "100")
        .set("queued.max.messages.kbytes", "32768")
        .create_with_context(Quiet)
}

/// The partitions of a topic.
fn partitions(consumer: &QuietConsumer, topic: &str) -> Result<Vec<i32>, Trouble> {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WAIT)?;
    let missing = || Trouble::Away(format!("there is no topic {topic}"));
    let found = metadata.topics().iter().find(|it| it.name() == topic).ok_or_else(missing)?;
    if let Some(error) = found.error().map(RDKafkaErrorCode::from) {
        return Err(Trouble::Away(format!("topic {topic}: {error}")));
    }
    let mut all: Vec<i32> = found.partitions().iter().map(|partition| partition.id()).collect();
    all.sort_unstable();
    if all.is_empty() { Err(missing()) } else { Ok(all) }
}

/// Looks at all partitions of a topic.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn look(consumer: &QuietConsumer, source: &Source) -> Result<Known, Trouble> {
    let (topic, view) = (&source.standing.topic.name, source.engine.view());
    let all = partitions(consumer, topic)?;
    let cluster = consumer.client().fetch_cluster_id(ANSWER_WAIT);
    let cluster = cluster.ok_or_else(|| Trouble::Away("the cluster names no id".to_owned()))?;
    let stream = Text::parse(&format!("{cluster}/{topic}"))
        .map_err(|error| Trouble::Stop(format!("its stream cannot be named: {error}")))?;
    let generation = view.source_generation(&stream);
    let begun = source.beginnings.get(&stream, generation).map_err(Trouble::Away)?;
    let is_first = begun.is_none() && !view.sources().iter().any(|it| it.stream == stream);
    let begins_now = is_first && source.config.intake.begin == Begin::Latest;
    let begun = begun.unwrap_or_default();
    let mut partitions = Vec::with_capacity(all.len());
    for id in all {
        let partition = u32::try_from(id).unwrap_or(0);
        let (low, high) = consumer.fetch_watermarks(topic, id, ANSWER_WAIT)?;
        let (low, high) = (whole(low), whole(high));
        let began = begun.iter().find(|(known, _)| *known == partition).map(|(_, offset)| *offset);
        let next = match (view.source_mark(&stream, partition), began) {
            (Some(mark), _) => {
                compare(consumer, topic, &mark, (low, high))?;
                mark.next_offset()
            }
            (None, Some(began)) if began < low => return Err(gone(topic, partition, began, low)),
            (None, Some(began)) => began,
            (None, None) => {
                if begins_now {
                    high
                } else {
                    low
                }
            }
        };
        partitions.push((partition, next));
    }
    if begins_now {
        source.beginnings.put(&stream, generation, &partitions).map_err(Trouble::Away)?;
    }
    Ok(Known { stream, generation, partitions })
}

/// Messages that were not read are not there any more.
fn gone(topic: &str, partition: u32, next: u64, low: u64) -> Trouble {
    Trouble::Stop(format!(
        "messages {next} to {low} of partition {partition} of topic {topic} are gone unread; \
         `onhand sources skip {topic} {partition} {low}` goes on behind them"
    ))
}

fn whole(offset: i64) -> u64 {
    u64::try_from(offset).unwrap_or(0)
}

/// Whether the log of a partition still holds what we acted on last.
fn compare(
    consumer: &QuietConsumer,
    topic: &str,
    mark: &Watermark,
    (low, high): (u64, u64),
) -> Result<(), Trouble> {
    let SourcePosition { partition, offset, checksum: known, .. } = &*mark.last;
    let next = mark.next_offset();
    let anew = |what: String| {
        Err(Trouble::Stop(format!(
            "topic {topic} was made anew: {what}; `onhand sources reset {topic}` begins with its \
             first message"
        )))
    };
    if high < next {
        return anew(format!("partition {partition} ends at {high}, we had read up to {next}"));
    }
    if next < low {
        return Err(gone(topic, *partition, next, low));
    }
    let Some(known) = known.filter(|_| low <= *offset) else { return Ok(()) };
    let id = i32::try_from(*partition).unwrap_or(i32::MAX);
    let found = fetch(consumer, topic, id, *offset)?;
    match found.map(|message| checksum(message.key(), message.payload())) {
        Some(found) if found != known => {
            anew(format!("partition {partition} holds another message at {offset}"))
        }
        _ => Ok(()),
    }
}

/// One message; `None` when nothing lies at that place.
fn fetch(
    consumer: &QuietConsumer,
    topic: &str,
    partition: i32,
    offset: u64,
) -> KafkaResult<Option<OwnedMessage>> {
    let raw = i64::try_from(offset).unwrap_or(i64::MAX);
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition_offset(topic, partition, Offset::Offset(raw))?;
    consumer.assign(&wanted)?;
    let found = loop {
        match consumer.poll(SILENCE_MAX) {
            None => {
                break Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => break Ok(None),
            Some(Err(error)) => match error.rdkafka_error_code() {
                // The client goes on by itself until the silence has lasted too long.
                Some(RDKafkaErrorCode::BrokerTransportFailure) => {}
                Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                    break Ok(None);
                }
                _ => break Err(error),
            },
            Some(Ok(message)) if message.offset() < raw => {}
            Some(Ok(message)) => break Ok((message.offset() == raw).then(|| message.detach())),
        }
    };
    consumer.unassign()?;
    found
}

/// A message that was fetched again.
#[derive(Debug)]
pub(crate) struct Refetched {
    /// Its payload.
    pub(crate) payload: Vec<u8>,
    /// Header `eventId`.
    pub(crate) event_id: Option<Vec<u8>>,
}

/// Fetches the message of a dead letter again. Blocks.
///
/// # Errors
/// The broker did not answer, or another message, or none, lies there now.
pub(crate) fn refetch(
    config: &KafkaConfig,
    topic: &str,
    position: &SourcePosition,
) -> Result<Refetched, String> {
    let told = |error: KafkaError| error.to_string();
    let consumer = consumer(config).map_err(told)?;
    let partition = i32::try_from(position.partition).unwrap_or(i32::MAX);
    let found = fetch(&consumer, topic, partition, position.offset).map_err(told)?;
    let gone = || format!("the message is not in topic {topic} any more");
    let message = found.ok_or_else(gone)?;
    let found = checksum(message.key(), message.payload());
    if position.checksum.is_some_and(|known| known != found) {
        return Err(gone());
    }
    let header = |headers: &rdkafka::message::OwnedHeaders| {
        let found = headers.iter().find(|header| header.key == "eventId")?;
        found.value.map(<[u8]>::to_vec)
    };
    let event_id = message.headers().and_then(header);
    Ok(Refetched { payload: message.payload().unwrap_or_default().to_vec(), event_id })
}

//! What was sent last, as the topics themselves tell it. Cursors travel with a backup; topics do not.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::watch;

use super::KafkaConfig;
use super::client::{Quiet, QuietConsumer, header, settings};
use crate::brokers::envelope::{EPOCH, REPLAY, SEQUENCE};

/// How long the broker may take to answer one question.
const ANSWER_WAIT: Duration = Duration::from_secs(3);
/// How long a partition may be silent while it is read.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Messages read from the end of a partition at first; eight times as many each further time, because
/// others may write to the same topic, and replays do not count.
const FIRST_STRETCH: i64 = 1 << 10;
/// Messages read from the end of a partition at most.
const STRETCH_MAX: i64 = 1 << 16;

/// An event that a topic holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) epoch: u32,
    pub(super) sequence: u64,
}

/// The newest event of ours in every partition of every outgoing topic. Blocks.
///
/// # Errors
/// A broker did not answer, in words.
pub(super) fn newest_sent(
    config: &KafkaConfig,
    stop: &watch::Receiver<bool>,
) -> Result<Vec<Sent>, String> {
    let told = |error: KafkaError| error.to_string();
    let consumer: QuietConsumer = settings(config)
        .set("group.id", format!("{}-look", config.client_id))
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_uncommitted")
        .set("fetch.wait.max.ms", "10")
        .create_with_context(Quiet)
        .map_err(told)?;
    let mut sent = Vec::new();
    for topic in config.routes.topics() {
        let metadata = consumer.fetch_metadata(Some(topic), ANSWER_WAIT).map_err(told)?;
        let Some(found) = metadata.topics().first() else { continue };
        match found.error().map(RDKafkaErrorCode::from) {
            None => {}
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                continue;
            }
            Some(error) => return Err(format!("topic {topic}: {error}")),
        }
        for partition in found.partitions() {
            if *stop.borrow() {
                return Err("stopping".to_owned());
            }
            sent.extend(newest_of(&consumer, topic, partition.id()).map_err(told)?);
        }
    }
    Ok(sent)
}

fn newest_of(
    consumer: &QuietConsumer,
    topic: &str,
    partition: i32,
) -> Result<Option<Sent>, KafkaError> {
    let (low, high) = consumer.fetch_watermarks(topic, partition, ANSWER_WAIT)?;
    let mut stretch = FIRST_STRETCH;
    loop {
        let from = low.max(high - stretch);
        if from >= high {
            return Ok(None);
        }
        let last = read(consumer, topic, partition, from, high)?;
        if last.is_some() || from == low {
            return Ok(last);
        }
        if stretch >= STRETCH_MAX {
            tracing::warn!(
                topic,
                partition,
                stretch,
                "none of the last messages is ours; whether \
                our log contains what was sent before them was not looked at"
            );
            return Ok(None);
        }
        stretch *= 8;
    }
}

/// The newest event of ours from an offset up to the end; not always the last one, because a stretch
/// may have been sent again.
fn read(
    consumer: &QuietConsumer,
    topic: &str,
    partition: i32,
    from: i64,
    end: i64,
) -> Result<Option<Sent>, KafkaError> {
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition_offset(topic, partition, Offset::Offset(from))?;
    consumer.assign(&wanted)?;
    let mut newest = None;
    let sent = |(epoch, sequence)| Sent { topic: topic.to_owned(), partition, epoch, sequence };
    loop {
        match consumer.poll(SILENCE_MAX) {
            None => {
                return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(newest.map(sent)),
            Some(Err(error)) => match error.rdkafka_error_code() {
                // The client goes on by itself until the silence has lasted too long.
                Some(RDKafkaErrorCode::BrokerTransportFailure) => {}
                _ => return Err(error),
            },
            Some(Ok(message)) => {
                if message.offset() < end {
                    newest = newest.max(place_of(&message));
                }
                if message.offset() >= end - 1 {
                    return Ok(newest.map(sent));
                }
            }
        }
    }
}

/// Epoch and sequence of a message that followed the log; `None` for those of others and for replays.
fn place_of(message: &impl Message) -> Option<(u32, u64)> {
    if header(message, REPLAY).is_some() {
        return None;
    }
    let epoch = header(message, EPOCH)?.parse().ok()?;
    Some((epoch, header(message, SEQUENCE)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage, Timestamp};

    use super::*;

    fn message(headers: &[(&str, &str)]) -> OwnedMessage {
        let headers = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| {
            all.insert(Header { key, value: Some(*value) })
        });
        let time = Timestamp::NotAvailable;
        OwnedMessage::new(None, None, "topic".to_owned(), time, 0, 0, Some(headers))
    }

    #[test]
    fn only_what_followed_the_log_counts() {
        let ours = [("epoch", "3"), ("sequence", "42")];
        assert_eq!(place_of(&message(&ours)), Some((3, 42)));
        assert_eq!(place_of(&message(&[ours[0], ours[1], ("replay", "r-1")])), None);
        assert_eq!(place_of(&message(&ours[..1])), None);
        assert_eq!(place_of(&message(&[("epoch", "x"), ours[1]])), None);
        assert_eq!(place_of(&message(&[])), None);
    }
}

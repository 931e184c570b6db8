//! Settings of the bridge to Kafka as they stand in the file, and as the bridge takes them.

use onhand_domain::ids::TenantId;
use onhand_engine::LostTail;
use serde::Deserialize;

use super::Range;
use super::security::SecuritySettings;
use super::unit::{Size, Span};
use crate::brokers::breaker::RetryPolicy;
use crate::brokers::kafka::intake::{Begin, IntakeConfig, TopicIn};
use crate::brokers::kafka::{Compression, Creation, KafkaConfig, PublishFrom, TopicPlan};
use crate::brokers::routes::{Routes, is_topic};

/// The table `[kafka]`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct KafkaSettings {
    brokers: String,
    client_id: String,
    routes: String,
    publish_from: PublishBegin,
    dead_letter_topic: String,
    create_topics: bool,
    topic_partitions: i32,
    topic_replication: i32,
    linger: Span,
    compression: Compression,
    batch: usize,
    retries: u32,
    retry_delay: Span,
    breaker_pause: Span,
    delivery_timeout: Span,
    in_flight_max: usize,
    in_flight_bytes_max: Size,
    message_bytes_max: Size,
    lag_alarm: u64,
    sources: String,
    sources_begin: SourcesBegin,
    sources_look: Span,
    group_id: String,
    security: SecuritySettings,
}

/// Where the first start of all begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SourcesBegin {
    Earliest,
    Latest,
}

/// Where a topic begins that nothing was published to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PublishBegin {
    Beginning,
    Now,
}

/// Topics as they stand in the setting: `TOPIC` or `TOPIC=TENANT`, separated by commas.
fn sources(text: &str) -> Result<Vec<TopicIn>, String> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let one = |word: &str| {
        let (name, tenant) = match word.split_once('=') {
            Some((name, tenant)) => (name.trim(), Some(tenant.trim())),
            None => (word, None),
        };
        if !is_topic(name) {
            return Err(format!("`{name}` cannot be the name of a topic"));
        }
        let tenant = tenant.map(TenantId::parse).transpose();
        let tenant = tenant.map_err(|error| format!("the tenant of `{name}`: {error}"))?;
        Ok(TopicIn { name: name.to_owned(), tenant })
    };
    let all: Vec<TopicIn> = words.map(one).collect::<Result<_, _>>()?;
    let twice =
        all.iter().enumerate().find(|(at, it)| all[..*at].iter().any(|o| o.name == it.name));
    match twice {
        Some((_, it)) => Err(format!("`{}` stands there twice", it.name)),
        None => Ok(all),
    }
}

impl KafkaSettings {
    /// What is wrong, with the setting that says it.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        if let Err(error) = Routes::parse(&self.routes) {
            return Some(("kafka.routes", error.to_string()));
        }
        if let Err(error) = sources(&self.sources) {
            return Some(("kafka.sources", error));
        }
        if self.group_id.is_empty() {
            return Some(("kafka.group_id", "must not be empty".to_owned()));
        }
        if let Some(fault) = self.security.fault() {
            return Some(fault);
        }
        let dead = &self.dead_letter_topic;
        (!is_topic(dead))
            .then(|| ("kafka.dead_letter_topic", "cannot be the name of a topic".to_owned()))
    }

    /// What figures may be.
    pub(super) fn ranges(&self) -> Vec<(&'static str, Range)> {
        let millis = |span: Span| span.0.as_millis().try_into().unwrap_or(u64::MAX);
        let count = |count: usize| count.try_into().unwrap_or(u64::MAX);
        let whole = |number: i32| u64::try_from(number).unwrap_or(u64::MAX);
        let hour = 3_600_000;
        vec![
            ("kafka.topic_partitions", Range::of(whole(self.topic_partitions), 1, 10_000, "")),
            ("kafka.topic_replication", Range::of(whole(self.topic_replication), 0, 100, "")),
            ("kafka.linger", Range::of(millis(self.linger), 0, 1_000, " ms")),
            ("kafka.batch", Range::of(count(self.batch), 1, 100_000, "")),
            ("kafka.retries", Range::of(self.retries.into(), 0, 1_000, "")),
            ("kafka.retry_delay", Range::of(millis(self.retry_delay), 1, hour, " ms")),
            ("kafka.breaker_pause", Range::of(millis(self.breaker_pause), 100, hour, " ms")),
            (
                "kafka.delivery_timeout",
                Range::of(millis(self.delivery_timeout), 1_000, hour, " ms"),
            ),
            ("kafka.in_flight_max", Range::of(count(self.in_flight_max), 1, 1 << 20, "")),
            (
                "kafka.in_flight_bytes_max",
                Range::of(self.in_flight_bytes_max.0, 1 << 10, 1 << 30, " bytes"),
            ),
            (
                "kafka.message_bytes_max",
                Range::of(self.message_bytes_max.0, 1_000, 1_000_000_000, " bytes"),
            ),
            ("kafka.sources_look", Range::of(millis(self.sources_look), 100, hour, " ms")),
            ("kafka.lag_alarm", Range::of(self.lag_alarm, 1, 1 << 40, "")),
        ]
    }

    /// As the bridge takes them; `None` when no broker is named.
    pub(super) fn config(&self, lost_tail: LostTail) -> Option<KafkaConfig> {
        if self.brokers.is_empty() {
            return None;
        }
        let bytes = |size: Size| usize::try_from(size.0).unwrap_or(usize::MAX);
        let creation = if self.create_topics { Creation::Make } else { Creation::Leave };
        // -1 leaves it to the broker.
        let replication = if self.topic_replication == 0 { -1 } else { self.topic_replication };
        Some(KafkaConfig {
            brokers: self.brokers.clone(),
            client_id: self.client_id.clone(),
            connection: self.security.connection(),
            routes: Routes::parse(&self.routes).expect("routes were checked when they were read"),
            publish_from: match self.publish_from {
                PublishBegin::Beginning => PublishFrom::Beginning,
                PublishBegin::Now => PublishFrom::Now,
            },
            topics: TopicPlan {
                creation,
                partitions: self.topic_partitions,
                replication,
                dead_letters: self.dead_letter_topic.clone(),
            },
            retry: RetryPolicy {
                retries: self.retries,
                delay: self.retry_delay.0,
                pause: self.breaker_pause.0,
            },
            linger: self.linger.0,
            compression: self.compression,
            batch: self.batch,
            delivery_timeout: self.delivery_timeout.0,
            in_flight_max: self.in_flight_max,
            in_flight_bytes_max: bytes(self.in_flight_bytes_max),
            message_bytes_max: bytes(self.message_bytes_max),
            lag_alarm: self.lag_alarm,
            intake: IntakeConfig {
                topics: sources(&self.sources).expect("topics were checked when they were read"),
                group: self.group_id.clone(),
                begin: match self.sources_begin {
                    SourcesBegin::Earliest => Begin::Earliest,
                    SourcesBegin::Latest => Begin::Latest,
                },
                look: self.sources_look.0,
            },
            lost_tail,
        })
    }
}

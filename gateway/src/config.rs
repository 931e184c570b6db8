//! What the operator wants: defaults, then the configuration file, then variables, then flags.

mod error;
mod kafka;
mod security;
mod settings;
mod source;
mod unit;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use onhand_domain::stock::Strictness;
use onhand_engine::{EngineConfig, LostTail};
use onhand_storage::StorageConfig;
use serde::Deserialize;

use crate::brokers::kafka::KafkaConfig;
pub(crate) use error::ConfigError;
pub(crate) use settings::overview;
use source::Sources;
use unit::{Size, Span};

/// All settings, checked. See [`settings::SETTINGS`] for what each of them means.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    partitions: u16,
    accept_lost_tail: bool,
    strict_catalog: bool,
    pub(crate) log_level: String,
    pub(crate) log_format: LogFormat,
    permits: u32,
    idempotency_window: u32,
    event_window: u32,
    dead_letters_max: u32,
    commit_spacing: Span,
    commit_at_once_max: u32,
    ended_kept: Span,
    recall_age_max: Span,
    checkpoint_records: u64,
    replay_records_max: u64,
    segment_bytes: Size,
    cache_bytes: Size,
    disk_reserve_bytes: DiskReserve,
    checkpoint_bytes_per_second: Size,
    tools_bytes_per_second: Size,
    http: HttpSettings,
    kafka: kafka::KafkaSettings,
}

/// Settings of the HTTP door as they stand in the file.
#[derive(Debug, Clone, Deserialize)]
struct HttpSettings {
    threads: usize,
    connections_max: usize,
    header_timeout: Span,
    idle_timeout: Span,
    request_timeout: Span,
    drain_timeout: Span,
    streams_max: usize,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Free space that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "`auto`, or a size such as `2GiB`")]
enum DiskReserve {
    Auto(Auto),
    Bytes(Size),
}

/// The word `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Auto {
    Auto,
}

/// Limits of the HTTP door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpConfig {
    /// Where it listens; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Runtime threads, each with its own listener; at least one.
    pub(crate) threads: usize,
    /// Open connections of all threads together.
    pub(crate) connections_max: usize,
    /// From the first byte of a request to the end of its headers.
    pub(crate) header_timeout: Duration,
    /// Between two requests of a connection.
    pub(crate) idle_timeout: Duration,
    /// From the end of the headers to the answer.
    pub(crate) request_timeout: Duration,
    /// For requests in flight when the process stops.
    pub(crate) drain_timeout: Duration,
    /// Open event streams of all threads together.
    pub(crate) streams_max: usize,
}

/// What was said on the command line; it goes before everything else.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    /// The configuration file.
    pub(crate) file: Option<PathBuf>,
    /// Settings as `(key, text)`; the flag is `--` and the key with dashes.
    pub(crate) settings: Vec<(&'static str, String)>,
}

impl Config {
    /// Reads all sources. `variables` are those of the process.
    ///
    /// # Errors
    /// The first setting that is unknown or wrong, with its value and where it was set.
    pub(crate) fn load(
        flags: &Flags,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let sources = Sources::collect(flags, variables)?;
        let config: Self = sources.extract()?;
        let outside = config.ranges().into_iter().find(|(_, range)| !range.holds());
        match outside {
            Some((key, range)) => Err(sources.refuse(key, &range.expected())),
            None => config.check(&sources).map(|()| config),
        }
    }

    fn check(&self, sources: &Sources) -> Result<(), ConfigError> {
        if let Some((key, reason)) = self.kafka.fault() {
            return Err(sources.refuse(key, &reason));
        }
        let parsed = tracing_subscriber::EnvFilter::try_new(&self.log_level);
        parsed.map(drop).map_err(|error| sources.refuse("log_level", &error.to_string()))
    }

    fn ranges(&self) -> BTreeMap<&'static str, Range> {
        let http = &self.http;
        let millis = |span: Span| span.0.as_millis().try_into().unwrap_or(u64::MAX);
        let count = |count: usize| count.try_into().unwrap_or(u64::MAX);
        let hour = 3_600_000;
        let mut ranges = BTreeMap::from([
            ("partitions", Range::of(self.partitions.into(), 1, 4096, "")),
            ("permits", Range::of(self.permits.into(), 2048, 1 << 20, "")),
            ("idempotency_window", Range::of(self.idempotency_window.into(), 1, 1 << 28, "")),
            ("event_window", Range::of(self.event_window.into(), 1, 1 << 28, "")),
            ("dead_letters_max", Range::of(self.dead_letters_max.into(), 1, 1 << 20, "")),
            ("commit_spacing", Range::of(millis(self.commit_spacing), 0, 1000, " ms")),
            ("commit_at_once_max", Range::of(self.commit_at_once_max.into(), 0, 1 << 20, "")),
            ("ended_kept", Range::of(millis(self.ended_kept), 1000, 24 * hour, " ms")),
            ("recall_age_max", Range::of(millis(self.recall_age_max), 100, hour, " ms")),
            ("checkpoint_records", Range::of(self.checkpoint_records, 1, 1 << 32, "")),
            ("replay_records_max", Range::of(self.replay_records_max, 1000, 1 << 32, "")),
            ("segment_bytes", Range::of(self.segment_bytes.0, 1 << 20, 1 << 36, " bytes")),
            ("cache_bytes", Range::of(self.cache_bytes.0, 1 << 20, 1 << 36, " bytes")),
            (
                "checkpoint_bytes_per_second",
                Range::of(self.checkpoint_bytes_per_second.0, 0, 1 << 40, " bytes"),
            ),
            (
                "tools_bytes_per_second",
                Range::of(self.tools_bytes_per_second.0, 0, 1 << 40, " bytes"),
            ),
            ("http.threads", Range::of(count(http.threads), 0, 256, "")),
            ("http.connections_max", Range::of(count(http.connections_max), 1, 1 << 20, "")),
            ("http.header_timeout", Range::of(millis(http.header_timeout), 10, hour, " ms")),
            ("http.idle_timeout", Range::of(millis(http.idle_timeout), 10, 24 * hour, " ms")),
            ("http.request_timeout", Range::of(millis(http.request_timeout), 10, hour, " ms")),
            ("http.drain_timeout", Range::of(millis(http.drain_timeout), 0, hour, " ms")),
            ("http.streams_max", Range::of(count(http.streams_max), 0, 1 << 20, "")),
        ]);
        ranges.extend(self.kafka.ranges());
        ranges
    }

    /// Settings of the engine.
    pub(crate) fn engine(&self) -> EngineConfig {
        let mut engine = EngineConfig::new(self.data.clone());
        engine.storage = self.storage();
        engine.permits = self.permits;
        engine.commit_spacing = self.commit_spacing.0;
        engine.commit_at_once_max = self.commit_at_once_max;
        engine.recall_age_ms_max = millis_signed(self.recall_age_max);
        engine.checkpoint_records = self.checkpoint_records;
        engine.replay_records_max = self.replay_records_max;
        engine.rules.partitions = self.partitions;
        engine.rules.key_window = self.idempotency_window;
        engine.rules.event_window = self.event_window;
        engine.rules.dead_letters_max = self.dead_letters_max;
        engine.rules.ended_kept_ms = millis_signed(self.ended_kept);
        if self.strict_catalog {
            engine.rules.strictness = Strictness::Strict;
        }
        engine.lost_tail = self.lost_tail();
        engine
    }

    const fn lost_tail(&self) -> LostTail {
        if self.accept_lost_tail { LostTail::Accept } else { LostTail::Refuse }
    }

    /// Settings of the bridge to Kafka; `None` when it is off.
    pub(crate) fn kafka(&self) -> Option<KafkaConfig> {
        self.kafka.config(self.lost_tail())
    }

    /// Settings of the data directory.
    pub(crate) fn storage(&self) -> StorageConfig {
        let mut storage = StorageConfig::new(self.data.clone());
        storage.partitions = self.partitions;
        storage.segment_bytes = self.segment_bytes.0;
        storage.cache_bytes = usize::try_from(self.cache_bytes.0).unwrap_or(usize::MAX);
        storage.checkpoint_bytes_per_second = self.checkpoint_bytes_per_second.0;
        storage.disk_reserve_bytes = match self.disk_reserve_bytes {
            DiskReserve::Auto(Auto::Auto) => None,
            DiskReserve::Bytes(size) => Some(size.0),
        };
        storage
    }

    /// How fast chores read and write beside selling; 0: as fast as they go.
    pub(crate) const fn tools_bytes_per_second(&self) -> u64 {
        self.tools_bytes_per_second.0
    }

    /// Settings of the HTTP door.
    pub(crate) fn http(&self) -> HttpConfig {
        let http = &self.http;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        HttpConfig {
            listen: self.listen,
            threads: if http.threads == 0 { cores() } else { http.threads },
            connections_max: http.connections_max,
            header_timeout: http.header_timeout.0,
            idle_timeout: http.idle_timeout.0,
            request_timeout: http.request_timeout.0,
            drain_timeout: http.drain_timeout.0,
            streams_max: http.streams_max,
        }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }
}

fn millis_signed(span: Span) -> i64 {
    i64::try_from(span.0.as_millis()).unwrap_or(i64::MAX)
}

/// What a figure may be.
struct Range {
    found: u64,
    least: u64,
    most: u64,
    unit: &'static str,
}

impl Range {
    const fn of(found: u64, least: u64, most: u64, unit: &'static str) -> Self {
        Self { found, least, most, unit }
    }

    const fn holds(&self) -> bool {
        self.least <= self.found && self.found <= self.most
    }

    fn expected(&self) -> String {
        let Self { least, most, unit, .. } = self;
        format!("must lie between {least} and {most}{unit}")
    }
}

#[cfg(test)]
mod tests;

//! Every metric of the process: its name, its kind, its words; and how it is told to Prometheus.
//!
//! Figures that already exist as counts (of the engine, of the HTTP threads) are copied when somebody
//! asks, so that no request pays for a metric that nobody reads. docs/METRICS.md lists all of them.

use std::fmt::Write;
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use onhand_domain::dead_letter::Direction;
use onhand_engine::Status;

use crate::brokers::consumed::Consumed;
use crate::brokers::figures::{self, SinkState};
use crate::brokers::kafka::intake::SourceState;
use crate::brokers::kafka::{Bridge, SINK};
use crate::brokers::sink::SinkFigures;
use crate::http::meters::Meters;
use crate::http::route::Route;
use crate::http::tally::{BOUNDS, Sum};

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Only grows.
    Counter,
    /// Grows and falls.
    Gauge,
    /// Written by hand, see [`write_requests`].
    Histogram,
}
use Kind::{Counter, Gauge, Histogram};

const BUILD_INFO: &str = "onhand_build_info";
const EPOCH: &str = "onhand_epoch";
const PARTITIONS: &str = "onhand_partitions";
const WRITES_OPEN: &str = "onhand_writes_open";
const LOG_DECIDED: &str = "onhand_log_decided_sequence";
const LOG_DURABLE: &str = "onhand_log_durable_sequence";
const LOG_INDEXED: &str = "onhand_log_indexed_sequence";
const LOG_REPLAYED: &str = "onhand_log_replayed_records";
const LOG_SEALED: &str = "onhand_log_sealed_segments";
const LOG_COMMITS: &str = "onhand_log_commits_total";
const LOG_RECORDS: &str = "onhand_log_records_total";
const LOG_BYTES: &str = "onhand_log_bytes_total";
const LOG_COMMIT_MICROS: &str = "onhand_log_commit_microseconds_total";
const DISK_FREE: &str = "onhand_disk_free_bytes";
const DISK_RESERVE: &str = "onhand_disk_reserve_bytes";
const CHECKPOINT_BEGAN: &str = "onhand_checkpoint_began_sequence";
const CHECKPOINT_ROUNDS: &str = "onhand_checkpoint_rounds_total";
const CHECKPOINT_BYTES: &str = "onhand_checkpoint_bytes";
const PERMITS_USED: &str = "onhand_permits_used";
const PERMITS_LIMIT: &str = "onhand_permits_limit";
const REFUSALS: &str = "onhand_unrecorded_refusals_total";
const PANICS: &str = "onhand_decide_panics_total";
const RESERVATIONS_OPEN: &str = "onhand_reservations_open";
const KEYS: &str = "onhand_idempotency_keys";
const KEY_WINDOW: &str = "onhand_idempotency_window_seconds";
const TENANTS: &str = "onhand_tenants";
const ITEMS: &str = "onhand_items";
const LOCATIONS: &str = "onhand_locations";
const POSITIONS: &str = "onhand_positions";
const CLOCK_SKEW: &str = "onhand_clock_skew_seconds";
const HTTP_REQUESTS: &str = "onhand_http_requests_total";
const HTTP_SECONDS: &str = "onhand_http_request_seconds";
const HTTP_OPEN: &str = "onhand_http_connections_open";
const HTTP_ACCEPTED: &str = "onhand_http_connections_accepted_total";
const HTTP_REFUSED: &str = "onhand_http_connections_refused_total";
const HTTP_LATE: &str = "onhand_http_connections_late_total";
const HTTP_STREAMS: &str = "onhand_http_streams_open";
const EVENTS_PUBLISHED: &str = "inventory_events_published_total";
const PUBLISH_SECONDS: &str = "inventory_event_publish_seconds";
const PUBLISH_RETRIES: &str = "inventory_event_publish_retries_total";
const OUTBOX_LAG: &str = "inventory_outbox_lag";
const TOPIC_LAG: &str = "onhand_topic_lag";
const DEAD_LETTERS: &str = "inventory_dead_letters";
const CIRCUIT_OPEN: &str = "inventory_circuit_open";
const EVENTS_CONSUMED: &str = "inventory_events_consumed_total";
const PROCESSING_SECONDS: &str = "inventory_event_processing_seconds";
const EVENT_ERRORS: &str = "inventory_event_errors_total";
const EVENTS_SKIPPED: &str = "onhand_events_skipped_total";
const CLOCK_AHEAD: &str = "onhand_clock_ahead_total";
const SOURCE_RUNNING: &str = "onhand_source_running";

/// All of them.
const METRICS: &[(&str, Kind, &str)] = &[
    (BUILD_INFO, Gauge, "Always 1; the label tells the version"),
    (EPOCH, Gauge, "Raised by every start"),
    (PARTITIONS, Gauge, "Slices of the positions"),
    (WRITES_OPEN, Gauge, "1 while commands may enter, else 0"),
    (LOG_DECIDED, Gauge, "Last record that was decided"),
    (LOG_DURABLE, Gauge, "Last record that is on disk and in the view"),
    (LOG_INDEXED, Gauge, "Up to this record the index is on disk"),
    (LOG_REPLAYED, Gauge, "Records that this start replayed"),
    (LOG_SEALED, Gauge, "Segments of the log that are complete"),
    (LOG_COMMITS, Counter, "Commits since the start"),
    (LOG_RECORDS, Counter, "Records committed since the start"),
    (LOG_BYTES, Counter, "Bytes committed since the start"),
    (LOG_COMMIT_MICROS, Counter, "Microseconds spent in commits since the start"),
    (DISK_FREE, Gauge, "Free space of the data directory's file system"),
    (DISK_RESERVE, Gauge, "Free space below which writes are refused"),
    (CHECKPOINT_BEGAN, Gauge, "A start would replay what lies behind this record"),
    (CHECKPOINT_ROUNDS, Counter, "Rounds of checkpoints since the start"),
    (CHECKPOINT_BYTES, Gauge, "Size of the last round of checkpoints"),
    (PERMITS_USED, Gauge, "Commands inside the engine"),
    (PERMITS_LIMIT, Gauge, "Commands that may be inside the engine"),
    (REFUSALS, Counter, "Refused commands without a record, since the start"),
    (PANICS, Counter, "Commands refused because deciding them panicked, since the start"),
    (RESERVATIONS_OPEN, Gauge, "Reservations that are active or confirmed"),
    (KEYS, Gauge, "Idempotency keys that are remembered"),
    (KEY_WINDOW, Gauge, "Age of the oldest idempotency key that is remembered"),
    (TENANTS, Gauge, "Tenants"),
    (ITEMS, Gauge, "Items"),
    (LOCATIONS, Gauge, "Locations"),
    (POSITIONS, Gauge, "Positions"),
    (CLOCK_SKEW, Gauge, "By how much the engine's clock is ahead of the wall clock"),
    (HTTP_REQUESTS, Counter, "Answers by method, route and status"),
    (HTTP_SECONDS, Histogram, "From the first byte of a request to its answer"),
    (HTTP_OPEN, Gauge, "Open connections"),
    (HTTP_ACCEPTED, Counter, "Connections taken in"),
    (HTTP_REFUSED, Counter, "Connections answered 503 because there were too many"),
    (HTTP_LATE, Counter, "Connections closed because they were too slow, by what was late"),
    (HTTP_STREAMS, Gauge, "Open event streams"),
    (
        EVENTS_PUBLISHED,
        Counter,
        "Events that reached a topic, once for each, and messages that never will",
    ),
    (PUBLISH_SECONDS, Histogram, "From the decision of an event to its topic"),
    (PUBLISH_RETRIES, Counter, "Times that publishing began again at the watermark"),
    (OUTBOX_LAG, Gauge, "Durable records that the topic furthest behind has not got yet"),
    (TOPIC_LAG, Gauge, "Durable records that a topic has not got yet"),
    (DEAD_LETTERS, Gauge, "Dead letters that are open"),
    (EVENTS_CONSUMED, Counter, "Events that were acted on, or became dead letters"),
    (PROCESSING_SECONDS, Histogram, "From the reading of an event to its durable answer"),
    (EVENT_ERRORS, Counter, "Attempts at events that failed, by code"),
    (EVENTS_SKIPPED, Counter, "Messages that needed nothing, by reason"),
    (CLOCK_AHEAD, Counter, "Events that named a time later than now, which was taken as now"),
    (SOURCE_RUNNING, Gauge, "1 while a topic is read, else 0"),
    (
        CIRCUIT_OPEN,
        Gauge,
        "1 while nothing is sent to some topic because its broker is away, else 0",
    ),
];

/// Route label of requests for paths that do not exist.
const UNKNOWN: &str = "unknown";

/// The recorder behind all metrics of the process.
pub(crate) struct Exposition {
    handle: PrometheusHandle,
}

impl Exposition {
    /// Makes the recorder that of the whole process, so that every crate may use the macros of
    /// `metrics`. Whoever came first stays.
    pub(crate) fn install() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("metrics go to another recorder");
        }
        describe();
        Self { handle }
    }

    /// Lets go of what histograms have gathered since the last call.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// All metrics as of now.
    pub(crate) fn render(
        &self,
        status: &Status,
        bridge: Option<&Bridge>,
        meters: &Meters,
        routes: &'static [Route],
    ) -> String {
        publish_engine(status);
        publish_http(meters, routes);
        if let Some(bridge) = bridge {
            publish_sink(bridge);
            publish_sources(bridge);
        }
        let mut text = self.handle.render();
        write_requests(&mut text, meters, routes);
        if let Some(bridge) = bridge {
            write_publishing(&mut text, bridge.figures());
            write_processing(&mut text, &bridge.intake().consumed);
        }
        text
    }
}

fn describe() {
    for (name, kind, help) in METRICS {
        match kind {
            Counter => describe_counter!(*name, *help),
            Gauge => describe_gauge!(*name, *help),
            Histogram => {}
        }
    }
}

/// Counts become floating point numbers on the wire of Prometheus in any case.
#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn set(name: &'static str, value: u64) {
    gauge!(name).set(value as f64);
}

fn publish_engine(status: &Status) {
    gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    set(EPOCH, status.epoch.into());
    set(PARTITIONS, status.partitions.into());
    set(WRITES_OPEN, status.closed.is_none().into());
    set(LOG_DECIDED, status.log.decided);
    set(LOG_DURABLE, status.log.durable);
    set(LOG_INDEXED, status.log.indexed);
    set(LOG_REPLAYED, status.log.replayed);
    set(LOG_SEALED, status.log.sealed_segments.into());
    counter!(LOG_COMMITS).absolute(status.log.commits);
    counter!(LOG_RECORDS).absolute(status.log.records);
    counter!(LOG_BYTES).absolute(status.log.bytes);
    counter!(LOG_COMMIT_MICROS).absolute(status.log.commit_micros);
    set(DISK_FREE, status.log.free_bytes);
    set(DISK_RESERVE, status.log.reserve_bytes);
    set(CHECKPOINT_BEGAN, status.checkpoint.began);
    counter!(CHECKPOINT_ROUNDS).absolute(status.checkpoint.rounds);
    set(CHECKPOINT_BYTES, status.checkpoint.bytes);
    set(PERMITS_USED, status.permits_used.into());
    set(PERMITS_LIMIT, status.permits_limit.into());
    counter!(REFUSALS).absolute(status.refusals);
    counter!(PANICS).absolute(status.panics);
    set(RESERVATIONS_OPEN, status.open_reservations.into());
    set(KEYS, status.idempotency_keys.into());
    gauge!(KEY_WINDOW).set(status.idempotency_window_seconds);
    set(TENANTS, status.sizes.tenants.into());
    set(ITEMS, status.sizes.items.into());
    set(LOCATIONS, status.sizes.locations.into());
    set(POSITIONS, status.sizes.positions.into());
    gauge!(CLOCK_SKEW).set(status.clock_skew_seconds);
}

fn publish_http(meters: &Meters, routes: &'static [Route]) {
    let connections = &meters.connections;
    set(HTTP_OPEN, connections.open().try_into().unwrap_or(u64::MAX));
    counter!(HTTP_ACCEPTED).absolute(connections.accepted());
    counter!(HTTP_REFUSED).absolute(connections.refused());
    for (phase, count) in connections.late() {
        counter!(HTTP_LATE, "phase" => phase).absolute(count);
    }
    set(HTTP_STREAMS, meters.streams.open().try_into().unwrap_or(u64::MAX));
    for (method, route, sum) in sums(meters, routes) {
        for (status, count) in &sum.statuses {
            let status = status.map_or_else(|| "other".to_owned(), |status| status.to_string());
            counter!(HTTP_REQUESTS, "method" => method, "route" => route, "status" => status)
                .absolute(*count);
        }
    }
}

fn publish_sink(bridge: &Bridge) {
    let figures = bridge.figures();
    for (event_type, count) in figures.published() {
        let event_type = event_type.as_str();
        counter!(EVENTS_PUBLISHED, "event_type" => event_type, "sink" => SINK, "result" => "delivered")
            .absolute(count);
    }
    for (event_type, count) in figures.dead() {
        let event_type = event_type.as_str();
        counter!(EVENTS_PUBLISHED, "event_type" => event_type, "sink" => SINK, "result" => "failed")
            .absolute(count);
    }
    counter!(PUBLISH_RETRIES, "sink" => SINK).absolute(figures.retries());
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    {
        gauge!(OUTBOX_LAG, "sink" => SINK).set(bridge.lag() as f64);
        for topic in figures.topics() {
            let lag = bridge.lag_behind(topic.delivered());
            gauge!(TOPIC_LAG, "topic" => topic.topic().to_owned()).set(lag as f64);
        }
        for (word, direction) in [("in", Direction::In), ("out", Direction::Out)] {
            gauge!(DEAD_LETTERS, "direction" => word).set(bridge.open_letters(direction) as f64);
        }
    }
    let is_open = figures.state() == SinkState::Suspended;
    gauge!(CIRCUIT_OPEN, "sink" => SINK).set(f64::from(u8::from(is_open)));
}

fn publish_sources(bridge: &Bridge) {
    let intake = bridge.intake();
    for ((event_type, source), count) in intake.consumed.counts() {
        counter!(EVENTS_CONSUMED, "event_type" => event_type, "source_service" => source)
            .absolute(count);
    }
    for ((event_type, code), count) in intake.consumed.errors() {
        counter!(EVENT_ERRORS, "event_type" => event_type, "error_type" => code).absolute(count);
    }
    for (reason, count) in intake.consumed.skips() {
        counter!(EVENTS_SKIPPED, "reason" => reason).absolute(count);
    }
    counter!(CLOCK_AHEAD).absolute(intake.consumed.ahead());
    for source in &intake.sources {
        let is_running = source.state() == SourceState::Running;
        gauge!(SOURCE_RUNNING, "topic" => source.topic.name.clone())
            .set(f64::from(u8::from(is_running)));
    }
}

/// How long events took, of each type.
fn write_processing(text: &mut String, consumed: &Consumed) {
    write_head(text, PROCESSING_SECONDS);
    for (event_type, (within, count, took)) in consumed.took() {
        let labels = format!("event_type=\"{event_type}\"");
        let buckets = figures::BOUNDS.iter().zip(within);
        write_histogram(text, PROCESSING_SECONDS, &labels, buckets, (count, took));
    }
}

/// How long events took, in the buckets of the sink.
fn write_publishing(text: &mut String, figures: &SinkFigures) {
    write_head(text, PUBLISH_SECONDS);
    let (within, count, took) = figures.took();
    write_histogram(
        text,
        PUBLISH_SECONDS,
        &format!("sink=\"{SINK}\""),
        figures::BOUNDS.iter().zip(within),
        (count, took),
    );
}

/// Every route that was asked for, and the paths that are none.
fn sums<'a>(
    meters: &'a Meters,
    routes: &'static [Route],
) -> impl Iterator<Item = (&'static str, &'static str, Sum)> + 'a {
    let known = routes.iter().map(|route| (route.method.as_str(), route.path));
    let all = known.chain([("", UNKNOWN)]).enumerate();
    all.filter_map(|(row, (method, path))| Some((method, path, meters.sum(row)?)))
}

/// The recorder would want every single duration, the threads have them in buckets already.
fn write_requests(text: &mut String, meters: &Meters, routes: &'static [Route]) {
    write_head(text, HTTP_SECONDS);
    for (method, route, sum) in sums(meters, routes) {
        let labels = format!("method=\"{method}\",route=\"{route}\"");
        let Sum { count, took, .. } = sum;
        write_histogram(text, HTTP_SECONDS, &labels, BOUNDS.iter().zip(sum.within), (count, took));
    }
}

fn write_head(text: &mut String, name: &str) {
    let help = METRICS.iter().find(|(known, ..)| *known == name).map_or("", |(.., help)| *help);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
}

fn write_histogram<'a>(
    text: &mut String,
    name: &str,
    labels: &str,
    buckets: impl Iterator<Item = (&'a Duration, u64)>,
    (count, took): (u64, Duration),
) {
    // Writing to a string cannot fail.
    for (bound, count) in buckets {
        let bound = bound.as_secs_f64();
        let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {count}");
    }
    let took = took.as_secs_f64();
    let _ = writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
    let _ = writeln!(text, "{name}_sum{{{labels}}} {took}");
    let _ = writeln!(text, "{name}_count{{{labels}}} {count}");
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    const PAGE: &str = include_str!("../../docs/METRICS.md");

    #[test]
    fn every_metric_is_documented_with_its_words() {
        for (name, kind, help) in METRICS {
            let kind = format!("{kind:?}").to_lowercase();
            let row = PAGE.lines().find(|line| line.starts_with(&format!("| `{name}` | {kind} |")));
            let row =
                row.unwrap_or_else(|| panic!("docs/METRICS.md has no row of {name} ({kind})"));
            assert!(row.to_lowercase().contains(&help.to_lowercase()), "{name}: {help}\n{row}");
        }
    }

    #[test]
    fn requests_become_a_histogram() {
        let meters = Meters::new(1, 0, 1);
        meters.tally(0).count(0, StatusCode::NOT_FOUND, Duration::from_micros(300));
        let mut text = String::new();
        write_requests(&mut text, &meters, &[]);
        let name = HTTP_SECONDS;
        for line in [
            format!("# TYPE {name} histogram"),
            format!("{name}_bucket{{method=\"\",route=\"unknown\",le=\"0.00025\"}} 0"),
            format!("{name}_bucket{{method=\"\",route=\"unknown\",le=\"0.0005\"}} 1"),
            format!("{name}_bucket{{method=\"\",route=\"unknown\",le=\"+Inf\"}} 1"),
            format!("{name}_sum{{method=\"\",route=\"unknown\"}} 0.0003"),
            format!("{name}_count{{method=\"\",route=\"unknown\"}} 1"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}

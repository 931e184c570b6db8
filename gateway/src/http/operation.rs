//! For those who run the process: is it alive, is it ready, how does it stand.

pub(crate) mod backup;
pub(crate) mod consumed_events;
pub(crate) mod export;
pub(crate) mod failed_events;
pub(crate) mod imports;
pub(crate) mod publisher;
pub(crate) mod replay;
pub(crate) mod sources;
pub(crate) mod verify;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use onhand_domain::dead_letter::Direction;
use onhand_engine::{Failure, Status};
use utoipa::ToSchema;

use crate::brokers::figures::SinkState;
use crate::brokers::kafka::Bridge;
use crate::brokers::kafka::letters::OPEN_ALARM;
use crate::http::ROUTES;
use crate::http::answer::{self, Answer};
use crate::http::door::Door;
use crate::http::json::Json;

/// The form of Prometheus' text.
const PROMETHEUS: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// How a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    /// It works.
    Up,
    /// It works, and a human should look.
    Warn(&'static str),
    /// It does not work.
    Down(&'static str),
    /// It is not configured.
    Off,
}

impl Health {
    fn write(self, part: &str, json: &mut Json) {
        let (word, reason) = match self {
            Self::Up => ("up", None),
            Self::Warn(reason) => ("warn", Some(reason)),
            Self::Down(reason) => ("down", Some(reason)),
            Self::Off => ("off", None),
        };
        json.object_at(part, |json| {
            json.text("status", word);
            json.text_if("reason", reason);
        });
    }
}

/// How the parts stand.
#[derive(Debug, PartialEq, Eq)]
struct Readiness {
    writer: Health,
    log: Health,
    broker: Health,
    outbox: Health,
    failed_events: Health,
}

impl Readiness {
    fn of(closed: Option<Failure>, is_stopping: bool, bridge: Option<&Bridge>) -> Self {
        let stopping = Health::Down("the process is stopping");
        let failed = Health::Down("a commit failed or a part panicked; the process is ending");
        let full = Health::Warn("the disk is nearly full: writes are refused, reads go on");
        let (writer, log) = match closed {
            _ if is_stopping => (stopping, Health::Up),
            None | Some(Failure::Overloaded | Failure::DeadLettersFull) => (Health::Up, Health::Up),
            Some(Failure::StorageFull) => (Health::Up, full),
            Some(Failure::Stopping) => (stopping, Health::Up),
            Some(Failure::OutcomeUnknown | Failure::Internal) => (failed, failed),
        };
        let (broker, outbox, failed_events) = bridge.map_or(
            // No sink is configured: the outbox is the log itself, and no event can have failed.
            (Health::Off, Health::Up, Health::Up),
            health_of,
        );
        Self { writer, log, broker, outbox, failed_events }
    }

    /// Only writer and log decide: without them nothing can be answered. The other parts catch up.
    fn is_ready(&self) -> bool {
        ![self.writer, self.log].iter().any(|part| matches!(part, Health::Down(_)))
    }

    fn answer(&self) -> Answer {
        let (status, word) = match self.is_ready() {
            true => (StatusCode::OK, "up"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "down"),
        };
        let mut json = Json::default();
        json.object(|json| {
            json.text("status", word);
            json.object_at("parts", |json| {
                self.writer.write("writer", json);
                self.log.write("log", json);
                self.broker.write("broker", json);
                self.outbox.write("outbox", json);
                self.failed_events.write("failedEvents", json);
            });
        });
        Answer::json(status, json)
    }
}

/// How broker, outbox and failed events stand.
fn health_of(bridge: &Bridge) -> (Health, Health, Health) {
    let figures = bridge.figures();
    let broker = match figures.state() {
        _ if bridge.intake().has_stopped_source() => {
            Health::Warn("a source has stopped and waits for you: see `onhand sources list`")
        }
        SinkState::Running => Health::Up,
        SinkState::Suspended => Health::Warn(
            "the broker is away or was not read yet: publishing waits, selling goes on",
        ),
        SinkState::Stopped => Health::Warn("publishing has stopped; see the log"),
    };
    let outbox = match bridge.lag() > bridge.lag_alarm() {
        true => Health::Warn("more records than `kafka.lag_alarm` are not published yet"),
        false => Health::Up,
    };
    let open = bridge.open_letters(Direction::In) + bridge.open_letters(Direction::Out);
    let failed = match open > OPEN_ALARM {
        true => Health::Warn("more than 100 dead letters are open: see `onhand dead-letters list`"),
        false => Health::Up,
    };
    (broker, outbox, failed)
}

fn respond(answer: Answer, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer::conclude(Ok(answer), &parts)
}

/// Whether the process runs. When this does not answer, start it anew.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "Operation",
    responses((status = 200, description = "It runs", body = Alive))
)]
pub(crate) async fn live(State(_): State<Arc<Door>>, request: Request) -> Response {
    respond(Answer::object(|json| json.text("status", "up")), request)
}

/// Whether the process can serve: 503 only when writer or log cannot; other parts warn in a 200.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "Operation",
    responses(
        (status = 200, description = "It serves", body = Ready),
        (status = 503, description = "It does not serve", body = Ready)
    )
)]
pub(crate) async fn ready(State(door): State<Arc<Door>>, request: Request) -> Response {
    let readiness = {
        let closed = door.engine.status().closed;
        Readiness::of(closed, door.stage.is_stopping(), door.bridge.as_deref())
    };
    respond(readiness.answer(), request)
}

/// All metrics, in the text form of Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Operation",
    responses((status = 200, description = "Metrics", body = String, content_type = "text/plain"))
)]
pub(crate) async fn metrics(State(door): State<Arc<Door>>, _: Request) -> Response {
    let bridge = door.bridge.as_deref();
    let text = door.exposition.render(&door.engine.status(), bridge, &door.meters, ROUTES);
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, PROMETHEUS);
    response
}

/// How the engine stands: partitions, log, checkpoints, sinks, memory.
#[utoipa::path(
    get,
    path = "/v1/admin/status",
    tag = "Operation",
    responses((status = 200, description = "How it stands", body = EngineStatus))
)]
pub(crate) async fn status(State(door): State<Arc<Door>>, request: Request) -> Response {
    let status = door.engine.status();
    let bridge = door.bridge.as_deref();
    respond(Answer::object(|json| write_status(&status, bridge, json)), request)
}

fn write_status(status: &Status, bridge: Option<&Bridge>, json: &mut Json) {
    json.text("version", env!("CARGO_PKG_VERSION"));
    json.text("identity", &status.identity.to_string());
    json.number("epoch", status.epoch);
    json.number("partitions", status.partitions);
    json.text_if("closed", status.closed.map(closed_word));
    json.object_at("log", |json| write_log(status, json));
    json.object_at("checkpoint", |json| {
        json.number("began", status.checkpoint.began);
        json.number("rounds", status.checkpoint.rounds);
        json.number("bytes", status.checkpoint.bytes);
    });
    json.array_at("sinks", |json| publisher::write_sinks(bridge, json));
    json.object_at("permits", |json| {
        json.number("used", status.permits_used);
        json.number("limit", status.permits_limit);
    });
    json.object_at("memory", |json| {
        json.number("tenants", status.sizes.tenants);
        json.number("items", status.sizes.items);
        json.number("locations", status.sizes.locations);
        json.number("positions", status.sizes.positions);
        json.number("openReservations", status.open_reservations);
        json.number("idempotencyKeys", status.idempotency_keys);
    });
    json.number("unrecordedRefusals", status.refusals);
    json.number("panics", status.panics);
    #[allow(clippy::cast_possible_truncation, reason = "a float becomes an integer by saturation")]
    json.integer("clockSkewMillis", (status.clock_skew_seconds * 1e3) as i64);
}

fn write_log(status: &Status, json: &mut Json) {
    let log = &status.log;
    json.number("number", status.log_number);
    json.number("decided", log.decided);
    json.number("durable", log.durable);
    json.number("indexed", log.indexed);
    json.number("replayed", log.replayed);
    json.number("sealedSegments", log.sealed_segments);
    json.number("commits", log.commits);
    json.number("records", log.records);
    json.number("bytes", log.bytes);
    json.number("commitMicros", log.commit_micros);
    json.number("freeBytes", log.free_bytes);
    json.number("reserveBytes", log.reserve_bytes);
}

const fn closed_word(failure: Failure) -> &'static str {
    match failure {
        Failure::Overloaded => "overloaded",
        Failure::OutcomeUnknown => "failed",
        Failure::StorageFull => "storageFull",
        Failure::DeadLettersFull => "deadLettersFull",
        Failure::Internal => "internal",
        Failure::Stopping => "stopping",
    }
}

/// The process runs.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Alive {
    #[schema(example = "up")]
    status: String,
}

/// How the parts of the process stand.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Ready {
    /// `up`, or `down` when writer or log are down.
    status: String,
    parts: Parts,
}

/// The parts of the process.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Parts {
    writer: Part,
    log: Part,
    broker: Part,
    outbox: Part,
    failed_events: Part,
}

/// A part of the process.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Part {
    /// `up`, `warn`, `down`, or `off` when it is not configured.
    status: String,
    reason: Option<String>,
}

/// How the engine stands.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct EngineStatus {
    version: String,
    /// Identity of the data directory.
    identity: String,
    /// Raised by every start.
    epoch: u32,
    partitions: u16,
    /// Why commands may not enter (`storageFull`, `stopping`, `failed`); absent while they may.
    closed: Option<String>,
    log: LogStatus,
    checkpoint: CheckpointStatus,
    /// Where events are sent to.
    sinks: Vec<Sink>,
    permits: Permits,
    memory: Memory,
    /// Refusals without a record, since the start.
    unrecorded_refusals: u64,
    /// Commands refused because deciding them panicked, since the start.
    panics: u64,
    /// By how much the engine's clock is ahead of the wall clock.
    clock_skew_millis: i64,
}

/// How the log stands.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct LogStatus {
    number: u16,
    /// Last record that was decided.
    decided: u64,
    /// Last record that is on disk.
    durable: u64,
    /// Up to this record the index is on disk.
    indexed: u64,
    /// Records that this start replayed.
    replayed: u64,
    sealed_segments: u32,
    /// Since the start.
    commits: u64,
    /// Since the start.
    records: u64,
    /// Since the start.
    bytes: u64,
    /// Since the start.
    commit_micros: u64,
    /// Free space of the file system.
    free_bytes: u64,
    /// Free space below which writes are refused.
    reserve_bytes: u64,
}

/// How checkpoints stand.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct CheckpointStatus {
    /// A start would replay what lies behind this record.
    began: u64,
    /// Since the start.
    rounds: u64,
    /// Of the last round.
    bytes: u64,
}

/// Where events are sent to.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Sink {
    name: String,
    /// Last record whose events arrived in every topic they belong to.
    delivered: u64,
    /// Records that have not arrived yet in the topic that is furthest behind.
    lag: u64,
    /// Messages that can never be sent, since the start.
    failed: u64,
    /// The last thing that went wrong.
    #[schema(rename = "lastError")]
    last_error: Option<String>,
    /// Each topic, which is followed by itself.
    topics: Vec<SinkTopic>,
}

/// A topic of a sink.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct SinkTopic {
    topic: String,
    /// `running`, `suspended` or `stopped`.
    state: String,
    /// Last record whose events arrived there.
    delivered: u64,
    /// Records that have not arrived yet.
    lag: u64,
    /// Messages that can never be sent, since the start.
    failed: u64,
    /// The last thing that went wrong.
    #[schema(rename = "lastError")]
    last_error: Option<String>,
}

/// Commands inside the engine.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Permits {
    used: u32,
    limit: u32,
}

/// What the engine holds in memory.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Memory {
    tenants: u32,
    items: u32,
    locations: u32,
    positions: u32,
    open_reservations: u32,
    idempotency_keys: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_writer_and_log_make_it_unready() {
        for (closed, is_stopping, expected) in [
            (None, false, true),
            (Some(Failure::StorageFull), false, true),
            (None, true, false),
            (Some(Failure::Stopping), false, false),
            (Some(Failure::OutcomeUnknown), false, false),
        ] {
            let readiness = Readiness::of(closed, is_stopping, None);
            assert_eq!(readiness.is_ready(), expected, "{closed:?} {is_stopping}");
        }
    }

    #[test]
    fn a_full_disk_warns_in_the_log() {
        let readiness = Readiness::of(Some(Failure::StorageFull), false, None);
        let mut json = Json::default();
        json.object(|json| readiness.log.write("log", json));
        let text = String::from_utf8(json.into_bytes()).unwrap();
        let expected = "{\"log\":{\"status\":\"warn\",\"reason\":\"the disk is nearly full: writes \
                        are refused, reads go on\"}}";
        assert_eq!(text, expected);
    }
}

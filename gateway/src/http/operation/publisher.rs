//! How publishing stands.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use utoipa::ToSchema;

use super::{Sink, respond};
use crate::brokers::figures::{SinkState, TopicFigures};
use crate::brokers::kafka::{Bridge, SINK};
use crate::http::answer::Answer;
use crate::http::door::Door;
use crate::http::json::Json;

/// How publishing stands: `running`, `suspended` while the broker is away, `stopped`; as the worst of its topics.
#[utoipa::path(
    get,
    path = "/v1/admin/publisher",
    tag = "Operation",
    responses((status = 200, description = "How it stands", body = Publisher))
)]
pub(crate) async fn publisher(State(door): State<Arc<Door>>, request: Request) -> Response {
    let bridge = door.bridge.as_deref();
    let state = bridge.map_or(SinkState::Stopped, |bridge| bridge.figures().state());
    let answer = Answer::object(|json| {
        json.text("state", state.word());
        json.array_at("sinks", |json| write_sinks(bridge, json));
    });
    respond(answer, request)
}

/// The sinks, as elements of an array.
pub(super) fn write_sinks(bridge: Option<&Bridge>, json: &mut Json) {
    let Some(bridge) = bridge else { return };
    let figures = bridge.figures();
    json.object(|json| {
        json.text("name", SINK);
        json.number("delivered", bridge.delivered());
        json.number("lag", bridge.lag());
        json.number("failed", figures.failed());
        json.text_if("lastError", figures.last_error().as_deref());
        json.array_at("topics", |json| {
            figures.topics().for_each(|topic| write_topic(bridge, topic, json));
        });
    });
}

fn write_topic(bridge: &Bridge, figures: &TopicFigures, json: &mut Json) {
    json.object(|json| {
        json.text("topic", figures.topic());
        json.text("state", figures.state().word());
        json.number("delivered", figures.delivered());
        json.number("lag", bridge.lag_behind(figures.delivered()));
        json.number("failed", figures.failed());
        json.text_if("lastError", figures.last_error().as_deref());
    });
}

/// How publishing stands.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Publisher {
    /// `running`, `suspended` or `stopped`.
    state: String,
    sinks: Vec<Sink>,
}

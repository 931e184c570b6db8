//! What is read, how far, and what an operator says when a topic is not the one we knew.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::command::{Action, Command};
use onhand_domain::ids::Text;
use onhand_domain::upkeep::Upkeep;
use onhand_engine::view::SourceView;
use serde::Deserialize;
use utoipa::ToSchema;

use super::failed_events::done;
use crate::brokers::kafka::intake::SourceStanding;
use crate::http::answer::{self, Answer};
use crate::http::body::{Word, parse, parse_or_empty};
use crate::http::decimal::Field;
use crate::http::door::Door;
use crate::http::extract::{self, BODY_BYTES_MAX, Headers, Path, id};
use crate::http::json::Json;
use crate::http::problem::{Code, Problem};
use crate::http::whole::Whole;

/// A source: configured, known to the log, or both.
struct Shown {
    standing: Option<Arc<SourceStanding>>,
    view: Option<SourceView>,
}

fn all(door: &Door) -> Vec<Shown> {
    let mut known = door.engine.view().sources();
    let mut shown = Vec::new();
    for standing in door.bridge.iter().flat_map(|bridge| &bridge.intake().sources) {
        let end = format!("/{}", standing.topic.name);
        let stream = standing.stream();
        let is_it = |view: &SourceView| match &stream {
            Some(stream) => view.stream == *stream,
            None => view.stream.as_str().ends_with(&end),
        };
        let view = known.iter().position(is_it).map(|at| known.remove(at));
        shown.push(Shown { standing: Some(Arc::clone(standing)), view });
    }
    shown.extend(known.into_iter().map(|view| Shown { standing: None, view: Some(view) }));
    shown
}

impl Shown {
    fn stream(&self) -> Option<Text> {
        let of_view = || self.view.as_ref().map(|view| view.stream.clone());
        self.standing.as_ref().and_then(|standing| standing.stream()).or_else(of_view)
    }

    fn topic(&self) -> String {
        match (&self.standing, &self.view) {
            (Some(standing), _) => standing.topic.name.clone(),
            (None, Some(view)) => {
                let stream = view.stream.as_str();
                stream.split_once('/').map_or(stream, |(_, topic)| topic).to_owned()
            }
            (None, None) => String::new(),
        }
    }

    fn write(&self, json: &mut Json) {
        let state = self.standing.as_ref().map(|standing| standing.state());
        json.object(|json| {
            json.text("topic", &self.topic());
            json.text_if("stream", self.stream().as_ref().map(Text::as_str));
            json.text("state", state.as_ref().map_or("off", |state| state.word()));
            json.text_if("reason", state.as_ref().and_then(|state| state.reason()));
            json.number("generation", self.view.as_ref().map_or(1, |view| view.generation));
            json.array_at("partitions", |json| {
                for mark in self.view.iter().flat_map(|view| &view.partitions) {
                    json.object(|json| {
                        json.number("partition", mark.last.partition);
                        json.number("nextOffset", mark.next_offset());
                        json.number("sequence", mark.sequence);
                    });
                }
            });
        });
    }
}

/// All sources.
#[utoipa::path(
    get,
    path = "/v1/admin/sources",
    tag = "Operation",
    responses((status = 200, description = "All of them", body = Sources))
)]
pub(crate) async fn list(State(door): State<Arc<Door>>, request: Request) -> Response {
    let answer = Answer::object(|json| {
        json.array_at("items", |json| all(&door).iter().for_each(|source| source.write(json)));
    });
    super::respond(answer, request)
}

/// The source of `/v1/admin/sources/{topic}/…`, by its topic or its stream.
fn named(door: &Door, path: &Path<'_>) -> Result<(Shown, Text), Problem> {
    let word = path.word(2)?;
    let is_it = |shown: &Shown| {
        shown.topic() == *word || shown.stream().is_some_and(|stream| stream.as_str() == word)
    };
    let found = all(door).into_iter().find(is_it);
    let found = found.and_then(|shown| shown.stream().map(|stream| (shown, stream)));
    found.ok_or_else(|| {
        let detail = format!("`{word}` is no topic that is or was read");
        Problem::unknown(Code::NotFound, detail)
    })
}

fn reason(word: Option<&Word<'_>>) -> Result<Option<Text>, Problem> {
    word.map(|word| id(Field::named("reason"), word.as_str(), Text::parse)).transpose()
}

/// Says it to the engine, and shows the source as it is then.
async fn tell(
    door: &Door,
    headers: &Headers<'_>,
    path: &Path<'_>,
    upkeep: Upkeep,
) -> Result<Answer, Problem> {
    let (tenant, trace) = (headers.tenant()?, headers.trace()?);
    let action = Action::Upkeep(Box::new(upkeep));
    done(door.port.call(Command { tenant, key: None, source: None, trace, action }).await)?;
    let mut json = Json::default();
    named(door, path)?.0.write(&mut json);
    Ok(Answer::json(StatusCode::OK, json))
}

/// Why a topic is read from its beginning again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct Reset<'a> {
    /// For the audit.
    #[schema(value_type = Option<String>)]
    reason: Option<Word<'a>>,
}

/// The topic was made anew: its next generation is read from the first message.
#[utoipa::path(
    post,
    path = "/v1/admin/sources/{topic}/reset",
    tag = "Operation",
    params(("topic" = String, Path, description = "The topic")),
    request_body = Option<Reset>,
    responses(
        (status = 200, description = "The source", body = SourceShown),
        crate::http::schema::WriteProblems,
        (status = 404, description = "No such source", body = crate::http::schema::Problem)
    )
)]
pub(crate) async fn reset(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        let body = extract::read(body, &parts.headers, BODY_BYTES_MAX).await?;
        let reason = reason(parse_or_empty::<Reset<'_>>(&body)?.reason.as_ref())?;
        let path = Path::of(&parts.uri);
        let (_, stream) = named(&door, &path)?;
        let upkeep = Upkeep::ResetSource { stream, reason };
        tell(&door, &Headers::of(&parts.headers), &path, upkeep).await
    }
    .await;
    answer::conclude(outcome, &parts)
}

/// Messages that are given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct Skip<'a> {
    /// Of this partition.
    #[schema(value_type = u32)]
    partition: Whole<u32>,
    /// Before this offset.
    #[schema(value_type = u64)]
    next_offset: Whole<u64>,
    /// For the audit.
    #[schema(value_type = Option<String>)]
    reason: Option<Word<'a>>,
}

/// Gives up what lies before an offset. Never goes back.
#[utoipa::path(
    post,
    path = "/v1/admin/sources/{topic}/skip",
    tag = "Operation",
    params(("topic" = String, Path, description = "The topic")),
    request_body = Skip,
    responses(
        (status = 200, description = "The source", body = SourceShown),
        crate::http::schema::WriteProblems,
        (status = 404, description = "No such source", body = crate::http::schema::Problem)
    )
)]
pub(crate) async fn skip(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        let body = extract::read(body, &parts.headers, BODY_BYTES_MAX).await?;
        let asked: Skip<'_> = parse(&body)?;
        let reason = reason(asked.reason.as_ref())?;
        let path = Path::of(&parts.uri);
        let (_, stream) = named(&door, &path)?;
        let (partition, next_offset) = (asked.partition.0, asked.next_offset.0);
        let upkeep = Upkeep::SkipSource { stream, partition, next_offset, reason };
        tell(&door, &Headers::of(&parts.headers), &path, upkeep).await
    }
    .await;
    answer::conclude(outcome, &parts)
}

/// All sources.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Sources {
    items: Vec<SourceShown>,
}

/// A source.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct SourceShown {
    topic: String,
    /// Cluster and topic.
    stream: Option<String>,
    /// `running`, `waiting`, `stopped`, or `off` when it is not configured.
    state: String,
    /// Why it is not read.
    reason: Option<String>,
    /// Raised by every reset.
    generation: u32,
    partitions: Vec<SourcePartition>,
}

/// A partition of a source.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct SourcePartition {
    partition: u32,
    /// The offset it goes on with.
    next_offset: u64,
    /// The record that moved it there.
    sequence: u64,
}

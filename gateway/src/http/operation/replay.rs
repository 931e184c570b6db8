//! Sending events again.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::rejection::Rejection;
use onhand_domain::time::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::brokers::kafka::replay::{Answering, ReplayError, Replayed, Run, Wanted};
use crate::brokers::kafka::{Bridge, SINK};
use crate::brokers::routes::{Route, Routes, dialect_names, is_topic};
use crate::dialect::Dialect;
use crate::http::answer::{self, Answer};
use crate::http::body::{Word, parse};
use crate::http::decimal::Field;
use crate::http::door::Door;
use crate::http::extract::{self, BODY_BYTES_MAX, Headers};
use crate::http::problem::{Code, Problem};
use crate::http::timestamp;
use crate::http::whole::Whole;

/// What is to be sent again. Without a filter everything is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct Replay<'a> {
    /// The sink: `kafka`.
    #[schema(value_type = String, example = "kafka")]
    sink: Word<'a>,
    /// Behind this record; from the beginning when absent.
    #[schema(value_type = Option<u64>)]
    after_sequence: Option<Whole<u64>>,
    /// Not before this instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Word<'a>>,
    /// Before this instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Word<'a>>,
    /// Only these types: canonical ones, or those of an application.
    #[schema(value_type = Option<Vec<String>>)]
    types: Option<Vec<Word<'a>>>,
    /// Only of this aggregate.
    #[schema(value_type = Option<String>)]
    aggregate_id: Option<Word<'a>>,
    /// Only to this topic. One that is not configured gets all events that fit, in the dialect named.
    #[schema(value_type = Option<String>)]
    topic: Option<Word<'a>>,
    /// In this dialect; with a topic, whatever is configured for it.
    #[schema(value_type = Option<String>)]
    dialect: Option<Word<'a>>,
    /// Only tells what would be sent.
    #[serde(default)]
    dry_run: bool,
}

impl Replay<'_> {
    fn wanted(&self, bridge: &Bridge) -> Result<Wanted, Problem> {
        let time = |name: &'static str, word: &Option<Word<'_>>| {
            let parse = |word: &Word<'_>| timestamp::parse(Field::named(name), word.as_str());
            word.as_ref().map(parse).transpose()
        };
        // An application names its events as it likes: a name that nothing bears matches nothing.
        let types = self.types.iter().flatten().map(|word| word.as_str().to_owned()).collect();
        Ok(Wanted {
            after: self.after_sequence.map_or(0, |after| after.0),
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
            types,
            aggregate: self.aggregate_id.as_ref().map(|word| word.as_str().to_owned()),
            routes: self.routes(bridge.routes())?,
            run: if self.dry_run { Run::Dry } else { Run::Sending },
        })
    }

    /// Where to: the configured ways, those to one topic or in one dialect, or a way of its own.
    fn routes(&self, configured: &Routes) -> Result<Routes, Problem> {
        let topic = self.topic.as_ref().map(Word::as_str);
        let dialect = self.dialect.as_ref().map(Word::as_str);
        let unknown = |name: &str| {
            let detail = format!("there is no dialect `{name}`; there are {}", dialect_names());
            wrong("dialect", detail)
        };
        let parse = |name: &str| Dialect::parse(name).ok_or_else(|| unknown(name));
        let dialect = dialect.map(parse).transpose()?;
        if let Some(topic) = topic.filter(|topic| !is_topic(topic)) {
            return Err(wrong("topic", format!("`{topic}` cannot be the name of a topic")));
        }
        if let (Some(topic), Some(dialect)) = (topic, dialect) {
            return Ok(Routes::one(Route::whole(topic.to_owned(), dialect)));
        }
        let routes = configured.only(topic, dialect);
        match (routes.is_empty(), topic) {
            (false, _) => Ok(routes),
            (true, Some(topic)) => {
                Ok(Routes::one(Route::whole(topic.to_owned(), Dialect::Standard)))
            }
            (true, None) => Err(wrong("dialect", "no topic is configured for it; name one".into())),
        }
    }
}

fn wrong(field: &'static str, detail: String) -> Problem {
    Problem::field(Code::InvalidRequest, Field::named(field), detail)
}

/// What is to be sent again must still be there.
fn check_kept(door: &Door, asked: &Replay<'_>, from: Option<Timestamp>) -> Result<(), Problem> {
    let history = door.engine.history();
    let Some(earliest) = history.earliest() else { return Ok(()) };
    if asked.after_sequence.is_some_and(|after| after.0 < history.gone_to()) {
        return Err(Problem::gone("afterSequence", earliest));
    }
    match from {
        Some(from) if from < earliest => Err(Problem::gone("from", earliest)),
        _ => Ok(()),
    }
}

/// Sends events again, marked with the header `replay`. It is done when it answers; a caller that hangs
/// up does not end it.
#[utoipa::path(
    post,
    path = "/v1/admin/replay",
    tag = "Operation",
    request_body = Replay,
    responses(
        (status = 200, description = "What was sent", body = ReplayAnswer),
        crate::http::schema::WriteProblems,
        (status = 400, description = "No such request", body = crate::http::schema::Problem),
        (status = 404, description = "No such sink", body = crate::http::schema::Problem),
        (status = 410, description = "Before the kept history", body = crate::http::schema::Problem),
        (status = 422, description = "A filter that is none", body = crate::http::schema::Problem),
        (status = 429, description = "Another one runs", body = crate::http::schema::Problem),
        (status = 503, description = "The broker is away", body = crate::http::schema::Problem)
    )
)]
pub(crate) async fn replay(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        let body = extract::read(body, &parts.headers, BODY_BYTES_MAX).await?;
        if !body.is_empty() {
            Headers::of(&parts.headers).content()?.expect_json()?;
        }
        let asked: Replay<'_> = parse(&body)?;
        let bridge = door.bridge.as_ref().filter(|_| asked.sink.as_str() == SINK);
        let Some(bridge) = bridge else {
            let detail = format!("there is no sink `{}`", asked.sink.as_str());
            return Err(Problem::unknown(Code::NotFound, detail));
        };
        let wanted = asked.wanted(bridge)?;
        check_kept(&door, &asked, wanted.from)?;
        let key = Headers::of(&parts.headers).key()?;
        let (done, answering) = bridge.replay(wanted, key).await?;
        let Replayed { id, matched, sent } = done;
        let answer = Answer::object(|json| {
            json.text("replayId", &id);
            json.number("matched", matched);
            json.number("sent", sent);
        });
        Ok(answer.replayed_if(answering == Answering::Again))
    }
    .await;
    answer::conclude(outcome, &parts)
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Busy => {
                let detail = "another replay is running; try again when it is done";
                Self::new(StatusCode::TOO_MANY_REQUESTS, Code::Overloaded, detail).later()
            }
            ReplayError::KeyReused => Self::refused(&Rejection::KeyReused),
            ReplayError::Broken(what, sent) => {
                let detail = format!(
                    "the replay broke off: {what}; {sent} messages were sent, and may be sent again"
                );
                Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::OutcomeUnknown, detail).later()
            }
        }
    }
}

/// What a replay did.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct ReplayAnswer {
    /// The value of the header `replay` of what was sent.
    replay_id: String,
    /// Events that fit.
    matched: u64,
    /// Messages that reached their topics; 0 after a dry run.
    sent: u64,
}

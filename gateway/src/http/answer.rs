//! How an answer leaves: status, headers, body; and the way of a write from request to answer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use axum::http::request::Parts;
use axum::response::Response;
use onhand_domain::change::Change;
use onhand_domain::command::{Action, Command};
use onhand_domain::ids::TenantId;
use onhand_engine::ids::correlation_id;
use onhand_engine::keys::key_hash;
use onhand_engine::{Changed, Names, Reply};

use crate::http::door::Door;
use crate::http::extract::{self, BODY_BYTES_MAX, Headers, Path};
use crate::http::json::Json;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::reservations;

/// The log whose records this door's answers are made of.
pub(crate) use onhand_engine::ids::LOG;

const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const TRUE: HeaderValue = HeaderValue::from_static("true");

/// A number that no reservation and no transfer has: records are counted from 1.
pub(crate) const NO_NUMBER: u64 = 0;

/// Room for an answer of a single call; most reservations need 300 bytes, positions 450.
const ANSWER_BYTES: usize = 640;

/// How the answer of a write looks when it was done.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// The HTTP status.
    pub(crate) status: fn(&Change) -> StatusCode,
    /// Writes the body as one object; `None` when the record lacks what the answer shows.
    pub(crate) write: fn(&Changed, &dyn Names, &mut Json) -> Option<()>,
}

/// 200, whatever was done.
pub(crate) const fn ok(_: &Change) -> StatusCode {
    StatusCode::OK
}

/// 201: each such command makes something new.
pub(crate) const fn created(_: &Change) -> StatusCode {
    StatusCode::CREATED
}

/// An answer before it is sent.
pub(crate) struct Answer {
    status: StatusCode,
    body: Vec<u8>,
    content: HeaderValue,
    retry_after_seconds: Option<u32>,
    replayed: bool,
    /// The record it tells of.
    sequence: Option<u64>,
}

impl Answer {
    /// An answer with this JSON.
    pub(crate) fn json(status: StatusCode, json: Json) -> Self {
        Self {
            status,
            body: json.into_bytes(),
            content: JSON,
            retry_after_seconds: None,
            replayed: false,
            sequence: None,
        }
    }

    /// 200 with one object.
    pub(crate) fn object(write: impl FnOnce(&mut Json)) -> Self {
        let mut json = Json::with_capacity(ANSWER_BYTES);
        json.object(write);
        Self::json(StatusCode::OK, json)
    }

    /// Tells that it was given before.
    #[must_use]
    pub(crate) fn replayed_if(self, replayed: bool) -> Self {
        Self { replayed, ..self }
    }

    /// Status and body.
    #[cfg(test)]
    pub(crate) fn parts(&self) -> (StatusCode, &[u8]) {
        (self.status, &self.body)
    }

    /// The answer to a command.
    fn of_reply(reply: Reply, shape: Shape, names: &dyn Names) -> Self {
        let mut json = Json::with_capacity(ANSWER_BYTES);
        let (sequence, replayed) = record_of(&reply);
        let answer = match write_reply(reply, shape, names, &mut json) {
            Ok(status) => Self::json(status, json),
            Err(problem) => Self::from(problem),
        };
        Self { replayed, sequence, ..answer }
    }

    /// The response. The correlation id of the request is echoed; without one, that of the record is
    /// told, or a fresh one.
    pub(crate) fn respond(self, correlation: Option<&HeaderValue>) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content);
        headers.insert(
            CORRELATION,
            correlation.cloned().unwrap_or_else(|| made_correlation(self.sequence)),
        );
        if self.replayed {
            headers.insert(REPLAYED, TRUE);
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

fn made_correlation(sequence: Option<u64>) -> HeaderValue {
    let made = sequence
        .map_or_else(|| uuid::Uuid::now_v7().to_string(), |sequence| correlation_id(LOG, sequence));
    HeaderValue::try_from(made).expect("our own ids are visible ASCII")
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let mut json = Json::with_capacity(ANSWER_BYTES);
        json.object(|json| problem.write(json));
        Self {
            content: PROBLEM,
            retry_after_seconds: problem.retry_after_seconds(),
            ..Self::json(problem.status(), json)
        }
    }
}

/// The record an answer tells of, and whether it had been told before.
pub(crate) fn record_of(reply: &Reply) -> (Option<u64>, bool) {
    match reply {
        Reply::Changed(changed) => (Some(changed.sequence), changed.replayed),
        Reply::Refused { sequence, replayed, .. } => (*sequence, *replayed),
        Reply::Unchanged { replayed, .. } => (None, *replayed),
        Reply::Passed | Reply::Duplicate { .. } | Reply::Failed(_) => (None, false),
    }
}

/// The status of a command that was done, for answers that name it before their body.
///
/// # Errors
/// What was refused or failed.
pub(crate) fn status_of(reply: &Reply, shape: Shape) -> Result<StatusCode, Problem> {
    match reply {
        Reply::Changed(changed) => Ok((shape.status)(&changed.change)),
        Reply::Unchanged { .. } => Ok(StatusCode::OK),
        Reply::Refused { rejection, .. } => Err(Problem::refused(rejection)),
        Reply::Failed(failure) => Err(Problem::from(*failure)),
        Reply::Passed | Reply::Duplicate { .. } => {
            Err(Problem::internal("a command without a source cannot be passed over"))
        }
    }
}

/// Writes the answer of a command that was done as one object.
///
/// # Errors
/// What was refused or failed; then nothing is written.
pub(crate) fn write_reply(
    reply: Reply,
    shape: Shape,
    names: &dyn Names,
    json: &mut Json,
) -> Result<StatusCode, Problem> {
    let status = status_of(&reply, shape)?;
    let mark = json.mark();
    let written = match &reply {
        Reply::Changed(changed) => (shape.write)(changed, names, json),
        Reply::Unchanged { reservation, .. } => {
            reservations::write(reservation, LOG, names, json);
            Some(())
        }
        Reply::Refused { .. } | Reply::Passed | Reply::Duplicate { .. } | Reply::Failed(_) => None,
    };
    if written.is_none() {
        json.cut(mark);
        return Err(Problem::internal("it was done, but its record lacks what the answer shows"));
    }
    Ok(status)
}

/// What a write is made of, besides who asks.
pub(crate) struct Asked<'a> {
    /// Its path.
    pub(crate) path: Path<'a>,
    /// Its body; may be empty.
    pub(crate) body: &'a [u8],
}

/// The way of a write: read, parse, ask the engine, answer.
pub(crate) async fn write(
    door: &Arc<Door>,
    request: Request,
    parse: impl FnOnce(&Asked<'_>) -> Result<Action, Problem>,
    shape: Shape,
) -> Response {
    let (parts, body) = request.into_parts();
    let headers = Headers::of(&parts.headers);
    let answered: Result<Answer, Problem> = async {
        let tenant = headers.tenant()?;
        let key = headers.key()?.map(|key| key_hash(tenant.as_str(), key));
        let trace = headers.trace()?;
        let body = extract::read(body, &parts.headers, BODY_BYTES_MAX).await?;
        if !body.is_empty() {
            headers.content()?.expect_json()?;
        }
        let action = parse(&Asked { path: Path::of(&parts.uri), body: &body })?;
        let reply = door.port.call(Command { tenant, key, source: None, trace, action }).await;
        Ok(Answer::of_reply(reply, shape, door.engine.view().directory()))
    }
    .await;
    answered.unwrap_or_else(Answer::from).respond(headers.correlation)
}

/// What a read is made of.
pub(crate) struct Look<'a> {
    /// Whose data.
    pub(crate) tenant: TenantId,
    /// Its path.
    pub(crate) path: Path<'a>,
    /// Its query.
    pub(crate) query: Query<'a>,
}

impl<'a> Look<'a> {
    /// Takes a request apart.
    ///
    /// # Errors
    /// 422 `INVALID_ID` for the tenant.
    pub(crate) fn of(parts: &'a Parts) -> Result<Self, Problem> {
        let tenant = Headers::of(&parts.headers).tenant()?;
        Ok(Self { tenant, path: Path::of(&parts.uri), query: Query::of(&parts.uri) })
    }
}

/// The way of a read that is answered at once.
pub(crate) fn read(
    request: Request,
    find: impl FnOnce(&Look<'_>) -> Result<Answer, Problem>,
) -> Response {
    let (parts, _) = request.into_parts();
    conclude(Look::of(&parts).and_then(|look| find(&look)), &parts)
}

/// The response to a request whose outcome is known.
pub(crate) fn conclude(outcome: Result<Answer, Problem>, parts: &Parts) -> Response {
    outcome.unwrap_or_else(Answer::from).respond(Headers::of(&parts.headers).correlation)
}

/// Runs a look over many things where it keeps no other request waiting.
///
/// # Errors
/// 500 `INTERNAL` when it panicked.
pub(crate) async fn wide<T: Send + 'static>(
    look: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let looked = tokio::task::spawn_blocking(look).await;
    looked.map_err(|_| Problem::internal("the list could not be read"))
}

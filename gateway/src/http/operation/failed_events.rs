//! Events that could not be acted on, and events that can never be sent.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::command::{Action, Command, Trace};
use onhand_domain::consumed::{Message, Source, SourcePosition};
use onhand_domain::dead_letter::{Direction, Fault, LetterNumber, LetterStatus};
use onhand_domain::ids::Text;
use onhand_domain::upkeep::{Retry, Upkeep};
use onhand_engine::history::LetterRecord;
use onhand_engine::ids::{dead_letter_id, parse_dead_letter_id};
use onhand_engine::view::LetterFilter;
use onhand_engine::{Names, Reply};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::brokers::kafka::intake::{Parsed, TransferNames, parse_again, refetch, unnamed};
use crate::dialect::intake::{Delivery, read};
use crate::http::answer::{self, Answer, LOG};
use crate::http::body::{Word, parse};
use crate::http::decimal::Field;
use crate::http::door::Door;
use crate::http::extract::{self, BODY_BYTES_MAX, Headers, Path, id};
use crate::http::json::Json;
use crate::http::page::{self, List, Wanted};
use crate::http::problem::{Code, Problem, letter_status_word};
use crate::http::query::Query;
use crate::http::timestamp;

const STATUSES: [(&str, LetterStatus); 3] = [
    ("open", LetterStatus::Open),
    ("retried", LetterStatus::Retried),
    ("discarded", LetterStatus::Discarded),
];

/// The topic of a stream, which is named by cluster and topic.
pub(super) fn topic_of(position: &SourcePosition) -> &str {
    let stream = position.stream.as_str();
    stream.split_once('/').map_or(stream, |(_, topic)| topic)
}

fn write(record: &LetterRecord, names: &dyn Names, json: &mut Json) {
    let letter = &record.letter;
    let tenant = names.tenant(letter.tenant);
    json.object(|json| {
        json.text("id", &dead_letter_id(LOG, letter.number));
        match letter.direction {
            Direction::In => write_in(record, tenant.as_str(), json),
            Direction::Out => write_out(record, json),
        }
        json.text("tenantId", tenant.as_str());
        json.text("code", record.code());
        write_reason(record, json);
        json.number("attempts", letter.attempts);
        json.time("firstFailedAt", letter.first_failed_at);
        json.time("lastFailedAt", letter.last_failed_at);
        json.text("status", letter_status_word(letter.status));
        json.number("sequence", letter.sequence);
        write_payload(record, json);
    });
}

/// What the message says of itself, as far as it can be read.
fn write_in(record: &LetterRecord, tenant: &str, json: &mut Json) {
    let Some(position) = record.position() else { return };
    let delivery = delivery(position, tenant, None, record.message().map(|it| &*it.bytes));
    let told = read(&delivery).read;
    let event_id = record.event().map(|event| event.id.as_str());
    let event_id = event_id.or_else(|| told.as_ref()?.event_id.as_deref());
    json.text_if("eventId", event_id);
    json.text_if("eventType", told.as_ref().map(|told| &*told.event_type));
    json.text("direction", "in");
    json.text("topic", topic_of(position));
    json.number("partition", position.partition);
    json.number("offset", position.offset);
}

fn write_out(record: &LetterRecord, json: &mut Json) {
    let unsent = record.unsent();
    json.text_if("eventId", unsent.map(|unsent| unsent.event_id.as_str()));
    json.text_if("eventType", unsent.map(|unsent| unsent.event_type.as_str()));
    json.text("direction", "out");
    json.text_if("topic", unsent.map(|unsent| unsent.topic.as_str()));
}

fn write_reason(record: &LetterRecord, json: &mut Json) {
    if let Some(rejection) = record.rejection() {
        let problem = Problem::refused(rejection);
        json.text("error", problem.detail());
        json.object_at("details", |json| problem.write(json));
    } else if let Some(fault) = record.fault() {
        json.text("error", fault.error.as_str());
        if let Some(details) = &fault.details {
            json.members(format!("\"details\":{details}").as_bytes());
        }
    }
}

/// As it is when it is JSON and whole, else its text.
fn write_payload(record: &LetterRecord, json: &mut Json) {
    let Some(message) = record.message() else { return };
    let raw = serde_json::from_slice::<&RawValue>(&message.bytes).ok();
    match raw.filter(|_| message.is_whole()) {
        Some(raw) => json.members(format!("\"payload\":{raw}").as_bytes()),
        None => json.text("payload", &String::from_utf8_lossy(&message.bytes)),
    }
}

fn delivery<'a>(
    position: &'a SourcePosition,
    tenant: &'a str,
    event_id: Option<&'a [u8]>,
    payload: Option<&'a [u8]>,
) -> Delivery<'a> {
    Delivery {
        topic: topic_of(position),
        partition: position.partition,
        offset: position.offset,
        event_id,
        tenant: Some(tenant.as_bytes()),
        topic_tenant: None,
        payload,
        now: timestamp::now(),
    }
}

/// Events that failed, newest first: all that are open, and those settled last.
#[utoipa::path(
    get,
    path = "/v1/admin/failed-events",
    tag = "Operation",
    params(
        ("status" = Option<crate::http::schema::LetterStatus>, Query, description = "Only these"),
        ("tenantId" = Option<String>, Query, description = "Only of this tenant"),
        ("limit" = Option<usize>, Query, description = "1 to 1,000; 100 when absent"),
        ("cursor" = Option<String>, Query, description = "Where the page before ended")
    ),
    responses(
        (status = 200, description = "A page", body = FailedEvents),
        crate::http::schema::ReadProblems
    )
)]
pub(crate) async fn list(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        let query = Query::of(&parts.uri);
        let wanted = Wanted::of(List::FailedEvents, &query)?;
        let names = door.engine.view().directory();
        let mut filter =
            LetterFilter { status: query.one_of("status", &STATUSES)?, ..LetterFilter::default() };
        if let Some(tenant) = query.text("tenantId") {
            let Some(tenant) = names.tenant_number(tenant) else {
                return Ok(page::page(List::FailedEvents, &[(); 0], None::<u64>, |(), _| ()));
            };
            filter.tenant = Some(tenant);
        }
        let before = wanted.after.map(|cursor| cursor.number);
        let found = door.engine.history().dead_letters(filter, before, wanted.limit).await?;
        Ok(page::page(List::FailedEvents, &found.items, found.next, |record, json| {
            write(record, names, json);
        }))
    }
    .await;
    answer::conclude(outcome, &parts)
}

async fn found(door: &Door, path: &Path<'_>) -> Result<LetterRecord, Problem> {
    let word = path.word(2)?;
    let unknown = || Problem::unknown(Code::NotFound, format!("there is no failed event `{word}`"));
    let number = parse_dead_letter_id(&word).ok_or_else(unknown)?;
    door.engine.history().dead_letter(number).await?.ok_or_else(unknown)
}

fn shown(door: &Door, record: &LetterRecord) -> Answer {
    let mut json = Json::default();
    write(record, door.engine.view().directory(), &mut json);
    Answer::json(StatusCode::OK, json)
}

/// One of them.
#[utoipa::path(
    get,
    path = "/v1/admin/failed-events/{id}",
    tag = "Operation",
    params(("id" = String, Path, description = "The failed event")),
    responses(
        (status = 200, description = "The event", body = FailedEvent),
        crate::http::schema::ReadProblems,
        (status = 404, description = "No such event", body = crate::http::schema::Problem)
    )
)]
pub(crate) async fn show(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let outcome = async {
        let record = found(&door, &Path::of(&parts.uri)).await?;
        Ok(shown(&door, &record))
    };
    answer::conclude(outcome.await, &parts)
}

/// Tries it again: its message is read again and acted on, or its event is sent again. It acts once,
/// however often it is retried.
#[utoipa::path(
    post,
    path = "/v1/admin/failed-events/{id}/retry",
    tag = "Operation",
    params(("id" = String, Path, description = "The failed event")),
    responses(
        (status = 200, description = "It was acted on, now or before", body = FailedEvent),
        crate::http::schema::WriteProblems,
        (status = 404, description = "No such event", body = crate::http::schema::Problem),
        (status = 409, description = "It failed again", body = crate::http::schema::Problem)
    )
)]
pub(crate) async fn retry(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        let trace = Headers::of(&parts.headers).trace()?;
        let record = found(&door, &Path::of(&parts.uri)).await?;
        if record.letter.status == LetterStatus::Retried {
            return Ok(shown(&door, &record));
        }
        let (with, trace) = match record.letter.direction {
            Direction::In => parsed(&door, &record, trace).await?,
            Direction::Out => (sent(&door, &record).await?, trace),
        };
        let letter = record.letter.number;
        settle(&door, &record, Upkeep::Retry { letter, with }, trace).await?;
        let after = found(&door, &Path::of(&parts.uri)).await?;
        if after.letter.status == LetterStatus::Open {
            let error = after.fault().map_or("", |fault| fault.error.as_str());
            let detail = format!("it failed again: {} {error}", after.code());
            return Err(Problem::new(StatusCode::CONFLICT, Code::InvalidState, detail));
        }
        Ok(shown(&door, &after))
    }
    .await;
    answer::conclude(outcome, &parts)
}

/// What its message asks for now; who asked for the retry is kept with it.
async fn parsed(
    door: &Door,
    record: &LetterRecord,
    asked: Option<Arc<Trace>>,
) -> Result<(Retry, Option<Arc<Trace>>), Problem> {
    let position = record.position().ok_or_else(|| Problem::internal("it came from nowhere"))?;
    let bridge = door.bridge.clone();
    let unreadable =
        |detail: &str| Problem::new(StatusCode::CONFLICT, Code::InvalidState, detail.to_owned());
    let kept = record.message();
    let is_whole = kept.is_none_or(Message::is_whole);
    // Of a message that made no sense its id was not kept, which may stand in a header.
    let fetched = match bridge.clone() {
        Some(bridge) if !is_whole || record.event().is_none() => {
            let position = position.clone();
            let fetch = move || refetch(bridge.config(), topic_of(&position), &position);
            Some(answer::wide(fetch).await?)
        }
        _ => None,
    };
    let payload = match (kept, &fetched) {
        (kept, _) if is_whole => kept.map(|message| message.bytes.to_vec()),
        (_, Some(fetched)) => Some(fetched.as_ref().map_err(|it| unreadable(it))?.payload.clone()),
        (_, None) => {
            let gone = "its message is longer than what is kept, and there is no broker to ask";
            return Err(unreadable(gone));
        }
    };
    let event_id = record.event().map(|event| event.id.as_str().as_bytes().to_vec());
    let event_id = event_id.or_else(|| fetched?.ok()?.event_id);
    let transfers = bridge.map_or_else(
        || Arc::new(TransferNames::default()),
        |bridge| Arc::clone(&bridge.intake().transfers),
    );
    let tenant = door.engine.view().directory().tenant(record.letter.tenant);
    let delivery = delivery(position, tenant.as_str(), event_id.as_deref(), payload.as_deref());
    let mut parsed = parse_again(&delivery, position, &transfers);
    if let Parsed::Unnamed(tenant, name) = &parsed {
        transfers.look_up(&door.engine, tenant, name).await;
        parsed = parse_again(&delivery, position, &transfers);
    }
    Ok(match parsed {
        Parsed::Act(action, trace, event) => {
            let source = Source { event: Some(event), ..Source::at(position.clone()) };
            (Retry::Act(action, Some(Arc::new(source))), Some(with_user(&trace, asked)))
        }
        Parsed::Nothing => (Retry::Done, asked),
        Parsed::Unnamed(..) => (Retry::Failed(unnamed()), asked),
        Parsed::Fault(fault) => (Retry::Failed(fault), asked),
    })
}

fn with_user(said: &Trace, asked: Option<Arc<Trace>>) -> Arc<Trace> {
    let asked = asked.and_then(|trace| trace.user.clone());
    Arc::new(Trace { user: asked.or_else(|| said.user.clone()), ..said.clone() })
}

async fn sent(door: &Door, record: &LetterRecord) -> Result<Retry, Problem> {
    let unsent = record.unsent().ok_or_else(|| Problem::internal("it was for nobody"))?;
    let bridge = door.bridge.as_ref().ok_or_else(|| {
        let detail = "no broker is configured: it cannot be sent";
        Problem::new(StatusCode::CONFLICT, Code::InvalidState, detail)
    })?;
    Ok(match bridge.resend(unsent).await {
        Ok(()) => Retry::Done,
        Err(error) => {
            let error = Text::parse(&error).unwrap_or_else(|_| Text::trusted("it was not taken"));
            Retry::Failed(Fault { code: Text::trusted("UNSENDABLE"), error, details: None })
        }
    })
}

/// Sends what settles a letter, as its tenant.
async fn settle(
    door: &Door,
    record: &LetterRecord,
    upkeep: Upkeep,
    trace: Option<Arc<Trace>>,
) -> Result<(), Problem> {
    let tenant = door.engine.view().directory().tenant(record.letter.tenant);
    let action = Action::Upkeep(Box::new(upkeep));
    done(door.port.call(Command { tenant, key: None, source: None, trace, action }).await)
}

/// An answer that is either good or a problem.
pub(super) fn done(reply: Reply) -> Result<(), Problem> {
    match reply {
        Reply::Changed(_) | Reply::Unchanged { .. } | Reply::Passed | Reply::Duplicate { .. } => {
            Ok(())
        }
        Reply::Refused { rejection, .. } => Err(Problem::refused(&rejection)),
        Reply::Failed(failure) => Err(Problem::from(failure)),
    }
}

/// Why it is given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct Discard<'a> {
    /// For the audit.
    #[schema(value_type = String)]
    reason: Word<'a>,
}

/// Gives it up.
#[utoipa::path(
    post,
    path = "/v1/admin/failed-events/{id}/discard",
    tag = "Operation",
    params(("id" = String, Path, description = "The failed event")),
    request_body = Discard,
    responses(
        (status = 200, description = "It is given up", body = FailedEvent),
        crate::http::schema::WriteProblems,
        (status = 404, description = "No such event", body = crate::http::schema::Problem),
        (status = 409, description = "It was retried before", body = crate::http::schema::Problem)
    )
)]
pub(crate) async fn discard(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        let trace = Headers::of(&parts.headers).trace()?;
        let body = extract::read(body, &parts.headers, BODY_BYTES_MAX).await?;
        let asked: Discard<'_> = parse(&body)?;
        let reason = Some(id(Field::named("reason"), asked.reason.as_str(), Text::parse)?);
        let record = found(&door, &Path::of(&parts.uri)).await?;
        let letter: LetterNumber = record.letter.number;
        settle(&door, &record, Upkeep::Discard { letter, reason }, trace).await?;
        Ok(shown(&door, &found(&door, &Path::of(&parts.uri)).await?))
    }
    .await;
    answer::conclude(outcome, &parts)
}

/// A page of failed events.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct FailedEvents {
    items: Vec<FailedEvent>,
    next_cursor: Option<String>,
}

/// A failed event.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct FailedEvent {
    id: String,
    event_id: Option<String>,
    event_type: Option<String>,
    /// `in`: it could not be acted on; `out`: it can never be sent.
    direction: String,
    topic: Option<String>,
    partition: Option<u32>,
    offset: Option<u64>,
    tenant_id: String,
    /// Why, for programs.
    code: String,
    /// Why, for people.
    error: String,
    details: Option<serde_json::Value>,
    attempts: u32,
    first_failed_at: String,
    last_failed_at: String,
    /// `open`, `retried` or `discarded`.
    status: String,
    /// The record that last changed it.
    sequence: u64,
    /// What it said; its beginning when it is longer than 64 KiB.
    payload: Option<serde_json::Value>,
}

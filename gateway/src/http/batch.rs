//! Batches: thousands of independent entries in one call, each parsed, decided and answered on its own.

#[cfg(test)]
mod tests;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::command::{Action, Command};
use onhand_domain::time::Timestamp;
use onhand_engine::keys::key_hash;
use onhand_engine::{Names, Reply};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::http::answer::{self, Answer, Shape};
use crate::http::body::{self, Object, parse_text};
use crate::http::door::Door;
use crate::http::extract::{self, BATCH_BYTES_MAX, Content, Headers};
use crate::http::json::Json;
use crate::http::problem::Problem;
use crate::http::reservations::RESERVED;
use crate::http::reservations::request::ReservationBody;
use crate::http::schema;
use crate::http::stock::STOCK;
use crate::http::stock::corrections::{Adjustment, Move, StockCount};
use crate::http::stock::entries::{Receipt, Return, Sale};
use crate::http::stock::revaluations::Revaluation;
use crate::http::stock::transfers::{STARTED, TransferStart};
use crate::http::timestamp;

/// Most entries of a batch.
const ENTRIES_MAX: usize = 10_000;
/// Room for the answer to an entry.
const ANSWER_BYTES: usize = 420;

/// An entry that was understood: what to do, and how its answer looks.
#[derive(Clone)]
struct Entry {
    action: Action,
    shape: Shape,
}

/// Entries in their order; one that is not valid holds its place as a problem.
type Entries = Vec<Result<Entry, Problem>>;

/// What a stock entry does.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    Receipt,
    Adjustment,
    Move,
    Sale,
    Return,
    Count,
    Transfer,
    Revaluation,
}

/// One stock write of a batch.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[serde(tag = "op", rename_all = "lowercase")]
pub(crate) enum StockRequest<'a> {
    /// As `POST /v1/stock/receipts`.
    Receipt(Receipt<'a>),
    /// As `POST /v1/stock/adjustments`.
    Adjustment(Adjustment<'a>),
    /// As `POST /v1/stock/moves`.
    Move(Move<'a>),
    /// As `POST /v1/stock/sales`.
    Sale(Sale<'a>),
    /// As `POST /v1/stock/returns`.
    Return(Return<'a>),
    /// As `POST /v1/stock/counts`.
    Count(StockCount<'a>),
    /// As `POST /v1/stock/transfers`.
    Transfer(TransferStart<'a>),
    /// As `POST /v1/stock/revaluations`.
    Revaluation(Revaluation<'a>),
}

impl StockRequest<'_> {
    fn entry(&self, now: Timestamp) -> Result<Entry, Problem> {
        let (action, shape) = match self {
            Self::Receipt(body) => (body.action(now), STOCK),
            Self::Adjustment(body) => (body.action(now), STOCK),
            Self::Move(body) => (body.action(now), STOCK),
            Self::Sale(body) => (body.action(now), STOCK),
            Self::Return(body) => (body.action(now), STOCK),
            Self::Count(body) => (body.action(now), STOCK),
            Self::Transfer(body) => (body.action(now), STARTED),
            Self::Revaluation(body) => (body.action(now), STOCK),
        };
        Ok(Entry { action: action?, shape })
    }

    /// Reads the members of an object whose `op` is known.
    fn read<'de, D: Deserializer<'de>>(op: Op, members: D) -> Result<StockRequest<'de>, D::Error> {
        Ok(match op {
            Op::Receipt => StockRequest::Receipt(Receipt::deserialize(members)?),
            Op::Adjustment => StockRequest::Adjustment(Adjustment::deserialize(members)?),
            Op::Move => StockRequest::Move(Move::deserialize(members)?),
            Op::Sale => StockRequest::Sale(Sale::deserialize(members)?),
            Op::Return => StockRequest::Return(Return::deserialize(members)?),
            Op::Count => StockRequest::Count(StockCount::deserialize(members)?),
            Op::Transfer => StockRequest::Transfer(TransferStart::deserialize(members)?),
            Op::Revaluation => StockRequest::Revaluation(Revaluation::deserialize(members)?),
        })
    }

    /// Reads an object in two steps: first `op`, wherever it stands, then all of it.
    fn read_slowly(text: &str) -> Result<StockRequest<'_>, Problem> {
        #[derive(Deserialize)]
        struct OnlyOp {
            op: Op,
        }
        match parse_text::<OnlyOp>(text)?.op {
            Op::Receipt => parse_text(text).map(StockRequest::Receipt),
            Op::Adjustment => parse_text(text).map(StockRequest::Adjustment),
            Op::Move => parse_text(text).map(StockRequest::Move),
            Op::Sale => parse_text(text).map(StockRequest::Sale),
            Op::Return => parse_text(text).map(StockRequest::Return),
            Op::Count => parse_text(text).map(StockRequest::Count),
            Op::Transfer => parse_text(text).map(StockRequest::Transfer),
            Op::Revaluation => parse_text(text).map(StockRequest::Revaluation),
        }
    }
}

/// Reads an object whose first member is `op`, in one pass; anything else is an error, and is read
/// slowly.
impl<'de: 'a, 'a> Deserialize<'de> for StockRequest<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OpFirst;

        impl<'de> Visitor<'de> for OpFirst {
            type Value = StockRequest<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                #[derive(Deserialize)]
                #[serde(rename_all = "lowercase")]
                enum First {
                    Op,
                }
                let Some(First::Op) = map.next_key()? else {
                    return Err(serde::de::Error::missing_field("op"));
                };
                let op = map.next_value()?;
                StockRequest::read(op, MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(OpFirst)
    }
}

/// What an entry that stands alone asks for.
///
/// # Errors
/// As for the call that its `op` names.
pub(crate) fn stock_action(text: &str, now: Timestamp) -> Result<Action, Problem> {
    stock_entry(text, now).map(|entry| entry.action)
}

fn stock_entry(text: &str, now: Timestamp) -> Result<Entry, Problem> {
    StockRequest::read_slowly(text)?.entry(now)
}

fn reservation_entry(body: &ReservationBody<'_>) -> Result<Entry, Problem> {
    Ok(Entry { action: body.action()?, shape: RESERVED })
}

/// Makes an entry of each element of an array as soon as it is read: thousands of parsed bodies side
/// by side would only travel through memory.
struct Each<T, F> {
    make: F,
    element: PhantomData<T>,
}

impl<'de, T, F> Visitor<'de> for Each<T, F>
where
    T: Deserialize<'de>,
    F: Fn(T) -> Result<Entry, Problem>,
{
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Entries, A::Error> {
        let mut entries = Entries::new();
        while let Some(element) = elements.next_element()? {
            if entries.len() == ENTRIES_MAX {
                return Err(serde::de::Error::invalid_length(ENTRIES_MAX + 1, &self));
            }
            entries.push((self.make)(element));
        }
        Ok(entries)
    }
}

/// Reads an array in one pass; gives up at the first element that is not as it should be.
fn read_quickly<'a, T: Deserialize<'a>>(
    text: &'a str,
    make: impl Fn(T) -> Result<Entry, Problem>,
) -> Option<Entries> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let entries = deserializer.deserialize_seq(Each { make, element: PhantomData }).ok()?;
    deserializer.end().ok()?;
    Some(entries)
}

/// Reads an array element by element, so that a bad one fails alone.
fn read_slowly<'a>(
    text: &'a str,
    make: impl Fn(&'a str) -> Result<Entry, Problem>,
) -> Result<Entries, Problem> {
    let texts: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| body::malformed(text, &error))?;
    check_count(texts.len())?;
    Ok(texts.into_iter().map(|entry| make(entry.get())).collect())
}

fn check_count(count: usize) -> Result<(), Problem> {
    if count > ENTRIES_MAX {
        return Err(Problem::limit(ENTRIES_MAX, "entries per batch"));
    }
    Ok(())
}

fn read_stock(text: &str, content: Content, now: Timestamp) -> Result<Entries, Problem> {
    if content == Content::Lines {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        // One more than allowed is enough to know that there are too many.
        let entries: Entries =
            lines.take(ENTRIES_MAX + 1).map(|line| stock_entry(line, now)).collect();
        check_count(entries.len())?;
        return Ok(entries);
    }
    match read_quickly(text, |request: StockRequest<'_>| request.entry(now)) {
        Some(entries) => Ok(entries),
        None => read_slowly(text, |entry| stock_entry(entry, now)),
    }
}

fn read_reservations(text: &str) -> Result<Entries, Problem> {
    match read_quickly(text, |body: Object<ReservationBody<'_>>| reservation_entry(&body.0)) {
        Some(entries) => Ok(entries),
        None => read_slowly(text, |entry| reservation_entry(&parse_text(entry)?)),
    }
}

/// Reads a text as every batch would; says how many entries can be read.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn read_as_any(text: &str, now: Timestamp) -> usize {
    let read = [
        read_stock(text, Content::Lines, now),
        read_stock(text, Content::Json, now),
        read_reservations(text),
    ];
    read.into_iter().flatten().flatten().filter(Result::is_ok).count()
}

/// Where the answer of an entry comes from.
enum Slot {
    /// From the engine: the next reply.
    Asked(Shape),
    /// From the door.
    Refused(Problem),
}

/// Parts entries into what is asked of the engine and what each slot waits for.
fn part(
    entries: Entries,
    mut command: impl FnMut(usize, Action) -> Command,
) -> (Vec<Slot>, Vec<Command>) {
    let mut commands = Vec::with_capacity(entries.len());
    let slots = entries.into_iter().enumerate().map(|(index, entry)| match entry {
        Ok(Entry { action, shape }) => {
            commands.push(command(index, action));
            Slot::Asked(shape)
        }
        Err(problem) => Slot::Refused(problem),
    });
    let slots = slots.collect();
    (slots, commands)
}

/// Writes `{results:[{status, answer?, problem?}], succeeded, failed}`.
///
/// A repeated batch gets the same text again; that it is a repetition is told beside it, when every
/// answer of the engine is one.
fn write(slots: Vec<Slot>, replies: Vec<Reply>, names: &dyn Names) -> Answer {
    let replayed = !replies.is_empty() && replies.iter().all(|reply| answer::record_of(reply).1);
    let (mut succeeded, mut failed) = (0u32, 0u32);
    let mut replies = replies.into_iter();
    let mut json = Json::with_capacity(64 + ANSWER_BYTES * slots.len());
    json.object(|json| {
        json.array_at("results", |json| {
            for slot in slots {
                let outcome = match slot {
                    Slot::Refused(problem) => Err(problem),
                    Slot::Asked(shape) => match replies.next() {
                        Some(reply) => write_done(reply, shape, names, json),
                        None => Err(Problem::internal("the engine gave no answer")),
                    },
                };
                match outcome {
                    Ok(()) => succeeded += 1,
                    Err(problem) => {
                        failed += 1;
                        write_problem(&problem, json);
                    }
                }
            }
        });
        json.number("succeeded", succeeded);
        json.number("failed", failed);
    });
    Answer::json(StatusCode::OK, json).replayed_if(replayed)
}

/// Writes the result of an entry that was done.
///
/// # Errors
/// What was refused or failed; then nothing is written.
fn write_done(
    reply: Reply,
    shape: Shape,
    names: &dyn Names,
    json: &mut Json,
) -> Result<(), Problem> {
    let mark = json.mark();
    let status = answer::status_of(&reply, shape)?;
    let written = json.object(|json| {
        json.number("status", status.as_u16());
        json.key("answer");
        answer::write_reply(reply, shape, names, json)
    });
    written.map(|_| ()).inspect_err(|_| json.cut(mark))
}

fn write_problem(problem: &Problem, json: &mut Json) {
    json.object(|json| {
        json.number("status", problem.status().as_u16());
        json.object_at("problem", |json| problem.write(json));
    });
}

/// The way of a batch: read, parse each entry, ask the engine for all of them at once, answer.
async fn run(
    door: &Door,
    request: Request,
    read: impl FnOnce(&str, Content) -> Result<Entries, Problem>,
) -> Response {
    let (parts, body) = request.into_parts();
    let answered = async {
        let headers = Headers::of(&parts.headers);
        let tenant = headers.tenant()?;
        let key = headers.key()?;
        let trace = headers.trace()?;
        let body = extract::read(body, &parts.headers, BATCH_BYTES_MAX).await?;
        let entries = read(body::text(&body)?, headers.content()?)?;
        let (slots, commands) = part(entries, |index, action| Command {
            tenant: tenant.clone(),
            key: key.map(|key| key_hash(tenant.as_str(), &format!("{key}/{index}"))),
            source: None,
            trace: trace.clone(),
            action,
        });
        let replies = door.port.call_batch(commands).await;
        Ok(write(slots, replies, door.engine.view().directory()))
    };
    answer::conclude(answered.await, &parts)
}

/// Many stock writes, each on its own.
#[utoipa::path(
    post,
    path = "/v1/stock:batch",
    tag = "Stock",
    params(schema::WriteHeaders),
    request_body(
        description = "An array of stock writes, or one per line (NDJSON); at most 10,000. Entry i \
            has the idempotency key `K/i`.",
        content(
            (Vec<StockRequest> = "application/json"),
            (String = "application/x-ndjson")
        )
    ),
    responses((status = 200, body = schema::StockBatchAnswer), schema::WriteProblems)
)]
pub(crate) async fn stock(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(&door, request, |text, content| read_stock(text, content, timestamp::now())).await
}

/// Many reservations, each on its own.
#[utoipa::path(
    post,
    path = "/v1/reservations:batch",
    tag = "Reservations",
    params(schema::WriteHeaders),
    request_body(
        description = "An array of reservations; at most 10,000. Entry i has the idempotency key `K/i`.",
        content = Vec<ReservationBody>
    ),
    responses((status = 200, body = schema::ReservationBatchAnswer), schema::WriteProblems)
)]
pub(crate) async fn reservations(State(door): State<Arc<Door>>, request: Request) -> Response {
    let read = |text: &str, content: Content| {
        content.expect_json()?;
        read_reservations(text)
    };
    run(&door, request, read).await
}

//! What happened, in the order of the log: page by page, or as a stream that follows.

pub(crate) mod cursor;
mod feed;
mod filter;
mod scan;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use utoipa::ToSchema;

use crate::http::answer::{self, Answer, Look};
use crate::http::door::Door;
use crate::http::extract::Headers;
use crate::http::instants::kept_instant_of;
use crate::http::json::Json;
use crate::http::page::limit_of;
use crate::http::problem::{Code, Problem};
use crate::http::schema;
use cursor::Cursor;
use feed::Feed;
use filter::Filter;
use scan::{Found, scan};

/// Records that one page looks at, at most; beyond it the page ends early, with a cursor, so that a
/// filter that fits nothing does not read the whole log in one request.
const SCAN_RECORDS_MAX: usize = 65_536;

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Proxies of the nginx kind would hold messages back.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where to begin, and what to tell.
struct Asked {
    after: Cursor,
    filter: Filter,
}

impl Asked {
    fn of(look: &Look<'_>, after: Option<&str>, door: &Door) -> Result<Self, Problem> {
        let after = match after {
            Some(text) => Cursor::parse(text, door.engine.outbox().durable())?,
            None => Cursor::START,
        };
        let history = door.engine.history();
        if after != Cursor::START
            && after.last_whole_record() < history.gone_to()
            && let Some(earliest) = history.earliest()
        {
            return Err(Problem::gone("after", earliest));
        }
        kept_instant_of(&look.query, "from", &door.engine)?;
        Ok(Self { after, filter: Filter::of(look)? })
    }

    /// Records that were decided before `from` need not be read.
    async fn skip(&mut self, door: &Door) -> Result<(), Problem> {
        if let Some(from) = self.filter.from {
            let before = door.engine.outbox().last_before(from).await?;
            self.after = self.after.max(Cursor::behind(before));
        }
        Ok(())
    }
}

/// Events in the order of the log, never cut inside a record: a page may hold a few more than `limit`.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "Reads",
    params(
        schema::ReadHeaders,
        ("after" = Option<String>, Query,
            description = "`cursor` of an event, or `nextCursor` of a page; absent or `0`: from the \
                beginning"),
        ("limit" = Option<u32>, Query, description = "Events per page, 1 to 1000; 100 when absent"),
        ("type" = Option<Vec<String>>, Query, description = "Only these types"),
        ("aggregateId" = Option<String>, Query, description = "Only of this aggregate"),
        ("correlationId" = Option<String>, Query, description = "Only of this flow"),
        ("from" = Option<String>, Query, description = "Not before this instant"),
        ("to" = Option<String>, Query, description = "Before this instant")
    ),
    responses((status = 200, body = schema::Page<Event>), schema::ReadProblems)
)]
pub(crate) async fn page(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer::conclude(find(&door, &parts).await, &parts)
}

async fn find(door: &Arc<Door>, parts: &Parts) -> Result<Answer, Problem> {
    let look = Look::of(parts)?;
    let limit = limit_of(&look.query)?;
    let after = look.query.text("after").or_else(|| look.query.text("cursor"));
    let mut asked = Asked::of(&look, after, door)?;
    asked.skip(door).await?;
    let outbox = door.engine.outbox();
    let (mut at, filter) = (asked.after, Arc::new(asked.filter));
    let (mut items, mut count, mut scanned) = (Json::default(), 0, 0);
    let next = loop {
        let records = outbox.read(at.last_whole_record()).await?;
        if records.is_empty() {
            break None;
        }
        let (view, filter) = (Arc::clone(door.engine.view()), Arc::clone(&filter));
        let room = limit - count;
        let found = answer::wide(move || scan(&records, at, room, &filter, view.directory()));
        let Found { events, count: more, records, end, is_over } = found.await?;
        items.members(&events.into_bytes());
        (count, scanned, at) = (count + more, scanned + records, end);
        if is_over || at.last_whole_record() >= outbox.durable() {
            break None;
        }
        if count >= limit || scanned >= SCAN_RECORDS_MAX {
            break Some(at);
        }
    };
    let items = items.into_bytes();
    Ok(Answer::object(|json| {
        json.array_at("items", |json| json.members(&items));
        if let Some(next) = next {
            json.text("nextCursor", &next.to_string());
        }
    }))
}

/// Events as they happen (Server-Sent Events): `id` is the cursor, `event` the type, `data` the
/// envelope. A reader that reconnects with `Last-Event-ID` misses nothing.
#[utoipa::path(
    get,
    path = "/v1/events/stream",
    tag = "Reads",
    params(
        schema::ReadHeaders,
        ("Last-Event-ID" = Option<String>, Header,
            description = "`cursor` of the last event seen; absent or `0`: from the beginning"),
        ("after" = Option<String>, Query, description = "The same, for who cannot set headers"),
        ("type" = Option<Vec<String>>, Query, description = "Only these types"),
        ("aggregateId" = Option<String>, Query, description = "Only of this aggregate"),
        ("correlationId" = Option<String>, Query, description = "Only of this flow"),
        ("from" = Option<String>, Query, description = "Not before this instant"),
        ("to" = Option<String>, Query, description = "Before this instant; then the stream ends")
    ),
    responses(
        (status = 200, description = "Events, without end", body = String,
            content_type = "text/event-stream"),
        (status = 429, description = "Too many streams: `OVERLOADED`", body = schema::Problem,
            content_type = "application/problem+json"),
        schema::ReadProblems
    )
)]
pub(crate) async fn stream(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match open(&door, &parts).await {
        Ok(feed) => {
            let mut response = Response::new(Body::new(feed));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, EVENT_STREAM);
            headers.insert(CACHE_CONTROL, NO_STORE);
            headers.insert(UNBUFFERED.0, UNBUFFERED.1);
            if let Some(correlation) = Headers::of(&parts.headers).correlation {
                headers.insert(HeaderName::from_static("x-correlation-id"), correlation.clone());
            }
            response
        }
        Err(problem) => answer::conclude(Err(problem), &parts),
    }
}

async fn open(door: &Arc<Door>, parts: &Parts) -> Result<Feed, Problem> {
    let look = Look::of(parts)?;
    let seen = match parts.headers.get(LAST_EVENT_ID) {
        Some(seen) => Some(seen.to_str().map_err(|_| cursor::foreign())?),
        None => look.query.text("after"),
    };
    let mut asked = Asked::of(&look, seen, door)?;
    let Some(place) = door.meters.streams.enter() else {
        let detail =
            format!("{} event streams are open; try again later", door.meters.streams.limit());
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, Code::Overloaded, detail).later());
    };
    asked.skip(door).await?;
    Ok(Feed::new(Arc::clone(door), asked, place))
}

/// An event in the dialect `standard`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Event {
    /// Never changes, however often the event is sent.
    event_id: String,
    #[schema(example = "StockLevelChanged")]
    event_type: String,
    #[schema(example = "InventoryPosition")]
    aggregate_type: String,
    #[schema(example = "item-1:WH-01")]
    aggregate_id: String,
    tenant_id: String,
    #[schema(format = DateTime)]
    timestamp: String,
    version: String,
    epoch: u32,
    /// Number of the record that made it.
    sequence: u64,
    /// Its place among the events of the record.
    index: u32,
    /// Version of the aggregate; without a hole.
    aggregate_version: u32,
    /// Give it back as `after` to go on behind this event.
    cursor: String,
    payload: serde_json::Value,
    metadata: EventMetadata,
}

/// Who caused an event, and what it belongs to.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct EventMetadata {
    source: String,
    user_id: Option<String>,
    correlation_id: String,
    causation_id: Option<String>,
}

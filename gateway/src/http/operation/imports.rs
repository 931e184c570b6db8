//! Files that are imported: slices of their rows, and how far each file has come.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::command::Trace;
use onhand_domain::ids::TenantId;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::http::answer::{self, Answer, Look};
use crate::http::body::{self, parse_text};
use crate::http::door::Door;
use crate::http::extract::{self, BATCH_BYTES_MAX, Headers, Path};
use crate::http::json::Json;
use crate::http::problem::{Code, Problem};
use crate::http::query::Query;
use crate::http::whole::Whole;
use crate::import::row::Row;
use crate::import::slice::{self, Done, Numbered};
use crate::import::standing::{self, Standing};
use crate::import::{ROWS_MAX, Refused, Stream};

/// A row as it comes: one JSON object per line.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NumberedRow<'a> {
    /// Its line in the file, from 1; ascending.
    #[schema(value_type = u64)]
    line: Whole<u64>,
    /// The row: as described in docs/IMPORT.md.
    #[serde(borrow)]
    #[schema(value_type = Object)]
    row: &'a RawValue,
}

/// The stream of `/v1/admin/imports/{fileHash}`.
fn stream_of(path: &Path<'_>) -> Result<Stream, Problem> {
    let hash = path.word(2)?;
    Stream::parse(&hash).ok_or_else(|| {
        let detail = format!("`{hash}` is no hash of a file: 64 hexadecimal digits");
        Problem::unknown(Code::NotFound, detail)
    })
}

fn read_rows(text: &str, tenant: &TenantId) -> Result<(Vec<Numbered>, Vec<Refused>), Problem> {
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    let mut before = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if rows.len() + refused.len() == ROWS_MAX {
            return Err(Problem::limit(ROWS_MAX, "rows per slice"));
        }
        let NumberedRow { line: Whole(line), row } = parse_text(line)?;
        if line <= before {
            return Err(Problem::invalid("lines do not ascend"));
        }
        before = line;
        match Row::parse(row.get(), tenant) {
            Ok(row) => rows.push(Numbered { line, row }),
            Err(problem) => refused.push(Refused::of(line, &problem)),
        }
    }
    Ok((rows, refused))
}

fn write_refused(refused: &[Refused], json: &mut Json) {
    json.array_at("refused", |json| {
        for Refused { line, code, detail, is_booked } in refused {
            json.object(|json| {
                json.number("line", *line);
                json.text("code", code);
                json.text("detail", detail);
                json.truth("booked", *is_booked);
            });
        }
    });
}

/// Writes what became of a slice.
pub(crate) fn write_done(done: &Done, json: &mut Json) {
    json.number("acted", done.acted);
    json.number("passed", done.passed);
    write_refused(&done.refused, json);
}

/// Writes how a file stands.
pub(crate) fn write_standing(standing: &Standing, json: &mut Json) {
    json.number("settledLine", standing.settled);
    json.number("seen", standing.seen);
    write_refused(&standing.refused, json);
    if let Some(next) = standing.next {
        json.text("nextCursor", &next.to_string());
    }
}

/// Acts on some rows of a file, each once however often it is sent. They are durable when it answers.
/// Slices of one file come one after the other, in the order of the file.
#[utoipa::path(
    post,
    path = "/v1/admin/imports/{fileHash}",
    tag = "Operation",
    params(
        crate::http::schema::WriteHeaders,
        ("fileHash" = String, Path, description = "BLAKE3 of the file, 64 hexadecimal digits")
    ),
    request_body(
        content((String = "application/x-ndjson")),
        description = "One `{line, row}` per line; at most 4,096. A line that was refused before must \
            not be sent again."
    ),
    responses(
        (status = 200, description = "What became of them", body = SliceAnswer),
        crate::http::schema::WriteProblems
    )
)]
pub(crate) async fn take(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        let headers = Headers::of(&parts.headers);
        let (tenant, trace) = (headers.tenant()?, headers.trace()?);
        let stream = stream_of(&Path::of(&parts.uri))?;
        let body = extract::read(body, &parts.headers, BATCH_BYTES_MAX).await?;
        let (rows, refused) = read_rows(body::text(&body)?, &tenant)?;
        let trace = Trace { correlation: Some(stream.name().clone()), ..trace_of(trace) };
        let (door, trace) = (Arc::clone(&door), Some(Arc::new(trace)));
        let mut done = answer::wide(move || act(&door, &stream, trace, rows)).await??;
        done.refused.extend(refused);
        done.refused.sort_by_key(|refused| refused.line);
        Ok(Answer::object(|json| write_done(&done, json)))
    }
    .await;
    answer::conclude(outcome, &parts)
}

fn trace_of(trace: Option<Arc<Trace>>) -> Trace {
    trace.map_or_else(Trace::default, Arc::unwrap_or_clone)
}

fn act(
    door: &Door,
    stream: &Stream,
    trace: Option<Arc<Trace>>,
    rows: Vec<Numbered>,
) -> Result<Done, Problem> {
    let Some(mut port) = door.tools.import.try_lock() else {
        let detail = "another slice is under way; nothing of this one was done";
        let status = StatusCode::TOO_MANY_REQUESTS;
        return Err(Problem::new(status, Code::Overloaded, detail).later());
    };
    let port = port.get_or_insert_with(|| door.engine.source_port());
    slice::act(&door.engine, port, stream, trace, rows)
}

/// How far a file has come, and which of its rows were refused.
#[utoipa::path(
    get,
    path = "/v1/admin/imports/{fileHash}",
    tag = "Operation",
    params(
        ("fileHash" = String, Path, description = "BLAKE3 of the file, 64 hexadecimal digits"),
        ("cursor" = Option<String>, Query, description = "Where the answer before ended")
    ),
    responses(
        (status = 200, description = "How it stands", body = ImportStanding),
        crate::http::schema::ReadProblems
    )
)]
pub(crate) async fn show(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        let look = Look::of(&parts)?;
        let stream = stream_of(&look.path)?;
        let standing = standing::look(&door.engine, &stream, cursor(&look.query)?).await?;
        Ok(Answer::object(|json| write_standing(&standing, json)))
    }
    .await;
    answer::conclude(outcome, &parts)
}

/// The number that a cursor of ours is.
pub(super) fn cursor(query: &Query<'_>) -> Result<u64, Problem> {
    let Some(text) = query.text("cursor") else { return Ok(0) };
    text.parse().map_err(|_| Problem::malformed("`cursor` is none of ours"))
}

/// What became of some rows.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct SliceAnswer {
    /// Rows that were acted on now.
    acted: u64,
    /// Rows that had been acted on before.
    passed: u64,
    refused: Vec<RefusedRow>,
}

/// A row that was not done.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct RefusedRow {
    line: u64,
    code: String,
    detail: String,
    /// Its stock was booked all the same; only what it says besides was refused.
    booked: bool,
}

/// How a file stands.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct ImportStanding {
    /// Up to this line everything is done; 0: nothing was ever acted on.
    settled_line: u64,
    /// The record up to which the log was looked at.
    seen: u64,
    refused: Vec<RefusedRow>,
    /// There is more to see.
    next_cursor: Option<String>,
}

//! Taking a backup while selling goes on.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::backup;
use crate::http::answer::{self, Answer};
use crate::http::body::{Word, parse};
use crate::http::door::Door;
use crate::http::extract::{self, BODY_BYTES_MAX};
use crate::http::json::Json;
use crate::http::problem::Problem;

/// Where a backup goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct BackupBody<'a> {
    /// A whole path on the server's machine; nothing may be there, or an empty directory.
    #[schema(value_type = String)]
    directory: Word<'a>,
}

/// Begins a backup. It needs the token of `server.json`, because it writes files on the server.
#[utoipa::path(
    post,
    path = "/v1/admin/backup",
    tag = "Operation",
    request_body = BackupBody,
    responses(
        (status = 202, description = "It has begun", body = Chore),
        (status = 401, description = "The token is missing", body = crate::http::schema::Problem),
        (status = 409, description = "Another one is under way", body = crate::http::schema::Problem),
        (status = 422, description = "No whole path", body = crate::http::schema::Problem)
    )
)]
pub(crate) async fn take(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        door.tools.authenticate(&parts.headers)?;
        let body = extract::read(body, &parts.headers, BODY_BYTES_MAX).await?;
        let asked: BackupBody<'_> = parse(&body)?;
        let directory = PathBuf::from(asked.directory.as_str());
        if !directory.is_absolute() {
            return Err(Problem::invalid("`directory` is a whole path: it begins with `/`"));
        }
        let engine = door.engine.clone();
        let rate = door.tools.bytes_per_second;
        door.tools.backup.start("onhand-backup", move |chore| {
            let going = &mut |progress: &onhand_storage::BackupProgress| {
                chore.go_on(progress.bytes, progress.bytes_total)
            };
            let written = engine.backup(&directory, rate, going)?;
            let contents = backup::install(written)?;
            tracing::info!(directory = %directory.display(), sequence = contents.sequence, "backup");
            let mut json = Json::default();
            backup::write_members(&contents, &mut json);
            json.text("directory", &directory.display().to_string());
            Ok(json)
        })?;
        Ok(begun(&door.tools.backup))
    }
    .await;
    answer::conclude(outcome, &parts)
}

/// 202: how a chore that has just begun stands.
pub(super) fn begun(chore: &crate::tools::Chore) -> Answer {
    let mut json = Json::default();
    json.object(|json| chore.write(json));
    Answer::json(StatusCode::ACCEPTED, json)
}

/// How the backup that was begun last stands.
#[utoipa::path(
    get,
    path = "/v1/admin/backup",
    tag = "Operation",
    responses((status = 200, description = "How it stands", body = Chore))
)]
pub(crate) async fn show(State(door): State<Arc<Door>>, request: Request) -> Response {
    super::respond(Answer::object(|json| door.tools.backup.write(json)), request)
}

/// Work that goes on beside selling.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Chore {
    /// Counts the runs since the start of the process.
    id: u32,
    /// `never`, `running`, `done` or `failed`.
    status: String,
    /// While it runs: how far it is, of `total`.
    done: Option<u64>,
    total: Option<u64>,
    /// When it failed: the exit code that a tool ends with, and why.
    exit_code: Option<u8>,
    error: Option<String>,
    /// When a backup is done: the last record in it.
    sequence: Option<u64>,
    /// When a backup is done: the epoch it was taken in.
    epoch: Option<u32>,
    /// When a backup is done: its length.
    bytes: Option<u64>,
    /// When a backup is done: where it lies.
    directory: Option<String>,
    /// When a proof is done: records that were walked, and positions that they make.
    records: Option<u64>,
    positions: Option<u32>,
    /// When a proof is done: what contradicts what; at most a hundred.
    findings: Option<Vec<String>>,
}

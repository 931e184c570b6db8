//! Verifying what is durable while selling goes on.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use onhand_engine::verify::running::{Depth, Progress};
use serde::Deserialize;
use utoipa::ToSchema;

use super::backup::{Chore, begun};
use crate::exit::{Exit, Stop};
use crate::http::answer::{self, Answer};
use crate::http::body::parse_or_empty;
use crate::http::door::Door;
use crate::http::extract::{self, BODY_BYTES_MAX};
use crate::http::json::Json;
use crate::http::problem::Problem;
use crate::proof;

/// What is to be proved.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct VerifyBody {
    /// Compare the memory that the log makes with the memory that decides.
    #[serde(default)]
    rebuild: bool,
}

/// Begins a proof of what is durable: hash chain, sums, invariants.
#[utoipa::path(
    post,
    path = "/v1/admin/verify",
    tag = "Operation",
    request_body = Option<VerifyBody>,
    responses(
        (status = 202, description = "It has begun", body = Chore),
        crate::http::schema::WriteProblems
    )
)]
pub(crate) async fn begin(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        let body = extract::read(body, &parts.headers, BODY_BYTES_MAX).await?;
        let asked: VerifyBody = parse_or_empty(&body)?;
        let engine = door.engine.clone();
        let rate = door.tools.bytes_per_second;
        let depth = if asked.rebuild { Depth::Rebuild } else { Depth::Sums };
        door.tools.verify.start("onhand-verify", move |chore| {
            let going = &mut |progress: &Progress| {
                let done = progress.chain.records.saturating_add(progress.compared);
                chore.go_on(done, progress.until.max(done))
            };
            let report = engine.verify(depth, rate, going)?;
            let Some(report) = report else {
                return Err(Stop::new(Exit::Refused, "the server was stopped before the end"));
            };
            for finding in &report.findings {
                tracing::error!(finding, "the log and memory contradict each other");
            }
            let mut json = Json::default();
            proof::Proof::of(&report).write(&mut json);
            Ok(json)
        })?;
        Ok(begun(&door.tools.verify))
    }
    .await;
    answer::conclude(outcome, &parts)
}

/// How the proof that was begun last stands.
#[utoipa::path(
    get,
    path = "/v1/admin/verify",
    tag = "Operation",
    responses((status = 200, description = "How it stands", body = Chore))
)]
pub(crate) async fn show(State(door): State<Arc<Door>>, request: Request) -> Response {
    super::respond(Answer::object(|json| door.tools.verify.write(json)), request)
}

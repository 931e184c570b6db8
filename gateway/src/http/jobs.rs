//! Jobs: how far work has come that was too large for one step.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::ids::{Reference, Text};
use onhand_domain::job::{JobStatus, Task};
use onhand_engine::Names;
use onhand_engine::history::JobRecord;
use onhand_engine::ids::{LOG, job_id, parse_job_id};
use utoipa::ToSchema;

use crate::http::answer::{self, Answer, Look};
use crate::http::door::Door;
use crate::http::json::Json;
use crate::http::problem::{Code, Problem};
use crate::http::schema;

const fn status_word(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Running => "RUNNING",
        JobStatus::Completed => "COMPLETED",
    }
}

fn write(job: &JobRecord, names: &dyn Names, json: &mut Json) {
    let (word, counted) = match &job.task {
        Task::CancelItem(_) | Task::CancelLocation(_) => ("CANCEL_RESERVATIONS", "cancelled"),
        Task::ArchiveProduct(_) => ("ARCHIVE_PRODUCT", "archived"),
        Task::OpenLocation(_) | Task::OpenItem(_) => ("OPEN_POSITIONS", "positionsOpened"),
    };
    json.object(|json| {
        json.text("jobId", &job_id(LOG, job.number));
        json.text("task", word);
        match &job.task {
            Task::CancelItem(item) | Task::OpenItem(item) => {
                json.text("itemId", names.item(*item).as_str());
            }
            Task::CancelLocation(location) | Task::OpenLocation(location) => {
                json.text("locationId", names.location(*location).as_str());
            }
            Task::ArchiveProduct(product) => json.text("productId", Reference::as_str(product)),
        }
        json.text_if("reason", job.reason.as_ref().map(Text::as_str));
        json.text("status", status_word(job.progress.status));
        json.number(counted, job.progress.done);
        if let Task::ArchiveProduct(_) = job.task {
            json.number("left", job.progress.left);
        }
        json.time("startedAt", job.started_at);
    });
}

/// A job, running or ended.
#[utoipa::path(
    get,
    path = "/v1/jobs/{jobId}",
    tag = "Operation",
    params(schema::ReadHeaders, ("jobId" = String, Path, description = "The job")),
    responses((status = 200, body = Job), schema::ReadProblems)
)]
pub(crate) async fn read(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let unknown = || Problem::unknown(Code::NotFound, "there is no such job");
    let found = async {
        let look = Look::of(&parts)?;
        let number = parse_job_id(&look.path.word(1)?).ok_or_else(unknown)?;
        let job = door.engine.history().job(look.tenant.as_str(), number).await;
        let job = job.map_err(Problem::from)?.ok_or_else(unknown)?;
        let mut json = Json::with_capacity(256);
        write(&job, door.engine.view().directory(), &mut json);
        Ok(Answer::json(StatusCode::OK, json))
    };
    answer::conclude(found.await, &parts)
}

/// Work that is too large for one step.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Job {
    job_id: String,
    task: TaskWord,
    /// The item it is about.
    item_id: Option<String>,
    /// The location it is about.
    location_id: Option<String>,
    /// The product it is about.
    product_id: Option<String>,
    reason: Option<String>,
    status: JobWord,
    /// Reservations cancelled so far.
    cancelled: Option<u64>,
    /// Items archived so far.
    archived: Option<u64>,
    /// Positions opened so far.
    positions_opened: Option<u64>,
    /// Items that have stock, and were left as they are; known at the end.
    left: Option<u64>,
    #[schema(format = DateTime)]
    started_at: String,
}

/// What a job does.
#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) enum TaskWord {
    CancelReservations,
    ArchiveProduct,
    OpenPositions,
}

/// Where a job stands.
#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) enum JobWord {
    Running,
    Completed,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use onhand_domain::job::Progress;
    use onhand_domain::time::Timestamp;
    use serde_json::Value;
    use utoipa::PartialSchema;

    use super::*;
    use crate::http::samples::SampleNames;

    fn written(task: Task) -> Value {
        let progress = Progress { status: JobStatus::Completed, done: 7, left: 1 };
        let (reason, started_at) = (Text::parse("recall").ok(), Timestamp::from_millis(0));
        let mut json = Json::default();
        write(
            &JobRecord { number: 9, task, reason, progress, started_at },
            &SampleNames,
            &mut json,
        );
        serde_json::from_slice(&json.into_bytes()).expect("JSON")
    }

    #[test]
    fn every_task_is_written_as_described() {
        let schema = serde_json::to_value(Job::schema()).expect("a schema is JSON");
        let product = Reference::parse("P-1").expect("valid");
        for (task, counted) in [
            (Task::CancelItem(1), "cancelled"),
            (Task::CancelLocation(1), "cancelled"),
            (Task::ArchiveProduct(product), "archived"),
            (Task::OpenLocation(1), "positionsOpened"),
            (Task::OpenItem(1), "positionsOpened"),
        ] {
            let job = written(task);
            assert_eq!(job["jobId"], "job-1-9");
            assert_eq!(job[counted], 7, "{job}");
            let members: BTreeSet<_> = job.as_object().expect("an object").keys().collect();
            let described = schema["properties"].as_object().expect("an object");
            assert!(members.iter().all(|name| described.contains_key(*name)), "{job}");
            for name in schema["required"].as_array().expect("a list") {
                assert!(job.get(name.as_str().expect("a name")).is_some(), "{name} of {job}");
            }
        }
    }
}

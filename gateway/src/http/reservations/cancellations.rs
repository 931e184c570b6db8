//! Cancelling many reservations: of an order at once, of an item or at a location by a job.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::change::Cause;
use onhand_domain::command::{Action, Detail, StartJob, WishedTask};
use onhand_domain::ids::{ItemId, LocationId};
use onhand_engine::ids::job_id;
use onhand_engine::{Changed, Names};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::answer::{self, Asked, Shape};
use crate::http::body::{Word, parse};
use crate::http::catalog::{reference_if, text_if};
use crate::http::decimal::Field;
use crate::http::door::Door;
use crate::http::extract::id;
use crate::http::json::Json;
use crate::http::problem::{Code, Problem};
use crate::http::schema;

/// Which reservations are cancelled: exactly one of `orderId`, `itemId`, `locationId`. By item or location
/// whole reservations are meant: those that `GET /v1/reservations` lists with the same filter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct Cancellations<'a> {
    /// All open reservations of this order, in one step.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    order_id: Option<Word<'a>>,
    /// All open reservations with an open line of this item, by a job.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    item_id: Option<Word<'a>>,
    /// All open reservations with an open line at this location, by a job.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    location_id: Option<Word<'a>>,
    /// Why.
    #[schema(value_type = String, max_length = 1024)]
    reason: Word<'a>,
}

impl Cancellations<'_> {
    fn action(&self) -> Result<Action, Problem> {
        let reason = text_if(Some(&self.reason), Field::named("reason"))?;
        let detail = Some(Arc::new(Detail { reason, ..Detail::default() }));
        let task = match (&self.order_id, &self.item_id, &self.location_id) {
            (Some(order), None, None) => {
                let field = Field::named("orderId");
                let order = reference_if(Some(order), field)?.ok_or_else(ambiguous)?;
                return Ok(Action::CancelOrder { order, detail });
            }
            (None, Some(item), None) => {
                WishedTask::CancelItem(id(Field::named("itemId"), item.as_str(), ItemId::parse)?)
            }
            (None, None, Some(location)) => {
                let field = Field::named("locationId");
                WishedTask::CancelLocation(id(field, location.as_str(), LocationId::parse)?)
            }
            _ => return Err(ambiguous()),
        };
        Ok(Action::StartJob(Box::new(StartJob { task, detail })))
    }
}

fn ambiguous() -> Problem {
    let detail = "name exactly one of `orderId`, `itemId`, `locationId`";
    Problem::field(Code::InvalidRequest, Field::named("orderId"), detail)
}

/// By order the number is known; a job tells it when it is asked.
const ANSWER: Shape = Shape {
    status: |change| match change.cause {
        Cause::JobStarted => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    },
    write: write_answer,
};

fn write_answer(changed: &Changed, _: &dyn Names, json: &mut Json) -> Option<()> {
    let change = &changed.change;
    json.object(|json| {
        match change.cause {
            Cause::JobStarted => json.text("jobId", &job_id(changed.log, changed.sequence)),
            _ => json.number("cancelled", change.withdrawn.len() as u64),
        }
        json.number("sequence", changed.sequence);
    });
    Some(())
}

fn cancel_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    parse::<Cancellations<'_>>(asked.body)?.action()
}

/// Releases what is open of many reservations. By order it is one step; by item or location a job, which
/// cancels what was promised before it began.
#[utoipa::path(
    post,
    path = "/v1/reservations:cancel",
    tag = "Reservations",
    params(schema::WriteHeaders),
    request_body = Cancellations,
    responses(
        (status = 200, description = "All reservations of the order", body = CancelledAnswer),
        (status = 202, description = "Begun; see `GET /v1/jobs/{jobId}`", body = JobAnswer),
        schema::WriteProblems
    )
)]
pub(crate) async fn cancel(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, cancel_action, ANSWER).await
}

/// How many reservations of an order were cancelled.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct CancelledAnswer {
    cancelled: u64,
    sequence: u64,
}

/// A job that has begun.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct JobAnswer {
    job_id: String,
    sequence: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let told = match parse::<Cancellations<'_>>(body.as_bytes()).map(|body| body.action()) {
            Ok(Ok(Action::CancelOrder { order, .. })) => format!("order {order}"),
            Ok(Ok(Action::StartJob(job))) => format!("{:?}", job.task),
            Ok(Ok(other)) => panic!("{other:?}"),
            Ok(Err(problem)) | Err(problem) => format!("{}", problem.status().as_u16()),
        };
        assert_eq!(told, expected, "{body}");
    }

    #[test]
    fn exactly_one_filter_is_named_and_a_reason() {
        check(r#"{"orderId":"O-1","reason":"x"}"#, "order O-1");
        check(r#"{"itemId":"tea","reason":"x"}"#, r#"CancelItem("tea")"#);
        check(r#"{"locationId":"north","reason":"x"}"#, r#"CancelLocation("north")"#);
        check(r#"{"reason":"x"}"#, "422");
        check(r#"{"orderId":"O-1","itemId":"tea","reason":"x"}"#, "422");
        check(r#"{"itemId":"tea","locationId":"north","reason":"x"}"#, "422");
        check(r#"{"itemId":"","reason":"x"}"#, "422");
        check(r#"{"itemId":"tea"}"#, "400");
    }
}

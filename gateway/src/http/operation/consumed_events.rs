//! Events that came in, and what became of them.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use onhand_engine::Names;
use onhand_engine::history::{ConsumedFilter, ConsumedRecord, ConsumedStatus};
use utoipa::ToSchema;

use super::failed_events::topic_of;
use crate::http::answer::{self, Answer};
use crate::http::door::Door;
use crate::http::json::Json;
use crate::http::page::{self, List, Wanted};
use crate::http::problem::Problem;
use crate::http::query::Query;

const STATUSES: [(&str, ConsumedStatus); 3] = [
    ("processed", ConsumedStatus::Processed),
    ("refused", ConsumedStatus::Refused),
    ("deadLetter", ConsumedStatus::DeadLetter),
];

fn write(record: &ConsumedRecord, names: &dyn Names, json: &mut Json) {
    let (event, change, status) = (record.event(), &record.change, record.status());
    let word = STATUSES.iter().find(|(_, known)| *known == status).map_or("", |(word, _)| word);
    json.object(|json| {
        json.text("eventId", event.id.as_str());
        json.text("eventType", event.event_type.as_str());
        json.text_if("source", change.source.as_ref().map(|source| topic_of(&source.position)));
        json.text("tenantId", names.tenant(change.tenant).as_str());
        json.time("processedAt", change.at);
        json.text("status", word);
        let error = change.refusal.as_deref().map(Problem::refused);
        json.text_if("error", error.as_ref().map(Problem::detail));
        json.number("sequence", record.sequence);
    });
}

/// Events of the window that were acted on, newest first. What came again left no trace here.
#[utoipa::path(
    get,
    path = "/v1/admin/consumed-events",
    tag = "Operation",
    params(
        ("eventId" = Option<String>, Query, description = "Only with this id"),
        ("type" = Option<String>, Query, description = "Only of this canonical type"),
        ("status" = Option<crate::http::schema::ConsumedStatus>, Query, description = "Only these"),
        ("limit" = Option<usize>, Query, description = "1 to 1,000; 100 when absent"),
        ("cursor" = Option<String>, Query, description = "Where the page before ended")
    ),
    responses(
        (status = 200, description = "A page", body = ConsumedEvents),
        crate::http::schema::ReadProblems
    )
)]
pub(crate) async fn list(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        let query = Query::of(&parts.uri);
        let wanted = Wanted::of(List::ConsumedEvents, &query)?;
        let filter = ConsumedFilter {
            event_id: query.text("eventId").map(str::to_owned),
            event_type: query.text("type").map(str::to_owned),
            status: query.one_of("status", &STATUSES)?,
            tenant: None,
        };
        let before = wanted.after.map(|cursor| cursor.number);
        let found = door.engine.history().consumed_events(filter, before, wanted.limit).await?;
        let names = door.engine.view().directory();
        Ok(page::page(List::ConsumedEvents, &found.items, found.next, |record, json| {
            write(record, names, json);
        }))
    }
    .await;
    answer::conclude(outcome, &parts)
}

/// A page of consumed events.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct ConsumedEvents {
    items: Vec<ConsumedEvent>,
    next_cursor: Option<String>,
}

/// A consumed event.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct ConsumedEvent {
    event_id: String,
    /// The canonical type.
    event_type: String,
    /// The topic.
    source: String,
    tenant_id: String,
    processed_at: String,
    /// `processed`, `refused` or `deadLetter`.
    status: String,
    error: Option<String>,
    /// The record that acted on it.
    sequence: u64,
}

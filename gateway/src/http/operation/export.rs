//! Exports: all tenants' stock, open reservations and transfers, page by page.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;

use super::imports::cursor;
use crate::export::{self, Kind};
use crate::http::answer::{self, Answer, Look};
use crate::http::door::Door;
use crate::http::json::Json;
use crate::http::problem::{Code, Problem};

/// Room for a page.
const PAGE_BYTES: usize = 512 << 10;

/// A page of what there is, in a form that `onhand import` takes. Each position is shown as of one
/// record, several as of neighbouring ones.
#[utoipa::path(
    get,
    path = "/v1/admin/export/{kind}",
    tag = "Operation",
    params(
        ("kind" = String, Path, description = "`stock`, `reservations` or `transfers`"),
        ("cursor" = Option<String>, Query, description = "Where the page before ended")
    ),
    responses(
        (status = 200, description = "A page", body = ExportPage),
        (status = 404, description = "No such kind", body = crate::http::schema::Problem)
    )
)]
pub(crate) async fn page(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let outcome: Result<Answer, Problem> = async {
        let look = Look::of(&parts)?;
        let kind = match &*look.path.word(2)? {
            "stock" => Kind::Stock,
            "reservations" => Kind::Reservations,
            "transfers" => Kind::Transfers,
            other => {
                let detail = format!("`{other}` is none of stock, reservations, transfers");
                return Err(Problem::unknown(Code::NotFound, detail));
            }
        };
        let (engine, cursor) = (door.engine.clone(), cursor(&look.query)?);
        answer::wide(move || {
            let mut json = Json::with_capacity(PAGE_BYTES);
            json.object(|json| export::write_page(engine.view(), kind, cursor, json));
            Answer::json(StatusCode::OK, json)
        })
        .await
    }
    .await;
    answer::conclude(outcome, &parts)
}

/// A page of an export.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct ExportPage {
    /// Rows as described in docs/IMPORT.md, or reservations or transfers with `tenantId`.
    #[schema(value_type = Vec<Object>)]
    items: Vec<String>,
    /// There is more.
    next_cursor: Option<String>,
}

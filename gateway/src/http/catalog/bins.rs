//! `/v1/locations/{locationId}/bins`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use onhand_domain::catalog::Bin;
use onhand_domain::command::Action;
use onhand_domain::ids::{BinId, LocationId, Text};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::answer::{self, Asked, Shape};
use crate::http::body::{Word, parse_or_empty};
use crate::http::catalog::{locations, text_if};
use crate::http::decimal::Field;
use crate::http::door::Door;
use crate::http::json::Json;
use crate::http::page::{List, Wanted, page};
use crate::http::problem::Problem;
use crate::http::schema;

/// All that is said about a bin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct BinBody<'a> {
    /// Name for people.
    #[schema(value_type = Option<String>, max_length = 1024)]
    name: Option<Word<'a>>,
}

fn write(location: &LocationId, bin: &Bin, json: &mut Json) {
    json.object(|json| {
        json.text("locationId", location.as_str());
        json.text("binId", bin.id.as_str());
        json.text_if("name", bin.name.as_ref().map(Text::as_str));
    });
}

/// The bin, with 201 when it is new.
const BIN: Shape = Shape {
    status: |change| match &change.bin {
        Some(bin) if bin.created => StatusCode::CREATED,
        _ => StatusCode::OK,
    },
    write: |changed, names, json| {
        let put = changed.change.bin.as_deref()?;
        write(&names.location(put.location), &put.bin, json);
        Some(())
    },
};

fn put_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    let location = locations::location_of(&asked.path)?;
    let bin = asked.path.id(3, "binId", BinId::parse)?;
    let body: BinBody<'_> = parse_or_empty(asked.body)?;
    Ok(Action::PutBin { location, bin, name: text_if(body.name.as_ref(), Field::named("name"))? })
}

/// Creates or renames a bin.
#[utoipa::path(
    put,
    path = "/v1/locations/{locationId}/bins/{binId}",
    tag = "Catalog",
    params(
        schema::WriteHeaders,
        ("locationId" = String, Path, description = "The location"),
        ("binId" = String, Path, description = "The bin")
    ),
    request_body = BinBody,
    responses(
        (status = 201, body = schema::Bin, description = "It is new"),
        (status = 200, body = schema::Bin, description = "It was there before"),
        schema::WriteProblems
    )
)]
pub(crate) async fn put(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, put_action, BIN).await
}

/// Bins of a location, in the order in which they were created.
#[utoipa::path(
    get,
    path = "/v1/locations/{locationId}/bins",
    tag = "Catalog",
    params(
        schema::ReadHeaders,
        schema::Paging,
        ("locationId" = String, Path, description = "The location")
    ),
    responses((status = 200, body = schema::Page<schema::Bin>), schema::ReadProblems)
)]
pub(crate) async fn list(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::read(request, |look| {
        let id = locations::location_of(&look.path)?;
        let wanted = Wanted::of(List::Bins, &look.query)?;
        let found = door.engine.view().location(look.tenant.as_str(), id.as_str());
        let (_, bins) = found.ok_or_else(|| locations::unknown(&id))?;
        // Bins are only ever added at the end, so their place in the list is a cursor.
        let start = wanted.start().min(bins.len());
        let end = start.saturating_add(wanted.limit).min(bins.len());
        let next = (end < bins.len()).then_some(end as u64);
        Ok(page(List::Bins, &bins[start..end], next, |bin, json| write(&id, bin, json)))
    })
}

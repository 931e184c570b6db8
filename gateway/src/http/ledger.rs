//! The ledger: every movement of stock, the newest entry first.

mod entry;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use onhand_domain::change::MovementKind;
use onhand_domain::ids::{ItemId, LocationId, Reference};
use onhand_engine::events::words;
use onhand_engine::history::{LedgerFilter, LedgerPage, LedgerPlace};
use onhand_engine::ids::parse_reservation_id;

use crate::http::answer::{self, Answer, Look};
use crate::http::door::Door;
use crate::http::instants::{instant_of, kept_instant_of};
use crate::http::page::{Cursor, List, Wanted, page};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::schema;
pub(crate) use entry::{Movement, write};

impl From<LedgerPlace> for Cursor {
    fn from(place: LedgerPlace) -> Self {
        Self { number: place.sequence, place: place.movement }
    }
}

impl From<Cursor> for LedgerPlace {
    fn from(cursor: Cursor) -> Self {
        Self { sequence: cursor.number, movement: cursor.place }
    }
}

/// The types that are wanted; one that is none is refused.
fn kinds_of(query: &Query<'_>) -> Result<Vec<MovementKind>, Problem> {
    let known = |text: &str| {
        MovementKind::ALL.into_iter().find(|kind| words::movement(*kind) == text).ok_or_else(|| {
            let all = MovementKind::ALL.map(words::movement).join(", ");
            Problem::malformed(format!("`type` is one of {all}"))
                .with(|json| json.text("field", "type"))
        })
    };
    query.all("type").map(known).collect()
}

fn filter_of(look: &Look<'_>, door: &Door) -> Result<LedgerFilter, Problem> {
    let query = &look.query;
    let engine = &door.engine;
    // What is no name of a reservation is none that has movements.
    let reservation = query.text("reservationId");
    let reservation = reservation.map(|id| parse_reservation_id(id).unwrap_or(answer::NO_NUMBER));
    Ok(LedgerFilter {
        item: query.id("itemId", ItemId::parse)?,
        location: query.id("locationId", LocationId::parse)?,
        from: kept_instant_of(query, "from", engine)?,
        to: instant_of(query, "to")?,
        recorded_from: kept_instant_of(query, "recordedFrom", engine)?,
        recorded_to: instant_of(query, "recordedTo")?,
        kinds: kinds_of(query)?,
        reference: query.id("reference", Reference::parse)?,
        order: query.id("orderId", Reference::parse)?,
        reservation,
    })
}

async fn find(door: &Door, parts: &Parts, list: List) -> Result<Answer, Problem> {
    let look = Look::of(parts)?;
    let wanted = Wanted::of(list, &look.query)?;
    let filter = filter_of(&look, door)?;
    let history = door.engine.history();
    let before = wanted.after.map(LedgerPlace::from);
    let view = Arc::clone(door.engine.view());
    let tell = move |found: LedgerPage| {
        page(list, &found.entries, found.next, |entry, json| write(entry, view.directory(), json))
    };
    let of = (before, wanted.limit);
    Ok(history.ledger_told(look.tenant.as_str(), filter, of, tell).await?)
}

/// All movements of stock, the newest entry first. An entry stands where it was recorded, also when it
/// tells of something that happened before. A page may have fewer entries than `limit`, even none, and
/// still be followed by another: go on while there is a `nextCursor`.
#[utoipa::path(
    get,
    path = "/v1/ledger",
    tag = "Reads",
    params(
        schema::ReadHeaders,
        schema::Paging,
        ("itemId" = Option<String>, Query, description = "Only of this item"),
        ("locationId" = Option<String>, Query, description = "Only at this location"),
        ("from" = Option<String>, Query, description = "What happened at this instant or later"),
        ("to" = Option<String>, Query, description = "What happened before this instant"),
        ("recordedFrom" = Option<String>, Query,
            description = "What was recorded at this instant or later"),
        ("recordedTo" = Option<String>, Query, description = "What was recorded before this instant"),
        ("type" = Option<Vec<schema::MovementType>>, Query,
            description = "Only of this type; may stand several times"),
        ("reference" = Option<String>, Query,
            description = "Only with this reference or document (receipt, sale, return, shipment)"),
        ("orderId" = Option<String>, Query, description = "Only for this order"),
        ("reservationId" = Option<String>, Query, description = "Only for this reservation")
    ),
    responses((status = 200, body = schema::Page<Movement>), schema::HistoryProblems)
)]
pub(crate) async fn list(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer::conclude(find(&door, &parts, List::Ledger).await, &parts)
}

/// The movements of stock between two instants: rows of the ledger, with its filters.
#[utoipa::path(
    get,
    path = "/reports/stock-movements",
    tag = "Integration",
    params(
        schema::ReadHeaders,
        schema::Paging,
        ("from" = Option<String>, Query, description = "What happened at this instant or later"),
        ("to" = Option<String>, Query, description = "What happened before this instant"),
        ("itemId" = Option<String>, Query, description = "Only of this item"),
        ("locationId" = Option<String>, Query, description = "Only at this location"),
        ("type" = Option<Vec<schema::MovementType>>, Query,
            description = "Only of this type; may stand several times")
    ),
    responses((status = 200, body = schema::Page<Movement>), schema::HistoryProblems)
)]
pub(crate) async fn stock_movements(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer::conclude(find(&door, &parts, List::StockMovements).await, &parts)
}

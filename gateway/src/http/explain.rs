//! Why a position stands as it stands, or stood as it stood.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use onhand_domain::catalog::Tracking;
use onhand_domain::ids::{ItemId, LocationId, Reference};
use onhand_domain::time::Timestamp;
use onhand_engine::Engine;
use onhand_engine::history::{
    Basis, Hold, Holds, LedgerFilter, LedgerPage, LedgerPlace, PositionAsOf,
};
use onhand_engine::ids::reservation_id;
use utoipa::ToSchema;

use crate::http::answer::{self, Answer, LOG, Look};
use crate::http::door::Door;
use crate::http::instants::{basis_of, kept_instant_of};
use crate::http::json::Json;
use crate::http::ledger::{self, Movement};
use crate::http::page::{List, Wanted, write_next};
use crate::http::positions::write_figures;
use crate::http::problem::{Code, Problem};
use crate::http::reservations::status_word;
use crate::http::{schema, timestamp};

/// After all that is recorded: the engine's clock may be ahead of the one that we would look at.
const NOW: Timestamp = Timestamp::from_millis(i64::MAX);

fn write_hold(hold: &Hold, json: &mut Json) {
    let held = &hold.reservation;
    json.object(|json| {
        json.text("reservationId", &reservation_id(LOG, held.number));
        json.text_if("orderId", held.order.as_ref().map(Reference::as_str));
        json.text("status", status_word(held.status));
        json.quantity("quantity", hold.quantity);
        json.time_or_null("expiresAt", held.expires_at);
        json.time("createdAt", held.created_at);
    });
}

async fn find(door: &Door, parts: &Parts) -> Result<Answer, Problem> {
    let look = Look::of(parts)?;
    let item = look.path.id(1, "itemId", ItemId::parse)?;
    let location = look.path.id(2, "locationId", LocationId::parse)?;
    let asked = kept_instant_of(&look.query, "at", &door.engine)?;
    let wanted = Wanted::of(List::Explain, &look.query)?;
    let (history, tenant) = (door.engine.history(), look.tenant.as_str());
    let (at, basis) = (asked.unwrap_or(NOW), basis_of(&look.query)?);
    let found = history.position_as_of(tenant, &item, &location, (at, basis)).await?;
    let (position, holds) = found.ok_or_else(|| {
        let detail = format!("there is no stock record of item `{item}` at `{location}`");
        Problem::unknown(Code::UnknownPosition, detail)
    })?;
    let end = asked.map(|at| at.plus_millis(1));
    let (to, recorded_to) = match basis {
        Basis::Happened => (end, None),
        Basis::Recorded => (None, end),
    };
    let (item, location) = (Some(item), Some(location));
    let filter = LedgerFilter { item, location, to, recorded_to, ..LedgerFilter::default() };
    let before = wanted.after.map(LedgerPlace::from);
    // What came in between the two looks belongs to neither.
    let top = LedgerPlace { sequence: position.seen.saturating_add(1), movement: 0 };
    let before = Some(before.map_or(top, |before| before.min(top)));
    let movements = history.ledger(tenant, filter, before, wanted.limit).await?;
    let at = asked.unwrap_or_else(timestamp::now);
    let engine = door.engine.clone();
    answer::wide(move || {
        Answer::object(|json| write(&position, &holds, &movements, at, &engine, json))
    })
    .await
}

fn write(
    position: &PositionAsOf,
    holds: &Holds,
    movements: &LedgerPage,
    at: Timestamp,
    engine: &Engine,
    json: &mut Json,
) {
    json.text("itemId", position.now.item.as_str());
    json.text("locationId", position.now.location.as_str());
    json.time("at", at);
    json.truth("tracked", position.now.tracking == Tracking::Tracked);
    write_figures(&position.figures, json);
    json.quantity_or_null("sellable", position.sellable);
    json.number("version", position.version);
    json.number("sequence", position.sequence);
    json.time_if("historyBegins", engine.history().earliest());
    json.array_at("holds", |json| holds.holds.iter().for_each(|hold| write_hold(hold, json)));
    if holds.has_more {
        json.truth("moreHolds", true);
    }
    let names = engine.view().directory();
    json.array_at("movements", |json| {
        movements.entries.iter().for_each(|entry| ledger::write(entry, names, json));
    });
    write_next(List::Explain, movements.next, json);
}

/// The figures of a position as of an instant, with the movements that make them (newest entry first, page
/// by page) and the holds of then.
#[utoipa::path(
    get,
    path = "/v1/positions/{itemId}/{locationId}/explain",
    tag = "Reads",
    params(
        schema::ReadHeaders,
        schema::Paging,
        ("itemId" = String, Path, description = "The item"),
        ("locationId" = String, Path, description = "The location"),
        ("at" = Option<String>, Query, description = "As of this instant, by when things happened; \
            now when absent"),
        ("by" = Option<schema::BasisWord>, Query,
            description = "`occurred` (what had happened by then; when absent) or `recorded` (what was \
                known then)")
    ),
    responses((status = 200, body = Explained), schema::HistoryProblems)
)]
pub(crate) async fn explain(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer::conclude(find(&door, &parts).await, &parts)
}

/// A position as of an instant.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Explained {
    item_id: String,
    location_id: String,
    #[schema(format = DateTime)]
    at: String,
    tracked: bool,
    on_hand: f64,
    available: f64,
    reserved: f64,
    committed: f64,
    damaged: f64,
    quality_hold: f64,
    in_transit: f64,
    /// What could be promised then; `null`: no limit.
    #[schema(required)]
    sellable: Option<f64>,
    /// Version after the last record up to then; 0: there was none.
    version: u32,
    /// That record; 0: there was none.
    sequence: u64,
    /// When there is a retention: since when movements are known.
    #[schema(format = DateTime)]
    history_begins: Option<String>,
    /// What reservations held there, latest changed first; at most 1,000.
    holds: Vec<HoldShown>,
    /// There are more holds than are shown.
    more_holds: Option<bool>,
    /// What happened up to then, newest entry first.
    movements: Vec<Movement>,
    /// For the next page of movements; absent on the last.
    next_cursor: Option<String>,
}

/// What a reservation held.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct HoldShown {
    reservation_id: String,
    order_id: Option<String>,
    /// ACTIVE or CONFIRMED.
    status: String,
    quantity: f64,
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

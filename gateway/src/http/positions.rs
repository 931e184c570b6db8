//! Positions: how one is shown, read, listed, and given its policy and home bin.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use onhand_domain::catalog::Tracking;
use onhand_domain::change::PositionChange;
use onhand_domain::command::{Action, Place};
use onhand_domain::ids::{BinId, ItemId, LocationId};
use onhand_domain::policy::Policy;
use onhand_domain::position::Figures;
use onhand_domain::quantity::Quantity;
use onhand_domain::time::Timestamp;
use onhand_engine::view::{InOut, PositionFilter, PositionView};
use onhand_engine::{Changed, Names};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::answer::{self, Answer, Asked, Look, Shape};
use crate::http::body::{Word, parse, parse_or_empty};
use crate::http::decimal::{Decimal, Field};
use crate::http::door::Door;
use crate::http::extract::{Path, id};
use crate::http::json::Json;
use crate::http::lots;
use crate::http::page::{List, Wanted, page};
use crate::http::policy::{self, PolicyNumbers};
use crate::http::problem::{Code, Problem};
use crate::http::schema;

/// A position as callers see it, be it from the read view or from the record that just changed it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    item: &'a ItemId,
    location: &'a LocationId,
    tracking: Tracking,
    figures: &'a Figures,
    sellable: Option<Quantity>,
    effective: &'a Policy,
    version: u32,
    sequence: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    bin: Option<&'a BinId>,
}

impl<'a> From<&'a PositionView> for Shown<'a> {
    fn from(view: &'a PositionView) -> Self {
        Self {
            item: &view.item,
            location: &view.location,
            tracking: view.tracking,
            figures: &view.figures,
            sellable: view.sellable,
            effective: &view.effective,
            version: view.version,
            sequence: view.sequence,
            created_at: view.created_at,
            updated_at: view.updated_at,
            bin: view.bin.as_ref(),
        }
    }
}

impl Shown<'_> {
    /// Writes all members.
    pub(crate) fn write(&self, json: &mut Json) {
        json.text("itemId", self.item.as_str());
        json.text("locationId", self.location.as_str());
        json.truth("tracked", self.tracking == Tracking::Tracked);
        write_figures(self.figures, json);
        json.quantity("safetyStock", self.effective.safety());
        json.quantity_or_null("sellable", self.sellable);
        policy::write(self.effective, json);
        json.number("version", self.version);
        json.number("sequence", self.sequence);
        json.time("createdAt", self.created_at);
        json.time("updatedAt", self.updated_at);
        json.text_if("binId", self.bin.map(BinId::as_str));
    }
}

/// Writes `onHand` and the buckets.
pub(crate) fn write_figures(figures: &Figures, json: &mut Json) {
    json.quantity("onHand", figures.on_hand());
    json.quantity("available", figures.available);
    json.quantity("reserved", figures.reserved);
    json.quantity("committed", figures.committed);
    json.quantity("damaged", figures.damaged);
    json.quantity("qualityHold", figures.quality_hold);
    json.quantity("inTransit", figures.in_transit);
}

/// Writes the members of a position as a record left it; `None` when the record says too little.
pub(crate) fn write_changed(
    changed: &Changed,
    position: &PositionChange,
    names: &dyn Names,
    json: &mut Json,
) -> Option<()> {
    let terms = position.terms.as_deref()?;
    let (item, location) = names.place(position.position);
    let shown = Shown {
        item: &names.item(item),
        location: &names.location(location),
        tracking: terms.tracking,
        figures: &position.figures,
        sellable: position.sellable,
        effective: &terms.effective,
        version: position.version,
        sequence: changed.sequence,
        created_at: terms.created_at,
        updated_at: changed.change.at,
        bin: terms.bin.as_ref(),
    };
    shown.write(json);
    Some(())
}

/// The answer to a write on the terms of a position: the position.
const POSITION: Shape = Shape {
    status: answer::ok,
    write: |changed, names, json| {
        let position = changed.change.positions.first()?;
        json.object(|json| write_changed(changed, position, names, json))
    },
};

/// Item and location of `/v1/positions/{itemId}/{locationId}…`.
fn place_of(path: &Path<'_>) -> Result<Place, Problem> {
    Ok(Place {
        item: path.id(1, "itemId", ItemId::parse)?,
        location: path.id(2, "locationId", LocationId::parse)?,
    })
}

/// One position.
#[utoipa::path(
    get,
    path = "/v1/positions/{itemId}/{locationId}",
    tag = "Reads",
    params(
        schema::ReadHeaders,
        ("itemId" = String, Path, description = "The item"),
        ("locationId" = String, Path, description = "The location")
    ),
    responses((status = 200, body = schema::Position), schema::ReadProblems)
)]
pub(crate) async fn read(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::read(request, |look| {
        let Place { item, location } = place_of(&look.path)?;
        let view = door.engine.view();
        let found = view.stocked(look.tenant.as_str(), item.as_str(), location.as_str());
        let found = found.ok_or_else(|| {
            let detail = format!("there is no stock record of item `{item}` at `{location}`");
            Problem::unknown(Code::UnknownPosition, detail)
        })?;
        Ok(Answer::object(|json| {
            Shown::from(&found.position).write(json);
            lots::write(&found.layers, json);
        }))
    })
}

fn filter_of(look: &Look<'_>) -> Result<PositionFilter, Problem> {
    let truths = [("true", true), ("false", false)];
    Ok(PositionFilter {
        item: look.query.id("itemId", ItemId::parse)?,
        location: look.query.id("locationId", LocationId::parse)?,
        below_min: look.query.one_of("belowMin", &truths)?.unwrap_or(false),
        stock: look.query.one_of("stock", &[("in", InOut::In), ("out", InOut::Out)])?,
    })
}

/// Positions, in the order in which they were opened.
#[utoipa::path(
    get,
    path = "/v1/positions",
    tag = "Reads",
    params(
        schema::ReadHeaders,
        schema::Paging,
        ("itemId" = Option<String>, Query, description = "Only of this item"),
        ("locationId" = Option<String>, Query, description = "Only at this location"),
        ("belowMin" = Option<bool>, Query, description = "Only those with `available < minStock`"),
        ("stock" = Option<schema::InOut>, Query,
            description = "Only those with something (`in`) or nothing (`out`) available")
    ),
    responses((status = 200, body = schema::Page<schema::Position>), schema::ReadProblems)
)]
pub(crate) async fn list(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let listed = async {
        let look = Look::of(&parts)?;
        let wanted = Wanted::of(List::Positions, &look.query)?;
        let (engine, tenant, filter) =
            (door.engine.clone(), look.tenant.clone(), filter_of(&look)?);
        answer::wide(move || {
            let after = wanted.after.map(|cursor| cursor.number);
            let found = engine.view().positions(tenant.as_str(), &filter, after, wanted.limit);
            page(List::Positions, &found.items, found.next, |position, json| {
                json.object(|json| Shown::from(position).write(json));
            })
        })
        .await
    };
    answer::conclude(listed.await, &parts)
}

/// The policy of a position; what is not set here is the item's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct PolicyBody<'a> {
    /// Stock that should always be there.
    min_stock: Option<Decimal<'a>>,
    /// Stock that should never be exceeded.
    max_stock: Option<Decimal<'a>>,
    /// Kept back from selling.
    safety_stock: Option<Decimal<'a>>,
    /// May be promised although it is not there; or the word `unlimited`.
    #[schema(value_type = Option<schema::BackorderLimit>)]
    backorder_limit: Option<Decimal<'a>>,
    /// Below it `LowStockReached` is raised; `minStock` when absent.
    low_stock_threshold: Option<Decimal<'a>>,
}

fn set_policy_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    let place = place_of(&asked.path)?;
    let body: PolicyBody<'_> = parse_or_empty(asked.body)?;
    let numbers = PolicyNumbers {
        min_stock: body.min_stock,
        max_stock: body.max_stock,
        safety_stock: body.safety_stock,
        backorder_limit: body.backorder_limit,
        low_stock_threshold: body.low_stock_threshold,
    };
    Ok(Action::SetPolicy { place, policy: numbers.read()? })
}

/// Replaces the policy of a position.
#[utoipa::path(
    put,
    path = "/v1/positions/{itemId}/{locationId}/policy",
    tag = "Catalog",
    params(
        schema::WriteHeaders,
        ("itemId" = String, Path, description = "The item"),
        ("locationId" = String, Path, description = "The location")
    ),
    request_body = PolicyBody,
    responses((status = 200, body = schema::Position), schema::WriteProblems)
)]
pub(crate) async fn set_policy(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, set_policy_action, POSITION).await
}

/// The home bin of a position.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct BinAssignment<'a> {
    /// A bin of the position's location.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    bin_id: Word<'a>,
}

fn assign_bin_action(asked: &Asked<'_>) -> Result<Action, Problem> {
    let place = place_of(&asked.path)?;
    let body: BinAssignment<'_> = parse(asked.body)?;
    let bin = id(Field::named("binId"), body.bin_id.as_str(), BinId::parse)?;
    Ok(Action::AssignBin { place, bin })
}

/// Gives a position its home bin.
#[utoipa::path(
    put,
    path = "/v1/positions/{itemId}/{locationId}/bin",
    tag = "Catalog",
    params(
        schema::WriteHeaders,
        ("itemId" = String, Path, description = "The item"),
        ("locationId" = String, Path, description = "The location")
    ),
    request_body = BinAssignment,
    responses((status = 200, body = schema::Position), schema::WriteProblems)
)]
pub(crate) async fn assign_bin(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer::write(&door, request, assign_bin_action, POSITION).await
}

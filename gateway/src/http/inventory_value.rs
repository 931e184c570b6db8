//! What stock is worth: by its layers, or by the moving average.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use onhand_domain::ids::{ItemId, LocationId, TenantId};
use onhand_domain::layer::unit_cost_of;
use onhand_domain::quantity::Money;
use onhand_engine::view::{PositionFilter, ValueView, View};
use utoipa::ToSchema;

use crate::http::answer::{self, Answer, Look};
use crate::http::door::Door;
use crate::http::json::Json;
use crate::http::page::{List, Wanted, page_with};
use crate::http::problem::Problem;
use crate::http::schema::{self, Figure};

/// Positions that are looked at in one step.
const STEP: usize = 1_000;

/// How stock is valued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Method {
    /// By layers, in the order in which the item's are picked (LIFO and FEFO items by theirs).
    Fifo,
    /// By the moving average of each position.
    Average,
}

/// A position and what it is worth.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ValuedPosition {
    item_id: String,
    location_id: String,
    /// On hand and on its way to it.
    quantity: Figure,
    /// Value ÷ quantity, rounded half to even; `null` where there is nothing.
    #[schema(required)]
    unit_cost: Option<Figure>,
    value: Figure,
    /// Units whose cost nobody has told; they count as nothing.
    unknown_cost_quantity: Option<Figure>,
}

/// A page of positions and what all of them are worth together, on all pages.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct InventoryValue {
    /// Of everything that matches.
    total: Figure,
    items: Vec<ValuedPosition>,
    next_cursor: Option<String>,
}

impl Method {
    const fn value(self, view: &ValueView) -> Money {
        match self {
            Self::Fifo => view.layered,
            Self::Average => view.average,
        }
    }
}

fn write_row(view: &ValueView, method: Method, json: &mut Json) {
    let value = method.value(view);
    json.object(|json| {
        json.text("itemId", view.item.as_str());
        json.text("locationId", view.location.as_str());
        json.quantity("quantity", view.quantity);
        json.money_or_null("unitCost", unit_cost_of(value, view.quantity));
        json.money_if("value", Some(value));
        json.quantity_if("unknownCostQuantity", Some(view.unknown).filter(|q| !q.is_zero()));
    });
}

/// All that matches is summed, a page of it is shown. What is empty and worth nothing is left out.
fn valued(
    view: &View,
    tenant: &TenantId,
    filter: &PositionFilter,
    method: Method,
    wanted: &Wanted,
) -> Answer {
    let from = wanted.after.map(|cursor| cursor.number);
    let (mut total, mut rows, mut after) = (0i128, Vec::new(), None);
    loop {
        let found = view.values(tenant.as_str(), filter, after, STEP);
        for row in found.items {
            total += i128::from(method.value(&row).millionths());
            let is_something = !row.quantity.is_zero() || !method.value(&row).is_zero();
            let is_behind = from.is_none_or(|from| u64::from(row.number) > from);
            if is_something && is_behind && rows.len() <= wanted.limit {
                rows.push(row);
            }
        }
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    let more = rows.len() > wanted.limit;
    rows.truncate(wanted.limit);
    let next = if more { rows.last().map(|last| u64::from(last.number)) } else { None };
    page_with(
        List::InventoryValue,
        &rows,
        next,
        |row, json| write_row(row, method, json),
        |json| json.money_sum("total", total),
    )
}

/// What stock is worth, per item and location, and in total.
#[utoipa::path(
    get,
    path = "/reports/inventory-value",
    tag = "Integration",
    params(
        schema::ReadHeaders,
        schema::Paging,
        ("itemId" = Option<String>, Query, description = "Only of this item"),
        ("locationId" = Option<String>, Query, description = "Only at this location"),
        ("method" = Option<Method>, Query, description = "`fifo` when absent")
    ),
    responses((status = 200, body = InventoryValue), schema::ReadProblems)
)]
pub(crate) async fn inventory_value(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let listed = async {
        let look = Look::of(&parts)?;
        let wanted = Wanted::of(List::InventoryValue, &look.query)?;
        if look.query.text("at").is_some() {
            let detail = "what stock was worth at an instant is not known; leave `at` out";
            return Err(Problem::malformed(detail).with(|json| json.text("field", "at")));
        }
        let methods = [("fifo", Method::Fifo), ("average", Method::Average)];
        let method = look.query.one_of("method", &methods)?.unwrap_or(Method::Fifo);
        let filter = PositionFilter {
            item: look.query.id("itemId", ItemId::parse)?,
            location: look.query.id("locationId", LocationId::parse)?,
            ..PositionFilter::default()
        };
        let (engine, tenant) = (door.engine.clone(), look.tenant.clone());
        answer::wide(move || valued(engine.view(), &tenant, &filter, method, &wanted)).await
    };
    answer::conclude(listed.await, &parts)
}

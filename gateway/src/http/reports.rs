//! Reports, and what the seeds' integration points read.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use onhand_domain::catalog::{Item, Tracking};
use onhand_domain::ids::{Reference, TenantId};
use onhand_domain::quantity::Quantity;
use onhand_engine::view::{ItemStock, PositionFilter, PositionView, View};

use crate::http::answer::{self, Answer, Look};
use crate::http::availability::Sum;
use crate::http::door::Door;
use crate::http::json::Json;
use crate::http::page::{List, Wanted, page};
use crate::http::positions::Shown;
use crate::http::problem::Problem;
use crate::http::schema;

/// Entries looked at in one step of a walk over a list.
const STEP: usize = 1_000;
/// Most items of a product that are shown.
const ITEMS_OF_PRODUCT_MAX: usize = 10_000;

/// Totals over positions.
#[derive(Debug, Clone, Copy)]
struct Totals {
    on_hand: i128,
    reserved: i128,
    committed: i128,
    sum: Sum,
}

impl Totals {
    const fn start(tracking: Tracking) -> Self {
        Self { on_hand: 0, reserved: 0, committed: 0, sum: Sum::start(tracking) }
    }

    fn add(&mut self, position: &PositionView) {
        self.on_hand += i128::from(position.figures.on_hand().millionths());
        self.reserved += i128::from(position.figures.reserved.millionths());
        self.committed += i128::from(position.figures.committed.millionths());
        self.sum.add(position.figures.available, position.sellable);
    }

    fn write(&self, json: &mut Json) {
        json.sum("onHand", self.on_hand);
        self.sum.write(json);
        json.sum("reserved", self.reserved);
        json.sum("committed", self.committed);
    }
}

/// All items of a product with their stock.
///
/// # Errors
/// 422 `LIMIT_EXCEEDED`.
fn stock_of_product(
    view: &View,
    tenant: &TenantId,
    product: &Reference,
) -> Result<Vec<ItemStock>, Problem> {
    let is_of_product = |item: &Item| {
        item.attributes.as_ref().is_some_and(|said| said.product.as_ref() == Some(product))
    };
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let found = view.items(tenant.as_str(), &is_of_product, after, STEP);
        let stocks =
            found.items.iter().map(|item| view.item_stock(tenant.as_str(), item.id.as_str()));
        all.extend(stocks.flatten());
        if all.len() > ITEMS_OF_PRODUCT_MAX {
            return Err(Problem::limit(ITEMS_OF_PRODUCT_MAX, "items of a product"));
        }
        after = found.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

fn write_product(product: &Reference, stocks: &[ItemStock]) -> Answer {
    let mut totals = Totals::start(Tracking::Tracked);
    for stock in stocks {
        if stock.item.tracking() == Tracking::Untracked {
            totals.sum.sellable = None;
        }
        stock.positions.iter().for_each(|position| totals.add(position));
    }
    Answer::object(|json| {
        json.text("productId", product.as_str());
        json.object_at("totals", |json| totals.write(json));
        json.array_at("items", |json| stocks.iter().for_each(|stock| write_stock(stock, json)));
    })
}

fn write_stock(stock: &ItemStock, json: &mut Json) {
    let mut totals = Totals::start(stock.item.tracking());
    stock.positions.iter().for_each(|position| totals.add(position));
    let sku = stock.item.attributes.as_ref().and_then(|said| said.sku.as_ref());
    json.object(|json| {
        json.text("itemId", stock.item.id.as_str());
        json.text_if("sku", sku.map(Reference::as_str));
        totals.write(json);
        json.array_at("locations", |json| {
            for position in &stock.positions {
                json.object(|json| Shown::from(position).write(json));
            }
        });
    });
}

/// Stock of all items of a product; a product never heard of has none.
#[utoipa::path(
    get,
    path = "/inventory-items/by-product/{productId}",
    tag = "Integration",
    params(schema::ReadHeaders, ("productId" = String, Path, description = "The product")),
    responses((status = 200, body = schema::ProductStock), schema::ReadProblems)
)]
pub(crate) async fn by_product(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let found = async {
        let look = Look::of(&parts)?;
        let product = look.path.id(2, "productId", Reference::parse)?;
        let (engine, tenant) = (door.engine.clone(), look.tenant.clone());
        answer::wide(move || {
            let stocks = stock_of_product(engine.view(), &tenant, &product)?;
            Ok(write_product(&product, &stocks))
        })
        .await?
    };
    answer::conclude(found.await, &parts)
}

/// By how much a position lies below its threshold, if it does.
fn short_by(position: &PositionView) -> Option<Quantity> {
    let threshold = position.effective.threshold()?;
    let available = position.figures.available;
    let is_low = position.tracking == Tracking::Tracked && available < threshold;
    is_low.then(|| threshold.saturating_sub(available))
}

fn write_low(position: &PositionView, json: &mut Json) {
    json.object(|json| {
        json.text("itemId", position.item.as_str());
        json.text("locationId", position.location.as_str());
        json.quantity("available", position.figures.available);
        json.quantity_or_null("minStock", position.effective.min_stock);
        json.quantity_or_null("lowStockThreshold", position.effective.low_stock_threshold);
        json.quantity("shortBy", short_by(position).unwrap_or_default());
    });
}

/// One page of positions that are low, found by a walk over all positions.
fn low_page(view: &View, tenant: &TenantId, wanted: &Wanted) -> Answer {
    let filter = PositionFilter::default();
    let mut low: Vec<PositionView> = Vec::new();
    let mut after = wanted.after.map(|cursor| cursor.number);
    loop {
        let found = view.positions(tenant.as_str(), &filter, after, STEP);
        after = found.next;
        low.extend(found.items.into_iter().filter(|position| short_by(position).is_some()));
        if after.is_none() || low.len() > wanted.limit {
            break;
        }
    }
    let more = low.len() > wanted.limit;
    low.truncate(wanted.limit);
    let next = if more { low.last().map(|last| u64::from(last.number)) } else { None };
    page(List::LowStock, &low, next, write_low)
}

/// Positions whose `available` lies below `lowStockThreshold`, else `minStock`.
#[utoipa::path(
    get,
    path = "/reports/low-stock",
    tag = "Integration",
    params(schema::ReadHeaders, schema::Paging),
    responses((status = 200, body = schema::Page<schema::LowStock>), schema::ReadProblems)
)]
pub(crate) async fn low_stock(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let listed = async {
        let look = Look::of(&parts)?;
        let wanted = Wanted::of(List::LowStock, &look.query)?;
        let (engine, tenant) = (door.engine.clone(), look.tenant.clone());
        answer::wide(move || low_page(engine.view(), &tenant, &wanted)).await
    };
    answer::conclude(listed.await, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::samples::{item, position_view, text_of};
    use onhand_domain::policy::Policy;

    #[test]
    fn a_position_is_low_below_its_threshold() {
        let check =
            |available: i64, minimum: Option<i64>, low: Option<i64>, expected: Option<i64>| {
                let mut position = position_view();
                position.figures.available = Quantity::units(available);
                position.effective = Policy {
                    min_stock: minimum.map(Quantity::units),
                    low_stock_threshold: low.map(Quantity::units),
                    ..Policy::default()
                };
                assert_eq!(short_by(&position), expected.map(Quantity::units));
            };
        check(4, None, None, None);
        check(4, Some(5), None, Some(1));
        check(5, Some(5), None, None);
        check(4, Some(2), Some(10), Some(6));
        check(4, Some(10), Some(3), None);
        check(-2, Some(1), None, Some(3));
    }

    #[test]
    fn stock_that_is_not_counted_is_never_low() {
        let mut position = position_view();
        position.effective.min_stock = Some(Quantity::units(1_000));
        assert!(short_by(&position).is_some());
        position.tracking = Tracking::Untracked;
        assert_eq!(short_by(&position), None);
    }

    #[test]
    fn a_low_position_is_shown_with_its_threshold() {
        let mut position = position_view();
        position.figures.available = Quantity::units(1);
        position.effective =
            Policy { min_stock: Some(Quantity::from_millionths(1_500_000)), ..Policy::default() };
        let mut json = Json::default();
        write_low(&position, &mut json);
        assert_eq!(
            String::from_utf8(json.into_bytes()).expect("text"),
            concat!(
                r#"{"itemId":"tea","locationId":"north","available":1,"minStock":1.5,"#,
                r#""lowStockThreshold":null,"shortBy":0.5}"#
            )
        );
    }

    #[test]
    fn a_product_is_summed_over_its_items() {
        let stock =
            ItemStock { item: item("tea"), positions: vec![position_view(), position_view()] };
        let product = Reference::parse("teas").expect("valid");
        let shown = text_of(&write_product(&product, &[stock.clone(), stock]));
        let totals = r#""onHand":80,"sellable":28,"available":40,"reserved":12,"committed":16"#;
        let expected =
            format!(r#"{{"productId":"teas","totals":{{{totals}}},"items":[{{"itemId":"tea","#);
        assert!(shown.starts_with(&expected), "{shown}");
        assert_eq!(shown.matches(r#""locationId":"north""#).count(), 4);
        let none = text_of(&write_product(&product, &[]));
        let nothing = r#""onHand":0,"sellable":0,"available":0,"reserved":0,"committed":0"#;
        assert_eq!(none, format!(r#"{{"productId":"teas","totals":{{{nothing}}},"items":[]}}"#));
    }
}

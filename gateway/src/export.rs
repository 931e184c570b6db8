//! What there is, as rows that can be imported elsewhere.
//!
//! A position is one row per place and layer; what is promised lies on the shelf with the rest, and is told
//! by the reservations. Stock in transit is told by the transfers.

use onhand_domain::catalog::{Activity, Standing, Strategy, Tracking};
use onhand_domain::ids::{BinId, LotNumber, Reference, Text};
use onhand_domain::layer::{Area, Origin};
use onhand_domain::policy::{BackorderLimit, Policy};
use onhand_domain::quantity::Quantity;
use onhand_engine::view::{View, WholePosition};

use crate::dialect::shown_day;
use crate::http::answer::LOG;
use crate::http::json::Json;
use crate::http::reservations;
use crate::http::stock::transfers;

/// Positions, reservations or transfers of one page.
pub(crate) const PAGE: usize = 2_000;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Positions, with policies, items and locations.
    Stock,
    /// Open reservations.
    Reservations,
    /// Transfers on their way.
    Transfers,
}

/// Writes `items` and, when there may be more, `nextCursor`.
pub(crate) fn write_page(view: &View, kind: Kind, cursor: u64, json: &mut Json) {
    let names = view.directory();
    let mut next = None;
    json.array_at("items", |json| match kind {
        Kind::Stock => {
            let page = view.all_positions(u32::try_from(cursor).unwrap_or(u32::MAX), PAGE);
            page.items
                .iter()
                .filter(|whole| is_current(whole))
                .for_each(|it| write_stock(it, json));
            next = page.next;
        }
        Kind::Reservations => {
            let page = view.all_reservations(cursor, PAGE);
            for (tenant, held) in &page.items {
                reservations::write(held, LOG, names, json);
                json.extend(|json| json.text("tenantId", tenant.as_str()));
            }
            next = page.next;
        }
        Kind::Transfers => {
            let page = view.all_transfers(cursor, PAGE);
            for (tenant, held) in &page.items {
                json.object(|json| {
                    transfers::write(held, LOG, names, json);
                    json.text("tenantId", tenant.as_str());
                });
            }
            next = page.next;
        }
    });
    if let Some(next) = next {
        json.text("nextCursor", &next.to_string());
    }
}

/// What was put away and is empty stays away.
fn is_current(whole: &WholePosition) -> bool {
    let is_away =
        whole.item.standing == Standing::Archived || whole.location.standing == Standing::Archived;
    !(is_away && whole.position.figures.is_empty())
}

/// Writes the rows of a position: one per layer that lies there, and one for what the shelf is short of.
fn write_stock(whole: &WholePosition, json: &mut Json) {
    let mut rows = 0_usize;
    for (area, layer) in whole.layers.iter().filter(|(area, _)| *area != Area::InTransit) {
        rows += 1;
        let (bucket, goods) = (bucket_word(area), Some(&layer.origin));
        json.object(|json| write_row(whole, bucket, layer.quantity, goods, json));
    }
    let short = whole.layers.shortage();
    // A position without stock has one row all the same.
    if !short.is_zero() || rows == 0 {
        let unit_cost = whole.layers.last_cost().filter(|_| !short.is_zero());
        let missing = Origin { unit_cost, ..Origin::default() };
        let bucket = bucket_word(Area::Shelf);
        let goods = unit_cost.map(|_| &missing);
        json.object(|json| write_row(whole, bucket, short.negated(), goods, json));
    }
}

const fn bucket_word(area: Area) -> &'static str {
    match area {
        Area::Shelf => "available",
        Area::Damaged => "damaged",
        Area::QualityHold => "qualityHold",
        Area::InTransit => "inTransit",
    }
}

fn write_row(
    whole: &WholePosition,
    bucket: &str,
    quantity: Quantity,
    goods: Option<&Origin>,
    json: &mut Json,
) {
    let WholePosition { tenant, position, item, location, .. } = whole;
    json.text("tenantId", tenant.as_str());
    json.text("itemId", item.id.as_str());
    json.text("locationId", location.id.as_str());
    json.text("bucket", bucket);
    json.quantity("quantity", quantity);
    if let Some(origin) = goods {
        json.text_if("lotNumber", origin.lot.as_ref().map(LotNumber::as_str));
        json.text_if("expiryDate", origin.expiry.map(shown_day).as_deref());
        json.time_if("receivedAt", (quantity.is_positive()).then_some(origin.received_at));
        json.money_if("unitCost", origin.unit_cost);
    }
    if let Some(said) = item.attributes.as_deref() {
        json.text_if("sku", said.sku.as_ref().map(Reference::as_str));
        json.text_if("name", said.name.as_ref().map(Text::as_str));
        json.text_if("productId", said.product.as_ref().map(Reference::as_str));
        json.text_if("unitOfMeasure", said.unit_of_measure.as_ref().map(Reference::as_str));
        json.truth("trackInventory", said.tracking == Tracking::Tracked);
        json.text("strategy", strategy_word(said.strategy));
        json.money_if("itemUnitCost", said.unit_cost);
        write_policy(&said.policy, &ITEM_POLICY, json);
    }
    let said = &location.attributes;
    json.text_if("locationName", said.name.as_ref().map(Text::as_str));
    json.text_if("locationType", said.kind.as_ref().map(Reference::as_str));
    json.truth("locationActive", said.activity == Activity::Active);
    json.integer("locationPriority", said.priority);
    json.text_if("binId", position.bin.as_ref().map(BinId::as_str));
    write_policy(&position.own, &OWN_POLICY, json);
}

const fn strategy_word(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Fifo => "FIFO",
        Strategy::Fefo => "FEFO",
        Strategy::Lifo => "LIFO",
    }
}

/// Names of a policy's figures: minimum, maximum, safety stock, backorder limit, threshold.
type PolicyNames = [&'static str; 5];

const ITEM_POLICY: PolicyNames = [
    "itemMinStock",
    "itemMaxStock",
    "itemSafetyStock",
    "itemBackorderLimit",
    "itemLowStockThreshold",
];
const OWN_POLICY: PolicyNames =
    ["minStock", "maxStock", "safetyStock", "backorderLimit", "lowStockThreshold"];

fn write_policy(policy: &Policy, names: &PolicyNames, json: &mut Json) {
    let [min, max, safety, backorder, low] = *names;
    json.quantity_if(min, policy.min_stock);
    json.quantity_if(max, policy.max_stock);
    json.quantity_if(safety, policy.safety_stock);
    match policy.backorder_limit {
        Some(BackorderLimit::Limited(limit)) => json.quantity(backorder, limit),
        Some(BackorderLimit::Unlimited) => json.text(backorder, "unlimited"),
        None => {}
    }
    json.quantity_if(low, policy.low_stock_threshold);
}

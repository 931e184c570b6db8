//! Receipts, till sales and returns: stock enters or leaves a position.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::{Decision, Recall, Recalled, SaleName, Sought, late};
use crate::change::{Change, MovementKind};
use crate::command::{Condition, Detail, StockEntry};
use crate::draft::goods::Entry;
use crate::draft::{Draft, Nature, Unknown};
use crate::ids::Reference;
use crate::layer::{Layer, Origin};
use crate::position::Bucket;
use crate::quantity::Money;
use crate::rejection::Rejection;

/// Goods came in: they are free to be promised, unless the last day of their lot is over.
pub(super) fn receive(draft: Draft<'_>, entry: &StockEntry) -> Result<Box<Change>, Rejection> {
    enter(draft, entry, MovementKind::Receipt, Bucket::Available, |draft, at| {
        let stated = entry.detail.as_ref().and_then(|detail| detail.unit_cost);
        let (item, _) = draft.place_of(at);
        Ok(stated.or_else(|| draft.item_cost(item)))
    })
}

/// Goods came back: into `available` when they are good, else into `damaged`. More than was shipped on
/// the order they name is booked too, and marked.
pub(super) fn take_back(
    mut draft: Draft<'_>,
    entry: &StockEntry,
    recalled: Recalled,
) -> Result<Decision, Rejection> {
    let bucket = match condition_of(entry.detail.as_ref()) {
        Condition::Good => Bucket::Available,
        Condition::Damaged | Condition::Defective => Bucket::Damaged,
    };
    let mut shipped_at = None;
    if let Some(order) = entry.detail.as_ref().and_then(|detail| detail.order.as_ref()) {
        match shipped_on(&draft, entry, order, recalled) {
            Some(shipped) => {
                draft.change.exceeds_shipped = shipped.is_exceeded;
                shipped_at = shipped.unit_cost;
            }
            None => {
                let order = Recall::Order(draft.change.tenant, order.clone());
                return Ok(Decision::Recall(order));
            }
        }
    }
    if shipped_at.is_none()
        && let Some(name) = entry.detail.as_ref().and_then(|detail| detail.reference.as_ref())
    {
        match sold_at(&draft, entry, name) {
            Ok(cost) => shipped_at = cost,
            Err(asked) => return Ok(Decision::Recall(Recall::Sale(asked))),
        }
    }
    let stated = entry.detail.as_ref().and_then(|detail| detail.unit_cost);
    let cost = |draft: &mut Draft<'_>, at| match stated.or(shipped_at) {
        Some(cost) => Ok(Some(cost)),
        None => draft.found_cost(at),
    };
    enter(draft, entry, MovementKind::Return, bucket, cost).map(Decision::Change)
}

/// What is known about shipments of an item on an order.
struct Shipped {
    /// More comes back than was shipped.
    is_exceeded: bool,
    /// The cost at which a unit left.
    unit_cost: Option<Money>,
}

/// What was shipped on the order; `None`: nobody has looked yet.
fn shipped_on(
    draft: &Draft<'_>,
    entry: &StockEntry,
    order: &Reference,
    recalled: Recalled,
) -> Option<Shipped> {
    let nothing = Shipped { is_exceeded: true, unit_cost: None };
    let tenant = draft.change.tenant;
    let Some(item) = draft.stock.item_number(tenant, &entry.place.item) else {
        return Some(nothing); // Nothing of an item never heard of was ever shipped.
    };
    match draft.stock.promises.tally(&(tenant, order.clone())) {
        Some(tally) => Some(Shipped {
            is_exceeded: tally.is_exceeded_by(item, entry.quantity),
            unit_cost: tally.unit_cost(item),
        }),
        None if recalled == Recalled::Searched(Sought::Order) => Some(nothing),
        None => None,
    }
}

/// The cost at which a unit left by the sale at a till that a return refers to, if there was one.
fn sold_at(
    draft: &Draft<'_>,
    entry: &StockEntry,
    name: &Reference,
) -> Result<Option<Money>, SaleName> {
    let tenant = draft.change.tenant;
    let Some(item) = draft.stock.item_number(tenant, &entry.place.item) else {
        return Ok(None); // Nothing of an item never heard of was ever sold.
    };
    match draft.stock.sales.get(tenant, name) {
        Some(tally) => Ok(tally.unit_cost(item)),
        None => {
            let since = draft.sequence.saturating_sub(1);
            Err(SaleName { tenant, name: name.clone(), since })
        }
    }
}

fn condition_of(detail: Option<&Arc<Detail>>) -> Condition {
    // Goods of unknown condition are not sold.
    detail.and_then(|detail| detail.condition).unwrap_or(Condition::Damaged)
}

/// Goods come in as a layer of their own, or join their lot.
fn enter(
    mut draft: Draft<'_>,
    entry: &StockEntry,
    kind: MovementKind,
    bucket: Bucket,
    cost: impl FnOnce(&mut Draft<'_>, usize) -> Result<Option<Money>, Rejection>,
) -> Result<Box<Change>, Rejection> {
    let at = draft.find_place(&entry.place, Unknown::Create)?;
    let (item, _) = draft.place_of(at);
    if !draft.is_tracked(item) {
        return Err(Rejection::NotTracked(entry.place.item.clone()));
    }
    let unit_cost = cost(&mut draft, at)?;
    draft.tell(entry.detail.as_ref());
    let detail = entry.detail.as_deref();
    let lot = detail.and_then(|detail| detail.lot.clone());
    let mut expiry = detail.and_then(|detail| detail.expiry);
    if let (MovementKind::Return, None, Some(lot)) = (kind, expiry, &lot) {
        expiry = draft.expiry_of_lot(at, lot);
    }
    let (received_at, sequence) = (draft.change.occurred_at(), draft.sequence);
    let origin = Origin { received_at, sequence, lot, expiry, unit_cost };
    let is_over = origin.expiry.is_some_and(|day| day.end() <= draft.now());
    let to = if is_over && bucket == Bucket::Available { Bucket::QualityHold } else { bucket };
    let layer = Layer { origin, quantity: entry.quantity };
    match late::count_after(&draft, at).filter(|_| kind == MovementKind::Receipt) {
        Some(counted) => late::bring(&mut draft, at, Entry::enter(kind, to), layer, counted)?,
        None => draft.bring(at, Entry::enter(kind, to), layer)?,
    }
    draft.show(at);
    Ok(draft.finish())
}

/// Sold at a till: a fact, never refused for want of stock.
pub(super) fn sell(mut draft: Draft<'_>, entry: &StockEntry) -> Result<Box<Change>, Rejection> {
    draft.nature = Nature::Fact;
    let at = draft.find_place(&entry.place, Unknown::Create)?;
    let (item, _) = draft.place_of(at);
    draft.tell(entry.detail.as_ref());
    // Sales of untracked items always succeed and move nothing.
    if draft.is_tracked(item) {
        let lot = entry.detail.as_ref().and_then(|detail| detail.lot.as_ref());
        let leave = Entry::leave(MovementKind::Sale, Bucket::Available);
        match late::count_after(&draft, at) {
            Some(counted) => late::take(&mut draft, at, leave, entry.quantity, lot, counted)?,
            None => draft.send(at, leave, entry.quantity, lot)?,
        }
    }
    draft.show(at);
    Ok(draft.finish())
}

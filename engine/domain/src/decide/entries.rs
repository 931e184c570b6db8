//! Receipts, till sales and returns: stock enters or leaves a position.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::{Decision, Recall, Recalled};
use crate::change::{Change, MovementKind};
use crate::command::{Condition, Detail, StockEntry};
use crate::draft::{Draft, Nature, Unknown};
use crate::ids::Reference;
use crate::position::Bucket;
use crate::rejection::Rejection;

/// Goods came in: they are free to be promised.
pub(super) fn receive(draft: Draft<'_>, entry: &StockEntry) -> Result<Box<Change>, Rejection> {
    enter(draft, entry, MovementKind::Receipt, Bucket::Available)
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
    if let Some(order) = entry.detail.as_ref().and_then(|detail| detail.order.as_ref()) {
        match exceeds_shipped(&draft, entry, order, recalled) {
            Some(exceeds) => draft.change.exceeds_shipped = exceeds,
            None => {
                let order = Recall::Order(draft.change.tenant, order.clone());
                return Ok(Decision::Recall(order));
            }
        }
    }
    enter(draft, entry, MovementKind::Return, bucket).map(Decision::Change)
}

/// Whether more comes back than was shipped on the order; `None`: nobody has looked yet.
fn exceeds_shipped(
    draft: &Draft<'_>,
    entry: &StockEntry,
    order: &Reference,
    recalled: Recalled,
) -> Option<bool> {
    let tenant = draft.change.tenant;
    let Some(item) = draft.stock.item_number(tenant, &entry.place.item) else {
        return Some(true); // Nothing of an item never heard of was ever shipped.
    };
    match draft.stock.promises.tally(&(tenant, order.clone())) {
        Some(tally) => Some(tally.is_exceeded_by(item, entry.quantity)),
        None if recalled == Recalled::Searched => Some(true),
        None => None,
    }
}

fn condition_of(detail: Option<&Arc<Detail>>) -> Condition {
    // Goods of unknown condition are not sold.
    detail.and_then(|detail| detail.condition).unwrap_or(Condition::Damaged)
}

fn enter(
    mut draft: Draft<'_>,
    entry: &StockEntry,
    kind: MovementKind,
    bucket: Bucket,
) -> Result<Box<Change>, Rejection> {
    let at = draft.find_place(&entry.place, Unknown::Create)?;
    let (item, _) = draft.place_of(at);
    if !draft.is_tracked(item) {
        return Err(Rejection::NotTracked(entry.place.item.clone()));
    }
    draft.tell(entry.detail.as_ref());
    draft.book(at, kind, None, Some(bucket), entry.quantity)?;
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
        draft.book(at, MovementKind::Sale, Some(Bucket::Available), None, entry.quantity)?;
    }
    draft.show(at);
    Ok(draft.finish())
}

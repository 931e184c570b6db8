//! Receipts, till sales and returns: stock enters or leaves a position.

use alloc::sync::Arc;

use crate::change::{Change, MovementKind};
use crate::command::{Condition, Detail, StockEntry};
use crate::draft::{Draft, Nature, Unknown};
use crate::position::Bucket;
use crate::rejection::Rejection;

/// Goods came in: they are free to be promised.
pub(super) fn receive(draft: Draft<'_>, entry: &StockEntry) -> Result<Change, Rejection> {
    enter(draft, entry, MovementKind::Receipt, Bucket::Available)
}

/// Goods came back: into `available` when they are good, else into `damaged`.
pub(super) fn take_back(draft: Draft<'_>, entry: &StockEntry) -> Result<Change, Rejection> {
    let bucket = match condition_of(entry.detail.as_ref()) {
        Condition::Good => Bucket::Available,
        Condition::Damaged | Condition::Defective => Bucket::Damaged,
    };
    enter(draft, entry, MovementKind::Return, bucket)
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
) -> Result<Change, Rejection> {
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
pub(super) fn sell(mut draft: Draft<'_>, entry: &StockEntry) -> Result<Change, Rejection> {
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

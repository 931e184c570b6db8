//! Corrections: adjustments, moves between buckets, and counts.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::{Decision, late};
use crate::change::{Change, MovementKind};
use crate::command::{Adjust, Count, Detail, Force, MoveStock, Place, Target};
use crate::draft::goods::Entry;
use crate::draft::{Draft, Nature, Unknown};
use crate::ids::LotNumber;
use crate::layer::{Layer, Origin};
use crate::position::Bucket;
use crate::quantity::Quantity;
use crate::rejection::{Rejection, Shortage};
use crate::time::Timestamp;

/// Corrects a bucket by a difference, or to a figure.
///
/// A figure is a fact: it says what is so. A difference is a wish, unless it is forced.
pub(super) fn adjust(mut draft: Draft<'_>, wish: &Adjust) -> Result<Decision, Rejection> {
    assert_adjustable(wish.bucket);
    let is_fact = wish.force == Force::Fact || !matches!(wish.target, Target::Delta(_));
    draft.nature = if is_fact { Nature::Fact } else { Nature::Wish };
    let creates = match wish.target {
        Target::Delta(delta) => delta.is_positive() || is_fact,
        Target::OnHand(_) | Target::Bucket(_) => true,
    };
    let at = find_tracked(
        &mut draft,
        &wish.place,
        if creates { Unknown::Create } else { Unknown::Refuse },
    )?;
    expect(&draft, at, &wish.place, wish.expected_on_hand, wish.expected_version)?;
    draft.tell(wish.detail.as_ref());
    let figures = match wish.target {
        Target::Delta(_) => draft.figures(at),
        Target::OnHand(_) | Target::Bucket(_) => match late::figures_then(&draft, at) {
            Ok(figures) => figures,
            Err(recall) => return Ok(Decision::Recall(recall)),
        },
    };
    let (bucket, delta) = match wish.target {
        Target::Delta(delta) => (wish.bucket, Some(delta)),
        Target::OnHand(target) => (Bucket::Available, target.checked_sub(figures.on_hand())),
        Target::Bucket(target) => (wish.bucket, target.checked_sub(figures.get(wish.bucket))),
    };
    let delta = delta.ok_or(Rejection::QuantityOverflow)?;
    let free = free_of(&mut draft, at, bucket, lot_of(wish.detail.as_ref()));
    if !is_fact && delta.is_negative() && free < delta.abs() {
        return Err(short(&wish.place, delta.abs(), free));
    }
    let difference = Difference { kind: MovementKind::Adjustment, bucket, delta };
    let counted = match wish.target {
        Target::Delta(_) => None,
        Target::OnHand(_) | Target::Bucket(_) => late::count_after(&draft, at),
    };
    book_difference(&mut draft, at, difference, counted)?;
    draft.show(at);
    Ok(Decision::Change(draft.finish()))
}

/// Moves stock between two buckets of a position.
pub(super) fn shift(mut draft: Draft<'_>, wish: &MoveStock) -> Result<Box<Change>, Rejection> {
    assert_adjustable(wish.from);
    assert_adjustable(wish.to);
    let at = find_tracked(&mut draft, &wish.place, Unknown::Refuse)?;
    let lot = lot_of(wish.detail.as_ref());
    let free = free_of(&mut draft, at, wish.from, lot);
    if free < wish.quantity {
        return Err(short(&wish.place, wish.quantity, free));
    }
    draft.tell(wish.detail.as_ref());
    let entry = Entry::within(MovementKind::Move, wish.from, wish.to);
    draft.send(at, entry, wish.quantity, lot)?;
    draft.show(at);
    Ok(draft.finish())
}

/// A cycle count: what was found is on hand, and the variance becomes a movement. It is what differs from
/// the figures of when it was counted.
pub(super) fn count(mut draft: Draft<'_>, count: &Count) -> Result<Decision, Rejection> {
    draft.nature = Nature::Fact;
    let at = find_tracked(&mut draft, &count.place, Unknown::Create)?;
    expect(&draft, at, &count.place, None, count.expected_version)?;
    draft.tell(count.detail.as_ref());
    let figures = match late::figures_then(&draft, at) {
        Ok(figures) => figures,
        Err(recall) => return Ok(Decision::Recall(recall)),
    };
    let delta = count.counted.checked_sub(figures.on_hand());
    let delta = delta.ok_or(Rejection::QuantityOverflow)?;
    let (kind, bucket) = (MovementKind::Count, Bucket::Available);
    let counted = late::count_after(&draft, at);
    book_difference(&mut draft, at, Difference { kind, bucket, delta }, counted)?;
    draft.show(at);
    Ok(Decision::Change(draft.finish()))
}

/// By how much a bucket is to change.
#[derive(Clone, Copy)]
struct Difference {
    kind: MovementKind,
    bucket: Bucket,
    delta: Quantity,
}

/// Promises and transfers change their buckets themselves; the door lets nobody else at them.
fn assert_adjustable(bucket: Bucket) {
    let may = matches!(bucket, Bucket::Available | Bucket::Damaged | Bucket::QualityHold);
    assert!(may, "promises and transfers have commands of their own");
}

/// The position of a tracked item. What only takes from it does not open it.
pub(super) fn find_tracked(
    draft: &mut Draft<'_>,
    place: &Place,
    unknown: Unknown,
) -> Result<usize, Rejection> {
    let item = draft.find_item(&place.item, unknown)?;
    let location = draft.find_location(&place.location, unknown)?;
    if !draft.is_tracked(item) {
        return Err(Rejection::NotTracked(place.item.clone()));
    }
    if unknown == Unknown::Create {
        return Ok(draft.open_at(item, location));
    }
    match draft.stock.position_number(item, location) {
        Some(number) => Ok(draft.touch(number)),
        None => {
            let Place { item, location } = place.clone();
            Err(Rejection::UnknownPosition { item, location })
        }
    }
}

/// A difference of zero is booked too: it shows that somebody looked.
///
/// A fact may take more from a bucket than lies in it. The rest leaves `available`, because nothing
/// else may be below zero. What was seen before a count that is booked already is corrected at that one.
fn book_difference(
    draft: &mut Draft<'_>,
    at: usize,
    difference: Difference,
    counted: Option<Timestamp>,
) -> Result<(), Rejection> {
    let Difference { kind, bucket, delta } = difference;
    if delta.is_zero() {
        return draft.book(at, kind, None, Some(bucket), delta);
    }
    let detail = draft.change.detail.clone();
    if delta.is_positive() {
        let found = find_goods(draft, at, detail.as_deref(), delta)?;
        let entry = Entry::enter(kind, bucket);
        return match counted {
            Some(counted) => late::bring(draft, at, entry, found, counted),
            None => draft.bring(at, entry, found),
        };
    }
    let lot = lot_of(detail.as_ref());
    let leaving = delta.abs();
    let held = draft.figures(at).get(bucket);
    let here = if bucket == Bucket::Available { leaving } else { leaving.min(held) };
    let rest = leaving.saturating_sub(here);
    for (from, quantity) in [(bucket, here), (Bucket::Available, rest)] {
        let entry = Entry::leave(kind, from);
        match counted {
            _ if quantity.is_zero() => {}
            Some(counted) => late::take(draft, at, entry, quantity, lot, counted)?,
            None => draft.send(at, entry, quantity, lot)?,
        }
    }
    Ok(())
}

/// Goods that were found come in at the stated cost, else at what others of their kind cost.
fn find_goods(
    draft: &mut Draft<'_>,
    at: usize,
    detail: Option<&Detail>,
    quantity: Quantity,
) -> Result<Layer, Rejection> {
    let unit_cost = match detail.and_then(|detail| detail.unit_cost) {
        Some(stated) => Some(stated),
        None => draft.found_cost(at)?,
    };
    let lot = detail.and_then(|detail| detail.lot.clone());
    let expiry = detail.and_then(|detail| detail.expiry);
    let origin = Origin {
        received_at: draft.change.occurred_at(),
        sequence: draft.sequence,
        expiry: expiry.or_else(|| draft.expiry_of_lot(at, lot.as_ref()?)),
        lot,
        unit_cost,
    };
    Ok(Layer { origin, quantity })
}

/// The lot that a command names.
fn lot_of(detail: Option<&Arc<Detail>>) -> Option<&LotNumber> {
    detail.and_then(|detail| detail.lot.as_ref())
}

/// What of a bucket, or of a lot in it, a wish may take.
fn free_of(draft: &mut Draft<'_>, at: usize, bucket: Bucket, lot: Option<&LotNumber>) -> Quantity {
    let free = draft.figures(at).get(bucket);
    lot.map_or(free, |lot| free.min(draft.free_of_lot(at, bucket, lot)))
}

fn expect(
    draft: &Draft<'_>,
    at: usize,
    place: &Place,
    on_hand: Option<Quantity>,
    version: Option<u64>,
) -> Result<(), Rejection> {
    let figures = draft.figures(at);
    let held = draft.stock.position(draft.number(at)).map_or(0, |held| held.version);
    let as_expected = on_hand.is_none_or(|expected| expected == figures.on_hand())
        && version.is_none_or(|expected| expected == u64::from(held));
    if as_expected {
        return Ok(());
    }
    let Place { item, location } = place.clone();
    Err(Rejection::Stale { item, location, figures, version: held })
}

fn short(place: &Place, requested: Quantity, free: Quantity) -> Rejection {
    Rejection::InsufficientStock(alloc::vec![Shortage {
        item: place.item.clone(),
        location: Some(place.location.clone()),
        requested,
        sellable: free.max(Quantity::ZERO),
    }])
}

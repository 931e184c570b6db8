//! Corrections: adjustments, moves between buckets, and counts.

use alloc::boxed::Box;

use crate::change::{Change, MovementKind};
use crate::command::{Adjust, Count, Force, MoveStock, Place, Target};
use crate::draft::{Draft, Nature, Unknown};
use crate::position::Bucket;
use crate::quantity::Quantity;
use crate::rejection::{Rejection, Shortage};

/// Corrects a bucket by a difference, or to a figure.
///
/// A figure is a fact: it says what is so. A difference is a wish, unless it is forced.
pub(super) fn adjust(mut draft: Draft<'_>, wish: &Adjust) -> Result<Box<Change>, Rejection> {
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
    let figures = draft.figures(at);
    let (bucket, delta) = match wish.target {
        Target::Delta(delta) => (wish.bucket, Some(delta)),
        Target::OnHand(target) => (Bucket::Available, target.checked_sub(figures.on_hand())),
        Target::Bucket(target) => (wish.bucket, target.checked_sub(figures.get(wish.bucket))),
    };
    let delta = delta.ok_or(Rejection::QuantityOverflow)?;
    let free = figures.get(bucket);
    if !is_fact && delta.is_negative() && free < delta.abs() {
        return Err(short(&wish.place, delta.abs(), free));
    }
    draft.tell(wish.detail.as_ref());
    book_difference(&mut draft, at, MovementKind::Adjustment, bucket, delta)?;
    draft.show(at);
    Ok(draft.finish())
}

/// Moves stock between two buckets of a position.
pub(super) fn shift(mut draft: Draft<'_>, wish: &MoveStock) -> Result<Box<Change>, Rejection> {
    assert_adjustable(wish.from);
    assert_adjustable(wish.to);
    let at = find_tracked(&mut draft, &wish.place, Unknown::Refuse)?;
    let free = draft.figures(at).get(wish.from);
    if free < wish.quantity {
        return Err(short(&wish.place, wish.quantity, free));
    }
    draft.tell(wish.detail.as_ref());
    draft.book(at, MovementKind::Move, Some(wish.from), Some(wish.to), wish.quantity)?;
    draft.show(at);
    Ok(draft.finish())
}

/// A cycle count: what was found is on hand, and the variance becomes a movement.
pub(super) fn count(mut draft: Draft<'_>, count: &Count) -> Result<Box<Change>, Rejection> {
    draft.nature = Nature::Fact;
    let at = find_tracked(&mut draft, &count.place, Unknown::Create)?;
    expect(&draft, at, &count.place, None, count.expected_version)?;
    let variance = count.counted.checked_sub(draft.figures(at).on_hand());
    let variance = variance.ok_or(Rejection::QuantityOverflow)?;
    draft.tell(count.detail.as_ref());
    book_difference(&mut draft, at, MovementKind::Count, Bucket::Available, variance)?;
    draft.show(at);
    Ok(draft.finish())
}

/// Promises and transfers change their buckets themselves; the door lets nobody else at them.
fn assert_adjustable(bucket: Bucket) {
    let may = matches!(bucket, Bucket::Available | Bucket::Damaged | Bucket::QualityHold);
    assert!(may, "promises and transfers have commands of their own");
}

/// The position of a tracked item. What only takes from it does not open it.
fn find_tracked(
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
/// else may be below zero.
fn book_difference(
    draft: &mut Draft<'_>,
    at: usize,
    kind: MovementKind,
    bucket: Bucket,
    delta: Quantity,
) -> Result<(), Rejection> {
    if !delta.is_negative() {
        return draft.book(at, kind, None, Some(bucket), delta);
    }
    let leaving = delta.abs();
    let held = draft.figures(at).get(bucket);
    let here = if bucket == Bucket::Available { leaving } else { leaving.min(held) };
    if !here.is_zero() {
        draft.book(at, kind, Some(bucket), None, here)?;
    }
    let rest = leaving.saturating_sub(here);
    if !rest.is_zero() {
        draft.book(at, kind, Some(Bucket::Available), None, rest)?;
    }
    Ok(())
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

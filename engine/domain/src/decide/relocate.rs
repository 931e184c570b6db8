//! Moving what is open of a reservation to other locations, all or nothing.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Decision;
use super::choice::{room, selling_location};
use super::life::{next_version, put, refuse_ended};
use super::reserve::merged;
use crate::catalog::{ItemNumber, LocationNumber};
use crate::change::MovementKind;
use crate::command::{Backorder, RelocatedLine};
use crate::draft::Draft;
use crate::ids::{ItemId, LocationId, LotNumber};
use crate::position::{Bucket, PositionNumber};
use crate::quantity::{Money, Quantity};
use crate::rejection::{Rejection, Shortage};
use crate::reservation::{Holding, Line, Reservation};

/// What goes where.
struct Parcel<'a> {
    item: (&'a ItemId, ItemNumber),
    from: Option<PositionNumber>,
    to: (&'a LocationId, LocationNumber),
    quantity: Option<Quantity>,
    /// What was given back for it: place of its line, and the line that takes its place.
    pieces: Vec<(usize, Line)>,
}

/// Moves promises. Everything is given back first, so that the caller's own hold never blocks the caller.
pub(super) fn relocate(
    mut draft: Draft<'_>,
    held: &Arc<Reservation>,
    wishes: &[RelocatedLine],
) -> Result<Decision, Rejection> {
    refuse_ended(held)?;
    let bucket = held.status.bucket().expect("an open reservation holds in a bucket");
    // Those that name a quantity first: the others take what is left.
    let (named, rest): (Vec<_>, Vec<_>) = wishes.iter().partition(|wish| wish.quantity.is_some());
    let all = named.into_iter().chain(rest).map(|wish| parcel(&draft, wish));
    let mut parcels = all.collect::<Result<Vec<_>, _>>()?;
    let mut next = next_version(&draft, held);
    for parcel in &mut parcels {
        give_back(&mut draft, &mut next, parcel, bucket)?;
    }
    let mut shortages = Vec::new();
    for parcel in &mut parcels {
        shortages.extend(take(&mut draft, parcel, bucket)?);
    }
    if !shortages.is_empty() {
        return Err(Rejection::InsufficientStock(shortages));
    }
    next.lines = placed(next.lines, parcels)?;
    Ok(put(draft, next))
}

fn parcel<'a>(draft: &Draft<'_>, wish: &'a RelocatedLine) -> Result<Parcel<'a>, Rejection> {
    let item = draft.known_item(&wish.item)?;
    let from = draft.known_location(&wish.from)?;
    Ok(Parcel {
        item: (&wish.item, item),
        from: draft.stock.position_number(item, from),
        to: (&wish.to, selling_location(draft, &wish.to)?),
        quantity: wish.quantity,
        pieces: Vec::new(),
    })
}

/// Takes what is open out of its lines.
fn give_back(
    draft: &mut Draft<'_>,
    next: &mut Reservation,
    parcel: &mut Parcel<'_>,
    bucket: Bucket,
) -> Result<(), Rejection> {
    let (id, item) = parcel.item;
    let is_meant =
        |line: &Line| line.item == item && parcel.from.is_some() && line.position == parcel.from;
    let open = next.lines.iter().filter(|line| is_meant(line));
    let open = open.fold(Quantity::ZERO, |sum, line| sum.saturating_add(line.open()));
    let mut rest = parcel.quantity.unwrap_or(open);
    if rest > open || open.is_zero() {
        return Err(Rejection::ExceedsOpen { item: Some(id.clone()), requested: rest, open });
    }
    for (at, line) in next.lines.iter_mut().enumerate().filter(|(_, line)| is_meant(line)) {
        let share = line.open().min(rest);
        if share.is_zero() {
            continue;
        }
        if let (Holding::Stock, Some(position)) = (line.holding, line.position) {
            let place = draft.touch(position);
            let (from, to) = (Some(bucket), Some(Bucket::Available));
            draft.book(place, MovementKind::Release, from, to, share)?;
        }
        line.quantity = line.quantity.saturating_sub(share);
        rest = rest.saturating_sub(share);
        let (fulfilled, released) = (Quantity::ZERO, Quantity::ZERO);
        if let (Some(lot), Some(position)) = (&line.lot, line.position) {
            draft.hold_lot(position, lot, share.negated());
        }
        let fulfilled_value = Money::ZERO;
        let piece = Line { quantity: share, fulfilled, fulfilled_value, released, ..line.clone() };
        parcel.pieces.push((at, piece));
    }
    Ok(())
}

/// Takes the same quantity at the other location. Tells what is short.
fn take(
    draft: &mut Draft<'_>,
    parcel: &mut Parcel<'_>,
    bucket: Bucket,
) -> Result<Option<Shortage>, Rejection> {
    let ((id, item), (location_id, location)) = (parcel.item, parcel.to);
    let holding = parcel.pieces.iter().filter(|(_, line)| line.holding == Holding::Stock);
    let wanted = holding.fold(Quantity::ZERO, |sum, (_, line)| sum.saturating_add(line.quantity));
    // Only a position that is new or takes stock goes into the record.
    let known = draft.stock.position_number(item, location).filter(|_| wanted.is_zero());
    let position = match known {
        Some(position) => position,
        None => {
            let at = draft.open_at(item, location);
            let mut free = room(&draft.policy(at), draft.figures(at).available, Backorder::Policy);
            if let Some(of_lots) = free_of_lots(draft, at, parcel) {
                free = Some(free.map_or(of_lots, |free| free.min(of_lots)));
            }
            if let Some(free) = free.filter(|free| *free < wanted) {
                return Ok(Some(Shortage {
                    item: id.clone(),
                    location: Some(location_id.clone()),
                    requested: wanted,
                    sellable: free,
                }));
            }
            if wanted.is_positive() {
                let (from, to) = (Some(Bucket::Available), Some(bucket));
                draft.book(at, MovementKind::Reserve, from, to, wanted)?;
            }
            let number = draft.number(at);
            for (_, line) in &parcel.pieces {
                if let Some(lot) = &line.lot {
                    draft.hold_lot(number, lot, line.quantity);
                }
            }
            number
        }
    };
    parcel.pieces.iter_mut().for_each(|(_, line)| line.position = Some(position));
    Ok(None)
}

/// What promises of lots may take where they go: all or nothing, so only the first lot that is short counts.
fn free_of_lots(draft: &mut Draft<'_>, at: usize, parcel: &Parcel<'_>) -> Option<Quantity> {
    let mut wanted: Vec<(&LotNumber, Quantity)> = Vec::new();
    for (_, line) in &parcel.pieces {
        let Some(lot) = line.lot.as_deref() else { continue };
        match wanted.iter_mut().find(|(held, _)| *held == lot) {
            Some((_, sum)) => *sum = sum.saturating_add(line.quantity),
            None => wanted.push((lot, line.quantity)),
        }
    }
    let mut short = wanted.into_iter().filter_map(|(lot, quantity)| {
        let free = draft.free_of_lot(at, Bucket::Available, lot).max(Quantity::ZERO);
        (free < quantity).then_some(free)
    });
    short.next()
}

/// The lines with what was moved behind what is left of its old line; nothing is left of an empty one.
fn placed(lines: Vec<Line>, parcels: Vec<Parcel<'_>>) -> Result<Vec<Line>, Rejection> {
    let mut moved: Vec<(usize, Line)> =
        parcels.into_iter().flat_map(|parcel| parcel.pieces).collect();
    moved.sort_by_key(|(at, _)| *at);
    let mut moved = moved.into_iter().peekable();
    let mut all = Vec::with_capacity(lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        let mut pieces = core::iter::from_fn(|| moved.next_if(|(of, _)| *of == at)).peekable();
        let is_empty = line.quantity.is_zero() && line.released.is_zero();
        if !(is_empty && pieces.peek().is_some()) {
            all.push(line);
        }
        all.extend(pieces.map(|(_, line)| line));
    }
    merged(all)
}

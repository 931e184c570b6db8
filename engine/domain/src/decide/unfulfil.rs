//! Putting what was shipped back on the shelf, to be owed again, in one step.
//!
//! The goods come back to where they left, and are promised there. A reservation that had ended is
//! confirmed again: what was shipped was sold for good.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::life::{next_version, put};
use super::reserve::merged;
use super::restock::{Origin, Part, home, undo};
use super::{Decision, Recall};
use crate::catalog::{ItemNumber, LocationNumber};
use crate::change::{Change, LineShare, MovementKind};
use crate::command::{Goods, ShippedLine, Unfulfil};
use crate::draft::{Draft, sums::summed};
use crate::ids::Reference;
use crate::layer::share_of;
use crate::quantity::{Money, Quantity};
use crate::rejection::Rejection;
use crate::reservation::{Holding, Line, Reservation, Status};

/// One share of a shipment, or part of it, that comes back.
struct Take {
    /// Place among the shipments of the reservation.
    shipment: usize,
    record: Arc<Change>,
    /// Place in what the record shipped.
    place: usize,
    share: LineShare,
    /// How much of it came back before.
    before: Quantity,
    /// Place of its movement; `None`: nothing moved (untracked items).
    movement: Option<usize>,
}

/// Why looking for the goods came to no end.
enum Missing {
    Refused(Rejection),
    /// This record must be read from the log first.
    Record(u64),
}

impl From<Rejection> for Missing {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

/// Takes a shipment back, or quantities of what was shipped.
pub(super) fn unfulfil(
    mut draft: Draft<'_>,
    held: &Arc<Reservation>,
    wish: &Unfulfil,
) -> Result<Decision, Rejection> {
    if !held.has_shipped() && !held.status.is_open() {
        return Err(Rejection::InvalidState(held.status));
    }
    let found = match &wish.goods {
        Goods::Shipment(id) => {
            let at = held.shipments.iter().position(|booked| booked.id.as_ref() == Some(id));
            let at = at.ok_or(Rejection::UnknownShipment)?;
            if let Some(undone) = held.shipments.get(at).and_then(|booked| booked.undone) {
                return Ok(Decision::Repeat(undone));
            }
            of_shipment(&draft, held, at)
        }
        Goods::Lines(lines) => of_lines(&draft, held, lines),
    };
    let takes = match found {
        Ok(takes) => takes,
        Err(Missing::Refused(rejection)) => return Err(rejection),
        Err(Missing::Record(sequence)) => return Ok(Decision::Recall(Recall::Record(sequence))),
    };
    draft.tell(wish.detail.as_ref());
    let mut next = next_version(&draft, held);
    if !next.status.is_open() {
        next.status = Status::Confirmed;
        next.expires_at = None;
    }
    for take in &takes {
        owe_again(&mut draft, &mut next, take)?;
    }
    if let Goods::Shipment(id) = &wish.goods {
        mark_undone(&mut next, id, draft.sequence);
    }
    next.lines = merged(next.lines)?;
    Ok(put(draft, next))
}

fn mark_undone(next: &mut Reservation, id: &Reference, sequence: u64) {
    let mut named = next.shipments.iter_mut().filter(|booked| booked.id.as_ref() == Some(id));
    if let Some(booked) = named.next() {
        booked.undone = Some(sequence);
    }
}

/// What is left of a shipment.
fn of_shipment(draft: &Draft<'_>, held: &Reservation, at: usize) -> Result<Vec<Take>, Missing> {
    let mut takes = left_of(draft, held, at)?;
    takes.retain(|take| take.share.quantity.is_positive());
    if takes.is_empty() {
        return Err(Rejection::ShipmentUndone.into());
    }
    Ok(takes)
}

/// Quantities from places, of what was shipped last first.
fn of_lines(
    draft: &Draft<'_>,
    held: &Reservation,
    lines: &[ShippedLine],
) -> Result<Vec<Take>, Missing> {
    let lines = summed(lines)?;
    let mut wanted: Vec<(ItemNumber, LocationNumber, Quantity)> = Vec::with_capacity(lines.len());
    for line in lines.iter() {
        let item = draft.known_item(&line.place.item)?;
        let known = draft.stock.location_number(draft.change.tenant, &line.place.location);
        let unknown = || Rejection::UnknownLocation(line.place.location.clone());
        wanted.push((item, known.ok_or_else(unknown)?, line.quantity));
    }
    let mut takes = Vec::new();
    for at in (0..held.shipments.len()).rev() {
        if wanted.iter().all(|(_, _, rest)| rest.is_zero()) {
            break;
        }
        for mut take in left_of(draft, held, at)? {
            let position = take.share.position.and_then(|number| draft.stock.position(number));
            let location = position.map(|position| position.location);
            let is_meant = |(item, from, rest): &&mut (ItemNumber, LocationNumber, Quantity)| {
                *item == take.share.item && Some(*from) == location && !rest.is_zero()
            };
            let Some((_, _, rest)) = wanted.iter_mut().find(is_meant) else { continue };
            take.share.quantity = take.share.quantity.min(*rest);
            *rest = rest.saturating_sub(take.share.quantity);
            if take.share.quantity.is_positive() {
                takes.push(take);
            }
        }
    }
    for (line, (_, _, rest)) in lines.iter().zip(&wanted) {
        if rest.is_positive() {
            let (item, requested) = (line.place.item.clone(), line.quantity);
            let fulfilled = requested.saturating_sub(*rest);
            return Err(Rejection::ExceedsFulfilled { item, requested, fulfilled }.into());
        }
    }
    Ok(takes)
}

/// The shares of a shipment with what is left of each, which may be nothing.
fn left_of(draft: &Draft<'_>, held: &Reservation, at: usize) -> Result<Vec<Take>, Missing> {
    let shipment = held.shipments.get(at).ok_or(Rejection::UnknownShipment)?;
    let known = draft.stock.records.get(shipment.sequence);
    let known = known.ok_or(Missing::Record(shipment.sequence))?;
    let record = known.change.as_ref().ok_or(Rejection::UnknownShipment)?;
    let mut named: Vec<usize> = Vec::new();
    let takes = record.shipped.iter().enumerate().map(|(place, share)| {
        // Two shares may have left the same place: each has a movement of its own.
        let is_its = |(at, movement): &(usize, &crate::change::Movement)| {
            let of = usize::try_from(movement.position).ok();
            let position = of.and_then(|of| record.positions.get(of)).map(|held| held.position);
            movement.kind == MovementKind::Fulfil
                && position == share.position
                && movement.quantity == share.quantity
                && !named.contains(at)
        };
        let movement = record.movements.iter().enumerate().find(is_its).map(|(at, _)| at);
        named.extend(movement);
        let back = shipment.taken_back(u32::try_from(place).unwrap_or(u32::MAX));
        let quantity = share.quantity.saturating_sub(back);
        let share = LineShare { quantity, ..*share };
        let record = Arc::clone(record);
        Take { shipment: at, record, place, share, before: back, movement }
    });
    Ok(takes.collect())
}

/// Books one share back and promises it where it lies now.
fn owe_again(draft: &mut Draft<'_>, next: &mut Reservation, take: &Take) -> Result<(), Rejection> {
    let mut share = take.share;
    let holding = if take.movement.is_some() { Holding::Stock } else { Holding::Nothing };
    if let (Some(place), Some(position)) = (take.movement, share.position) {
        let item = draft.item(share.item).expect("a share has an item").id.clone();
        draft.known_item(&item)?; // an archived item takes nothing in
        if !draft.is_tracked(share.item) {
            return Err(Rejection::NotTracked(item));
        }
        let at = home(draft, position);
        let origin = Origin { record: &take.record, place };
        let bucket = next.status.bucket();
        let booked = draft.change.movements.len();
        let part = Part { before: take.before, quantity: share.quantity };
        undo(draft, at, MovementKind::Unfulfil, (None, bucket), part, origin)?;
        share.value = draft.change.movements.get(booked).map_or(Money::ZERO, |back| back.value);
    }
    let (mut rest, mut value) = (share.quantity, share.value);
    // Lines that lie where the goods come back to first; what was shipped for others moves there.
    for own in [true, false] {
        let mut moved: Option<Line> = None;
        for line in &mut next.lines {
            let is_own = line.position == share.position;
            if line.item != share.item || line.holding != holding || is_own != own {
                continue;
            }
            let part = line.fulfilled.min(rest);
            // What it was worth when it left, not what others of the line were.
            let worth = share_of(value, part, rest).unwrap_or_default();
            line.fulfilled_value = line.fulfilled_value.saturating_sub(worth);
            line.fulfilled = line.fulfilled.saturating_sub(part);
            rest = rest.saturating_sub(part);
            value = value.saturating_sub(worth);
            if !own && part.is_positive() {
                line.quantity = line.quantity.saturating_sub(part);
                let (quantity, nothing) = (part, Quantity::ZERO);
                let there = moved.get_or_insert(Line {
                    position: share.position,
                    quantity: nothing,
                    fulfilled: nothing,
                    fulfilled_value: Money::ZERO,
                    released: nothing,
                    ..line.clone()
                });
                there.quantity = there.quantity.saturating_add(quantity);
            }
        }
        next.lines.extend(moved);
    }
    assert!(rest.is_zero(), "lines say what was shipped of them");
    next.lines.retain(|line| !(line.quantity.is_zero() && line.released.is_zero()));
    if let Some(shipment) = next.shipments.get_mut(take.shipment) {
        shipment.take_back(u32::try_from(take.place).unwrap_or(u32::MAX), share.quantity);
    }
    draft.change.shipped.push(share);
    Ok(())
}

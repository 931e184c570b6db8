//! Setting the quantities of lines, in place, all or nothing.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Decision;
use super::choice::{self, room};
use super::life::{next_version, put, refuse_ended, settle};
use super::reserve::{merged, serve};
use crate::catalog::ItemNumber;
use crate::change::MovementKind;
use crate::command::{Backorder, Completeness, RequestedLine, Wanted};
use crate::draft::{Draft, sums::summed};
use crate::ids::ItemId;
use crate::position::{Bucket, PositionNumber};
use crate::quantity::Quantity;
use crate::rejection::{Rejection, Shortage};
use crate::reservation::{Holding, Line, Reservation, Status};

/// Sets the lines named; the others stay as they are.
pub(super) fn set(
    mut draft: Draft<'_>,
    held: &Arc<Reservation>,
    wishes: &[RequestedLine],
) -> Result<Decision, Rejection> {
    refuse_ended(held)?;
    let bucket = held.status.bucket().expect("an open reservation holds in a bucket");
    let wishes = summed(wishes)?;
    // What lines that are there are to be, and what is new. Two wishes may mean one line.
    let mut targets: BTreeMap<usize, (&ItemId, Quantity)> = BTreeMap::new();
    let mut new: Vec<(ItemNumber, &RequestedLine)> = Vec::new();
    for wish in wishes.iter() {
        let item = draft.known_item(&wish.item)?;
        match find_line(&draft, held, item, wish)? {
            Some(at) => {
                let (_, sum) = targets.entry(at).or_insert((&wish.item, Quantity::ZERO));
                *sum = sum.checked_add(wish.quantity).ok_or(Rejection::QuantityOverflow)?;
            }
            None if wish.quantity.is_zero() => {}
            None => new.push((item, wish)),
        }
    }
    let mut next = next_version(&draft, held);
    let mut shortages = Vec::new();
    // What is given back first, so that the caller's own hold never blocks the caller.
    for growing in [false, true] {
        for (at, (id, quantity)) in &targets {
            let Some(line) = next.lines.get_mut(*at) else { continue };
            if (*quantity > line.quantity.saturating_sub(line.released)) == growing {
                shortages.extend(set_line(&mut draft, line, id, *quantity, bucket)?);
            }
        }
    }
    for (item, wish) in new {
        let terms = choice::Terms {
            backorder: Backorder::Policy,
            splits: u32::MAX,
            completeness: Completeness::Whole,
        };
        let lines = &mut next.lines;
        shortages.extend(serve(&mut draft, item, wish, terms, bucket, |line| lines.push(line))?);
    }
    if !shortages.is_empty() {
        return Err(Rejection::InsufficientStock(shortages));
    }
    next.lines = merged(next.lines)?;
    settle(&mut next, Status::Cancelled);
    Ok(put(draft, next))
}

/// The line that a wish is about; `None`: a new one. Spent lines are meant only when there is no other.
fn find_line(
    draft: &Draft<'_>,
    held: &Reservation,
    item: ItemNumber,
    wish: &RequestedLine,
) -> Result<Option<usize>, Rejection> {
    let location = match &wish.wanted {
        Wanted::Only(id) => Some(draft.known_location(id)?),
        Wanted::Preferred(_) | Wanted::Anywhere => None,
    };
    let stock = draft.stock;
    let is_meant = |line: &Line| {
        let at = line.position.and_then(|number| stock.position(number)).map(|held| held.location);
        let is_of_lot = wish.lot.is_none() || line.lot.as_deref() == wish.lot.as_ref();
        line.item == item && is_of_lot && location.is_none_or(|location| at == Some(location))
    };
    // Where the place is named, naming no lot means the line without one, if there is one.
    let is_plain = |line: &Line| line.lot.is_none() && is_meant(line);
    let has_plain = held.lines.iter().any(|line| is_plain(line) && !line.is_spent());
    let means_plain = wish.lot.is_none() && location.is_some() && has_plain;
    let fits = |line: &Line| is_meant(line) && (line.lot.is_none() || !means_plain);
    let meant = || held.lines.iter().enumerate().filter(|(_, line)| fits(line));
    let mut live = meant().filter(|(_, line)| !line.is_spent());
    match (live.next(), live.next()) {
        (None, _) => Ok(meant().next().map(|(at, _)| at)),
        (Some((at, _)), None) => Ok(Some(at)),
        (Some(_), Some(_)) => Err(Rejection::AmbiguousLine(wish.item.clone())),
    }
}

/// Sets one line. Tells what is short.
fn set_line(
    draft: &mut Draft<'_>,
    line: &mut Line,
    id: &ItemId,
    quantity: Quantity,
    bucket: Bucket,
) -> Result<Option<Shortage>, Rejection> {
    if quantity < line.fulfilled {
        let (item, fulfilled) = (id.clone(), line.fulfilled);
        return Err(Rejection::BelowFulfilled { item, requested: quantity, fulfilled });
    }
    let before = line.open();
    let after = quantity.saturating_sub(line.fulfilled);
    if after > before {
        let more = after.saturating_sub(before);
        if let Some(free) = grow(draft, line, more, bucket)? {
            return Ok(Some(Shortage {
                item: id.clone(),
                location: line.position.and_then(|number| location_id(draft, number)),
                requested: quantity,
                sellable: quantity.saturating_sub(more).saturating_add(free),
            }));
        }
    } else if let (Holding::Stock, Some(position)) = (line.holding, line.position)
        && after < before
    {
        let at = draft.touch(position);
        let back = before.saturating_sub(after);
        if let Some(lot) = &line.lot {
            draft.hold_lot(position, lot, back.negated());
        }
        draft.book(at, MovementKind::Release, Some(bucket), Some(Bucket::Available), back)?;
    }
    line.quantity = quantity;
    line.released = Quantity::ZERO;
    Ok(None)
}

/// Takes more where the line lies. Answers what is free there when that is too little.
fn grow(
    draft: &mut Draft<'_>,
    line: &Line,
    more: Quantity,
    bucket: Bucket,
) -> Result<Option<Quantity>, Rejection> {
    let Some(position) = line.position else { return Ok(None) };
    let location = draft.stock.position(position).map(|held| held.location);
    let location = location.and_then(|location| draft.stock.location(location));
    if let Some(closed) = location.filter(|location| !location.is_selling()) {
        return Err(Rejection::LocationInactive(closed.id.clone()));
    }
    if line.holding == Holding::Nothing {
        return Ok(None);
    }
    let at = draft.touch(position);
    let mut free = room(&draft.policy(at), draft.figures(at).available, Backorder::Policy);
    if let Some(lot) = &line.lot {
        let of_lot = draft.free_of_lot(at, Bucket::Available, lot).max(Quantity::ZERO);
        free = Some(free.map_or(of_lot, |free| free.min(of_lot)));
    }
    if let Some(free) = free.filter(|free| *free < more) {
        return Ok(Some(free));
    }
    draft.book(at, MovementKind::Reserve, Some(Bucket::Available), Some(bucket), more)?;
    if let Some(lot) = &line.lot {
        draft.hold_lot(position, lot, more);
    }
    Ok(None)
}

fn location_id(draft: &Draft<'_>, number: PositionNumber) -> Option<crate::ids::LocationId> {
    let position = draft.stock.position(number)?;
    draft.stock.location(position.location).map(|location| location.id.clone())
}

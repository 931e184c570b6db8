//! Making a reservation: all lines in one step, or none.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::choice::{self, Spot};
use crate::catalog::ItemNumber;
use crate::change::{Change, MovementKind};
use crate::command::{Completeness, RequestedLine, Reserve, Wanted};
use crate::draft::{Draft, sums::summed};
use crate::ids::LotNumber;
use crate::limits::LINES_MAX;
use crate::position::{Bucket, PositionNumber};
use crate::quantity::{Money, Quantity};
use crate::rejection::{Limit, Rejection, Shortage};
use crate::reservation::{Holding, Line, Reservation, Status};

/// Promises stock to an order.
pub(super) fn reserve(mut draft: Draft<'_>, wish: &Reserve) -> Result<Box<Change>, Rejection> {
    let requested = summed(&wish.lines)?;
    let terms = choice::Terms {
        backorder: wish.backorder,
        splits: wish.max_splits.unwrap_or(u32::MAX),
        completeness: wish.completeness,
    };
    let mut served: Vec<Line> = Vec::with_capacity(requested.len());
    let mut places: Vec<usize> = Vec::new();
    let mut shortages = Vec::new();
    // Lines that name a location come first, so that a line that does not mind where leaves it to them.
    let is_named = |line: &RequestedLine| matches!(line.wanted, Wanted::Only(_));
    let is_mixed = requested.iter().any(is_named) && !requested.iter().all(is_named);
    for named in [true, false] {
        for (place, line) in requested.iter().enumerate() {
            if is_named(line) != named {
                continue;
            }
            let item = draft.known_item(&line.item)?;
            let short = serve(&mut draft, item, line, terms, Bucket::Reserved, |line| {
                served.push(line);
                if is_mixed {
                    places.push(place);
                }
            })?;
            shortages.extend(short);
        }
    }
    if is_mixed {
        let mut placed: Vec<(usize, Line)> = places.into_iter().zip(served).collect();
        placed.sort_by_key(|(place, _)| *place);
        served = placed.into_iter().map(|(_, line)| line).collect();
    }
    let refused = !shortages.is_empty() && wish.completeness == Completeness::Whole;
    if refused || served.is_empty() {
        return Err(Rejection::InsufficientStock(shortages));
    }
    let lines = merged(served)?;
    draft.change.reservation = Some(Arc::new(Reservation {
        number: draft.sequence,
        tenant: draft.change.tenant,
        order: wish.order.clone(),
        customer: wish.customer.clone(),
        local: wish.local.clone(),
        required_at: wish.required_at,
        status: Status::Active,
        expires_at: wish.ttl_ms.map(|ttl| draft.now().plus_millis(ttl)),
        created_at: draft.now(),
        updated_at: draft.now(),
        version: 1,
        sequence: draft.sequence,
        lines,
        shipments: Vec::new(),
    }));
    Ok(draft.finish())
}

/// Serves one line as far as possible; tells what is short.
pub(super) fn serve(
    draft: &mut Draft<'_>,
    item: ItemNumber,
    wish: &RequestedLine,
    terms: choice::Terms,
    bucket: Bucket,
    mut taken: impl FnMut(Line),
) -> Result<Option<Shortage>, Rejection> {
    if !draft.is_tracked(item) {
        let position = untracked_place(draft, item, &wish.wanted)?;
        taken(line(item, position, Holding::Nothing, wish.lot.as_ref(), wish.quantity));
        return Ok(None);
    }
    let choice = match &wish.lot {
        None => choice::choose(draft, item, wish.quantity, &wish.wanted, terms)?,
        Some(lot) => choice::choose_of_lot(draft, item, wish, lot, terms)?,
    };
    for take in choice.takes.as_slice() {
        let at = match take.spot {
            Spot::Position(number) => draft.touch(number),
            Spot::New(location) => draft.open_at(item, location),
        };
        draft.book(
            at,
            MovementKind::Reserve,
            Some(Bucket::Available),
            Some(bucket),
            take.quantity,
        )?;
        let number = draft.number(at);
        if let Some(lot) = &wish.lot {
            draft.hold_lot(number, lot, take.quantity);
        }
        taken(line(item, Some(number), Holding::Stock, wish.lot.as_ref(), take.quantity));
    }
    Ok(choice.missing.is_positive().then(|| Shortage {
        item: wish.item.clone(),
        location: match &wish.wanted {
            Wanted::Only(location) => Some(location.clone()),
            _ => None,
        },
        requested: wish.quantity,
        sellable: wish.quantity.saturating_sub(choice.missing),
    }))
}

/// Where a line of an untracked item lies: it holds nothing, but names a place if there is one.
fn untracked_place(
    draft: &mut Draft<'_>,
    item: ItemNumber,
    wanted: &Wanted,
) -> Result<Option<PositionNumber>, Rejection> {
    let named = match wanted {
        Wanted::Only(id) => Some(choice::selling_location(draft, id)?),
        Wanted::Preferred(id) => {
            let location = draft.known_location(id)?;
            draft.stock.is_selling(location).then_some(location)
        }
        Wanted::Anywhere => None,
    };
    let location = named.or_else(|| {
        let has_position = |location| draft.stock.position_number(item, location).is_some();
        choice::best_location(draft, has_position)
            .or_else(|| choice::best_location(draft, |_| true))
    });
    Ok(location.map(|location| {
        // Only a new position goes into the record: the figures of a known one do not change.
        draft.stock.position_number(item, location).unwrap_or_else(|| {
            let at = draft.open_at(item, location);
            draft.number(at)
        })
    }))
}

fn line(
    item: ItemNumber,
    position: Option<PositionNumber>,
    holding: Holding,
    lot: Option<&LotNumber>,
    quantity: Quantity,
) -> Line {
    let (fulfilled, released) = (Quantity::ZERO, Quantity::ZERO);
    let (lot, fulfilled_value) = (lot.map(|lot| Arc::new(lot.clone())), Money::ZERO);
    Line { item, position, holding, lot, quantity, fulfilled, fulfilled_value, released }
}

/// So few are compared with each other; more are sorted.
const FEW: usize = 16;

type LineKey<'a> = (ItemNumber, Option<PositionNumber>, Holding, Option<&'a LotNumber>);

fn key_of(line: &Line) -> LineKey<'_> {
    (line.item, line.position, line.holding, line.lot.as_deref())
}

/// Lines for the same position and lot become one, at the place of the first.
pub(super) fn merged(lines: Vec<Line>) -> Result<Vec<Line>, Rejection> {
    let merged = if are_distinct(&lines) { lines } else { merge(&lines)? };
    if merged.len() > LINES_MAX as usize {
        return Err(Rejection::LimitExceeded { what: Limit::Lines, limit: LINES_MAX });
    }
    Ok(merged)
}

fn are_distinct(lines: &[Line]) -> bool {
    if lines.len() <= FEW {
        let mut rest = lines.iter();
        while let Some(line) = rest.next() {
            if rest.clone().any(|other| key_of(other) == key_of(line)) {
                return false;
            }
        }
        return true;
    }
    let mut keys: Vec<LineKey<'_>> = lines.iter().map(key_of).collect();
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair.first() != pair.last())
}

fn merge(lines: &[Line]) -> Result<Vec<Line>, Rejection> {
    let mut merged: Vec<Line> = Vec::with_capacity(lines.len());
    let mut places: BTreeMap<LineKey<'_>, usize> = BTreeMap::new();
    let sum = |one: Quantity, other| one.checked_add(other).ok_or(Rejection::QuantityOverflow);
    for line in lines {
        let place = *places.entry(key_of(line)).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(held) => {
                held.quantity = sum(held.quantity, line.quantity)?;
                held.fulfilled = sum(held.fulfilled, line.fulfilled)?;
                held.fulfilled_value = held.fulfilled_value.saturating_add(line.fulfilled_value);
                held.released = sum(held.released, line.released)?;
            }
            None => merged.push(line.clone()),
        }
    }
    Ok(merged)
}

//! Making a reservation: all lines in one step, or none.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::choice::{self, Spot};
use crate::catalog::ItemNumber;
use crate::change::{Change, MovementKind};
use crate::command::{Completeness, RequestedLine, Reserve, Wanted};
use crate::draft::{Draft, Unknown, summed};
use crate::limits::LINES_MAX;
use crate::position::{Bucket, PositionNumber};
use crate::quantity::Quantity;
use crate::rejection::{Limit, Rejection, Shortage};
use crate::reservation::{Holding, Line, Reservation, Status};

/// A line that was served, with its place in the request.
struct Served {
    place: usize,
    line: Line,
}

/// Promises stock to an order.
pub(super) fn reserve(mut draft: Draft<'_>, wish: &Reserve) -> Result<Change, Rejection> {
    let requested =
        summed(wish.lines.iter().map(|line| ((&line.item, &line.wanted), line.quantity)))?;
    let terms =
        choice::Terms { backorder: wish.backorder, splits: wish.max_splits.unwrap_or(u32::MAX) };
    let mut served: Vec<Served> = Vec::with_capacity(requested.len());
    let mut shortages = Vec::new();
    // Lines that name a location come first, so that a line that does not mind where leaves it to them.
    for named in [true, false] {
        for (place, ((id, wanted), quantity)) in requested.iter().enumerate() {
            if matches!(wanted, Wanted::Only(_)) != named {
                continue;
            }
            let item = draft.find_item(id, Unknown::Refuse)?;
            let line = RequestedLine {
                item: (*id).clone(),
                quantity: *quantity,
                wanted: (*wanted).clone(),
            };
            let short = serve(&mut draft, item, &line, terms, Bucket::Reserved, |line| {
                served.push(Served { place, line });
            })?;
            shortages.extend(short);
        }
    }
    let refused = !shortages.is_empty() && wish.completeness == Completeness::Whole;
    if refused || served.is_empty() {
        return Err(Rejection::InsufficientStock(shortages));
    }
    served.sort_by_key(|served| served.place);
    let lines = merged(served.into_iter().map(|served| served.line))?;
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
        taken(line(item, position, Holding::Nothing, wish.quantity));
        return Ok(None);
    }
    let choice = choice::choose(draft, item, wish.quantity, &wish.wanted, terms)?;
    for take in &choice.takes {
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
        taken(line(item, Some(draft.number(at)), Holding::Stock, take.quantity));
    }
    Ok((!choice.missing.is_zero()).then(|| Shortage {
        item: wish.item.clone(),
        location: match &wish.wanted {
            Wanted::Only(location) => Some(location.clone()),
            _ => None,
        },
        requested: wish.quantity,
        sellable: choice.sellable,
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
            let location = draft.find_location(id, Unknown::Refuse)?;
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
    quantity: Quantity,
) -> Line {
    let (fulfilled, released) = (Quantity::ZERO, Quantity::ZERO);
    Line { item, position, holding, quantity, fulfilled, released }
}

/// Lines for the same position become one.
pub(super) fn merged(lines: impl Iterator<Item = Line>) -> Result<Vec<Line>, Rejection> {
    let mut all: Vec<Line> = Vec::with_capacity(lines.size_hint().0);
    for line in lines {
        let same = all.iter_mut().find(|held| {
            (held.item, held.position, held.holding) == (line.item, line.position, line.holding)
        });
        match same {
            Some(held) => {
                let sum = held.quantity.checked_add(line.quantity);
                held.quantity = sum.ok_or(Rejection::QuantityOverflow)?;
            }
            None => all.push(line),
        }
    }
    if all.len() > LINES_MAX as usize {
        return Err(Rejection::LimitExceeded { what: Limit::Lines, limit: LINES_MAX });
    }
    Ok(all)
}

//! Choice of location for a line that names a lot: only what is left of it counts, and no backorder room.

use super::candidates::{self, Candidate};
use super::{Choice, Spot, Terms, selling_location, split};
use crate::catalog::ItemNumber;
use crate::command::{Backorder, RequestedLine, Wanted};
use crate::draft::Draft;
use crate::ids::LotNumber;
use crate::position::Bucket;
use crate::quantity::Quantity;
use crate::rejection::Rejection;

/// Chooses for one line of a tracked item that names a lot, in the same order as for other lines.
pub(in crate::decide) fn choose_of_lot(
    draft: &mut Draft<'_>,
    item: ItemNumber,
    wish: &RequestedLine,
    lot: &LotNumber,
    terms: Terms,
) -> Result<Choice, Rejection> {
    let (only, preferred) = match &wish.wanted {
        Wanted::Only(id) => (Some(selling_location(draft, id)?), None),
        Wanted::Preferred(id) => (None, Some(draft.known_location(id)?)),
        Wanted::Anywhere => (None, None),
    };
    let stock = draft.stock;
    let place = |location| stock.position_number(item, location).map(Spot::Position);
    let mut all = candidates::in_order(draft, item, None, Backorder::Never);
    if let Some(only) = only {
        all.retain(|found| Some(found.spot) == place(only));
    }
    for found in &mut all {
        let Spot::Position(number) = found.spot else { continue };
        let at_place = stock.position(number).map(|held| held.contents());
        let there = match at_place {
            Some(crate::position::Contents::Many(layers)) => {
                layers.of_lot(Bucket::Available.area(), lot)
            }
            _ => Quantity::ZERO,
        };
        let free = there.saturating_sub(draft.promised_of_lot(number, lot));
        found.limit(free.max(Quantity::ZERO));
    }
    all.sort_by(Candidate::order);
    if let Some(first) = preferred.and_then(place)
        && let Some(at) = all.iter().position(|found| found.spot == first)
    {
        let found = all.remove(at);
        all.insert(0, found);
    }
    if let Some(whole) = all.iter().find(|found| found.shelf >= wish.quantity) {
        return Ok(Choice::whole(whole.spot, wish.quantity));
    }
    Ok(split::over(&all, wish.quantity, terms))
}

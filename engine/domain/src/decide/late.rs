//! Facts that arrive after a count which has seen them already (tills that were off line).
//!
//! Sales, receipts, counts and set figures are booked together with the opposite correction at the first count after them, with the same
//! layers and costs: neither the figures of now nor their value change, and the figures of then become true.

use alloc::vec::Vec;

use super::{Moment, Recall};
use crate::change::MovementKind;
use crate::draft::Draft;
use crate::draft::goods::Entry;
use crate::ids::LotNumber;
use crate::layer::{Area, Goods, Layer, Pick};
use crate::position::{Contents, Figures};
use crate::quantity::Quantity;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The first count of a position behind the instant that its sender gave, if there was one.
pub(super) fn count_after(draft: &Draft<'_>, at: usize) -> Option<Timestamp> {
    let happened = draft.change.detail.as_ref()?.occurred_at?;
    let counts = draft.stock.position(draft.number(at))?.counts();
    counts.iter().copied().find(|counted| *counted > happened)
}

/// What a position was when the sender says that something was seen: that is what it is now, unless it has
/// changed since.
pub(super) fn figures_then(draft: &Draft<'_>, at: usize) -> Result<Figures, Recall> {
    let happened = draft.change.detail.as_ref().and_then(|detail| detail.occurred_at);
    let number = draft.number(at);
    let held = draft.stock.position(number);
    let is_late = held.zip(happened).filter(|(held, happened)| *happened < held.updated_at);
    let Some((held, happened)) = is_late else { return Ok(draft.figures(at)) };
    let moment = Moment { position: number, at: happened, since: held.sequence };
    draft.stock.moments.get(moment).ok_or(Recall::Moment(moment))
}

/// Takes out what a sale or a count says, and puts it back at the count behind it.
pub(super) fn take(
    draft: &mut Draft<'_>,
    at: usize,
    entry: Entry,
    quantity: Quantity,
    lot: Option<&LotNumber>,
    counted: Timestamp,
) -> Result<(), Rejection> {
    let average = draft.average_of(at)?;
    let place = draft.change.movements.len();
    draft.send(at, entry, quantity, lot)?;
    let taken = draft.change.entries().nth(place);
    let taken = taken.map(|(movement, picks)| (movement.value, picks.to_vec()));
    let (value, picks) = taken.expect("booked just now");
    // What was short is filled first, so that the layers come back as they were.
    let picks: Vec<Pick> = picks.into_iter().rev().collect();
    let from = entry.from.expect("what goes leaves a bucket");
    let back = Entry { occurred_at: Some(counted), ..Entry::enter(MovementKind::Count, from) };
    draft.book_goods(at, back, quantity, picks, Some(value))?;
    draft.set_average(at, average);
    Ok(())
}

/// Brings in what a receipt or a count says, and takes it out again at the count behind it.
pub(super) fn bring(
    draft: &mut Draft<'_>,
    at: usize,
    entry: Entry,
    mut layer: Layer,
    counted: Timestamp,
) -> Result<(), Rejection> {
    let average = draft.average_of(at)?;
    let to = entry.to.expect("what comes in enters a bucket");
    let quantity = layer.quantity;
    let (shortage, last_cost) = {
        let contents = draft.contents(at);
        if let Contents::Many(layers) = &contents
            && let Some(joined) = layers.find(to.area(), &layer.origin)
        {
            // It comes and goes, so the lot keeps its day.
            layer.origin = joined.origin.clone();
        }
        let shortage = match &contents {
            Contents::Single(shelf, _) => shelf.min(&Quantity::ZERO).abs(),
            Contents::Many(layers) => layers.shortage(),
        };
        (if to.area() == Area::Shelf { shortage } else { Quantity::ZERO }, contents.last_cost())
    };
    let pick = layer.as_pick();
    let place = draft.change.movements.len();
    draft.book_goods(at, entry, quantity, alloc::vec![pick], None)?;
    let value = draft.change.movements.get(place).map(|booked| booked.value);
    let covers = shortage.min(quantity);
    let rest = quantity.saturating_sub(covers);
    let mut picks = Vec::with_capacity(2);
    if rest.is_positive() {
        picks.push(Pick { goods: Goods::Layer(layer.origin), quantity: rest });
    }
    if covers.is_positive() {
        picks.push(Pick { goods: Goods::Shortage(last_cost), quantity: covers });
    }
    let back = Entry { occurred_at: Some(counted), ..Entry::leave(MovementKind::Count, to) };
    draft.book_goods(at, back, quantity, picks, value)?;
    draft.set_average(at, average);
    Ok(())
}

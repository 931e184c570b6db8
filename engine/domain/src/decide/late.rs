//! Facts that arrive after a count which has seen them already (tills that were off line).
//!
//! They are booked together with the opposite correction at the first count after them, with the same
//! layers and costs: neither the figures of now nor their value change, and the figures of then become true.

use alloc::vec::Vec;

use crate::change::MovementKind;
use crate::draft::Draft;
use crate::draft::goods::Entry;
use crate::layer::{Area, Goods, Layer, Pick};
use crate::position::{Bucket, Contents};
use crate::quantity::Quantity;
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The first count of a position behind the instant that its sender gave, if there was one.
pub(super) fn count_after(draft: &Draft<'_>, at: usize) -> Option<Timestamp> {
    let happened = draft.change.detail.as_ref()?.occurred_at?;
    let counts = draft.stock.position(draft.number(at))?.counts();
    counts.iter().copied().find(|counted| *counted > happened)
}

/// Puts back what was just taken by a sale.
pub(super) fn put_back(
    draft: &mut Draft<'_>,
    at: usize,
    quantity: Quantity,
    counted: Timestamp,
) -> Result<(), Rejection> {
    let Some((movement, picks)) = goods_of_last(draft, at, MovementKind::Sale) else {
        return Ok(());
    };
    let value = movement;
    // What was short is filled first, so that the layers come back as they were.
    let picks: Vec<Pick> = picks.into_iter().rev().collect();
    let entry = Entry {
        occurred_at: Some(counted),
        ..Entry::enter(MovementKind::Count, Bucket::Available)
    };
    draft.book_goods(at, entry, quantity, picks, Some(value))
}

fn goods_of_last(
    draft: &Draft<'_>,
    at: usize,
    kind: MovementKind,
) -> Option<(crate::quantity::Money, Vec<Pick>)> {
    let at = u32::try_from(at).ok()?;
    let mut own = draft
        .change
        .entries()
        .filter(|(movement, _)| movement.position == at && movement.kind == kind);
    own.next().map(|(movement, picks)| (movement.value, picks.to_vec()))
}

/// Brings in what a receipt says, and takes it out again at the count.
pub(super) fn receive(
    draft: &mut Draft<'_>,
    at: usize,
    entry: Entry,
    mut layer: Layer,
    counted: Timestamp,
) -> Result<(), Rejection> {
    let to = entry.to.expect("a receipt enters a bucket");
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
    draft.book_goods(at, entry, quantity, alloc::vec![pick], None)?;
    let value = draft.change.movements.iter().rev().find(|booked| booked.kind == entry.kind);
    let value = value.map(|booked| booked.value);
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
    draft.book_goods(at, back, quantity, picks, value)
}

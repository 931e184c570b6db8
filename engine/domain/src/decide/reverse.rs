//! Undoing one movement by its opposite.

use alloc::sync::Arc;

use super::restock::{Origin, Part, home, undo};
use super::{Decision, Recall};
use crate::change::{Change, Movement, MovementKind};
use crate::command::{Detail, Reverse};
use crate::draft::Draft;
use crate::rejection::{Rejection, Shortage};

/// Whether a movement of this kind is undone by its opposite alone. The others belong to something that
/// has a life of its own (a promise, a shipment, a transfer, a cost), and are undone there.
#[must_use]
pub const fn is_reversible(kind: MovementKind) -> bool {
    match kind {
        MovementKind::Receipt
        | MovementKind::Sale
        | MovementKind::Adjustment
        | MovementKind::Count
        | MovementKind::Move
        | MovementKind::Return => true,
        MovementKind::TransferOut
        | MovementKind::TransferIn
        | MovementKind::Reserve
        | MovementKind::Release
        | MovementKind::Confirm
        | MovementKind::Fulfil
        | MovementKind::Unfulfil
        | MovementKind::Expired
        | MovementKind::Reversal
        | MovementKind::Revaluation => false,
    }
}

/// Undoes a movement, once.
pub(super) fn reverse(mut draft: Draft<'_>, wish: &Reverse) -> Result<Decision, Rejection> {
    let place = wish.movement;
    if place.sequence >= draft.sequence || place.sequence == 0 {
        return Err(Rejection::UnknownTransaction);
    }
    let Some(known) = draft.stock.records.get(place.sequence) else {
        return Ok(Decision::Recall(Recall::Record(place.sequence)));
    };
    let tenant = draft.change.tenant;
    let record = known.change.as_ref().filter(|record| record.tenant == tenant);
    let record = record.ok_or(Rejection::UnknownTransaction)?;
    let at = usize::try_from(place.place).unwrap_or(usize::MAX);
    let movement = movement_of(record, at)?;
    // The correction of a fact that came after its count goes with that fact.
    if !is_reversible(movement.kind) || movement.occurred_at.is_some() {
        return Err(Rejection::NotReversible(Some(movement.kind)));
    }
    if let Some(by) = known.reversed.get(&place.place) {
        return Err(Rejection::AlreadyReversed { by: *by });
    }
    if movement.quantity.is_zero() {
        return Err(Rejection::NotReversible(None));
    }
    draft.tell(detail_of(record, movement, wish.detail.as_ref()).as_ref());
    book(&mut draft, Origin { record, place: at })?;
    draft.change.reverses = Some(place);
    Ok(Decision::Change(draft.finish()))
}

/// The movement that was named. Where nothing moved, the first place names the record itself.
fn movement_of(record: &Change, at: usize) -> Result<Movement, Rejection> {
    match record.movements.get(at) {
        Some(movement) => Ok(*movement),
        None if at == 0 && !record.positions.is_empty() => Err(Rejection::NotReversible(None)),
        None => Err(Rejection::UnknownTransaction),
    }
}

fn book(draft: &mut Draft<'_>, origin: Origin<'_>) -> Result<(), Rejection> {
    let movement = origin.movement();
    let of = usize::try_from(movement.position).unwrap_or(usize::MAX);
    let position = origin.record.positions.get(of).expect("a movement has a position").position;
    let at = home(draft, position);
    let (number, location) = draft.place_of(at);
    let item = draft.item(number).expect("a position has an item").id.clone();
    draft.known_item(&item)?; // an archived item takes nothing in, and has nothing to give
    if !draft.is_tracked(number) {
        return Err(Rejection::NotTracked(item));
    }
    let was_corrected = origin.record.movements.iter().any(|other| other.occurred_at.is_some());
    if let Some(bucket) = movement.to.filter(|_| !was_corrected) {
        let there = draft.figures(at).get(bucket);
        if there < movement.quantity {
            return Err(Rejection::InsufficientStock(alloc::vec![Shortage {
                item,
                location: draft.location(location).map(|location| location.id.clone()),
                requested: movement.quantity,
                sellable: there.max(crate::quantity::Quantity::ZERO),
            }]));
        }
    }
    let route = (movement.to, movement.from);
    let part = Part::whole(movement.quantity);
    undo(draft, at, MovementKind::Reversal, route, part, origin)?;
    // A fact that came after its count was corrected at that count; the correction goes with it.
    for (place, other) in origin.record.movements.iter().enumerate() {
        if other.occurred_at.is_some() && other.position == movement.position {
            let (route, origin) = ((other.to, other.from), Origin { place, ..origin });
            let part = Part::whole(other.quantity);
            undo(draft, at, MovementKind::Reversal, route, part, origin)?;
        }
    }
    draft.show(at);
    Ok(())
}

/// The caller's words; a return that was none no longer counts against what was shipped on its order.
fn detail_of(
    record: &Change,
    movement: Movement,
    told: Option<&Arc<Detail>>,
) -> Option<Arc<Detail>> {
    let is_return = movement.kind == MovementKind::Return;
    let order =
        record.detail.as_ref().filter(|_| is_return).and_then(|detail| detail.order.clone());
    match (order, told) {
        (None, told) => told.cloned(),
        (order, told) => {
            let told = told.map_or_else(Detail::default, |told| (**told).clone());
            Some(Arc::new(Detail { order, ..told }))
        }
    }
}

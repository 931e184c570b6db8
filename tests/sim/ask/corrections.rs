//! What was not right: promises that lie elsewhere or go, goods that did not leave after all, movements
//! that were none, costs that are others.

use std::sync::Arc;

use onhand_domain::change::MovementPlace;
use onhand_domain::command::{
    Action, Detail, Goods, Place, RelocatedLine, Revalue, Reverse, ShippedLine, StartJob, Unfulfil,
    WishedTask,
};
use onhand_domain::ids::Reference;

use super::catalog::place;
use super::reservations::{line, promise, share, shipped};
use super::{Known, detail, lot_there, told};
use crate::dice::Dice;
use crate::world;

pub(super) fn relocate(dice: &mut Dice, known: &Known<'_>) -> Action {
    let (reservation, held) = promise(dice, known);
    let count = 1 + dice.small(2);
    let lines = (0..count).map(|_| {
        let (item, from, open) = line(dice, held.as_deref());
        let quantity = (!dice.once_in(3)).then(|| share(dice, open));
        let to = if dice.once_in(2) { world::house(dice) } else { world::location(dice) };
        RelocatedLine { item, from, to, quantity }
    });
    Action::Relocate { reservation, lines: lines.collect() }
}

pub(super) fn unfulfil(dice: &mut Dice, known: &Known<'_>) -> Action {
    let (reservation, held) = shipped(dice, known);
    let shipments = held.iter().flat_map(|held| &held.shipments);
    let named = dice.pick_any(shipments.filter_map(|booked| booked.id.clone()));
    let named = named.filter(|_| !dice.once_in(6));
    let count = 1 + dice.small(2);
    let lines = (0..count).map(|_| {
        let (item, location, _) = line(dice, held.as_deref());
        let lines = held.iter().flat_map(|held| &held.lines);
        let gone = lines.filter(|it| it.item == item).map(|it| it.fulfilled).max().unwrap_or(0);
        ShippedLine { place: Place { item, location }, quantity: share(dice, gone), lot: None }
    });
    let lines: Vec<ShippedLine> = lines.collect();
    let goods = match named {
        Some(id) if dice.once_in(2) => Goods::Shipment(id),
        _ if dice.once_in(8) => Goods::Shipment(Reference::trusted("parcel-1")),
        _ => Goods::Lines(lines),
    };
    Action::Unfulfil(Box::new(Unfulfil { reservation, goods, detail: told(detail(dice, known)) }))
}

pub(super) fn cancel_order(dice: &mut Dice, known: &Known<'_>) -> Action {
    Action::CancelOrder { order: world::order(dice), detail: told(detail(dice, known)) }
}

pub(super) fn start_job(dice: &mut Dice, known: &Known<'_>) -> Action {
    let task = match dice.below(3) {
        0 => WishedTask::CancelItem(world::item(dice)),
        1 => WishedTask::CancelLocation(world::location(dice)),
        _ => WishedTask::ArchiveProduct(world::product(dice)),
    };
    Action::StartJob(Box::new(StartJob { task, detail: told(detail(dice, known)) }))
}

/// A movement: mostly of ours and of late, sometimes one that never was.
pub(super) fn reverse(dice: &mut Dice, known: &Known<'_>) -> Action {
    let records = &known.model.records;
    let newest = known.model.sequence + 3;
    let from = if dice.once_in(3) { 0 } else { newest.saturating_sub(80) };
    let ours = records.range(from..).filter(|(_, held)| held.tenant == *known.tenant);
    let found = dice.pick_any(ours).filter(|_| !dice.once_in(25));
    let (sequence, moves) = match found {
        Some((sequence, held)) => (*sequence, held.moves.len()),
        None => (dice.below(newest), 0),
    };
    let place = if dice.once_in(20) { 9 } else { dice.small(moves.max(1)) };
    let place = u32::try_from(place).expect("few");
    let movement = MovementPlace { sequence, place };
    Action::Reverse(Reverse { movement, detail: told(detail(dice, known)) })
}

pub(super) fn revalue(dice: &mut Dice, known: &Known<'_>) -> Action {
    let place = place(dice, known);
    let lot = lot_there(dice, known, &place.item);
    let words = detail(dice, known);
    let detail = (words != Detail::default()).then(|| Arc::new(words));
    Action::Revalue(Revalue { place, lot, unit_cost: world::cost(dice), detail })
}

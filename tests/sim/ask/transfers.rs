//! Transfers.

use onhand_domain::command::{Action, Force, StartTransfer};
use onhand_domain::quantity::Quantity;
use onhand_domain::transfer::TransferStatus;

use super::catalog::place;
use super::{Known, detail, picked, told};
use crate::dice::Dice;
use crate::world;

pub(super) fn start(dice: &mut Dice, known: &Known<'_>) -> Action {
    let place = place(dice, known);
    let mut to = world::location(dice);
    while to == place.location {
        to = world::location(dice);
    }
    let words = picked(dice, known, &place.item);
    Action::StartTransfer(Box::new(StartTransfer {
        item: place.item,
        from: place.location,
        to,
        quantity: Quantity::from_millionths(world::amount(dice)),
        force: if dice.once_in(5) { Force::Fact } else { Force::Wish },
        detail: told(words),
    }))
}

/// A transfer: mostly on its way, sometimes ended, of somebody else, or never made.
fn transfer(dice: &mut Dice, known: &Known<'_>) -> u64 {
    let all = known.model.transfers.values();
    let found = if dice.once_in(5) {
        dice.pick_any(all)
    } else {
        dice.pick_any(all.filter(|held| held.status == TransferStatus::InTransit))
    };
    let newest = known.model.sequence + 9;
    match found {
        Some(held) if !dice.once_in(20) => held.number,
        _ => 1 + dice.below(newest),
    }
}

pub(super) fn receive(dice: &mut Dice, known: &Known<'_>) -> Action {
    let amount = Quantity::from_millionths(world::amount(dice));
    let quantity = (!dice.once_in(3)).then_some(amount);
    let transfer = transfer(dice, known);
    let mut words = detail(dice, known);
    // Mostly a lot that is on its way.
    let freight = known.model.transfers.get(&transfer).map(|held| held.freight.iter());
    let lots = freight.into_iter().flatten().map(|(origin, _)| origin.lot.clone());
    words.lot = dice.pick_any(lots).flatten().filter(|_| dice.once_in(3));
    if dice.once_in(20) {
        words.lot = Some(world::lot(dice));
    }
    Action::ReceiveTransfer { transfer, quantity, detail: told(words) }
}

pub(super) fn cancel(dice: &mut Dice, known: &Known<'_>) -> Action {
    let transfer = transfer(dice, known);
    Action::CancelTransfer { transfer, detail: told(detail(dice, known)) }
}

//! Reservations of one and of several items, and what becomes of them.

use std::rc::Rc;

use onhand_domain::command::{
    Action, Backorder, Completeness, Force, Fulfil, Place, ReleasedLine, RequestedLine, Reserve,
    Rest, ShippedLine, Wanted,
};
use onhand_domain::ids::{ItemId, LocationId, LotNumber, Reference};
use onhand_domain::quantity::Quantity;

use super::{Known, detail, lot_there, told};
use crate::dice::Dice;
use crate::model::promise::Promise;
use crate::world;

fn wanted(dice: &mut Dice) -> Wanted {
    match dice.below(6) {
        0 => Wanted::Only(world::location(dice)),
        1 => Wanted::Preferred(world::location(dice)),
        _ => Wanted::Anywhere,
    }
}

fn requested(dice: &mut Dice, known: &Known<'_>) -> RequestedLine {
    let there = known.model.shop(known.tenant).items.keys();
    let there = dice.pick_any(there).filter(|_| dice.once_in(4)).cloned();
    let (item, wanted) = (there.unwrap_or_else(|| world::item(dice)), wanted(dice));
    let is_huge = item == world::abyss() && dice.once_in(2);
    let amount = if is_huge { i64::MAX / 2 + 1 } else { world::amount(dice) };
    let lot = lot_there(dice, known, &item);
    RequestedLine { item, quantity: Quantity::from_millionths(amount), wanted, lot }
}

/// A little of one item, for a short while, whether it is there or not.
pub(crate) fn one_of(item: &ItemId) -> Action {
    let quantity = Quantity::from_millionths(1);
    let line = RequestedLine { item: item.clone(), quantity, wanted: Wanted::Anywhere, lot: None };
    Action::Reserve(Box::new(Reserve {
        order: None,
        customer: None,
        local: None,
        required_at: None,
        ttl_ms: Some(500),
        completeness: Completeness::Whole,
        max_splits: None,
        backorder: Backorder::Always,
        lines: vec![line],
    }))
}

pub(super) fn reserve(dice: &mut Dice, known: &Known<'_>) -> Action {
    let count = *dice.pick(&[1, 1, 1, 2, 3, 5]);
    let ttl_ms = match dice.below(4) {
        0 => None,
        1 => Some(1 + dice.signed(50)),
        _ => Some(1 + dice.signed(20_000)),
    };
    let is_partial = dice.once_in(4);
    Action::Reserve(Box::new(Reserve {
        order: (!dice.once_in(5)).then(|| world::order(dice)),
        customer: None,
        local: None,
        required_at: None,
        ttl_ms,
        completeness: if is_partial { Completeness::Partial } else { Completeness::Whole },
        max_splits: dice.once_in(3).then(|| 1 + u32::from(dice.once_in(2))),
        backorder: *dice.pick(&[
            Backorder::Policy,
            Backorder::Policy,
            Backorder::Never,
            Backorder::Always,
        ]),
        lines: (0..count).map(|_| requested(dice, known)).collect(),
    }))
}

/// Something was shipped on it, mostly.
pub(super) fn shipped(dice: &mut Dice, known: &Known<'_>) -> (u64, Option<Rc<Promise>>) {
    let all = known.model.promises.values();
    let ours = all.filter(|held| held.tenant == *known.tenant && !held.shipments.is_empty());
    match dice.pick_any(ours).filter(|_| !dice.once_in(12)) {
        Some(held) => (held.number, Some(Rc::clone(held))),
        None => promise(dice, known),
    }
}

/// A reservation: mostly open, sometimes ended, of somebody else, or never made.
pub(super) fn promise(dice: &mut Dice, known: &Known<'_>) -> (u64, Option<Rc<Promise>>) {
    let all = known.model.promises.values();
    let found = match dice.below(8) {
        0 => dice.pick_any(all),
        1 => dice.pick_any(all.filter(|held| !held.status.is_open())),
        _ => {
            let ours = all.clone().filter(|held| held.tenant == *known.tenant);
            dice.pick_any(ours.filter(|held| held.status.is_open())).or_else(|| dice.pick_any(all))
        }
    };
    let newest = known.model.sequence + 9;
    match found {
        Some(held) if !dice.once_in(40) => (held.number, Some(Rc::clone(held))),
        _ => (1 + dice.below(newest), None),
    }
}

fn number(dice: &mut Dice, known: &Known<'_>) -> u64 {
    promise(dice, known).0
}

pub(super) fn confirm(dice: &mut Dice, known: &Known<'_>) -> Action {
    Action::Confirm { reservation: number(dice, known) }
}

pub(super) fn extend(dice: &mut Dice, known: &Known<'_>) -> Action {
    Action::Extend { reservation: number(dice, known), ttl_ms: 1 + dice.signed(30_000) }
}

/// Item and place of a line, or of something else.
pub(super) fn line(dice: &mut Dice, held: Option<&Promise>) -> (ItemId, LocationId, i64) {
    let line = held.and_then(|held| dice.pick_any(held.lines.iter()));
    match line.filter(|_| !dice.once_in(6)) {
        Some(line) => {
            let elsewhere = world::location(dice);
            let at = line.location.clone().filter(|_| !dice.once_in(4)).unwrap_or(elsewhere);
            (line.item.clone(), at, line.open())
        }
        None => (world::item(dice), world::location(dice), 0),
    }
}

/// Mostly none; else one that a line names, or that is there.
fn lot_of(
    dice: &mut Dice,
    known: &Known<'_>,
    held: Option<&Promise>,
    item: &ItemId,
) -> Option<LotNumber> {
    let lines = held.into_iter().flat_map(|held| &held.lines).filter(|line| line.item == *item);
    let named = dice.pick_any(lines.filter_map(|line| line.lot.clone()));
    named.filter(|_| dice.once_in(2)).or_else(|| lot_there(dice, known, item))
}

/// All, a part, or more than that.
pub(super) fn share(dice: &mut Dice, open: i64) -> Quantity {
    let amount = match dice.below(4) {
        0 => open,
        1 | 2 if open > 1 => 1 + (open / 2).min(5_000_000),
        _ => world::amount(dice),
    };
    Quantity::from_millionths(amount.max(1))
}

pub(super) fn set_lines(dice: &mut Dice, known: &Known<'_>) -> Action {
    let (reservation, held) = promise(dice, known);
    let count = 1 + dice.small(3);
    let lines = (0..count).map(|_| {
        let (item, location, open) = line(dice, held.as_deref());
        let quantity = if dice.once_in(5) { Quantity::ZERO } else { share(dice, open) };
        let wanted = match dice.below(4) {
            0 => Wanted::Only(location),
            1 => Wanted::Preferred(location),
            _ => Wanted::Anywhere,
        };
        let lot = lot_of(dice, known, held.as_deref(), &item);
        RequestedLine { item, quantity, wanted, lot }
    });
    Action::SetLines { reservation, lines: lines.collect() }
}

pub(super) fn fulfil(dice: &mut Dice, known: &Known<'_>) -> Action {
    let (reservation, held) = promise(dice, known);
    let count = 1 + dice.small(2);
    let lines = (0..count).map(|_| {
        let (item, location, open) = line(dice, held.as_deref());
        let lot = lot_of(dice, known, held.as_deref(), &item);
        ShippedLine { place: Place { item, location }, quantity: share(dice, open), lot }
    });
    let lines: Vec<ShippedLine> = lines.collect();
    Action::Fulfil(Box::new(Fulfil {
        reservation,
        shipment: dice.once_in(2).then(|| Reference::trusted(&format!("parcel-{}", dice.below(3)))),
        lines: (!dice.once_in(3)).then_some(lines),
        rest: if dice.once_in(5) { Rest::Close } else { Rest::Keep },
        force: if dice.once_in(4) { Force::Fact } else { Force::Wish },
        detail: told(detail(dice, known)),
    }))
}

pub(super) fn cancel(dice: &mut Dice, known: &Known<'_>) -> Action {
    let (reservation, held) = promise(dice, known);
    let count = 1 + dice.small(2);
    let lines = (0..count).map(|_| {
        let (item, location, open) = line(dice, held.as_deref());
        let location = dice.once_in(2).then_some(location);
        let lot = lot_of(dice, known, held.as_deref(), &item);
        ReleasedLine { item, location, quantity: share(dice, open), lot }
    });
    let lines: Vec<ReleasedLine> = lines.collect();
    let lines = dice.once_in(2).then_some(lines);
    Action::Cancel { reservation, lines, detail: told(detail(dice, known)) }
}

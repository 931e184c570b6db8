//! Receipts, sales, returns, adjustments, moves, counts.

use std::sync::Arc;

use onhand_domain::catalog::LocationAttributes;
use onhand_domain::command::{
    Action, Adjust, Condition, Count, Detail, Force, MoveStock, Place, StockEntry, Target,
};
use onhand_domain::ids::{ItemId, LocationId};
use onhand_domain::position::Bucket;
use onhand_domain::quantity::Quantity;

use super::catalog::place;
use super::{Known, goods, picked, told};
use crate::dice::Dice;
use crate::model::shop::Position;
use crate::world;

const ADJUSTABLE: [Bucket; 3] = [Bucket::Available, Bucket::Damaged, Bucket::QualityHold];

fn entry(dice: &mut Dice, known: &Known<'_>) -> StockEntry {
    let place = place(dice, known);
    // Only one item takes figures that do not fit, so that the others stay of use.
    let is_huge = place.item == world::abyss() && !dice.once_in(3);
    let amount = if is_huge { i64::MAX / 2 + dice.signed(9) } else { world::amount(dice) };
    let detail = told(goods(dice, known, &place.item));
    StockEntry { place, quantity: Quantity::from_millionths(amount), detail }
}

/// Enough of something to do business with, and what must be known of it first.
pub(crate) fn shelves(dice: &mut Dice, known: &Known<'_>) -> Vec<Action> {
    let (item, location) = (world::staple(dice), world::house(dice));
    let mut actions = Vec::new();
    let shop = known.model.shop(known.tenant);
    if known.model.is_strict && !shop.items.contains_key(&item) {
        let attributes = Arc::default();
        actions.push(Action::PutItem { item: item.clone(), attributes });
    }
    if known.model.is_strict && !shop.locations.contains_key(&location) {
        let attributes = LocationAttributes::default();
        actions.push(Action::PutLocation { location: location.clone(), attributes });
    }
    let quantity = Quantity::units(5 + dice.signed(25));
    let detail = if dice.once_in(2) { None } else { told(goods(dice, known, &item)) };
    let place = Place { item, location };
    actions.push(Action::Receive(StockEntry { place, quantity, detail }));
    actions
}

/// Items of a wide run that one step brings in.
const ASSORTMENT: usize = 60;

/// Items that nobody else speaks of by name; once they are there, they are used like others.
pub(crate) fn assortment(step: usize, known: &Known<'_>) -> Vec<Action> {
    let location = LocationId::trusted("north");
    let mut actions = Vec::new();
    if known.model.is_strict {
        let attributes = LocationAttributes::default();
        actions.push(Action::PutLocation { location: location.clone(), attributes });
    }
    for number in 0..ASSORTMENT {
        let item = ItemId::trusted(&format!("wide-{step}-{number}"));
        if known.model.is_strict {
            actions.push(Action::PutItem { item: item.clone(), attributes: Arc::default() });
        }
        let place = Place { item, location: location.clone() };
        let quantity = Quantity::units(9);
        actions.push(Action::Receive(StockEntry { place, quantity, detail: None }));
    }
    if step == 1 {
        actions.extend(scattered(known));
    }
    actions
}

/// What is asked for most lies at so many places that their order is kept.
fn scattered(known: &Known<'_>) -> Vec<Action> {
    let item = ItemId::trusted("tea");
    let mut actions = Vec::new();
    for location in world::everywhere() {
        if known.model.is_strict {
            let attributes = LocationAttributes::default();
            let location = location.clone();
            actions.push(Action::PutLocation { location, attributes });
            actions.push(Action::PutItem { item: item.clone(), attributes: Arc::default() });
        }
        let place = Place { item: item.clone(), location };
        let quantity = Quantity::units(4);
        actions.push(Action::Receive(StockEntry { place, quantity, detail: None }));
    }
    actions
}

pub(super) fn receive(dice: &mut Dice, known: &Known<'_>) -> Action {
    Action::Receive(entry(dice, known))
}

pub(super) fn sell(dice: &mut Dice, known: &Known<'_>) -> Action {
    let mut entry = entry(dice, known);
    entry.detail = told(picked(dice, known, &entry.place.item));
    Action::Sell(entry)
}

pub(super) fn take_back(dice: &mut Dice, known: &Known<'_>) -> Action {
    let mut entry = entry(dice, known);
    let mut words = entry.detail.as_deref().cloned().unwrap_or_default();
    if !dice.once_in(4) {
        words.unit_cost = None;
    }
    // Mostly what was shipped on an order, if anything was.
    let shipped = known.model.promises.values().filter(|held| held.tenant == *known.tenant);
    let shipped = shipped.filter(|held| held.lines.iter().any(|line| line.fulfilled > 0));
    if let Some(promise) = dice.pick_any(shipped).filter(|_| !dice.once_in(4)) {
        words.order.clone_from(&promise.order);
        if let Some(line) = dice.pick_any(promise.lines.iter()) {
            entry.place.item = line.item.clone();
        }
    } else if dice.once_in(2) {
        words.order = Some(world::order(dice));
    }
    words.condition =
        *dice.pick(&[None, Some(Condition::Good), Some(Condition::Damaged), Some(Condition::Good)]);
    Action::Return(StockEntry { detail: told(words), ..entry })
}

/// Words about figures that were seen. Those that do not fit are not seen late: nobody could sum them up.
fn seen(dice: &mut Dice, known: &Known<'_>, place: &Place) -> Detail {
    let mut words = goods(dice, known, &place.item);
    if place.item == world::abyss() {
        words.occurred_at = words.occurred_at.filter(|at| at.millis() > known.now);
    }
    words
}

fn held(known: &Known<'_>, place: &Place) -> Position {
    let key = (place.item.clone(), place.location.clone());
    known.model.shop(known.tenant).positions.get(&key).cloned().unwrap_or_default()
}

/// A version that is right, or nearly.
fn version(dice: &mut Dice, held: &Position) -> Option<u64> {
    dice.once_in(4).then(|| u64::from(held.version) + u64::from(dice.once_in(3)))
}

pub(super) fn adjust(dice: &mut Dice, known: &Known<'_>) -> Action {
    let place = place(dice, known);
    let held = held(known, &place);
    let sign = if dice.once_in(2) { -1 } else { 1 };
    let figure = Quantity::from_millionths(world::amount(dice));
    let target = match dice.below(5) {
        0 => Target::OnHand(figure),
        1 => Target::Bucket(figure),
        2 if place.item == world::abyss() => {
            Target::OnHand(Quantity::from_millionths(i64::MAX - 1))
        }
        _ => Target::Delta(Quantity::from_millionths(sign * figure.millionths())),
    };
    let words = seen(dice, known, &place);
    let on_hand = held.on_hand().expect("figures fit") + i64::from(dice.once_in(3));
    let expected = dice.once_in(4).then_some(on_hand);
    Action::Adjust(Adjust {
        place,
        bucket: *dice.pick(&ADJUSTABLE),
        target,
        expected_on_hand: expected.map(Quantity::from_millionths),
        expected_version: version(dice, &held),
        force: if dice.once_in(4) { Force::Fact } else { Force::Wish },
        detail: told(words),
    })
}

pub(super) fn shift(dice: &mut Dice, known: &Known<'_>) -> Action {
    let from = dice.small(3);
    let to = (from + 1 + dice.small(2)) % 3;
    let place = place(dice, known);
    let words = picked(dice, known, &place.item);
    Action::Move(MoveStock {
        place,
        quantity: Quantity::from_millionths(world::amount(dice)),
        from: ADJUSTABLE[from],
        to: ADJUSTABLE[to],
        detail: told(words),
    })
}

pub(super) fn count(dice: &mut Dice, known: &Known<'_>) -> Action {
    let place = place(dice, known);
    let held = held(known, &place);
    let found = match dice.below(4) {
        0 => 0,
        1 => held.on_hand().expect("figures fit").max(0),
        _ => world::amount(dice) * 3,
    };
    let words = seen(dice, known, &place);
    Action::Count(Count {
        place,
        counted: Quantity::from_millionths(found),
        expected_version: version(dice, &held),
        detail: told(words),
    })
}

//! Items, locations, bins, policies.

use std::sync::Arc;

use onhand_domain::catalog::{Activity, ItemAttributes, LocationAttributes, Strategy, Tracking};
use onhand_domain::command::{Action, Place};
use onhand_domain::ids::{ItemId, LocationId};
use onhand_domain::policy::{BackorderLimit, Policy};
use onhand_domain::quantity::Quantity;

use super::Known;
use crate::dice::Dice;
use crate::world;

/// A place, mostly one that is there.
pub(super) fn place(dice: &mut Dice, known: &Known<'_>) -> Place {
    let there = known.model.shop(known.tenant).positions.keys().cloned();
    let (item, location) = match dice.pick_any(there) {
        Some(place) if !dice.once_in(3) => place,
        _ => (world::item(dice), world::location(dice)),
    };
    Place { item, location }
}

/// One with nothing in it, if there is one: it can be put away.
fn empty_item(dice: &mut Dice, known: &Known<'_>) -> Option<ItemId> {
    let shop = known.model.shop(known.tenant);
    let is_empty = |item: &ItemId| {
        shop.positions.iter().all(|((held, _), position)| held != item || position.is_empty())
    };
    dice.pick_any(shop.items.keys().filter(|item| is_empty(item)).cloned())
}

fn policy(dice: &mut Dice) -> Policy {
    let units = |dice: &mut Dice, limit: u64| Quantity::units(dice.signed(limit));
    let mut policy = Policy::default();
    if dice.once_in(3) {
        policy.safety_stock = Some(units(dice, 4));
    }
    if dice.once_in(3) {
        policy.min_stock = Some(units(dice, 8));
    }
    if dice.once_in(4) {
        policy.low_stock_threshold = Some(units(dice, 12));
    }
    if dice.once_in(6) {
        policy.max_stock = Some(units(dice, 50));
    }
    if dice.once_in(3) {
        let limited = BackorderLimit::Limited(units(dice, 10));
        let limit = if dice.once_in(4) { BackorderLimit::Unlimited } else { limited };
        policy.backorder_limit = Some(limit);
    }
    policy
}

pub(super) fn put_item(dice: &mut Dice, known: &Known<'_>) -> Action {
    let is_untracked = dice.once_in(6);
    let emptied = empty_item(dice, known).filter(|_| is_untracked);
    let mut attributes = ItemAttributes {
        name: dice.once_in(2).then(|| world::text(dice)),
        tracking: if is_untracked { Tracking::Untracked } else { Tracking::Tracked },
        policy: policy(dice),
        product: dice.once_in(3).then(|| world::product(dice)),
        unit_cost: dice.once_in(2).then(|| world::cost(dice)),
        strategy: *dice.pick(&[Strategy::Fifo, Strategy::Fefo, Strategy::Lifo]),
        ..ItemAttributes::default()
    };
    let item = emptied.unwrap_or_else(|| world::item(dice));
    if item == world::abyss() {
        attributes.unit_cost = None;
    }
    Action::PutItem { item, attributes: Arc::new(attributes) }
}

pub(super) fn archive_item(dice: &mut Dice, known: &Known<'_>) -> Action {
    let emptied = empty_item(dice, known).filter(|_| dice.once_in(2));
    Action::ArchiveItem { item: emptied.unwrap_or_else(|| world::item(dice)) }
}

pub(super) fn put_location(dice: &mut Dice, _: &Known<'_>) -> Action {
    let activity = if dice.once_in(5) { Activity::Inactive } else { Activity::Active };
    let priority = if dice.once_in(2) { 100 } else { i32::from(dice.once_in(2)) * 50 + 50 };
    let name = dice.once_in(2).then(|| world::text(dice));
    let attributes = LocationAttributes { name, kind: None, activity, priority };
    Action::PutLocation { location: world::location(dice), attributes }
}

pub(super) fn remove_location(dice: &mut Dice, known: &Known<'_>) -> Action {
    let shop = known.model.shop(known.tenant);
    let is_empty = |id: &LocationId| {
        shop.positions.iter().all(|((_, at), position)| at != id || position.is_empty())
    };
    let emptied = dice.pick_any(shop.locations.keys().filter(|id| is_empty(id)).cloned());
    let emptied = emptied.filter(|_| dice.once_in(2));
    Action::RemoveLocation { location: emptied.unwrap_or_else(|| world::location(dice)) }
}

pub(super) fn put_bin(dice: &mut Dice, _: &Known<'_>) -> Action {
    let name = dice.once_in(2).then(|| world::text(dice));
    Action::PutBin { location: world::location(dice), bin: world::bin(dice), name }
}

pub(super) fn assign_bin(dice: &mut Dice, known: &Known<'_>) -> Action {
    let mut place = place(dice, known);
    let mut bin = world::bin(dice);
    // Mostly a bin that is there.
    let shop = known.model.shop(known.tenant);
    let all = shop.locations.iter();
    let all = all.flat_map(|(at, held)| held.bins.keys().map(move |bin| (at.clone(), bin.clone())));
    if let Some((location, known)) = dice.pick_any(all).filter(|_| !dice.once_in(4)) {
        (place.location, bin) = (location, known);
    }
    Action::AssignBin { place, bin }
}

pub(super) fn set_policy(dice: &mut Dice, known: &Known<'_>) -> Action {
    Action::SetPolicy { place: place(dice, known), policy: policy(dice) }
}

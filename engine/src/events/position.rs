//! Events of positions: how much there is, and on what terms.

use onhand_domain::change::{Cause, Movement, MovementKind, PositionChange};
use onhand_domain::ids::{BinId, ItemId, LocationId};
use onhand_domain::policy::Policy;

use super::stock_level::{self, StockLevelChanged};
use super::teller::{Aggregate, Teller};
use super::{Payload, alarm, receipt, revaluation};

/// A policy was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyChanged {
    /// The item.
    pub item: ItemId,
    /// The location; `None`: the policy of all positions of the item that set none themselves.
    pub location: Option<LocationId>,
    /// What was set before.
    pub before: Policy,
    /// What is set now.
    pub after: Policy,
}

/// A position got a home bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemAssignedToBin {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// The bin.
    pub bin: BinId,
}

/// Tells what happened to each position: its level first, then what there is besides.
pub(super) fn tell(teller: &mut Teller<'_>) {
    for (at, held) in teller.change.positions.iter().enumerate() {
        let level = Box::new(stock_level::of(teller, at, held));
        let aggregate = Aggregate::position(&level.item, &level.location, held.version);
        if !says_more(teller, held) {
            teller.tell(aggregate, Payload::StockLevelChanged(level));
            continue;
        }
        teller.tell(aggregate, Payload::StockLevelChanged(level.clone()));
        receipt::tell(teller, held, &level);
        revaluation::tell(teller, held, &level);
        if let Some(payload) = terms(teller, held, &level) {
            teller.tell(Aggregate::position(&level.item, &level.location, held.version), payload);
        }
        alarm::tell(teller, held, &level);
    }
}

/// Whether there may be more to tell of a position than its level.
fn says_more(teller: &Teller<'_>, held: &PositionChange) -> bool {
    let change = teller.change;
    let is_receipt = |movement: &Movement| movement.kind == MovementKind::Receipt;
    !held.raised.is_nothing()
        || held.terms.is_some()
        || change.cause == Cause::Revalued
        || change.movements.iter().any(is_receipt)
}

/// New terms of a position.
fn terms(teller: &Teller<'_>, held: &PositionChange, level: &StockLevelChanged) -> Option<Payload> {
    let (item, location) = (level.item.clone(), level.location.clone());
    let terms = held.terms.as_deref()?;
    match teller.change.cause {
        Cause::PolicySet => {
            let before = teller.change.policy_before.as_deref()?.own;
            let (location, after) = (Some(location), terms.own);
            Some(Payload::PolicyChanged(Box::new(PolicyChanged { item, location, before, after })))
        }
        Cause::BinAssigned => {
            let bin = terms.bin.clone()?;
            Some(Payload::ItemAssignedToBin(ItemAssignedToBin { item, location, bin }))
        }
        _ => None,
    }
}

//! `StockRevalued`: goods that are there were given another cost.

use onhand_domain::change::{Cause, PositionChange};
use onhand_domain::ids::{ItemId, LocationId, LotNumber};
use onhand_domain::layer::{unit_cost_of, value_of};
use onhand_domain::quantity::{Money, Quantity};

use super::Payload;
use super::stock_level::StockLevelChanged;
use super::teller::{Aggregate, Teller};

/// Goods that are there were given another cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockRevalued {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// Only this lot; `None`: all that is there.
    pub lot: Option<LotNumber>,
    /// What a unit cost before, on average; `None` when nothing changed.
    pub previous_unit_cost: Option<Money>,
    /// What it costs now.
    pub unit_cost: Money,
    /// Units that cost something else before.
    pub quantity: Quantity,
    /// What they are worth more, or less, than before.
    pub value: Money,
}

/// Tells the revaluation of a position.
pub(super) fn tell(teller: &mut Teller<'_>, held: &PositionChange, level: &StockLevelChanged) {
    if teller.change.cause != Cause::Revalued {
        return;
    }
    let detail = teller.detail();
    let Some(unit_cost) = detail.and_then(|detail| detail.unit_cost) else { return };
    let (mut quantity, mut before, mut value) = (Quantity::ZERO, Money::ZERO, Money::ZERO);
    for (movement, picks) in teller.change.entries() {
        value = value.saturating_add(movement.value);
        for pick in picks.iter().filter(|pick| pick.goods.unit_cost() != Some(unit_cost)) {
            let units = pick.quantity.abs();
            quantity = quantity.saturating_add(units);
            let worth = value_of(pick.goods.unit_cost(), units).unwrap_or_default();
            before = before.saturating_add(worth);
        }
    }
    let revalued = StockRevalued {
        item: level.item.clone(),
        location: level.location.clone(),
        lot: detail.and_then(|detail| detail.lot.clone()),
        previous_unit_cost: unit_cost_of(before, quantity),
        unit_cost,
        quantity,
        value,
    };
    let aggregate = Aggregate::position(&level.item, &level.location, held.version);
    teller.tell(aggregate, Payload::StockRevalued(revalued.into()));
}

//! Alarms: stock is low, out, back, or not what it should be.

use onhand_domain::change::PositionChange;
use onhand_domain::ids::{ItemId, LocationId, Reference};
use onhand_domain::quantity::Quantity;

use super::Payload;
use super::stock_level::StockLevelChanged;
use super::teller::{Aggregate, Teller};

/// `available` has crossed the threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmThreshold {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// Free to be promised now.
    pub available: Quantity,
    /// The threshold.
    pub threshold: Quantity,
}

/// Nothing is left to be promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfStock {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// Free to be promised now: zero or below.
    pub available: Quantity,
}

/// More has left than could have been there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockDiscrepancy {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// Free to be promised now: below zero.
    pub available: Quantity,
    /// Promised: reserved and committed.
    pub promised: Quantity,
    /// The fact that did it: type of its movement.
    pub cause: &'static str,
    /// Reference of that fact.
    pub reference: Option<Reference>,
}

/// Tells the alarms that a record raised at a position.
pub(super) fn tell(teller: &mut Teller<'_>, held: &PositionChange, level: &StockLevelChanged) {
    if held.raised.is_nothing() {
        return;
    }
    let StockLevelChanged { item, location, available, .. } = level;
    let available = *available;
    let threshold = AlarmThreshold {
        item: item.clone(),
        location: location.clone(),
        available,
        threshold: held.threshold.unwrap_or_default(),
    };
    let out = OutOfStock { item: item.clone(), location: location.clone(), available };
    let discrepancy = StockDiscrepancy {
        item: item.clone(),
        location: location.clone(),
        available,
        promised: held.figures.promised(),
        cause: level.change_reason,
        reference: level.reference.clone(),
    };
    let raised = held.raised;
    let alarms = [
        raised.low.then(|| Payload::LowStockReached(threshold.clone())),
        raised.out.then_some(Payload::StockedOut(out)),
        raised.replenished.then_some(Payload::StockReplenished(threshold)),
        raised.discrepancy.then_some(Payload::StockDiscrepancy(discrepancy)),
    ];
    for alarm in alarms.into_iter().flatten() {
        teller.tell(Aggregate::position(item, location, held.version), alarm);
    }
}

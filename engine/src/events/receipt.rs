//! `StockReceived`: goods came in.

use onhand_domain::change::{MovementKind, PositionChange};
use onhand_domain::ids::{ItemId, LocationId, LotNumber, Reference};
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::time::Day;

use super::Payload;
use super::stock_level::{Moved, StockLevelChanged};
use super::teller::{Aggregate, Teller};

/// Goods came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockReceived {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// How much.
    pub quantity: Quantity,
    /// Its lot.
    pub lot: Option<LotNumber>,
    /// Last day on which the lot may be sold.
    pub expiry: Option<Day>,
    /// Cost of a unit.
    pub unit_cost: Option<Money>,
    /// The receipt.
    pub receipt: Option<Reference>,
    /// Name of the movement.
    pub transaction_id: String,
}

/// Tells the receipts at a position.
pub(super) fn tell(teller: &mut Teller<'_>, held: &PositionChange, level: &StockLevelChanged) {
    let detail = teller.detail();
    for place in teller.movements_at(held.position, MovementKind::Receipt) {
        let received = StockReceived {
            item: level.item.clone(),
            location: level.location.clone(),
            quantity: teller.change.movements[place].quantity,
            lot: detail.and_then(|detail| detail.lot.clone()),
            expiry: detail.and_then(|detail| detail.expiry),
            unit_cost: Moved::by(teller.change, place)
                .unit_cost
                .or_else(|| detail.and_then(|detail| detail.unit_cost)),
            receipt: detail.and_then(|detail| detail.document.clone()),
            transaction_id: teller.transaction_id(place),
        };
        let aggregate = Aggregate::position(&level.item, &level.location, held.version);
        teller.tell(aggregate, Payload::StockReceived(Box::new(received)));
    }
}

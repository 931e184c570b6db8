//! Comparing: what a record says, what memory holds, what readers see, and what the log holds, each
//! with the model.

pub(crate) mod ledger;
pub(crate) mod memory;
pub(crate) mod record;
pub(crate) mod view;

use onhand_domain::ids::{ItemId, LocationId};
use onhand_domain::position::PositionNumber;
use onhand_domain::quantity::Quantity;
use onhand_domain::reservation::Reservation;
use onhand_domain::stock::Stock;

use crate::model::promise::{Line, Promise, Shipment};
use crate::model::shop::Key;

/// What is found is told in words; the first thing ends the run.
pub(crate) type Checked = Result<(), String>;

/// Says where two differ.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, must_be: &T) -> Checked {
    if is == must_be {
        return Ok(());
    }
    Err(format!("{what}: is {is:?}, must be {must_be:?}"))
}

/// Names of what the engine knows by number.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a>(pub(crate) &'a Stock);

impl Names<'_> {
    pub(crate) fn item(self, number: u32) -> ItemId {
        self.0.item(number).expect("records name items that are known").id.clone()
    }

    pub(crate) fn location(self, number: u32) -> LocationId {
        self.0.location(number).expect("records name locations that are known").id.clone()
    }

    pub(crate) fn place(self, number: PositionNumber) -> Key {
        let position = self.0.position(number).expect("records name positions that are known");
        (self.item(position.item), self.location(position.location))
    }
}

/// A reservation of the engine, as the model would hold it.
pub(crate) fn promise(held: &Reservation, names: Names<'_>) -> Promise {
    let line = |line: &onhand_domain::reservation::Line| Line {
        item: names.item(line.item),
        location: line.position.map(|number| names.place(number).1),
        holds: line.holding == onhand_domain::reservation::Holding::Stock,
        lot: line.lot.as_deref().cloned(),
        quantity: line.quantity.millionths(),
        fulfilled: line.fulfilled.millionths(),
        worth: line.fulfilled_value.millionths(),
        released: line.released.millionths(),
    };
    let back = |(place, quantity): &(u32, Quantity)| (*place as usize, quantity.millionths());
    let shipment = |booked: &onhand_domain::reservation::Shipment| Shipment {
        id: booked.id.clone(),
        sequence: booked.sequence,
        back: booked.back.iter().map(back).collect(),
        undone: booked.undone,
    };
    Promise {
        number: held.number,
        tenant: names.0.tenant(held.tenant).expect("a tenant that is known").clone(),
        order: held.order.clone(),
        status: held.status,
        expires_at: held.expires_at.map(|at| at.millis()),
        version: held.version,
        sequence: held.sequence,
        lines: held.lines.iter().map(line).collect(),
        shipments: held.shipments.iter().map(shipment).collect(),
        updated_at: held.updated_at.millis(),
    }
}

/// A transfer of the engine, as the model would hold it.
pub(crate) fn travel(
    held: &onhand_domain::transfer::Transfer,
    names: Names<'_>,
) -> crate::model::promise::Travel {
    let freight = held.freight.iter();
    let freight = freight.map(|layer| (layer.origin.clone(), layer.quantity.millionths()));
    crate::model::promise::Travel {
        number: held.number,
        tenant: names.0.tenant(held.tenant).expect("a tenant that is known").clone(),
        item: names.item(held.item),
        from: names.place(held.from).1,
        to: names.place(held.to).1,
        quantity: held.quantity.millionths(),
        received: held.received.millionths(),
        freight: freight.collect(),
        status: held.status,
        version: held.version,
        sequence: held.sequence,
    }
}

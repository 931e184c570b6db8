//! Frozen mirrors of reservations and of shares of their lines.

use std::sync::Arc;

use onhand_domain::change::LineShare;
use onhand_domain::ids::{LotNumber, Reference};
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::reservation::{Holding, Line, Reservation, Shipment, Status};
use serde::{Deserialize, Serialize};

use crate::record::DecodeError;
use crate::record::code::Code;
use crate::record::mirror::{Base, List, Mirror, name};

/// Mirror of [`Reservation`]. Its number and sequence are records back from this one, its times
/// milliseconds from this record's.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct ReservationV1<'a> {
    number: u64,
    tenant: u32,
    order: Option<&'a str>,
    customer: Option<&'a str>,
    local: Option<&'a str>,
    required_at: Option<i64>,
    status: u8,
    expires_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
    version: u32,
    sequence: u64,
    #[serde(borrow)]
    lines: List<'a, LineV1<'a>>,
    #[serde(borrow)]
    shipments: List<'a, ShipmentV1<'a>>,
}

impl<'a> Mirror<'a> for ReservationV1<'a> {
    type Of = Reservation;

    #[inline]
    fn of(held: &'a Reservation, base: Base) -> Self {
        Self {
            number: base.back(held.number),
            tenant: base.tenant_offset(held.tenant),
            order: held.order.as_ref().map(Reference::as_str),
            customer: held.customer.as_ref().map(Reference::as_str),
            local: held.local.as_ref().map(Reference::as_str),
            required_at: held.required_at.map(|time| base.offset(time)),
            status: held.status.code(),
            expires_at: held.expires_at.map(|time| base.offset(time)),
            created_at: base.offset(held.created_at),
            updated_at: base.offset(held.updated_at),
            version: held.version,
            sequence: base.back(held.sequence),
            lines: List::Given(&held.lines, base),
            shipments: List::Given(&held.shipments, base),
        }
    }

    fn restore(self, base: Base) -> Result<Reservation, DecodeError> {
        Ok(Reservation {
            number: base.sequence(self.number),
            tenant: base.tenant(self.tenant),
            order: self.order.map(|text| name!(Reference, text)),
            customer: self.customer.map(|text| name!(Reference, text)),
            local: self.local.map(|text| name!(Reference, text)),
            required_at: self.required_at.map(|offset| base.time(offset)),
            status: Status::of_code(self.status)?,
            expires_at: self.expires_at.map(|offset| base.time(offset)),
            created_at: base.time(self.created_at),
            updated_at: base.time(self.updated_at),
            version: self.version,
            sequence: base.sequence(self.sequence),
            lines: self.lines.restore(base)?,
            shipments: self.shipments.restore(base)?,
        })
    }
}

/// Mirror of [`Line`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct LineV1<'a> {
    item: u32,
    position: Option<u32>,
    holding: u8,
    lot: Option<&'a str>,
    quantity: i64,
    fulfilled: i64,
    fulfilled_value: i64,
    released: i64,
}

impl<'a> Mirror<'a> for LineV1<'a> {
    type Of = Line;

    #[inline]
    fn of(line: &'a Line, _: Base) -> Self {
        Self {
            item: line.item,
            position: line.position,
            holding: line.holding.code(),
            lot: line.lot.as_deref().map(LotNumber::as_str),
            quantity: line.quantity.millionths(),
            fulfilled: line.fulfilled.millionths(),
            fulfilled_value: line.fulfilled_value.millionths(),
            released: line.released.millionths(),
        }
    }

    fn restore(self, _: Base) -> Result<Line, DecodeError> {
        Ok(Line {
            item: self.item,
            position: self.position,
            holding: Holding::of_code(self.holding)?,
            lot: self.lot.map(|text| Arc::new(name!(LotNumber, text))),
            quantity: Quantity::from_millionths(self.quantity),
            fulfilled: Quantity::from_millionths(self.fulfilled),
            fulfilled_value: Money::from_millionths(self.fulfilled_value),
            released: Quantity::from_millionths(self.released),
        })
    }
}

/// Mirror of [`Shipment`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct ShipmentV1<'a> {
    id: &'a str,
    sequence: u64,
}

impl<'a> Mirror<'a> for ShipmentV1<'a> {
    type Of = Shipment;

    fn of(shipment: &'a Shipment, base: Base) -> Self {
        Self { id: shipment.id.as_str(), sequence: base.back(shipment.sequence) }
    }

    fn restore(self, base: Base) -> Result<Shipment, DecodeError> {
        Ok(Shipment { id: name!(Reference, self.id), sequence: base.sequence(self.sequence) })
    }
}

/// Mirror of [`LineShare`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct LineShareV1 {
    item: u32,
    position: Option<u32>,
    quantity: i64,
    value: i64,
}

impl<'a> Mirror<'a> for LineShareV1 {
    type Of = LineShare;

    fn of(share: &'a LineShare, _: Base) -> Self {
        Self {
            item: share.item,
            position: share.position,
            quantity: share.quantity.millionths(),
            value: share.value.millionths(),
        }
    }

    fn restore(self, _: Base) -> Result<LineShare, DecodeError> {
        Ok(LineShare {
            item: self.item,
            position: self.position,
            quantity: Quantity::from_millionths(self.quantity),
            value: Money::from_millionths(self.value),
        })
    }
}

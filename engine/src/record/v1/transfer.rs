//! Frozen mirror of transfers.

use onhand_domain::quantity::Quantity;
use onhand_domain::transfer::{Transfer, TransferStatus};
use serde::{Deserialize, Serialize};

use super::layer::FreightV1;
use crate::record::DecodeError;
use crate::record::code::Code;
use crate::record::mirror::{Base, Mirror};

/// Mirror of [`Transfer`]; numbers and times as in reservations.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct TransferV1<'a> {
    number: u64,
    tenant: u32,
    item: u32,
    from: u32,
    to: u32,
    quantity: i64,
    received: i64,
    #[serde(borrow)]
    freight: FreightV1<'a>,
    status: u8,
    created_at: i64,
    updated_at: i64,
    version: u32,
    sequence: u64,
}

impl<'a> Mirror<'a> for TransferV1<'a> {
    type Of = Transfer;

    fn of(held: &'a Transfer, base: Base) -> Self {
        Self {
            number: base.back(held.number),
            tenant: base.tenant_offset(held.tenant),
            item: held.item,
            from: held.from,
            to: held.to,
            quantity: held.quantity.millionths(),
            received: held.received.millionths(),
            freight: FreightV1::Given(&held.freight, base),
            status: held.status.code(),
            created_at: base.offset(held.created_at),
            updated_at: base.offset(held.updated_at),
            version: held.version,
            sequence: base.back(held.sequence),
        }
    }

    fn restore(self, base: Base) -> Result<Transfer, DecodeError> {
        Ok(Transfer {
            number: base.sequence(self.number),
            tenant: base.tenant(self.tenant),
            item: self.item,
            from: self.from,
            to: self.to,
            quantity: Quantity::from_millionths(self.quantity),
            received: Quantity::from_millionths(self.received),
            freight: self.freight.restore(base)?,
            status: TransferStatus::of_code(self.status)?,
            created_at: base.time(self.created_at),
            updated_at: base.time(self.updated_at),
            version: self.version,
            sequence: base.sequence(self.sequence),
        })
    }
}

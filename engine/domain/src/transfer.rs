//! A transfer: stock on its way from one location to another.

use alloc::vec::Vec;

use crate::catalog::{ItemNumber, TenantNumber};
use crate::layer::Layer;
use crate::position::PositionNumber;
use crate::quantity::Quantity;
use crate::time::Timestamp;

/// Number of a transfer: the sequence of the record that began it.
pub type TransferNumber = u64;

/// Where a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferStatus {
    /// Something is still on its way.
    InTransit,
    /// All of it has arrived.
    Received,
    /// What had not arrived went back to the origin.
    Cancelled,
}

/// Layers of a transfer that are still on their way.
pub type Freight = Vec<Layer>;

/// A transfer as of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Its number.
    pub number: TransferNumber,
    /// Whose it is.
    pub tenant: TenantNumber,
    /// The item.
    pub item: ItemNumber,
    /// Where it comes from.
    pub from: PositionNumber,
    /// Where it goes; what is on its way lies in `inTransit` there.
    pub to: PositionNumber,
    /// What was sent.
    pub quantity: Quantity,
    /// What has arrived.
    pub received: Quantity,
    /// The layers that are still on their way, in the order in which they left.
    pub freight: Freight,
    /// Where it stands.
    pub status: TransferStatus,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Version of this aggregate; the first is 1.
    pub version: u32,
    /// Record that last changed it.
    pub sequence: u64,
}

impl Transfer {
    /// What is still on its way.
    #[must_use]
    pub const fn open(&self) -> Quantity {
        match self.status {
            TransferStatus::InTransit => self.quantity.saturating_sub(self.received),
            _ => Quantity::ZERO,
        }
    }
}

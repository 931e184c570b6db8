//! A reservation: a promise of stock to an order.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::catalog::{ItemNumber, TenantNumber};
use crate::ids::{LotNumber, Reference};
use crate::position::{Bucket, PositionNumber};
use crate::quantity::{Money, Quantity};
use crate::time::Timestamp;

/// Number of a reservation: the sequence of the record that made it.
pub type ReservationNumber = u64;

/// Where a reservation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Held, usually until a deadline.
    Active,
    /// Held for good.
    Confirmed,
    /// Nothing open, something shipped.
    Fulfilled,
    /// Nothing open, nothing shipped.
    Cancelled,
    /// The deadline passed while it was active, nothing shipped.
    Expired,
}

impl Status {
    /// Whether it still holds something.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Active | Self::Confirmed)
    }

    /// The bucket in which its holds lie.
    #[must_use]
    pub const fn bucket(self) -> Option<Bucket> {
        match self {
            Self::Active => Some(Bucket::Reserved),
            Self::Confirmed => Some(Bucket::Committed),
            _ => None,
        }
    }
}

/// Whether a line holds stock at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holding {
    /// What is open lies in `reserved` or `committed` of the position.
    Stock,
    /// The item was not tracked when the line was made: nothing is held.
    Nothing,
}

/// One line: what is promised from one position.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Line {
    /// The item.
    pub item: ItemNumber,
    /// The position; `None` only for an untracked item of a tenant without any location.
    pub position: Option<PositionNumber>,
    /// Whether it holds stock.
    pub holding: Holding,
    /// The lot it is promised from; `None`: any.
    pub lot: Option<Arc<LotNumber>>,
    /// What was promised.
    pub quantity: Quantity,
    /// What was shipped of it.
    pub fulfilled: Quantity,
    /// What that was worth, at the cost it left with.
    pub fulfilled_value: Money,
    /// What was given back of it.
    pub released: Quantity,
}

impl Line {
    /// Whether nothing is left of it: nothing open, nothing shipped.
    #[must_use]
    pub const fn is_spent(&self) -> bool {
        self.open().is_zero() && self.fulfilled.is_zero()
    }

    /// What is still promised: quantity − fulfilled − released.
    #[must_use]
    pub const fn open(&self) -> Quantity {
        self.quantity.saturating_sub(self.fulfilled).saturating_sub(self.released)
    }
}

/// A shipment that was booked, so that the same one is not booked twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// Its name.
    pub id: Reference,
    /// Record that booked it.
    pub sequence: u64,
}

/// A reservation as of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Its number.
    pub number: ReservationNumber,
    /// Whose it is.
    pub tenant: TenantNumber,
    /// The order it is promised to.
    pub order: Option<Reference>,
    /// The customer.
    pub customer: Option<Reference>,
    /// The shop or terminal that asked.
    pub local: Option<Reference>,
    /// When the goods are needed.
    pub required_at: Option<Timestamp>,
    /// Where it stands.
    pub status: Status,
    /// When it ends by itself; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Version of this aggregate; the first is 1.
    pub version: u32,
    /// Record that last changed it.
    pub sequence: u64,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Shipments booked on it.
    pub shipments: Vec<Shipment>,
}

impl Reservation {
    /// Whether anything was shipped.
    #[must_use]
    pub fn has_shipped(&self) -> bool {
        self.lines.iter().any(|line| !line.fulfilled.is_zero())
    }

    /// Whether anything is still promised.
    #[must_use]
    pub fn has_open(&self) -> bool {
        self.lines.iter().any(|line| !line.open().is_zero())
    }
}

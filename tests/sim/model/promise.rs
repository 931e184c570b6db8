//! Reservations and transfers, as the model sees them.

use std::collections::BTreeMap;

use onhand_domain::ids::{ItemId, LocationId, LotNumber, Reference, TenantId};
use onhand_domain::layer::Origin;
use onhand_domain::reservation::Status;
use onhand_domain::transfer::TransferStatus;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) item: ItemId,
    pub(crate) location: Option<LocationId>,
    /// Whether it holds stock: the item was tracked when the line was made.
    pub(crate) holds: bool,
    /// The lot it is promised from, if it named one.
    pub(crate) lot: Option<LotNumber>,
    pub(crate) quantity: i64,
    pub(crate) fulfilled: i64,
    /// What that was worth when it left.
    pub(crate) worth: i64,
    pub(crate) released: i64,
}

impl Line {
    pub(crate) const fn open(&self) -> i64 {
        self.quantity.saturating_sub(self.fulfilled).saturating_sub(self.released)
    }

    /// Where it holds stock, if it holds any.
    pub(crate) fn held_at(&self) -> Option<(ItemId, LocationId)> {
        let place = Some((self.item.clone(), self.location.clone()?));
        place.filter(|_| self.holds && self.open() != 0)
    }
}

/// A shipment that was booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shipment {
    pub(crate) id: Option<Reference>,
    /// Its record.
    pub(crate) sequence: u64,
    /// What was taken back of each share of its record.
    pub(crate) back: BTreeMap<usize, i64>,
    /// The record that took all of it back, by its name.
    pub(crate) undone: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Promise {
    pub(crate) number: u64,
    pub(crate) tenant: TenantId,
    pub(crate) order: Option<Reference>,
    pub(crate) status: Status,
    pub(crate) expires_at: Option<i64>,
    pub(crate) version: u32,
    pub(crate) sequence: u64,
    pub(crate) lines: Vec<Line>,
    pub(crate) shipments: Vec<Shipment>,
    /// When it changed last.
    pub(crate) updated_at: i64,
}

impl Promise {
    pub(crate) fn is_due(&self, now: i64) -> bool {
        self.status == Status::Active && self.expires_at.is_some_and(|deadline| deadline <= now)
    }

    pub(crate) fn has_shipped(&self) -> bool {
        self.lines.iter().any(|line| line.fulfilled != 0)
    }

    /// Nothing open: fulfilled when something was shipped, else as given.
    pub(crate) fn settle(&mut self, unshipped: Status) {
        if self.lines.iter().any(|line| line.open() != 0) {
            return;
        }
        self.status = if self.has_shipped() { Status::Fulfilled } else { unshipped };
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Travel {
    pub(crate) number: u64,
    pub(crate) tenant: TenantId,
    pub(crate) item: ItemId,
    pub(crate) from: LocationId,
    pub(crate) to: LocationId,
    pub(crate) quantity: i64,
    pub(crate) received: i64,
    /// What is still on its way, in the order in which it left.
    pub(crate) freight: Vec<(Origin, i64)>,
    pub(crate) status: TransferStatus,
    pub(crate) version: u32,
    pub(crate) sequence: u64,
}

impl Travel {
    pub(crate) const fn open(&self) -> i64 {
        match self.status {
            TransferStatus::InTransit => self.quantity.saturating_sub(self.received),
            _ => 0,
        }
    }
}

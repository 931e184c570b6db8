//! Reservations and transfers, as the model sees them.

use onhand_domain::ids::{ItemId, LocationId, Reference, TenantId};
use onhand_domain::reservation::Status;
use onhand_domain::transfer::TransferStatus;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) item: ItemId,
    pub(crate) location: Option<LocationId>,
    /// Whether it holds stock: the item was tracked when the line was made.
    pub(crate) holds: bool,
    pub(crate) quantity: i64,
    pub(crate) fulfilled: i64,
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
    pub(crate) shipments: Vec<(Reference, u64)>,
    /// When it changed last.
    pub(crate) updated_at: i64,
}

impl Promise {
    pub(crate) fn is_due(&self, now: i64) -> bool {
        self.status == Status::Active && self.expires_at.is_some_and(|deadline| deadline <= now)
    }

    /// Nothing open: fulfilled when something was shipped, else as given.
    pub(crate) fn settle(&mut self, unshipped: Status) {
        if self.lines.iter().any(|line| line.open() != 0) {
            return;
        }
        let shipped = self.lines.iter().any(|line| line.fulfilled != 0);
        self.status = if shipped { Status::Fulfilled } else { unshipped };
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

//! What is asked about reservations.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::{Detail, Force, Place};
use crate::ids::{ItemId, LocationId, LotNumber, Reference};
use crate::quantity::Quantity;
use crate::reservation::ReservationNumber;
use crate::time::Timestamp;

/// Where a line wants its stock from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wanted {
    /// Wherever is best.
    Anywhere,
    /// There if it serves the whole line, else wherever is best.
    Preferred(LocationId),
    /// Only there.
    Only(LocationId),
}

/// One line of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedLine {
    /// The item.
    pub item: ItemId,
    /// How much.
    pub quantity: Quantity,
    /// From where.
    pub wanted: Wanted,
    /// From which lot; `None`: any.
    pub lot: Option<LotNumber>,
}

impl Hash for RequestedLine {
    /// A line of any lot has the fingerprint it had before lots could be named.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.item.hash(state);
        self.quantity.hash(state);
        self.wanted.hash(state);
        if let Some(lot) = &self.lot {
            lot.hash(state);
        }
    }
}

/// How a reservation may use backorder room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Backorder {
    /// As far as the policy of the position grants it.
    #[default]
    Policy,
    /// Not at all.
    Never,
    /// Without limit.
    Always,
}

/// Whether less than all will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Completeness {
    /// All or nothing.
    #[default]
    Whole,
    /// As much as there is, but something.
    Partial,
}

/// See [`Action::Reserve`](super::Action::Reserve).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reserve {
    /// The order it is promised to.
    pub order: Option<Reference>,
    /// The customer.
    pub customer: Option<Reference>,
    /// The shop or terminal that asked.
    pub local: Option<Reference>,
    /// When the goods are needed.
    pub required_at: Option<Timestamp>,
    /// Milliseconds until it ends by itself, above zero; `None`: never.
    pub ttl_ms: Option<i64>,
    /// All or part.
    pub completeness: Completeness,
    /// Locations that one line may be split over; `None`: any number.
    pub max_splits: Option<u32>,
    /// Use of backorder room.
    pub backorder: Backorder,
    /// At least one line.
    pub lines: Vec<RequestedLine>,
}

/// One line of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedLine {
    /// The position it leaves.
    pub place: Place,
    /// Above zero.
    pub quantity: Quantity,
    /// From which lot; `None`: the lot it was promised from, else any.
    pub lot: Option<LotNumber>,
}

impl Hash for ShippedLine {
    /// A line of any lot has the fingerprint it had before lots could be named.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place.hash(state);
        self.quantity.hash(state);
        if let Some(lot) = &self.lot {
            lot.hash(state);
        }
    }
}

/// What becomes of what a shipment leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rest {
    /// It stays promised.
    #[default]
    Keep,
    /// It is released.
    Close,
}

/// See [`Action::Fulfil`](super::Action::Fulfil).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fulfil {
    /// The reservation.
    pub reservation: ReservationNumber,
    /// Name of the shipment; the same one is booked once.
    pub shipment: Option<Reference>,
    /// What is shipped; `None`: all that is open, from where it is held.
    pub lines: Option<Vec<ShippedLine>>,
    /// What becomes of the rest.
    pub rest: Rest,
    /// A fact is booked even when the stock is not on the shelf.
    pub force: Force,
    /// Words for the ledger.
    pub detail: Option<Arc<Detail>>,
}

/// One line of a partial cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedLine {
    /// The item.
    pub item: ItemId,
    /// The location; `None`: any line of the item, in their order.
    pub location: Option<LocationId>,
    /// The lot that the line is promised from; `None`: any.
    pub lot: Option<LotNumber>,
    /// Above zero.
    pub quantity: Quantity,
}

impl Hash for ReleasedLine {
    /// See [`RequestedLine`].
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.item.hash(state);
        self.location.hash(state);
        self.quantity.hash(state);
        if let Some(lot) = &self.lot {
            lot.hash(state);
        }
    }
}

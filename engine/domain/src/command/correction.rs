//! What callers ask for when something was not right: a promise that has to lie elsewhere or to go, goods
//! that did not leave after all, a movement that was none.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Detail, ShippedLine};
use crate::change::MovementPlace;
use crate::ids::{ItemId, LocationId, Reference};
use crate::quantity::Quantity;
use crate::reservation::ReservationNumber;

/// One line of a relocation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RelocatedLine {
    /// The item.
    pub item: ItemId,
    /// Where it is held.
    pub from: LocationId,
    /// Where it shall be held, another one.
    pub to: LocationId,
    /// Above zero; `None`: all that is open there.
    pub quantity: Option<Quantity>,
}

/// What of a reservation is put back on the shelf, to be owed again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unfulfil {
    /// The reservation.
    pub reservation: ReservationNumber,
    /// Which goods.
    pub goods: Goods,
    /// Words for the ledger; holds the reason.
    pub detail: Option<Arc<Detail>>,
}

/// See [`Unfulfil::goods`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Goods {
    /// All that is left of a shipment.
    Shipment(Reference),
    /// These quantities, to the places they left; of what was shipped last first.
    Lines(Vec<ShippedLine>),
}

/// Undoes one movement by its opposite.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reverse {
    /// The movement.
    pub movement: MovementPlace,
    /// Words for the ledger; holds the reason.
    pub detail: Option<Arc<Detail>>,
}

/// Work that is too large for one step; see [`crate::job`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StartJob {
    /// What is to be done.
    pub task: WishedTask,
    /// Words for the ledger; holds the reason.
    pub detail: Option<Arc<Detail>>,
}

/// What a job is to do, in the words of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WishedTask {
    /// Cancel the open reservations with a line of an item.
    CancelItem(ItemId),
    /// Cancel the open reservations with a line at a location.
    CancelLocation(LocationId),
    /// Archive the items of a product.
    ArchiveProduct(Reference),
}

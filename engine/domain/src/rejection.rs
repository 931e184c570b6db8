//! "No" as a correct answer: one variant per cause, with the figures the caller needs.

use alloc::vec::Vec;

use crate::dead_letter::LetterStatus;
use crate::ids::{BinId, ItemId, LocationId, LotNumber, Text};
use crate::position::Figures;
use crate::quantity::Quantity;
use crate::reservation::Status;
use crate::time::Timestamp;
use crate::transfer::TransferStatus;

/// A line that could not be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// The item.
    pub item: ItemId,
    /// The location, when the line named one.
    pub location: Option<LocationId>,
    /// What was asked for.
    pub requested: Quantity,
    /// What could have been promised.
    pub sellable: Quantity,
}

/// Stock that stands in the way of archiving or removing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockThere {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// Name of the location.
    pub location_name: Option<Text>,
    /// Its figures.
    pub figures: Figures,
}

/// At most so many places are listed in [`Rejection::StockNotZero`].
pub const STOCK_THERE_MAX: usize = 100;

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The item was never heard of.
    UnknownItem(ItemId),
    /// The location was never heard of, or was removed.
    UnknownLocation(LocationId),
    /// Item and location are known, but there is no stock record of them.
    UnknownPosition {
        /// The item.
        item: ItemId,
        /// The location.
        location: LocationId,
    },
    /// The location has no such bin.
    UnknownBin {
        /// The location.
        location: LocationId,
        /// The bin.
        bin: BinId,
    },
    /// The position has nothing of this lot.
    UnknownLot(LotNumber),
    /// No such reservation of this tenant.
    UnknownReservation,
    /// No such transfer of this tenant.
    UnknownTransfer,
    /// No such dead letter of this tenant, or it was settled long ago.
    UnknownDeadLetter,
    /// The dead letter was settled in another way.
    LetterSettled(LetterStatus),
    /// The item is archived.
    ItemArchived(ItemId),
    /// The location is closed for selling.
    LocationInactive(LocationId),
    /// Stock of the item is not counted.
    NotTracked(ItemId),
    /// The stock is not there.
    InsufficientStock(Vec<Shortage>),
    /// The position is not as the caller expected.
    Stale {
        /// The item.
        item: ItemId,
        /// The location.
        location: LocationId,
        /// What it is now.
        figures: Figures,
        /// Its version now.
        version: u32,
    },
    /// There is stock, or a promise of it, where there must be none.
    StockNotZero {
        /// Where; at most [`STOCK_THERE_MAX`] places.
        places: Vec<StockThere>,
    },
    /// The deadline of the reservation has passed.
    ReservationExpired {
        /// When it passed.
        at: Timestamp,
    },
    /// The reservation is in a state that does not allow it.
    InvalidState(Status),
    /// The transfer is in a state that does not allow it.
    InvalidTransferState(TransferStatus),
    /// A line would be set below what was shipped of it.
    BelowFulfilled {
        /// The item.
        item: ItemId,
        /// What was asked for.
        requested: Quantity,
        /// What was shipped.
        fulfilled: Quantity,
    },
    /// More than is open.
    ExceedsOpen {
        /// The item; `None` for a transfer.
        item: Option<ItemId>,
        /// What was asked for.
        requested: Quantity,
        /// What is open.
        open: Quantity,
    },
    /// Two lines of the reservation fit; the caller must name the location.
    AmbiguousLine(ItemId),
    /// The idempotency key was used for another command.
    KeyReused,
    /// The time lies too far ahead.
    TimeAhead {
        /// The latest time that would have been taken.
        latest: Timestamp,
    },
    /// The result would not fit our figures.
    QuantityOverflow,
    /// More of something than one step may touch.
    LimitExceeded {
        /// What there is too much of.
        what: Limit,
        /// How much is allowed.
        limit: u32,
    },
}

/// What [`Rejection::LimitExceeded`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Lines of one reservation.
    Lines,
    /// Movements of one step.
    Movements,
    /// Shipments of one reservation.
    Shipments,
    /// Bins of one location.
    Bins,
    /// Layers of one position.
    Layers,
    /// Source partitions, or places of one step.
    Sources,
    /// Events of one step.
    Events,
    /// Bytes of an event, or of those of one step.
    EventBytes,
}

impl Rejection {
    /// Whether the refusal is bound to the idempotency key.
    ///
    /// Refusals of a malformed wish are not: the caller may mend it and use the key again.
    #[must_use]
    pub const fn binds(&self) -> bool {
        !matches!(
            self,
            Self::KeyReused
                | Self::TimeAhead { .. }
                | Self::QuantityOverflow
                | Self::LimitExceeded { .. }
                | Self::AmbiguousLine(_)
        )
    }
}

//! What callers ask for: imperative, parsed, with every default filled in.

mod correction;
mod promise;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::catalog::{ItemAttributes, LocationAttributes};
use crate::change::Cause;
use crate::ids::{BinId, ItemId, LocationId, LotNumber, Reference, TenantId, Text};
use crate::policy::Policy;
use crate::position::Bucket;
use crate::quantity::{Money, Quantity};
use crate::reservation::ReservationNumber;
use crate::stable_hash::StableHasher;
use crate::time::{Day, Timestamp};
use crate::transfer::TransferNumber;
use crate::upkeep::Upkeep;

pub use crate::consumed::{Source, SourcePosition};
pub use correction::{Goods, RelocatedLine, Reverse, StartJob, Unfulfil, WishedTask};
pub use promise::{
    Backorder, Completeness, Fulfil, ReleasedLine, RequestedLine, Reserve, Rest, ShippedLine,
    Wanted,
};

/// A command with all that is known about where it comes from.
#[derive(Debug, Clone)]
pub struct Command {
    /// Whose data it is about.
    pub tenant: TenantId,
    /// Hash of its idempotency key; the first 16 bytes of a collision-resistant hash of tenant and key.
    pub key: Option<[u8; 16]>,
    /// The message it was read from; acted on once.
    pub source: Option<Arc<Source>>,
    /// Who and why.
    pub trace: Option<Arc<Trace>>,
    /// What to do.
    pub action: Action,
}

/// Who sent a command, and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// The user or token subject.
    pub user: Option<Text>,
    /// Ties commands and events of one flow together.
    pub correlation: Option<Text>,
    /// What made this command come.
    pub causation: Option<Text>,
}

/// Words and figures that go to the ledger with a stock write.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Detail {
    /// Why.
    pub reason: Option<Text>,
    /// Reference given by the caller.
    pub reference: Option<Reference>,
    /// What kind of thing the reference names.
    pub reference_type: Option<Reference>,
    /// Free text.
    pub note: Option<Text>,
    /// When it happened, if not now.
    pub occurred_at: Option<Timestamp>,
    /// The document behind it: receipt, sale, return or shipment id.
    pub document: Option<Reference>,
    /// The order it belongs to.
    pub order: Option<Reference>,
    /// Return merchandise authorisation.
    pub rma: Option<Reference>,
    /// Lot it is about.
    pub lot: Option<LotNumber>,
    /// Last day on which the lot may be sold.
    pub expiry: Option<Day>,
    /// Cost of a unit.
    pub unit_cost: Option<Money>,
    /// Money taken at the till.
    pub amount: Option<Money>,
    /// Condition of returned goods.
    pub condition: Option<Condition>,
}

/// Condition of returned goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Fit for sale: goes to `available`.
    Good,
    /// Goes to `damaged`.
    Damaged,
    /// Goes to `damaged`.
    Defective,
}

/// Whether a wish is made a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Force {
    /// Refused when the stock is not there.
    #[default]
    Wish,
    /// Booked all the same: it says what is so.
    Fact,
}

/// An item at a location.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
}

/// What to do. One variant per action of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// Create, replace or revive an item.
    PutItem {
        /// The item.
        item: ItemId,
        /// All that is said about it.
        attributes: Arc<ItemAttributes>,
    },
    /// Archive an item without stock.
    ArchiveItem {
        /// The item.
        item: ItemId,
    },
    /// Create, replace or revive a location.
    PutLocation {
        /// The location.
        location: LocationId,
        /// All that is said about it.
        attributes: LocationAttributes,
    },
    /// Remove a location without stock or promises.
    RemoveLocation {
        /// The location.
        location: LocationId,
    },
    /// Create or rename a bin.
    PutBin {
        /// The location.
        location: LocationId,
        /// The bin.
        bin: BinId,
        /// Name for people.
        name: Option<Text>,
    },
    /// Give a position its home bin.
    AssignBin {
        /// The position.
        place: Place,
        /// The bin.
        bin: BinId,
    },
    /// Replace the policy of a position.
    SetPolicy {
        /// The position.
        place: Place,
        /// All that it sets itself.
        policy: Policy,
    },
    /// Goods came in.
    Receive(StockEntry),
    /// Goods were sold at a till: a fact.
    Sell(StockEntry),
    /// Goods came back; the condition stands in the detail.
    Return(StockEntry),
    /// Correct a bucket by a difference or to a figure.
    Adjust(Adjust),
    /// Move stock between buckets of a position.
    Move(MoveStock),
    /// A cycle count: a fact.
    Count(Count),
    /// Send stock to another location.
    StartTransfer(Box<StartTransfer>),
    /// Stock on its way has arrived; `None`: all of it.
    ReceiveTransfer {
        /// The transfer.
        transfer: TransferNumber,
        /// How much; the rest stays in transit.
        quantity: Option<Quantity>,
        /// Words for the ledger.
        detail: Option<Arc<Detail>>,
    },
    /// What has not arrived goes back to the origin.
    CancelTransfer {
        /// The transfer.
        transfer: TransferNumber,
        /// Words for the ledger.
        detail: Option<Arc<Detail>>,
    },
    /// Promise stock to an order.
    Reserve(Box<Reserve>),
    /// Drop the deadline.
    Confirm {
        /// The reservation.
        reservation: ReservationNumber,
    },
    /// Set a new deadline, counted from now.
    Extend {
        /// The reservation.
        reservation: ReservationNumber,
        /// Milliseconds from now, above zero.
        ttl_ms: i64,
    },
    /// Set the quantities of lines, in place.
    SetLines {
        /// The reservation.
        reservation: ReservationNumber,
        /// The lines; zero releases.
        lines: Vec<RequestedLine>,
    },
    /// Ship all or part.
    Fulfil(Box<Fulfil>),
    /// Release what is open, or part of it.
    Cancel {
        /// The reservation.
        reservation: ReservationNumber,
        /// Lines to release; `None`: all that is open.
        lines: Option<Vec<ReleasedLine>>,
        /// Words for the ledger.
        detail: Option<Arc<Detail>>,
    },
    /// What is about no stock: sources, dead letters, events of an application.
    Upkeep(Box<Upkeep>),
    /// Move what is open of a reservation to other locations, all or nothing.
    Relocate {
        /// The reservation.
        reservation: ReservationNumber,
        /// The lines.
        lines: Vec<RelocatedLine>,
    },
    /// Release what is open of all reservations of an order.
    CancelOrder {
        /// The order.
        order: Reference,
        /// Words for the ledger.
        detail: Option<Arc<Detail>>,
    },
    /// Begin what is too large for one step.
    StartJob(Box<StartJob>),
    /// Put back on the shelf what was shipped, to be owed again.
    Unfulfil(Box<Unfulfil>),
    /// Undo one movement by its opposite.
    Reverse(Reverse),
    /// Give goods that are there another cost. (New variants stand last: the place is in fingerprints.)
    Revalue(Revalue),
}

/// A quantity of an item at a location: receipts, sales and returns.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StockEntry {
    /// The position.
    pub place: Place,
    /// Above zero.
    pub quantity: Quantity,
    /// Words for the ledger.
    pub detail: Option<Arc<Detail>>,
}

/// How an adjustment is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// Add this difference to the bucket; not zero.
    Delta(Quantity),
    /// The new on hand; the difference is booked on `available`.
    OnHand(Quantity),
    /// The new figure of the bucket.
    Bucket(Quantity),
}

/// See [`Action::Adjust`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Adjust {
    /// The position.
    pub place: Place,
    /// The bucket: available, damaged or quality hold.
    pub bucket: Bucket,
    /// Difference or figure.
    pub target: Target,
    /// Refused as `STALE` when on hand is another.
    pub expected_on_hand: Option<Quantity>,
    /// Refused as `STALE` when the version is another.
    pub expected_version: Option<u64>,
    /// A fact is booked even when the stock is not there.
    pub force: Force,
    /// Words for the ledger; holds the reason.
    pub detail: Option<Arc<Detail>>,
}

/// See [`Action::Move`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MoveStock {
    /// The position.
    pub place: Place,
    /// Above zero.
    pub quantity: Quantity,
    /// Bucket it leaves.
    pub from: Bucket,
    /// Bucket it enters, another one.
    pub to: Bucket,
    /// Words for the ledger; holds the reason.
    pub detail: Option<Arc<Detail>>,
}

/// See [`Action::Count`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Count {
    /// The position.
    pub place: Place,
    /// What was found on hand, zero or more.
    pub counted: Quantity,
    /// Refused as `STALE` when the version is another.
    pub expected_version: Option<u64>,
    /// Words for the ledger.
    pub detail: Option<Arc<Detail>>,
}

/// See [`Action::Revalue`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Revalue {
    /// The position.
    pub place: Place,
    /// Only this lot; `None`: all that is there.
    pub lot: Option<LotNumber>,
    /// The new cost of a unit.
    pub unit_cost: Money,
    /// Words for the ledger; holds the reason.
    pub detail: Option<Arc<Detail>>,
}

/// See [`Action::StartTransfer`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StartTransfer {
    /// The item.
    pub item: ItemId,
    /// Origin.
    pub from: LocationId,
    /// Destination, another one.
    pub to: LocationId,
    /// Above zero.
    pub quantity: Quantity,
    /// A fact when told by event: the goods have left.
    pub force: Force,
    /// Words for the ledger.
    pub detail: Option<Arc<Detail>>,
}

impl Action {
    /// The cause of the record that says it was done.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        match self {
            Self::PutItem { .. } => Cause::ItemPut,
            Self::ArchiveItem { .. } => Cause::ItemArchived,
            Self::PutLocation { .. } => Cause::LocationPut,
            Self::RemoveLocation { .. } => Cause::LocationRemoved,
            Self::PutBin { .. } => Cause::BinPut,
            Self::AssignBin { .. } => Cause::BinAssigned,
            Self::SetPolicy { .. } => Cause::PolicySet,
            Self::Receive(_) => Cause::Received,
            Self::Sell(_) => Cause::Sold,
            Self::Return(_) => Cause::Returned,
            Self::Adjust(_) => Cause::Adjusted,
            Self::Move(_) => Cause::Moved,
            Self::Count(_) => Cause::Counted,
            Self::Revalue(_) => Cause::Revalued,
            Self::StartTransfer(_) => Cause::TransferStarted,
            Self::ReceiveTransfer { .. } => Cause::TransferReceived,
            Self::CancelTransfer { .. } => Cause::TransferCancelled,
            Self::Reserve(_) => Cause::Reserved,
            Self::Confirm { .. } => Cause::Confirmed,
            Self::Extend { .. } => Cause::Extended,
            Self::SetLines { .. } => Cause::LinesSet,
            Self::Fulfil(_) => Cause::Fulfilled,
            Self::Cancel { .. } => Cause::Cancelled,
            Self::Upkeep(upkeep) => upkeep.cause(),
            Self::Relocate { .. } => Cause::Relocated,
            Self::CancelOrder { .. } => Cause::OrderCancelled,
            Self::StartJob(_) => Cause::JobStarted,
            Self::Unfulfil(_) => Cause::Unfulfilled,
            Self::Reverse(_) => Cause::Reversed,
        }
    }

    /// Eight bytes that tell one command from another under the same idempotency key.
    ///
    /// Stored; made of the parsed command, so that spelling (`2`, `2.0`, field order) does not matter.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = StableHasher::default();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

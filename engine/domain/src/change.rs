//! What one command did, all of it: the content of a record.
//!
//! A change holds *figures after*, never instructions: applying it is assignment, and cannot fail.

mod movement;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::catalog::{Bin, Item, ItemNumber, Location, LocationNumber, TenantNumber};
use crate::command::{Detail, Source, Trace};
use crate::dead_letter::EVENT_ID_REUSED;
use crate::ids::{BinId, Reference, TenantId};
use crate::layer::Pick;
use crate::policy::Policy;
use crate::position::{Alarms, Average, Bucket, Figures, Flow, PositionNumber};
use crate::quantity::{Money, Quantity};
use crate::rejection::Rejection;
use crate::reservation::Reservation;
use crate::time::Timestamp;
use crate::transfer::Transfer;
use crate::upkeep::Kept;

pub use movement::{Movement, MovementKind, MovementPlace};

/// Which action a record tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cause {
    /// An item was created, replaced or revived.
    ItemPut = 1,
    /// An item was archived.
    ItemArchived = 2,
    /// A location was created, replaced or revived.
    LocationPut = 3,
    /// A location was removed.
    LocationRemoved = 4,
    /// A bin was created or renamed.
    BinPut = 5,
    /// A position was given its home bin.
    BinAssigned = 6,
    /// The policy of a position was replaced.
    PolicySet = 7,
    /// A job opened positions.
    PositionsOpened = 8,
    /// Goods came in.
    Received = 10,
    /// Goods were sold at a till.
    Sold = 11,
    /// Goods came back.
    Returned = 12,
    /// A bucket was corrected.
    Adjusted = 13,
    /// Stock changed its bucket.
    Moved = 14,
    /// Stock was counted.
    Counted = 15,
    /// Goods that are there were given another cost.
    Revalued = 16,
    /// The last day of a lot is over: what was left of it on the shelf is held.
    LotExpired = 17,
    /// A movement was undone.
    Reversed = 18,
    /// A transfer began.
    TransferStarted = 20,
    /// Stock of a transfer arrived.
    TransferReceived = 21,
    /// The rest of a transfer went back.
    TransferCancelled = 22,
    /// A reservation was made.
    Reserved = 30,
    /// A reservation lost its deadline.
    Confirmed = 31,
    /// A reservation got a new deadline.
    Extended = 32,
    /// Lines of a reservation were set.
    LinesSet = 33,
    /// Stock of a reservation was shipped.
    Fulfilled = 34,
    /// A reservation, or part of it, was released.
    Cancelled = 35,
    /// The deadline of a reservation passed.
    Expired = 36,
    /// What is open of a reservation was moved to other locations.
    Relocated = 37,
    /// All reservations of an order were released.
    OrderCancelled = 38,
    /// What was shipped of a reservation was put back on the shelf.
    Unfulfilled = 39,
    /// A command was refused, and the refusal is bound to a key or a source.
    Refused = 40,
    /// Nothing changed: a message of a source was skipped, or the answer "already so" is bound to a key
    /// (then the reservation stands beside it, as it was).
    Unchanged = 41,
    /// Messages of sources were skipped.
    SourceAdvanced = 50,
    /// A stream was made anew.
    SourceReset = 51,
    /// Messages of a source were given up by an operator.
    SourceSkipped = 52,
    /// A message became a dead letter, or stays one after it was tried again.
    Buried = 53,
    /// A dead letter was settled without a change of stock.
    LetterRetried = 54,
    /// A dead letter was given up.
    LetterDiscarded = 55,
    /// An application told something.
    Published = 56,
    /// A job began.
    JobStarted = 60,
    /// A job came to its end.
    JobEnded = 61,
}

impl Cause {
    /// All causes; their numbers are stored.
    pub const ALL: [Self; 41] = [
        Self::ItemPut,
        Self::ItemArchived,
        Self::LocationPut,
        Self::LocationRemoved,
        Self::BinPut,
        Self::BinAssigned,
        Self::PolicySet,
        Self::Received,
        Self::Sold,
        Self::Returned,
        Self::Adjusted,
        Self::Moved,
        Self::Counted,
        Self::Revalued,
        Self::LotExpired,
        Self::TransferStarted,
        Self::TransferReceived,
        Self::TransferCancelled,
        Self::Reserved,
        Self::Confirmed,
        Self::Extended,
        Self::LinesSet,
        Self::Fulfilled,
        Self::Cancelled,
        Self::Expired,
        Self::Refused,
        Self::Unchanged,
        Self::SourceAdvanced,
        Self::SourceReset,
        Self::SourceSkipped,
        Self::Buried,
        Self::LetterRetried,
        Self::LetterDiscarded,
        Self::Published,
        Self::PositionsOpened,
        Self::Relocated,
        Self::OrderCancelled,
        Self::JobStarted,
        Self::JobEnded,
        Self::Unfulfilled,
        Self::Reversed,
    ];
}

/// Alarms that a change raised at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Raised {
    /// `LowStockReached`.
    pub low: bool,
    /// `StockedOut`.
    pub out: bool,
    /// `StockReplenished`.
    pub replenished: bool,
    /// `StockDiscrepancy`.
    pub discrepancy: bool,
}

impl Raised {
    /// Nothing was raised.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        !(self.low || self.out || self.replenished || self.discrepancy)
    }
}

/// A position as this change left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionChange {
    /// Its number.
    pub position: PositionNumber,
    /// Item and location, when this change opened it.
    pub opened: Option<(ItemNumber, LocationNumber)>,
    /// Its version now.
    pub version: u32,
    /// The record that changed it before this one; 0: none.
    pub previous: u64,
    /// Its figures now.
    pub figures: Figures,
    /// What it is worth by the moving average: there when goods came or went and its layers do not fit in
    /// place.
    pub average: Option<Average>,
    /// What may be promised now; `None`: no limit.
    pub sellable: Option<Quantity>,
    /// Which alarms stand now.
    pub alarms: Alarms,
    /// Which alarms this change raised.
    pub raised: Raised,
    /// Threshold of the low-stock alarm, when one was raised.
    pub threshold: Option<Quantity>,
    /// Terms as of now, when the answer or the event shows them or when they changed.
    pub terms: Option<Arc<Terms>>,
}

/// What holds for a position besides its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Its own policy.
    pub own: Policy,
    /// Its own policy, completed by the item's.
    pub effective: Policy,
    /// Its home bin.
    pub bin: Option<BinId>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Whether stock of the item is counted.
    pub tracking: crate::catalog::Tracking,
}

/// How much of which line a change shipped or released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineShare {
    /// Item of the line.
    pub item: ItemNumber,
    /// Position it left, or at which it was held.
    pub position: Option<PositionNumber>,
    /// How much.
    pub quantity: Quantity,
    /// What left was worth; zero for what was given back.
    pub value: Money,
}

/// One of several reservations that a change released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// The reservation as it is now.
    pub reservation: Arc<Reservation>,
    /// What was given back of it.
    pub released: Vec<LineShare>,
}

/// A bin that a change put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinChange {
    /// Its location.
    pub location: LocationNumber,
    /// The bin.
    pub bin: Bin,
    /// Whether it is new.
    pub created: bool,
}

/// The idempotency key a change is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundKey {
    /// Hash of tenant and key.
    pub key: [u8; 16],
    /// Fingerprint of the command.
    pub fingerprint: u64,
}

/// A policy that a change replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyBefore {
    /// What the position, or the item, had set itself.
    pub own: Policy,
    /// The same, completed by the item's.
    pub effective: Policy,
}

/// What one command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which action.
    pub cause: Cause,
    /// When it was decided.
    pub at: Timestamp,
    /// Whose data.
    pub tenant: TenantNumber,
    /// Name of the tenant, in the first record of it.
    pub tenant_opened: Option<TenantId>,
    /// Key it is bound to.
    pub key: Option<BoundKey>,
    /// The message it came from.
    pub source: Option<Arc<Source>>,
    /// Who and why.
    pub trace: Option<Arc<Trace>>,
    /// Words for the ledger.
    pub detail: Option<Arc<Detail>>,
    /// Items as they are now.
    pub items: Vec<Item>,
    /// Locations as they are now.
    pub locations: Vec<Location>,
    /// A bin that was put.
    pub bin: Option<Box<BinChange>>,
    /// Positions as they are now.
    pub positions: Vec<PositionChange>,
    /// Ledger entries.
    pub movements: Vec<Movement>,
    /// The layers they take and bring, in their order.
    pub picks: Vec<Pick>,
    /// The reservation as it is now.
    pub reservation: Option<Arc<Reservation>>,
    /// What was shipped (`Fulfilled`), or put back on the shelf (`Unfulfilled`).
    pub shipped: Vec<LineShare>,
    /// What was given back (`Cancelled`, `Expired`, or the closed rest of a shipment).
    pub released: Vec<LineShare>,
    /// All reservations that were released together (`OrderCancelled`), oldest first.
    pub withdrawn: Vec<Withdrawn>,
    /// The movement that this one undoes (`Reversed`).
    pub reverses: Option<MovementPlace>,
    /// The transfer as it is now.
    pub transfer: Option<Box<Transfer>>,
    /// How much of the transfer this change moved.
    pub transferred: Quantity,
    /// More came back than was shipped on the order.
    pub exceeds_shipped: bool,
    /// A fact named a lot that the position had no more room for: it was booked without its number.
    pub lot_dropped: bool,
    /// The policy that was replaced (`PolicySet`: of the position; `ItemPut`: of the item, if it differs).
    pub policy_before: Option<Box<PolicyBefore>>,
    /// How many positions were archived with the item (`ItemArchived`).
    pub positions_archived: u32,
    /// Why the command was refused (`Refused`).
    pub refusal: Option<Box<Rejection>>,
    /// What the refused command asked for (`Refused`): the cause that its record would have had.
    /// The order it named stands in [`Detail::order`].
    pub refused: Option<Cause>,
    /// What was done to sources and dead letters, or told by an application.
    pub kept: Option<Box<Kept>>,
}

impl Change {
    /// A change that has changed nothing yet.
    #[must_use]
    pub fn new(cause: Cause, at: Timestamp, tenant: TenantNumber) -> Self {
        Self {
            cause,
            at,
            tenant,
            tenant_opened: None,
            key: None,
            source: None,
            trace: None,
            detail: None,
            items: Vec::new(),
            locations: Vec::new(),
            bin: None,
            positions: Vec::new(),
            movements: Vec::new(),
            picks: Vec::new(),
            reservation: None,
            shipped: Vec::new(),
            released: Vec::new(),
            withdrawn: Vec::new(),
            reverses: None,
            transfer: None,
            transferred: Quantity::ZERO,
            exceeds_shipped: false,
            lot_dropped: false,
            policy_before: None,
            positions_archived: 0,
            refusal: None,
            refused: None,
            kept: None,
        }
    }

    /// Its ledger entries, each with its picks.
    pub fn entries(&self) -> impl Iterator<Item = (&Movement, &[Pick])> + Clone {
        let mut rest = self.picks.as_slice();
        self.movements.iter().map(move |movement| {
            let own = usize::try_from(movement.picks).unwrap_or(usize::MAX);
            let (picks, behind) = rest.split_at_checked(own).unwrap_or((rest, &[]));
            rest = behind;
            (movement, picks)
        })
    }

    /// The goods that came and went at a position of the change.
    pub fn flows(&self, at: u32) -> impl Iterator<Item = Flow<'_>> + Clone {
        let own = self
            .entries()
            .filter(move |(movement, picks)| movement.position == at && !picks.is_empty());
        own.map(|(movement, picks)| {
            (movement.from.map(Bucket::area), movement.to.map(Bucket::area), picks)
        })
    }

    /// When a position of the change was counted by it.
    pub fn counted(&self, at: u32) -> Option<Timestamp> {
        let is_count = |movement: &&Movement| {
            movement.position == at
                && movement.kind == MovementKind::Count
                && movement.occurred_at.is_none()
        };
        let is_counted = self.cause == Cause::Counted
            && self.movements.iter().any(|movement| is_count(&movement));
        is_counted.then(|| self.occurred_at())
    }

    /// What left by sales at tills: from which position, how much, and what it was worth.
    pub fn sold(&self) -> impl Iterator<Item = (PositionNumber, Quantity, Money)> + '_ {
        let own = self.movements.iter().filter(|movement| movement.kind == MovementKind::Sale);
        own.filter_map(|movement| {
            let at = usize::try_from(movement.position).ok()?;
            Some((self.positions.get(at)?.position, movement.quantity, movement.value))
        })
    }

    /// The names under which a sale at a till is found: its id, and its reference if that is another one.
    pub fn sale_names(&self) -> impl Iterator<Item = &Reference> {
        let detail = self.detail.as_deref();
        let id = detail.and_then(|detail| detail.document.as_ref());
        let reference = detail.and_then(|detail| detail.reference.as_ref());
        id.into_iter().chain(reference.filter(move |reference| Some(*reference) != id))
    }

    /// Whether it buries a message whose event id belongs to another one: the id stays with that.
    #[must_use]
    pub fn reuses_event_id(&self) -> bool {
        match self.kept.as_deref() {
            Some(Kept::Letter(held)) => {
                held.fault.as_ref().is_some_and(|fault| fault.code.as_str() == EVENT_ID_REUSED)
            }
            _ => false,
        }
    }

    /// When it happened: as its sender said, else when it was decided.
    #[must_use]
    pub fn occurred_at(&self) -> Timestamp {
        self.detail.as_ref().and_then(|detail| detail.occurred_at).unwrap_or(self.at)
    }

    /// When one of its movements happened.
    #[must_use]
    pub fn happened(&self, movement: &Movement) -> Timestamp {
        movement.occurred_at.unwrap_or_else(|| self.occurred_at())
    }

    /// All reservations that it changed, as they are now.
    pub fn reservations(&self) -> impl Iterator<Item = &Arc<Reservation>> {
        self.reservation.iter().chain(self.withdrawn.iter().map(|held| &held.reservation))
    }

    /// Its ledger entries by position: how much each moved.
    pub fn moved(&self) -> impl Iterator<Item = (PositionNumber, Quantity)> + '_ {
        self.movements.iter().filter_map(|movement| {
            let at = usize::try_from(movement.position).ok()?;
            Some((self.positions.get(at)?.position, movement.quantity))
        })
    }
}

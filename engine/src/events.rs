//! What the rest of the company is told: canonical events, made from records and from nothing else.
//!
//! The same record always makes the same events, with the same ids: they may be made again at any time,
//! for every sink anew. How they are spelled at a door is the business of its dialect.

mod alarm;
mod application;
mod catalog;
mod event_type;
mod position;
mod receipt;
mod reservation;
mod revaluation;
mod stock_level;
mod teller;
mod transfer;
pub mod words;

#[cfg(test)]
mod tests;

use onhand_domain::catalog::{Item, Location};
use onhand_domain::change::{Cause, Change};
use onhand_domain::ids::{TenantId, Text};
use onhand_domain::time::Timestamp;
use onhand_domain::upkeep::ApplicationEvent;
use uuid::Uuid;

use crate::names::Names;
use teller::{Record, Teller};

pub use alarm::{AlarmThreshold, OutOfStock, StockDiscrepancy};
pub use catalog::{BinCreated, ItemDeactivated, PositionsOpened};
pub use event_type::{AggregateType, EventType};
pub use position::{ItemAssignedToBin, PolicyChanged};
pub use receipt::StockReceived;
pub use reservation::{
    ReservationChanged, ReservationConfirmed, ReservationCreated, ReservationFailed,
    ReservationFulfilled, ReservationReleased, ReservedLine, ShippedLine, StandingLine,
};
pub use revaluation::StockRevalued;
pub use stock_level::{BucketChange, Moved, StockLevelChanged};
pub use teller::{item_aggregate, position_aggregate};
pub use transfer::StockTransferred;

/// What events name as their source; who reads it in a consumed event skips that.
pub const SOURCE: &str = "onhand";

/// Most events of one record: four for each position of a step, and a few of its other aggregates.
/// An event's index has 16 bits in its id.
const EVENTS_MAX: u32 = 4 * onhand_domain::limits::MOVEMENTS_MAX + 1_000;
const _: () = assert!(EVENTS_MAX <= 1 << 16, "each index of an event has an id of its own");

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name; the same whenever it is made.
    pub event_id: Uuid,
    /// What happened.
    pub event_type: EventType,
    /// Kind of thing it happened to.
    pub aggregate_type: AggregateType,
    /// Name of the thing; a `:` or `%` inside an id is written `%3A`, `%25`.
    pub aggregate_id: String,
    /// Whose thing.
    pub tenant: TenantId,
    /// When it was decided.
    pub timestamp: Timestamp,
    /// Epoch of the log in which its record was written.
    pub epoch: u32,
    /// Sequence of its record.
    pub sequence: u64,
    /// Its place among the events of the record.
    pub index: u32,
    /// Version of the thing after it; without a hole.
    pub aggregate_version: u32,
    /// What is said.
    pub payload: Payload,
    /// Who and why.
    pub trace: EventTrace,
}

/// Who caused an event, and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTrace {
    /// [`SOURCE`].
    pub source: &'static str,
    /// The user or token subject.
    pub user: Option<Text>,
    /// What ties it to others; made from the record when the caller gave none.
    pub correlation: Text,
    /// What made the command come.
    pub causation: Option<Text>,
}

/// What an event says; one variant for each [`EventType`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// A position changed: the net effect of the record on it.
    StockLevelChanged(Box<StockLevelChanged>),
    /// Goods came in.
    StockReceived(Box<StockReceived>),
    /// `available` fell below the threshold.
    LowStockReached(AlarmThreshold),
    /// `available` fell to zero or below.
    StockedOut(OutOfStock),
    /// `available` is back at the threshold or above it.
    StockReplenished(AlarmThreshold),
    /// A fact drove `available` below zero.
    StockDiscrepancy(StockDiscrepancy),
    /// Goods that are there were given another cost.
    StockRevalued(Box<StockRevalued>),
    /// A transfer began, arrived in part or whole, or went back.
    StockTransferred(Box<StockTransferred>),
    /// A promise was made.
    ReservationCreated(Box<ReservationCreated>),
    /// A promise asked for by event could not be made.
    ReservationFailed(ReservationFailed),
    /// A promise lost its deadline.
    ReservationConfirmed(ReservationConfirmed),
    /// A promise, or part of it, was released.
    ReservationCancelled(Box<ReservationReleased>),
    /// The deadline of a promise passed.
    ReservationExpired(Box<ReservationReleased>),
    /// A promise was changed in place.
    ReservationChanged(Box<ReservationChanged>),
    /// All or part of a promise was shipped.
    ReservationFulfilled(Box<ReservationFulfilled>),
    /// An item was first heard of.
    ItemCreated(Item),
    /// An item was replaced or revived.
    ItemUpdated(Item),
    /// An item was archived.
    ItemDeactivated(ItemDeactivated),
    /// Positions of an item were opened by the catalog.
    PositionsOpened(PositionsOpened),
    /// A policy was replaced.
    PolicyChanged(Box<PolicyChanged>),
    /// A location was first heard of.
    LocationCreated(Location),
    /// A location was replaced, revived or removed, or one of its bins was renamed.
    LocationUpdated(Location),
    /// A location got a bin.
    BinCreated(BinCreated),
    /// A position got a home bin.
    ItemAssignedToBin(ItemAssignedToBin),
    /// An application told something, in its own words.
    ApplicationEvent(Box<ApplicationEvent>),
}

/// All events of a record, in their order: catalog, positions with their alarms, transfer, reservation.
///
/// `names` must know everything that the record names by number.
#[must_use]
pub fn events_of(
    log: u16,
    epoch: u32,
    sequence: u64,
    change: &Change,
    names: &dyn Names,
) -> Vec<Event> {
    if change.cause == Cause::Unchanged {
        return Vec::new();
    }
    let mut teller = Teller::new(Record { log, epoch, sequence, change }, names);
    if change.cause == Cause::Refused {
        reservation::tell_failure(&mut teller);
    } else {
        catalog::tell(&mut teller);
        position::tell(&mut teller);
        catalog::tell_opened(&mut teller);
        transfer::tell(&mut teller);
        reservation::tell(&mut teller);
        application::tell(&mut teller);
    }
    teller.into_events()
}

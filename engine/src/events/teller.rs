//! Puts events of one record into their envelopes.

use onhand_domain::catalog::{Item, Location};
use onhand_domain::change::{Change, MovementKind, PositionChange};
use onhand_domain::command::{Detail, Trace};
use onhand_domain::ids::{ItemId, LocationId, TenantId, Text};
use onhand_domain::position::PositionNumber;

use super::{AggregateType, Event, EventTrace, Payload, SOURCE};
use crate::ids;
use crate::names::Names;

/// A record and its place.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) log: u16,
    pub(super) epoch: u32,
    pub(super) sequence: u64,
    pub(super) change: &'a Change,
}

/// The thing an event happened to.
pub(super) struct Aggregate {
    kind: AggregateType,
    id: String,
    version: u32,
}

impl Aggregate {
    pub(super) fn position(item: &ItemId, location: &LocationId, version: u32) -> Self {
        let id = position_aggregate(item, location);
        Self { kind: AggregateType::InventoryPosition, id, version }
    }

    pub(super) fn item(item: &Item) -> Self {
        let id = item_aggregate(&item.id);
        Self { kind: AggregateType::InventoryItem, id, version: item.version }
    }

    pub(super) fn location(location: &Location) -> Self {
        let id = escape(location.id.as_str());
        Self { kind: AggregateType::Warehouse, id, version: location.version }
    }

    pub(super) fn reservation(id: String, version: u32) -> Self {
        Self { kind: AggregateType::Reservation, id, version }
    }

    pub(super) fn application(id: String, version: u32) -> Self {
        Self { kind: AggregateType::Application, id, version }
    }

    pub(super) fn transfer(id: String, version: u32) -> Self {
        Self { kind: AggregateType::Transfer, id, version }
    }
}

/// `aggregateId` of a position.
#[must_use]
pub fn position_aggregate(item: &ItemId, location: &LocationId) -> String {
    let (item, location) = (item.as_str(), location.as_str());
    let mut id = String::with_capacity(item.len() + 1 + location.len());
    escape_into(item, &mut id);
    id.push(':');
    escape_into(location, &mut id);
    id
}

/// `aggregateId` of an item.
#[must_use]
pub fn item_aggregate(item: &ItemId) -> String {
    escape(item.as_str())
}

fn escape(id: &str) -> String {
    let mut escaped = String::with_capacity(id.len());
    escape_into(id, &mut escaped);
    escaped
}

/// A `:` separates ids, so one inside an id is written another way, and so is the sign of that.
fn escape_into(id: &str, out: &mut String) {
    for part in id.split_inclusive([':', '%']) {
        match part.strip_suffix(':') {
            Some(before) => out.extend([before, "%3A"]),
            None => match part.strip_suffix('%') {
                Some(before) => out.extend([before, "%25"]),
                None => out.push_str(part),
            },
        }
    }
}

/// Collects the events of one record.
pub(super) struct Teller<'a> {
    pub(super) record: Record<'a>,
    pub(super) change: &'a Change,
    pub(super) names: &'a dyn Names,
    tenant: TenantId,
    trace: EventTrace,
    events: Vec<Event>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(record: Record<'a>, names: &'a dyn Names) -> Self {
        let change = record.change;
        let unnamed = Trace::default();
        let trace = change.trace.as_deref().unwrap_or(&unnamed);
        let made = || Text::trusted(&ids::correlation_id(record.log, record.sequence));
        Self {
            record,
            change,
            names,
            tenant: names.tenant(change.tenant),
            trace: EventTrace {
                source: SOURCE,
                user: trace.user.clone(),
                correlation: trace.correlation.clone().unwrap_or_else(made),
                causation: trace.causation.clone(),
            },
            // Most records say one thing of each position.
            events: Vec::with_capacity(change.positions.len().max(1)),
        }
    }

    pub(super) fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// Adds the next event.
    pub(super) fn tell(&mut self, aggregate: Aggregate, payload: Payload) {
        let Record { log, epoch, sequence, change } = self.record;
        let index = u32::try_from(self.events.len()).expect("a step is bounded");
        self.events.push(Event {
            event_id: ids::event_id(change.at, log, epoch, sequence, index),
            event_type: payload.event_type(),
            aggregate_type: aggregate.kind,
            aggregate_id: aggregate.id,
            tenant: self.tenant.clone(),
            timestamp: change.at,
            epoch,
            sequence,
            index,
            aggregate_version: aggregate.version,
            payload,
            trace: self.trace.clone(),
        });
    }

    /// Names of item and location of a position.
    pub(super) fn place(&self, position: PositionNumber) -> (ItemId, LocationId) {
        let (item, location) = self.names.place(position);
        (self.names.item(item), self.names.location(location))
    }

    /// Name of the location of a position, if there is one.
    pub(super) fn location(&self, position: Option<PositionNumber>) -> Option<LocationId> {
        position.map(|position| self.place(position).1)
    }

    pub(super) fn detail(&self) -> Option<&'a Detail> {
        self.change.detail.as_deref()
    }

    /// Name of a movement of this record.
    pub(super) fn transaction_id(&self, place: usize) -> String {
        let place = u32::try_from(place).expect("a step is bounded");
        ids::transaction_id(self.record.log, self.record.sequence, place)
    }

    /// Places of the movements of one type at a position.
    pub(super) fn movements_at(
        &self,
        position: PositionNumber,
        kind: MovementKind,
    ) -> impl Iterator<Item = usize> + use<'a> {
        let change = self.change;
        let is_it = move |held: &PositionChange| held.position == position;
        let at = change.positions.iter().position(is_it).and_then(|at| u32::try_from(at).ok());
        let movements = change.movements.iter().enumerate();
        movements
            .filter(move |(_, movement)| Some(movement.position) == at && movement.kind == kind)
            .map(|(place, _)| place)
    }
}

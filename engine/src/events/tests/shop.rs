//! A shop without a disk: the real rules, and the events of what they decide.

use std::sync::Arc;

use onhand_domain::catalog::{ItemAttributes, ItemNumber, LocationNumber, TenantNumber};
use onhand_domain::change::Change;
use onhand_domain::command::{
    Action, Backorder, Command, Completeness, Detail, Place, RequestedLine, Reserve, Source,
    StockEntry, Trace, Wanted,
};
use onhand_domain::decide::{Decision, Recalled, Sought};
use onhand_domain::ids::{ItemId, LocationId, Reference, TenantId, Text};
use onhand_domain::policy::Policy;
use onhand_domain::position::PositionNumber;
use onhand_domain::quantity::Quantity;
use onhand_domain::stock::{Rules, Stock};
use onhand_domain::time::Timestamp;

use crate::events::{Event, Payload, events_of};
use crate::names::Names;

pub(super) const LOG: u16 = 1;
pub(super) const EPOCH: u32 = 3;
/// 2026-02-09T12:00:00Z.
const BEGIN: i64 = 1_770_638_400_000;

pub(super) struct Shop {
    stock: Stock,
    pub(super) sequence: u64,
    pub(super) source: Option<Arc<Source>>,
    pub(super) trace: Option<Arc<Trace>>,
    pub(super) now: Timestamp,
}

impl Names for Shop {
    fn tenant(&self, number: TenantNumber) -> TenantId {
        self.stock.tenant(number).expect("known").clone()
    }

    fn item(&self, number: ItemNumber) -> ItemId {
        self.stock.item(number).expect("known").id.clone()
    }

    fn location(&self, number: LocationNumber) -> LocationId {
        self.stock.location(number).expect("known").id.clone()
    }

    fn place(&self, number: PositionNumber) -> (ItemNumber, LocationNumber) {
        let position = self.stock.position(number).expect("known");
        (position.item, position.location)
    }
}

impl Shop {
    pub(super) fn new() -> Self {
        Self {
            stock: Stock::new(Rules::default(), 7),
            sequence: 0,
            source: None,
            trace: None,
            now: Timestamp::from_millis(BEGIN),
        }
    }

    /// Does it, and returns what is told.
    #[track_caller]
    pub(super) fn act(&mut self, action: Action) -> Vec<Event> {
        let command = Command {
            tenant: TenantId::parse("tenant-1").expect("valid"),
            key: None,
            source: self.source.clone(),
            trace: self.trace.clone(),
            action,
        };
        let next = self.sequence + 1;
        match self.stock.decide(&command, Recalled::Searched(Sought::Order), self.now, next) {
            Ok(Decision::Change(change)) => self.take(&change),
            other => panic!("no change: {other:?}"),
        }
    }

    /// Lets a reservation expire.
    pub(super) fn expire(&mut self, number: u64) -> Vec<Event> {
        let change = self.stock.expire(number, self.now, self.sequence + 1);
        self.take(&change)
    }

    fn take(&mut self, change: &Change) -> Vec<Event> {
        self.sequence += 1;
        self.stock.apply(change, self.sequence);
        let events = events_of(LOG, EPOCH, self.sequence, change, self);
        assert_eq!(events, events_of(LOG, EPOCH, self.sequence, change, self), "made again");
        events
    }

    pub(super) fn receive(&mut self, item: &str, location: &str, quantity: i64) -> Vec<Event> {
        self.act(Action::Receive(entry(item, location, quantity, Detail::default())))
    }

    pub(super) fn sell(&mut self, item: &str, location: &str, quantity: i64) -> Vec<Event> {
        let document = Some(reference("sale-1"));
        let detail = Detail { document, ..Detail::default() };
        self.act(Action::Sell(entry(item, location, quantity, detail)))
    }
}

pub(super) fn item(id: &str) -> ItemId {
    ItemId::parse(id).expect("valid")
}

pub(super) fn location(id: &str) -> LocationId {
    LocationId::parse(id).expect("valid")
}

pub(super) fn reference(text: &str) -> Reference {
    Reference::parse(text).expect("valid")
}

pub(super) fn text(text: &str) -> Text {
    Text::parse(text).expect("valid")
}

pub(super) fn units(units: i64) -> Quantity {
    Quantity::units(units)
}

pub(super) fn place(item_id: &str, location_id: &str) -> Place {
    Place { item: item(item_id), location: location(location_id) }
}

pub(super) fn entry(item: &str, location: &str, quantity: i64, detail: Detail) -> StockEntry {
    let place = place(item, location);
    StockEntry { place, quantity: units(quantity), detail: Some(Arc::new(detail)) }
}

pub(super) fn put_item(id: &str, policy: Policy) -> Action {
    let attributes = Arc::new(ItemAttributes { policy, ..ItemAttributes::default() });
    Action::PutItem { item: item(id), attributes }
}

pub(super) fn reserve(lines: &[(&str, i64, &str)]) -> Action {
    let line = |(id, quantity, at): &(&str, i64, &str)| RequestedLine {
        item: item(id),
        quantity: units(*quantity),
        wanted: Wanted::Only(location(at)),
        lot: None,
    };
    Action::Reserve(Box::new(Reserve {
        order: Some(reference("order-1")),
        customer: Some(reference("customer-1")),
        local: None,
        required_at: None,
        ttl_ms: Some(900_000),
        completeness: Completeness::Whole,
        max_splits: None,
        backorder: Backorder::Policy,
        lines: lines.iter().map(line).collect(),
    }))
}

/// Events in short: type, aggregate and version; of a level its reason and what changed.
pub(super) fn told(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| {
            let (name, id) = (event.event_type.as_str(), &event.aggregate_id);
            let head = format!("{name} {id} v{}", event.aggregate_version);
            let Payload::StockLevelChanged(level) = &event.payload else { return head };
            let changes: String = level
                .changes
                .iter()
                .map(|change| format!(" {} {}→{}", change.bucket, change.before, change.after))
                .collect();
            format!("{head} {}{changes}", level.change_reason)
        })
        .collect()
}

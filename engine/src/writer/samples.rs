//! A writer's core with something to do, for tests.

use std::sync::Arc;

use onhand_domain::catalog::LocationAttributes;
use onhand_domain::command::{
    Action, Backorder, Command, Completeness, Place, RequestedLine, Reserve, StockEntry, Wanted,
};
use onhand_domain::ids::{ItemId, LocationId, TenantId};
use onhand_domain::quantity::Quantity;
use onhand_domain::time::Timestamp;

use super::core::{Core, Envelope};
use super::filling::{Filling, Outcome};

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_000);

pub(super) fn item(name: &str) -> ItemId {
    ItemId::parse(name).expect("valid")
}

/// What is sent must change something.
pub(super) fn send(core: &mut Core, action: Action) {
    let tenant = TenantId::parse("default").expect("valid");
    let command = Command { tenant, key: None, source: None, trace: None, action };
    let envelope = Envelope { command: command.into(), ticket: (), searched: None };
    let mut out = Filling::default();
    assert!(core.handle(envelope, NOW, &mut out).is_none());
    let outcome = out.items.last().map(|item| &item.outcome);
    assert!(matches!(outcome, Some(Outcome::Changed { .. })), "{outcome:?}");
}

/// A million of an item.
pub(super) fn receive(core: &mut Core, name: &str) {
    let location = LocationId::parse("north").expect("valid");
    let place = Place { item: item(name), location };
    let quantity = Quantity::units(1_000_000);
    send(core, Action::Receive(StockEntry { place, quantity, detail: None }));
}

/// Holds one, for a second.
pub(super) fn reserve(core: &mut Core, name: &str) {
    send(
        core,
        Action::Reserve(Box::new(Reserve {
            order: None,
            customer: None,
            local: None,
            required_at: None,
            ttl_ms: Some(1_000),
            completeness: Completeness::Whole,
            max_splits: None,
            backorder: Backorder::Policy,
            lines: vec![RequestedLine {
                item: item(name),
                quantity: Quantity::units(1),
                wanted: Wanted::Anywhere,
                lot: None,
            }],
        })),
    );
}

/// An item of the catalog.
pub(super) fn put_item(core: &mut Core, name: &str) {
    send(core, Action::PutItem { item: item(name), attributes: Arc::default() });
}

/// A location that sells.
pub(super) fn put_location(core: &mut Core, name: &str) {
    let location = LocationId::parse(name).expect("valid");
    send(core, Action::PutLocation { location, attributes: LocationAttributes::default() });
}

use std::sync::Arc;

use onhand_domain::catalog::{
    Activity, Bin, Item, ItemAttributes, Location, LocationAttributes, Standing, Strategy, Tracking,
};
use onhand_domain::change::{BinChange, Cause, Change, PolicyBefore, Terms};
use onhand_domain::ids::{BinId, TenantId};
use onhand_domain::policy::{BackorderLimit, Policy};
use onhand_domain::quantity::Money;

use super::{AT, BEFORE, arc, item, keyed, location, of, position, reference, text, units};

pub(super) fn policy() -> Policy {
    Policy {
        min_stock: Some(units(5)),
        max_stock: Some(units(500)),
        safety_stock: Some(units(2)),
        backorder_limit: Some(BackorderLimit::Limited(units(10))),
        low_stock_threshold: Some(units(7)),
    }
}

pub(super) fn an_item() -> Item {
    Item {
        number: 8_321,
        tenant: 3,
        id: item("item-1"),
        attributes: arc(ItemAttributes {
            sku: Some(reference("SKU-1")),
            name: Some(text("Läufer, blau")),
            product: Some(reference("product-1")),
            unit_of_measure: Some(reference("piece")),
            tracking: Tracking::Tracked,
            policy: policy(),
            unit_cost: Some(Money::parse("12.345678").expect("valid")),
            strategy: Strategy::Fefo,
        }),
        standing: Standing::Current,
        version: 2,
        created_at: BEFORE,
        updated_at: AT,
    }
}

pub(super) fn a_location() -> Location {
    Location {
        number: 17,
        tenant: 3,
        id: location("WH-01"),
        attributes: LocationAttributes {
            name: Some(text("Main warehouse")),
            kind: Some(reference("warehouse")),
            activity: Activity::Active,
            priority: -5,
        },
        standing: Standing::Current,
        version: 300,
        created_at: BEFORE,
        updated_at: AT,
    }
}

pub(super) fn a_bin() -> Bin {
    Bin { id: bin(), name: Some(text("Top shelf")) }
}

pub(super) fn bin() -> BinId {
    BinId::parse("A-01-02").expect("valid")
}

fn terms() -> Option<Arc<Terms>> {
    let own = Policy { backorder_limit: Some(BackorderLimit::Unlimited), ..Policy::default() };
    let effective = own.or(policy());
    let tracking = Tracking::Tracked;
    arc(Terms { own, effective, bin: Some(bin()), created_at: BEFORE, tracking })
}

pub(super) fn samples() -> Vec<(&'static str, Change)> {
    items().into_iter().chain(locations()).chain(terms_of_positions()).collect()
}

fn items() -> Vec<(&'static str, Change)> {
    let unset = Policy::default();
    vec![
        (
            "item-put",
            Change {
                items: vec![an_item()],
                policy_before: Some(Box::new(PolicyBefore { own: unset, effective: unset })),
                ..keyed(Cause::ItemPut)
            },
        ),
        (
            "item-put-untracked-lifo",
            Change {
                items: vec![Item {
                    attributes: arc(ItemAttributes {
                        tracking: Tracking::Untracked,
                        strategy: Strategy::Lifo,
                        ..ItemAttributes::default()
                    }),
                    version: 1,
                    ..an_item()
                }],
                ..of(Cause::ItemPut)
            },
        ),
        (
            "item-archived",
            Change {
                items: vec![Item { standing: Standing::Archived, ..an_item() }],
                positions_archived: 12,
                ..of(Cause::ItemArchived)
            },
        ),
    ]
}

fn locations() -> Vec<(&'static str, Change)> {
    vec![
        (
            "location-put",
            Change {
                tenant_opened: Some(TenantId::parse("tenant-1").expect("valid")),
                locations: vec![a_location()],
                ..of(Cause::LocationPut)
            },
        ),
        (
            "location-removed",
            Change {
                locations: vec![Location {
                    attributes: LocationAttributes {
                        activity: Activity::Inactive,
                        ..LocationAttributes::default()
                    },
                    standing: Standing::Archived,
                    ..a_location()
                }],
                ..of(Cause::LocationRemoved)
            },
        ),
        (
            "bin-put",
            Change {
                locations: vec![a_location()],
                bin: Some(Box::new(BinChange { location: 17, bin: a_bin(), created: true })),
                ..of(Cause::BinPut)
            },
        ),
    ]
}

/// What holds for a position.
fn terms_of_positions() -> Vec<(&'static str, Change)> {
    let before = PolicyBefore { own: Policy::default(), effective: policy() };
    vec![
        (
            "bin-assigned",
            Change {
                positions: vec![{
                    let mut held = position(8_765);
                    held.terms = terms();
                    held
                }],
                ..of(Cause::BinAssigned)
            },
        ),
        (
            "policy-set",
            Change {
                positions: vec![{
                    let mut held = position(8_765);
                    held.terms = terms();
                    held.sellable = None;
                    held
                }],
                policy_before: Some(Box::new(before)),
                ..of(Cause::PolicySet)
            },
        ),
    ]
}

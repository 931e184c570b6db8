//! Items, locations and bins.

use super::actions::{
    adjust, assign_bin, count, force, give_back, policy, put_bin, put_item, put_location, receive,
    remove, reserve, sell, set_policy, set_to, transfer, transfer_with,
};
use super::text;
use super::world::World;
use crate::catalog::{Activity, Standing};
use crate::command::{Action, Force};
use crate::limits::BINS_MAX;
use crate::position::Bucket::Available;
use crate::rejection::{Limit, Rejection};
use crate::stock::{Rules, Strictness};

/// "Unknown items and locations are created by the first of these about them (receipt, count, upward
/// adjustment, return, transfer, till sale)".
#[test]
fn the_first_booking_creates_item_and_location() {
    for action in [
        receive("tea@north", "1"),
        count("tea@north", "1"),
        adjust("tea@north", Available, "1"),
        set_to("tea@north", "1"),
        force("tea@north", Available, "-1"),
        give_back("tea@north", "1", None),
        sell("tea@north", "1"),
        transfer_with("tea", "south", "north", "1", Force::Fact),
    ] {
        let mut world = World::new();
        let change = world.ok(action.clone());
        assert_eq!(change.items.len(), 1, "{action:?}");
        assert!(change.tenant_opened.is_some());
        assert_eq!(change.items[0].attributes, None);
        assert!(change.locations.iter().all(|held| held.attributes.activity == Activity::Active));
        assert_eq!(world.position("tea@north").expect("there").version, 1);
    }
}

/// "unless `strict_catalog = true` (then 404 `UNKNOWN_ITEM` / `UNKNOWN_LOCATION`)": facts, too.
#[test]
fn a_strict_catalog_creates_nothing() {
    let strict = Rules { strictness: Strictness::Strict, ..Rules::default() };
    let actions: [fn(&str) -> Action; 7] = [
        |place| receive(place, "1"),
        |place| count(place, "1"),
        |place| adjust(place, Available, "1"),
        |place| set_to(place, "1"),
        |place| force(place, Available, "-1"),
        |place| give_back(place, "1", None),
        |place| sell(place, "1"),
    ];
    for action in actions {
        let mut world = World::with(strict);
        world.ok(put_item("tea", |_| {}));
        world.ok(put_location("north", |_| {}));
        assert_eq!(world.no(action("ghost@north")), "UnknownItem: ghost");
        assert_eq!(world.no(action("tea@nowhere")), "UnknownLocation: nowhere");
        world.ok(action("tea@north"));
    }
    let mut world = World::with(strict);
    world.ok(put_item("tea", |_| {}));
    world.ok(put_location("north", |_| {}));
    world.receive("tea@north 1");
    assert_eq!(world.no(transfer("tea", "north", "south", "1")), "UnknownLocation: south");
}

#[test]
fn putting_replaces_and_counts_versions() {
    let mut world = World::new();
    let first = world.ok(put_item("tea", |attributes| attributes.sku = None));
    let second = world.ok(put_item("tea", |attributes| attributes.policy = policy("min 1")));
    assert_eq!((first.items[0].version, second.items[0].version), (1, 2));
    assert_eq!(first.policy_before, None);
    assert_eq!(second.policy_before.map(|before| before.own), Some(policy("")));
    let same = world.ok(put_item("tea", |attributes| attributes.policy = policy("min 1")));
    assert_eq!(same.policy_before, None, "the policy is what it was");
    let first = world.ok(put_location("north", |_| {}));
    let second = world.ok(put_location("north", |attributes| attributes.priority = 2));
    assert_eq!((first.locations[0].version, second.locations[0].version), (1, 2));
    assert_eq!(second.locations[0].created_at, first.locations[0].created_at);
}

#[test]
fn bins_belong_to_a_location() {
    let mut world = World::stocked("tea@north 1");
    assert_eq!(world.no(put_bin("nowhere", "A-1", None)), "UnknownLocation: nowhere");
    let made = world.ok(put_bin("north", "A-1", Some("one"))).bin.expect("a bin");
    let named = world.ok(put_bin("north", "A-1", Some("two"))).bin.expect("a bin");
    assert_eq!((made.created, named.created), (true, false));
    world.ok(put_bin("north", "A-2", None));
    let names = |world: &World| {
        let bins = world.stock.bins(0).iter();
        bins.map(|bin| (bin.id.as_str().into(), bin.name.clone().map(|name| name.as_str().into())))
            .collect::<std::vec::Vec<(std::string::String, Option<std::string::String>)>>()
    };
    let expected = [("A-1".into(), Some("two".into())), ("A-2".into(), None)];
    assert_eq!(names(&world), expected);
    assert_eq!(world.stock.location(0).map(|held| held.version), Some(4));
}

#[test]
fn a_location_has_at_most_so_many_bins() {
    let mut world = World::stocked("tea@north 1");
    for number in 0..BINS_MAX {
        world.ok(put_bin("north", &std::format!("B-{number}"), None));
    }
    let refused = world.run(put_bin("north", "one-more", None)).map(|_| ());
    let limit = Rejection::LimitExceeded { what: Limit::Bins, limit: BINS_MAX };
    assert_eq!(refused, Err(limit));
    world.ok(put_bin("north", "B-7", Some("renamed")));
}

#[test]
fn a_position_has_a_home_bin() {
    let mut world = World::stocked("tea@north 1, tea@south 1");
    world.ok(put_bin("north", "A-1", None));
    let change = world.ok(assign_bin("tea@north", "A-1"));
    let terms = change.positions[0].terms.clone().expect("terms");
    assert_eq!(terms.bin.as_ref().map(|bin| bin.as_str()), Some("A-1"));
    assert_eq!(
        world.position("tea@north").expect("there").bin().map(|bin| bin.as_str()),
        Some("A-1")
    );
    for (place, bin) in [("tea@south", "A-1"), ("tea@north", "A-2")] {
        assert!(world.no(assign_bin(place, bin)).starts_with("UnknownBin"), "{place}");
    }
    assert_eq!(world.no(assign_bin("ghost@north", "A-1")), "UnknownItem: ghost");
    assert_eq!(world.no(assign_bin("tea@nowhere", "A-1")), "UnknownLocation: nowhere");
    // Figures and policy leave it alone, and so does a new policy.
    world.ok(sell("tea@north", "1"));
    world.ok(set_policy("tea@north", policy("min 1")));
    assert!(world.position("tea@north").expect("there").bin().is_some());
}

/// A location that changes is taken into account at once, and one of another tenant never.
#[test]
fn tenants_do_not_see_each_other() {
    let mut world = World::stocked("tea@north 1");
    let number = world.hold("tea 1");
    let of_other = |action| {
        let mut command = World::command(action);
        command.tenant = crate::ids::TenantId::parse("other").expect("valid");
        command
    };
    for (action, expected) in [
        (reserve("tea 1"), "UnknownItem: tea"),
        (super::actions::confirm(number), "UnknownReservation"),
        (remove("north"), "UnknownLocation: north"),
        (set_policy("tea@north", policy("")), "UnknownItem: tea"),
    ] {
        let answer = world.send(&of_other(action));
        assert_eq!(text::outcome(&answer), expected);
    }
    world.send(&of_other(receive("tea@north", "7"))).expect("its own");
    world.send(&of_other(super::actions::confirm(number))).expect_err("still unknown");
    assert_eq!(world.at("tea@north"), "reserved 1");
    assert_eq!((world.stock.sizes().tenants, world.stock.sizes().items), (2, 2));
    let own = world.stock.location(1).expect("the other's");
    assert_eq!((own.tenant, own.standing), (1, Standing::Current));
}

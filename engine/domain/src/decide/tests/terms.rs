//! Policies of positions.

use super::actions::{policy, put_item, receive, set_policy};
use super::text;
use super::world::World;
use crate::policy::Policy;

/// "what is not set here is the item's", and a policy is set as a whole.
#[test]
fn what_is_not_set_is_the_items() {
    let mut world = World::stocked("tea@north 10");
    let of_item = policy("min 1, safety 3, threshold 6");
    world.ok(put_item("tea", |attributes| attributes.policy = of_item));
    for (own, effective, sellable) in [
        ("safety 4", "min 1, safety 4, threshold 6", "6"),
        ("min 2, max 9", "min 2, max 9, safety 3, threshold 6", "7"),
        ("backorder 5", "min 1, safety 3, backorder 5, threshold 6", "12"),
        ("safety 0", "min 1, safety 0, threshold 6", "10"),
        ("", "min 1, safety 3, threshold 6", "7"),
    ] {
        let before = world.position("tea@north").expect("there").policy();
        let change = world.ok(set_policy("tea@north", policy(own)));
        let held = &change.positions[0];
        let terms = held.terms.clone().expect("terms");
        assert_eq!((terms.own, terms.effective), (policy(own), policy(effective)), "{own}");
        assert_eq!(held.sellable, Some(text::quantity(sellable)), "{own}");
        let told = change.policy_before.expect("the policy before");
        assert_eq!((told.own, told.effective), (before, before.or(of_item)), "{own}");
    }
}

/// `null` = no limit.
#[test]
fn unlimited_backorder_has_no_figure() {
    let mut world = World::stocked("tea@north 10");
    let change = world.ok(set_policy("tea@north", policy("backorder unlimited")));
    assert_eq!(change.positions[0].sellable, None);
    world.hold("tea 1000000");
}

/// Terms may be agreed before the first goods come: they open the position.
#[test]
fn a_policy_opens_a_position() {
    let mut world = World::stocked("tea@north 1, pot@south 1");
    world.ok(set_policy("tea@south", policy("backorder 2")));
    assert_eq!(world.at("tea@south"), "empty");
    assert_eq!(world.chosen(super::actions::reserve("tea@south 2")), "tea@south 2");
    assert_eq!(world.no(set_policy("ghost@north", Policy::default())), "UnknownItem: ghost");
    assert_eq!(world.no(set_policy("tea@east", Policy::default())), "UnknownLocation: east");
}

/// Figures that change leave the policy alone.
#[test]
fn a_policy_stays() {
    let mut world = World::stocked("tea@north 1");
    world.ok(set_policy("tea@north", policy("min 4")));
    world.ok(receive("tea@north", "1"));
    assert_eq!(world.position("tea@north").expect("there").policy(), policy("min 4"));
}

//! Till sales: facts.

use super::actions::{archive, policy, reserve, sell, set_policy};
use super::text;
use super::world::World;

/// "sold at a till: deducts available".
#[test]
fn a_sale_deducts_available_and_leaves_promises() {
    let mut world = World::stocked("tea@north 10");
    let number = world.hold("tea 8");
    for (quantity, figures, raised) in [
        ("1.5", "available 0.5, reserved 8", ""),
        ("0.5", "reserved 8", "out tea@north"),
        ("1", "available -1, reserved 8", "discrepancy tea@north"),
        ("1", "available -2, reserved 8", "discrepancy tea@north"),
    ] {
        let change = world.ok(sell("tea@north", quantity));
        assert_eq!(world.at("tea@north"), figures);
        assert_eq!(text::raised(&world.stock, &change), raised);
    }
    assert_eq!(world.held(number), "ACTIVE: tea@north 8");
}

/// "`sellable` stays at zero".
#[test]
fn sellable_stays_at_zero() {
    let mut world = World::new();
    let change = world.ok(sell("tea@north", "1000"));
    assert_eq!(change.positions[0].sellable, Some(text::quantity("0")));
    assert_eq!(world.no(reserve("tea 1")), "InsufficientStock: tea 1 of 0");
    world.receive("tea@north 1001");
    world.hold("tea 1");
}

/// A till sells the safety stock, too: it is a policy, the sale is a fact.
#[test]
fn a_sale_may_take_the_safety_stock() {
    let mut world = World::stocked("tea@north 5");
    world.ok(set_policy("tea@north", policy("safety 5")));
    let change = world.ok(sell("tea@north", "4"));
    assert_eq!(text::raised(&world.stock, &change), "");
}

/// A place below zero takes nothing from what another place sells.
#[test]
fn each_place_stands_for_itself() {
    let mut world = World::stocked("tea@south 5");
    world.ok(sell("tea@north", "100"));
    assert_eq!(world.chosen(reserve("tea 5")), "tea@south 5");
}

/// "facts are still booked there": closed locations, removed ones, archived items.
#[test]
fn a_sale_is_booked_whatever_the_catalog_says() {
    let mut world = World::stocked("tea@north 1");
    world.close("north");
    world.ok(sell("tea@north", "2"));
    assert_eq!(world.at("tea@north"), "available -1");
    world.receive("tea@north 1");
    world.ok(archive("tea"));
    world.ok(sell("tea@north", "1"));
    assert_eq!(world.at("tea@north"), "available -1");
}

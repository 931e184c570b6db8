//! Cycle counts.

use super::actions::{count, count_expecting, sell};
use super::text;
use super::world::World;
use crate::change::MovementKind;
use crate::position::Bucket::{Available, Damaged};

/// "cycle count: the variance becomes a movement".
#[test]
fn the_variance_becomes_a_movement() {
    for (counted, quantity, from, to, expected) in [
        ("12", "2", None, Some(Available), "available 3, reserved 6, damaged 3"),
        ("10", "0", None, Some(Available), "available 1, reserved 6, damaged 3"),
        ("7.5", "2.5", Some(Available), None, "available -1.5, reserved 6, damaged 3"),
        ("0", "10", Some(Available), None, "available -9, reserved 6, damaged 3"),
    ] {
        let mut world = World::stocked("tea@north 7");
        world.hold("tea 6");
        world.ok(super::actions::adjust("tea@north", Damaged, "3"));
        let change = world.ok(count("tea@north", counted));
        let movement = change.movements[0];
        assert_eq!(movement.kind, MovementKind::Count);
        assert_eq!(movement.quantity, text::quantity(quantity), "{counted}");
        assert_eq!((movement.from, movement.to), (from, to), "{counted}");
        assert_eq!(world.at("tea@north"), expected, "{counted}");
        let figures = world.position("tea@north").expect("there").figures();
        assert_eq!(figures.on_hand(), text::quantity(counted));
    }
}

/// Goods in transit are not on hand, and not counted.
#[test]
fn what_is_on_its_way_is_not_counted() {
    let mut world = World::stocked("tea@north 5");
    world.ok(super::actions::transfer("tea", "north", "south", "2"));
    world.ok(count("tea@south", "1"));
    assert_eq!(world.at("tea@south"), "available 1, inTransit 2");
}

/// "promises stay", and "`StockDiscrepancy` is published" when less is found than is promised.
#[test]
fn finding_less_than_is_promised_is_a_discrepancy() {
    let mut world = World::stocked("tea@north 7");
    let number = world.hold("tea 6");
    let enough = world.ok(count("tea@north", "6"));
    assert_eq!(text::raised(&world.stock, &enough), "out tea@north");
    let short = world.ok(count("tea@north", "5"));
    assert_eq!(text::raised(&world.stock, &short), "discrepancy tea@north");
    assert_eq!(world.held(number), "ACTIVE: tea@north 6");
    // Counting the same again tells nobody anything new.
    let same = world.ok(count("tea@north", "5"));
    assert_eq!(text::raised(&world.stock, &same), "");
}

/// "`expectedVersion?`": `STALE`.
#[test]
fn a_count_of_something_else_than_expected_is_stale() {
    let mut world = World::stocked("tea@north 7");
    let no = world.no(count_expecting("tea@north", "5", Some(2)));
    assert_eq!(no, "Stale: tea@north available 7, version 1");
    world.ok(count_expecting("tea@north", "5", Some(1)));
    assert_eq!(
        world.no(count_expecting("pot@north", "5", Some(1))),
        "Stale: pot@north empty, version 0"
    );
    world.ok(count_expecting("pot@north", "5", Some(0)));
}

/// "created by the first of these about them": a count and a sale.
#[test]
fn a_count_creates_what_it_counts() {
    let mut world = World::new();
    world.ok(count("tea@north", "0"));
    assert_eq!(world.at("tea@north"), "empty");
    world.ok(sell("pot@south", "1"));
    assert_eq!(world.at("pot@south"), "available -1");
}

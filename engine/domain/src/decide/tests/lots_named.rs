//! Lots that are named in lines, and the order in which layers are listed.

use super::actions::*;
use super::world::World;
use crate::catalog::Strategy;
use crate::position::Bucket::{Available, Damaged};

/// "Sets the quantities of the lines named": no lot means the line without one.
#[test]
fn a_line_without_a_lot_is_set_beside_one_with() {
    let mut world = World::new();
    world.ok(about(receive("milk@a", "2"), "lot L1"));
    world.receive("milk@a 2");
    let number = world.hold("milk@a 2#L1, milk@a 2");
    world.ok(set_lines(number, "milk@a 1"));
    assert_eq!(world.held(number), "ACTIVE: milk@a 2#L1, milk@a 1");
    world.ok(set_lines(number, "milk@a 1#L1"));
    assert_eq!(world.held(number), "ACTIVE: milk@a 1#L1, milk@a 1");
    assert_eq!(world.no(set_lines(number, "milk 2")), "AmbiguousLine: milk");
    // Of a line with a lot alone, its place is name enough.
    let other = world.hold("milk@a 1#L1");
    world.ok(set_lines(other, "milk@a 0.5"));
    assert_eq!(world.held(other), "ACTIVE: milk@a 0.5#L1");
}

/// "Listed in the order in which they will be picked": in every place.
#[test]
fn damaged_goods_are_listed_as_they_are_picked() {
    let mut world = World::new();
    world.ok(put_item("milk", |said| said.strategy = Strategy::Fefo));
    world.ok(about(receive("milk@a", "1"), "lot L1, expiry 9"));
    world.ok(about(receive("milk@a", "1"), "lot L2, expiry 3"));
    world.ok(shift("milk@a", "2", Available, Damaged));
    let first = |world: &World| {
        let layers = world.at_place("milk@a").contents().to_layers();
        let listed = layers.in_picking_order(Strategy::Fefo);
        listed.first().and_then(|(_, layer)| layer.origin.lot.clone())
    };
    assert_eq!(first(&world), Some(super::text::lot("L2")));
    world.ok(shift("milk@a", "1", Damaged, Available));
    let left = world.at_place("milk@a").contents().to_layers();
    assert_eq!(
        left.of_lot(crate::layer::Area::Shelf, &super::text::lot("L2")),
        super::text::quantity("1")
    );
}

//! Archiving items.

use super::actions::{
    archive, confirm, fulfil, policy, put_item, receive, remove, reserve, sell, set_lines,
    set_policy,
};
use super::world::World;
use crate::change::Cause;

/// "409 `STOCK_NOT_ZERO` with `locationsWithStock`": stock, promises and what is on its way.
#[test]
fn an_item_with_stock_anywhere_is_not_archived() {
    let mut world = World::stocked("tea@a 5, tea@b 2, pot@a 1, cup@a 1");
    world.hold("tea@a 1");
    world.ok(sell("tea@b", "2"));
    world.ok(super::actions::transfer("cup", "a", "b", "1"));
    assert_eq!(world.no(archive("tea")), "StockNotZero: tea@a available 4, reserved 1");
    assert_eq!(world.no(archive("cup")), "StockNotZero: cup@b inTransit 1");
    assert_eq!(world.no(archive("ghost")), "UnknownItem: ghost");
    // Below zero is not zero either.
    world.ok(sell("pot@a", "2"));
    assert_eq!(world.no(archive("pot")), "StockNotZero: pot@a available -1");
}

/// At most a hundred places are listed.
#[test]
fn not_every_place_is_listed() {
    let mut world = World::new();
    for number in 0..150 {
        world.ok(receive(&std::format!("tea@place-{number}"), "1"));
    }
    let no = world.no(archive("tea"));
    assert_eq!(no.matches("tea@place").count(), crate::rejection::STOCK_THERE_MAX);
}

#[test]
fn archiving_tells_how_many_positions_went() {
    let mut world = World::stocked("tea@a 1, tea@b 1");
    world.ok(sell("tea@a", "1"));
    world.ok(sell("tea@b", "1"));
    let change = world.ok(archive("tea"));
    assert_eq!((change.cause, change.positions_archived), (Cause::ItemArchived, 2));
    assert_eq!(change.items[0].version, 2);
    // Archiving it again changes nothing.
    let again = world.ok(archive("tea"));
    assert_eq!((again.cause, again.items[0].version), (Cause::Unchanged, 2));
}

/// "(`PUT` revives)".
#[test]
fn a_put_revives_it() {
    let mut world = World::stocked("tea@north 1");
    world.ok(sell("tea@north", "1"));
    world.ok(archive("tea"));
    assert_eq!(world.no(reserve("tea 1")), "ItemArchived: tea");
    assert_eq!(world.no(set_policy("tea@north", policy(""))), "ItemArchived: tea");
    world.ok(put_item("tea", |_| {}));
    world.receive("tea@north 1");
    world.hold("tea 1");
}

/// An untracked item may be archived with promises open: they hold nothing, and can be kept.
#[test]
fn promises_of_an_archived_untracked_item_are_kept() {
    let mut world = World::new();
    world.untracked("card");
    world.priority("north", 1);
    let number = world.hold("card 5");
    world.ok(archive("card"));
    assert_eq!(world.no(set_lines(number, "card 4")), "ItemArchived: card");
    world.ok(confirm(number));
    world.ok(fulfil(number));
    assert_eq!(world.held(number), "FULFILLED: card@north 5 (shipped 5)");
}

/// "DELETE with stock or promises: 409 `STOCK_NOT_ZERO`", for locations.
#[test]
fn a_location_with_stock_is_not_removed() {
    let mut world = World::stocked("tea@north 1, pot@north 2, tea@south 1");
    world.ok(sell("tea@north", "1"));
    assert_eq!(world.no(remove("north")), "StockNotZero: pot@north available 2");
    world.hold("pot 2");
    assert_eq!(world.no(remove("north")), "StockNotZero: pot@north reserved 2");
    world.ok(sell("tea@south", "1"));
    world.ok(remove("south"));
    assert_eq!(world.no(remove("south")), "UnknownLocation: south");
    assert_eq!(world.no(remove("nowhere")), "UnknownLocation: nowhere");
}

/// A removed location is unknown, and comes into being again like any other.
#[test]
fn a_removed_location_is_created_anew() {
    let mut world = World::stocked("tea@north 1");
    world.priority("north", 3);
    world.ok(sell("tea@north", "1"));
    world.ok(remove("north"));
    let change = world.ok(receive("tea@north", "2"));
    assert_eq!(change.locations[0].attributes.priority, crate::catalog::PRIORITY_DEFAULT);
    assert_eq!(change.locations[0].version, 4);
    assert_eq!(world.at("tea@north"), "available 2");
}

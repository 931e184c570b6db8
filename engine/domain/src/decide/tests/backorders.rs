//! Stock that is promised before it has come.

use super::actions::{
    cancel, fulfil, fulfil_with, policy, put_item, reserve, sell, set_policy, ship,
};
use super::text;
use super::world::World;
use crate::command::Force;

/// Two on the shelf, room for five more.
fn room_for_five() -> World {
    let mut world = World::stocked("tea@north 2");
    world.set_policy("tea@north", "backorder 5");
    world
}

#[test]
fn granted_room_is_no_discrepancy() {
    let mut world = room_for_five();
    let change = world.ok(reserve("tea 7"));
    assert_eq!(text::raised(&world.stock, &change), "out tea@north");
    assert_eq!(world.at("tea@north"), "available -5, reserved 7");
    assert_eq!(world.no(reserve("tea 1")), "InsufficientStock: tea 1 of 0");
}

#[test]
fn goods_that_arrive_fill_it_and_a_release_gives_it_back() {
    let mut world = room_for_five();
    let number = world.hold("tea 7");
    world.receive("tea@north 6");
    assert_eq!(world.at("tea@north"), "available 1, reserved 7");
    world.ok(cancel(number));
    assert_eq!(world.at("tea@north"), "available 8");
}

/// "not on the shelf: 409 `INSUFFICIENT_STOCK` unless `force` (a fact)".
#[test]
fn what_has_not_come_is_shipped_only_by_force() {
    let mut world = room_for_five();
    let number = world.hold("tea 7");
    assert_eq!(world.no(fulfil(number)), "InsufficientStock: tea@north 7 of 2");
    world.ok(ship(number, "tea@north 2"));
    assert_eq!(world.at("tea@north"), "available -5, reserved 5");
    assert_eq!(world.no(ship(number, "tea@north 1")), "InsufficientStock: tea@north 1 of 0");
    let forced = world.ok(fulfil_with(number, |wish| wish.force = Force::Fact));
    // The goods have left a shelf on which they never were: somebody must look.
    assert_eq!(text::raised(&world.stock, &forced), "discrepancy tea@north");
    assert_eq!(world.at("tea@north"), "available -5");
    assert_eq!(world.held(number), "FULFILLED: tea@north 7 (shipped 7)");
}

/// A sale takes what is promised, but what was backordered before is not the sale's fault.
#[test]
fn a_sale_beyond_the_shelf_is_a_discrepancy_on_top_of_a_backorder() {
    let mut world = room_for_five();
    world.hold("tea 4");
    let sale = world.ok(sell("tea@north", "1"));
    assert_eq!(text::raised(&world.stock, &sale), "discrepancy tea@north");
    assert_eq!(world.at("tea@north"), "available -3, reserved 4");
}

/// The limit of a position wins over that of its item, also when it is zero.
#[test]
fn a_position_may_grant_less_than_its_item() {
    let mut world = World::stocked("tea@a 1, tea@b 1");
    let unlimited = policy("backorder unlimited");
    world.ok(put_item("tea", |attributes| attributes.policy = unlimited));
    world.ok(set_policy("tea@a", policy("backorder 0")));
    assert_eq!(world.no(reserve("tea@a 2")), "InsufficientStock: tea@a 2 of 1");
    assert_eq!(world.chosen(reserve("tea@b 2")), "tea@b 2");
}

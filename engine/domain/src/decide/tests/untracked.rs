//! Items whose stock is not counted.

use super::actions::{
    cancel, cancel_lines, confirm, count, fulfil, give_back, put_item, receive, reserve, sell,
    set_lines, ship, transfer,
};
use super::text;
use super::world::World;
use crate::catalog::Tracking;
use crate::position::Bucket::{Available, Damaged};

fn with_card() -> World {
    let mut world = World::new();
    world.untracked("card");
    world.priority("north", 2);
    world.priority("south", 1);
    world
}

/// "`trackInventory=false`: reservations and sales always succeed and move nothing".
#[test]
fn reservations_succeed_and_move_nothing() {
    let mut world = with_card();
    for (lines, expected) in [
        ("card 1000", "card@south 1000"),
        ("card@north 5", "card@north 5"),
        ("card>north 5", "card@north 5"),
        ("card 1, card 2", "card@south 3"),
    ] {
        let change = world.ok(reserve(lines));
        assert!(change.movements.is_empty());
        let held = change.reservation.expect("one");
        assert_eq!(text::lines(&world.stock, &held), expected);
    }
    world.close("north");
    assert_eq!(world.no(reserve("card@north 1")), "LocationInactive: north");
    assert_eq!(world.chosen(reserve("card>north 1")), "card@south 1");
    assert_eq!(world.no(reserve("card@nowhere 1")), "UnknownLocation: nowhere");
    assert_eq!(world.at("card@south"), "empty");
    assert_eq!(world.at("card@north"), "empty");
}

/// Where it is known already comes before a better location where it is not.
#[test]
fn a_place_that_knows_it_is_preferred() {
    let mut world = with_card();
    world.ok(sell("card@north", "1"));
    assert_eq!(world.chosen(reserve("card 1")), "card@north 1");
}

/// A tenant without any location: the line lies nowhere.
#[test]
fn without_locations_it_lies_nowhere() {
    let mut world = World::new();
    world.untracked("card");
    let number = world.hold("card 5");
    assert_eq!(world.held(number), "ACTIVE: card@nowhere 5");
    world.ok(set_lines(number, "card 7"));
    world.ok(cancel_lines(number, "card 1"));
    world.ok(confirm(number));
    world.ok(fulfil(number));
    assert_eq!(world.held(number), "FULFILLED: card@nowhere 7 (shipped 6, released 1)");
}

#[test]
fn the_whole_life_moves_nothing() {
    let mut world = with_card();
    let number = world.hold("card 10");
    world.ok(set_lines(number, "card 12"));
    world.ok(ship(number, "card@south 2"));
    world.ok(ship(number, "card@north 3"));
    world.ok(confirm(number));
    world.ok(cancel_lines(number, "card 4"));
    assert_eq!(world.held(number), "CONFIRMED: card@south 12 (shipped 5, released 4)");
    assert_eq!(world.no(ship(number, "card@south 4")), "ExceedsOpen: card 4 of 3");
    world.ok(cancel(number));
    assert_eq!(world.held(number), "FULFILLED: card@south 12 (shipped 5, released 7)");
    assert_eq!(world.at("card@south"), "empty");
    assert!(world.records.iter().all(|record| record.movements.is_empty()));
}

#[test]
fn sales_succeed_and_move_nothing() {
    let mut world = with_card();
    let change = world.ok(sell("card@north", "7"));
    assert!(change.movements.is_empty());
    assert_eq!(change.positions[0].sellable, None, "`null` = no limit: untracked");
    let terms = change.positions[0].terms.clone().expect("terms");
    assert_eq!(terms.tracking, Tracking::Untracked);
}

/// "receipts and counts answer 409 `NOT_TRACKED`"; so does all else that counts.
#[test]
fn what_counts_it_is_refused() {
    let mut world = with_card();
    for action in [
        receive("card@north", "1"),
        count("card@north", "1"),
        give_back("card@north", "1", None),
        super::actions::adjust("card@north", Available, "1"),
        super::actions::set_to("card@north", "1"),
        super::actions::shift("card@north", "1", Available, Damaged),
        transfer("card", "north", "south", "1"),
    ] {
        assert_eq!(world.no(action), "NotTracked: card");
    }
}

/// "switching it off with stock: 409 `STOCK_NOT_ZERO`".
#[test]
fn it_is_not_switched_off_with_stock() {
    let mut world = World::stocked("tea@north 1");
    let off = || put_item("tea", |attributes| attributes.tracking = Tracking::Untracked);
    assert_eq!(world.no(off()), "StockNotZero: tea@north available 1");
    let number = world.hold("tea 1");
    assert_eq!(world.no(off()), "StockNotZero: tea@north reserved 1");
    world.ok(fulfil(number));
    world.ok(off());
    assert_eq!(world.chosen(reserve("tea 9")), "tea@north 9");
}

/// Lines made while it was not counted hold nothing afterwards either.
#[test]
fn switching_it_on_leaves_its_promises_holding_nothing() {
    let mut world = with_card();
    let number = world.hold("card@north 5");
    world.ok(put_item("card", |_| {}));
    assert_eq!(world.no(reserve("card 1")), "InsufficientStock: card 1 of 0");
    world.receive("card@north 3");
    world.ok(set_lines(number, "card 6"));
    world.ok(ship(number, "card@north 2"));
    world.ok(cancel(number));
    assert_eq!(world.at("card@north"), "available 3");
    // A new line of the same item beside it holds stock.
    let number = world.hold("card@north 3");
    assert_eq!(world.at("card@north"), "reserved 3");
    world.ok(fulfil(number));
    assert_eq!(world.at("card@north"), "empty");
}

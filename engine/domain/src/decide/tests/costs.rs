//! "Costs": in by receipt, out by strategy, and every movement with its value.

use std::string::{String, ToString};

use super::actions::*;
use super::text::money;
use super::world::World;
use crate::change::{Change, MovementKind};
use crate::command::Condition;
use crate::position::Bucket::Available;
use crate::quantity::Money;

/// Value of a position by its layers and by its average.
fn values(world: &World, place: &str) -> (String, String) {
    let position = world.at_place(place);
    let layered = position.contents().value().expect("fits");
    let average = position.average().expect("fits");
    (layered.to_string(), average.value.to_string())
}

fn value(world: &World, place: &str) -> String {
    values(world, place).0
}

fn worth(change: &Change, kind: MovementKind) -> Money {
    let mut own = change.movements.iter().filter(|movement| movement.kind == kind);
    own.next().expect("such a movement").value
}

#[test]
fn a_receipt_opens_a_layer_at_its_cost_else_the_items_else_unknown() {
    let mut world = World::new();
    world.ok(put_item("tea", |said| said.unit_cost = Some(money("4"))));
    world.ok(about(receive("tea@a", "2"), "cost 3"));
    assert_eq!(value(&world, "tea@a"), "6");
    world.ok(receive("tea@a", "2"));
    assert_eq!(value(&world, "tea@a"), "14");
    world.ok(receive("pot@a", "2"));
    assert_eq!(value(&world, "pot@a"), "0");
    assert_eq!(world.at_place("pot@a").contents().last_cost(), None);
}

#[test]
fn what_leaves_takes_layers_by_strategy_and_carries_their_value() {
    let mut world = World::new();
    world.ok(about(receive("tea@a", "2"), "cost 3"));
    world.ok(about(receive("tea@a", "2"), "cost 10"));
    let sold = world.ok(sell("tea@a", "3"));
    assert_eq!(worth(&sold, MovementKind::Sale), money("16"));
    assert_eq!(values(&world, "tea@a"), ("10".into(), "6.5".into()));
}

#[test]
fn five_short_at_100_and_six_in_at_10_leaves_one_worth_10() {
    let mut world = World::new();
    world.ok(about(receive("tea@a", "1"), "cost 100"));
    world.ok(sell("tea@a", "6"));
    assert_eq!(values(&world, "tea@a"), ("-500".into(), "-500".into()));
    let received = world.ok(about(receive("tea@a", "6"), "cost 10"));
    assert_eq!(values(&world, "tea@a"), ("10".into(), "10".into()));
    // The receipt is worth what was paid; that the shortage had stood at another cost is told beside it.
    assert_eq!(worth(&received, MovementKind::Receipt), money("60"));
    assert_eq!(worth(&received, MovementKind::Revaluation), money("450"));
}

#[test]
fn what_remains_of_a_shortage_keeps_its_cost() {
    let mut world = World::new();
    world.ok(about(receive("tea@a", "1"), "cost 100"));
    world.ok(sell("tea@a", "6"));
    world.ok(about(receive("tea@a", "2"), "cost 10"));
    assert_eq!(values(&world, "tea@a"), ("-300".into(), "-300".into()));
}

#[test]
fn a_shortage_of_what_never_was_there_stands_at_the_items_cost() {
    let mut world = World::new();
    world.ok(put_item("tea", |said| said.unit_cost = Some(money("4"))));
    world.ok(sell("tea@a", "2"));
    assert_eq!(value(&world, "tea@a"), "-8");
}

#[test]
fn a_return_comes_back_at_the_cost_it_left_with() {
    let mut world = World::new();
    world.ok(about(receive("tea@a", "2"), "cost 3"));
    world.ok(about(receive("tea@a", "2"), "cost 10"));
    let held = world.made(reserve_with("tea@a 2", |wish| wish.order = Some(reference("O-1"))));
    world.ok(fulfil(held));
    world.ok(give_back_of("tea@a", "1", "O-1"));
    assert_eq!(value(&world, "tea@a"), "23");
    // Else at the average: value ÷ quantity of the position.
    world.ok(give_back("tea@a", "3", Some(Condition::Good)));
    assert_eq!(value(&world, "tea@a"), "46.000001");
}

#[test]
fn stock_found_comes_in_at_the_stated_cost_else_the_average_else_that_of_the_item_elsewhere() {
    let mut world = World::new();
    world.ok(put_item("tea", |said| said.unit_cost = Some(money("99"))));
    world.ok(about(receive("tea@a", "1"), "cost 3"));
    world.ok(about(receive("tea@a", "1"), "cost 10"));
    world.ok(count("tea@a", "4"));
    assert_eq!(value(&world, "tea@a"), "26");
    world.ok(about(adjust("tea@a", Available, "1"), "cost 1"));
    assert_eq!(value(&world, "tea@a"), "27");
    world.ok(count("tea@b", "5"));
    assert_eq!(value(&world, "tea@b"), "27");
    world.ok(put_item("pot", |said| said.unit_cost = Some(money("7"))));
    world.ok(count("pot@a", "2"));
    assert_eq!(value(&world, "pot@a"), "14");
}

#[test]
fn transfers_keep_their_cost_and_are_valued_as_in_transit() {
    let mut world = World::new();
    world.ok(about(receive("tea@a", "2"), "cost 3"));
    world.ok(about(receive("tea@a", "2"), "cost 10"));
    let number = world.ok(transfer("tea", "a", "b", "3")).transfer.expect("one").number;
    assert_eq!(value(&world, "tea@a"), "10");
    assert_eq!(value(&world, "tea@b"), "16");
    world.ok(receive_transfer(number, Some("2")));
    assert_eq!(value(&world, "tea@b"), "16");
    world.ok(cancel_transfer(number));
    assert_eq!((value(&world, "tea@a"), value(&world, "tea@b")), ("20".into(), "6".into()));
}

#[test]
fn a_revaluation_changes_what_is_there_and_says_by_how_much() {
    let mut world = World::new();
    world.ok(about(receive("tea@a", "2"), "cost 3, lot L-1"));
    world.ok(about(receive("tea@a", "2"), "cost 10, lot L-2"));
    let changed = world.ok(revalue("tea@a", Some("L-1"), "5"));
    assert_eq!(worth(&changed, MovementKind::Revaluation), money("4"));
    assert_eq!(values(&world, "tea@a"), ("30".into(), "30".into()));
    world.ok(revalue("tea@a", None, "1"));
    assert_eq!(values(&world, "tea@a"), ("4".into(), "4".into()));
    world.ok(sell("tea@a", "6"));
    world.ok(revalue("tea@a", None, "9"));
    assert_eq!(values(&world, "tea@a"), ("-18".into(), "-18".into()));
}

#[test]
fn under_the_average_what_is_short_stands_at_the_average() {
    let mut world = World::new();
    world.ok(about(receive("tea@a", "1"), "cost 10"));
    world.ok(about(receive("tea@a", "1"), "cost 20"));
    world.ok(sell("tea@a", "3"));
    // By layers the shortage stands at the last one's 20, by the average at 15.
    assert_eq!(values(&world, "tea@a"), ("-20".into(), "-15".into()));
}

#[test]
fn parts_are_worth_exactly_the_whole() {
    let mut world = World::new();
    world.ok(about(receive("tea@a", "1"), "cost 0.333333"));
    let mut gone = Money::ZERO;
    for _ in 0..9 {
        let sold = world.ok(sell("tea@a", "0.111111"));
        gone = gone.checked_add(worth(&sold, MovementKind::Sale)).expect("fits");
    }
    let sold = world.ok(sell("tea@a", "0.000001"));
    gone = gone.checked_add(worth(&sold, MovementKind::Sale)).expect("fits");
    assert_eq!(gone, money("0.333333"));
    assert_eq!(value(&world, "tea@a"), "0");
}

/// "When more leaves than is there, the shortage stands at the last cost (last layer, else current
/// average, else the item's)"; "what remains of the shortage keeps its cost".
#[test]
fn a_shortage_where_nothing_lay_on_the_shelf_stands_at_the_average() {
    let mut world = World::new();
    world.ok(put_item("tea", |said| said.unit_cost = Some(money("9"))));
    world.ok(about(give_back("tea@a", "2", Some(Condition::Damaged)), "cost 5"));
    let sold = world.ok(sell("tea@a", "1"));
    assert_eq!(worth(&sold, MovementKind::Sale), money("5"));
    let mut world = World::new();
    world.ok(sell("tea@a", "3"));
    world.ok(put_item("tea", |said| said.unit_cost = Some(money("9"))));
    let sold = world.ok(sell("tea@a", "1"));
    assert_eq!(worth(&sold, MovementKind::Sale), money("0"));
}

/// "Stock found comes in at … the position's average, else the item's …": goods of which no cost is known
/// have no average, however many layers they are.
#[test]
fn what_has_no_known_cost_has_no_average() {
    let mut world = World::new();
    world.ok(about(receive("tea@a", "1"), "lot L-1"));
    world.ok(about(receive("tea@a", "1"), "lot L-2"));
    world.ok(put_item("tea", |said| said.unit_cost = Some(money("9"))));
    let found = world.ok(count("tea@a", "3"));
    assert_eq!(worth(&found, MovementKind::Count), money("9"));
}

/// "at the cost it left with (by order or reference)": by the id of a till's sale, or its reference.
#[test]
fn a_return_by_the_name_of_a_till_sale_comes_back_at_the_cost_it_left_with() {
    for (sold_as, back_as, expected) in [
        ("named S-1", "reference S-1", "13"),
        ("reference S-1", "reference S-1", "13"),
        ("named S-1, reference S-1", "reference S-1", "13"),
        ("named S-1", "reference S-2", "20"),
        ("named S-1", "order S-1", "20"),
    ] {
        let mut world = World::new();
        world.ok(about(receive("tea@a", "2"), "cost 3"));
        world.ok(about(receive("tea@a", "1"), "cost 10"));
        world.ok(about(sell("tea@a", "2"), sold_as));
        world.ok(about(give_back("tea@a", "1", Some(Condition::Good)), back_as));
        assert_eq!(value(&world, "tea@a"), expected, "sold {sold_as}, back {back_as}");
    }
}

/// A sale of several records, some of them booked while goods come back.
#[test]
fn a_sale_by_its_name_is_all_that_was_sold_under_it() {
    let mut world = World::new();
    for (place, cost) in [("tea@a", "4"), ("tea@b", "8"), ("pot@a", "100")] {
        world.ok(about(receive(place, "9"), &std::format!("cost {cost}")));
    }
    world.ok(about(sell("tea@a", "1"), "named S-1"));
    world.ok(about(sell("pot@a", "1"), "named S-1"));
    let back = |place: &str| about(give_back(place, "1", Some(Condition::Good)), "reference S-1");
    world.ok(back("tea@c"));
    assert_eq!(value(&world, "tea@c"), "4");
    world.ok(about(sell("tea@b", "1"), "named S-1"));
    world.ok(back("tea@d"));
    assert_eq!(value(&world, "tea@d"), "6", "both sales of tea are known now");
}

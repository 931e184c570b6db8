//! "Lots are layers."

use std::format;
use std::string::String;
use std::vec::Vec;

use super::actions::*;
use super::world::World;
use crate::catalog::Strategy;
use crate::layer::Area;
use crate::position::Bucket::{Available, Damaged, QualityHold};
use crate::rejection::{Limit, Rejection};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Layers of a position in the order in which they will be picked: `"L-1 3, – 2, damaged L-2 1"`.
fn lots(world: &World, place: &str) -> String {
    let position = world.at_place(place);
    let item = world.stock.item(position.item).and_then(|item| item.attributes.as_ref());
    let strategy = item.map_or_else(Strategy::default, |said| said.strategy);
    let layers = position.contents().to_layers();
    let shown: Vec<String> = layers
        .in_picking_order(strategy)
        .into_iter()
        .map(|(area, layer)| {
            let lot = layer.origin.lot.as_ref().map_or("–", |lot| lot.as_str());
            let area = match area {
                Area::Shelf => "",
                Area::Damaged => "damaged ",
                Area::QualityHold => "held ",
                Area::InTransit => "coming ",
            };
            format!("{area}{lot} {}", layer.quantity)
        })
        .collect();
    shown.join(", ")
}

fn with(strategy: Strategy) -> World {
    let mut world = World::new();
    world.ok(put_item("milk", |said| said.strategy = strategy));
    for (lot, expiry, at) in [("L-1", 9, 30), ("L-2", 3, 10), ("L-3", 5, 20)] {
        world.now = 100;
        let goods = format!("lot {lot}, expiry {expiry}, at {at}");
        world.ok(about(receive("milk@a", "2"), &goods));
    }
    world
}

#[test]
fn layers_leave_by_the_strategy_of_the_item() {
    for (strategy, listed, left) in [
        (Strategy::Fifo, "L-2 2, L-3 2, L-1 2", "L-3 1, L-1 2"),
        (Strategy::Lifo, "L-1 2, L-3 2, L-2 2", "L-3 1, L-2 2"),
        (Strategy::Fefo, "L-2 2, L-3 2, L-1 2", "L-3 1, L-1 2"),
    ] {
        let mut world = with(strategy);
        assert_eq!(lots(&world, "milk@a"), listed, "{strategy:?}");
        world.ok(sell("milk@a", "3"));
        assert_eq!(lots(&world, "milk@a"), left, "{strategy:?}");
    }
}

#[test]
fn fefo_takes_undated_stock_last() {
    let mut world = with(Strategy::Fefo);
    world.ok(about(receive("milk@a", "1"), "at 1"));
    assert_eq!(lots(&world, "milk@a"), "L-2 2, L-3 2, L-1 2, – 1");
}

#[test]
fn a_receipt_of_the_same_lot_expiry_and_cost_joins_its_layer_and_keeps_the_earlier_day() {
    let mut world = World::new();
    world.now = 1_000;
    world.ok(about(receive("tea@a", "2"), "lot L, cost 3, at 500"));
    world.ok(about(receive("tea@a", "3"), "lot L, cost 3, at 100"));
    world.ok(about(receive("tea@a", "1"), "lot L, cost 4"));
    world.ok(about(receive("tea@a", "1"), "lot L, cost 3, expiry 9"));
    assert_eq!(lots(&world, "tea@a"), "L 5, L 1, L 1");
    let position = world.at_place("tea@a");
    let layers = position.contents().to_layers();
    let first = layers.of(Area::Shelf).next().expect("there");
    assert_eq!(first.origin.received_at.millis(), 100);
}

#[test]
fn stock_without_a_lot_number_forms_layers_of_its_own_by_receipt() {
    let mut world = World::new();
    world.receive("tea@a 2");
    world.receive("tea@a 3");
    assert_eq!(lots(&world, "tea@a"), "– 2, – 3");
}

#[test]
fn moves_take_layers_along() {
    let mut world = with(Strategy::Fifo);
    world.ok(shift("milk@a", "3", Available, Damaged));
    assert_eq!(lots(&world, "milk@a"), "L-3 1, L-1 2, damaged L-2 2, damaged L-3 1");
    world.ok(about(shift("milk@a", "1", Damaged, QualityHold), "lot L-3"));
    assert_eq!(lots(&world, "milk@a"), "L-3 1, L-1 2, damaged L-2 2, held L-3 1");
    let refused =
        world.run(about(shift("milk@a", "2", Available, Damaged), "lot L-3")).expect_err("refused");
    assert!(matches!(refused, Rejection::InsufficientStock(_)), "{refused:?}");
}

#[test]
fn lots_travel_with_transfers_and_come_back_as_they_left() {
    let mut world = with(Strategy::Fifo);
    let number = world.ok(transfer("milk", "a", "b", "3")).transfer.expect("one").number;
    assert_eq!(lots(&world, "milk@b"), "coming L-2 2, coming L-3 1");
    world.ok(receive_transfer(number, Some("1")));
    assert_eq!(lots(&world, "milk@b"), "L-2 1, coming L-2 1, coming L-3 1");
    world.ok(cancel_transfer(number));
    assert_eq!(lots(&world, "milk@b"), "L-2 1");
    assert_eq!(lots(&world, "milk@a"), "L-2 1, L-3 2, L-1 2");
}

#[test]
fn a_lot_that_is_named_is_picked() {
    let mut world = with(Strategy::Fifo);
    world.ok(about(sell("milk@a", "1"), "lot L-1"));
    assert_eq!(lots(&world, "milk@a"), "L-2 2, L-3 2, L-1 1");
    // A till sale is a fact: what the lot lacks comes from the others.
    world.ok(about(sell("milk@a", "2"), "lot L-1"));
    assert_eq!(lots(&world, "milk@a"), "L-2 1, L-3 2");
    world.ok(about(adjust("milk@a", Available, "-1"), "lot L-3"));
    assert_eq!(lots(&world, "milk@a"), "L-2 1, L-3 1");
}

#[test]
fn promises_take_no_particular_lot_unless_the_line_names_one() {
    let mut world = with(Strategy::Fifo);
    let by_lot = world.made(reserve_with("milk@a 2", |wish| {
        wish.lines[0].lot = Some(super::text::lot("L-2"));
    }));
    let of_any = world.hold("milk@a 3");
    // "Picking that names no lot leaves what is promised by lot as long as other layers serve."
    world.ok(fulfil(of_any));
    assert_eq!(lots(&world, "milk@a"), "L-2 2, L-1 1");
    world.ok(fulfil(by_lot));
    assert_eq!(lots(&world, "milk@a"), "L-1 1");
}

#[test]
fn a_promised_lot_is_not_promised_twice() {
    let mut world = with(Strategy::Fifo);
    let wish = |quantity: &str| {
        reserve_with(&format!("milk {quantity}"), |wish| {
            wish.lines[0].lot = Some(super::text::lot("L-3"));
        })
    };
    world.ok(wish("1"));
    let refused = world.run(wish("2")).expect_err("refused");
    let Rejection::InsufficientStock(shortages) = refused else { panic!("{refused:?}") };
    assert_eq!(shortages[0].sellable, crate::quantity::Quantity::units(1));
    world.ok(wish("1"));
    let _ =
        world.run(about(shift("milk@a", "1", Available, Damaged), "lot L-3")).expect_err("refused");
}

#[test]
fn the_lot_of_a_shipment_may_be_named_as_far_as_it_is_not_promised() {
    let mut world = with(Strategy::Fifo);
    let any = world.hold("milk@a 3");
    world.ok(reserve_with("milk@a 2", |wish| {
        wish.lines[0].lot = Some(super::text::lot("L-1"));
    }));
    let pick = |quantity: &str, lot: &str| {
        let (lines, lot) = (format!("milk@a {quantity}"), super::text::lot(lot));
        fulfil_with(any, move |wish| {
            let mut lines = super::text::shipped(&lines);
            lines[0].lot = Some(lot);
            wish.lines = Some(lines);
        })
    };
    let _ = world.run(pick("1", "L-1")).expect_err("refused");
    world.ok(pick("2", "L-3"));
    assert_eq!(lots(&world, "milk@a"), "L-2 2, L-1 2");
}

#[test]
fn what_is_left_of_a_lot_is_held_when_its_last_day_is_over() {
    let mut world = with(Strategy::Fifo);
    let held = world.made(reserve_with("milk@a 5", |wish| wish.ttl_ms = None));
    world.now = 4 * DAY;
    // "It goes whole: promises stay, so available may go below zero": 6 − 5 − 2 expired.
    let _ = world.run(reserve("milk@a 1")).expect_err("refused");
    assert_eq!(lots(&world, "milk@a"), "L-3 2, L-1 2, held L-2 2");
    let figures = world.at_place("milk@a").figures();
    assert_eq!(figures.available, crate::quantity::Quantity::units(-1));
    let expired = world.records.last().expect("a record");
    assert!(expired.positions[0].raised.discrepancy, "{expired:?}");
    world.ok(cancel(held));
}

#[test]
fn a_lot_may_be_sold_until_its_last_instant() {
    let mut world = with(Strategy::Fifo);
    world.now = 4 * DAY - 1;
    world.ok(sell("milk@a", "1"));
    assert_eq!(lots(&world, "milk@a"), "L-2 1, L-3 2, L-1 2");
    world.now = 4 * DAY;
    world.ok(sell("milk@a", "1"));
    assert_eq!(lots(&world, "milk@a"), "L-3 1, L-1 2, held L-2 1");
}

#[test]
fn an_expired_lot_that_is_received_is_held_at_once() {
    let mut world = World::new();
    world.now = 5 * DAY;
    world.ok(about(receive("milk@a", "2"), "lot L, expiry 4"));
    assert_eq!(lots(&world, "milk@a"), "held L 2");
    world.ok(about(receive("milk@a", "2"), "lot M, expiry 5"));
    let number = world.ok(transfer("milk", "a", "b", "2")).transfer.expect("one").number;
    world.now = 6 * DAY;
    world.ok(receive_transfer(number, None));
    assert_eq!(lots(&world, "milk@b"), "held M 2");
}

#[test]
fn at_most_a_thousand_layers_and_a_further_lot_is_refused() {
    let mut world = World::new();
    for number in 0..1_000 {
        world.now += 10;
        world.ok(about(receive("tea@a", "1"), &format!("lot L-{number}")));
    }
    let refused = world.run(about(receive("tea@a", "1"), "lot one-more")).expect_err("refused");
    let limit = Rejection::LimitExceeded { what: Limit::Layers, limit: 1_000 };
    assert_eq!(refused, limit);
    // "As a fact it is booked without its lot number and says so."
    let counted = world.ok(about(count("tea@a", "1001"), "lot one-more"));
    assert!(counted.lot_dropped);
    assert!(lots(&world, "tea@a").ends_with("– 1"));
}

#[test]
fn beyond_it_the_two_nearest_layers_without_a_lot_number_merge() {
    let mut world = World::new();
    for number in 0..1_001 {
        // All are 10 apart but the last two.
        world.now += if number == 1_000 { 3 } else { 10 };
        world.ok(about(receive("tea@a", "1"), if number % 2 == 0 { "cost 1" } else { "cost 2" }));
    }
    let position = world.at_place("tea@a");
    let layers = position.contents().to_layers();
    assert_eq!(layers.len(), 1_000);
    let last = layers.of(Area::Shelf).next_back().expect("there");
    assert_eq!(last.quantity, crate::quantity::Quantity::units(2));
    assert_eq!(last.origin.unit_cost, Some(super::text::money("1.5")));
}

/// What has left is promised no longer: within one shipment too, nothing of it is spared.
#[test]
fn a_lot_that_a_shipment_has_served_is_free_for_its_next_line() {
    let mut world = World::new();
    world.ok(about(receive("milk@a", "4"), "lot L-1"));
    let both = reserve_with("milk@a 3, milk 1", |wish| {
        wish.lines[0].lot = Some(super::text::lot("L-1"));
    });
    let number = world.made(both);
    world.ok(about(receive("milk@a", "5"), "lot L-2"));
    world.ok(fulfil(number));
    assert_eq!(lots(&world, "milk@a"), "L-2 5");
}

/// "Before a command is decided, the due lots of its items are turned into records."
#[test]
fn what_is_over_is_neither_relocated_to_nor_taken_by_a_reversal() {
    let stocked = || {
        let mut world = World::new();
        world.ok(about(receive("milk@a", "5"), "lot L-1, expiry 3"));
        world.receive("milk@b 5");
        world
    };
    let mut world = stocked();
    let number = world.made(reserve_with("milk@b 5", |wish| wish.ttl_ms = None));
    world.now = 4 * DAY;
    let _ = world.run(relocate(number, "milk b>a all")).expect_err("it is over");
    let mut world = stocked();
    world.now = 4 * DAY;
    let _ = world.run(reverse(1, 0)).expect_err("it is held");
}

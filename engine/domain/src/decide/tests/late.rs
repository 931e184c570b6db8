//! "A count has seen what happened before it."

use std::string::ToString;
use std::vec::Vec;

use super::actions::*;
use super::text::quantity;
use super::world::World;
use crate::change::{Movement, MovementKind};
use crate::layer::{Area, Layer};
use crate::position::Position;
use crate::quantity::Quantity;
use crate::time::Timestamp;

/// The sale of 13:20 arrives after the count of 13:30.
const SOLD: i64 = 1_320;
const COUNTED: i64 = 1_330;

fn counted() -> World {
    let mut world = World::new();
    world.now = 1_000;
    world.ok(about(receive("tea@a", "5"), "cost 10"));
    world.ok(about(receive("tea@a", "5"), "cost 20"));
    world.now = COUNTED;
    world.ok(count("tea@a", "8"));
    world.now = 1_400;
    world
}

/// What lies where, and what the shelf is short of.
fn there(held: &Position) -> (Vec<(Area, Layer)>, Quantity) {
    let layers = held.contents().to_layers();
    (layers.iter().map(|(area, layer)| (area, layer.clone())).collect(), layers.shortage())
}

/// On hand as of an instant: the sum of what had happened by then.
fn on_hand_at(world: &World, instant: i64) -> i64 {
    let instant = Timestamp::from_millis(instant);
    let movements = world.records.iter().flat_map(|record| {
        let happened = record.occurred_at();
        record.movements.iter().map(move |movement| (movement, happened))
    });
    let signed = |movement: &Movement| match (movement.from, movement.to) {
        (None, Some(_)) => movement.quantity.millionths(),
        (Some(_), None) => -movement.quantity.millionths(),
        _ => 0,
    };
    let known = movements
        .filter(|(movement, happened)| movement.occurred_at.unwrap_or(*happened) <= instant);
    known.map(|(movement, _)| signed(movement)).sum::<i64>() / 1_000_000
}

#[test]
fn a_late_sale_changes_neither_the_figures_nor_the_value_of_now_and_makes_then_true() {
    let mut world = counted();
    let before = world.at_place("tea@a").clone();
    let late = world.ok(about(sell("tea@a", "2"), &std::format!("at {SOLD}")));
    let after = world.at_place("tea@a");
    assert_eq!(after.figures(), before.figures());
    assert_eq!(there(after), there(&before));
    assert_eq!(after.average(), before.average());
    let kinds = |at: usize| (late.movements[at].kind, late.movements[at].occurred_at);
    let counted_at = Some(Timestamp::from_millis(COUNTED));
    assert_eq!(kinds(0), (MovementKind::Sale, None));
    assert_eq!(kinds(1), (MovementKind::Count, counted_at));
    assert!(late.positions[0].raised.is_nothing(), "no alert fires");
    assert_eq!(on_hand_at(&world, 1_319), 10);
    assert_eq!(on_hand_at(&world, 1_325), 8);
    assert_eq!(on_hand_at(&world, 1_335), 8);
    assert_eq!(on_hand_at(&world, 1_500), 8);
}

#[test]
fn a_late_receipt_is_taken_out_again_at_the_count() {
    let mut world = counted();
    let before = world.at_place("tea@a").clone();
    let goods = std::format!("cost 7, lot L, at {SOLD}");
    let late = world.ok(about(receive("tea@a", "3"), &goods));
    let after = world.at_place("tea@a");
    assert_eq!(after.figures(), before.figures());
    assert_eq!(there(after), there(&before));
    assert_eq!(after.contents().value(), before.contents().value());
    assert_eq!(after.average(), before.average());
    assert_eq!(late.movements[0].value.to_string(), "21");
    assert_eq!(on_hand_at(&world, 1_325), 13);
    assert_eq!(on_hand_at(&world, 1_335), 8);
}

#[test]
fn a_late_sale_of_more_than_was_there_leaves_no_shortage_behind() {
    let mut world = counted();
    let before = world.at_place("tea@a").clone();
    let late = world.ok(about(sell("tea@a", "20"), &std::format!("at {SOLD}")));
    assert_eq!(there(world.at_place("tea@a")), there(&before));
    assert!(late.positions[0].raised.is_nothing(), "no alert fires");
}

#[test]
fn what_happened_after_the_count_counts() {
    let mut world = counted();
    world.ok(about(sell("tea@a", "2"), &std::format!("at {COUNTED}")));
    assert_eq!(world.at_place("tea@a").figures().available, quantity("6"));
}

#[test]
fn the_correction_is_booked_at_the_first_count_after_it() {
    let mut world = counted();
    world.now = 1_450;
    world.ok(count("tea@a", "8"));
    let late = world.ok(about(sell("tea@a", "1"), &std::format!("at {SOLD}")));
    assert_eq!(late.movements[1].occurred_at, Some(Timestamp::from_millis(COUNTED)));
}

#[test]
fn a_position_remembers_its_last_sixteen_counts() {
    let mut world = World::new();
    world.receive("tea@a 10");
    for turn in 1..=17 {
        world.now = 1_000 * turn;
        world.ok(count("tea@a", "10"));
    }
    assert_eq!(world.at_place("tea@a").counts().len(), 16);
    // Before the oldest that is remembered it is corrected at that one.
    let late = world.ok(about(sell("tea@a", "1"), "at 500"));
    assert_eq!(late.movements[1].occurred_at, Some(Timestamp::from_millis(2_000)));
}

/// The correction of a fact goes with it, once.
#[test]
fn a_correction_is_not_reversed_by_itself() {
    let mut world = counted();
    let before = world.at_place("tea@a").clone();
    world.ok(about(sell("tea@a", "2"), &std::format!("at {SOLD}")));
    let late = world.sequence;
    assert_eq!(world.no(reverse(late, 1)), "NotReversible(Some(Count))");
    world.ok(reverse(late, 0));
    assert_eq!(world.at_place("tea@a").figures(), before.figures());
    assert_eq!(world.no(reverse(late, 1)), "NotReversible(Some(Count))");
}

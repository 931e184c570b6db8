//! "A count has seen what happened before it."

use std::string::ToString;
use std::vec::Vec;

use super::actions::*;
use super::text::quantity;
use super::world::World;
use crate::change::{Movement, MovementKind};
use crate::decide::{Decision, Moment, Recall};
use crate::layer::{Area, Layer};
use crate::position::Bucket::Damaged;
use crate::position::Position;
use crate::quantity::Quantity;
use crate::time::Timestamp;

/// The sale of 13:20 arrives after the count of 13:30.
const SOLD: i64 = 1_320;
const COUNTED: i64 = 1_330;

fn counted_at_1330() -> World {
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
    let mut world = counted_at_1330();
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
    let mut world = counted_at_1330();
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
    let mut world = counted_at_1330();
    let before = world.at_place("tea@a").clone();
    let late = world.ok(about(sell("tea@a", "20"), &std::format!("at {SOLD}")));
    assert_eq!(there(world.at_place("tea@a")), there(&before));
    assert!(late.positions[0].raised.is_nothing(), "no alert fires");
}

#[test]
fn what_happened_after_the_count_counts() {
    let mut world = counted_at_1330();
    world.ok(about(sell("tea@a", "2"), &std::format!("at {COUNTED}")));
    assert_eq!(world.at_place("tea@a").figures().available, quantity("6"));
}

/// "Counts … say what is so": of when they were made, also when they arrive late.
#[test]
fn a_count_that_arrives_late_says_what_was_so_then() {
    for (counted, on_hand, available) in [("7", 7, "2"), ("10", 10, "5"), ("12", 12, "7")] {
        let mut world = World::new();
        world.now = 1_000;
        world.ok(about(receive("tea@a", "10"), "cost 10"));
        world.now = COUNTED + 10;
        world.ok(sell("tea@a", "4"));
        world.now = 1_400;
        world.ok(about(sell("tea@a", "1"), &std::format!("at {}", COUNTED + 5)));
        let late = world.ok(about(count("tea@a", counted), &std::format!("at {COUNTED}")));
        assert_eq!(world.at_place("tea@a").figures().available, quantity(available));
        assert_eq!(on_hand_at(&world, COUNTED), on_hand, "{counted} were counted");
        assert_eq!(on_hand_at(&world, COUNTED - 1), 10);
        assert_eq!(late.movements.len(), 1);
        assert_eq!(late.movements[0].kind, MovementKind::Count);
        assert_eq!(world.at_place("tea@a").counts(), [Timestamp::from_millis(COUNTED)]);
    }
}

/// It has seen what happened before it, although it came after that was booked, or comes before it is.
#[test]
fn a_late_count_has_seen_what_was_told_late_and_what_is_told_later() {
    let mut world = World::new();
    world.receive("tea@a 10");
    world.now = 1_400;
    world.ok(about(sell("tea@a", "3"), &std::format!("at {SOLD}")));
    world.ok(sell("tea@a", "1"));
    world.ok(about(count("tea@a", "7"), &std::format!("at {COUNTED}")));
    assert_eq!(world.at("tea@a"), "available 6", "the count was right");
    world.ok(about(sell("tea@a", "2"), &std::format!("at {SOLD}")));
    assert_eq!(world.at("tea@a"), "available 6", "and has seen this one too");
    assert_eq!((on_hand_at(&world, COUNTED - 1), on_hand_at(&world, COUNTED)), (5, 7));
}

/// "A count has seen what happened before it": an earlier count too, whichever arrives first.
#[test]
fn a_count_that_arrives_after_a_later_one_changes_nothing_of_now() {
    for counted in ["0", "6", "9", "15"] {
        let mut world = counted_at_1330();
        let before = world.at_place("tea@a").clone();
        let late = world.ok(about(count("tea@a", counted), "at 1200"));
        let after = world.at_place("tea@a");
        assert_eq!(after.figures(), before.figures());
        assert_eq!(there(after), there(&before));
        assert_eq!(after.average(), before.average());
        assert!(late.positions[0].raised.is_nothing(), "no alert fires");
        let units = quantity(counted).millionths() / 1_000_000;
        assert_eq!((on_hand_at(&world, 1_199), on_hand_at(&world, 1_200)), (10, units));
        assert_eq!((on_hand_at(&world, COUNTED - 1), on_hand_at(&world, COUNTED)), (units, 8));
        // What it found is seen by what comes later still.
        world.ok(about(sell("tea@a", "1"), "at 1100"));
        assert_eq!(world.at_place("tea@a").figures(), before.figures());
        assert_eq!((on_hand_at(&world, 1_150), on_hand_at(&world, 1_200)), (9, units));
    }
}

/// "`setTo` … say what is so": the new on hand is that of then.
#[test]
fn a_figure_that_is_set_late_is_one_of_then() {
    let mut world = World::new();
    world.receive("tea@a 10");
    world.now = 1_400;
    world.ok(sell("tea@a", "4"));
    world.ok(about(set_to("tea@a", "9"), &std::format!("at {COUNTED}")));
    assert_eq!(world.at("tea@a"), "available 5");
    world.ok(about(set_bucket("tea@a", Damaged, "2"), &std::format!("at {COUNTED}")));
    world.ok(about(set_bucket("tea@a", Damaged, "3"), &std::format!("at {COUNTED}")));
    assert_eq!(world.at("tea@a"), "available 5, damaged 3");
    let mut world = counted_at_1330();
    let before = world.at("tea@a");
    world.ok(about(set_to("tea@a", "3"), "at 1200"));
    world.ok(about(set_bucket("tea@a", Damaged, "2"), "at 1250"));
    assert_eq!(world.at("tea@a"), before);
    assert_eq!((on_hand_at(&world, 1_225), on_hand_at(&world, 1_255)), (3, 5));
}

/// What is as it was when it was counted needs no look into the log.
#[test]
fn a_count_of_what_has_not_changed_since_is_decided_at_once() {
    let mut world = World::new();
    world.receive("tea@a 10");
    world.now = 1_400;
    let command = World::command(about(count("tea@a", "9"), "at 1000"));
    assert!(matches!(world.decide(&command), Ok(Decision::Change(_))));
    let command = World::command(about(count("tea@a", "9"), "at 999"));
    let moment = Moment { position: 0, at: Timestamp::from_millis(999), since: 1 };
    let asked = Recall::Moment(moment);
    assert_eq!(world.decide(&command), Ok(Decision::Recall(asked)));
    let command = World::command(about(count("new@a", "9"), "at 5"));
    assert!(matches!(world.decide(&command), Ok(Decision::Change(_))));
}

#[test]
fn the_correction_is_booked_at_the_first_count_after_it() {
    let mut world = counted_at_1330();
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
    let mut world = counted_at_1330();
    let before = world.at_place("tea@a").clone();
    world.ok(about(sell("tea@a", "2"), &std::format!("at {SOLD}")));
    let late = world.sequence;
    assert_eq!(world.no(reverse(late, 1)), "NotReversible(Some(Count))");
    world.ok(reverse(late, 0));
    assert_eq!(world.at_place("tea@a").figures(), before.figures());
    assert_eq!(world.no(reverse(late, 1)), "NotReversible(Some(Count))");
}

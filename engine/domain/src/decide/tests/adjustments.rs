//! Adjustments and moves between buckets.

use super::actions::{
    adjust, adjust_with, archive, force, receive, sell, set_bucket, set_to, shift,
};
use super::text;
use super::world::World;
use crate::change::MovementKind;
use crate::command::{Action, Target};
use crate::position::Bucket::{self, Available, Damaged, QualityHold};

/// Ten on hand, six of them promised, and two damaged besides.
fn ten_with_six_promised() -> World {
    let mut world = World::stocked("tea@north 10");
    world.hold("tea 6");
    world.ok(adjust("tea@north", Damaged, "2"));
    world
}

#[track_caller]
fn check(action: Action, expected: &str) {
    let mut world = ten_with_six_promised();
    let told = match world.run(action.clone()) {
        Ok(_) => world.at("tea@north"),
        Err(refused) => text::rejection(&refused),
    };
    assert_eq!(told, expected, "{action:?}");
}

/// "A `delta` below what is free: 409 `INSUFFICIENT_STOCK`, unless `force`".
#[test]
fn a_delta_changes_its_bucket() {
    let at = "tea@north";
    check(adjust(at, Available, "5"), "available 9, reserved 6, damaged 2");
    check(adjust(at, Available, "-4"), "reserved 6, damaged 2");
    check(adjust(at, Available, "-4.000001"), "InsufficientStock: tea@north 4.000001 of 4");
    check(adjust(at, Damaged, "1"), "available 4, reserved 6, damaged 3");
    check(adjust(at, Damaged, "-2"), "available 4, reserved 6");
    check(adjust(at, Damaged, "-3"), "InsufficientStock: tea@north 3 of 2");
    check(adjust(at, QualityHold, "1"), "available 4, reserved 6, damaged 2, qualityHold 1");
    check(adjust(at, QualityHold, "-1"), "InsufficientStock: tea@north 1 of 0");
    check(force(at, Available, "-5"), "available -1, reserved 6, damaged 2");
}

/// Only `available` may be below zero: what a fact does not find in its bucket has left what is free.
#[test]
fn a_forced_delta_beyond_its_bucket_takes_the_rest_from_available() {
    let at = "tea@north";
    check(force(at, Damaged, "-2"), "available 4, reserved 6");
    check(force(at, Damaged, "-3"), "available 3, reserved 6");
    check(force(at, QualityHold, "-5"), "available -1, reserved 6, damaged 2");
    let mut world = ten_with_six_promised();
    let change = world.ok(force(at, Damaged, "-7"));
    assert_eq!(text::raised(&world.stock, &change), "out tea@north, discrepancy tea@north");
    let kinds: std::vec::Vec<_> = change.movements.iter().map(|it| (it.kind, it.from)).collect();
    let kind = MovementKind::Adjustment;
    assert_eq!(kinds, [(kind, Some(Damaged)), (kind, Some(Available))]);
}

/// "`setTo` is the new on hand (difference booked on `available`), or the new figure of `bucket`".
#[test]
fn set_to_is_the_new_figure() {
    let at = "tea@north";
    check(set_to(at, "14"), "available 6, reserved 6, damaged 2");
    check(set_to(at, "12"), "available 4, reserved 6, damaged 2");
    check(set_to(at, "8"), "reserved 6, damaged 2");
    check(set_to(at, "0"), "available -8, reserved 6, damaged 2");
    check(set_bucket(at, Damaged, "5"), "available 4, reserved 6, damaged 5");
    check(set_bucket(at, Damaged, "0"), "available 4, reserved 6");
    check(set_bucket(at, Available, "1"), "available 1, reserved 6, damaged 2");
    check(set_bucket(at, QualityHold, "1"), "available 4, reserved 6, damaged 2, qualityHold 1");
}

/// "not as expected: 409 `STALE` with the current figures".
#[test]
fn what_is_not_as_expected_is_stale() {
    let expecting = |on_hand: Option<&str>, version| {
        let on_hand = on_hand.map(text::quantity);
        adjust_with("tea@north", |wish| {
            wish.target = Target::OnHand(text::quantity("20"));
            wish.expected_on_hand = on_hand;
            wish.expected_version = version;
        })
    };
    let fine = "available 12, reserved 6, damaged 2";
    let stale = "Stale: tea@north available 4, reserved 6, damaged 2, version 3";
    check(expecting(Some("12"), None), fine);
    check(expecting(None, Some(3)), fine);
    check(expecting(Some("12"), Some(3)), fine);
    check(expecting(Some("11"), None), stale);
    check(expecting(None, Some(2)), stale);
    check(expecting(Some("12"), Some(4)), stale);
    check(expecting(Some("10"), Some(3)), stale);
}

/// A position that was never there has version 0 and nothing on hand.
#[test]
fn nothing_is_expected_of_what_was_never_there() {
    let expecting = |version| {
        adjust_with("pot@south", |wish| {
            wish.target = Target::OnHand(text::quantity("1"));
            wish.expected_version = Some(version);
        })
    };
    let mut world = World::new();
    assert_eq!(world.no(expecting(1)), "Stale: pot@south empty, version 0");
    world.ok(expecting(0));
    assert_eq!(world.at("pot@south"), "available 1");
}

/// A figure that was right already is booked: it shows that somebody looked.
#[test]
fn a_figure_that_was_right_is_recorded() {
    let mut world = ten_with_six_promised();
    let change = world.ok(set_to("tea@north", "12"));
    assert_eq!(change.movements.len(), 1);
    assert!(change.movements[0].quantity.is_zero());
}

/// "`POST /v1/stock/moves` … between buckets"; "wishes … are refused when the stock is not there".
#[test]
fn moves_keep_on_hand() {
    let at = "tea@north";
    check(shift(at, "4", Available, QualityHold), "reserved 6, damaged 2, qualityHold 4");
    check(shift(at, "2", Damaged, Available), "available 6, reserved 6");
    check(
        shift(at, "1", Damaged, QualityHold),
        "available 4, reserved 6, damaged 1, qualityHold 1",
    );
    check(shift(at, "4.5", Available, Damaged), "InsufficientStock: tea@north 4.5 of 4");
    check(shift(at, "3", Damaged, Available), "InsufficientStock: tea@north 3 of 2");
}

/// What only takes does not open a position, and creates nothing.
#[test]
fn what_is_not_there_is_unknown() {
    let mut world = World::stocked("tea@north 1, pot@south 1");
    let moved = |place: &str| shift(place, "1", Available, Damaged);
    for action in [moved as fn(&str) -> Action, |place| adjust(place, Available, "-1")] {
        assert_eq!(world.no(action("tea@south")), "UnknownPosition: tea@south");
        assert_eq!(world.no(action("ghost@north")), "UnknownItem: ghost");
        assert_eq!(world.no(action("tea@nowhere")), "UnknownLocation: nowhere");
    }
    // Facts and what adds do open it.
    world.ok(force("tea@south", Available, "-1"));
    assert_eq!(world.at("tea@south"), "available -1");
    world.ok(adjust("cup@east", Damaged, "1"));
    assert_eq!(world.at("cup@east"), "damaged 1");
    world.ok(set_to("jug@west", "3"));
    assert_eq!(world.at("jug@west"), "available 3");
}

/// "later writes 409 `ITEM_ARCHIVED`, but facts are booked".
#[test]
fn only_facts_are_booked_on_an_archived_item() {
    let mut world = World::stocked("tea@north 1");
    world.ok(sell("tea@north", "1"));
    world.ok(archive("tea"));
    assert_eq!(world.no(adjust("tea@north", Available, "1")), "ItemArchived: tea");
    assert_eq!(world.no(shift("tea@north", "1", Available, Damaged)), "ItemArchived: tea");
    assert_eq!(world.no(receive("tea@north", "1")), "ItemArchived: tea");
    world.ok(set_to("tea@north", "4"));
    world.ok(force("tea@north", Available, "-5"));
    assert_eq!(world.at("tea@north"), "available -1");
}

/// Promises and transfers change their buckets themselves.
#[test]
#[should_panic(expected = "commands of their own")]
fn nobody_else_touches_promised_buckets() {
    let mut world = ten_with_six_promised();
    let _ = world.run(shift("tea@north", "1", Bucket::Reserved, Available));
}

//! Alarms: low stock with hysteresis, an empty shelf.

use super::actions::{cancel, count, policy, put_item, receive, reserve, sell, set_policy};
use super::text;
use super::world::World;
use crate::catalog::Tracking;
use crate::command::Action;
use crate::position::Alarms;

#[track_caller]
fn rings(world: &mut World, action: Action, expected: &str) {
    let change = world.ok(action);
    assert_eq!(text::raised(&world.stock, &change), expected);
}

/// Ten of `tea`; the alarm is set to five.
fn ten_with_an_alarm_at_five() -> World {
    let mut world = World::stocked("tea@north 10");
    rings(&mut world, set_policy("tea@north", policy("threshold 5")), "");
    world
}

/// "`available` falls below `lowStockThreshold` …; not again before StockReplenished", which is "back
/// at or above it".
#[test]
fn the_low_alarm_has_hysteresis() {
    let mut world = ten_with_an_alarm_at_five();
    let at = "tea@north";
    rings(&mut world, sell(at, "5"), "");
    rings(&mut world, sell(at, "0.000001"), "low tea@north");
    rings(&mut world, sell(at, "1"), "");
    rings(&mut world, receive(at, "1"), "");
    rings(&mut world, sell(at, "1"), "");
    rings(&mut world, receive(at, "1.000001"), "replenished tea@north");
    rings(&mut world, receive(at, "9"), "");
    rings(&mut world, sell(at, "14"), "low tea@north, out tea@north");
    rings(&mut world, receive(at, "20"), "replenished tea@north");
}

/// "else `minStock`"; the item's where the position sets none.
#[test]
fn the_threshold_is_the_positions_else_the_items_else_the_minimum() {
    for (own, of_item, threshold) in [
        ("threshold 3", "threshold 9", Some("3")),
        ("min 3", "", Some("3")),
        ("threshold 3, min 4", "", Some("3")),
        ("", "threshold 3", Some("3")),
        ("", "min 3", Some("3")),
        ("min 4", "threshold 3", Some("3")),
        ("", "", None),
    ] {
        let mut world = World::stocked("tea@north 10");
        world.ok(put_item("tea", |attributes| attributes.policy = policy(of_item)));
        world.ok(set_policy("tea@north", policy(own)));
        rings(&mut world, sell("tea@north", "7"), "");
        let change = world.ok(sell("tea@north", "1"));
        let told = text::raised(&world.stock, &change);
        assert_eq!(
            told,
            if threshold.is_some() { "low tea@north" } else { "" },
            "{own}, {of_item}"
        );
        assert_eq!(change.positions[0].threshold, threshold.map(text::quantity));
    }
}

#[test]
fn promises_ring_it_and_their_release_ends_it() {
    let mut world = ten_with_an_alarm_at_five();
    let change = world.ok(reserve("tea 6"));
    assert_eq!(text::raised(&world.stock, &change), "low tea@north");
    let number = change.reservation.expect("one").number;
    rings(&mut world, cancel(number), "replenished tea@north");
}

/// A new threshold rings or ends the alarm at once, on the position and through its item.
#[test]
fn a_new_threshold_rings_at_once() {
    let mut world = World::stocked("tea@a 4, tea@b 8, tea@c 20");
    let of_item = |terms: &str| {
        let policy = policy(terms);
        put_item("tea", |attributes| attributes.policy = policy)
    };
    rings(&mut world, of_item("threshold 5"), "low tea@a");
    rings(&mut world, of_item("threshold 10"), "low tea@b");
    rings(&mut world, of_item("threshold 10"), "");
    rings(&mut world, set_policy("tea@b", policy("threshold 8")), "replenished tea@b");
    rings(&mut world, of_item("threshold 4"), "replenished tea@a");
    rings(&mut world, set_policy("tea@c", policy("threshold 21")), "low tea@c");
    // Without any threshold nothing is low, and nothing was replenished.
    rings(&mut world, set_policy("tea@c", policy("")), "replenished tea@c");
    rings(&mut world, of_item("threshold 30"), "low tea@a, low tea@c");
    rings(&mut world, of_item(""), "");
    assert_eq!(world.position("tea@a").expect("there").alarms, Alarms::default());
}

/// "StockedOut": `available` falls to zero or below; a place that never had anything has not run out.
#[test]
fn an_empty_shelf_is_told_once() {
    let mut world = World::new();
    rings(&mut world, count("tea@north", "0"), "");
    rings(&mut world, receive("tea@north", "2"), "");
    rings(&mut world, sell("tea@north", "1"), "");
    rings(&mut world, sell("tea@north", "1"), "out tea@north");
    rings(&mut world, sell("tea@north", "1"), "discrepancy tea@north");
    rings(&mut world, receive("tea@north", "1"), "");
    rings(&mut world, receive("tea@north", "1"), "");
    rings(&mut world, reserve("tea 1"), "out tea@north");
}

/// A position that is opened below its threshold is low from the start.
#[test]
fn a_position_may_be_low_from_the_start() {
    let mut world = World::new();
    let low = policy("min 5");
    world.ok(put_item("tea", |attributes| attributes.policy = low));
    rings(&mut world, receive("tea@north", "3"), "low tea@north");
    rings(&mut world, receive("tea@north", "2"), "replenished tea@north");
}

/// Nothing rings where nothing is counted; counting it rings at once.
#[test]
fn tracking_switches_the_alarms() {
    let mut world = World::new();
    let with = |tracking| {
        let policy = policy("min 5");
        put_item("tea", |attributes| {
            attributes.tracking = tracking;
            attributes.policy = policy;
        })
    };
    world.ok(with(Tracking::Untracked));
    rings(&mut world, sell("tea@north", "3"), "");
    rings(&mut world, with(Tracking::Tracked), "low tea@north");
    rings(&mut world, with(Tracking::Untracked), "");
    rings(&mut world, with(Tracking::Tracked), "low tea@north");
}

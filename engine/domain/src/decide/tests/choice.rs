//! "Choice of location", sentence by sentence.

use super::actions::{policy, put_location, remove, reserve, reserve_with, set_policy};
use super::world::World;
use crate::command::{Backorder, Completeness};

/// A world with `tea` at places of the form `(location, priority, quantity)`.
fn places(all: &[(&str, i32, &str)]) -> World {
    let mut world = World::new();
    for (location, priority, quantity) in all {
        world.priority(location, *priority);
        world.receive(&std::format!("tea@{location} {quantity}"));
    }
    world
}

#[track_caller]
fn check(world: &mut World, lines: &str, expected: &str) {
    assert_eq!(world.chosen(reserve(lines)), expected, "{lines}");
}

/// "A line with `locationId`: only there."
#[test]
fn a_line_with_a_location_is_served_only_there() {
    let mut world = places(&[("a", 1, "5"), ("b", 2, "50")]);
    assert_eq!(world.no(reserve("tea@a 6")), "InsufficientStock: tea@a 6 of 5");
    check(&mut world, "tea@b 6", "tea@b 6");
    check(&mut world, "tea@a 5", "tea@a 5");
    assert_eq!(world.no(reserve("tea@c 1")), "UnknownLocation: c");
}

/// "With `preferredLocationId`: there if it serves the whole line."
#[test]
fn the_preferred_location_is_chosen_when_it_serves_the_whole_line() {
    let mut world = places(&[("a", 1, "50"), ("b", 2, "5"), ("c", 3, "5")]);
    check(&mut world, "tea>b 5", "tea@b 5");
    // Nothing is left there: the best of the others.
    check(&mut world, "tea>b 1", "tea@a 1");
    assert_eq!(world.no(reserve("tea>d 1")), "UnknownLocation: d");
}

/// "Then the best single location that serves it whole from its shelf".
#[test]
fn a_short_preferred_location_gives_way_to_one_that_serves_the_whole_line() {
    let mut world = places(&[("a", 1, "5"), ("b", 2, "50"), ("c", 3, "100")]);
    check(&mut world, "tea>a 6", "tea@b 6");
    let mut world = places(&[("a", 1, "50"), ("b", 2, "5")]);
    world.set_policy("tea@b", "backorder 100");
    // The preferred one could serve it with backorder room; a shelf comes first.
    check(&mut world, "tea>b 6", "tea@a 6");
}

/// "lower `priority` first, then most sellable from the shelf, then id".
#[test]
fn singles_are_ordered_by_priority_then_shelf_then_id() {
    for (shelves, wanted, expected) in [
        (&[("a", 30, "100"), ("b", 10, "10"), ("c", 20, "50")][..], "10", "b"),
        (&[("a", 30, "100"), ("b", 10, "10"), ("c", 20, "50")][..], "11", "c"),
        (&[("a", -1, "10"), ("b", 0, "10"), ("c", i32::MIN, "10")][..], "10", "c"),
        (&[("a", i32::MAX, "10"), ("b", i32::MAX, "11")][..], "10", "b"),
        (&[("a", 5, "10"), ("b", 5, "30"), ("c", 5, "20")][..], "5", "b"),
        (&[("c", 5, "10"), ("b", 5, "10"), ("d", 5, "10")][..], "5", "b"),
        (&[("a10", 5, "10"), ("a9", 5, "10"), ("B", 5, "10")][..], "5", "B"),
        (&[("a", 1, "5"), ("b", 99, "6")][..], "6", "b"),
        (&[("a", 1, "5.999999"), ("b", 99, "6")][..], "6", "b"),
    ] {
        let mut world = places(shelves);
        let expected = std::format!("tea@{expected} {wanted}");
        check(&mut world, &std::format!("tea {wanted}"), &expected);
    }
}

/// "most sellable from the shelf": safety stock is not, and neither is backorder room.
#[test]
fn sellable_from_the_shelf_leaves_out_safety_stock_and_backorder_room() {
    let mut world = places(&[("a", 5, "30"), ("b", 5, "20")]);
    world.set_policy("tea@a", "safety 15");
    check(&mut world, "tea 1", "tea@b 1");
    let mut world = places(&[("a", 5, "10"), ("b", 5, "20")]);
    world.set_policy("tea@a", "backorder unlimited");
    check(&mut world, "tea 1", "tea@b 1");
}

/// "If none does, a split: … in the same order, emptying each".
#[test]
fn a_split_empties_each_in_the_order_of_choice() {
    let shelves = [("a", 20, "5"), ("b", 10, "3"), ("c", 20, "7")];
    check(&mut places(&shelves), "tea 11", "tea@b 3, tea@c 7, tea@a 1");
    check(&mut places(&shelves), "tea 8", "tea@b 3, tea@c 5");
    check(&mut places(&shelves), "tea 15", "tea@b 3, tea@c 7, tea@a 5");
    let mut world = places(&shelves);
    assert_eq!(world.no(reserve("tea 16")), "InsufficientStock: tea 16 of 15");
    assert_eq!(world.at("tea@b"), "available 3");
}

/// "a split: the preferred one first".
#[test]
fn a_split_begins_at_the_preferred_location() {
    let shelves = [("a", 20, "5"), ("b", 10, "3"), ("c", 30, "7")];
    check(&mut places(&shelves), "tea>c 9", "tea@c 7, tea@b 2");
    check(&mut places(&shelves), "tea>a 8", "tea@a 5, tea@b 3");
    check(&mut places(&shelves), "tea>a 15", "tea@a 5, tea@b 3, tea@c 7");
    // An empty one gives nothing, and the others follow in their order.
    let mut world = places(&shelves);
    world.hold("tea@c 7");
    check(&mut world, "tea>c 6", "tea@b 3, tea@a 3");
}

/// "over at most `maxSplits` locations".
#[test]
fn a_split_takes_at_most_max_splits_locations() {
    let shelves = [("a", 10, "5"), ("b", 20, "5"), ("c", 30, "5")];
    for (quantity, splits, expected) in [
        ("5", 1, "tea@a 5"),
        ("6", 1, "InsufficientStock: tea 6 of 5"),
        ("10", 2, "tea@a 5, tea@b 5"),
        ("11", 2, "InsufficientStock: tea 11 of 10"),
        ("11", 3, "tea@a 5, tea@b 5, tea@c 1"),
        ("1", 0, "tea@a 1"),
        ("6", 0, "InsufficientStock: tea 6 of 0"),
    ] {
        let mut world = places(&shelves);
        let lines = std::format!("tea {quantity}");
        let action = reserve_with(&lines, |wish| wish.max_splits = Some(splits));
        let told = match expected.starts_with("tea") {
            true => world.chosen(action),
            false => world.no(action),
        };
        assert_eq!(told, expected, "{quantity} over {splits}");
    }
}

/// Nobody is refused what `maxSplits` locations have, although not the first ones.
#[test]
fn few_splits_go_to_the_fullest_when_the_first_ones_do_not_serve() {
    let over = |world: &mut World, quantity: &str, splits| {
        let lines = std::format!("tea {quantity}");
        world.chosen(reserve_with(&lines, |wish| wish.max_splits = Some(splits)))
    };
    let shelves = [("a", 1, "1"), ("b", 2, "100"), ("c", 3, "100")];
    assert_eq!(over(&mut places(&shelves), "101", 2), "tea@a 1, tea@b 100");
    assert_eq!(over(&mut places(&shelves), "150", 2), "tea@b 100, tea@c 50");
    // Backorder room of one that is not among the fullest.
    let mut world = places(&[("a", 1, "5"), ("b", 2, "3"), ("c", 3, "0.5")]);
    world.set_policy("tea@c", "backorder 9.5");
    assert_eq!(over(&mut world, "12", 2), "tea@a 5, tea@c 7");
}

/// "As much as there is": the best of the ways to split.
#[test]
fn a_partial_hold_takes_what_most_few_locations_have() {
    let mut world = places(&[("a", 1, "1"), ("b", 2, "100"), ("c", 3, "50")]);
    let action = reserve_with("tea 1000", |wish| {
        wish.max_splits = Some(2);
        wish.completeness = Completeness::Partial;
    });
    assert_eq!(world.chosen(action), "tea@b 100, tea@c 50");
}

/// "backorder room is used only after the shelves".
#[test]
fn shelves_come_before_backorder_room() {
    let mut world = places(&[("a", 10, "5"), ("b", 20, "10")]);
    world.set_policy("tea@a", "backorder 100");
    check(&mut world, "tea 8", "tea@b 8");
    check(&mut world, "tea 7", "tea@a 5, tea@b 2");
    check(&mut world, "tea 20", "tea@a 20");
    assert_eq!(world.at("tea@a"), "available -20, reserved 25");
    assert_eq!(world.at("tea@b"), "reserved 10");
    // Within one line, too: both shelves are emptied, the rest is backorder.
    let mut world = places(&[("a", 10, "5"), ("b", 20, "10")]);
    world.set_policy("tea@b", "backorder 100");
    check(&mut world, "tea 20", "tea@a 5, tea@b 15");
    // Room is used in the order of choice, and no more than there is.
    let mut world = places(&[("a", 10, "1"), ("b", 20, "1")]);
    world.set_policy("tea@a", "backorder 2");
    world.set_policy("tea@b", "backorder 2");
    assert_eq!(world.no(reserve("tea 7")), "InsufficientStock: tea 7 of 6");
    check(&mut world, "tea 5", "tea@a 3, tea@b 2");
}

/// Backorder room of the item holds also where it has never been: one such place is opened, last.
#[test]
fn room_of_the_item_opens_a_place_only_after_all_others() {
    let mut world = places(&[("a", 10, "4")]);
    world.priority("z", 1);
    world.priority("y", 2);
    let room = policy("backorder 6");
    world.ok(super::actions::put_item("tea", |attributes| attributes.policy = room));
    check(&mut world, "tea 10", "tea@a 10");
    check(&mut world, "tea 5", "tea@z 5");
    assert_eq!(world.at("tea@z"), "available -5, reserved 5");
    assert_eq!(world.no(reserve("tea@x 1")), "UnknownLocation: x");
    check(&mut world, "tea>y 3", "tea@y 3");
    // One line may use the rest of one place and open the next.
    let mut world = places(&[("a", 10, "4")]);
    world.priority("z", 1);
    world.ok(super::actions::put_item("tea", |attributes| attributes.policy = room));
    check(&mut world, "tea 12", "tea@a 10, tea@z 2");
}

/// "`active=false`: the location's stock is neither counted as sellable nor chosen; naming it in a
/// reservation: 409 `LOCATION_INACTIVE`".
#[test]
fn closed_locations_are_not_chosen() {
    let mut world = places(&[("a", 1, "10"), ("b", 2, "2")]);
    world.close("a");
    check(&mut world, "tea 1", "tea@b 1");
    assert_eq!(world.no(reserve("tea 2")), "InsufficientStock: tea 2 of 1");
    assert_eq!(world.no(reserve("tea@a 1")), "LocationInactive: a");
    // A preference gives way, like any preference that cannot be met.
    check(&mut world, "tea>a 1", "tea@b 1");
    world.priority("a", 1);
    check(&mut world, "tea 10", "tea@a 10");
}

/// A removed location counts as unknown.
#[test]
fn removed_locations_are_not_chosen() {
    let mut world = places(&[("a", 1, "1"), ("b", 2, "2")]);
    world.ok(super::actions::sell("tea@a", "1"));
    world.ok(set_policy("tea@a", policy("backorder unlimited")));
    world.ok(remove("a"));
    check(&mut world, "tea 1", "tea@b 1");
    assert_eq!(world.no(reserve("tea 2")), "InsufficientStock: tea 2 of 1");
    assert_eq!(world.no(reserve("tea@a 1")), "UnknownLocation: a");
    assert_eq!(world.no(reserve("tea>a 1")), "UnknownLocation: a");
    world.ok(put_location("a", |_| {}));
    check(&mut world, "tea 2", "tea@b 1, tea@a 1");
}

/// Lines that name a location come first: one that does not mind where leaves it to them.
#[test]
fn lines_that_name_a_location_are_served_first() {
    let mut world = places(&[("a", 1, "5"), ("b", 2, "5")]);
    check(&mut world, "tea 5, tea@a 5", "tea@b 5, tea@a 5");
    let mut world = places(&[("a", 1, "5"), ("b", 2, "5")]);
    check(&mut world, "tea 6, tea@a 2", "tea@a 5, tea@b 3");
}

/// "Lines for the same position are summed first."
#[test]
fn several_lines_of_an_item_do_not_take_the_same_unit() {
    let shelves = [("a", 1, "5"), ("b", 2, "9")];
    check(&mut places(&shelves), "tea 2, tea 4", "tea@b 6");
    check(&mut places(&shelves), "tea@a 2, tea@a 3", "tea@a 5");
    let no = places(&shelves).no(reserve("tea@a 2, tea@a 4"));
    assert_eq!(no, "InsufficientStock: tea@a 6 of 5");
    check(&mut places(&shelves), "tea 5, tea>b 9", "tea@a 5, tea@b 9");
    let no = places(&shelves).no(reserve("tea>b 9, tea 6"));
    assert_eq!(no, "InsufficientStock: tea 6 of 5");
}

/// Use of backorder room: never, as far as the policy grants it, or without limit.
#[test]
fn backorder_is_never_by_policy_or_always() {
    for (terms, backorder, quantity, expected) in [
        ("backorder 5", Backorder::Never, "2", "ok"),
        ("backorder 5", Backorder::Never, "3", "InsufficientStock: tea@a 3 of 2"),
        ("backorder 5", Backorder::Policy, "7", "ok"),
        ("backorder 5", Backorder::Policy, "8", "InsufficientStock: tea@a 8 of 7"),
        ("safety 1, backorder 5", Backorder::Policy, "7", "InsufficientStock: tea@a 7 of 6"),
        ("safety 1, backorder 5", Backorder::Never, "2", "InsufficientStock: tea@a 2 of 1"),
        ("safety 9, backorder 5", Backorder::Policy, "1", "InsufficientStock: tea@a 1 of 0"),
        ("backorder unlimited", Backorder::Policy, "1000000", "ok"),
        ("backorder unlimited", Backorder::Never, "3", "InsufficientStock: tea@a 3 of 2"),
        ("", Backorder::Policy, "3", "InsufficientStock: tea@a 3 of 2"),
        ("safety 1", Backorder::Always, "1000000", "ok"),
    ] {
        let mut world = places(&[("a", 1, "2")]);
        world.set_policy("tea@a", terms);
        let lines = std::format!("tea@a {quantity}");
        let told = world.run(reserve_with(&lines, |wish| wish.backorder = backorder));
        assert_eq!(super::text::outcome(&told), expected, "{terms} {backorder:?} {quantity}");
    }
}

/// "Always" takes from the shelves first, then from the best location.
#[test]
fn always_uses_the_shelves_first() {
    let mut world = places(&[("b", 1, "1"), ("a", 2, "3")]);
    let action = reserve_with("tea 10", |wish| wish.backorder = Backorder::Always);
    assert_eq!(world.chosen(action), "tea@b 7, tea@a 3");
    // Also where the item has never been, when it is nowhere else.
    let mut world = World::new();
    world.priority("a", 1);
    world.ok(super::actions::put_item("tea", |_| {}));
    let action = reserve_with("tea 2", |wish| wish.backorder = Backorder::Always);
    assert_eq!(world.chosen(action), "tea@a 2");
}

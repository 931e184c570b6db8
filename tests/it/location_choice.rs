//! "Choice of location", sentence by sentence.

use onhand_tests::{Answer, Shop, anywhere, line};
use serde_json::{Value, json};

/// A shop with `tea` at places of the form `(location, priority, quantity)`.
fn stocked(places: &[(&str, i64, i64)]) -> Shop {
    let shop = Shop::open("choice");
    for (location, priority, quantity) in places {
        shop.location(location, &json!({ "priority": priority }));
        shop.receive("tea", location, *quantity);
    }
    shop
}

fn preferring(location: &str, quantity: i64) -> Value {
    json!({ "itemId": "tea", "quantity": quantity, "preferredLocationId": location })
}

/// Where the lines lie: `"a 3, b 2"`, in the order of the answer.
fn chosen(answer: &Answer) -> String {
    let place = |line: &onhand_tests::Json| {
        format!("{} {}", line.text("locationId"), line.figure("quantity"))
    };
    answer.list("lines").iter().map(place).collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(shop: &Shop, line: Value, expected: &str) {
    assert_eq!(chosen(&shop.hold_lines(&[line])), expected);
}

/// "A line with `locationId`: only there."
#[test]
fn a_line_with_a_location_is_served_only_there() {
    let shop = stocked(&[("a", 1, 5), ("b", 2, 50)]);
    shop.reserve(&json!({ "lines": [line("tea", "a", 6)] }))
        .problem(409, "INSUFFICIENT_STOCK")
        .shows("shortages/0/locationId a, shortages/0/requested 6, shortages/0/sellable 5");
    check(&shop, line("tea", "b", 6), "b 6");
    check(&shop, line("tea", "a", 5), "a 5");
}

/// "With `preferredLocationId`: there if it serves the whole line."
#[test]
fn the_preferred_location_is_chosen_when_it_serves_the_whole_line() {
    let shop = stocked(&[("a", 1, 50), ("b", 2, 5)]);
    check(&shop, preferring("b", 5), "b 5");
}

/// "Then the best single location that serves it whole from its shelf".
#[test]
fn a_short_preferred_location_gives_way_to_one_that_serves_the_whole_line() {
    let shop = stocked(&[("a", 1, 5), ("b", 2, 50), ("c", 3, 100)]);
    check(&shop, preferring("a", 6), "b 6");
}

/// "lower `priority` first …"
#[test]
fn the_lower_priority_comes_first() {
    let shop = stocked(&[("a", 30, 100), ("b", 10, 10), ("c", 20, 50)]);
    check(&shop, anywhere("tea", 10), "b 10");
    check(&shop, anywhere("tea", 10), "c 10");
}

/// "… then most sellable from the shelf …"
#[test]
fn among_equals_the_most_sellable_comes_first() {
    let shop = stocked(&[("a", 100, 10), ("b", 100, 30), ("c", 100, 20)]);
    check(&shop, anywhere("tea", 5), "b 5");
    check(&shop, anywhere("tea", 10), "b 10");
    check(&shop, anywhere("tea", 1), "c 1");
}

#[test]
fn safety_stock_does_not_count_as_sellable_from_the_shelf() {
    let shop = stocked(&[("a", 100, 30), ("b", 100, 20)]);
    shop.policy("tea", "a", &json!({ "safetyStock": 15 }));
    check(&shop, anywhere("tea", 1), "b 1");
}

#[test]
fn backorder_room_does_not_count_as_sellable_from_the_shelf() {
    let shop = stocked(&[("a", 100, 10), ("b", 100, 20)]);
    shop.policy("tea", "a", &json!({ "backorderLimit": 100 }));
    check(&shop, anywhere("tea", 1), "b 1");
}

/// "… then id."
#[test]
fn among_equals_with_equal_stock_the_lower_id_comes_first() {
    let shop = stocked(&[("c", 100, 10), ("b", 100, 10), ("d", 100, 10)]);
    check(&shop, anywhere("tea", 5), "b 5");
    check(&shop, anywhere("tea", 5), "c 5");
    check(&shop, anywhere("tea", 5), "d 5");
}

#[test]
fn a_location_that_serves_the_whole_line_beats_a_better_one_that_does_not() {
    let shop = stocked(&[("a", 1, 5), ("b", 99, 6)]);
    check(&shop, anywhere("tea", 6), "b 6");
}

/// "If none does, a split: … in the same order, emptying each".
#[test]
fn a_split_empties_each_location_in_the_order_of_choice() {
    let shop = stocked(&[("a", 20, 5), ("b", 10, 3), ("c", 20, 7)]);
    check(&shop, anywhere("tea", 11), "b 3, c 7, a 1");
    check(&shop, anywhere("tea", 4), "a 4");
}

/// "a split: the preferred one first".
#[test]
fn a_split_begins_at_the_preferred_location() {
    let shop = stocked(&[("a", 20, 5), ("b", 10, 3), ("c", 30, 7)]);
    check(&shop, preferring("c", 9), "c 7, b 2");
    check(&shop, preferring("a", 6), "a 5, b 1");
}

/// "over at most `maxSplits` locations".
#[test]
fn a_split_takes_at_most_max_splits_locations() {
    let shop = stocked(&[("a", 10, 5), ("b", 20, 5), ("c", 30, 5)]);
    let order = |quantity: i64, splits: i64| {
        shop.reserve(&json!({ "maxSplits": splits, "lines": [anywhere("tea", quantity)] }))
    };
    order(6, 1).problem(409, "INSUFFICIENT_STOCK");
    order(11, 2).problem(409, "INSUFFICIENT_STOCK");
    assert_eq!(chosen(&order(5, 1).expect(201)), "a 5");
    assert_eq!(chosen(&order(10, 2).expect(201)), "b 5, c 5");
}

#[test]
fn without_max_splits_a_line_is_split_over_all_locations() {
    let shop = stocked(&[("a", 1, 1), ("b", 2, 1), ("c", 3, 1), ("d", 4, 1), ("e", 5, 1)]);
    check(&shop, anywhere("tea", 5), "a 1, b 1, c 1, d 1, e 1");
}

#[test]
fn a_partial_hold_respects_max_splits() {
    let shop = stocked(&[("a", 10, 5), ("b", 20, 4), ("c", 30, 3)]);
    let body = json!({ "allowPartial": true, "maxSplits": 2, "lines": [anywhere("tea", 100)] });
    assert_eq!(chosen(&shop.reserve(&body).expect(201)), "a 5, b 4");
}

/// "backorder room is used only after the shelves".
#[test]
fn backorder_room_is_used_only_after_the_shelves() {
    let shop = stocked(&[("a", 10, 5), ("b", 20, 10)]);
    shop.policy("tea", "a", &json!({ "backorderLimit": 100 }));
    check(&shop, anywhere("tea", 8), "b 8");
    check(&shop, anywhere("tea", 7), "a 5, b 2");
    shop.position("tea", "a").shows("available 0");
    shop.position("tea", "b").shows("available 0");
    check(&shop, anywhere("tea", 20), "a 20");
    shop.position("tea", "a").shows("available -20, reserved 25");
    shop.position("tea", "b").shows("available 0, reserved 10");
}

#[test]
fn the_shelves_are_emptied_before_the_backorder_room_within_one_line() {
    let shop = stocked(&[("a", 10, 5), ("b", 20, 10)]);
    shop.policy("tea", "a", &json!({ "backorderLimit": 100 }));
    shop.hold_lines(&[anywhere("tea", 20)]);
    shop.position("tea", "a").shows("available -5, reserved 10");
    shop.position("tea", "b").shows("available 0, reserved 10");
}

#[test]
fn nothing_is_held_when_all_locations_together_are_short() {
    let shop = stocked(&[("a", 10, 5), ("b", 20, 10)]);
    shop.reserve(&json!({ "lines": [anywhere("tea", 16)] }))
        .problem(409, "INSUFFICIENT_STOCK")
        .shows("shortages/0/itemId tea, shortages/0/requested 16, shortages/0/sellable 15");
    shop.position("tea", "a").shows("reserved 0");
    shop.position("tea", "b").shows("reserved 0");
}

#[test]
fn the_order_of_choice_follows_a_changed_priority() {
    let shop = stocked(&[("a", 10, 50), ("b", 20, 50)]);
    check(&shop, anywhere("tea", 1), "a 1");
    shop.location("a", &json!({ "priority": 30 }));
    check(&shop, anywhere("tea", 1), "b 1");
}

#[test]
fn two_lines_of_one_item_do_not_take_the_same_unit() {
    let shop = stocked(&[("a", 10, 5), ("b", 20, 5)]);
    let answer = shop.hold_lines(&[anywhere("tea", 5), anywhere("tea", 5)]);
    assert_eq!(answer.list("lines").len(), 2, "{answer:?}");
    shop.position("tea", "a").shows("available 0, reserved 5");
    shop.position("tea", "b").shows("available 0, reserved 5");
}

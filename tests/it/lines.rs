//! `POST /v1/reservations/{id}/lines`.

use onhand_tests::{Answer, Shop, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;

/// Ten `tea` and ten `pot` at `north`; four of each are held by the returned reservation.
fn holding_four_of_each() -> (Shop, String) {
    let shop = Shop::open("lines");
    shop.receive("tea", "north", 10);
    shop.receive("pot", "north", 10);
    let lines = [line("tea", "north", 4), line("pot", "north", 4)];
    let id = shop.hold_lines(&lines).text("reservationId");
    (shop, id)
}

fn set(shop: &Shop, id: &str, lines: &[Value]) -> Answer {
    shop.act(id, "lines", &json!({ "lines": lines }))
}

fn of_item(reservation: &onhand_tests::Json, item: &str) -> onhand_tests::Json {
    let lines = reservation.list("lines");
    let found = lines.iter().find(|line| line.text("itemId") == item);
    found.unwrap_or_else(|| panic!("no line of {item} in {reservation}")).clone()
}

/// "sets the quantities of the lines named, in place … others stay".
#[test]
fn lines_are_set_in_place_and_others_stay() {
    let (shop, id) = holding_four_of_each();
    let more = set(&shop, &id, &[line("tea", "north", 7)]).expect(200);
    more.shows("status ACTIVE, version 2");
    of_item(&more, "tea").shows("quantity 7, released 0");
    of_item(&more, "pot").shows("quantity 4");
    shop.position("tea", "north").shows("available 3, reserved 7");
    shop.position("pot", "north").shows("available 6, reserved 4, version 2");
    let less = set(&shop, &id, &[line("tea", "north", 1)]).expect(200);
    of_item(&less, "tea").shows("quantity 1, released 0");
    shop.position("tea", "north").shows("available 9, reserved 1");
}

#[test]
fn the_caller_s_own_hold_never_blocks_the_caller() {
    let (shop, id) = holding_four_of_each();
    shop.hold("tea", "north", 3);
    set(&shop, &id, &[line("tea", "north", 8)]).problem(409, "INSUFFICIENT_STOCK");
    set(&shop, &id, &[line("tea", "north", 7)]).expect(200);
    shop.position("tea", "north").shows("available 0, reserved 10");
}

/// "all or nothing".
#[test]
fn when_one_line_is_short_none_is_changed() {
    let (shop, id) = holding_four_of_each();
    let lines = [line("pot", "north", 1), line("tea", "north", 11)];
    set(&shop, &id, &lines).problem(409, "INSUFFICIENT_STOCK").shows("shortages/0/itemId tea");
    shop.reservation(&id).shows("version 1, lines/0/quantity 4, lines/1/quantity 4");
    shop.position("pot", "north").shows("available 6, reserved 4");
}

/// "also new items and places".
#[test]
fn new_items_and_places_may_be_added() {
    let (shop, id) = holding_four_of_each();
    shop.receive("cup", "north", 2);
    shop.receive("tea", "south", 5);
    let lines = [line("cup", "north", 2), line("tea", "south", 3)];
    let answer = set(&shop, &id, &lines).expect(200);
    assert_eq!(answer.list("lines").len(), 4, "{answer:?}");
    of_item(&answer, "cup").shows("quantity 2, locationId north");
    shop.position("tea", "south").shows("available 2, reserved 3");
    shop.position("tea", "north").shows("available 6, reserved 4");
    set(&shop, &id, &[line("ghost", "north", 1)]).problem(404, "UNKNOWN_ITEM");
}

/// "0 releases".
#[test]
fn a_quantity_of_zero_releases_the_line() {
    let (shop, id) = holding_four_of_each();
    set(&shop, &id, &[line("tea", "north", 0)]).expect(200).shows("status ACTIVE");
    shop.position("tea", "north").shows("available 10, reserved 0");
    shop.position("pot", "north").shows("available 6, reserved 4");
}

/// "Nothing open and nothing shipped: `CANCELLED`".
#[test]
fn releasing_every_line_cancels() {
    let (shop, id) = holding_four_of_each();
    let lines = [line("tea", "north", 0), line("pot", "north", 0)];
    set(&shop, &id, &lines).expect(200).shows("status CANCELLED");
    shop.position("pot", "north").shows("available 10, reserved 0");
}

/// "ACTIVE or CONFIRMED".
#[test]
fn lines_of_a_confirmed_reservation_are_committed() {
    let (shop, id) = holding_four_of_each();
    shop.act(&id, "confirm", &NONE).ok();
    set(&shop, &id, &[line("tea", "north", 6)]).expect(200).shows("status CONFIRMED");
    shop.position("tea", "north").shows("available 4, reserved 0, committed 6");
}

#[test]
fn lines_of_what_has_ended_are_not_set() {
    let (shop, id) = holding_four_of_each();
    shop.act(&id, "cancel", &NONE).ok();
    set(&shop, &id, &[line("tea", "north", 6)]).problem(409, "INVALID_STATE");
    shop.position("tea", "north").shows("available 10, reserved 0");
}

/// "below what is fulfilled: 409 `BELOW_FULFILLED`".
#[test]
fn a_line_is_not_set_below_what_is_fulfilled() {
    let (shop, id) = holding_four_of_each();
    let shipped = json!({ "lines": [line("tea", "north", 3)] });
    shop.act(&id, "fulfil", &shipped).ok();
    set(&shop, &id, &[line("tea", "north", 2)]).problem(409, "BELOW_FULFILLED");
    set(&shop, &id, &[line("tea", "north", 0)]).problem(409, "BELOW_FULFILLED");
    let answer = set(&shop, &id, &[line("tea", "north", 3)]).expect(200);
    of_item(&answer, "tea").shows("quantity 3, fulfilled 3, released 0");
    shop.position("tea", "north").shows("onHand 7, available 7, reserved 0");
}

/// "`released` of these lines starts at 0 again".
#[test]
fn what_was_released_of_a_line_that_is_set_starts_at_zero_again() {
    let (shop, id) = holding_four_of_each();
    let released = json!({ "lines": [line("tea", "north", 1), line("pot", "north", 1)] });
    let cancelled = shop.act(&id, "cancel", &released).ok();
    of_item(&cancelled, "tea").shows("quantity 4, released 1");
    let answer = set(&shop, &id, &[line("tea", "north", 5)]).expect(200);
    of_item(&answer, "tea").shows("quantity 5, released 0");
    of_item(&answer, "pot").shows("quantity 4, released 1");
    shop.position("tea", "north").shows("available 5, reserved 5");
    shop.position("pot", "north").shows("available 7, reserved 3");
}

#[test]
fn malformed_lines_are_refused() {
    let (shop, id) = holding_four_of_each();
    let request = [(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")];
    set(&shop, &id, &[]).problem_among(&request);
    shop.act(&id, "lines", &json!({})).problem_among(&request);
    set(&shop, &id, &[line("tea", "north", -1)]).problem(422, "INVALID_QUANTITY");
    shop.reservation(&id).shows("version 1");
}

#[test]
fn changed_lines_are_told() {
    let (shop, id) = holding_four_of_each();
    set(&shop, &id, &[line("tea", "north", 7)]).ok();
    let told = shop.events("type=ReservationChanged");
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].shows(&format!("aggregateId {id}, aggregateVersion 2, payload/change present"));
    of_item(&told[0].at("payload"), "tea").shows("quantity 7");
    assert_eq!(shop.events("type=StockLevelChanged&aggregateId=pot%3Anorth").len(), 2);
    assert_eq!(shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth").len(), 3);
}

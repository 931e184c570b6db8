//! `POST /v1/reservations/{id}/relocate`.

use onhand_tests::{Request, Shop, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;

/// Ten at each location; four are held at `north`.
fn holding_four() -> (Shop, String) {
    let shop = Shop::open("relocate");
    shop.receive("tea", "north", 10);
    shop.receive("tea", "south", 10);
    let id = shop.hold("tea", "north", 4).text("reservationId");
    (shop, id)
}

fn moved(quantity: &Value) -> Value {
    let mut line = json!({ "itemId": "tea", "from": "north", "to": "south" });
    if !quantity.is_null() {
        line["quantity"] = quantity.clone();
    }
    json!({ "lines": [line] })
}

/// "moves a live promise to another location in one step".
#[test]
fn a_live_promise_moves_in_one_step() {
    let (shop, id) = holding_four();
    let part = shop.act(&id, "relocate", &moved(&json!("1.5"))).ok();
    part.shows("status ACTIVE, version 2");
    part.shows("lines/0/locationId north, lines/0/quantity 2.5");
    part.shows("lines/1/locationId south, lines/1/quantity 1.5");
    shop.act(&id, "confirm", &NONE).ok();
    let whole = shop.act(&id, "relocate", &moved(&NONE)).ok();
    whole.shows("status CONFIRMED, lines/0/locationId south, lines/0/quantity 4");
    assert_eq!(whole.list("lines").len(), 1);
    shop.position("tea", "north").shows("available 10, committed 0, onHand 10");
    shop.position("tea", "south").shows("available 6, committed 4, onHand 10");
    shop.act(&id, "fulfil", &NONE).ok();
    shop.position("tea", "south").shows("onHand 6");
}

/// Refused when the stock is not there, all or nothing.
#[test]
fn nothing_moves_where_the_stock_is_not_there() {
    let (shop, id) = holding_four();
    shop.receive("pot", "north", 2);
    let two = shop.hold_lines(&[line("tea", "north", 1), line("pot", "north", 2)]);
    let two = two.text("reservationId");
    let lines = json!({ "lines": [
        { "itemId": "tea", "from": "north", "to": "south" },
        { "itemId": "pot", "from": "north", "to": "south" },
    ]});
    let refused = shop.act(&two, "relocate", &lines).problem(409, "INSUFFICIENT_STOCK");
    refused.shows("shortages/0/itemId pot, shortages/0/locationId south, shortages/0/sellable 0");
    shop.reservation(&two).shows("version 1, lines/0/locationId north");
    shop.act(&id, "relocate", &moved(&json!(5))).problem(409, "EXCEEDS_OPEN");
    shop.location("south", &json!({ "active": false }));
    shop.act(&id, "relocate", &moved(&NONE)).problem(409, "LOCATION_INACTIVE");
    shop.act(&id, "cancel", &NONE).ok();
    shop.act(&id, "relocate", &moved(&NONE)).problem(409, "INVALID_STATE");
    shop.act("rsv-1-999999999", "relocate", &moved(&NONE)).problem(404, "UNKNOWN_RESERVATION");
    shop.position("tea", "south").shows("available 10, reserved 0");
}

#[test]
fn what_makes_no_sense_is_refused_at_the_door() {
    let (shop, id) = holding_four();
    let same = json!({ "lines": [{ "itemId": "tea", "from": "north", "to": "north" }] });
    shop.act(&id, "relocate", &same).problem(422, "INVALID_REQUEST");
    shop.act(&id, "relocate", &json!({ "lines": [] })).problem(422, "INVALID_REQUEST");
    shop.act(&id, "relocate", &moved(&json!(0))).problem(422, "INVALID_QUANTITY");
    shop.act(&id, "relocate", &json!({})).problem(400, "INVALID_REQUEST");
}

/// One event of the reservation, one of each position, and the same answer for the same key.
#[test]
fn a_relocation_is_told_once() {
    let (shop, id) = holding_four();
    let path = format!("/v1/reservations/{id}/relocate");
    let request = Request::post(path).key("move").json(&moved(&json!(3)));
    let first = shop.send(&request).ok();
    let again = shop.send(&request).ok();
    assert!(again.is_replayed());
    assert_eq!(first.value(), again.value());
    let changed = shop.events("type=ReservationChanged");
    assert_eq!(changed.len(), 1, "{changed:?}");
    changed[0].shows("payload/change RELOCATED, aggregateVersion 2, payload/lines/1/quantity 3");
    let level = shop.events("type=StockLevelChanged&aggregateId=tea%3Asouth");
    let last = level.last().expect("told");
    last.shows(
        "payload/changeAmount 0, payload/changes/1/bucket reserved, payload/changes/1/after 3",
    );
}

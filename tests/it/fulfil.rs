//! `POST /v1/reservations/{id}/fulfil`.

use onhand_tests::{Answer, Shop, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;

/// Ten at `north`, three at `south`; the returned reservation holds six at `north`, confirmed.
fn six_confirmed() -> (Shop, String) {
    let shop = Shop::open("fulfil");
    shop.receive("tea", "north", 10);
    shop.receive("tea", "south", 3);
    let body = json!({ "orderId": "O-1", "lines": [line("tea", "north", 6)] });
    let id = shop.reserve(&body).expect(201).text("reservationId");
    shop.act(&id, "confirm", &NONE).expect(200);
    (shop, id)
}

fn ship(shop: &Shop, id: &str, quantity: i64) -> Answer {
    shop.act(id, "fulfil", &json!({ "lines": [line("tea", "north", quantity)] }))
}

/// "ships all or part": all.
#[test]
fn a_fulfilment_without_lines_ships_all() {
    let (shop, id) = six_confirmed();
    shop.act(&id, "fulfil", &NONE)
        .ok()
        .shows("status FULFILLED, lines/0/quantity 6, lines/0/fulfilled 6, lines/0/released 0");
    shop.position("tea", "north").shows("onHand 4, available 4, committed 0");
}

/// "ships all or part": part.
#[test]
fn a_fulfilment_may_ship_a_part() {
    let (shop, id) = six_confirmed();
    ship(&shop, &id, 2).ok().shows("status CONFIRMED, lines/0/quantity 6, lines/0/fulfilled 2");
    shop.position("tea", "north").shows("onHand 8, available 4, committed 4");
    ship(&shop, &id, 4).ok().shows("status FULFILLED, lines/0/fulfilled 6");
    shop.position("tea", "north").shows("onHand 4, available 4, committed 0");
}

/// "also straight from ACTIVE".
#[test]
fn an_active_reservation_is_fulfilled_without_being_confirmed() {
    let (shop, _) = six_confirmed();
    let id = shop.hold("tea", "north", 3).text("reservationId");
    ship(&shop, &id, 1).ok().shows("status ACTIVE, lines/0/fulfilled 1");
    shop.position("tea", "north").shows("onHand 9, available 1, reserved 2, committed 6");
    shop.act(&id, "fulfil", &NONE).ok().shows("status FULFILLED");
    shop.position("tea", "north").shows("onHand 7, available 1, reserved 0, committed 6");
}

/// "and from another location than reserved".
#[test]
fn goods_may_be_shipped_from_another_location_than_reserved() {
    let (shop, id) = six_confirmed();
    let from_south = json!({ "lines": [line("tea", "south", 2)] });
    shop.act(&id, "fulfil", &from_south).ok().shows("status CONFIRMED");
    shop.position("tea", "south").shows("onHand 1, available 1");
    shop.position("tea", "north").shows("onHand 10, available 6, committed 4");
    shop.act(&id, "fulfil", &NONE).ok().shows("status FULFILLED");
    shop.position("tea", "north").shows("onHand 6, available 6, committed 0");
}

/// "more than is open: 409 `EXCEEDS_OPEN`".
#[test]
fn more_than_is_open_is_not_shipped() {
    let (shop, id) = six_confirmed();
    ship(&shop, &id, 7).problem(409, "EXCEEDS_OPEN");
    ship(&shop, &id, 4).ok();
    ship(&shop, &id, 3).problem(409, "EXCEEDS_OPEN");
    shop.act(&id, "fulfil", &json!({ "lines": [line("pot", "north", 1)] }))
        .problem_among(&[(409, "EXCEEDS_OPEN"), (404, "UNKNOWN_ITEM")]);
    shop.position("tea", "north").shows("onHand 6, committed 2");
}

/// "not on the shelf: 409 `INSUFFICIENT_STOCK` unless `force` (a fact)".
#[test]
fn what_is_not_on_the_shelf_is_shipped_only_by_force() {
    let shop = Shop::open("fulfil");
    shop.receive("tea", "north", 2);
    let body = json!({ "backorder": "always", "lines": [line("tea", "north", 5)] });
    let id = shop.reserve(&body).expect(201).text("reservationId");
    shop.act(&id, "fulfil", &NONE).problem(409, "INSUFFICIENT_STOCK");
    shop.position("tea", "north").shows("onHand 2, available -3, reserved 5");
    shop.act(&id, "fulfil", &json!({ "force": true })).ok().shows("status FULFILLED");
    shop.position("tea", "north").shows("onHand -3, available -3, reserved 0, sellable 0");
    assert_eq!(shop.events("type=StockDiscrepancy").len(), 1);
}

#[test]
fn a_backorder_is_shipped_once_the_goods_have_arrived() {
    let shop = Shop::open("fulfil");
    shop.receive("tea", "north", 2);
    let body = json!({ "backorder": "always", "lines": [line("tea", "north", 5)] });
    let id = shop.reserve(&body).expect(201).text("reservationId");
    ship(&shop, &id, 2).ok();
    shop.receive("tea", "north", 3);
    ship(&shop, &id, 3).ok().shows("status FULFILLED");
    shop.position("tea", "north").shows("onHand 0, available 0, reserved 0");
}

/// "same `shipmentId` twice: the first answer".
#[test]
fn the_same_shipment_twice_gets_the_first_answer() {
    let (shop, id) = six_confirmed();
    let shipment = json!({ "shipmentId": "S-1", "lines": [line("tea", "north", 2)] });
    let first = shop.act(&id, "fulfil", &shipment).ok();
    ship(&shop, &id, 1).ok();
    let second = shop.act(&id, "fulfil", &shipment).ok();
    assert_eq!(first.value(), second.value());
    shop.position("tea", "north").shows("onHand 7, committed 3");
    let other = json!({ "shipmentId": "S-2", "lines": [line("tea", "north", 2)] });
    shop.act(&id, "fulfil", &other).ok().shows("lines/0/fulfilled 5");
}

/// "closeRest": the rest is released.
#[test]
fn closing_the_rest_releases_what_is_not_shipped() {
    let (shop, id) = six_confirmed();
    let body = json!({ "closeRest": true, "lines": [line("tea", "north", 2)] });
    shop.act(&id, "fulfil", &body)
        .ok()
        .shows("status FULFILLED, lines/0/quantity 6, lines/0/fulfilled 2, lines/0/released 4");
    shop.position("tea", "north").shows("onHand 8, available 8, committed 0");
}

#[test]
fn what_has_ended_is_not_fulfilled() {
    let (shop, id) = six_confirmed();
    shop.act(&id, "cancel", &NONE).ok();
    shop.act(&id, "fulfil", &NONE).problem(409, "INVALID_STATE");
    let shipped = shop.hold("tea", "north", 1).text("reservationId");
    shop.act(&shipped, "fulfil", &NONE).ok();
    ship(&shop, &shipped, 1).problem_among(&[(409, "INVALID_STATE"), (409, "EXCEEDS_OPEN")]);
    shop.position("tea", "north").shows("onHand 9, available 9");
}

#[test]
fn a_malformed_fulfilment_is_refused() {
    let (shop, id) = six_confirmed();
    ship(&shop, &id, 0).problem(422, "INVALID_QUANTITY");
    ship(&shop, &id, -1).problem(422, "INVALID_QUANTITY");
    let no_item = json!({ "lines": [{ "locationId": "north", "quantity": 1 }] });
    shop.act(&id, "fulfil", &no_item).problem(400, "INVALID_REQUEST");
    shop.position("tea", "north").shows("onHand 10");
}

#[test]
fn each_shipment_is_told() {
    let (shop, id) = six_confirmed();
    let shipment = json!({ "shipmentId": "S-1", "lines": [line("tea", "north", 2)] });
    shop.act(&id, "fulfil", &shipment).ok();
    ship(&shop, &id, 4).ok();
    let told = shop.events("type=ReservationFulfilled");
    assert_eq!(told.len(), 2, "{told:?}");
    told[0].shows(&format!(
        "aggregateId {id}, payload/reservationId {id}, payload/orderId O-1, \
         payload/shipmentId S-1, payload/status CONFIRMED, payload/lines/0/itemId tea, \
         payload/lines/0/locationId north, payload/lines/0/quantity 2, \
         payload/lines/0/transactionId present"
    ));
    told[1].shows("payload/status FULFILLED, payload/lines/0/quantity 4");
    let changes = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    changes.last().expect("it is told").shows(
        "payload/changeReason FULFIL, payload/previousQuantity 8, payload/newQuantity 4, \
         payload/orderId O-1",
    );
}

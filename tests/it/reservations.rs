//! `POST /v1/reservations`, and how reservations are read and listed.

use jiff::{Timestamp, ToSpan};
use onhand_tests::{Shop, anywhere, line};
use serde_json::{Value, json};

#[test]
fn a_reservation_holds_stock_and_answers_201() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 10);
    let body = json!({
        "orderId": "O-1", "customerId": "C-1", "localId": "L-1",
        "lines": [line("tea", "north", 3)]
    });
    let before = Timestamp::now();
    let answer = shop.reserve(&body).expect(201);
    answer.shows(
        "reservationId present, orderId O-1, customerId C-1, localId L-1, status ACTIVE, \
         version 1, sequence present, lines/0/itemId tea, lines/0/locationId north, \
         lines/0/quantity 3, lines/0/fulfilled 0, lines/0/released 0, lines/1 none",
    );
    // "ttlSeconds=900"
    let deadline = answer.instant("expiresAt");
    assert!(deadline >= before.saturating_add(899.seconds()).expect("in range"), "{answer:?}");
    let latest = Timestamp::now().saturating_add(901.seconds()).expect("in range");
    assert!(deadline <= latest, "{answer:?}");
    assert!(answer.instant("createdAt") < deadline);
    shop.position("tea", "north").shows("onHand 10, available 7, reserved 3, sellable 7");
    let read = shop.reservation(&answer.text("reservationId"));
    assert_eq!(read.value(), answer.value());
}

/// "`null`: no deadline; 0 or less: 422 `INVALID_REQUEST`".
#[test]
fn a_time_to_live_is_positive_or_null() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 10);
    let order = |ttl: Value| {
        shop.reserve(&json!({ "ttlSeconds": ttl, "lines": [line("tea", "north", 1)] }))
    };
    order(json!(null)).expect(201).shows("expiresAt none, status ACTIVE");
    order(json!(0)).problem(422, "INVALID_REQUEST");
    order(json!(-5)).problem(422, "INVALID_REQUEST");
    order(json!("soon")).problem_among(&[(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")]);
    let short = order(json!(30)).expect(201);
    let deadline = short.instant("expiresAt");
    assert!(deadline <= Timestamp::now().saturating_add(31.seconds()).expect("in range"));
    shop.position("tea", "north").shows("reserved 2");
}

/// "409 `INSUFFICIENT_STOCK` with `shortages:[…]`; nothing is held."
#[test]
fn nothing_is_held_when_one_line_is_short() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 10);
    shop.receive("pot", "north", 1);
    shop.receive("cup", "north", 2);
    let lines = [line("tea", "north", 5), line("pot", "north", 2), anywhere("cup", 3)];
    let problem = shop.reserve(&json!({ "lines": lines })).problem(409, "INSUFFICIENT_STOCK");
    let mut shortages = problem.list("shortages");
    shortages.sort_by_key(|shortage| shortage.text("itemId"));
    assert_eq!(shortages.len(), 2, "{problem:?}");
    shortages[0].shows("itemId cup, locationId none, requested 3, sellable 2");
    shortages[1].shows("itemId pot, locationId north, requested 2, sellable 1");
    for (item, quantity) in [("tea", 10), ("pot", 1), ("cup", 2)] {
        let untouched = format!("available {quantity}, reserved 0, version 1");
        shop.position(item, "north").shows(&untouched);
    }
    assert!(shop.pages("/v1/reservations").is_empty());
}

#[test]
fn lines_for_the_same_position_are_summed_first() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 10);
    let twice = |quantity: i64| {
        let lines = [line("tea", "north", quantity), line("tea", "north", quantity)];
        shop.reserve(&json!({ "lines": lines }))
    };
    twice(6).problem(409, "INSUFFICIENT_STOCK").shows("shortages/0/sellable 10");
    twice(5).expect(201);
    shop.position("tea", "north").shows("available 0, reserved 10");
}

#[test]
fn safety_stock_is_not_promised() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 10);
    shop.policy("tea", "north", &json!({ "safetyStock": 3 }));
    shop.reserve(&json!({ "lines": [line("tea", "north", 8)] }))
        .problem(409, "INSUFFICIENT_STOCK")
        .shows("shortages/0/requested 8, shortages/0/sellable 7");
    shop.hold("tea", "north", 7);
    shop.position("tea", "north").shows("available 3, sellable 0");
}

#[test]
fn an_order_of_many_lines_is_one_record() {
    let shop = Shop::open("reservations");
    let items: Vec<String> = (0..50).map(|number| format!("item-{number}")).collect();
    for item in &items {
        shop.receive(item, "north", 1);
    }
    let lines: Vec<Value> = items.iter().map(|item| line(item, "north", 1)).collect();
    let answer = shop.hold_lines(&lines);
    assert_eq!(answer.list("lines").len(), 50);
    for item in &items {
        let position = shop.position(item, "north");
        assert_eq!(position.number("sequence"), answer.number("sequence"), "{position}");
    }
}

/// "`allowPartial`": what is there is held.
#[test]
fn a_partial_hold_takes_what_there_is() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 4);
    shop.receive("pot", "north", 9);
    let lines = [line("tea", "north", 10), line("pot", "north", 2)];
    let answer = shop.reserve(&json!({ "allowPartial": true, "lines": lines })).expect(201);
    for held in answer.list("lines") {
        let quantity = if held.text("itemId") == "tea" { 4 } else { 2 };
        held.shows(&format!("quantity {quantity}, fulfilled 0, released 0"));
    }
    shop.position("tea", "north").shows("available 0, reserved 4");
}

/// "A partial hold of nothing: 409".
#[test]
fn a_partial_hold_of_nothing_is_refused() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 4);
    shop.hold("tea", "north", 4);
    shop.reserve(&json!({ "allowPartial": true, "lines": [line("tea", "north", 1)] }))
        .problem(409, "INSUFFICIENT_STOCK");
}

/// "An item never heard of: 404 `UNKNOWN_ITEM`."
#[test]
fn an_item_never_heard_of_is_unknown() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 4);
    for lines in [vec![anywhere("ghost", 1)], vec![line("tea", "north", 1), anywhere("ghost", 1)]] {
        shop.reserve(&json!({ "lines": lines })).problem(404, "UNKNOWN_ITEM");
    }
    shop.position("tea", "north").shows("reserved 0");
}

#[test]
fn a_malformed_reservation_is_refused() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 4);
    let request = [(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")];
    let check = |body: Value, allowed: &[(u16, &str)]| {
        shop.reserve(&body).problem_among(allowed);
    };
    check(json!({}), &request);
    check(json!({ "lines": [] }), &request);
    check(json!({ "lines": "tea" }), &request);
    check(json!({ "lines": [{ "itemId": "tea" }] }), &request);
    check(json!({ "lines": [{ "quantity": 1 }] }), &request);
    check(json!({ "backorder": "maybe", "lines": [anywhere("tea", 1)] }), &request);
    check(json!({ "lines": [anywhere("tea", 0)] }), &[(422, "INVALID_QUANTITY")]);
    check(json!({ "lines": [anywhere("tea", -1)] }), &[(422, "INVALID_QUANTITY")]);
    let order = json!({ "orderId": "x".repeat(129), "lines": [anywhere("tea", 1)] });
    check(order, &[(422, "INVALID_ID")]);
    shop.position("tea", "north").shows("reserved 0, version 1");
}

/// "1,000 lines per reservation … over it 413 or 422 `LIMIT_EXCEEDED` with the limit in the text".
#[test]
fn a_reservation_has_at_most_a_thousand_lines() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 1_000);
    let order = |count: usize| json!({ "lines": vec![line("tea", "north", 1); count] });
    let limit = [(413, "LIMIT_EXCEEDED"), (422, "LIMIT_EXCEEDED")];
    let problem = shop.reserve(&order(1_001)).problem_among(&limit);
    let detail = problem.text("detail").replace([',', '_', '.', ' '], "");
    assert!(detail.contains("1000"), "the limit is not named: {detail}");
    shop.position("tea", "north").shows("reserved 0");
    shop.reserve(&order(1_000)).expect(201);
    shop.position("tea", "north").shows("reserved 1000");
}

#[test]
fn an_unknown_reservation_is_unknown() {
    let shop = Shop::open("reservations");
    shop.get("/v1/reservations/nothing").problem(404, "UNKNOWN_RESERVATION");
    for verb in ["confirm", "cancel", "fulfil"] {
        shop.act("nothing", verb, &json!(null)).problem(404, "UNKNOWN_RESERVATION");
    }
    shop.act("nothing", "extend", &json!({ "ttlSeconds": 5 })).problem(404, "UNKNOWN_RESERVATION");
    let lines = json!({ "lines": [line("tea", "north", 1)] });
    shop.act("nothing", "lines", &lines).problem(404, "UNKNOWN_RESERVATION");
}

/// "without `orderId` only open ones".
#[test]
fn open_reservations_are_listed_by_status_item_location_and_customer() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 10);
    shop.receive("tea", "south", 10);
    shop.receive("pot", "north", 10);
    let make = |order: &str, customer: &str, line: Value| {
        let body = json!({ "orderId": order, "customerId": customer, "lines": [line] });
        shop.reserve(&body).expect(201).text("reservationId")
    };
    make("A", "ann", line("tea", "north", 1));
    let b = make("B", "bob", line("tea", "south", 1));
    let c = make("C", "ann", line("pot", "north", 1));
    let d = make("D", "bob", line("pot", "north", 1));
    make("A", "ann", line("pot", "north", 1));
    shop.act(&b, "confirm", &json!(null)).ok();
    shop.act(&c, "cancel", &json!(null)).ok();
    shop.act(&d, "fulfil", &json!({})).ok();
    let listed = |query: &str| {
        let found = shop.pages(&format!("/v1/reservations?{query}"));
        let mut orders: Vec<String> = found.iter().map(|entry| entry.text("orderId")).collect();
        orders.sort();
        orders.join("")
    };
    assert_eq!(listed("limit=2"), "AAB");
    assert_eq!(listed("status=ACTIVE"), "AA");
    assert_eq!(listed("status=CONFIRMED"), "B");
    assert_eq!(listed("itemId=tea"), "AB");
    assert_eq!(listed("locationId=south"), "B");
    assert_eq!(listed("customerId=ann"), "AA");
    assert_eq!(listed("customerId=ann&itemId=pot"), "A");
    assert_eq!(listed("orderId=A"), "AA");
    assert_eq!(listed("orderId=C"), "C", "with an order also those that have ended");
    assert_eq!(listed("orderId=D"), "D");
    assert_eq!(listed("orderId=C&status=ACTIVE"), "");
}

#[test]
fn a_reservation_is_told_with_its_lines() {
    let shop = Shop::open("reservations");
    shop.receive("tea", "north", 10);
    let body = json!({ "orderId": "O-1", "customerId": "C-1", "lines": [line("tea", "north", 3)] });
    let answer = shop.reserve(&body).expect(201);
    let id = answer.text("reservationId");
    let told = shop.events("type=ReservationCreated");
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].shows(&format!(
        "aggregateType Reservation, aggregateId {id}, aggregateVersion 1, \
         payload/reservationId {id}, payload/orderId O-1, payload/customerId C-1, \
         payload/lines/0/itemId tea, payload/lines/0/locationId north, payload/lines/0/quantity 3"
    ));
    assert_eq!(told[0].instant("payload/expiresAt"), answer.instant("expiresAt"));
    let changes = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    changes[1].shows("payload/changeAmount 0, payload/changeReason RESERVE, payload/available 7");
}

//! `Idempotency-Key`.

use std::thread;

use onhand_tests::{Answer, Request, Server, Shop, at, line};
use serde_json::{Value, json};

fn keyed(shop: &Shop, key: &str, path: &str, body: &Value) -> Answer {
    shop.send(&Request::post(path).key(key).json(body))
}

fn receive(shop: &Shop, key: &str, quantity: Value) -> Answer {
    keyed(shop, key, "/v1/stock/receipts", &at("tea", "north", &json!({ "quantity": quantity })))
}

fn order(quantity: i64) -> Value {
    json!({ "lines": [line("tea", "north", quantity)] })
}

#[track_caller]
fn same(first: &Answer, second: &Answer) {
    assert!(!first.is_replayed(), "{first:?}");
    assert!(second.is_replayed(), "{second:?}");
    assert_eq!(first.status(), second.status());
    assert_eq!(first.value(), second.value());
    assert_eq!(first.header("content-type"), second.header("content-type"));
}

/// "Same key + same command …: the first answer again … with `Idempotency-Replayed: true` and the
/// figures of then."
#[test]
fn a_repeated_write_is_acted_on_once_and_answered_with_the_figures_of_then() {
    let shop = Shop::open("keys");
    let first = receive(&shop, "K", json!(5)).ok();
    shop.receive("tea", "north", 7);
    same(&first, &receive(&shop, "K", json!(5)));
    shop.position("tea", "north").shows("onHand 12");
}

#[test]
fn every_kind_of_write_takes_a_key() {
    let shop = Shop::open("keys");
    shop.receive("tea", "north", 100);
    let twice = |request: Request| {
        let first = shop.send(&request).ok();
        same(&first, &shop.send(&request));
        first
    };
    let post = |key: &str, path: &str, body: Value| Request::post(path).key(key).json(&body);
    let tea = |rest: Value| at("tea", "north", &rest);
    twice(Request::put("/v1/items/pot").key("item").json(&json!({ "name": "Pot" })));
    twice(Request::put("/v1/locations/south").key("location").json(&json!({})));
    twice(
        Request::put("/v1/positions/tea/north/policy")
            .key("policy")
            .json(&json!({ "minStock": 1 })),
    );
    twice(Request::new("DELETE", "/v1/items/pot").key("archive"));
    twice(post("sale", "/v1/stock/sales", tea(json!({ "quantity": 1 }))));
    twice(post("count", "/v1/stock/counts", tea(json!({ "counted": 90 }))));
    let fields = json!({ "delta": 1, "reason": "x" });
    twice(post("adjustment", "/v1/stock/adjustments", tea(fields)));
    let fields = json!({ "quantity": 1, "from": "available", "to": "damaged", "reason": "x" });
    twice(post("move", "/v1/stock/moves", tea(fields)));
    let fields = json!({ "quantity": 1, "condition": "good" });
    twice(post("return", "/v1/stock/returns", tea(fields)));
    let transfer = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": 4 });
    let transfer = twice(post("transfer", "/v1/stock/transfers", transfer)).text("transferId");
    let path = format!("/v1/stock/transfers/{transfer}/receive");
    twice(post("receive", &path, json!({ "quantity": 1 })));
    let id = twice(post("reserve", "/v1/reservations", order(6))).text("reservationId");
    let path = |verb: &str| format!("/v1/reservations/{id}/{verb}");
    twice(post("extend", &path("extend"), json!({ "ttlSeconds": 60 })));
    twice(post("lines", &path("lines"), order(5)));
    twice(post("confirm", &path("confirm"), json!({})));
    twice(post("fulfil", &path("fulfil"), order(1)));
    twice(post("cancel", &path("cancel"), order(1)));
    shop.position("tea", "north").shows("onHand 87, available 83, committed 3, damaged 1");
    shop.position("tea", "south").shows("onHand 1, inTransit 3");
}

/// "(after parsing)": how a body is written does not matter, nor whether a default is spelled out.
#[test]
fn the_same_command_may_be_written_otherwise() {
    let shop = Shop::open("keys");
    let send = |key: &str, path: &str, body: &str| {
        shop.send(&Request::post(path).key(key).raw("application/json", body))
    };
    let first = receive(&shop, "R", json!(2)).ok();
    for body in [
        r#"{"quantity":"2","locationId":"north","itemId":"tea"}"#,
        r#"{ "itemId": "tea", "locationId": "north", "quantity": 2.000 }"#,
        r#"{"itemId":"\u0074ea","locationId":"north","quantity":0.2e1}"#,
    ] {
        same(&first, &send("R", "/v1/stock/receipts", body));
    }
    let first = keyed(&shop, "O", "/v1/reservations", &order(1)).expect(201);
    let spelled = r#"{"ttlSeconds":900,"allowPartial":false,"backorder":"policy",
        "lines":[{"itemId":"tea","quantity":"1","locationId":"north"}]}"#;
    same(&first, &send("O", "/v1/reservations", spelled));
    shop.position("tea", "north").shows("onHand 2, reserved 1");
}

/// "Same key + other command: 422 `IDEMPOTENCY_KEY_REUSED`."
#[test]
fn a_key_is_not_used_for_another_command() {
    let shop = Shop::open("keys");
    let first = receive(&shop, "K", json!(5)).ok();
    receive(&shop, "K", json!(6)).problem(422, "IDEMPOTENCY_KEY_REUSED");
    keyed(&shop, "K", "/v1/reservations", &order(1)).problem(422, "IDEMPOTENCY_KEY_REUSED");
    let body = at("tea", "north", &json!({ "quantity": 5 }));
    keyed(&shop, "K", "/v1/stock/sales", &body).problem(422, "IDEMPOTENCY_KEY_REUSED");
    same(&first, &receive(&shop, "K", json!(5)));
    shop.position("tea", "north").shows("onHand 5, reserved 0, version 1");
}

#[test]
fn the_same_step_of_two_reservations_is_another_command() {
    let shop = Shop::open("keys");
    shop.receive("tea", "north", 5);
    let first = shop.hold("tea", "north", 1).text("reservationId");
    let second = shop.hold("tea", "north", 1).text("reservationId");
    let confirm =
        |id: &str| keyed(&shop, "K", &format!("/v1/reservations/{id}/confirm"), &json!({}));
    confirm(&first).expect(200);
    confirm(&second).problem(422, "IDEMPOTENCY_KEY_REUSED");
}

/// "one name space per tenant".
#[test]
fn tenants_have_keys_of_their_own() {
    let (ours, theirs) = (Shop::open("keys"), Shop::open("keys"));
    receive(&ours, "K", json!(5)).ok();
    let other = receive(&theirs, "K", json!(6)).ok();
    assert!(!other.is_replayed(), "{other:?}");
}

/// "rejections included".
#[test]
fn a_refusal_of_the_writer_binds_the_key() {
    let shop = Shop::open("keys");
    shop.receive("tea", "north", 1);
    let first = keyed(&shop, "K", "/v1/reservations", &order(2));
    let first = first.problem(409, "INSUFFICIENT_STOCK");
    let ghost = json!({ "lines": [line("ghost", "north", 1)] });
    let unknown = keyed(&shop, "G", "/v1/reservations", &ghost).problem(404, "UNKNOWN_ITEM");
    let lost = keyed(&shop, "L", "/v1/reservations/nothing/confirm", &json!({}));
    let lost = lost.problem(404, "UNKNOWN_RESERVATION");
    shop.receive("tea", "north", 9);
    shop.receive("ghost", "north", 9);
    same(&first, &keyed(&shop, "K", "/v1/reservations", &order(2)));
    same(&unknown, &keyed(&shop, "G", "/v1/reservations", &ghost));
    same(&lost, &keyed(&shop, "L", "/v1/reservations/nothing/confirm", &json!({})));
    keyed(&shop, "K", "/v1/reservations", &order(1)).problem(422, "IDEMPOTENCY_KEY_REUSED");
    keyed(&shop, "fresh", "/v1/reservations", &order(2)).expect(201);
}

/// "400, 413, 429, 500, 503 and the door's 422 (`INVALID_…`, `LIMIT_EXCEEDED`) do not" bind.
#[test]
fn what_the_door_refuses_does_not_bind_the_key() {
    let shop = Shop::open("keys");
    let receipts = "/v1/stock/receipts";
    let raw = |body: String| Request::post(receipts).key("K").raw("application/json", body);
    shop.send(&raw("{".to_owned())).problem(400, "INVALID_REQUEST");
    keyed(&shop, "K", receipts, &json!({ "itemId": "tea" })).problem(400, "INVALID_REQUEST");
    shop.send(&raw(" ".repeat(1024 * 1024 + 1))).problem(413, "LIMIT_EXCEEDED");
    receive(&shop, "K", json!("0.0000001")).problem(422, "INVALID_QUANTITY");
    keyed(&shop, "K", receipts, &line("a/b", "north", 1)).problem(422, "INVALID_ID");
    let many = json!({ "lines": vec![line("tea", "north", 1); 1_001] });
    keyed(&shop, "K", "/v1/reservations", &many)
        .problem_among(&[(413, "LIMIT_EXCEEDED"), (422, "LIMIT_EXCEEDED")]);
    let first = receive(&shop, "K", json!(5)).ok();
    same(&first, &receive(&shop, "K", json!(5)));
}

/// "The same key twice at once: the second waits for the first one's record."
#[test]
fn the_same_key_many_times_at_once_acts_once() {
    let shop = Shop::open("keys");
    shop.receive("tea", "north", 1_000);
    for round in 0..10 {
        let key = format!("K-{round}");
        let answers: Vec<Answer> = thread::scope(|scope| {
            let send = || {
                let shop = shop.clone();
                let key = &key;
                scope.spawn(move || keyed(&shop, key, "/v1/reservations", &order(1)).expect(201))
            };
            let threads: Vec<_> = (0..16).map(|_| send()).collect();
            threads.into_iter().map(|thread| thread.join().expect("it answers")).collect()
        });
        let first: Vec<&Answer> = answers.iter().filter(|it| !it.is_replayed()).collect();
        assert_eq!(first.len(), 1, "{} answers claim to be the first", first.len());
        assert!(answers.iter().all(|answer| answer.value() == first[0].value()));
    }
    shop.position("tea", "north").shows("reserved 10");
}

/// "In a batch entry *i* has the key `K/i`."
#[test]
fn the_entries_of_a_batch_have_keys_of_their_own() {
    let shop = Shop::open("keys");
    let entry = |quantity: i64| {
        let mut entry = line("tea", "north", quantity);
        entry["op"] = json!("receipt");
        entry
    };
    let batch = |entries: Value| keyed(&shop, "B", "/v1/stock:batch", &entries).expect(200);
    let first = batch(json!([entry(1), entry(2)]));
    let again = batch(json!([entry(1), entry(2)]));
    assert_eq!(first.value(), again.value());
    shop.position("tea", "north").shows("onHand 3");
    batch(json!([entry(1), entry(9), entry(4)])).shows(
        "results/0/answer/position/onHand 1, results/1/status 422, \
         results/1/problem/code IDEMPOTENCY_KEY_REUSED, results/2/answer/position/onHand 7",
    );
    keyed(&shop, "B/2", "/v1/reservations", &order(1)).problem(422, "IDEMPOTENCY_KEY_REUSED");
    keyed(&shop, "B/3", "/v1/reservations", &order(1)).expect(201);
}

#[test]
fn the_reservations_of_a_batch_have_keys_of_their_own() {
    let shop = Shop::open("keys");
    shop.receive("tea", "north", 5);
    let send = || {
        let orders = json!([order(2), order(9), order(3)]);
        keyed(&shop, "B", "/v1/reservations:batch", &orders).expect(200)
    };
    let first = send();
    first.shows("succeeded 2, failed 1, results/1/problem/code INSUFFICIENT_STOCK");
    shop.receive("tea", "north", 50);
    assert_eq!(first.value(), send().value());
    shop.position("tea", "north").shows("reserved 5");
}

#[test]
fn keys_and_their_answers_outlive_the_server() {
    let mut server = Server::start();
    let shop = server.shop("keys");
    let received = receive(&shop, "R", json!(5)).ok();
    let reserved = keyed(&shop, "O", "/v1/reservations", &order(2)).expect(201);
    let refused = keyed(&shop, "X", "/v1/reservations", &order(9));
    let refused = refused.problem(409, "INSUFFICIENT_STOCK");
    let entries = json!([order(1), order(9)]);
    let batch = keyed(&shop, "B", "/v1/reservations:batch", &entries).expect(200);
    server.kill();
    for _ in 0..2 {
        server.restart();
        let shop = server.shop("keys");
        same(&received, &receive(&shop, "R", json!(5)));
        same(&reserved, &keyed(&shop, "O", "/v1/reservations", &order(2)));
        same(&refused, &keyed(&shop, "X", "/v1/reservations", &order(9)));
        let again = keyed(&shop, "B", "/v1/reservations:batch", &entries).expect(200);
        assert_eq!(batch.value(), again.value());
        receive(&shop, "O", json!(5)).problem(422, "IDEMPOTENCY_KEY_REUSED");
        shop.position("tea", "north").shows("onHand 5, reserved 3");
        // The second time from a checkpoint, in good order.
        assert_eq!(server.stop().code, Some(0));
    }
}

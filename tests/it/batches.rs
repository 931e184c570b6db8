//! `POST /v1/stock:batch` and `POST /v1/reservations:batch`.

use onhand_tests::{Request, Shop, line};
use serde_json::{Value, json};

fn entry(op: &str, fields: Value) -> Value {
    let mut entry = onhand_tests::at("tea", "north", &fields);
    entry["op"] = json!(op);
    entry
}

/// "one result per entry, in order (`status` = HTTP code of the entry)".
#[test]
fn a_stock_batch_answers_each_entry_in_order() {
    let shop = Shop::open("batches");
    let entries = json!([
        entry("receipt", json!({ "quantity": 10 })),
        entry("adjustment", json!({ "delta": -20, "reason": "lost" })),
        entry("sale", json!({ "quantity": 3 })),
        entry("receipt", json!({ "quantity": 0 })),
        entry("count", json!({ "counted": 6 })),
    ]);
    let answer = shop.post("/v1/stock:batch", &entries).expect(200);
    answer.shows(
        "succeeded 3, failed 2, results/0/answer/position/onHand 10, results/0/problem none, \
         results/1/status 409, results/1/problem/code INSUFFICIENT_STOCK, results/1/answer none, \
         results/2/answer/position/onHand 7, results/3/status 422, \
         results/3/problem/code INVALID_QUANTITY, results/4/answer/position/onHand 6",
    );
    assert_eq!(answer.list("results").len(), 5);
    shop.position("tea", "north").shows("onHand 6, version 3");
}

/// "`op` = the path in the singular".
#[test]
fn a_stock_batch_knows_every_operation() {
    let shop = Shop::open("batches");
    let entries = json!([
        entry("receipt", json!({ "quantity": 10 })),
        entry("adjustment", json!({ "delta": 1, "reason": "found" })),
        entry("move", json!({ "quantity": 1, "from": "available", "to": "damaged", "reason": "x" })),
        entry("sale", json!({ "quantity": 1 })),
        entry("return", json!({ "quantity": 1, "condition": "good" })),
        entry("count", json!({ "counted": 12 })),
        { "op": "transfer", "itemId": "tea", "from": "north", "to": "south", "quantity": 2 },
    ]);
    shop.post("/v1/stock:batch", &entries).expect(200).shows("succeeded 7, failed 0");
    shop.position("tea", "north").shows("onHand 10, available 9, damaged 1");
    shop.position("tea", "south").shows("inTransit 2");
}

#[test]
fn an_entry_with_an_unknown_operation_fails_alone() {
    let shop = Shop::open("batches");
    let entries = json!([
        entry("teleport", json!({ "quantity": 1 })),
        { "itemId": "tea", "locationId": "north", "quantity": 1 },
        entry("receipt", json!({ "locationId": 7, "quantity": 1 })),
        entry("receipt", json!({ "quantity": 1 })),
    ]);
    let answer = shop.post("/v1/stock:batch", &entries).expect(200);
    answer.shows(
        "succeeded 1, failed 3, results/0/problem/code INVALID_REQUEST, \
         results/1/problem/code INVALID_REQUEST, results/2/problem/code INVALID_REQUEST",
    );
    shop.position("tea", "north").shows("onHand 1");
}

#[test]
fn a_stock_batch_may_be_ndjson() {
    let shop = Shop::open("batches");
    let receipt = entry("receipt", json!({ "quantity": 2 }));
    let sale = entry("sale", json!({ "quantity": 1 }));
    for end in ["", "\n"] {
        let body = format!("{receipt}\n{sale}{end}");
        let request = Request::post("/v1/stock:batch").raw("application/x-ndjson", body);
        let answer = shop.send(&request).expect(200);
        answer.shows("succeeded 2, failed 0");
    }
    shop.position("tea", "north").shows("onHand 2");
}

/// "array of independent reservations".
#[test]
fn reservations_of_a_batch_are_independent() {
    let shop = Shop::open("batches");
    shop.receive("tea", "north", 5);
    let order = |quantity: i64| json!({ "lines": [line("tea", "north", quantity)] });
    let entries = json!([order(3), order(3), { "lines": [line("ghost", "north", 1)] }, order(2)]);
    let answer = shop.post("/v1/reservations:batch", &entries).expect(200);
    answer.shows(
        "succeeded 2, failed 2, results/0/status 201, results/0/answer/status ACTIVE, \
         results/0/answer/lines/0/quantity 3, results/1/status 409, \
         results/1/problem/code INSUFFICIENT_STOCK, results/1/problem/shortages/0/sellable 2, \
         results/2/status 404, results/2/problem/code UNKNOWN_ITEM, results/3/status 201",
    );
    shop.position("tea", "north").shows("available 0, reserved 5");
    shop.reservation(&answer.text("results/3/answer/reservationId")).shows("lines/0/quantity 2");
}

#[test]
fn thousands_of_entries_are_taken_in_one_call() {
    let shop = Shop::open("batches");
    let receipt = entry("receipt", json!({ "quantity": 1 }));
    let answer = shop.post("/v1/stock:batch", &Value::from(vec![receipt; 10_000])).expect(200);
    answer.shows("succeeded 10000, failed 0, results/9999/answer/position/onHand 10000");
    let order = json!({ "lines": [line("tea", "north", 1)] });
    let orders = Value::from(vec![order; 10_000]);
    shop.post("/v1/reservations:batch", &orders).expect(200).shows("succeeded 10000, failed 0");
    shop.position("tea", "north").shows("available 0, reserved 10000");
}

/// "10,000 entries per batch; over it 413 or 422 `LIMIT_EXCEEDED` with the limit in the text".
#[test]
fn more_than_ten_thousand_entries_are_refused_as_a_whole() {
    let shop = Shop::open("batches");
    let receipt = entry("receipt", json!({ "quantity": 1 }));
    let problem = shop
        .post("/v1/stock:batch", &Value::from(vec![receipt; 10_001]))
        .problem_among(&[(413, "LIMIT_EXCEEDED"), (422, "LIMIT_EXCEEDED")]);
    let detail = problem.text("detail").replace([',', '_', '.', ' '], "");
    assert!(detail.contains("10000"), "the limit is not named: {detail}");
    shop.get("/v1/positions/tea/north").problem(404, "UNKNOWN_POSITION");
}

#[test]
fn a_batch_that_is_no_list_is_refused() {
    let shop = Shop::open("batches");
    for path in ["/v1/stock:batch", "/v1/reservations:batch"] {
        shop.post(path, &json!({ "op": "receipt" })).problem(400, "INVALID_REQUEST");
        shop.post(path, &json!("receipt")).problem(400, "INVALID_REQUEST");
    }
}

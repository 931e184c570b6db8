//! `POST /v1/stock/reversals`.

use std::fs;
use std::thread;

use onhand_tests::{Answer, Request, Server, Shop, at};
use serde_json::{Value, json};

fn reverse(shop: &Shop, transaction: &str) -> Answer {
    shop.stock("reversals", &json!({ "transactionId": transaction, "reason": "mistyped" }))
}

/// "undoes one movement by its opposite …; twice: 409 `ALREADY_REVERSED`".
#[test]
fn movements_are_undone_once() {
    let shop = Shop::open("reversals");
    shop.receive("tea", "north", 10);
    let fields = |rest: Value| at("tea", "north", &rest);
    for (kind, body) in [
        ("receipts", fields(json!({ "quantity": 5 }))),
        ("sales", fields(json!({ "quantity": 5 }))),
        ("sales", fields(json!({ "quantity": 15 }))),
        ("adjustments", fields(json!({ "delta": -3, "reason": "broken" }))),
        ("adjustments", fields(json!({ "setTo": 4, "reason": "counted" }))),
        (
            "moves",
            fields(json!({ "quantity": 2, "from": "available", "to": "damaged", "reason": "-" })),
        ),
        ("counts", fields(json!({ "counted": 12 }))),
        ("returns", fields(json!({ "quantity": 1, "condition": "damaged" }))),
    ] {
        let booked = shop.stock(kind, &body).ok().text("transactionId");
        let undone = reverse(&shop, &booked).ok();
        undone.shows("position/onHand 10, position/available 10, position/damaged 0");
        let refused = reverse(&shop, &booked).problem(409, "ALREADY_REVERSED");
        assert_eq!(refused.text("transactionId"), undone.text("transactionId"));
        reverse(&shop, &undone.text("transactionId")).problem(409, "INVALID_STATE");
    }
    let level = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    let reversals = level.iter().filter(|event| event.text("payload/changeReason") == "REVERSAL");
    assert_eq!(reversals.count(), 8);
}

#[test]
fn what_cannot_be_reversed_says_what_undoes_it() {
    let shop = Shop::open("reversals");
    shop.receive("tea", "north", 10);
    let receipt = shop.receive("pot", "north", 5).text("transactionId");
    shop.sell("pot", "north", 1);
    reverse(&shop, &receipt).problem(409, "INSUFFICIENT_STOCK").shows("shortages/0/sellable 4");
    let count = shop.count("tea", "north", 10).text("transactionId");
    reverse(&shop, &count).problem(409, "INVALID_STATE");
    let transfer = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": 1 });
    let transfer = shop.stock("transfers", &transfer).ok().text("transactionId");
    reverse(&shop, &transfer).problem(409, "INVALID_STATE").shows("type TRANSFER_OUT");
    let held = shop.hold("tea", "north", 1).number("sequence");
    reverse(&shop, &format!("txn-1-{held}-0")).problem(409, "INVALID_STATE").shows("type RESERVE");
    for unknown in ["txn-1-999999999-0", &format!("{receipt}7"), "nonsense", "txn-2-1-0"] {
        reverse(&shop, unknown).problem(404, "UNKNOWN_TRANSACTION");
    }
    let other = Shop::open("reversals");
    other.receive("tea", "north", 1);
    reverse(&other, &receipt).problem(404, "UNKNOWN_TRANSACTION");
    shop.stock("reversals", &json!({ "reason": "-" })).problem(400, "INVALID_REQUEST");
    shop.stock("reversals", &json!({ "transactionId": receipt })).problem(400, "INVALID_REQUEST");
}

#[test]
fn a_key_answers_again_and_a_batch_reverses_too() {
    let shop = Shop::open("reversals");
    let receipt = shop.receive("tea", "north", 5).text("transactionId");
    let body = json!({ "transactionId": receipt, "reason": "mistyped" });
    let request = Request::post("/v1/stock/reversals").key("K").json(&body);
    let first = shop.send(&request).ok();
    let again = shop.send(&request).ok();
    assert!(again.is_replayed());
    assert_eq!(first.value(), again.value());
    let sale = shop.sell("tea", "north", 2).text("transactionId");
    let entry = |id: &str| json!({ "op": "reversal", "transactionId": id, "reason": "-" });
    let batch = shop.post("/v1/stock:batch", &json!([entry(&sale), entry(&sale)])).expect(200);
    batch.shows("succeeded 1, failed 1, results/0/answer/position/onHand 0");
    batch.shows("results/1/status 409, results/1/problem/code ALREADY_REVERSED");
}

/// Exact after memory forgot it, after a restart, and after the index was lost; also when many race.
#[test]
fn of_many_that_race_one_acts_also_after_a_restart() {
    let mut server =
        Server::start_with(&[("ONHAND_ENDED_KEPT", "1s"), ("ONHAND_CHECKPOINT_RECORDS", "50")]);
    let shop = server.shop("reversals");
    let sales: Vec<_> =
        (0..20).map(|_| shop.sell("tea", "north", 1).text("transactionId")).collect();
    for (round, sale) in sales.iter().enumerate() {
        if round == 10 {
            server.kill();
            server.restart();
        }
        let shop = server.shop("reversals");
        let statuses: Vec<_> = thread::scope(|scope| {
            let all: Vec<_> =
                (0..4).map(|_| scope.spawn(|| reverse(&shop.clone(), sale).status())).collect();
            all.into_iter().map(|one| one.join().expect("answered")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 3, "{statuses:?}");
    }
    assert_eq!(server.stop().code, Some(0));
    fs::remove_dir_all(server.data().join("index")).expect("can be deleted");
    server.restart();
    let shop = server.shop("reversals");
    for sale in &sales {
        reverse(&shop, sale).problem(409, "ALREADY_REVERSED");
    }
    shop.position("tea", "north").shows("onHand 0, available 0");
}

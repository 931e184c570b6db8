//! "Every queue … has a stated limit and a stated behaviour at it."

use std::thread;

use onhand_tests::{Request, Server, Stream};
use serde_json::{Value, json};

/// "Overload 429 `OVERLOADED` with `Retry-After`": whether or not it comes to that, what was
/// refused was not done and what was accepted was.
#[test]
fn what_is_refused_under_overload_was_not_done() {
    let server = Server::start_with(&[("ONHAND_PERMITS", "2048")]);
    let shop = server.shop("overload");
    shop.receive("tea", "north", 1);
    let entry = json!({ "op": "receipt", "itemId": "tea", "locationId": "north", "quantity": 1 });
    let batch = Request::post("/v1/stock:batch").json(&Value::from(vec![entry; 5_000]));
    let received: u64 = thread::scope(|scope| {
        let clients: Vec<_> = (0..12)
            .map(|_| {
                let (shop, batch) = (shop.clone(), &batch);
                scope.spawn(move || {
                    let answer = shop.send(batch);
                    if answer.status() == 429 {
                        let refused = answer.problem(429, "OVERLOADED");
                        assert!(refused.header("retry-after").is_some(), "{refused:?}");
                        return 0;
                    }
                    let answer = answer.expect(200);
                    let results = answer.list("results");
                    let failed = results.iter().filter(|it| it.has("problem"));
                    for entry in failed {
                        entry.shows("status 429, problem/code OVERLOADED");
                    }
                    answer.number("succeeded")
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("a client ends")).sum()
    });
    shop.position("tea", "north").shows(&format!("onHand {}", received + 1));
    shop.receive("tea", "north", 1).shows(&format!("position/onHand {}", received + 2));
}

#[test]
fn one_stream_too_many_is_refused() {
    let server = Server::start_with(&[("ONHAND_HTTP_STREAMS_MAX", "2")]);
    let shop = server.shop("streams");
    shop.receive("tea", "north", 1);
    let mut first = Stream::open(&shop, "", None);
    first.take(1);
    let _second = Stream::open(&shop, "", None);
    let refused = shop.get("/v1/events/stream").problem(429, "OVERLOADED");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    first.take(1);
}

#[test]
fn one_connection_too_many_is_refused_and_the_others_go_on() {
    let server =
        Server::start_with(&[("ONHAND_HTTP_CONNECTIONS_MAX", "4"), ("ONHAND_HTTP_THREADS", "1")]);
    let shop = server.shop("connections");
    shop.receive("tea", "north", 1);
    let others: Vec<_> = (0..8).map(|_| shop.clone()).collect();
    let refused = others.iter().filter(|other| {
        match other.try_send(&Request::get("/v1/positions/tea/north")) {
            Ok(answer) if answer.status() == 200 => false,
            Ok(answer) => {
                answer.problem(503, "OVERLOADED");
                true
            }
            Err(_) => true,
        }
    });
    assert_eq!(refused.count(), 5, "three of eight fit beside the first");
    shop.position("tea", "north").shows("onHand 1");
    drop(others);
}

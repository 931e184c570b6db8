//! "kill -9 under load, twelve times: every acknowledged reservation is found, sums agree,
//! idempotency keys still answer the same."

use onhand_tests::{Server, line};
use serde_json::json;

use crate::load::{self, all_are_found, events_have_no_hole, repeat_all, sums_agree};

const KILLS: usize = 12;

/// Small segments and frequent checkpoints, so that kills also meet those.
const RESTLESS: [(&str, &str); 3] = [
    ("ONHAND_SEGMENT_BYTES", "1MiB"),
    ("ONHAND_CHECKPOINT_RECORDS", "300"),
    ("ONHAND_ENDED_KEPT", "1s"),
];

#[test]
fn nothing_acknowledged_is_lost_by_twelve_kills_under_load() {
    let mut server = Server::start_with(&RESTLESS);
    load::stock_up(&server);
    let mut attempts = Vec::new();
    for round in 0..KILLS {
        let mut sent = load::run(&mut server, &round.to_string(), 60 + 37 * round, Server::kill);
        assert!(sent.iter().any(|attempt| attempt.answer.is_none()), "it was killed at rest");
        server.restart();
        let shop = server.shop(load::TENANT);
        repeat_all(&shop, &mut sent);
        all_are_found(&shop, &sent);
        attempts.extend(sent);
        sums_agree(&shop, &attempts);
    }
    let shop = server.shop(load::TENANT);
    repeat_all(&shop, &mut attempts);
    all_are_found(&shop, &attempts);
    sums_agree(&shop, &attempts);
    events_have_no_hole(&shop);
    server.kill();
    let verified = server.verify();
    assert_eq!(verified.code, Some(0), "{}", verified.output);
}

/// "What has ended leaves memory … it is found by its index": after a start in good order nothing
/// of it is in memory.
#[test]
fn reservations_that_have_ended_are_found_after_a_restart() {
    let mut server = Server::start();
    let shop = server.shop("ended");
    shop.receive("tea", "north", 100);
    let mut ended = Vec::new();
    for (number, verb) in ["cancel", "fulfil"].into_iter().cycle().take(20).enumerate() {
        let body = json!({ "orderId": format!("O-{number}"), "lines": [line("tea", "north", 1)] });
        let id = shop.reserve(&body).expect(201).text("reservationId");
        ended.push(shop.act(&id, verb, &json!(null)).expect(200));
    }
    for kill in [false, true, false] {
        if kill {
            server.kill();
        } else {
            assert_eq!(server.stop().code, Some(0));
        }
        server.restart();
        let shop = server.shop("ended");
        for answer in &ended {
            let found = shop.reservation(&answer.text("reservationId"));
            assert_eq!(found.value(), answer.value());
            let path = format!("/v1/reservations?orderId={}", answer.text("orderId"));
            let listed = shop.pages(&path);
            assert_eq!(listed.len(), 1, "{path}: {listed:?}");
            assert_eq!(listed[0].value(), answer.value());
        }
    }
    let shop = server.shop("ended");
    let cancelled = ended[0].text("reservationId");
    shop.act(&cancelled, "cancel", &json!(null)).expect(200).shows("status CANCELLED");
    shop.act(&cancelled, "confirm", &json!(null)).problem(409, "INVALID_STATE");
}

#[test]
fn everything_is_read_back_after_a_kill() {
    let mut server = Server::start();
    let shop = server.shop("all");
    shop.item("tea", &json!({ "name": "Assam", "safetyStock": 1 }));
    shop.location("north", &json!({ "name": "North", "priority": 3 }));
    shop.put("/v1/locations/north/bins/A-1", &json!({ "name": "Shelf" })).ok();
    shop.receive("tea", "north", 20);
    shop.put("/v1/positions/tea/north/bin", &json!({ "binId": "A-1" })).ok();
    shop.policy("tea", "north", &json!({ "minStock": 2, "backorderLimit": "unlimited" }));
    shop.hold("tea", "north", 2);
    let confirmed = shop.hold("tea", "north", 3).text("reservationId");
    shop.act(&confirmed, "confirm", &json!(null)).ok();
    let transfer = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": 4 });
    let transfer = shop.stock("transfers", &transfer).ok().text("transferId");
    let paths = [
        "/v1/items/tea",
        "/v1/locations",
        "/v1/locations/north/bins",
        "/v1/positions",
        "/v1/reservations",
        "/v1/availability?itemId=tea",
        "/v1/events?limit=1000",
    ];
    let read = |server: &Server| {
        let shop = server.shop("all");
        paths.map(|path| shop.get(path).expect(200).value())
    };
    let before = read(&server);
    server.kill();
    server.restart();
    assert_eq!(read(&server), before, "after kill -9");
    assert_eq!(server.stop().code, Some(0));
    server.restart();
    assert_eq!(read(&server), before, "after a stop in good order");
    let path = format!("/v1/stock/transfers/{transfer}/receive");
    let shop = server.shop("all");
    shop.post(&path, &json!({})).ok();
    shop.position("tea", "south").shows("onHand 4, inTransit 0");
}

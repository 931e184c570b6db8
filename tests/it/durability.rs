//! "kill -9 under load, twelve times: every acknowledged reservation is found, sums agree,
//! idempotency keys still answer the same."

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread;

use onhand_tests::{Answer, Figure, Json, Request, Server, Shop, anywhere, line};
use serde_json::{Value, json};

const KILLS: usize = 12;
const CLIENTS: usize = 8;
const ITEMS: usize = 5;
const STOCK: i64 = 1_000_000;

/// Small segments and frequent checkpoints, so that kills also meet those.
const RESTLESS: [(&str, &str); 3] = [
    ("ONHAND_SEGMENT_BYTES", "1MiB"),
    ("ONHAND_CHECKPOINT_RECORDS", "300"),
    ("ONHAND_ENDED_KEPT", "1s"),
];

/// A write that was sent, and its answer when one came.
#[derive(Clone)]
struct Attempt {
    request: Request,
    answer: Option<Answer>,
}

fn item(number: usize) -> String {
    format!("item-{}", number % ITEMS)
}

fn try_send(shop: &Shop, request: Request) -> (Attempt, bool) {
    let sent: io::Result<Answer> = shop.try_send(&request);
    let lost = sent.is_err();
    (Attempt { request, answer: sent.ok() }, lost)
}

/// Reserves, confirms, ships and cancels until the server is gone; tells each acknowledged write.
fn load(shop: &Shop, name: &str, acknowledged: &Sender<()>) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let mut send = |request: Request| {
        let (attempt, lost) = try_send(shop, request);
        let answer = attempt.answer.clone();
        attempts.push(attempt);
        if answer.is_some() {
            acknowledged.send(()).expect("the test listens");
        }
        if lost { None } else { answer }
    };
    for round in 0.. {
        let key = format!("{name}-{round}");
        let lines = [line(&item(round), "north", 1), anywhere(&item(round + 1), 2)];
        let body = json!({ "orderId": key, "lines": lines });
        let order = Request::post("/v1/reservations").key(&key).json(&body);
        let Some(answer) = send(order) else { break };
        let id = answer.expect(201).text("reservationId");
        let (verb, body): (&str, Value) = match round % 4 {
            0 => continue,
            1 => ("confirm", json!({})),
            2 => ("cancel", json!({ "reason": "load" })),
            _ => ("fulfil", json!({ "lines": [line(&item(round), "north", 1)] })),
        };
        let path = format!("/v1/reservations/{id}/{verb}");
        let Some(answer) = send(Request::post(path).key(format!("{key}-{verb}")).json(&body))
        else {
            break;
        };
        answer.expect(200);
    }
    attempts
}

/// Loads the server until it has acknowledged `enough` writes, then kills it.
fn kill_under_load(server: &mut Server, round: usize, enough: usize) -> Vec<Attempt> {
    let shop = server.shop("durable");
    let (acknowledged, heard) = mpsc::channel();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (shop, acknowledged) = (shop.clone(), acknowledged.clone());
                let name = format!("{round}-{client}");
                scope.spawn(move || load(&shop, &name, &acknowledged))
            })
            .collect();
        drop(acknowledged);
        for _ in 0..enough {
            heard.recv().expect("the clients send until the server is killed");
        }
        server.kill();
        let sent = clients.into_iter().map(|client| client.join().expect("a client ends"));
        sent.flatten().collect()
    })
}

/// Every acknowledged write answers the same again, with its key; every other one gets an answer.
fn repeat_all(shop: &Shop, attempts: &mut [Attempt]) {
    for attempt in attempts {
        let again = shop.send(&attempt.request).ok();
        match &attempt.answer {
            Some(first) => {
                assert!(again.is_replayed(), "forgotten: {first:?}");
                assert_eq!(first.value(), again.value());
                assert_eq!(first.status(), again.status());
            }
            None => attempt.answer = Some(again),
        }
    }
}

/// What the last answer about each reservation said is what is found.
fn all_are_found(shop: &Shop, attempts: &[Attempt]) {
    let mut newest: BTreeMap<String, &Answer> = BTreeMap::new();
    for answer in attempts.iter().filter_map(|attempt| attempt.answer.as_ref()) {
        let slot = newest.entry(answer.text("reservationId")).or_insert(answer);
        if answer.number("version") > slot.number("version") {
            *slot = answer;
        }
    }
    for (id, answer) in &newest {
        assert_eq!(shop.reservation(id).value(), answer.value());
    }
}

/// Per item: on hand is what came in less what was shipped; holds are reserved and committed.
fn sums_agree(shop: &Shop, attempts: &[Attempt]) {
    let mut shipped: BTreeMap<String, Figure> = BTreeMap::new();
    let mut held: BTreeMap<String, Figure> = BTreeMap::new();
    let mut found: BTreeMap<String, Json> = BTreeMap::new();
    for answer in attempts.iter().filter_map(|attempt| attempt.answer.as_ref()) {
        let id = answer.text("reservationId");
        found.entry(id.clone()).or_insert_with(|| shop.reservation(&id));
    }
    let sum = |sums: &mut BTreeMap<String, Figure>, line: &Json, figure: Figure| {
        let slot = sums.entry(line.text("itemId")).or_default();
        *slot = *slot + figure;
    };
    for line in found.values().flat_map(|reservation| reservation.list("lines")) {
        let fulfilled = line.figure("fulfilled");
        sum(&mut shipped, &line, fulfilled);
        sum(&mut held, &line, line.figure("quantity") - fulfilled - line.figure("released"));
    }
    for number in 0..ITEMS {
        let position = shop.position(&item(number), "north");
        let of =
            |sums: &BTreeMap<String, Figure>| sums.get(&item(number)).copied().unwrap_or_default();
        let on_hand = Figure::from(STOCK) - of(&shipped);
        assert_eq!(position.figure("onHand"), on_hand, "{position}");
        let holds = position.figure("reserved") + position.figure("committed");
        assert_eq!(holds, of(&held), "{position}");
        assert_eq!(position.figure("available"), on_hand - holds, "{position}");
    }
    let open = shop.pages("/v1/reservations?limit=1000");
    let still_open =
        |entry: &&Json| ["ACTIVE", "CONFIRMED"].contains(&entry.text("status").as_str());
    assert_eq!(open.len(), found.values().filter(still_open).count());
}

/// Versions and sequences of the event log have no hole.
fn events_have_no_hole(shop: &Shop) {
    let mut versions: BTreeMap<String, u64> = BTreeMap::new();
    let mut place = (0, 0);
    for event in shop.events("") {
        let here = (event.number("sequence"), event.number("index"));
        assert!(here > place, "{event} comes after {place:?}");
        place = here;
        let key = format!("{} {}", event.text("aggregateType"), event.text("aggregateId"));
        let version = event.number("aggregateVersion");
        let last = versions.insert(key, version).unwrap_or_default();
        assert!(version == last || version == last + 1, "{event} follows version {last}");
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_twelve_kills_under_load() {
    let mut server = Server::start_with(&RESTLESS);
    for number in 0..ITEMS {
        server.shop("durable").receive(&item(number), "north", STOCK);
    }
    let mut attempts = Vec::new();
    for round in 0..KILLS {
        let mut sent = kill_under_load(&mut server, round, 60 + 37 * round);
        assert!(sent.iter().any(|attempt| attempt.answer.is_none()), "it was killed at rest");
        server.restart();
        let shop = server.shop("durable");
        repeat_all(&shop, &mut sent);
        all_are_found(&shop, &sent);
        attempts.extend(sent);
        sums_agree(&shop, &attempts);
    }
    let shop = server.shop("durable");
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

//! Clients under load, and what must be true of everything they were told once the server is back:
//! acknowledged ⊆ recovered ⊆ attempted.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread;

use onhand_tests::{Answer, Figure, Json, Request, Server, Shop, anywhere, line};
use serde_json::{Value, json};

/// The tenant of all of them.
pub(crate) const TENANT: &str = "durable";

const CLIENTS: usize = 8;
const ITEMS: usize = 5;
const STOCK: i64 = 1_000_000;

/// Receives what the clients reserve.
pub(crate) fn stock_up(server: &Server) {
    for number in 0..ITEMS {
        server.shop(TENANT).receive(&item(number), "north", STOCK);
    }
}

/// A write that was sent, and its answer when one came.
#[derive(Clone)]
pub(crate) struct Attempt {
    request: Request,
    /// `None`: lost on the way, or 503 `OUTCOME_UNKNOWN`.
    pub(crate) answer: Option<Answer>,
}

fn item(number: usize) -> String {
    format!("item-{}", number % ITEMS)
}

fn try_send(shop: &Shop, request: Request) -> (Attempt, bool) {
    let sent: io::Result<Answer> = shop.try_send(&request);
    let known = sent.ok().filter(|answer| {
        let unknown = answer.status() == 503;
        if unknown {
            answer.clone().problem(503, "OUTCOME_UNKNOWN");
        }
        !unknown
    });
    let lost = known.is_none();
    (Attempt { request, answer: known }, lost)
}

/// Reserves, confirms, ships and cancels until the server is gone; tells each acknowledged write.
fn load(shop: &Shop, name: &str, acknowledged: &Sender<()>) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let mut send = |request: Request| {
        let (attempt, lost) = try_send(shop, request);
        let answer = attempt.answer.clone();
        attempts.push(attempt);
        if answer.is_some() {
            // Nobody counts any more once there were enough.
            let _ = acknowledged.send(());
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

/// Loads the server until it has acknowledged `enough` writes, calls `end`, and goes on until it is
/// gone.
pub(crate) fn run(
    server: &mut Server,
    name: &str,
    enough: usize,
    end: impl FnOnce(&mut Server),
) -> Vec<Attempt> {
    let shop = server.shop(TENANT);
    let (acknowledged, heard) = mpsc::channel();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (shop, acknowledged) = (shop.clone(), acknowledged.clone());
                let name = format!("{name}-{client}");
                scope.spawn(move || load(&shop, &name, &acknowledged))
            })
            .collect();
        drop(acknowledged);
        for _ in 0..enough {
            heard.recv().expect("the clients send until the server is gone");
        }
        end(server);
        let sent = clients.into_iter().map(|client| client.join().expect("a client ends"));
        sent.flatten().collect()
    })
}

/// Every acknowledged write answers the same again, with its key; every other one gets an answer.
pub(crate) fn repeat_all(shop: &Shop, attempts: &mut [Attempt]) {
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
pub(crate) fn all_are_found(shop: &Shop, attempts: &[Attempt]) {
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
pub(crate) fn sums_agree(shop: &Shop, attempts: &[Attempt]) {
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
pub(crate) fn events_have_no_hole(shop: &Shop) {
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

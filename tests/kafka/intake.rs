//! What comes in: each message acts once, in the order of its partition, whatever is killed meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use onhand_tests::kafka::{Broker, Dialect, Event, Publisher};
use onhand_tests::{Json, Server, Shop};
use serde_json::json;

const TOPIC: &str = "integration-events";
/// How long something may take to come about before the test fails.
const WAIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(20);

/// A broker with a topic to read, and a server that reads it.
struct Floor {
    server: Server,
    broker: Broker,
}

impl Floor {
    fn open(partitions: u16) -> Option<Self> {
        Self::open_with(partitions, &[])
    }

    fn open_with(partitions: u16, more: &[(&str, &str)]) -> Option<Self> {
        let broker = Broker::for_test()?;
        broker.create_topic(TOPIC, partitions);
        broker.create_topic("inventory-events", 1);
        let server = Server::start_with(&[&settings(&broker.bootstrap())[..], more].concat());
        Some(Self { server, broker })
    }

    fn publisher(&self) -> Publisher {
        Publisher::new(&self.broker)
    }

    fn source(&self) -> Json {
        let all = self.server.client().get("/v1/admin/sources").expect(200).json().list("items");
        let found = all.into_iter().find(|source| source.text("topic") == TOPIC);
        found.expect("it is configured")
    }

    /// Waits until a source stands so.
    fn until_source(&self, state: &str) {
        until(state, || self.source().text("state") == state);
    }

    fn failed(&self, query: &str) -> Vec<Json> {
        let path = format!("/v1/admin/failed-events?{query}");
        self.server.client().get(&path).expect(200).json().list("items")
    }

    fn metric(&self, line: &str) -> u64 {
        let text = self.server.client().get("/metrics").expect(200).json().as_text().to_owned();
        let found = text.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok());
        found.unwrap_or(0)
    }
}

fn settings(bootstrap: &str) -> [(&'static str, &str); 4] {
    [
        ("ONHAND_KAFKA_BROKERS", bootstrap),
        ("ONHAND_KAFKA_BREAKER_PAUSE", "200ms"),
        ("ONHAND_KAFKA_SOURCES_LOOK", "200ms"),
        ("ONHAND_KAFKA_SOURCES", TOPIC),
    ]
}

#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + WAIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(POLL);
    }
}

fn on_hand(shop: &Shop, item: &str, location: &str) -> Option<i64> {
    let answer = shop.get(&format!("/v1/positions/{item}/{location}"));
    let answer = if answer.status() == 404 { return None } else { answer.expect(200) };
    answer.figure("onHand").to_string().parse().ok()
}

#[track_caller]
fn until_on_hand(shop: &Shop, item: &str, location: &str, expected: i64) {
    let what = format!("{item} at {location} is {expected}");
    until(&what, || on_hand(shop, item, location) == Some(expected));
}

#[test]
fn every_type_in_every_dialect_acts_with_exact_figures() {
    let Some(floor) = Floor::open(3) else { return };
    let shop = floor.server.shop("till");
    let mut events = Vec::new();
    for (number, dialect) in Dialect::ALL.into_iter().enumerate() {
        let say = |name: &str, id: &str, payload: serde_json::Value| {
            let event = Event::new(dialect, name, payload).tenant("till").source("pos");
            event.id(&format!("{id}-{number}")).key(&format!("item-{number}"))
        };
        let item = format!("item-{number}");
        let transfer = format!("T-{number}");
        events.push(say(
            "ReceiptCompleted",
            "r",
            json!({ "receiptId": "R-1", "itemId": item, "locationId": "A", "quantity": 100,
                "unitCost": 1.25, "lotNumber": "L1" }),
        ));
        let sale = json!({ "saleId": "S-1", "itemId": item, "locationId": "A", "quantity": 7,
            "amount": 9.5 });
        events.push(say("SaleCompleted", "s", sale.clone()));
        // Sent twice: the same id and content act once.
        events.push(say("SaleCompleted", "s", sale));
        events.push(say(
            "TransferInitiated",
            "ti",
            json!({ "transferId": transfer, "itemId": item, "fromLocationId": "A",
                "toLocationId": "B", "quantity": 10 }),
        ));
        events.push(say("TransferCompleted", "tc", json!({ "transferId": transfer, "quantity": 4 })));
        events.push(say("Weather", "w", json!({})));
    }
    floor.publisher().publish_all(TOPIC, &events);
    for number in 0..Dialect::ALL.len() {
        let item = format!("item-{number}");
        until_on_hand(&shop, &item, "B", 4);
        shop.position(&item, "A").shows("onHand 83, available 83");
        shop.position(&item, "B").shows("onHand 4, inTransit 6");
    }
    let consumed = "inventory_events_consumed_total{event_type=\"SaleCompleted\",\
                    source_service=\"pos\"}";
    until("all are counted", || {
        floor.metric("onhand_events_skipped_total{reason=\"duplicate\"}") == 5
            && floor.metric("onhand_events_skipped_total{reason=\"unknown_type\"}") == 5
    });
    assert!(floor.metric(consumed) >= 4, "those of CloudEvents name another source");
    assert!(floor.failed("").is_empty());
    let path = "/v1/admin/consumed-events?eventId=s-2";
    let told = floor.server.client().get(path).expect(200).json().list("items");
    assert_eq!(told.len(), 1);
    told[0].shows("eventId s-2, eventType SaleCompleted, tenantId till, status processed");
    assert!(told[0].has("sequence") && told[0].has("processedAt") && told[0].has("source"));
}

#[test]
fn killed_in_the_middle_of_20000_sales_totals_are_exact() {
    const SALES: usize = 20_000;
    const ITEMS: usize = 40;
    let Some(mut floor) = Floor::open(4) else { return };
    let sale = |number: usize| {
        let item = format!("item-{}", number % ITEMS);
        Event::sale(&format!("sale-{number}"), &item, "A", 1).key(&item)
    };
    let events: Vec<Event> = (0..SALES).map(sale).collect();
    floor.publisher().publish_all(TOPIC, &events);
    let expected = -i64::try_from(SALES / ITEMS).expect("a few");
    let sold = |server: &Server| -> i64 {
        let shop = server.shop("default");
        let items = (0..ITEMS).filter_map(|item| on_hand(&shop, &format!("item-{item}"), "A"));
        -items.sum::<i64>()
    };
    for kill in 1..=3 {
        let goal = i64::try_from(SALES / 5 * kill).expect("a few");
        until("some are sold", || sold(&floor.server) >= goal);
        floor.server.kill();
        floor.server.restart();
    }
    let shop = floor.server.shop("default");
    for item in 0..ITEMS {
        until_on_hand(&shop, &format!("item-{item}"), "A", expected);
    }
    // A message behind them all: nothing more came before it.
    let last: Vec<Event> =
        (0..4).map(|part| Event::sale(&format!("end-{part}"), "end", "A", 1).partition(part)).collect();
    floor.publisher().publish_all(TOPIC, &last);
    until_on_hand(&shop, "end", "A", -4);
    for item in 0..ITEMS {
        assert_eq!(on_hand(&shop, &format!("item-{item}"), "A"), Some(expected), "item-{item}");
    }
    assert!(floor.failed("").is_empty());
}

//! A broker that is away for what would be an hour: selling goes on, a human is called, and then
//! everything is published, once and in order.

use std::thread;

use onhand_tests::Server;
use onhand_tests::kafka::{Broker, Reader};
use serde_json::{Value, json};

use crate::audit::Audit;
use crate::floor::{publisher, sink, until, wait_until_published};

/// Each is a batch that every checkout sends.
const MINUTES: usize = 60;
const CHECKOUTS: usize = 4;
/// Sales that a checkout makes in a minute.
const SALES: usize = 250;
const ITEMS: usize = 20;
/// Records that may be unpublished before a human is called.
const LAG_ALARM: u64 = 20_000;

/// One minute of one checkout; all its sales are of its own items.
fn minute(checkout: usize) -> Value {
    let sale = |number: usize| {
        let item = format!("item-{checkout}-{}", number % ITEMS);
        json!({ "op": "sale", "itemId": item, "locationId": "A", "quantity": 1 })
    };
    (0..SALES).map(sale).collect()
}

/// All checkouts sell for so many minutes.
fn sell(server: &Server, minutes: usize) {
    thread::scope(|scope| {
        for checkout in 0..CHECKOUTS {
            let shop = server.shop("shop");
            scope.spawn(move || {
                for _ in 0..minutes {
                    let answer = shop.post("/v1/stock:batch", &minute(checkout)).expect(200);
                    assert_eq!(answer.number("failed"), 0, "selling does not notice");
                }
            });
        }
    });
}

#[track_caller]
fn part(server: &Server, part: &str) -> String {
    let ready = server.client().get("/health/ready").expect(200).json().clone();
    ready.text(&format!("parts/{part}/status"))
}

#[track_caller]
fn metric(server: &Server, line: &str) -> bool {
    let text = server.client().get("/metrics").expect(200).json().as_text().to_owned();
    text.lines().any(|found| found == line)
}

#[test]
fn an_hour_without_a_broker_is_sold_through_alarmed_and_caught_up_with() {
    let Some(mut broker) = Broker::for_test() else { return };
    broker.create_topic("inventory-events", 6);
    let mut server = Server::start_with(&[
        ("ONHAND_KAFKA_BROKERS", &broker.bootstrap()),
        ("ONHAND_KAFKA_BREAKER_PAUSE", "200ms"),
        ("ONHAND_KAFKA_LAG_ALARM", &LAG_ALARM.to_string()),
        ("ONHAND_KAFKA_SOURCES", ""),
    ]);
    sell(&server, 1);
    wait_until_published(&server);
    let open = "inventory_circuit_open{sink=\"kafka\"} 1";
    assert_eq!((part(&server, "broker"), part(&server, "outbox")), ("up".into(), "up".into()));

    broker.stop();
    sell(&server, 10);
    until("the breaker opens", || publisher(&server).text("state") == "suspended");
    assert!(metric(&server, open));
    assert_eq!((part(&server, "broker"), part(&server, "outbox")), ("warn".into(), "up".into()));
    assert!(!server.printed().contains("too much is unpublished"));
    sell(&server, 20);
    until("a human is called", || sink(&server).number("lag") > LAG_ALARM);
    assert_eq!(part(&server, "outbox"), "warn");
    until("once, in the log", || server.printed().matches("too much is unpublished").count() == 1);
    // Nobody counts the attempts, and nothing is given up.
    assert_eq!(sink(&server).number("failed"), 0);
    assert!(server.printed().matches("the broker is away").count() <= 2, "told once");
    server.kill();
    server.restart();
    assert_eq!(part(&server, "outbox"), "warn", "a start without a broker knows it too");
    sell(&server, MINUTES - 31);
    assert!(metric(&server, open));

    broker.start_again();
    wait_until_published(&server);
    until("all is well", || publisher(&server).text("state") == "running");
    assert!(!metric(&server, open));
    assert_eq!((part(&server, "broker"), part(&server, "outbox")), ("up".into(), "up".into()));
    let mut audit = Audit::default();
    let mut changes = 0;
    Reader::new(&broker, "inventory-events").for_each(|message| {
        let body = audit.take(&message).unwrap_or_default();
        changes += usize::from(body["eventType"] == "StockLevelChanged");
    });
    assert_eq!(changes, MINUTES * CHECKOUTS * SALES, "each sale once");
    let each = MINUTES * SALES.div_ceil(ITEMS);
    let shop = server.shop("shop");
    let newest = audit.version("shop:item-0-0:A");
    assert_eq!(newest, u64::try_from(each).expect("a count"));
    shop.position("item-0-0", "A").shows(&format!("onHand -{each}, version {newest}"));
}

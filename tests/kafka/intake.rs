//! What comes in: each message acts once, in the order of its partition, whatever is killed meanwhile.

use onhand_tests::Server;
use onhand_tests::kafka::{Dialect, Event};
use serde_json::json;

use crate::floor::{Floor, TOPIC, on_hand, until, until_on_hand};

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
        events.push(say(
            "TransferCompleted",
            "tc",
            json!({ "transferId": transfer, "quantity": 4 }),
        ));
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
    let last: Vec<Event> = (0..4)
        .map(|part| Event::sale(&format!("end-{part}"), "end", "A", 1).partition(part))
        .collect();
    floor.publisher().publish_all(TOPIC, &last);
    until_on_hand(&shop, "end", "A", -4);
    for item in 0..ITEMS {
        assert_eq!(on_hand(&shop, &format!("item-{item}"), "A"), Some(expected), "item-{item}");
    }
    assert!(floor.failed("").is_empty());
}

#[test]
fn messages_of_a_partition_act_in_their_order() {
    const SALES: usize = 500;
    let Some(floor) = Floor::open(1) else { return };
    let sale = |number: usize| Event::sale(&format!("sale-{number}"), "tea", "A", 1);
    floor.publisher().publish_all(TOPIC, &(0..SALES).map(sale).collect::<Vec<_>>());
    let shop = floor.server.shop("default");
    until_on_hand(&shop, "tea", "A", -i64::try_from(SALES).expect("a few"));
    let told = shop.events("type=StockLevelChanged&aggregateId=tea%3AA");
    let found: Vec<String> = told.iter().map(|event| event.text("payload/reference")).collect();
    let expected: Vec<String> = (0..SALES).map(|number| format!("sale-{number}")).collect();
    assert_eq!(found, expected);
}

#[test]
fn own_events_and_unknown_types_are_skipped_and_not_read_again() {
    let Some(mut floor) = Floor::open(1) else { return };
    let own = Event::sale("own", "tea", "A", 5).source("onhand");
    let unknown = Event::new(Dialect::Dotted, "Weather", json!({ "sun": true }));
    floor.publisher().publish_all(TOPIC, &[own, unknown]);
    let next = |floor: &Floor| {
        let source = floor.source();
        source.find("partitions/0/nextOffset").map(|_| source.number("partitions/0/nextOffset"))
    };
    until("the skipped ones are told", || next(&floor) == Some(2));
    for reason in ["own", "unknown_type"] {
        assert_eq!(floor.metric(&format!("onhand_events_skipped_total{{reason=\"{reason}\"}}")), 1);
    }
    assert_eq!(floor.server.stop().code, Some(0));
    floor.server.restart();
    floor.publisher().publish(TOPIC, &Event::sale("s", "tea", "A", 2));
    until_on_hand(&floor.server.shop("default"), "tea", "A", -2);
    assert_eq!(floor.metric("onhand_events_skipped_total{reason=\"own\"}"), 0, "not read again");
    assert_eq!(next(&floor), Some(3));
}

#[test]
fn tenant_identity_and_time_are_those_of_the_message() {
    let topics = format!("{TOPIC}=of-topic");
    let Some(floor) = Floor::open_with(1, &[("ONHAND_KAFKA_SOURCES", &topics)]) else { return };
    let sale = |quantity: i64| Event::sale("s", "tea", "A", quantity);
    let events = [
        // The same id counts once per tenant.
        sale(1).tenant("body").header("tenantId", "header"),
        sale(2).tenant("body").at("2026-02-09T12:00:00").user("u").correlation("c"),
        sale(4),
        sale(4),
        sale(4).header("eventId", "another"),
    ];
    floor.publisher().publish_all(TOPIC, &events);
    for (tenant, expected) in [("header", -1), ("body", -2), ("of-topic", -8)] {
        until_on_hand(&floor.server.shop(tenant), "tea", "A", expected);
    }
    let told = floor.server.shop("body").events("type=StockLevelChanged");
    told[0].shows("metadata/userId u, metadata/correlationId c, metadata/causationId s");
    // Same id, other content.
    floor.publisher().publish(TOPIC, &sale(5));
    until("it is set aside", || !floor.failed("").is_empty());
    floor.failed("")[0].shows("code EVENT_ID_REUSED, tenantId of-topic, eventId s, status open");
}

#[test]
fn transfers_are_known_by_the_names_that_others_gave_them() {
    let Some(mut floor) = Floor::open(2) else { return };
    let transfer = |name: &str, payload: serde_json::Value| {
        Event::new(Dialect::Dotted, name, payload).partition(0)
    };
    let begun = json!({ "transferId": "T-1", "itemId": "tea", "fromLocationId": "A",
        "toLocationId": "B", "quantity": 5 });
    floor.publisher().publish(TOPIC, &transfer("TransferInitiated", begun));
    until_on_hand(&floor.server.shop("default"), "tea", "A", -5);
    floor.server.kill();
    floor.server.restart();
    let arrived = |name: &str| transfer("TransferCompleted", json!({ "transferId": name }));
    let sale = Event::sale("s", "milk", "A", 1);
    // A name that nobody knows holds back its own partition, for a while.
    let events = [
        arrived("T-1"),
        arrived("T-9"),
        sale.clone().partition(0),
        Event::sale("s2", "milk", "B", 1).partition(1),
    ];
    floor.publisher().publish_all(TOPIC, &events);
    let shop = floor.server.shop("default");
    until_on_hand(&shop, "tea", "B", 5);
    until_on_hand(&shop, "milk", "B", -1);
    until_on_hand(&shop, "milk", "A", -1);
    let letter = &floor.failed("")[0];
    letter.shows("code UNKNOWN_TRANSFER, attempts 4, offset 2, eventType transfer.completed");
    let told = shop.events("type=StockLevelChanged&aggregateId=milk%3AA");
    let sold = told[0].number("sequence");
    // `dl-1-N`: N is the record that made it.
    let id = letter.text("id");
    let buried: u64 =
        id.rsplit('-').next().and_then(|number| number.parse().ok()).expect("a number");
    assert!(buried < sold, "it waited behind the one that was tried again");
    // One that ended before this start is still known, and what is wrong with it is said.
    floor.server.kill();
    floor.server.restart();
    floor.publisher().publish(TOPIC, &arrived("T-1").id("again"));
    until("it is set aside", || floor.failed("").len() == 2);
    floor.failed("")[0].shows("code INVALID_STATE, eventId again, attempts 1");
    // A name that is used again means the newer one.
    let begun = json!({ "transferId": "T-1", "itemId": "tea", "fromLocationId": "B",
        "toLocationId": "C", "quantity": 2 });
    let events = [transfer("TransferInitiated", begun), arrived("T-1").id("newer")];
    floor.publisher().publish_all(TOPIC, &events);
    until_on_hand(&floor.server.shop("default"), "tea", "C", 2);
    assert_eq!(floor.failed("").len(), 2);
}

#[test]
fn a_broker_that_comes_and_goes_makes_nothing_act_twice_or_never() {
    let Some(mut floor) = Floor::open(2) else { return };
    let sales = |from: u32| {
        let sale = |number| {
            let (id, item) = (format!("s-{number}"), format!("item-{}", number % 7));
            Event::sale(&id, &item, "A", 1).key(&item)
        };
        (from..from + 700).map(sale).collect::<Vec<_>>()
    };
    let shop = floor.server.shop("default");
    for round in 0..3 {
        floor.publisher().publish_all(TOPIC, &sales(700 * round));
        floor.broker.restart();
        // Selling over HTTP does not wait for the broker.
        shop.receive("other", "A", 1);
    }
    for item in 0..7 {
        until_on_hand(&shop, &format!("item-{item}"), "A", -300);
    }
    assert!(floor.failed("").is_empty());
}

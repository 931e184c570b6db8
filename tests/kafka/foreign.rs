//! Programs in another language, on Kafka's own client, read what we write and write what we read.

use std::collections::BTreeMap;
use std::path::Path;

use onhand_tests::kafka::{Broker, Skip, run_java};
use onhand_tests::{Server, Shop};
use serde_json::json;

use crate::floor::{Floor, TOPIC, until, until_on_hand, wait_until_published};

const PARTITIONS: u16 = 5;
const DIALECTS: [&str; 5] = ["standard", "domain", "composerp", "dotted", "cloudevents"];

/// Runs a program of this directory; `None`, and says so, where there is no Java that compiles.
fn java(name: &str, words: &[&str]) -> Option<Vec<String>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/kafka/java").join(name);
    run_java(&source, words).inspect_err(Skip::tell).ok()
}

/// Receipts, sales, returns, holds with all that becomes of them, and a transfer; nothing is adjusted,
/// because `dotted` does not say in which direction.
fn trade(shop: &Shop) {
    for (item, quantity) in [("tea", 20), ("milk", 7), ("thé vert", 3)] {
        shop.receive(item, "WH-01", quantity);
        shop.sell(item, "WH-01", 2);
    }
    shop.stock("sales", &json!({ "itemId": "milk", "locationId": "WH-01", "quantity": "0.125" }))
        .ok();
    let held = shop.hold("tea", "WH-01", 5).text("reservationId");
    shop.act(&held, "confirm", &json!({})).expect(200);
    let line = onhand_tests::line("tea", "WH-01", 3);
    shop.act(&held, "fulfil", &json!({ "lines": [line] })).expect(200);
    let other = shop.hold("milk", "WH-01", 1).text("reservationId");
    shop.act(&other, "cancel", &json!({ "reason": "changed my mind" })).expect(200);
    shop.stock(
        "returns",
        &json!({ "itemId": "tea", "locationId": "WH-01", "quantity": 1, "condition": "good" }),
    )
    .ok();
    let sent = json!({ "itemId": "tea", "from": "WH-01", "to": "S:1", "quantity": 4 });
    let sent = shop.stock("transfers", &sent).ok().text("transferId");
    shop.post(&format!("/v1/stock/transfers/{sent}/receive"), &json!({})).ok();
    // Sold out, and below nothing.
    shop.sell("thé vert", "WH-01", 1);
    shop.sell("thé vert", "WH-01", 1);
}

#[test]
fn a_consumer_in_java_reads_every_dialect_and_agrees_about_keys_and_partitions() {
    let Some(broker) = Broker::for_test() else { return };
    for dialect in DIALECTS {
        broker.create_topic(dialect, PARTITIONS);
    }
    let routes = DIALECTS.map(|dialect| format!("{dialect}={dialect}")).join(",");
    let server = Server::start_with(&[
        ("ONHAND_KAFKA_BROKERS", &broker.bootstrap()),
        ("ONHAND_KAFKA_ROUTES", &routes),
        ("ONHAND_KAFKA_SOURCES", ""),
    ]);
    let shop = server.shop("till");
    trade(&shop);
    wait_until_published(&server);
    let mut expected = BTreeMap::new();
    for position in shop.pages("/v1/positions?limit=100") {
        let place = format!("{}:{}", position.text("itemId"), position.text("locationId"));
        expected.insert(place, position.figure("onHand").to_string());
    }
    for dialect in DIALECTS {
        let Some(printed) = java("StockByEvents.java", &[&broker.bootstrap(), dialect, dialect])
        else {
            return;
        };
        let faults: Vec<_> = printed.iter().filter(|line| line.starts_with("fault ")).collect();
        assert!(faults.is_empty(), "{dialect}: {faults:#?}");
        let told = |kind: &str| -> BTreeMap<String, String> {
            let lines = printed.iter().filter_map(|line| line.strip_prefix(kind));
            let pairs = lines.filter_map(|line| line.rsplit_once(' '));
            pairs.map(|(name, figure)| (name.to_owned(), figure.to_owned())).collect()
        };
        assert_eq!(told("stock "), expected, "{dialect}");
        assert!(told("type ").len() >= 8, "{dialect}: {:?}", told("type "));
    }
}

#[test]
fn tills_in_java_are_understood_in_every_dialect() {
    let Some(floor) = Floor::open(3) else { return };
    let bootstrap = floor.broker.bootstrap();
    if java("Tills.java", &[&bootstrap, TOPIC]).is_none() {
        return;
    }
    let shop = floor.server.shop("till");
    for dialect in DIALECTS {
        let item = format!("java-{dialect}");
        until_on_hand(&shop, &item, "B", 4);
        shop.position(&item, "A").shows("onHand 83, available 83");
        shop.position(&item, "B").shows("onHand 4, inTransit 6");
        let told = shop.events(&format!("type=StockLevelChanged&aggregateId={item}%3AA"));
        told[1].shows("payload/reference S-1, payload/changeReason SALE, payload/changeAmount -7");
        let cause = format!("metadata/causationId {dialect}-SaleCompleted");
        told[1].shows(&cause);
    }
    assert!(floor.failed("").is_empty(), "{:?}", floor.failed(""));
    let duplicates = || floor.metric("onhand_events_skipped_total{reason=\"duplicate\"}");
    until("all are counted", || duplicates() == 5);
}

//! The helper that publishes: what it says it sent is what lies there.

use onhand_tests::kafka::{Broker, Dialect, Event, Publisher, Reader, Spot};
use serde_json::json;

#[test]
fn events_of_every_dialect_lie_where_it_says() {
    let Some(broker) = Broker::shared() else { return };
    broker.create_topic("integration-events", 3);
    let publisher = Publisher::new(broker);
    let payload = json!({"saleId": "s-1", "itemId": "i", "locationId": "A", "quantity": 2});
    let spell = |dialect| Event::new(dialect, "SaleCompleted", payload.clone()).key("tenant:i:A");
    let events: Vec<Event> = Dialect::ALL.into_iter().map(spell).collect();
    let spots = publisher.publish_all("integration-events", &events);
    let read = Reader::new(broker, "integration-events").take(events.len());
    for ((event, spot), message) in events.iter().zip(&spots).zip(&read) {
        assert_eq!(message.payload, event.text());
        assert_eq!(message.key, "tenant:i:A");
        let there = Spot { partition: message.partition, offset: message.offset };
        assert_eq!(there, *spot, "messages of one key keep their order");
    }
    let sale = Event::sale("s-2", "i", "A", 1).partition(2).header("tenantId", "t-1");
    let next = |partition: i32| spots.iter().filter(|spot| spot.partition == partition).count();
    let offset = i64::try_from(next(2)).expect("a few");
    let spot = publisher.publish("integration-events", &sale);
    assert_eq!(spot, Spot { partition: 2, offset });
    let poison = publisher.publish_bytes("integration-events", 2, b"\xff");
    assert_eq!(poison.offset, offset + 1);
    let read = Reader::new(broker, "integration-events").take(events.len() + 2);
    let sent = read.iter().find(|message| message.payload == sale.text()).expect("it lies there");
    assert_eq!(sent.headers.get("tenantId").map(String::as_str), Some("t-1"));
}

//! Dead letters: kept, told, retried once, given up.

use onhand_tests::kafka::{Event, Reader};
use serde_json::json;

use crate::floor::{Floor, TOPIC, on_hand, until, until_on_hand};

#[test]
fn poison_in_the_middle_of_a_partition_does_not_stop_what_is_behind_it() {
    let Some(floor) = Floor::open(1) else { return };
    let publisher = floor.publisher();
    publisher.publish(TOPIC, &Event::sale("s-1", "tea", "A", 1));
    publisher.publish_bytes(TOPIC, 0, b"\xff no JSON");
    publisher.publish(TOPIC, &Event::sale("s-2", "tea", "A", -3).tenant("t"));
    publisher.publish(TOPIC, &Event::sale("s-3", "tea", "A", 2));
    until_on_hand(&floor.server.shop("default"), "tea", "A", -3);
    let letters = floor.failed("status=open");
    assert_eq!(letters.len(), 2);
    letters[0].shows("direction in, topic integration-events, partition 0, offset 2, tenantId t");
    letters[0].shows("code INVALID_QUANTITY, eventId s-2, eventType SALE_COMPLETED, attempts 1");
    letters[0].shows("details/field quantity, payload/payload/quantity -3");
    letters[1].shows("code UNREADABLE, tenantId default, offset 1, eventId none, status open");
    assert_eq!(floor.failed("tenantId=t").len(), 1);
    assert!(
        floor.failed("tenantId=nobody").is_empty() && floor.failed("status=retried").is_empty()
    );
    assert_eq!(floor.metric("inventory_dead_letters{direction=\"in\"}"), 2);
    let line = "inventory_event_errors_total{event_type=\"SaleCompleted\",\
                error_type=\"INVALID_QUANTITY\"}";
    until("it is counted", || floor.metric(line) == 1);
    // They are told to their topic.
    let told = Reader::new(&floor.broker, "inventory-events-dlq").take(2);
    let told: Vec<_> = told.iter().map(|it| it.headers["code"].as_str()).collect();
    assert_eq!(told, ["UNREADABLE", "INVALID_QUANTITY"]);
    // One is given up, by name.
    let id = letters[1].text("id");
    let told = floor.tool(&["dead-letters", "discard", &id, "--reason", "nonsense"]);
    assert!(told.contains("discarded"), "{told}");
    assert_eq!(floor.failed("status=discarded").len(), 1);
    let path = format!("/v1/admin/failed-events/{id}/retry");
    floor.server.client().post(&path, &json!({})).expect(409);
    let id = letters[0].text("id");
    let path = format!("/v1/admin/failed-events/{id}/retry");
    floor.server.client().post(&path, &json!({})).expect(409);
    floor.failed("status=open")[0].shows("attempts 2, status open");
    floor.server.client().get("/v1/admin/failed-events/dl-1-999999").expect(404);
}

/// Stock of items that nobody created is refused; when they are created, the sale can be acted on.
fn retried_twice_acts_once(filler: usize) {
    let Some(floor) = Floor::open_with(1, &[("ONHAND_STRICT_CATALOG", "true")]) else { return };
    let mut sale = json!({ "eventType": "SALE_COMPLETED", "eventId": "s-1",
        "payload": { "saleId": "S", "itemId": "tea", "locationId": "A", "quantity": 3 } });
    sale["payload"]["filler"] = "x".repeat(filler).into();
    floor.publisher().publish_bytes(TOPIC, 0, sale.to_string().as_bytes());
    until("it is set aside", || !floor.failed("").is_empty());
    let letter = floor.failed("")[0].clone();
    letter.shows("code UNKNOWN_ITEM, status open, eventId s-1");
    let id = letter.text("id");
    let shop = floor.server.shop("default");
    shop.location("A", &json!({}));
    shop.item("tea", &json!({}));
    for _ in 0..2 {
        let told = floor.tool(&["dead-letters", "retry", &id]);
        assert!(told.contains("retried"), "{told}");
        assert_eq!(on_hand(&shop, "tea", "A"), Some(-3));
    }
    assert!(floor.tool(&["dead-letters", "list"]).contains(&id));
    assert!(floor.tool(&["dead-letters", "show", &id]).contains("\"attempts\": 2"));
    assert!(floor.failed("status=open").is_empty());
}

#[test]
fn a_dead_letter_retried_twice_acts_once() {
    retried_twice_acts_once(1);
}

#[test]
fn a_long_dead_letter_is_fetched_again_and_acts_once() {
    retried_twice_acts_once(100_000);
}

#[test]
fn when_all_dead_letters_are_open_only_the_intake_waits() {
    let Some(floor) = Floor::open_with(1, &[("ONHAND_DEAD_LETTERS_MAX", "1")]) else { return };
    let publisher = floor.publisher();
    for bytes in [b"first poison", b"other poison"] {
        publisher.publish_bytes(TOPIC, 0, bytes);
    }
    publisher.publish(TOPIC, &Event::sale("s-1", "tea", "A", 2));
    until("the first is set aside", || floor.failed("status=open").len() == 1);
    // Whoever sells over HTTP does not notice.
    let shop = floor.server.shop("default");
    shop.receive("tea", "A", 10);
    assert_eq!(on_hand(&shop, "tea", "A"), Some(10));
    let letters = floor.failed("");
    assert_eq!(letters.len(), 1, "nothing is dropped, and nothing behind it is acted on");
    let id = letters[0].text("id");
    floor.tool(&["dead-letters", "discard", &id, "--reason", "makes room"]);
    until("the second is set aside", || {
        let open = floor.failed("status=open");
        open.len() == 1 && open[0].text("id") != id
    });
    until_on_hand(&shop, "tea", "A", 8);
}

//! Dead letters: kept, told, retried once, given up.

use onhand_tests::Server;
use onhand_tests::kafka::{Broker, Event, Reader};
use serde_json::json;

use crate::floor::{Floor, TOPIC, on_hand, sink, until, until_on_hand, wait_until_published};

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

/// "same id and content is a no-op", also when both messages came to be dead letters first.
#[test]
fn two_dead_letters_of_one_event_act_once_when_both_are_retried() {
    let Some(floor) = Floor::open(1) else { return };
    let publisher = floor.publisher();
    let send = |event: &serde_json::Value| {
        publisher.publish_bytes(TOPIC, 0, event.to_string().as_bytes());
    };
    let arrived = json!({ "eventType": "TRANSFER_COMPLETED", "eventId": "c-1",
        "payload": { "transferId": "T-1", "quantity": 3 } });
    // Nobody knows the transfer yet, so neither of them can be acted on.
    send(&arrived);
    send(&arrived);
    until("both are set aside", || floor.failed("status=open").len() == 2);
    send(&json!({ "eventType": "TRANSFER_INITIATED", "eventId": "i-1",
        "payload": { "transferId": "T-1", "itemId": "tea", "fromLocationId": "A",
            "toLocationId": "B", "quantity": 10 } }));
    let shop = floor.server.shop("default");
    until_on_hand(&shop, "tea", "A", -10);
    for letter in floor.failed("") {
        letter.shows("code UNKNOWN_TRANSFER, status open");
        let path = format!("/v1/admin/failed-events/{}/retry", letter.text("id"));
        floor.server.client().post(&path, &json!({})).expect(200).json().shows("status retried");
        assert_eq!(on_hand(&shop, "tea", "B"), Some(3));
    }
    // Nor does it act when it comes once more.
    send(&arrived);
    let line = "onhand_events_skipped_total{reason=\"duplicate\"}";
    until("it is a duplicate", || floor.metric(line) == 1);
    assert_eq!(on_hand(&shop, "tea", "B"), Some(3));
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

/// What the door buried was never decided: its event may come again, mended. What the writer refused was
/// decided, and binds its event's id like everything it decides.
#[test]
fn only_what_was_decided_binds_the_id_of_its_event() {
    let Some(floor) = Floor::open_with(1, &[("ONHAND_STRICT_CATALOG", "true")]) else { return };
    let shop = floor.server.shop("default");
    shop.location("A", &json!({}));
    shop.item("tea", &json!({}));
    let publisher = floor.publisher();
    let codes = || -> Vec<String> {
        floor.failed("").iter().rev().map(|letter| letter.text("code")).collect()
    };
    publisher.publish(TOPIC, &Event::sale("s-1", "tea", "A", -3));
    publisher.publish(TOPIC, &Event::sale("s-1", "tea", "A", 2));
    until_on_hand(&shop, "tea", "A", -2);
    assert_eq!(codes(), ["INVALID_QUANTITY"]);
    let unknown = Event::sale("s-2", "nothing", "A", 1);
    publisher.publish_all(TOPIC, &[unknown.clone(), unknown, Event::sale("s-2", "tea", "A", 5)]);
    publisher.publish(TOPIC, &Event::sale("s-3", "tea", "A", 1));
    until_on_hand(&shop, "tea", "A", -3);
    assert_eq!(codes(), ["INVALID_QUANTITY", "UNKNOWN_ITEM", "EVENT_ID_REUSED"]);
    let line = "onhand_events_skipped_total{reason=\"duplicate\"}";
    until("the repeated one is a duplicate", || floor.metric(line) == 1);
}

#[test]
fn a_hundred_open_letters_are_borne_and_one_more_calls_a_human_once() {
    let Some(floor) = Floor::open(1) else { return };
    let publisher = floor.publisher();
    let status = || {
        let ready = floor.server.client().get("/health/ready").expect(200).json().clone();
        ready.text("parts/failedEvents/status")
    };
    let open = || floor.metric("inventory_dead_letters{direction=\"in\"}");
    let calls = || floor.server.printed().matches("too many dead letters are open").count();
    let mut buried = 0;
    let mut bury = |count: u64| {
        for _ in 0..count {
            publisher.publish_bytes(TOPIC, 0, b"poison");
        }
        buried += count;
        until("they are set aside", || open() == buried);
    };
    bury(100);
    assert_eq!((status().as_str(), calls()), ("up", 0));
    bury(1);
    assert_eq!(status(), "warn");
    until("a human is called", || calls() == 1);
    bury(9);
    let told = floor.server.printed();
    let line = told.lines().find(|line| line.contains("too many dead letters are open"));
    let line = line.expect("it was told");
    assert!(line.contains("ERROR") && line.contains("onhand dead-letters list"), "{line}");
    let letters = floor.failed("status=open&limit=1000");
    for letter in letters.iter().take(61) {
        let path = format!("/v1/admin/failed-events/{}/discard", letter.text("id"));
        floor.server.client().post(&path, &json!({ "reason": "poison" })).expect(200);
    }
    assert_eq!((open(), status().as_str()), (49, "up"));
    until("it is told that this is over", || {
        floor.server.printed().contains("dead letters are being dealt with")
    });
    assert_eq!(calls(), 1, "once");
}

#[test]
fn an_outgoing_letter_is_sent_again_when_its_cause_is_mended() {
    let Some(broker) = Broker::for_test() else { return };
    let bootstrap = broker.bootstrap();
    let settings = |ours: &'static str| {
        [
            ("ONHAND_KAFKA_BROKERS", bootstrap.as_str()),
            ("ONHAND_KAFKA_MESSAGE_BYTES_MAX", ours),
            ("ONHAND_KAFKA_CREATE_TOPICS", "true"),
            ("ONHAND_KAFKA_SOURCES", ""),
        ]
    };
    let mut server = Server::start_with(&settings("5000"));
    let lines: Vec<_> = (0..60)
        .map(|number| {
            let item = format!("item-{number:0>50}");
            server.shop("shop").receive(&item, "A", 9);
            onhand_tests::line(&item, "A", 1)
        })
        .collect();
    server.shop("shop").hold_lines(&lines);
    wait_until_published(&server);
    assert_eq!(sink(&server).number("failed"), 1);
    // Dead letters are told for a day.
    let kept = broker.topic_setting("inventory-events-dlq", "retention.ms");
    assert_eq!(kept.as_deref(), Some("86400000"));
    let letter = |server: &Server| {
        let path = "/v1/admin/failed-events?direction=out";
        server.client().get(path).expect(200).json().list("items").remove(0)
    };
    let id = letter(&server).text("id");
    letter(&server).shows("code UNSENDABLE, status open, topic inventory-events");
    let retry = |server: &Server, status: u16| {
        let path = format!("/v1/admin/failed-events/{id}/retry");
        server.client().post(&path, &json!({})).expect(status);
    };
    retry(&server, 409);
    letter(&server).shows("status open, attempts 2");
    assert_eq!(server.stop().code, Some(0));
    server.restart_with(&settings("1000000"));
    for _ in 0..2 {
        retry(&server, 200);
        letter(&server).shows("status retried");
    }
    let read = Reader::new(&broker, "inventory-events").take_all();
    let wanted = letter(&server).text("eventId");
    let found = read.iter().filter(|message| message.headers["eventId"] == wanted);
    assert_eq!(found.count(), 1, "retried twice, it is sent once");
    let metrics = server.client().get("/metrics").expect(200).json().as_text().to_owned();
    assert!(metrics.contains("inventory_dead_letters{direction=\"out\"} 0"), "{metrics}");
}

//! Topics that are not the ones we knew: nothing is skipped by itself.

use onhand_tests::Server;
use onhand_tests::kafka::{Broker, Event, Publisher};

use crate::floor::{Floor, TOPIC, on_hand, settings, until, until_on_hand};

fn sales(from: usize, count: usize) -> Vec<Event> {
    let sale = |number: usize| Event::sale(&format!("sale-{number}"), "tea", "A", 1);
    (from..from + count).map(sale).collect()
}

/// The source has stopped, says why, and health tells it.
#[track_caller]
fn has_stopped(floor: &Floor, why: &str) {
    floor.until_source("stopped");
    let reason = floor.source().text("reason");
    assert!(reason.contains(why), "{reason}");
    let ready = floor.server.client().get("/health/ready").expect(200).json().clone();
    assert_eq!(ready.text("parts/broker/status"), "warn");
    assert_eq!(floor.metric(&format!("onhand_source_running{{topic=\"{TOPIC}\"}}")), 0);
}

#[test]
fn a_topic_made_anew_is_noticed_while_it_is_read_and_reset_begins_with_it() {
    let Some(floor) = Floor::open(1) else { return };
    let shop = floor.server.shop("default");
    floor.publisher().publish_all(TOPIC, &sales(0, 5));
    until_on_hand(&shop, "tea", "A", -5);
    floor.broker.delete_topic(TOPIC);
    floor.broker.create_topic(TOPIC, 1);
    floor.publisher().publish_all(TOPIC, &sales(100, 2));
    has_stopped(&floor, "made anew");
    assert_eq!(on_hand(&shop, "tea", "A"), Some(-5), "nothing is read before somebody says so");
    let told = floor.tool(&["sources", "list"]);
    assert!(told.contains("integration-events  stopped  generation 1"), "{told}");
    let told = floor.tool(&["sources", "reset", TOPIC, "--reason", "made anew"]);
    assert!(told.contains("generation 2"), "{told}");
    until_on_hand(&shop, "tea", "A", -7);
    floor.until_source("running");
}

#[test]
fn a_topic_made_anew_while_we_were_away_is_noticed_by_its_content() {
    let Some(mut floor) = Floor::open(1) else { return };
    floor.publisher().publish_all(TOPIC, &sales(0, 5));
    until_on_hand(&floor.server.shop("default"), "tea", "A", -5);
    assert_eq!(floor.server.stop().code, Some(0));
    floor.broker.delete_topic(TOPIC);
    floor.broker.create_topic(TOPIC, 1);
    // It has grown beyond what we had read.
    floor.publisher().publish_all(TOPIC, &sales(100, 9));
    floor.server.restart();
    has_stopped(&floor, "holds another message at 4");
    floor.tool(&["sources", "reset", TOPIC]);
    until_on_hand(&floor.server.shop("default"), "tea", "A", -14);
}

#[test]
fn a_topic_made_anew_and_grown_past_what_was_read_between_two_looks_is_noticed() {
    // Nobody looks at it for an hour, and it is longer than the old one when it is read again.
    let Some(floor) = Floor::open_with(1, &[("ONHAND_KAFKA_SOURCES_LOOK", "1h")]) else { return };
    let shop = floor.server.shop("default");
    floor.publisher().publish_all(TOPIC, &sales(0, 5));
    until_on_hand(&shop, "tea", "A", -5);
    floor.broker.delete_topic(TOPIC);
    floor.broker.create_topic(TOPIC, 1);
    floor.publisher().publish_all(TOPIC, &sales(100, 9));
    has_stopped(&floor, "made anew");
    assert_eq!(on_hand(&shop, "tea", "A"), Some(-5), "nothing of it was acted on");
}

#[test]
fn a_first_start_with_what_comes_stands_though_nothing_had_come_before_the_next() {
    let Some(broker) = Broker::for_test() else { return };
    broker.create_topic(TOPIC, 2);
    broker.create_topic("inventory-events", 1);
    let publisher = Publisher::new(&broker);
    publisher.publish(TOPIC, &Event::sale("old", "tea", "A", 100).partition(0));
    let latest = [("ONHAND_KAFKA_SOURCES_BEGIN", "latest")];
    let bootstrap = broker.bootstrap();
    let mut server = Server::start_with(&[&settings(&bootstrap)[..], &latest[..]].concat());
    until("it is read", || {
        let all = server.client().get("/v1/admin/sources").expect(200).json().list("items");
        all[0].text("state") == "running"
    });
    server.kill();
    let sale =
        |number: u16| Event::sale(&format!("s-{number}"), "tea", "A", 1).partition(number % 2);
    publisher.publish_all(TOPIC, &(0..4).map(sale).collect::<Vec<_>>());
    server.restart();
    until_on_hand(&server.shop("default"), "tea", "A", -4);
}

#[test]
fn messages_that_are_gone_unread_stop_the_source_until_they_are_skipped() {
    let Some(mut floor) = Floor::open(1) else { return };
    floor.publisher().publish_all(TOPIC, &sales(0, 5));
    until_on_hand(&floor.server.shop("default"), "tea", "A", -5);
    floor.server.kill();
    floor.publisher().publish_all(TOPIC, &sales(5, 5));
    floor.broker.delete_records(TOPIC, 0, 8);
    floor.server.restart();
    has_stopped(&floor, "messages 5 to 8 of partition 0");
    let told = floor.tool(&["sources", "skip", TOPIC, "0", "8", "--reason", "expired"]);
    assert!(told.contains("next offset 8"), "{told}");
    until_on_hand(&floor.server.shop("default"), "tea", "A", -7);
}

#[test]
fn new_partitions_are_found_and_a_first_start_may_begin_with_what_comes() {
    let latest = [("ONHAND_KAFKA_SOURCES_BEGIN", "latest")];
    let Some(floor) = Floor::empty(&latest) else { return };
    floor.until_source("waiting");
    floor.broker.create_topic(TOPIC, 1);
    floor.until_source("running");
    let shop = floor.server.shop("default");
    floor.publisher().publish_all(TOPIC, &sales(0, 1));
    until_on_hand(&shop, "tea", "A", -1);
    floor.broker.add_partitions(TOPIC, 2);
    until("the new partition is read", || {
        floor.publisher().publish(TOPIC, &sales(1, 1)[0].clone().partition(1));
        on_hand(&shop, "tea", "A") == Some(-2)
    });
}

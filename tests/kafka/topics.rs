//! Each outgoing topic is followed by itself, from where it was told to begin.

use std::collections::BTreeSet;

use onhand_tests::Server;
use onhand_tests::kafka::{Broker, Reader};

use crate::audit::Audit;
use crate::floor::{publisher, sink, until, wait_until_published};

/// Lag of a topic.
fn lag(server: &Server, topic: &str) -> u64 {
    let topics = sink(server).list("topics");
    let found = topics.into_iter().find(|it| it.text("topic") == topic);
    found.expect("it is configured").number("lag")
}

#[test]
fn a_topic_that_is_missing_holds_back_no_other_and_catches_up_when_it_is_made() {
    let Some(broker) = Broker::for_test() else { return };
    broker.create_topic("there", 3);
    let server = Server::start_with(&[
        ("ONHAND_KAFKA_BROKERS", &broker.bootstrap()),
        ("ONHAND_KAFKA_ROUTES", "there=standard,missing=standard"),
        ("ONHAND_KAFKA_BREAKER_PAUSE", "200ms"),
        ("ONHAND_KAFKA_SOURCES", ""),
    ]);
    let shop = server.shop("shop");
    for _ in 0..100 {
        shop.receive("tea", "WH-01", 1);
    }
    until("the one that is there has all", || lag(&server, "there") == 0);
    assert!(lag(&server, "missing") >= 100);
    assert_eq!(sink(&server).number("lag"), lag(&server, "missing"), "the worst speaks for all");
    until("it is told", || publisher(&server).text("state") == "suspended");
    let metrics = server.client().get("/metrics").expect(200).json().as_text().to_owned();
    assert!(metrics.contains("onhand_topic_lag{topic=\"there\"} 0"), "{metrics}");
    broker.create_topic("missing", 3);
    wait_until_published(&server);
    for topic in ["there", "missing"] {
        let audit = Audit::of(&Reader::new(&broker, topic).take_all());
        assert_eq!(audit.version("shop:tea:WH-01"), 100, "{topic}");
    }
    until("all is well", || publisher(&server).text("state") == "running");
}

#[test]
fn a_topic_begins_with_the_log_or_now_and_never_twice() {
    let Some(broker) = Broker::for_test() else { return };
    for topic in ["first", "second"] {
        broker.create_topic(topic, 1);
    }
    let mut server = Server::start();
    server.shop("shop").receive("tea", "WH-01", 5);
    assert_eq!(server.stop().code, Some(0));
    let bootstrap = broker.bootstrap();
    let with = |routes: &'static str, from: &'static str| {
        [
            ("ONHAND_KAFKA_BROKERS", bootstrap.as_str()),
            ("ONHAND_KAFKA_ROUTES", routes),
            ("ONHAND_KAFKA_PUBLISH_FROM", from),
            ("ONHAND_KAFKA_SOURCES", ""),
        ]
    };
    // Switched on: what happened before is not left out.
    server.restart_with(&with("first=standard", "beginning"));
    wait_until_published(&server);
    let versions = |topic: &str| {
        let audit = Audit::of(&Reader::new(&broker, topic).take_all());
        (audit.aggregates.get("shop:tea:WH-01").map(|it| it.version), audit.repeated)
    };
    assert_eq!(versions("first"), (Some(1), 0));
    server.kill();
    // A further one may begin now; the first one goes on whatever is set, and so it stays after kills.
    for received in 2..5 {
        server.restart_with(&with("first=standard,second=domain", "now"));
        server.shop("shop").receive("tea", "WH-01", 1);
        wait_until_published(&server);
        assert_eq!(versions("first").0, Some(received));
        server.kill();
    }
    let told = Reader::new(&broker, "second").take_all();
    // After a kill what was told last may be told again.
    let levels = told.iter().filter(|it| it.headers["eventType"] == "StockLevelChangedEvent");
    let sequences: BTreeSet<_> = levels.map(|it| it.headers["sequence"].clone()).collect();
    assert_eq!(sequences.len(), 3, "what was before is left out, nothing else");
    // One that was taken out and comes back goes on where it had stopped.
    server.restart_with(&with("second=domain", "now"));
    server.shop("shop").receive("tea", "WH-01", 1);
    assert_eq!(server.stop().code, Some(0));
    server.restart_with(&with("first=standard,second=domain", "now"));
    wait_until_published(&server);
    assert_eq!(versions("first").0, Some(5));
}

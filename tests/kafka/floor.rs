//! A broker with a topic to read, and a server that reads it.

use std::thread;
use std::time::{Duration, Instant};

use onhand_tests::kafka::{Broker, Publisher};
use onhand_tests::{Json, Process, Server, Shop};

pub(crate) const TOPIC: &str = "integration-events";
/// How long something may take to come about before the test fails.
const WAIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(20);

/// A broker with a topic to read, and a server that reads it.
pub(crate) struct Floor {
    pub(crate) server: Server,
    pub(crate) broker: Broker,
}

impl Floor {
    pub(crate) fn open(partitions: u16) -> Option<Self> {
        Self::open_with(partitions, &[])
    }

    pub(crate) fn open_with(partitions: u16, more: &[(&str, &str)]) -> Option<Self> {
        let broker = Broker::for_test()?;
        broker.create_topic(TOPIC, partitions);
        Some(Self::serve(broker, more))
    }

    /// Without the topic.
    pub(crate) fn empty(more: &[(&str, &str)]) -> Option<Self> {
        Some(Self::serve(Broker::for_test()?, more))
    }

    fn serve(broker: Broker, more: &[(&str, &str)]) -> Self {
        broker.create_topic("inventory-events", 1);
        broker.create_topic("inventory-events-dlq", 1);
        let server = Server::start_with(&[&settings(&broker.bootstrap())[..], more].concat());
        Self { server, broker }
    }

    pub(crate) fn publisher(&self) -> Publisher {
        Publisher::new(&self.broker)
    }

    pub(crate) fn source(&self) -> Json {
        let all = self.server.client().get("/v1/admin/sources").expect(200).json().list("items");
        let found = all.into_iter().find(|source| source.text("topic") == TOPIC);
        found.expect("it is configured")
    }

    /// Waits until a source stands so.
    pub(crate) fn until_source(&self, state: &str) {
        until(state, || self.source().text("state") == state);
    }

    pub(crate) fn failed(&self, query: &str) -> Vec<Json> {
        let path = format!("/v1/admin/failed-events?{query}");
        self.server.client().get(&path).expect(200).json().list("items")
    }

    /// Runs a tool against the server.
    pub(crate) fn tool(&self, words: &[&str]) -> String {
        let data = self.server.data().display().to_string();
        let told = Process::run(&[words, &["--data", &data]].concat(), &[]);
        assert_eq!(told.code, Some(0), "{}", told.output);
        told.output
    }

    pub(crate) fn metric(&self, line: &str) -> u64 {
        let text = self.server.client().get("/metrics").expect(200).json().as_text().to_owned();
        let found = text.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok());
        found.unwrap_or(0)
    }
}

pub(crate) fn settings(bootstrap: &str) -> [(&'static str, &str); 4] {
    [
        ("ONHAND_KAFKA_BROKERS", bootstrap),
        ("ONHAND_KAFKA_BREAKER_PAUSE", "200ms"),
        ("ONHAND_KAFKA_SOURCES_LOOK", "200ms"),
        ("ONHAND_KAFKA_SOURCES", TOPIC),
    ]
}

#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + WAIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(POLL);
    }
}

pub(crate) fn on_hand(shop: &Shop, item: &str, location: &str) -> Option<i64> {
    let answer = shop.get(&format!("/v1/positions/{item}/{location}"));
    let answer = if answer.status() == 404 { return None } else { answer.expect(200) };
    answer.figure("onHand").to_string().parse().ok()
}

#[track_caller]
pub(crate) fn until_on_hand(shop: &Shop, item: &str, location: &str, expected: i64) {
    let what = format!("{item} at {location} is {expected}");
    until(&what, || on_hand(shop, item, location) == Some(expected));
}

/// How what leaves stands.
pub(crate) fn publisher(server: &Server) -> Json {
    server.client().get("/v1/admin/publisher").expect(200).json().clone()
}

/// How the way to Kafka stands.
pub(crate) fn sink(server: &Server) -> Json {
    publisher(server).list("sinks").remove(0)
}

#[track_caller]
pub(crate) fn wait_until_published(server: &Server) {
    until("everything is published", || sink(server).number("lag") == 0);
}

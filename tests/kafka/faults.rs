//! Faults that a real broker does not produce when asked: librdkafka's own mock of a cluster does. It
//! checks no sequences and no fences, so what is shown here is what we do about an error, not that a broker
//! would give it. And it takes a request behind one that it refused, which a broker that knows the client
//! does not: where it knows the client, what is sent shares one request.

use std::time::Duration;

use onhand_tests::kafka::Reader;
use onhand_tests::{Server, Shop};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use serde_json::json;

use crate::audit::Audit;
use crate::floor::{publisher, sink, until, wait_until_published};

const TOPIC: &str = "inventory-events";

type Cluster = MockCluster<'static, DefaultProducerContext>;

/// A cluster that fails when it is told to, and a server that publishes to it.
struct Floor {
    cluster: Cluster,
    server: Server,
}

impl Floor {
    fn open(more: &[(&str, &str)]) -> Self {
        let cluster = MockCluster::new(1).expect("a mock cluster starts");
        cluster.create_topic(TOPIC, 2, 1).expect("it makes topics");
        let brokers = cluster.bootstrap_servers();
        let settings = [
            ("ONHAND_KAFKA_BROKERS", brokers.as_str()),
            ("ONHAND_KAFKA_SOURCES", ""),
            ("ONHAND_KAFKA_RETRY_DELAY", "50ms"),
            ("ONHAND_KAFKA_BREAKER_PAUSE", "200ms"),
            ("ONHAND_DEAD_LETTERS_MAX", "100"),
        ];
        let server = Server::start_with(&[&settings[..], more].concat());
        until("it publishes", || publisher(&server).text("state") == "running");
        Self { cluster, server }
    }

    /// The next requests of this kind are answered so.
    fn fails(&self, request: RDKafkaApiKey, errors: &[RDKafkaRespErr]) {
        self.cluster.request_errors(request, errors);
    }

    fn shop(&self) -> Shop {
        self.server.shop("shop")
    }

    /// What the topic holds, audited.
    fn audit(&self) -> Audit {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.cluster.bootstrap_servers());
        Audit::of(&Reader::with(config, TOPIC).take_all())
    }

    fn retries(&self) -> u64 {
        let text = self.server.client().get("/metrics").expect(200).json().as_text().to_owned();
        let line = "inventory_event_publish_retries_total{sink=\"kafka\"} ";
        let found = text.lines().find_map(|found| found.strip_prefix(line)?.parse().ok());
        found.unwrap_or(0)
    }

    fn letters(&self) -> Vec<onhand_tests::Json> {
        let path = "/v1/admin/failed-events?direction=out";
        self.server.client().get(path).expect(200).json().list("items")
    }
}

/// Sells so many, each its own record.
fn sell(shop: &Shop, count: usize) {
    let sale = json!({ "op": "sale", "itemId": "tea", "locationId": "A", "quantity": 1 });
    shop.post("/v1/stock:batch", &json!(vec![sale; count])).expect(200);
}

/// Sells so many while these errors come; then everything is there, in order.
#[track_caller]
fn published_all_the_same(request: RDKafkaApiKey, errors: &[RDKafkaRespErr]) -> Floor {
    let floor = Floor::open(&[("ONHAND_KAFKA_LINGER", "500ms")]);
    let shop = floor.shop();
    sell(&shop, 1);
    wait_until_published(&floor.server);
    floor.fails(request, errors);
    sell(&shop, 39);
    wait_until_published(&floor.server);
    assert_eq!(floor.audit().version("shop:tea:A"), 40, "{errors:?}");
    assert_eq!(sink(&floor.server).number("failed"), 0, "{errors:?}");
    until("all is well", || publisher(&floor.server).text("state") == "running");
    floor
}

#[test]
fn what_passes_by_itself_is_left_to_the_client() {
    use RDKafkaRespErr as Error;
    let floor = published_all_the_same(
        RDKafkaApiKey::Produce,
        &[
            Error::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            Error::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            Error::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            Error::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        ],
    );
    assert_eq!(floor.retries(), 0, "publishing did not begin again");
    assert_eq!(floor.audit().repeated, 0);
}

#[test]
fn a_client_that_was_fenced_or_lost_its_thread_is_made_anew() {
    use RDKafkaRespErr as Error;
    for error in [
        Error::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        Error::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
        Error::RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
        Error::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING,
    ] {
        let floor = published_all_the_same(RDKafkaApiKey::Produce, &[error; 2]);
        assert!(floor.letters().is_empty(), "{error:?}");
    }
}

/// From a client that it does not know a broker takes whatever comes first, as the mock always does.
#[test]
fn nothing_overtakes_the_first_event_in_a_partition_when_it_is_refused() {
    use RDKafkaRespErr as Error;
    for error in [
        Error::RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
        Error::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        Error::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING,
    ] {
        // Every message is a request of its own.
        let floor = Floor::open(&[("ONHAND_KAFKA_LINGER", "0ms")]);
        floor.fails(RDKafkaApiKey::Produce, &[error; 2]);
        sell(&floor.shop(), 40);
        wait_until_published(&floor.server);
        assert_eq!(floor.audit().version("shop:tea:A"), 40, "{error:?}");
        assert!(floor.retries() >= 1, "{error:?}");
        assert!(floor.letters().is_empty(), "{error:?}");
    }
}

#[test]
fn a_right_that_is_missing_for_a_while_gives_nothing_up() {
    use RDKafkaRespErr as Error;
    for (request, error) in [
        (RDKafkaApiKey::Produce, Error::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED),
        (RDKafkaApiKey::Produce, Error::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED),
        (RDKafkaApiKey::InitProducerId, Error::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED),
    ] {
        let floor = published_all_the_same(request, &[error; 6]);
        assert!(floor.letters().is_empty(), "{error:?}");
    }
}

#[test]
fn what_is_refused_is_tried_four_times_however_many_share_its_batch() {
    const REFUSED: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_POLICY_VIOLATION;
    let floor = Floor::open(&[("ONHAND_KAFKA_LINGER", "500ms")]);
    let shop = floor.shop();
    let sell = |count: usize| sell(&shop, count);
    sell(1);
    wait_until_published(&floor.server);
    // The first attempt of the batch, and two of its first message alone.
    floor.fails(RDKafkaApiKey::Produce, &[REFUSED; 3]);
    sell(30);
    wait_until_published(&floor.server);
    assert_eq!(floor.audit().version("shop:tea:A"), 31);
    assert_eq!((sink(&floor.server).number("failed"), floor.letters().len()), (0, 0));
    assert_eq!(floor.retries(), 3, "{}", floor.server.printed());
    // Once more is too much: the first one is set aside, and those behind it go on.
    let before = floor.audit().aggregates["shop:tea:A"].version;
    floor.fails(RDKafkaApiKey::Produce, &[REFUSED; 4]);
    sell(30);
    wait_until_published(&floor.server);
    assert_eq!((sink(&floor.server).number("failed"), floor.letters().len()), (1, 1));
    let letter = floor.letters().remove(0);
    letter.shows(&format!("code UNSENDABLE, status open, direction out, topic {TOPIC}"));
    // It is made again when somebody asks for it, once, and then the topic has them all.
    let path = format!("/v1/admin/failed-events/{}/retry", letter.text("id"));
    floor.fails(RDKafkaApiKey::Produce, &[REFUSED]);
    floor.server.client().post(&path, &json!({})).expect(409);
    floor.letters()[0].shows("status open, attempts 2");
    floor.server.client().post(&path, &json!({})).expect(200);
    floor.letters()[0].shows("status retried");
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", floor.cluster.bootstrap_servers());
    let read = Reader::with(config, TOPIC).take_all();
    let changes = read.iter().filter(|it| it.headers["eventType"] == "StockLevelChanged");
    let ids: std::collections::BTreeSet<_> = changes.map(|it| &it.headers["eventId"]).collect();
    assert_eq!(ids.len(), 61);
    assert_eq!(before, 31);
}

#[test]
fn answers_that_do_not_come_open_the_breaker_and_give_nothing_up() {
    let floor = Floor::open(&[("ONHAND_KAFKA_DELIVERY_TIMEOUT", "1s")]);
    let shop = floor.shop();
    shop.receive("tea", "A", 1);
    wait_until_published(&floor.server);
    let slow = |delay| floor.cluster.broker_round_trip_time(-1, delay).expect("it can be slow");
    slow(Duration::from_secs(30));
    for _ in 1..40 {
        shop.receive("tea", "A", 1);
    }
    until("the breaker opens", || publisher(&floor.server).text("state") == "suspended");
    slow(Duration::ZERO);
    wait_until_published(&floor.server);
    assert_eq!(floor.audit().version("shop:tea:A"), 40);
    assert_eq!((sink(&floor.server).number("failed"), floor.letters().len()), (0, 0));
}

#[test]
fn a_broker_that_drops_its_connections_gets_everything_when_it_is_back() {
    let floor = Floor::open(&[]);
    let shop = floor.shop();
    for round in 1..4 {
        floor.cluster.broker_down(1).expect("it goes down");
        for _ in 0..20 {
            shop.receive("tea", "A", 1);
        }
        until("the breaker opens", || publisher(&floor.server).text("state") == "suspended");
        floor.cluster.broker_up(1).expect("it comes up");
        wait_until_published(&floor.server);
        assert_eq!(floor.audit().version("shop:tea:A"), 20 * round);
    }
    assert_eq!(sink(&floor.server).number("failed"), 0);
}

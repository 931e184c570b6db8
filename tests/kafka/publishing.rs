//! What leaves: every change, in order, whatever is killed meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use onhand_tests::kafka::{Broker, Reader};
use onhand_tests::{Json, Process, Server};
use serde_json::json;

use crate::audit::Audit;
use crate::floor::{publisher, sink, until, wait_until_published};

const TOPIC: &str = "inventory-events";
const PARTITIONS: u16 = 6;

/// A broker with the default topic, and the settings of a server that publishes to it.
fn shop_floor() -> Option<(Broker, Vec<(String, String)>)> {
    let broker = Broker::for_test()?;
    broker.create_topic(TOPIC, PARTITIONS);
    let settings = [
        ("ONHAND_KAFKA_BROKERS", broker.bootstrap()),
        ("ONHAND_KAFKA_BREAKER_PAUSE", "200ms".to_owned()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Some((broker, settings))
}

fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Java's `Utils.murmur2` and `toPositive`, as the Java client's default partitioner uses them for keys.
fn java_partition(key: &[u8], partitions: u32) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mix = |word: u32| {
        let word = word.wrapping_mul(M);
        (word ^ (word >> 24)).wrapping_mul(M)
    };
    let length = u32::try_from(key.len()).expect("a short key");
    let (words, rest) = key.as_chunks::<4>();
    let mut hash = words.iter().fold(0x9747_b28c ^ length, |hash, word| {
        hash.wrapping_mul(M) ^ mix(u32::from_le_bytes(*word))
    });
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    ((hash ^ (hash >> 15)) & 0x7fff_ffff) % partitions
}

#[test]
fn the_partitioner_of_the_tests_is_that_of_java() {
    // The vectors of Kafka's own UtilsTest: hashes as signed numbers.
    for (key, hash) in [
        ("21", -973_932_308_i32),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ] {
        let expected = (hash.cast_unsigned() & 0x7fff_ffff) % 1_000_003;
        assert_eq!(java_partition(key.as_bytes(), 1_000_003), expected, "{key}");
    }
}

#[test]
fn a_sale_is_published_with_key_headers_and_javas_partition() {
    let Some((broker, settings)) = shop_floor() else { return };
    let server = Server::start_with(&borrowed(&settings));
    let shop = server.shop("shop:1");
    for item in ["tea", "milk", "bread", "salt"] {
        shop.receive(item, "WH-01", 10);
    }
    shop.sell("tea", "WH-01", 3);
    wait_until_published(&server);
    let told = server.client().get("/v1/events?limit=1000").expect(200).json().clone();
    assert!(told.list("items").is_empty(), "events belong to their tenant");
    let told = shop.get("/v1/events?limit=1000").expect(200).json().list("items");
    let read = Reader::new(&broker, TOPIC).take_all();
    assert_eq!(read.len(), told.len());
    let by_id: BTreeMap<_, _> = read.iter().map(|it| (it.headers["eventId"].clone(), it)).collect();
    for event in &told {
        let message = by_id[&event.text("eventId")];
        assert_eq!(Json::new(message.payload.clone()).value(), event.value());
        assert_eq!(message.key, format!("shop%3A1:{}", event.text("aggregateId")));
        for header in ["eventType", "tenantId"] {
            assert_eq!(message.headers[header], event.text(header), "{header}");
        }
        for header in ["epoch", "sequence", "index"] {
            assert_eq!(message.headers[header], event.number(header).to_string(), "{header}");
        }
        assert!(!message.headers.contains_key("replay"));
        let expected = java_partition(message.key.as_bytes(), PARTITIONS.into());
        assert_eq!(u32::try_from(message.partition), Ok(expected), "{}", message.key);
    }
    Audit::of(&read);
    let metrics = server.client().get("/metrics").expect(200).json().as_text().to_owned();
    let count = "inventory_events_published_total{event_type=\"StockLevelChanged\",\
                 sink=\"kafka\",result=\"delivered\"} 5";
    for line in ["inventory_outbox_lag{sink=\"kafka\"} 0", count] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
}

#[test]
fn after_kill_9_every_event_is_published_in_order_and_without_a_hole() {
    let Some((broker, settings)) = shop_floor() else { return };
    let mut server = Server::start_with(&borrowed(&settings));
    server.shop("till").receive("tea", "WH-01", 1_000_000);
    for _ in 0..3 {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for till in 0..4 {
                let shop = server.shop("till");
                let is_over = &is_over;
                scope.spawn(move || {
                    let item =
                        if till % 2 == 0 { "tea".to_owned() } else { format!("item-{till}") };
                    let body = json!({ "itemId": item, "locationId": "WH-01", "quantity": 1 });
                    while !is_over.load(Ordering::Relaxed) {
                        let request = onhand_tests::Request::post("/v1/stock/sales").json(&body);
                        if shop.try_send(&request).is_err() {
                            return;
                        }
                    }
                });
            }
            let before = sink(&server).number("delivered");
            until("it publishes", || sink(&server).number("delivered") > before + 300);
            server.kill();
            is_over.store(true, Ordering::Relaxed);
        });
        server.restart();
    }
    wait_until_published(&server);
    let read = Reader::new(&broker, TOPIC).take_all();
    let version = server.shop("till").position("tea", "WH-01").number("version");
    let told = Audit::of(&read).version("till:tea:WH-01");
    assert_eq!(told, version, "the last change was published too");
}

#[test]
fn selling_goes_on_while_the_broker_is_away_and_what_was_sold_is_published_later() {
    let Some((mut broker, settings)) = shop_floor() else { return };
    let server = Server::start_with(&borrowed(&settings));
    let shop = server.shop("shop");
    shop.receive("tea", "WH-01", 1_000);
    wait_until_published(&server);
    broker.stop();
    for _ in 0..100 {
        shop.sell("tea", "WH-01", 1);
    }
    until("it notices", || publisher(&server).text("state") == "suspended");
    let ready = server.client().get("/health/ready").expect(200).json().clone();
    assert_eq!(ready.text("parts/broker/status"), "warn");
    let metrics = server.client().get("/metrics").expect(200).json().as_text().to_owned();
    assert!(metrics.contains("inventory_circuit_open{sink=\"kafka\"} 1"), "{metrics}");
    assert!(sink(&server).number("lag") > 0);
    broker.start_again();
    shop.sell("tea", "WH-01", 1);
    wait_until_published(&server);
    assert_eq!(publisher(&server).text("state"), "running");
    let audit = Audit::of(&Reader::new(&broker, TOPIC).take_all());
    assert_eq!(audit.version("shop:tea:WH-01"), 102);
}

/// `limit` is what the topic takes and `ours` what we try to send, in bytes.
fn what_is_too_large_is_set_aside(limit: &str, ours: &str) {
    let Some(broker) = Broker::for_test() else { return };
    broker.create_topic_with(TOPIC, 1, &[("max.message.bytes", limit)]);
    let server = Server::start_with(&[
        ("ONHAND_KAFKA_BROKERS", &broker.bootstrap()),
        ("ONHAND_KAFKA_MESSAGE_BYTES_MAX", ours),
    ]);
    let shop = server.shop("shop");
    let items: Vec<String> = (0..60).map(|number| format!("item-{number:0>50}")).collect();
    for item in &items {
        shop.receive(item, "WH-01", 9);
    }
    let lines: Vec<_> = items.iter().map(|item| onhand_tests::line(item, "WH-01", 1)).collect();
    shop.hold_lines(&lines);
    shop.sell(&items[0], "WH-01", 1);
    wait_until_published(&server);
    assert_eq!(sink(&server).number("failed"), 1);
    let metrics = server.client().get("/metrics").expect(200).json().as_text().to_owned();
    let line = "inventory_dead_letters{direction=\"out\"} 1";
    assert!(metrics.lines().any(|found| found == line), "{metrics}");
    let told = shop.get("/v1/events?limit=1000").expect(200).json().list("items");
    let wanted: BTreeSet<_> = told.iter().map(|event| event.text("eventId")).collect();
    let read = Reader::new(&broker, TOPIC).take_all();
    let found: BTreeSet<_> = read.iter().map(|it| it.headers["eventId"].clone()).collect();
    let missing: Vec<_> = told.iter().filter(|it| !found.contains(&it.text("eventId"))).collect();
    assert_eq!(missing.len(), 1, "only the large one");
    assert_eq!(missing[0].text("eventType"), "ReservationCreated");
    assert_eq!(found.len() + 1, wanted.len());
    Audit::of(&read);
}

#[test]
fn what_we_may_not_send_is_set_aside_and_does_not_stop_what_is_behind_it() {
    what_is_too_large_is_set_aside("1000000", "5000");
}

#[test]
fn what_the_topic_does_not_take_is_set_aside_alone_though_it_shared_a_batch() {
    what_is_too_large_is_set_aside("5000", "1000000");
}

#[test]
fn every_dialect_has_its_topic_and_topics_are_made_when_asked_to() {
    let Some(broker) = Broker::for_test() else { return };
    let routes = "a=standard,b=domain,c=composerp:InventoryPosition,d=dotted,e=cloudevents";
    let server = Server::start_with(&[
        ("ONHAND_KAFKA_BROKERS", &broker.bootstrap()),
        ("ONHAND_KAFKA_ROUTES", routes),
        ("ONHAND_KAFKA_CREATE_TOPICS", "true"),
        ("ONHAND_KAFKA_TOPIC_PARTITIONS", "3"),
    ]);
    let shop = server.shop("shop");
    shop.receive("tea", "WH-01", 9);
    wait_until_published(&server);
    let names = |topic: &str| -> Vec<String> {
        let read = Reader::new(&broker, topic).take_all();
        let mut names: Vec<_> = read.iter().map(|it| it.headers["eventType"].clone()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names("a").len(), 4, "location, item, level, receipt");
    assert!(names("b").contains(&"StockLevelChangedEvent".to_owned()));
    assert_eq!(names("c"), ["INVENTORY_UPDATED"]);
    assert!(names("d").contains(&"inventory.movement.in".to_owned()));
    assert!(names("e").contains(&"io.onhand.StockLevelChanged".to_owned()));
    let said = Reader::new(&broker, "e").take_all();
    assert_eq!(said[0].headers["content-type"], "application/cloudevents+json");
    assert!(Reader::new(&broker, "inventory-events-dlq").take_all().is_empty());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory can be made");
    for entry in fs::read_dir(from).expect("a directory can be listed") {
        let path = entry.expect("a directory can be listed").path();
        let target = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}

#[test]
fn an_older_copy_is_refused_against_a_topic_that_is_ahead_of_it() {
    const LOST_TAIL: i32 = 25;
    let Some((mut broker, settings)) = shop_floor() else { return };
    let settings = borrowed(&settings);
    let mut server = Server::start_with(&settings);
    server.shop("shop").receive("tea", "WH-01", 5);
    wait_until_published(&server);
    assert_eq!(server.stop().code, Some(0));
    let older = tempfile::tempdir().expect("a temporary directory can be made");
    copy(&server.data(), &older.path().join("data"));
    server.restart();
    let shop = server.shop("shop");
    shop.receive("tea", "WH-01", 7);
    let told = shop.get("/v1/events?limit=1000").expect(200).json().list("items").len();
    wait_until_published(&server);
    assert_eq!(server.stop().code, Some(0));
    let read = Reader::new(&broker, TOPIC).take_all();
    assert_eq!(read.len(), told, "each is published once");

    let data = older.path().join("data").display().to_string();
    let serve = ["serve", "--data", &data, "--listen", "127.0.0.1:0"];
    let refused = Process::run(&serve, &settings);
    assert_eq!(refused.code, Some(LOST_TAIL), "{}", refused.output);
    assert!(refused.output.contains("topic inventory-events"), "{}", refused.output);

    // Without a broker it sells, and stops when the broker turns out to hold more.
    broker.stop();
    let mut copied = Server::start_in(older, &settings);
    copied.shop("shop").receive("tea", "WH-01", 1);
    broker.start_again();
    let stopped = copied.process().wait();
    assert_eq!(stopped.code, Some(LOST_TAIL), "{}", stopped.output);

    // An operator gives up what is missing, once.
    let accepting = [&settings[..], &[("ONHAND_ACCEPT_LOST_TAIL", "true")]].concat();
    copied.restart_with(&accepting);
    wait_until_published(&copied);
    assert_eq!(copied.stop().code, Some(0));
    copied.restart_with(&settings);
    assert_eq!(copied.stop().code, Some(0));
    // The one the copy was taken from goes on as before only if its tail was not overtaken.
    server.restart_with(&accepting);
    wait_until_published(&server);
}

/// What a restored backup tells is never taken for what the old directory told after it was taken.
#[test]
fn a_restored_backup_is_refused_until_its_lost_tail_is_given_up() {
    let Some((broker, settings)) = shop_floor() else { return };
    let settings = borrowed(&settings);
    let mut server = Server::start_with(&settings);
    server.shop("shop").receive("tea", "WH-01", 5);
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let backup = place.path().join("backup").display().to_string();
    let data = server.data().display().to_string();
    let taken = Process::run(&["backup", &backup, "--data", &data], &[]);
    assert_eq!(taken.code, Some(0), "{}", taken.output);
    for quantity in [7, 8] {
        server.shop("shop").receive("tea", "WH-01", quantity);
        wait_until_published(&server);
        assert_eq!(server.stop().code, Some(0));
        server.restart();
    }
    assert_eq!(server.stop().code, Some(0));
    let told = || -> BTreeMap<String, u32> {
        let read = Reader::new(&broker, TOPIC).take_all();
        let epoch = |text: &String| text.parse().expect("a number");
        read.iter().map(|it| (it.headers["eventId"].clone(), epoch(&it.headers["epoch"]))).collect()
    };
    let before = told();

    let data = place.path().join("data").display().to_string();
    let restored = Process::run(&["restore", &backup, "--data", &data], &[]);
    assert_eq!(restored.code, Some(0), "{}", restored.output);
    let serve = ["serve", "--data", &data, "--listen", "127.0.0.1:0"];
    let refused = Process::run(&serve, &settings);
    assert_eq!(refused.code, Some(25), "{}", refused.output);
    let accepting = [&settings[..], &[("ONHAND_ACCEPT_LOST_TAIL", "true")]].concat();
    let mut back = Server::start_in(place, &accepting);
    back.shop("shop").position("tea", "WH-01").shows("available 5");
    back.shop("shop").receive("tea", "WH-01", 1);
    wait_until_published(&back);
    assert_eq!(back.stop().code, Some(0));
    back.restart_with(&settings);
    assert_eq!(back.stop().code, Some(0), "the operator's word is remembered");
    // What is sent once more has the name it had; what is new has an epoch that nobody had before.
    let highest = before.values().max().expect("something was told");
    let after = told();
    let mut new = after.iter().filter(|(id, _)| !before.contains_key(*id)).peekable();
    assert!(new.peek().is_some());
    assert!(new.all(|(_, epoch)| epoch > highest), "{before:?} {after:?}");
}

#[test]
fn events_are_replayed_to_another_topic_and_marked() {
    let Some((broker, settings)) = shop_floor() else { return };
    broker.create_topic("again", 1);
    let server = Server::start_with(&borrowed(&settings));
    let shop = server.shop("shop");
    for _ in 0..5 {
        shop.receive("tea", "WH-01", 1);
        shop.receive("milk", "WH-01", 1);
    }
    wait_until_published(&server);
    let wanted = json!({ "sink": "kafka", "types": ["StockLevelChanged"], "topic": "again",
        "aggregateId": "tea:WH-01", "dryRun": true });
    let dry = server.client().post("/v1/admin/replay", &wanted).expect(200).json().clone();
    assert_eq!((dry.number("matched"), dry.number("sent")), (5, 0));
    let data = server.data().display().to_string();
    let wanted = ["--type", "StockLevelChanged", "--aggregate-id", "tea:WH-01", "--topic", "again"];
    let told = Process::run(&[&["replay", "--data", &data][..], &wanted].concat(), &[]);
    assert_eq!(told.code, Some(0), "{}", told.output);
    assert!(told.output.contains("5 events fit, 5 messages sent"), "{}", told.output);
    let read = Reader::new(&broker, "again").take_all();
    assert_eq!(read.len(), 5);
    for message in &read {
        assert!(message.headers["replay"].starts_with("replay-"));
        assert_eq!(message.key, "shop:tea:WH-01");
    }
    // An application names its events as it likes: what nobody has said fits nothing.
    let nothing = json!({ "sink": "kafka", "types": ["Nothing"] });
    let nothing = server.client().post("/v1/admin/replay", &nothing).expect(200).json().clone();
    assert_eq!((nothing.number("matched"), nothing.number("sent")), (0, 0));
    for (field, value, status) in [
        ("sink", json!("carrier-pigeon"), 404),
        ("dialect", json!("klingon"), 422),
        ("topic", json!("no such topic"), 422),
        ("from", json!("yesterday"), 422),
        ("topic", json!("missing"), 503),
    ] {
        let mut asked = json!({ "sink": "kafka" });
        asked[field] = value;
        server.client().post("/v1/admin/replay", &asked).expect(status);
    }
}

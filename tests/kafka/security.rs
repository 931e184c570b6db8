//! A broker that wants to know who we are.

use onhand_tests::Server;
use onhand_tests::kafka::{Broker, Event, Publisher, Reader};

use crate::audit::Audit;
use crate::floor::{TOPIC, publisher, settings, until, until_on_hand, wait_until_published};

const NAME: &str = "onhand";
const PASSWORD: &str = "till-secret-17";
const WRONG: &str = "wrong-secret-18";

fn with<'a>(bootstrap: &'a str, password: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut all = settings(bootstrap).to_vec();
    all.extend([
        ("ONHAND_KAFKA_SECURITY_PROTOCOL", "sasl_plaintext"),
        ("ONHAND_KAFKA_SECURITY_USERNAME", NAME),
        ("ONHAND_KAFKA_SECURITY_PASSWORD", password),
        ("ONHAND_LOG_LEVEL", "debug"),
    ]);
    all
}

#[test]
fn who_has_the_password_publishes_and_reads_and_who_has_not_sells_all_the_same() {
    let Some(broker) = Broker::guarded(NAME, PASSWORD) else { return };
    for topic in [TOPIC, "inventory-events", "inventory-events-dlq"] {
        broker.create_topic(topic, 2);
    }
    Publisher::new(&broker).publish(TOPIC, &Event::sale("s", "tea", "A", 3));
    let bootstrap = broker.bootstrap();
    let mut server = Server::start_with(&with(&bootstrap, WRONG));
    server.shop("default").receive("tea", "A", 10);
    until("it waits", || publisher(&server).text("state") == "suspended");
    let ready = server.client().get("/health/ready").expect(200).json().clone();
    assert_eq!(ready.text("parts/broker/status"), "warn");
    server.shop("default").position("tea", "A").shows("onHand 10");
    assert_eq!(server.stop().code, Some(0));
    assert!(!server.printed().contains(WRONG), "a password is shown");
    server.restart_with(&with(&bootstrap, PASSWORD));
    until_on_hand(&server.shop("default"), "tea", "A", 7);
    wait_until_published(&server);
    let audit = Audit::of(&Reader::new(&broker, "inventory-events").take_all());
    assert_eq!(audit.version("default:tea:A"), 2);
    assert_eq!(server.stop().code, Some(0));
    assert!(!server.printed().contains(PASSWORD), "a password is shown");
}

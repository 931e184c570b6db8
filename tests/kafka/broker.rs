//! The broker itself: what the other tests rely on.

use std::time::Duration;

use onhand_tests::kafka::{Broker, Read, Reader};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

const FLUSH_WAIT: Duration = Duration::from_secs(60);

fn produce(broker: &Broker, topic: &str, payloads: &[&str]) {
    let producer: BaseProducer = broker.client().create().expect("a client can be made");
    for payload in payloads {
        let record = BaseRecord::to(topic).key("key").payload(*payload);
        producer.send(record).map_err(|(error, _)| error).expect("the queue has room");
    }
    producer.flush(FLUSH_WAIT).expect("the broker takes them");
}

fn payloads(read: &[Read]) -> Vec<&str> {
    read.iter().map(|message| message.payload.as_str()).collect()
}

#[test]
fn what_is_produced_can_be_read_and_outlives_restarts() {
    let Some(mut broker) = Broker::for_test() else { return };
    broker.create_topic("sales", 3);
    produce(&broker, "sales", &["one", "two"]);
    let read = Reader::new(&broker, "sales").take_all();
    assert_eq!(payloads(&read), ["one", "two"], "of one key, so of one partition, in order");
    assert_eq!(read[0].key, "key");
    let address = broker.bootstrap();
    broker.restart();
    assert_eq!(broker.bootstrap(), address);
    produce(&broker, "sales", &["three"]);
    broker.kill();
    broker.start_again();
    assert_eq!(payloads(&Reader::new(&broker, "sales").take(3)), ["one", "two", "three"]);
    let Read { partition, .. } = read[0];
    let partition = u16::try_from(partition).expect("one of three");
    broker.delete_records("sales", partition, 2);
    assert_eq!(payloads(&Reader::new(&broker, "sales").take_all()), ["three"]);
}

#[test]
fn a_topic_can_be_deleted_and_made_anew() {
    let Some(broker) = Broker::shared() else { return };
    broker.create_topic("again", 1);
    produce(broker, "again", &["old"]);
    broker.delete_topic("again");
    broker.create_topic("again", 1);
    assert_eq!(Reader::new(broker, "again").take_all(), []);
    produce(broker, "again", &["new"]);
    let read = Reader::new(broker, "again").take_all();
    assert_eq!(payloads(&read), ["new"]);
    assert_eq!(read[0].offset, 0);
}

//! Many sales through a broker, while the engine is killed five times and the broker goes twice: totals
//! are exact, and every change is published once, in order.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use onhand_tests::kafka::{Event, Publisher, Reader};

use crate::audit::Audit;
use crate::floor::{Floor, TOPIC, sink};

/// How many sales: 100,000 unless this variable says otherwise. The full size is 1,000,000.
const SALES_VARIABLE: &str = "ONHAND_TEST_SALES";
const SALES: usize = 100_000;
const ITEMS: usize = 500;
const PARTITIONS: u16 = 4;
/// Every so many sales one is sent twice, as a till does that got no answer.
const REPEATED_EVERY: usize = 97;
/// How long nothing at all may move before the test fails.
const STANDSTILL: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// What breaks, one after the other.
#[derive(Clone, Copy, Debug)]
enum Blow {
    EngineKilled,
    BrokerRestarted,
    BrokerKilled,
}

const BLOWS: [Blow; 7] = [
    Blow::EngineKilled,
    Blow::BrokerRestarted,
    Blow::EngineKilled,
    Blow::EngineKilled,
    Blow::BrokerKilled,
    Blow::EngineKilled,
    Blow::EngineKilled,
];

fn sales() -> usize {
    env::var(SALES_VARIABLE).map_or(SALES, |text| text.parse().expect("a number of sales"))
}

/// What a sale is about: some items sell far better than others.
fn item_of(sale: usize) -> usize {
    let mixed = sale.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    (mixed % ITEMS).min((mixed >> 9) % ITEMS)
}

fn quantity_of(sale: usize) -> usize {
    1 + sale % 3
}

fn event(sale: usize) -> Event {
    let item = format!("item-{}", item_of(sale));
    let quantity = u32::try_from(quantity_of(sale)).expect("a few");
    Event::sale(&format!("s-{sale}"), &item, "A", quantity).key(&item)
}

/// Sells like tills: some ahead of what was acted on, never all at once.
fn sell(publisher: &Publisher, count: usize, acted: &AtomicUsize) {
    const SLICE: usize = 2_000;
    let ahead = (count / 4).max(SLICE);
    for first in (0..count).step_by(SLICE) {
        while first > acted.load(Relaxed) + ahead {
            thread::sleep(POLL);
        }
        let slice = first..(first + SLICE).min(count);
        let mut events = Vec::with_capacity(SLICE);
        for sale in slice {
            events.push(event(sale));
            if sale % REPEATED_EVERY == 0 {
                events.push(event(sale));
            }
        }
        publisher.publish_all(TOPIC, &events);
    }
}

/// Messages that were acted on, by the engine's own watermarks.
fn acted_on(floor: &Floor) -> usize {
    let partitions = floor.source().find("partitions").map_or_else(Vec::new, |it| it.list(""));
    let next = partitions.iter().filter(|it| it.has("nextOffset"));
    next.map(|it| usize::try_from(it.number("nextOffset")).expect("a count")).sum()
}

/// Waits for a figure to reach a goal, for as long as it moves.
#[track_caller]
fn until_reached(what: &str, goal: usize, figure: impl Fn() -> usize) {
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let now = figure();
        if now >= goal {
            return;
        }
        if now != last {
            (last, moved) = (now, Instant::now());
        }
        assert!(moved.elapsed() < STANDSTILL, "{what}: stands still at {now} of {goal}");
        thread::sleep(POLL);
    }
}

fn strike(floor: &mut Floor, blow: Blow) {
    match blow {
        Blow::EngineKilled => {
            floor.server.kill();
            floor.server.restart();
        }
        Blow::BrokerRestarted => floor.broker.restart(),
        Blow::BrokerKilled => {
            floor.broker.kill();
            floor.broker.start_again();
        }
    }
}

#[test]
fn through_five_kills_and_two_restarts_of_the_broker_totals_are_exact_and_published_once() {
    let Some(mut floor) = Floor::open(PARTITIONS) else { return };
    let (count, began) = (sales(), Instant::now());
    let all = count + count.div_ceil(REPEATED_EVERY);
    let (acted, publisher) = (Arc::new(AtomicUsize::new(0)), floor.publisher());
    let tills = thread::spawn({
        let acted = Arc::clone(&acted);
        move || sell(&publisher, count, &acted)
    });
    let follow = |floor: &Floor, goal: usize| {
        until_reached("acted on", goal, || {
            let now = acted_on(floor);
            acted.store(now, Relaxed);
            now
        });
    };
    for (number, blow) in (1..).zip(BLOWS) {
        follow(&floor, all * number / (BLOWS.len() + 1));
        println!("{:>6.1?} {} acted on: {blow:?}", began.elapsed(), acted_on(&floor));
        strike(&mut floor, blow);
    }
    follow(&floor, all);
    tills.join().expect("the tills sold everything");
    println!("{:>6.1?} all {all} acted on", began.elapsed());
    let durable = || usize::try_from(sink(&floor.server).number("lag")).expect("a count");
    until_reached("published", count, || count - durable().min(count));
    println!("{:>6.1?} all published", began.elapsed());
    totals_are_exact(&floor, count);
    every_change_was_published_once(&floor, count);
    println!("{:>6.1?} audited", began.elapsed());
}

#[track_caller]
fn totals_are_exact(floor: &Floor, count: usize) {
    assert_eq!(acted_on(floor), count + count.div_ceil(REPEATED_EVERY), "nothing was added");
    assert!(floor.failed("").is_empty());
    let mut expected = vec![0; ITEMS];
    for sale in 0..count {
        expected[item_of(sale)] += quantity_of(sale);
    }
    let positions = floor.server.shop("default").pages("/v1/positions?locationId=A&limit=1000");
    assert_eq!(positions.len(), expected.iter().filter(|sold| **sold > 0).count());
    for position in positions {
        let item = position.text("itemId");
        let number: usize = item["item-".len()..].parse().expect("a number");
        position.shows(&format!("onHand -{}", expected[number]));
    }
}

#[track_caller]
fn every_change_was_published_once(floor: &Floor, count: usize) {
    let (mut audit, mut told) = (Audit::default(), vec![false; count]);
    let read = Reader::new(&floor.broker, "inventory-events").for_each(|message| {
        let Some(body) = audit.take(&message) else { return };
        if body["eventType"] == "StockLevelChanged" {
            let sale = body["payload"]["reference"].as_str().expect("the sale");
            let sale: usize = sale["s-".len()..].parse().expect("a number");
            assert!(!std::mem::replace(&mut told[sale], true), "sale {sale} was told twice");
        }
    });
    let missing = told.iter().filter(|told| !**told).count();
    assert_eq!(missing, 0, "sales that were never told");
    println!("{read} messages published, {} of them more than once", audit.repeated);
    for position in floor.server.shop("default").pages("/v1/positions?locationId=A&limit=1000") {
        let key = format!("default:{}:A", position.text("itemId"));
        assert_eq!(audit.version(&key), position.number("version"), "{key}: the last change");
        let on_hand = audit.aggregates[&key].on_hand.expect("it was told");
        position.shows(&format!("onHand {on_hand}"));
    }
}

//! "the position's figures as of an instant, plus `movements` and `holds` that make them".

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use onhand_tests::{Figure, Json, Shop, at, encode, line};
use serde_json::json;

use crate::traffic::{ITEMS, LOCATIONS, Traffic, ledger, names};

const BUCKETS: [&str; 6] =
    ["available", "reserved", "committed", "damaged", "qualityHold", "inTransit"];

fn explain(shop: &Shop, item: &str, location: &str, at: Option<Timestamp>) -> Json {
    let query = at.map_or_else(String::new, |at| format!("&at={}", encode(&at.to_string())));
    let path = format!("/v1/positions/{item}/{location}/explain?limit=1000{query}");
    shop.get(&path).expect(200).json().clone()
}

/// What the movements up to an instant make of a position, bucket by bucket.
fn replayed(all: &[Json], item: &str, location: &str, at: Timestamp) -> BTreeMap<String, Figure> {
    let mut figures: BTreeMap<String, Figure> =
        BUCKETS.iter().map(|bucket| ((*bucket).to_owned(), Figure::ZERO)).collect();
    let is_of = |entry: &&Json| {
        entry.text("itemId") == item
            && entry.text("locationId") == location
            && entry.instant("occurredAt") <= at
    };
    for entry in all.iter().filter(is_of) {
        let amount = entry.figure("quantity");
        let amount = if amount < Figure::ZERO { -amount } else { amount };
        for (side, amount) in [("from", -amount), ("to", amount)] {
            if let Some(bucket) = entry.find(side) {
                let bucket = bucket.as_text().trim_matches('"').to_owned();
                let held = figures.get_mut(&bucket).expect("a bucket");
                *held = *held + amount;
            }
        }
    }
    figures
}

/// Instants before, at, between and after all that happened and was recorded.
fn instants(all: &[Json]) -> Vec<Timestamp> {
    let mut instants: Vec<Timestamp> = all
        .iter()
        .flat_map(|entry| [entry.instant("occurredAt"), entry.instant("recordedAt")])
        .collect();
    instants.sort();
    instants.dedup();
    let step = (instants.len() / 25).max(1);
    let millis = SignedDuration::from_millis(1);
    let mut chosen: Vec<Timestamp> = instants.iter().step_by(step).copied().collect();
    chosen.extend(instants.iter().step_by(step * 3).map(|instant| *instant - millis));
    chosen.extend(instants.last().map(|last| *last + millis));
    chosen
}

/// The property: as of any instant = replay up to it, by when things happened.
#[test]
fn as_of_any_instant_is_the_replay_up_to_it() {
    for seed in [1, 2, 3] {
        let shop = Shop::open("explain");
        Traffic::new(shop.clone(), seed).run(300);
        let all = ledger(&shop);
        for at in instants(&all) {
            for item in ITEMS {
                for location in LOCATIONS {
                    check_as_of(&shop, &all, (item, location), at);
                }
                check_availability(&shop, &all, item, at);
            }
        }
    }
}

fn check_as_of(shop: &Shop, all: &[Json], (item, location): (&str, &str), at: Timestamp) {
    let path = format!("/v1/positions/{item}/{location}");
    if shop.get(&path).status() == 404 {
        return;
    }
    let explained = explain(shop, item, location, Some(at));
    let expected = replayed(all, item, location, at);
    for (bucket, figure) in &expected {
        assert_eq!(explained.figure(bucket), *figure, "{bucket} of {item} at {location}, {at}");
    }
    let made: Vec<Json> = all
        .iter()
        .filter(|entry| {
            entry.text("itemId") == item
                && entry.text("locationId") == location
                && entry.instant("occurredAt") <= at
        })
        .cloned()
        .collect();
    assert_eq!(names(&explained.list("movements")), names(&made), "{item} at {location}, {at}");
    // A hold lies where its reservation put it: as long as no shipment was told late, they sum up.
    let late = all.iter().any(|entry| {
        entry.has("reservationId") && entry.text("occurredAt") != entry.text("recordedAt")
    });
    if !late {
        let holds = explained.list("holds");
        let held = holds.iter().map(|hold| hold.figure("quantity"));
        let held = held.fold(Figure::ZERO, |sum, figure| sum + figure);
        assert_eq!(held, expected["reserved"] + expected["committed"], "{explained}");
    }
}

fn check_availability(shop: &Shop, all: &[Json], item: &str, at: Timestamp) {
    let path = format!("/v1/availability?itemId={item}&at={}", encode(&at.to_string()));
    let found = shop.get(&path).expect(200);
    let mut sum = Figure::ZERO;
    for location in LOCATIONS {
        sum = sum + replayed(all, item, location, at)["available"];
    }
    assert_eq!(found.figure("items/0/available"), sum, "{item}, {at}");
}

#[test]
fn without_an_instant_it_explains_what_is_shown_now() {
    let shop = Shop::open("explain");
    Traffic::new(shop.clone(), 9).run(200);
    let all = ledger(&shop);
    for position in shop.pages("/v1/positions") {
        let (item, location) = (position.text("itemId"), position.text("locationId"));
        let explained = explain(&shop, &item, &location, None);
        for field in BUCKETS.iter().chain(&["onHand", "sellable", "version", "sequence"]) {
            assert_eq!(explained.figure(field), position.figure(field), "{field} of {position}");
        }
        let made = all
            .iter()
            .filter(|entry| entry.text("itemId") == item && entry.text("locationId") == location);
        let made: Vec<Json> = made.cloned().collect();
        assert_eq!(names(&explained.list("movements")), names(&made));
        let path = format!("/v1/reservations?itemId={item}&locationId={location}&limit=1000");
        let mut open: Vec<String> =
            shop.pages(&path).iter().map(|held| held.text("reservationId")).collect();
        let mut held: Vec<String> =
            explained.list("holds").iter().map(|hold| hold.text("reservationId")).collect();
        open.retain(|id| {
            shop.reservation(id).list("lines").iter().any(|line| {
                let open =
                    line.figure("quantity") - line.figure("fulfilled") - line.figure("released");
                line.text("itemId") == item
                    && line.text("locationId") == location
                    && open > Figure::ZERO
            })
        });
        open.sort();
        held.sort();
        assert_eq!(held, open, "{item} at {location}");
    }
}

/// A sale that was told late is in the figures of when it happened, and its movement among theirs.
#[test]
fn what_came_late_belongs_to_when_it_happened() {
    let shop = Shop::open("explain");
    let day =
        |day: u32| -> Timestamp { format!("2026-05-{day:02}T12:00:00Z").parse().expect("valid") };
    let on = |kind: &str, day_number: u32, quantity: i64| {
        let rest = json!({ "quantity": quantity, "occurredAt": day(day_number).to_string() });
        shop.stock(kind, &at("tea", "north", &rest)).ok();
    };
    on("receipts", 1, 100);
    on("sales", 10, 30);
    on("sales", 5, 20);
    for (at, available, movements) in [
        (day(1) - SignedDuration::from_secs(1), 0, 0),
        (day(1), 100, 1),
        (day(4), 100, 1),
        (day(5), 80, 2),
        (day(9), 80, 2),
        (day(10), 50, 3),
    ] {
        let explained = explain(&shop, "tea", "north", Some(at));
        explained
            .shows(&format!("available {available}, onHand {available}, sellable {available}"));
        assert_eq!(explained.list("movements").len(), movements, "{at}");
    }
    shop.position("tea", "north").shows("available 50");
}

#[test]
fn holds_are_those_of_then() {
    let shop = Shop::open("explain");
    shop.receive("tea", "north", 100);
    let hold = |order: &str, quantity: i64| {
        let body = json!({ "orderId": order, "lines": [line("tea", "north", quantity)] });
        shop.reserve(&body).expect(201).text("reservationId")
    };
    let recorded = || ledger(&shop)[0].instant("recordedAt");
    let pause = || std::thread::sleep(std::time::Duration::from_millis(3));
    let first = hold("o-1", 10);
    let second = hold("o-2", 20);
    let both = recorded();
    pause();
    shop.act(&first, "confirm", &json!(null)).ok();
    let confirmed = recorded();
    pause();
    shop.act(&first, "fulfil", &json!({ "lines": [line("tea", "north", 4)] })).ok();
    shop.act(&second, "cancel", &json!(null)).ok();
    let part = recorded();
    let holds = |at| -> Vec<(String, String, Figure)> {
        let explained = explain(&shop, "tea", "north", Some(at));
        let shown =
            |hold: &Json| (hold.text("orderId"), hold.text("status"), hold.figure("quantity"));
        let mut holds: Vec<_> = explained.list("holds").iter().map(shown).collect();
        holds.sort();
        holds
    };
    let expect = |holds: &[(&str, &str, i64)]| -> Vec<(String, String, Figure)> {
        holds
            .iter()
            .map(|(order, status, quantity)| {
                ((*order).to_owned(), (*status).to_owned(), Figure::from(*quantity))
            })
            .collect()
    };
    assert_eq!(holds(both), expect(&[("o-1", "ACTIVE", 10), ("o-2", "ACTIVE", 20)]));
    assert_eq!(holds(confirmed), expect(&[("o-1", "CONFIRMED", 10), ("o-2", "ACTIVE", 20)]));
    assert_eq!(holds(part), expect(&[("o-1", "CONFIRMED", 6)]));
    let early: Timestamp = "2026-01-01T00:00:00Z".parse().expect("valid");
    assert_eq!(holds(early), expect(&[]));
}

/// What was known then: a late sale is not in the figures of before it was recorded.
#[test]
fn by_recorded_it_explains_what_was_known() {
    let shop = Shop::open("explain");
    shop.receive("tea", "north", 100);
    let known = ledger(&shop)[0].instant("recordedAt");
    std::thread::sleep(std::time::Duration::from_millis(3));
    let late = json!({ "quantity": 7, "occurredAt": (known - SignedDuration::from_secs(3_600)).to_string() });
    shop.stock("sales", &at("tea", "north", &late)).ok();
    let path = format!("/v1/positions/tea/north/explain?at={known}");
    shop.get(&path).expect(200).shows("available 93");
    let explained = shop.get(&format!("{path}&by=recorded")).expect(200);
    explained.shows("available 100, onHand 100");
    assert_eq!(explained.list("movements").len(), 1);
    let path = format!("/v1/availability?itemId=tea&at={known}");
    shop.get(&path).expect(200).shows("items/0/available 93");
    shop.get(&format!("{path}&by=recorded")).expect(200).shows("items/0/available 100");
    shop.get(&format!("{path}&by=heart")).problem(400, "INVALID_REQUEST");
}

/// Movements come in pages, the figures with each of them.
#[test]
fn movements_come_in_pages() {
    let shop = Shop::open("explain");
    (0..25).for_each(|_| drop(shop.receive("tea", "north", 1)));
    let mut found = Vec::new();
    let mut path = "/v1/positions/tea/north/explain?limit=10".to_owned();
    loop {
        let page = shop.get(&path).expect(200);
        page.shows("available 25");
        found.extend(names(&page.list("movements")));
        if !page.has("nextCursor") {
            break;
        }
        let cursor = encode(&page.text("nextCursor"));
        path = format!("/v1/positions/tea/north/explain?limit=10&cursor={cursor}");
    }
    assert_eq!(found, names(&ledger(&shop)));
}

/// What could be promised is told by the policy of then.
#[test]
fn sellable_is_by_the_policy_of_then() {
    let shop = Shop::open("explain");
    shop.receive("tea", "north", 10);
    let plain = ledger(&shop)[0].instant("recordedAt");
    std::thread::sleep(std::time::Duration::from_millis(3));
    shop.policy("tea", "north", &json!({ "safetyStock": 4 }));
    shop.receive("tea", "north", 1);
    explain(&shop, "tea", "north", Some(plain)).shows("available 10, sellable 10");
    explain(&shop, "tea", "north", None).shows("available 11, sellable 7");
}

#[test]
fn bad_questions_are_told_what_is_wrong() {
    let shop = Shop::open("explain");
    shop.get("/v1/positions/tea/north/explain").problem(404, "UNKNOWN_POSITION");
    shop.receive("tea", "north", 1);
    shop.get("/v1/positions/tea/north/explain?at=noon").problem(422, "INVALID_TIME");
    shop.get("/v1/positions/tea/north/explain?limit=0").problem(400, "INVALID_REQUEST");
    shop.get("/v1/availability?itemId=tea&at=noon").problem(422, "INVALID_TIME");
}

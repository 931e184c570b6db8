//! `GET /v1/events`: pages, filters and cursors.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};
use onhand_tests::{Json, Request, Shop, encode, line};
use serde_json::json;

/// Records of one, two and five events.
fn told() -> Shop {
    let shop = Shop::open("event-log");
    for item in ["tea", "pot", "cup"] {
        shop.receive(item, "north", 10);
    }
    for _ in 0..4 {
        let lines = ["tea", "pot", "cup"].map(|item| line(item, "north", 1));
        shop.hold_lines(&lines);
        shop.sell("tea", "north", 1);
    }
    shop
}

fn ids(events: &[Json]) -> Vec<String> {
    events.iter().map(|event| event.text("eventId")).collect()
}

#[test]
fn events_come_in_the_order_of_the_log() {
    let events = told().events("");
    let places: Vec<(u64, u64)> =
        events.iter().map(|event| (event.number("sequence"), event.number("index"))).collect();
    assert!(places.is_sorted(), "{places:?}");
    let distinct: BTreeSet<_> = places.iter().collect();
    assert_eq!(distinct.len(), places.len());
}

#[test]
fn without_a_cursor_events_come_from_the_beginning() {
    let shop = told();
    let absent = shop.get("/v1/events?limit=1000").expect(200).list("items");
    let zero = shop.get("/v1/events?limit=1000&after=0").expect(200).list("items");
    assert_eq!(ids(&absent), ids(&zero));
    assert_eq!(ids(&absent), ids(&shop.events("")));
}

/// "never cut inside a record's events".
#[test]
fn pages_are_never_cut_inside_a_record() {
    let shop = told();
    let whole = shop.events("");
    for limit in [1, 2, 3, 4, 5, 7, 100] {
        let pages = shop.events_after("0", limit, "");
        let mut seen = BTreeSet::new();
        for page in &pages {
            let sequences: BTreeSet<u64> =
                page.iter().map(|event| event.number("sequence")).collect();
            for sequence in sequences {
                assert!(seen.insert(sequence), "record {sequence} was cut at limit {limit}");
            }
        }
        assert_eq!(ids(&pages.concat()), ids(&whole), "limit {limit}");
    }
}

/// "`after` … opaque cursors taken from an event (`cursor`…)".
#[test]
fn reading_goes_on_after_any_event() {
    let shop = told();
    let whole = shop.events("");
    for (place, event) in whole.iter().enumerate() {
        let rest = shop.events_after(&event.text("cursor"), 1_000, "").concat();
        let record = event.number("sequence");
        let is_last_of_record =
            whole.get(place + 1).is_none_or(|next| next.number("sequence") != record);
        if is_last_of_record {
            assert_eq!(ids(&rest), ids(&whole[place + 1..]), "after event {place}");
        }
        // Inside a record nothing that follows may be missing; the record may come again.
        assert!(ids(&rest).ends_with(&ids(&whole[place + 1..])), "after event {place}");
    }
}

#[test]
fn a_cursor_at_the_end_finds_what_comes_later() {
    let shop = told();
    let last = shop.events("").last().expect("events are there").text("cursor");
    assert!(shop.events_after(&last, 10, "").is_empty());
    shop.sell("pot", "north", 1);
    let later = shop.events_after(&last, 10, "").concat();
    assert_eq!(later.len(), 1, "{later:?}");
    later[0].shows("eventType StockLevelChanged, payload/itemId pot");
}

#[test]
fn events_are_filtered_by_type_and_aggregate() {
    let shop = told();
    let whole = shop.events("");
    let count = |matches: &dyn Fn(&Json) -> bool| whole.iter().filter(|it| matches(it)).count();
    let created = shop.events("type=ReservationCreated");
    assert_eq!(created.len(), 4);
    let changes = shop.events("type=StockLevelChanged");
    assert_eq!(changes.len(), count(&|event| event.text("eventType") == "StockLevelChanged"));
    let of_tea = shop.events(&format!("aggregateId={}", encode("tea:north")));
    assert_eq!(of_tea.len(), count(&|event| event.text("aggregateId") == "tea:north"));
    let both = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    assert_eq!(both.len(), 9);
    assert!(shop.events("type=NothingEver").is_empty());
}

#[test]
fn events_are_filtered_by_correlation() {
    let shop = told();
    let body = json!({ "lines": [line("tea", "north", 1), line("pot", "north", 1)] });
    let request =
        Request::post("/v1/reservations").header("X-Correlation-Id", "trace-1").json(&body);
    let sequence = shop.send(&request).expect(201).number("sequence");
    let found = shop.events("correlationId=trace-1");
    assert_eq!(found.len(), 3, "{found:?}");
    for event in found {
        event.shows(&format!("sequence {sequence}, metadata/correlationId trace-1"));
    }
}

#[test]
fn events_are_filtered_by_time() {
    let shop = told();
    let whole = shop.events("");
    let hour = 1.hours();
    let past = Timestamp::now().saturating_sub(hour).expect("in range").to_string();
    let future = Timestamp::now().saturating_add(hour).expect("in range").to_string();
    let between = |from: &str, to: &str| {
        ids(&shop.events(&format!("from={}&to={}", encode(from), encode(to))))
    };
    assert_eq!(between(&past, &future), ids(&whole));
    assert!(shop.events(&format!("from={}", encode(&future))).is_empty());
    assert!(shop.events(&format!("to={}", encode(&past))).is_empty());
    let middle = whole[whole.len() / 2].text("timestamp");
    let later = shop.events(&format!("from={}", encode(&middle)));
    assert!(later.iter().all(|event| event.instant("timestamp") >= middle.parse().expect("time")));
    assert!(!later.is_empty() && later.len() <= whole.len());
}

#[test]
fn a_wrong_cursor_or_filter_is_refused() {
    let shop = told();
    let request = [(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")];
    for query in ["after=nonsense!", "limit=many"] {
        shop.get(&format!("/v1/events?{query}")).problem_among(&request);
    }
    let time = [request[0], request[1], (422, "INVALID_TIME")];
    for query in ["from=yesterday", "to=soon"] {
        shop.get(&format!("/v1/events?{query}")).problem_among(&time);
    }
}

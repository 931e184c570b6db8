//! The envelope, and what is promised about all events together (EVENTS.md).

use std::collections::{BTreeMap, BTreeSet};

use onhand_tests::{Json, Request, Shop, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;

/// A day in a shop: every kind of action once, and some of them in one record.
fn busy_day() -> Shop {
    let shop = Shop::open("events");
    shop.item("tea", &json!({ "name": "Assam", "lowStockThreshold": 20 }));
    shop.location("north", &json!({}));
    shop.receive("tea", "north", 30);
    shop.receive("pot", "north", 30);
    shop.item("tea", &json!({ "name": "Assam", "safetyStock": 1, "lowStockThreshold": 20 }));
    shop.policy("pot", "north", &json!({ "safetyStock": 2 }));
    let lines = [line("tea", "north", 6), line("pot", "north", 6)];
    let id = shop.hold_lines(&lines).text("reservationId");
    let part = json!({ "lines": [line("tea", "north", 1), line("pot", "north", 1)] });
    shop.act(&id, "extend", &json!({ "ttlSeconds": 60 })).ok();
    shop.act(&id, "lines", &json!({ "lines": [line("tea", "north", 5)] })).ok();
    shop.act(&id, "confirm", &NONE).ok();
    shop.act(&id, "fulfil", &part).ok();
    shop.act(&id, "cancel", &part).ok();
    shop.act(&id, "fulfil", &NONE).ok();
    let transfer = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": 5 });
    let transfer = shop.stock("transfers", &transfer).ok().text("transferId");
    shop.post(&format!("/v1/stock/transfers/{transfer}/receive"), &json!({ "quantity": 2 })).ok();
    shop.post(&format!("/v1/stock/transfers/{transfer}/cancel"), &json!({})).ok();
    shop.sell("tea", "north", 10);
    shop.sell("tea", "south", 5);
    shop.count("tea", "south", 3);
    shop.reserve(&json!({ "lines": [line("tea", "north", 1_000)] }))
        .problem(409, "INSUFFICIENT_STOCK");
    shop
}

#[test]
fn every_event_has_the_envelope() {
    let shop = busy_day();
    let events = shop.events("");
    assert!(events.len() > 20, "{events:?}");
    let tenant = shop.tenant().expect("a shop has a tenant");
    for event in &events {
        event.shows(&format!(
            "eventId present, eventType present, aggregateType present, aggregateId present, \
             tenantId {tenant}, version 1.0, epoch present, sequence present, index present, \
             aggregateVersion present, cursor present, payload present, metadata/source onhand, \
             metadata/correlationId present"
        ));
        assert!(event.at("version").as_text().starts_with('"'), "`version` is a text: {event}");
        event.instant("timestamp");
        assert!(event.find("metadata/userId").is_some(), "{event}");
        assert!(event.find("metadata/causationId").is_some(), "{event}");
    }
}

/// "`eventId` (UUIDv7 form …)".
#[test]
fn event_ids_are_distinct_stable_and_in_the_form_of_uuid_7() {
    let shop = busy_day();
    let ids = |events: &[Json]| -> Vec<String> {
        events.iter().map(|event| event.text("eventId")).collect()
    };
    let first = ids(&shop.events(""));
    for id in &first {
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id.as_bytes()[14], b'7', "{id}");
        assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
    }
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), first.len());
    assert_eq!(ids(&shop.events("")), first);
}

/// "A record … has its place in it (`index`)".
#[test]
fn the_events_of_a_record_are_numbered_from_zero() {
    let mut records: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for event in busy_day().events("") {
        records.entry(event.number("sequence")).or_default().push(event.number("index"));
    }
    for (sequence, indexes) in records {
        let counted: Vec<u64> = (0..).take(indexes.len()).collect();
        assert_eq!(indexes, counted, "record {sequence}");
    }
}

/// "A record raises the version of every aggregate that it changes by exactly one
/// (`aggregateVersion`, no hole) …; its other events of that aggregate carry the same version."
#[test]
fn aggregate_versions_have_no_hole() {
    let mut last: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for event in busy_day().events("") {
        let aggregate = format!("{} {}", event.text("aggregateType"), event.text("aggregateId"));
        let (sequence, version) = (event.number("sequence"), event.number("aggregateVersion"));
        let expected = match last.get(&aggregate) {
            None => 1,
            Some((earlier, version)) if *earlier == sequence => *version,
            Some((_, version)) => version + 1,
        };
        assert_eq!(version, expected, "{event}");
        last.insert(aggregate, (sequence, version));
    }
}

/// "publishes exactly one `StockLevelChanged` per changed position (net effect)".
#[test]
fn each_changed_position_is_told_exactly_once_per_record() {
    let shop = busy_day();
    let mut told: BTreeMap<(u64, String), u64> = BTreeMap::new();
    for event in shop.events("type=StockLevelChanged") {
        let key = (event.number("sequence"), event.text("aggregateId"));
        *told.entry(key).or_default() += 1;
    }
    assert!(told.values().all(|count| *count == 1), "{told:?}");
    for position in shop.pages("/v1/positions") {
        let id = format!("{}:{}", position.text("itemId"), position.text("locationId"));
        let count = told.keys().filter(|(_, aggregate)| *aggregate == id).count();
        let changes = u64::try_from(count).expect("few");
        assert!(changes > 0 && changes <= position.number("version"), "{position}");
    }
}

/// Each change begins where the one before it ended.
#[test]
fn the_changes_of_a_position_form_a_chain() {
    let shop = busy_day();
    for aggregate in ["tea%3Anorth", "pot%3Anorth", "tea%3Asouth"] {
        let changes = shop.events(&format!("type=StockLevelChanged&aggregateId={aggregate}"));
        let mut before = onhand_tests::Figure::ZERO;
        for change in &changes {
            assert_eq!(change.figure("payload/previousQuantity"), before, "{change}");
            before = before + change.figure("payload/changeAmount");
            assert_eq!(change.figure("payload/newQuantity"), before, "{change}");
            assert_eq!(change.figure("payload/onHand"), before, "{change}");
        }
        let last = changes.last().expect("the position was changed").at("payload");
        let position = shop.position(&last.text("itemId"), &last.text("locationId"));
        for field in ["onHand", "available", "sellable"] {
            assert_eq!(last.figure(field), position.figure(field), "{field} of {aggregate}");
        }
    }
}

/// "A reservation over several positions": one record, told once as a whole and once per position.
#[test]
fn a_reservation_of_two_positions_is_told_in_one_record() {
    let shop = Shop::open("events");
    shop.receive("tea", "north", 5);
    shop.receive("pot", "north", 5);
    let lines = [line("tea", "north", 2), line("pot", "north", 3)];
    let sequence = shop.hold_lines(&lines).number("sequence");
    let events = shop.events("");
    let mut told: Vec<String> = events
        .iter()
        .filter(|event| event.number("sequence") == sequence)
        .map(|event| event.text("eventType"))
        .collect();
    told.sort();
    assert_eq!(told, ["ReservationCreated", "StockLevelChanged", "StockLevelChanged"]);
}

/// "ReservationFailed is sent only for what came by event", "an unkeyed refusal … writes nothing",
/// "A record makes no event (keyed refusal …)".
#[test]
fn a_refusal_over_http_is_not_told() {
    let shop = Shop::open("events");
    shop.receive("tea", "north", 5);
    let before = shop.events("").len();
    let body = json!({ "lines": [line("tea", "north", 6)] });
    shop.reserve(&body).problem(409, "INSUFFICIENT_STOCK");
    let keyed = Request::post("/v1/reservations").key("K").json(&body);
    shop.send(&keyed).problem(409, "INSUFFICIENT_STOCK");
    assert_eq!(shop.events("").len(), before);
}

/// "`X-User-Id` …, `X-Correlation-Id` …, `X-Causation-Id` go … to the metadata of events."
#[test]
fn who_and_why_are_told() {
    let shop = Shop::open("events");
    let request = Request::post("/v1/stock/receipts")
        .header("X-User-Id", "ann")
        .header("X-Correlation-Id", "trace-1")
        .header("X-Causation-Id", "cause-1")
        .json(&line("tea", "north", 5));
    shop.send(&request).ok();
    shop.receive("tea", "north", 1);
    let events = shop.events("type=StockLevelChanged");
    events[0]
        .shows("metadata/userId ann, metadata/correlationId trace-1, metadata/causationId cause-1");
    events[1].shows("metadata/userId none, metadata/causationId none");
}

/// "Every action of API.md has an event."
#[test]
fn every_action_has_an_event() {
    let told: BTreeSet<String> =
        busy_day().events("").iter().map(|event| event.text("eventType")).collect();
    for expected in [
        "ItemCreated",
        "ItemUpdated",
        "LocationCreated",
        "PolicyChanged",
        "StockReceived",
        "StockLevelChanged",
        "StockTransferred",
        "StockDiscrepancy",
        "LowStockReached",
        "StockedOut",
        "ReservationCreated",
        "ReservationChanged",
        "ReservationConfirmed",
        "ReservationFulfilled",
        "ReservationCancelled",
    ] {
        assert!(told.contains(expected), "{expected} is not told; told are {told:?}");
    }
}

#[test]
fn an_item_created_by_its_first_booking_is_told() {
    let shop = Shop::open("events");
    shop.receive("tea", "north", 5);
    let types: BTreeSet<String> =
        shop.events("").iter().map(|event| event.text("eventType")).collect();
    for expected in ["ItemCreated", "LocationCreated", "StockReceived", "StockLevelChanged"] {
        assert!(types.contains(expected), "{expected} is not told; told are {types:?}");
    }
}

use std::sync::Arc;

use axum::http::{Request, Uri};
use onhand_domain::change::Cause;
use onhand_domain::time::Timestamp;

use super::*;
use crate::http::answer::Look;
use crate::http::samples::{self, SampleNames};

/// A record that creates `tea` and `pot`: two events.
fn record(sequence: u64) -> Published {
    let mut change = samples::change(Cause::ItemPut);
    change.at = Timestamp::from_millis(i64::try_from(sequence).unwrap() * 1_000);
    change.items = vec![samples::item("tea"), samples::item("pot")];
    Published { sequence, epoch: 1, change: Arc::new(change) }
}

fn filter(query: &str) -> Filter {
    let uri: Uri = format!("/v1/events?{query}").parse().unwrap();
    let (parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
    Filter::of(&Look::of(&parts).unwrap()).unwrap()
}

/// The places of the events found, as `sequence.index`, and the end.
fn places(after: Cursor, room: usize, query: &str) -> (String, Found) {
    let records = [record(1), record(2), record(3)];
    let mut found = scan(&records, after, room, &filter(query), &SampleNames);
    let text = std::mem::take(&mut found.events).into_bytes();
    let text = [b"[", text.as_slice(), b"]"].concat();
    let events: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
    assert_eq!(events.len(), found.count);
    let places: Vec<_> =
        events.iter().map(|event| format!("{}.{}", event["sequence"], event["index"])).collect();
    (places.join(" "), found)
}

#[test]
fn a_page_is_never_cut_inside_a_record() {
    for (room, expected, end) in [
        (1, "1.0 1.1", 1),
        (2, "1.0 1.1", 1),
        (3, "1.0 1.1 2.0 2.1", 2),
        (100, "1.0 1.1 2.0 2.1 3.0 3.1", 3),
    ] {
        let (places, found) = places(Cursor::START, room, "");
        assert_eq!((places.as_str(), found.end), (expected, Cursor::behind(end)), "{room}");
        assert!(!found.is_over);
    }
}

#[test]
fn reading_goes_on_behind_any_event() {
    for (cursor, expected) in [
        ("1-1-0", "1.1 2.0 2.1 3.0 3.1"),
        ("1-1-1", "2.0 2.1 3.0 3.1"),
        ("1-2-0", "2.1 3.0 3.1"),
        ("1-2-ffffffff", "3.0 3.1"),
        ("1-3-1", ""),
    ] {
        let after = Cursor::parse(cursor, 3).unwrap();
        assert_eq!(places(after, 100, "").0, expected, "{cursor}");
    }
}

#[test]
fn filters_narrow_and_the_end_moves_on_all_the_same() {
    let second = "1970-01-01T00:00:02Z";
    for (query, expected, is_over) in [
        ("aggregateId=pot".to_owned(), "1.1 2.1 3.1", false),
        ("type=ItemCreated&aggregateId=tea".to_owned(), "1.0 2.0 3.0", false),
        ("type=ItemUpdated&type=ItemCreated&aggregateId=tea".to_owned(), "1.0 2.0 3.0", false),
        ("type=StockLevelChanged".to_owned(), "", false),
        ("type=NothingEver".to_owned(), "", false),
        ("correlationId=other".to_owned(), "", false),
        (format!("from={second}"), "2.0 2.1 3.0 3.1", false),
        (format!("to={second}"), "1.0 1.1", true),
        (format!("from={second}&to={second}"), "", true),
    ] {
        let (places, found) = places(Cursor::START, 100, &query);
        assert_eq!((places.as_str(), found.is_over), (expected, is_over), "{query}");
        let (end, records) = if is_over { (1, 1) } else { (3, 3) };
        assert_eq!((found.end, found.records), (Cursor::behind(end), records), "{query}");
    }
}

#[test]
fn another_tenant_s_events_are_not_told() {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.headers.insert("x-tenant-id", "other".parse().unwrap());
    let filter = Filter::of(&Look::of(&parts).unwrap()).unwrap();
    let found = scan(&[record(1)], Cursor::START, 100, &filter, &SampleNames);
    assert_eq!((found.count, found.end), (0, Cursor::behind(1)));
}

//! "`GET /v1/ledger`: page of movements, newest first".

use std::fs;

use onhand_tests::{Figure, Json, Request, Server, Shop, at, encode, line, parse_instant};
use serde_json::json;

use crate::traffic::{ITEMS, LOCATIONS, Traffic, ledger, names};

/// A server of its own whose segments and runs of the index are small.
fn small() -> Server {
    Server::start_with(&[("ONHAND_SEGMENT_BYTES", "1MiB"), ("ONHAND_LOG_LEVEL", "warn")])
}

#[test]
fn an_entry_shows_all_that_was_said() {
    let shop = Shop::open("ledger");
    let body = json!({ "quantity": 10, "lotNumber": "lot-1", "reference": "po-1", "referenceType": "PO",
        "note": "two boxes", "occurredAt": "2026-03-01T10:00:00Z" });
    let request = Request::post("/v1/stock/receipts")
        .header("X-User-Id", "ann")
        .header("X-Correlation-Id", "flow-1")
        .header("X-Causation-Id", "cause-1")
        .json(&at("tea", "north", &body));
    let receipt = shop.send(&request).ok();
    let adjustment = json!({ "delta": -3, "reason": "broken", "bucket": "available" });
    shop.stock("adjustments", &at("tea", "north", &adjustment)).ok();
    let entries = ledger(&shop);
    assert_eq!(entries.len(), 2);
    entries[0].shows(
        "itemId tea, locationId north, type ADJUSTMENT, bucket available, quantity -3, before 10, \
         after 7, from available, to none, reason broken, reference none, note none, actor none, \
         correlationId present, causationId none, occurredAt present, recordedAt present",
    );
    assert_eq!(entries[0].text("occurredAt"), entries[0].text("recordedAt"));
    entries[1].shows(&format!(
        "transactionId {}, sequence {}, type RECEIPT, bucket available, quantity 10, before 0, after 10, \
         from none, to available, reference po-1, referenceType PO, note two boxes, lotNumber lot-1, \
         occurredAt 2026-03-01T10:00:00.000Z, actor ann, correlationId flow-1, causationId cause-1",
        receipt.text("transactionId"),
        receipt.number("sequence")
    ));
    assert!(entries[1].instant("recordedAt") > entries[1].instant("occurredAt"));
}

#[test]
fn every_kind_of_movement_has_entries() {
    let shop = Shop::open("ledger");
    shop.receive("tea", "north", 50);
    shop.sell("tea", "north", 1);
    shop.count("tea", "north", 45);
    let body = at("tea", "north", &json!({ "quantity": 2, "condition": "damaged" }));
    shop.stock("returns", &body).ok();
    let body = json!({ "quantity": 1, "from": "available", "to": "damaged", "reason": "dropped" });
    shop.stock("moves", &at("tea", "north", &body)).ok();
    shop.stock("adjustments", &at("tea", "north", &json!({ "delta": 1, "reason": "found" }))).ok();
    let body = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": 5 });
    let transfer = shop.stock("transfers", &body).ok().text("transferId");
    shop.post(&format!("/v1/stock/transfers/{transfer}/receive"), &json!({})).ok();
    let body = json!({ "orderId": "o-1", "lines": [line("tea", "north", 6)] });
    let id = shop.reserve(&body).expect(201).text("reservationId");
    shop.act(&id, "confirm", &json!(null)).ok();
    shop.act(&id, "fulfil", &json!({ "lines": [line("tea", "north", 2)] })).ok();
    shop.act(&id, "cancel", &json!(null)).ok();
    let body = json!({ "ttlSeconds": 1, "lines": [line("tea", "north", 1)] });
    shop.reserve(&body).expect(201);
    let expired = || shop.pages("/v1/ledger?type=EXPIRED");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(300);
    while expired().is_empty() {
        assert!(std::time::Instant::now() < deadline, "the hold does not expire");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    for kind in [
        "RECEIPT",
        "SALE",
        "COUNT",
        "RETURN",
        "MOVE",
        "ADJUSTMENT",
        "TRANSFER_OUT",
        "TRANSFER_IN",
        "RESERVE",
        "CONFIRM",
        "FULFIL",
        "RELEASE",
        "EXPIRED",
    ] {
        let entries = shop.pages(&format!("/v1/ledger?type={kind}"));
        assert!(!entries.is_empty(), "{kind}");
        assert!(entries.iter().all(|entry| entry.text("type") == kind), "{kind}: {entries:?}");
    }
    let held = shop.pages(&format!("/v1/ledger?reservationId={id}"));
    let kinds: Vec<String> = held.iter().rev().map(|entry| entry.text("type")).collect();
    assert_eq!(kinds, ["RESERVE", "CONFIRM", "FULFIL", "RELEASE"]);
    held[0].shows(&format!("reservationId {id}, orderId o-1"));
    let moved = shop.pages("/v1/ledger?type=TRANSFER_IN");
    moved[0].shows(&format!("transferId {transfer}"));
}

/// What an entry must be to pass, beside the query that asks for it.
type Filter = (String, Box<dyn Fn(&Json) -> bool>);

fn is(field: &'static str, wanted: &str) -> Box<dyn Fn(&Json) -> bool> {
    let wanted = wanted.to_owned();
    Box::new(move |entry| {
        entry.find(field).is_some_and(|found| found.as_text() == format!("\"{wanted}\""))
    })
}

fn happened(field: &'static str, from: &str, to: &str) -> Box<dyn Fn(&Json) -> bool> {
    let (from, to) = (parse_instant(from), parse_instant(to));
    Box::new(move |entry| (from..to).contains(&entry.instant(field)))
}

/// Filters of every kind, with instants taken from the entries.
fn filters(all: &[Json]) -> Vec<Filter> {
    let mut filters: Vec<Filter> = Vec::new();
    for item in ITEMS {
        filters.push((format!("itemId={item}"), is("itemId", item)));
        for location in LOCATIONS {
            let (of, at) = (is("itemId", item), is("locationId", location));
            let query = format!("itemId={item}&locationId={location}");
            filters.push((query, Box::new(move |entry| of(entry) && at(entry))));
        }
    }
    filters.push(("locationId=south".to_owned(), is("locationId", "south")));
    for number in 0..6 {
        filters
            .push((format!("orderId=order-{number}"), is("orderId", &format!("order-{number}"))));
        let name = format!("ref-{number}");
        filters.push((format!("reference={name}"), is("reference", &name)));
    }
    for kind in ["SALE", "RESERVE", "FULFIL", "TRANSFER_OUT", "REVERSAL"] {
        filters.push((format!("type={kind}"), is("type", kind)));
    }
    let either = |entry: &Json| ["SALE", "COUNT"].contains(&entry.text("type").as_str());
    filters.push(("type=SALE&type=COUNT".to_owned(), Box::new(either)));
    let held = all.iter().find_map(|entry| entry.find("reservationId")).expect("some are promised");
    let held = held.as_text().trim_matches('"').to_owned();
    filters.push((format!("reservationId={held}"), is("reservationId", &held)));
    let named = all.iter().find(|entry| entry.text("type") == "FULFIL").expect("some are shipped");
    let order = named.text("orderId");
    let (of, like) = (is("orderId", &order), is("type", "RESERVE"));
    let query = format!("orderId={order}&type=RESERVE");
    filters.push((query, Box::new(move |entry| of(entry) && like(entry))));
    filters.extend(spans(all));
    filters
}

fn spans(all: &[Json]) -> Vec<Filter> {
    let mut filters: Vec<Filter> = Vec::new();
    for field in ["occurredAt", "recordedAt"] {
        let mut instants: Vec<String> = all.iter().map(|entry| entry.text(field)).collect();
        instants.sort();
        let count = instants.len();
        let names =
            if field == "occurredAt" { ("from", "to") } else { ("recordedFrom", "recordedTo") };
        for (from, to) in
            [(0, count / 9), (0, count - 1), (count / 9, count / 2), (count / 2, count - 1)]
        {
            let (from, to) = (&instants[from], &instants[to]);
            let query = format!("{}={from}&{}={to}", names.0, names.1);
            filters.push((query.clone(), happened(field, from, to)));
            for (extra, field, wanted) in [
                ("itemId=tea", "itemId", "tea"),
                ("locationId=north", "locationId", "north"),
                ("orderId=order-1", "orderId", "order-1"),
                ("type=SALE", "type", "SALE"),
            ] {
                let (when, also) = (happened_again(&query, from, to), is(field, wanted));
                let query = format!("{query}&{extra}");
                filters.push((query, Box::new(move |entry| when(entry) && also(entry))));
            }
        }
    }
    filters
}

fn happened_again(query: &str, from: &str, to: &str) -> Box<dyn Fn(&Json) -> bool> {
    let field = if query.starts_with("from") { "occurredAt" } else { "recordedAt" };
    happened(field, from, to)
}

/// Each filter shows what it should of the whole ledger, whatever the size of a page.
fn check_filters(shop: &Shop, all: &[Json]) {
    for (query, passes) in filters(all) {
        let expected: Vec<Json> = all.iter().filter(|entry| passes(entry)).cloned().collect();
        for limit in [7, 1_000] {
            let found = shop.pages(&format!("/v1/ledger?{query}&limit={limit}"));
            assert_eq!(names(&found), names(&expected), "{query}, pages of {limit}");
        }
        let found = shop.pages(&format!("/reports/stock-movements?{query}"));
        assert_eq!(names(&found), names(&expected), "stock movements, {query}");
    }
}

#[test]
fn every_filter_shows_what_it_should_also_after_a_restart_and_without_an_index() {
    let mut server = small();
    let (shop, other) = (server.shop("one"), server.shop("other"));
    Traffic::new(other, 7).run(60);
    let mut traffic = Traffic::new(shop.clone(), 42);
    traffic.run(500);
    let all = ledger(&shop);
    assert!(all.len() > 400, "{}", all.len());
    check_filters(&shop, &all);
    // Rows in memory are written when it stops, and made again when it could not stop.
    assert_eq!(server.stop().code, Some(0));
    server.restart();
    let shop = server.shop("one");
    assert_eq!(ledger(&shop), all);
    check_filters(&shop, &all);
    Traffic::new(shop.clone(), 43).run(100);
    let more = ledger(&shop);
    server.kill();
    server.restart();
    let shop = server.shop("one");
    assert_eq!(ledger(&shop), more);
    check_filters(&shop, &more);
    assert_eq!(server.stop().code, Some(0));
    let index = server.data().join("index");
    let files = fs::read_dir(&index).expect("the index can be listed").count();
    assert!(files > 0, "there is an index");
    fs::remove_dir_all(&index).expect("the index can be deleted");
    server.restart();
    let shop = server.shop("one");
    assert_eq!(ledger(&shop), more);
    check_filters(&shop, &more);
}

/// Many segments: rows are merged, the log is walked back over all of them.
#[test]
fn a_ledger_of_many_segments_is_read_in_whole() {
    let mut server = small();
    let shop = server.shop("many");
    let mut expected = Vec::new();
    for round in 0..30 {
        let entries: Vec<_> = (0..1_000)
            .map(|number| {
                json!({ "op": "receipt", "itemId": format!("item-{}", number % 50), "locationId": "north",
                    "quantity": 1, "reference": format!("round-{round}"), "receiptId": format!("r-{round}-{number}"),
                    "note": "x".repeat(100) })
            })
            .collect();
        let answer = shop.post("/v1/stock:batch", &json!(entries)).expect(200);
        answer.shows("succeeded 1000, failed 0");
        expected.push(format!("round-{round}"));
    }
    let check = |shop: &Shop| {
        for round in [0, 13, 29] {
            let found = shop.pages(&format!("/v1/ledger?reference=round-{round}&limit=1000"));
            assert_eq!(found.len(), 1_000, "round {round}");
            let document = shop.pages(&format!("/v1/ledger?reference=r-{round}-77"));
            assert_eq!(document.len(), 1);
            document[0].shows(&format!("reference round-{round}, itemId item-27, quantity 1"));
        }
        let of_item = shop.pages("/v1/ledger?itemId=item-7&locationId=north&limit=250");
        assert_eq!(of_item.len(), 600);
        let after: Vec<Figure> = of_item.iter().rev().map(|entry| entry.figure("after")).collect();
        let counted: Vec<Figure> = (1..=600).map(Figure::from).collect();
        assert_eq!(after, counted);
        assert_eq!(shop.pages("/v1/ledger?limit=1000").len(), 30_000);
    };
    check(&shop);
    assert_eq!(server.stop().code, Some(0));
    let segments = fs::read_dir(server.data().join("log")).expect("segments").count();
    assert!(segments > 3, "{segments} segments");
    fs::remove_dir_all(server.data().join("index")).expect("the index can be deleted");
    server.restart();
    check(&server.shop("many"));
}

/// "page by page": what is sold meanwhile shows on no later page, and nothing is missed or seen twice.
#[test]
fn pages_stay_put_while_selling_goes_on() {
    let server = small();
    let shop = server.shop("busy");
    let mut traffic = Traffic::new(shop.clone(), 5);
    traffic.run(150);
    for query in [
        "limit=10",
        "limit=10&itemId=tea",
        "limit=10&orderId=order-2",
        "limit=10&from=2026-01-01T00:00:00Z",
    ] {
        let before = names(&shop.pages(&format!("/v1/ledger?{query}")));
        let mut page = shop.get(&format!("/v1/ledger?{query}")).expect(200);
        let mut found = names(&page.list("items"));
        while page.has("nextCursor") {
            traffic.run(5);
            let cursor = encode(&page.text("nextCursor"));
            page = shop.get(&format!("/v1/ledger?{query}&cursor={cursor}")).expect(200);
            found.extend(names(&page.list("items")));
        }
        assert_eq!(found, before, "{query}");
    }
}

/// Each entry of a bucket begins where the one before it ended, whatever its type.
#[test]
fn the_entries_of_a_bucket_form_a_chain() {
    let shop = Shop::open("ledger");
    Traffic::new(shop.clone(), 11).run(300);
    for position in shop.pages("/v1/positions") {
        let (item, location) = (position.text("itemId"), position.text("locationId"));
        let query = format!("/v1/ledger?itemId={item}&locationId={location}&limit=1000");
        let mut figures = std::collections::BTreeMap::<String, Figure>::new();
        for entry in shop.pages(&query).iter().rev() {
            let held = figures.get(&entry.text("bucket")).copied().unwrap_or(Figure::ZERO);
            assert_eq!(entry.figure("before"), held, "{entry}");
            assert_eq!(entry.figure("after"), held + entry.figure("quantity"), "{entry}");
            let amount = entry.figure("quantity");
            let amount = if amount < Figure::ZERO { -amount } else { amount };
            for (side, amount) in [("from", -amount), ("to", amount)] {
                if let Some(bucket) = entry.find(side) {
                    let bucket = bucket.as_text().trim_matches('"').to_owned();
                    *figures.entry(bucket).or_default() =
                        figures.get(&entry.text(side)).copied().unwrap_or(Figure::ZERO) + amount;
                }
            }
        }
        for (bucket, figure) in figures {
            assert_eq!(position.figure(&bucket), figure, "{bucket} of {item} at {location}");
        }
    }
}

#[test]
fn a_ledger_is_of_one_tenant_and_what_is_unknown_has_none() {
    let (shop, other) = (Shop::open("ledger"), Shop::open("ledger"));
    shop.receive("tea", "north", 5);
    assert_eq!(ledger(&shop).len(), 1);
    assert!(ledger(&other).is_empty());
    for query in [
        "itemId=cup",
        "locationId=moon",
        "orderId=none",
        "reference=none",
        "reservationId=rsv-1-999999999",
        "reservationId=nonsense",
    ] {
        assert!(shop.pages(&format!("/v1/ledger?{query}")).is_empty(), "{query}");
    }
    let path = format!("/v1/ledger?reference={}", encode("a/ü b"));
    assert!(shop.pages(&path).is_empty());
}

#[test]
fn bad_questions_are_told_what_is_wrong() {
    let shop = Shop::open("ledger");
    for (query, status, code) in [
        ("type=NONSENSE", 400, "INVALID_REQUEST"),
        ("cursor=1-0-12345678", 400, "INVALID_REQUEST"),
        ("from=yesterday", 422, "INVALID_TIME"),
        ("to=2026-13-01T00:00:00Z", 422, "INVALID_TIME"),
        ("recordedFrom=1", 422, "INVALID_TIME"),
        ("itemId=a%2Fb", 422, "INVALID_ID"),
        ("limit=1001", 422, "LIMIT_EXCEEDED"),
    ] {
        shop.get(&format!("/v1/ledger?{query}")).problem(status, code);
    }
}

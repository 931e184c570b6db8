//! "Lists are pages `{items, nextCursor?}`, all of them; `limit` 100, at most 1,000."

use std::collections::BTreeSet;

use onhand_tests::{Json, Shop, anywhere};
use serde_json::json;

/// Seven items, locations, positions and open reservations.
fn seven_of_each() -> Shop {
    let shop = Shop::open("lists");
    for number in 0..7 {
        shop.receive(&format!("item-{number}"), &format!("place-{number}"), 1);
        shop.hold_lines(&[anywhere(&format!("item-{number}"), 1)]);
    }
    shop
}

fn keys(entries: &[Json], fields: &[&str]) -> Vec<String> {
    let key = |entry: &Json| fields.iter().map(|field| entry.text(field)).collect::<String>();
    entries.iter().map(key).collect()
}

const LISTS: [(&str, &[&str]); 4] = [
    ("/v1/items", &["itemId"]),
    ("/v1/locations", &["locationId"]),
    ("/v1/positions", &["itemId", "locationId"]),
    ("/v1/reservations", &["reservationId"]),
];

#[test]
fn pages_of_any_size_hold_every_entry_once() {
    let shop = seven_of_each();
    for (path, fields) in LISTS {
        for limit in [1, 2, 3, 6, 7, 8, 1_000] {
            let found = keys(&shop.pages(&format!("{path}?limit={limit}")), fields);
            let distinct: BTreeSet<&String> = found.iter().collect();
            assert_eq!((found.len(), distinct.len()), (7, 7), "{path}?limit={limit}: {found:?}");
        }
    }
}

#[test]
fn a_page_is_no_longer_than_its_limit_and_the_last_has_no_cursor() {
    let shop = seven_of_each();
    for (path, _) in LISTS {
        let page = shop.get(&format!("{path}?limit=3")).expect(200);
        page.shows("nextCursor present");
        assert_eq!(page.list("items").len(), 3, "{path}");
        shop.get(path).expect(200).shows("nextCursor none");
    }
}

#[test]
fn an_empty_list_is_an_empty_page() {
    let shop = Shop::open("lists");
    for path in ["/v1/items", "/v1/locations", "/v1/positions", "/v1/reservations", "/v1/events"] {
        let page = shop.get(path).expect(200);
        assert!(page.list("items").is_empty(), "{path}: {page:?}");
    }
}

#[test]
fn a_page_holds_a_hundred_entries_unless_told_otherwise() {
    let shop = Shop::open("lists");
    let receipts: Vec<_> = (0..150)
        .map(|number| {
            let item = format!("item-{number}");
            json!({ "op": "receipt", "itemId": item, "locationId": "north", "quantity": 1 })
        })
        .collect();
    shop.post("/v1/stock:batch", &json!(receipts)).expect(200).shows("succeeded 150");
    for path in ["/v1/items", "/v1/positions"] {
        assert_eq!(shop.get(path).expect(200).list("items").len(), 100, "{path}");
        assert_eq!(shop.pages(path).len(), 150, "{path}");
    }
}

#[test]
fn entries_added_while_paging_do_not_disturb_the_others() {
    let shop = seven_of_each();
    let first = shop.get("/v1/positions?limit=4").expect(200);
    shop.receive("item-00", "place-00", 1);
    shop.receive("item-99", "place-99", 1);
    let cursor = onhand_tests::encode(&first.text("nextCursor"));
    let rest = shop.pages(&format!("/v1/positions?limit=1000&cursor={cursor}"));
    let mut found = keys(&first.list("items"), &["itemId"]);
    found.extend(keys(&rest, &["itemId"]));
    let distinct: BTreeSet<&String> = found.iter().collect();
    assert_eq!(distinct.len(), found.len(), "an entry came twice: {found:?}");
    for number in 0..7 {
        assert!(found.contains(&format!("item-{number}")), "item-{number} is missing: {found:?}");
    }
}

#[test]
fn a_wrong_limit_or_cursor_is_refused() {
    let shop = seven_of_each();
    let request = [(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")];
    for (path, _) in LISTS {
        for query in ["limit=many", "limit=-1", "cursor=%00%01nonsense"] {
            shop.get(&format!("{path}?{query}")).problem_among(&request);
        }
    }
}

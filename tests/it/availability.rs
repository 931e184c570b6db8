//! `GET` and `POST /v1/availability`.

use onhand_tests::{Json, Shop};
use serde_json::json;

/// `tea` at two places with a policy, `pot` at one, partly promised.
fn stocked() -> Shop {
    let shop = Shop::open("availability");
    shop.receive("tea", "north", 10);
    shop.receive("tea", "south", 4);
    shop.policy("tea", "north", &json!({ "safetyStock": 3 }));
    shop.receive("pot", "north", 6);
    shop.hold("pot", "north", 2);
    shop
}

fn item(answer: &Json, id: &str) -> Json {
    let items = answer.list("items");
    let found = items.iter().find(|item| item.text("itemId") == id);
    found.unwrap_or_else(|| panic!("no {id} in {answer}")).clone()
}

fn places(item: &Json) -> Vec<String> {
    let mut places: Vec<String> = item
        .list("locations")
        .iter()
        .map(|place| {
            let (sellable, available) = (place.figure("sellable"), place.figure("available"));
            let version = place.number("version");
            format!("{} {sellable} {available} v{version}", place.text("locationId"))
        })
        .collect();
    places.sort();
    places
}

#[test]
fn availability_tells_each_item_at_each_location() {
    let shop = stocked();
    let answer = shop.get("/v1/availability?itemId=tea&itemId=pot").expect(200);
    let tea = item(&answer, "tea");
    tea.shows("sellable 11, available 14");
    assert_eq!(places(&tea), ["north 7 10 v2", "south 4 4 v1"]);
    let pot = item(&answer, "pot");
    pot.shows("sellable 4, available 4");
    assert_eq!(places(&pot), ["north 4 4 v2"]);
}

#[test]
fn availability_may_be_asked_for_some_locations() {
    let shop = stocked();
    let answer = shop.get("/v1/availability?itemId=tea&locationId=south").expect(200);
    let tea = item(&answer, "tea");
    tea.shows("sellable 4, available 4");
    assert_eq!(places(&tea), ["south 4 4 v1"]);
}

#[test]
fn a_post_asks_the_same() {
    let shop = stocked();
    let all = shop.post("/v1/availability", &json!({ "itemIds": ["tea", "pot"] })).expect(200);
    let asked = shop.get("/v1/availability?itemId=tea&itemId=pot").expect(200);
    assert_eq!(all.value(), asked.value());
    let body = json!({ "itemIds": ["tea"], "locationIds": ["south"] });
    let some = shop.post("/v1/availability", &body).expect(200);
    assert_eq!(places(&item(&some, "tea")), ["south 4 4 v1"]);
}

#[test]
fn a_thousand_items_are_answered_in_one_call() {
    let shop = Shop::open("availability");
    let ids: Vec<String> = (0..1_000).map(|number| format!("item-{number}")).collect();
    let receipts: Vec<_> = ids
        .iter()
        .map(|id| json!({ "op": "receipt", "itemId": id, "locationId": "n", "quantity": 2 }))
        .collect();
    shop.post("/v1/stock:batch", &json!(receipts)).expect(200).shows("succeeded 1000");
    let answer = shop.post("/v1/availability", &json!({ "itemIds": ids })).expect(200);
    let items = answer.list("items");
    assert_eq!(items.len(), 1_000);
    for item in items {
        item.shows("sellable 2, available 2");
    }
}

#[test]
fn availability_needs_an_item() {
    let shop = Shop::open("availability");
    let request = [(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")];
    shop.get("/v1/availability").problem_among(&request);
    shop.post("/v1/availability", &json!({})).problem_among(&request);
}

//! `PUT/GET/DELETE /v1/locations…`.

use onhand_tests::Shop;
use serde_json::json;

#[test]
fn a_location_is_created_with_201_changed_with_200_and_read_back() {
    let shop = Shop::open("locations");
    shop.put("/v1/locations/north", &json!({})).expect(201);
    shop.get("/v1/locations/north")
        .expect(200)
        .shows("locationId north, active true, priority 100, name none, type none");
    let fields = json!({ "name": "North", "type": "store", "active": false, "priority": 5 });
    shop.put("/v1/locations/north", &fields).expect(200);
    shop.get("/v1/locations/north")
        .expect(200)
        .shows("name North, type store, active false, priority 5");
}

#[test]
fn locations_are_listed() {
    let shop = Shop::open("locations");
    for location in ["a", "b", "c"] {
        shop.location(location, &json!({}));
    }
    let mut listed: Vec<String> =
        shop.pages("/v1/locations").iter().map(|found| found.text("locationId")).collect();
    listed.sort();
    assert_eq!(listed, ["a", "b", "c"]);
}

#[test]
fn a_location_never_heard_of_is_unknown() {
    let shop = Shop::open("locations");
    shop.get("/v1/locations/nowhere").problem(404, "UNKNOWN_LOCATION");
    shop.delete("/v1/locations/nowhere").problem(404, "UNKNOWN_LOCATION");
}

#[test]
fn a_location_with_stock_or_promises_is_not_deleted() {
    let shop = Shop::open("locations");
    shop.receive("tea", "stocked", 5);
    shop.delete("/v1/locations/stocked").problem(409, "STOCK_NOT_ZERO");
    promise_without_stock(&shop);
    shop.delete("/v1/locations/promised").problem(409, "STOCK_NOT_ZERO");
    shop.get("/v1/locations/stocked").expect(200);
    shop.get("/v1/locations/promised").expect(200);
}

#[test]
fn a_location_with_goods_on_their_way_to_it_is_not_deleted() {
    let shop = Shop::open("locations");
    shop.receive("tea", "north", 5);
    let transfer = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": 2 });
    shop.stock("transfers", &transfer).ok();
    shop.delete("/v1/locations/south").problem(409, "STOCK_NOT_ZERO");
}

#[test]
fn an_empty_location_is_deleted() {
    let shop = Shop::open("locations");
    shop.location("empty", &json!({}));
    shop.delete("/v1/locations/empty").ok();
    assert!(shop.pages("/v1/locations").is_empty());
}

#[test]
fn creating_and_changing_a_location_is_told() {
    let shop = Shop::open("locations");
    shop.location("north", &json!({ "priority": 1 }));
    shop.location("north", &json!({ "priority": 2 }));
    let events = shop.events("aggregateId=north");
    let told: Vec<String> = events.iter().map(|event| event.text("eventType")).collect();
    assert_eq!(told, ["LocationCreated", "LocationUpdated"]);
    events[0].shows("aggregateType Warehouse, payload/locationId north, payload/priority 1");
    events[1].shows("payload/priority 2");
}

/// A promise without stock: one backordered unit at `promised`.
fn promise_without_stock(shop: &Shop) {
    shop.receive("pot", "promised", 1);
    shop.sell("pot", "promised", 1);
    shop.policy("pot", "promised", &json!({ "backorderLimit": 1 }));
    shop.hold("pot", "promised", 1);
    shop.position("pot", "promised").shows("onHand 0, available -1, reserved 1");
}

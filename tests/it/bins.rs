//! Bins of a location and the home bin of a position.

use onhand_tests::Shop;
use serde_json::json;

#[test]
fn a_location_has_bins_and_lists_them() {
    let shop = Shop::open("bins");
    shop.location("north", &json!({}));
    shop.put("/v1/locations/north/bins/A-1", &json!({ "name": "Shelf 1" })).expect(201);
    shop.put("/v1/locations/north/bins/A-1", &json!({ "name": "Shelf one" })).expect(200);
    shop.put("/v1/locations/north/bins/A-2", &json!({})).expect(201);
    let bins = shop.pages("/v1/locations/north/bins");
    assert_eq!(bins.len(), 2, "{bins:?}");
    let named = bins.iter().find(|bin| bin.text("binId") == "A-1").expect("A-1 is listed");
    assert_eq!(named.text("name"), "Shelf one");
}

#[test]
fn a_position_has_a_home_bin() {
    let shop = Shop::open("bins");
    shop.receive("tea", "north", 1);
    shop.put("/v1/locations/north/bins/A-1", &json!({})).expect(201);
    shop.put("/v1/positions/tea/north/bin", &json!({ "binId": "A-1" })).ok();
    shop.position("tea", "north").shows("binId A-1, onHand 1");
}

#[test]
fn a_bin_of_another_location_is_unknown() {
    let shop = Shop::open("bins");
    shop.receive("tea", "north", 1);
    shop.location("south", &json!({}));
    shop.put("/v1/locations/south/bins/B-1", &json!({})).expect(201);
    for bin in ["B-1", "nowhere"] {
        shop.put("/v1/positions/tea/north/bin", &json!({ "binId": bin }))
            .problem(404, "UNKNOWN_BIN");
    }
}

#[test]
fn bins_belong_to_a_known_location() {
    let shop = Shop::open("bins");
    shop.get("/v1/locations/nowhere/bins").problem(404, "UNKNOWN_LOCATION");
    shop.put("/v1/locations/nowhere/bins/A-1", &json!({})).problem(404, "UNKNOWN_LOCATION");
}

#[test]
fn a_new_bin_and_a_new_home_bin_are_told() {
    let shop = Shop::open("bins");
    shop.receive("tea", "north", 1);
    shop.put("/v1/locations/north/bins/A-1", &json!({})).expect(201);
    shop.put("/v1/positions/tea/north/bin", &json!({ "binId": "A-1" })).ok();
    let created = shop.events("type=BinCreated");
    assert_eq!(created.len(), 1, "{created:?}");
    created[0].shows("aggregateType Warehouse, aggregateId north, payload/binId A-1");
    let assigned = shop.events("type=ItemAssignedToBin");
    assert_eq!(assigned.len(), 1, "{assigned:?}");
    assigned[0].shows("aggregateId tea:north, payload/binId A-1");
}

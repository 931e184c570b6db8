//! `PUT/GET/DELETE /v1/items…`.

use onhand_tests::Shop;
use serde_json::json;

#[test]
fn an_item_is_created_with_201_changed_with_200_and_read_back() {
    let shop = Shop::open("items");
    let fields = json!({
        "sku": "TEA-1", "name": "Assam", "productId": "tea", "unitOfMeasure": "kg",
        "minStock": 5, "maxStock": 50, "safetyStock": 2, "backorderLimit": 10,
        "lowStockThreshold": 7, "unitCost": "3.25", "strategy": "FEFO"
    });
    let shown = "itemId tea-1, sku TEA-1, name Assam, productId tea, unitOfMeasure kg, \
         trackInventory true, minStock 5, maxStock 50, safetyStock 2, backorderLimit 10, \
         lowStockThreshold 7, unitCost 3.25, strategy FEFO";
    shop.put("/v1/items/tea-1", &fields).expect(201).shows(shown);
    shop.get("/v1/items/tea-1").expect(200).shows(shown);
    shop.put("/v1/items/tea-1", &json!({ "name": "Darjeeling" })).expect(200);
    shop.get("/v1/items/tea-1").expect(200).shows("itemId tea-1, name Darjeeling");
}

#[test]
fn an_item_without_fields_has_the_defaults() {
    let shop = Shop::open("items");
    shop.put("/v1/items/plain", &json!({})).expect(201);
    shop.get("/v1/items/plain").expect(200).shows(
        "itemId plain, trackInventory true, strategy FIFO, sku none, name none, productId none, \
         minStock none, maxStock none, backorderLimit none, lowStockThreshold none",
    );
}

#[test]
fn an_item_never_heard_of_is_unknown() {
    let shop = Shop::open("items");
    shop.get("/v1/items/nothing").problem(404, "UNKNOWN_ITEM");
    shop.delete("/v1/items/nothing").problem(404, "UNKNOWN_ITEM");
}

#[test]
fn items_are_listed_by_product_sku_and_words() {
    let shop = Shop::open("items");
    shop.item("s", &json!({ "productId": "shirt", "sku": "SH-S", "name": "Small linen shirt" }));
    shop.item("m", &json!({ "productId": "shirt", "sku": "SH-M", "name": "Medium linen shirt" }));
    shop.item("cap", &json!({ "productId": "cap", "sku": "CAP", "name": "Woollen cap" }));
    let listed = |query: &str| {
        let found = shop.pages(&format!("/v1/items{query}"));
        let mut ids: Vec<String> = found.iter().map(|item| item.text("itemId")).collect();
        ids.sort();
        ids.join(" ")
    };
    assert_eq!(listed(""), "cap m s");
    assert_eq!(listed("?productId=shirt"), "m s");
    assert_eq!(listed("?sku=SH-M"), "m");
    assert_eq!(listed("?q=Woollen"), "cap");
    assert_eq!(listed("?q=linen"), "m s");
    assert_eq!(listed("?productId=none"), "");
}

#[test]
fn a_wrong_field_of_an_item_is_refused() {
    let shop = Shop::open("items");
    let check = |fields: serde_json::Value, allowed: &[(u16, &str)]| {
        shop.put("/v1/items/wrong", &fields).problem_among(allowed);
    };
    let request = [(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")];
    check(json!({ "strategy": "RANDOM" }), &request);
    check(json!({ "trackInventory": "perhaps" }), &request);
    check(json!({ "name": 7 }), &request);
    check(json!({ "minStock": -1 }), &[(422, "INVALID_QUANTITY")]);
    check(json!({ "safetyStock": "0.0000001" }), &[(422, "INVALID_QUANTITY")]);
    check(json!({ "backorderLimit": "endless" }), &[(422, "INVALID_QUANTITY")]);
    check(json!({ "unitCost": -1 }), &[(422, "INVALID_QUANTITY")]);
    shop.get("/v1/items/wrong").problem(404, "UNKNOWN_ITEM");
}

#[test]
fn creating_changing_and_archiving_an_item_is_told() {
    let shop = Shop::open("items");
    shop.item("tea", &json!({ "name": "Assam" }));
    shop.item("tea", &json!({ "name": "Darjeeling" }));
    shop.delete("/v1/items/tea").ok();
    let events = shop.events("aggregateId=tea");
    let told: Vec<String> = events.iter().map(|event| event.text("eventType")).collect();
    assert_eq!(told, ["ItemCreated", "ItemUpdated", "ItemDeactivated"]);
    events[0].shows("aggregateType InventoryItem, payload/itemId tea, payload/name Assam");
    events[1].shows("payload/name Darjeeling");
    events[2].shows("payload/itemId tea, payload/positionsArchived 0");
}

//! Alarms about low stock, with their hysteresis.

use onhand_tests::{Json, Shop};
use serde_json::json;

const ALARMS: [&str; 3] = ["LowStockReached", "StockReplenished", "StockedOut"];

/// Ten of `tea` at `north`; the alarm is set to five.
fn ten_with_an_alarm_at_five() -> Shop {
    let shop = Shop::open("low-stock");
    shop.receive("tea", "north", 10);
    shop.policy("tea", "north", &json!({ "lowStockThreshold": 5 }));
    shop
}

fn alarms(shop: &Shop) -> Vec<Json> {
    let events = shop.events("aggregateId=tea%3Anorth");
    events.into_iter().filter(|event| ALARMS.contains(&event.text("eventType").as_str())).collect()
}

#[track_caller]
fn told(shop: &Shop, expected: &[&str]) {
    let types: Vec<String> = alarms(shop).iter().map(|event| event.text("eventType")).collect();
    assert_eq!(types, expected);
}

/// "`available` falls below `lowStockThreshold`": at it is not below it.
#[test]
fn the_alarm_rings_below_the_threshold_and_not_at_it() {
    let shop = ten_with_an_alarm_at_five();
    shop.sell("tea", "north", 5);
    told(&shop, &[]);
    shop.sell("tea", "north", 1);
    told(&shop, &["LowStockReached"]);
    alarms(&shop)[0].shows(
        "aggregateType InventoryPosition, payload/itemId tea, payload/locationId north, \
         payload/available 4, payload/threshold 5",
    );
}

/// "not again before StockReplenished".
#[test]
fn the_alarm_rings_once_until_the_stock_is_replenished() {
    let shop = ten_with_an_alarm_at_five();
    shop.sell("tea", "north", 6);
    shop.sell("tea", "north", 1);
    shop.receive("tea", "north", 1);
    shop.sell("tea", "north", 1);
    told(&shop, &["LowStockReached"]);
    // "back at or above it"
    shop.receive("tea", "north", 2);
    told(&shop, &["LowStockReached", "StockReplenished"]);
    alarms(&shop)[1].shows("payload/available 5, payload/threshold 5");
    shop.receive("tea", "north", 9);
    told(&shop, &["LowStockReached", "StockReplenished"]);
    shop.sell("tea", "north", 10);
    told(&shop, &["LowStockReached", "StockReplenished", "LowStockReached"]);
}

#[test]
fn reservations_ring_the_alarm_and_their_release_ends_it() {
    let shop = ten_with_an_alarm_at_five();
    let id = shop.hold("tea", "north", 6).text("reservationId");
    told(&shop, &["LowStockReached"]);
    shop.act(&id, "cancel", &json!(null)).ok();
    told(&shop, &["LowStockReached", "StockReplenished"]);
}

/// "falls below `lowStockThreshold`, else `minStock`".
#[test]
fn without_a_threshold_the_minimum_rings_the_alarm() {
    let shop = Shop::open("low-stock");
    shop.receive("tea", "north", 10);
    shop.policy("tea", "north", &json!({ "minStock": 3 }));
    shop.sell("tea", "north", 7);
    told(&shop, &[]);
    shop.sell("tea", "north", 1);
    told(&shop, &["LowStockReached"]);
    alarms(&shop)[0].shows("payload/available 2, payload/threshold 3");
}

#[test]
fn the_item_s_threshold_rings_where_the_position_sets_none() {
    let shop = Shop::open("low-stock");
    shop.item("tea", &json!({ "lowStockThreshold": 5 }));
    shop.receive("tea", "north", 10);
    shop.sell("tea", "north", 6);
    told(&shop, &["LowStockReached"]);
}

#[test]
fn without_any_threshold_only_an_empty_shelf_is_told() {
    let shop = Shop::open("low-stock");
    shop.receive("tea", "north", 10);
    shop.sell("tea", "north", 9);
    told(&shop, &[]);
    shop.sell("tea", "north", 1);
    told(&shop, &["StockedOut"]);
    alarms(&shop)[0].shows("payload/itemId tea, payload/locationId north, payload/available 0");
    shop.sell("tea", "north", 1);
    told(&shop, &["StockedOut"]);
}

#[test]
fn a_sale_that_empties_the_shelf_rings_both() {
    let shop = ten_with_an_alarm_at_five();
    shop.sell("tea", "north", 10);
    let mut types: Vec<String> =
        alarms(&shop).iter().map(|event| event.text("eventType")).collect();
    types.sort();
    assert_eq!(types, ["LowStockReached", "StockedOut"]);
}

//! `PUT /v1/positions/{itemId}/{locationId}/policy`.

use onhand_tests::Shop;
use serde_json::json;

#[test]
fn a_position_s_policy_is_shown_and_rules_its_sellable_figure() {
    let shop = Shop::open("policies");
    shop.receive("tea", "north", 10);
    let policy = json!({
        "minStock": 2, "maxStock": 40, "safetyStock": 3, "backorderLimit": "1.5",
        "lowStockThreshold": 4
    });
    shop.policy("tea", "north", &policy);
    // "sellable = max(0, available − safetyStock + backorderLimit)"
    shop.position("tea", "north").shows(
        "minStock 2, maxStock 40, safetyStock 3, backorderLimit 1.5, lowStockThreshold 4, \
         onHand 10, available 10, sellable 8.5",
    );
}

#[test]
fn sellable_is_never_below_zero() {
    let shop = Shop::open("policies");
    shop.receive("tea", "north", 2);
    shop.policy("tea", "north", &json!({ "safetyStock": 5 }));
    shop.position("tea", "north").shows("available 2, sellable 0");
}

#[test]
fn what_a_position_does_not_set_is_the_item_s() {
    let shop = Shop::open("policies");
    shop.item("tea", &json!({ "minStock": 1, "safetyStock": 3, "lowStockThreshold": 6 }));
    shop.receive("tea", "north", 10);
    shop.receive("tea", "south", 10);
    shop.policy("tea", "north", &json!({ "safetyStock": 4 }));
    shop.position("tea", "north")
        .shows("minStock 1, safetyStock 4, lowStockThreshold 6, sellable 6");
    shop.position("tea", "south").shows("minStock 1, safetyStock 3, sellable 7");
    shop.item("tea", &json!({ "minStock": 2, "safetyStock": 0, "lowStockThreshold": 6 }));
    shop.position("tea", "north").shows("minStock 2, safetyStock 4, sellable 6");
    shop.position("tea", "south").shows("minStock 2, safetyStock 0, sellable 10");
}

#[test]
fn a_policy_is_set_as_a_whole() {
    // "what is not set here is the item's": a second PUT without a field gives it back.
    let shop = Shop::open("policies");
    shop.item("tea", &json!({ "safetyStock": 1 }));
    shop.receive("tea", "north", 10);
    shop.policy("tea", "north", &json!({ "safetyStock": 4, "minStock": 2 }));
    shop.policy("tea", "north", &json!({ "minStock": 3 }));
    shop.position("tea", "north").shows("minStock 3, safetyStock 1, sellable 9");
}

#[test]
fn an_unlimited_backorder_has_no_sellable_figure() {
    // "`null` = no limit: untracked, or "unlimited""
    let shop = Shop::open("policies");
    shop.receive("tea", "north", 1);
    shop.policy("tea", "north", &json!({ "backorderLimit": "unlimited" }));
    let position = shop.position("tea", "north");
    position.shows("sellable none, available 1");
    assert!(position.find("sellable").is_some(), "`sellable` is left out of {position}");
    shop.hold("tea", "north", 1_000_000);
    shop.position("tea", "north").shows("sellable none, available -999999, reserved 1000000");
}

#[test]
fn a_wrong_policy_is_refused_and_changes_nothing() {
    let shop = Shop::open("policies");
    shop.receive("tea", "north", 10);
    for policy in [
        json!({ "safetyStock": -1 }),
        json!({ "minStock": "0.0000001" }),
        json!({ "maxStock": "NaN" }),
        json!({ "backorderLimit": "endless" }),
        json!({ "lowStockThreshold": "1e400" }),
    ] {
        shop.put("/v1/positions/tea/north/policy", &policy).problem(422, "INVALID_QUANTITY");
    }
    shop.position("tea", "north").shows("safetyStock 0, minStock none, sellable 10");
}

#[test]
fn a_changed_policy_is_told_with_before_and_after() {
    let shop = Shop::open("policies");
    shop.receive("tea", "north", 10);
    shop.policy("tea", "north", &json!({ "safetyStock": 3 }));
    let events = shop.events("type=PolicyChanged");
    assert_eq!(events.len(), 1, "{events:?}");
    events[0].shows(
        "payload/itemId tea, payload/locationId north, payload/before present, \
         payload/after/safetyStock 3",
    );
}

//! `POST /v1/stock/adjustments`.

use onhand_tests::{Answer, Shop, at};
use serde_json::{Value, json};

fn adjust(shop: &Shop, fields: Value) -> Answer {
    let mut fields = fields;
    if fields.get("reason").is_none() {
        fields["reason"] = json!("seen");
    }
    shop.stock("adjustments", &at("tea", "north", &fields))
}

/// Ten on hand, six of them promised, four free.
fn ten_with_six_promised() -> Shop {
    let shop = Shop::open("adjustments");
    shop.receive("tea", "north", 10);
    shop.hold("tea", "north", 6);
    shop
}

#[test]
fn a_delta_moves_available_up_and_down() {
    let shop = Shop::open("adjustments");
    adjust(&shop, json!({ "delta": "2.5" })).ok().shows("position/available 2.5");
    adjust(&shop, json!({ "delta": "-0.5" })).ok().shows("position/available 2");
}

/// "A `delta` below what is free: 409 `INSUFFICIENT_STOCK`, unless `force`".
#[test]
fn a_delta_below_what_is_free_is_refused_unless_forced() {
    let shop = ten_with_six_promised();
    adjust(&shop, json!({ "delta": -5 })).problem(409, "INSUFFICIENT_STOCK");
    shop.position("tea", "north").shows("onHand 10, available 4, reserved 6");
    adjust(&shop, json!({ "delta": -4 })).ok().shows("position/available 0");
    adjust(&shop, json!({ "delta": -1 })).problem(409, "INSUFFICIENT_STOCK");
    adjust(&shop, json!({ "delta": -1, "force": true })).ok().shows(
        "position/onHand 5, position/available -1, position/reserved 6, position/sellable 0",
    );
}

#[test]
fn a_delta_may_name_its_bucket() {
    let shop = Shop::open("adjustments");
    shop.receive("tea", "north", 10);
    adjust(&shop, json!({ "delta": 3, "bucket": "damaged" }))
        .ok()
        .shows("position/onHand 13, position/available 10, position/damaged 3");
    adjust(&shop, json!({ "delta": -2, "bucket": "damaged" })).ok().shows("position/damaged 1");
    adjust(&shop, json!({ "delta": -2, "bucket": "damaged" })).problem(409, "INSUFFICIENT_STOCK");
    adjust(&shop, json!({ "delta": 1, "bucket": "qualityHold" }))
        .ok()
        .shows("position/qualityHold 1, position/onHand 12");
}

#[test]
fn promises_are_not_adjusted_by_hand() {
    // reserved and committed are the sum of live holds, nothing else.
    let shop = ten_with_six_promised();
    for bucket in ["reserved", "committed", "elsewhere"] {
        adjust(&shop, json!({ "delta": 1, "bucket": bucket }))
            .problem_among(&[(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")]);
    }
    shop.position("tea", "north").shows("available 4, reserved 6, committed 0");
}

/// "`setTo` is the new on hand (difference booked on `available`)".
#[test]
fn set_to_is_the_new_on_hand_and_the_difference_is_booked_on_available() {
    let shop = ten_with_six_promised();
    adjust(&shop, json!({ "setTo": 12 }))
        .ok()
        .shows("position/onHand 12, position/available 6, position/reserved 6");
    adjust(&shop, json!({ "setTo": 0 }))
        .ok()
        .shows("position/onHand 0, position/available -6, position/reserved 6");
}

/// "or the new figure of `bucket` when one is named".
#[test]
fn set_to_with_a_bucket_is_the_new_figure_of_that_bucket() {
    let shop = ten_with_six_promised();
    adjust(&shop, json!({ "setTo": 2, "bucket": "damaged" }))
        .ok()
        .shows("position/onHand 12, position/available 4, position/damaged 2");
    adjust(&shop, json!({ "setTo": 1, "bucket": "available" }))
        .ok()
        .shows("position/onHand 9, position/available 1, position/damaged 2, position/reserved 6");
}

/// "not as expected: 409 `STALE` with the current figures".
#[test]
fn set_to_not_as_expected_is_stale_and_tells_the_current_figures() {
    let shop = ten_with_six_promised();
    let version = shop.position("tea", "north").number("version");
    for expected in [json!({ "expectedOnHand": 9 }), json!({ "expectedVersion": version + 1 })] {
        let mut fields = expected;
        fields["setTo"] = json!(20);
        let stale = adjust(&shop, fields).problem(409, "STALE");
        let figures = stale.find("position").unwrap_or_else(|| stale.json().clone());
        figures.shows(&format!("onHand 10, version {version}"));
    }
    shop.position("tea", "north").shows("onHand 10");
    adjust(&shop, json!({ "setTo": 11, "expectedOnHand": 10 })).ok();
    adjust(&shop, json!({ "setTo": 12, "expectedVersion": version + 1 }))
        .ok()
        .shows("position/onHand 12");
}

#[test]
fn an_adjustment_says_how_much_and_why() {
    let shop = Shop::open("adjustments");
    let check = |fields: Value, allowed: &[(u16, &str)]| {
        shop.stock("adjustments", &at("tea", "north", &fields)).problem_among(allowed);
    };
    let request = [(400, "INVALID_REQUEST"), (422, "INVALID_REQUEST")];
    check(json!({ "delta": 1 }), &request);
    check(json!({ "reason": "x" }), &request);
    check(json!({ "delta": 1, "setTo": 1, "reason": "x" }), &request);
    check(json!({ "delta": 0, "reason": "x" }), &[(422, "INVALID_QUANTITY")]);
    check(json!({ "setTo": -1, "reason": "x" }), &[(422, "INVALID_QUANTITY")]);
    check(json!({ "delta": "1e400", "reason": "x" }), &[(422, "INVALID_QUANTITY")]);
    shop.get("/v1/positions/tea/north").problem(404, "UNKNOWN_POSITION");
}

#[test]
fn an_adjustment_is_told_with_its_change() {
    let shop = ten_with_six_promised();
    adjust(&shop, json!({ "delta": -2 })).ok();
    let changes = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    changes.last().expect("it is told").shows(
        "payload/previousQuantity 10, payload/newQuantity 8, payload/changeAmount -2, \
         payload/changeReason ADJUSTMENT",
    );
}

//! "Quantities and money are exact decimals with up to 6 places … They never pass through a float."

use onhand_tests::{Answer, Figure, Request, Shop, line};
use serde_json::json;

/// Receives `quantity`, written into the body as it stands here.
fn receive(shop: &Shop, quantity: &str) -> Answer {
    let body = format!(r#"{{"itemId":"tea","locationId":"north","quantity":{quantity}}}"#);
    shop.send(&Request::post("/v1/stock/receipts").raw("application/json", body))
}

#[test]
fn sums_are_exact() {
    let shop = Shop::open("quantities");
    receive(&shop, "0.1").ok();
    receive(&shop, "\"0.2\"").ok().shows("position/onHand 0.3");
    receive(&shop, "2.5").ok().shows("position/onHand 2.8, position/available 2.8");
    shop.position("tea", "north").shows("onHand 2.8");
    shop.get("/v1/availability?itemId=tea").expect(200).shows("items/0/sellable 2.8");
}

#[test]
fn a_million_millionths_are_one() {
    let shop = Shop::open("quantities");
    receive(&shop, "0.999999").ok();
    receive(&shop, "0.000001").ok().shows("position/onHand 1");
}

#[test]
fn numbers_and_decimal_strings_are_taken() {
    for (quantity, shown) in [
        ("2", "2"),
        ("1.03", "1.03"),
        ("\"0.1\"", "0.1"),
        ("1e-05", "0.00001"),
        ("\"1e-05\"", "0.00001"),
        ("1E2", "100"),
        ("1.5e1", "15"),
        ("0.000001", "0.000001"),
        ("123456789.123456", "123456789.123456"),
        ("\"7\"", "7"),
    ] {
        let shop = Shop::open("quantities");
        receive(&shop, quantity).ok().shows(&format!("position/onHand {shown}"));
    }
}

/// "More places, NaN, a word, overflow, zero where something must move, or a negative where none
/// makes sense: 422 `INVALID_QUANTITY`."
#[test]
fn what_is_no_quantity_is_refused() {
    let shop = Shop::open("quantities");
    for quantity in [
        "0.0000001",
        "1.0000001",
        "\"0.1234567\"",
        "1e-7",
        "\"NaN\"",
        "\"Infinity\"",
        "\"-Infinity\"",
        "\"many\"",
        "\"\"",
        "\"1,5\"",
        "\"1 000\"",
        "\"0x10\"",
        "1e400",
        "\"1e400\"",
        "1e30",
        "9223372036854775808",
        "99999999999999999999999999",
        "0",
        "0.0",
        "\"0\"",
        "0e5",
        "-1",
        "\"-0.5\"",
        "-1e400",
    ] {
        receive(&shop, quantity).problem(422, "INVALID_QUANTITY");
    }
    shop.get("/v1/positions/tea/north").problem(404, "UNKNOWN_POSITION");
}

#[test]
fn what_is_no_number_at_all_is_refused() {
    let shop = Shop::open("quantities");
    for quantity in ["true", "null", "[1]", "{}"] {
        receive(&shop, quantity)
            .problem_among(&[(400, "INVALID_REQUEST"), (422, "INVALID_QUANTITY")]);
    }
    for malformed in ["NaN", "1.", "+1", "01", "0x1", "Infinity"] {
        receive(&shop, malformed).problem(400, "INVALID_REQUEST");
    }
    shop.get("/v1/positions/tea/north").problem(404, "UNKNOWN_POSITION");
}

#[test]
fn figures_come_out_as_json_numbers() {
    let shop = Shop::open("quantities");
    receive(&shop, "\"2.50\"").ok();
    let position = shop.position("tea", "north");
    for field in ["onHand", "available", "reserved", "sellable", "safetyStock"] {
        let digits = position.at(field);
        assert!(!digits.as_text().starts_with('"'), "`{field}` is a string in {position}");
    }
}

#[test]
fn an_overflow_is_refused_and_changes_nothing() {
    let shop = Shop::open("quantities");
    let mut on_hand = Figure::ZERO;
    let mut refused = 0;
    for _ in 0..4 {
        // Half of what a 64-bit count of millionths can hold, and a little more.
        let answer = receive(&shop, "4700000000000");
        if answer.status() < 300 {
            on_hand = on_hand + Figure::parse("4700000000000").expect("a figure");
        } else {
            answer.problem(422, "INVALID_QUANTITY");
            refused += 1;
        }
    }
    assert!(refused > 0, "nothing overflowed: {on_hand}");
    if on_hand > Figure::ZERO {
        shop.position("tea", "north").shows(&format!("onHand {on_hand}, available {on_hand}"));
    }
}

#[test]
fn lines_that_overflow_together_are_refused() {
    let shop = Shop::open("quantities");
    shop.receive("tea", "north", 1);
    let big = line("tea", "north", 4_700_000_000_000);
    let lines = json!({ "backorder": "always", "lines": [big, big, big] });
    shop.reserve(&lines).problem_among(&[(422, "INVALID_QUANTITY"), (409, "INSUFFICIENT_STOCK")]);
    shop.position("tea", "north").shows("onHand 1, available 1, reserved 0");
}

#[test]
fn fractions_are_reserved_and_shipped_exactly() {
    let shop = Shop::open("quantities");
    receive(&shop, "1").ok();
    let order = json!({ "lines": [{ "itemId": "tea", "quantity": "0.1" }] });
    for _ in 0..10 {
        let id = shop.reserve(&order).expect(201).text("reservationId");
        shop.act(&id, "fulfil", &json!({})).ok();
    }
    shop.position("tea", "north").shows("onHand 0, available 0, reserved 0");
    shop.reserve(&order).problem(409, "INSUFFICIENT_STOCK").shows("shortages/0/requested 0.1");
}

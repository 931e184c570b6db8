//! "Errors RFC 9457 `application/problem+json`", from the door inwards.

use onhand_tests::{Answer, Request, Shop, line};
use serde_json::json;

const MEBIBYTE: usize = 1024 * 1024;

#[test]
fn an_unknown_route_is_not_found() {
    let shop = Shop::open("problems");
    for path in ["/", "/v1", "/v1/nothing", "/v2/items", "/v1/items/a/b/c", "/favicon.ico"] {
        shop.get(path).problem(404, "NOT_FOUND");
    }
    shop.post("/v1/stock/teleports", &json!({})).problem(404, "NOT_FOUND");
    shop.post("/v1/reservations/some-id/forget", &json!({})).problem(404, "NOT_FOUND");
}

#[test]
fn a_wrong_method_is_not_allowed() {
    let shop = Shop::open("problems");
    for (method, path) in [
        ("DELETE", "/v1/stock/receipts"),
        ("GET", "/v1/stock/receipts"),
        ("POST", "/v1/items/tea"),
        ("PATCH", "/v1/items/tea"),
        ("PUT", "/v1/availability"),
        ("DELETE", "/v1/reservations"),
        ("POST", "/v1/positions/tea/north"),
        ("POST", "/health/live"),
    ] {
        let answer = shop.send(&Request::new(method, path)).problem(405, "METHOD_NOT_ALLOWED");
        assert!(answer.header("allow").is_some(), "{method} {path} tells no allowed method");
    }
}

#[test]
fn another_media_type_is_not_supported() {
    let shop = Shop::open("problems");
    let body = line("tea", "north", 1).to_string();
    for form in ["text/plain", "application/xml", "application/x-www-form-urlencoded"] {
        for path in ["/v1/stock/receipts", "/v1/reservations", "/v1/stock:batch"] {
            shop.send(&Request::post(path).raw(form, body.clone()))
                .problem(415, "UNSUPPORTED_MEDIA_TYPE");
        }
    }
    for form in ["application/json; charset=utf-8", "application/JSON"] {
        shop.send(&Request::post("/v1/stock/receipts").raw(form, body.clone())).ok();
    }
}

/// "Malformed JSON or a missing field: 400 `INVALID_REQUEST` with the place."
#[test]
fn malformed_json_is_refused_with_the_place() {
    let shop = Shop::open("problems");
    for body in ["{", "nonsense", "{\"itemId\":\"tea\",}", "[1,2", "{\"itemId\":\"t\u{1}\"}", "\"x"]
    {
        for path in ["/v1/stock/receipts", "/v1/reservations", "/v1/reservations:batch"] {
            let answer = send(&shop, path, body).problem(400, "INVALID_REQUEST");
            let detail = answer.text("detail");
            assert!(detail.contains(|sign: char| sign.is_ascii_digit()), "no place in `{detail}`");
        }
    }
    let not_text = Request::post("/v1/stock/receipts").raw("application/json", [0xff, 0xfe, 0x7b]);
    shop.send(&not_text).problem(400, "INVALID_REQUEST");
}

#[test]
fn a_missing_or_wrong_field_is_named() {
    let shop = Shop::open("problems");
    let check = |path: &str, body: &str, field: &str| {
        let answer = send(&shop, path, body).problem(400, "INVALID_REQUEST");
        assert!(answer.as_text().contains(field), "`{field}` is not named: {answer:?}");
    };
    let receipts = "/v1/stock/receipts";
    check(receipts, r#"{"locationId":"n","quantity":1}"#, "itemId");
    check(receipts, r#"{"itemId":"tea","quantity":1}"#, "locationId");
    check(receipts, r#"{"itemId":"tea","locationId":"n"}"#, "quantity");
    check("/v1/stock/transfers", r#"{"itemId":"tea","from":"n","quantity":1}"#, "to");
    check("/v1/stock/counts", r#"{"itemId":"tea","locationId":"n"}"#, "counted");
    check("/v1/reservations", "{}", "lines");
    check("/v1/reservations", r#"{"lines":[{"quantity":1}]}"#, "itemId");
    check("/v1/reservations", r#"{"lines":[{"itemId":"tea"}]}"#, "quantity");
}

#[test]
fn a_body_that_is_needed_must_be_there() {
    let shop = Shop::open("problems");
    for path in ["/v1/stock/receipts", "/v1/reservations", "/v1/stock:batch"] {
        let empty = Request::post(path).header("Content-Type", "application/json");
        shop.send(&empty).problem(400, "INVALID_REQUEST");
    }
}

/// "body 1 MiB (batch 16 MiB) … over it 413 … `LIMIT_EXCEEDED`".
#[test]
fn an_oversized_body_is_refused() {
    let shop = Shop::open("problems");
    let padded = |size: usize| {
        let receipt = line("tea", "north", 1).to_string();
        format!("{receipt}{}", " ".repeat(size - receipt.len()))
    };
    for path in ["/v1/stock/receipts", "/v1/reservations"] {
        send(&shop, path, &padded(MEBIBYTE + 1)).problem(413, "LIMIT_EXCEEDED");
    }
    send(&shop, "/v1/stock/receipts", &padded(MEBIBYTE)).ok();
    let batch = |size: usize| format!("[]{}", " ".repeat(size - 2));
    for path in ["/v1/stock:batch", "/v1/reservations:batch"] {
        send(&shop, path, &batch(16 * MEBIBYTE + 1)).problem(413, "LIMIT_EXCEEDED");
    }
    let entry = r#"{"op":"receipt","itemId":"tea","locationId":"north","quantity":1}"#;
    let large = format!("[{entry}{}]", " ".repeat(2 * MEBIBYTE));
    send(&shop, "/v1/stock:batch", &large).expect(200).shows("succeeded 1");
    shop.position("tea", "north").shows("onHand 2");
}

/// "`X-Correlation-Id` (made when absent, echoed)".
#[test]
fn a_correlation_id_is_echoed_or_made() {
    let shop = Shop::open("problems");
    let given = Request::get("/v1/items").header("X-Correlation-Id", "trace-7");
    assert_eq!(shop.send(&given).header("x-correlation-id"), Some("trace-7"));
    let refused = Request::get("/v1/items/nothing").header("X-Correlation-Id", "trace-8");
    assert_eq!(shop.send(&refused).header("x-correlation-id"), Some("trace-8"));
    let first = shop.receive("tea", "north", 1);
    let second = shop.receive("tea", "north", 1);
    let made = first.header("x-correlation-id");
    assert!(made.is_some_and(|id| !id.is_empty()), "{first:?}");
    assert_ne!(made, second.header("x-correlation-id"));
}

/// "A POST that needs no field may have no body."
#[test]
fn a_post_that_needs_no_field_may_have_no_body() {
    let shop = Shop::open("problems");
    shop.receive("tea", "north", 5);
    for verb in ["confirm", "fulfil", "cancel"] {
        let id = shop.hold("tea", "north", 1).text("reservationId");
        shop.send(&Request::post(format!("/v1/reservations/{id}/{verb}"))).expect(200);
    }
}

fn send(shop: &Shop, path: &str, body: &str) -> Answer {
    shop.send(&Request::post(path).raw("application/json", body))
}

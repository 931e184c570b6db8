//! `POST /v1/allocations` and `GET /v1/allocations/by-order/{orderId}`: reservations under the
//! seeds' name, also without the prefix.

use onhand_tests::{Shop, line};
use serde_json::json;

#[test]
fn an_allocation_is_a_reservation_of_one_line() {
    let shop = Shop::open("allocations");
    shop.receive("tea", "north", 10);
    for (path, order) in [("/v1/allocations", "O-1"), ("/allocations", "O-2")] {
        let body = json!({ "orderId": order, "itemId": "tea", "quantity": 2 });
        let answer = shop.post(path, &body).ok();
        answer.shows(&format!(
            "allocationId present, reservationId present, orderId {order}, itemId tea, \
             locationId north, quantity 2, status ACTIVE, expiresAt present"
        ));
        shop.reservation(&answer.text("reservationId"))
            .shows(&format!("orderId {order}, lines/0/quantity 2"));
    }
    shop.position("tea", "north").shows("available 6, reserved 4");
}

#[test]
fn an_allocation_may_name_its_location() {
    let shop = Shop::open("allocations");
    shop.receive("tea", "north", 10);
    shop.receive("tea", "south", 1);
    let mut body = line("tea", "south", 1);
    body["orderId"] = json!("O-1");
    shop.post("/v1/allocations", &body).ok().shows("locationId south");
    shop.post("/v1/allocations", &body).problem(409, "INSUFFICIENT_STOCK");
}

/// "page of them, one per line".
#[test]
fn allocations_of_an_order_are_listed_line_by_line() {
    let shop = Shop::open("allocations");
    shop.receive("tea", "north", 10);
    shop.receive("pot", "north", 10);
    let lines = [line("tea", "north", 1), line("pot", "north", 2)];
    shop.reserve(&json!({ "orderId": "O-1", "lines": lines })).expect(201);
    shop.reserve(&json!({ "orderId": "O-2", "lines": lines })).expect(201);
    for path in ["/v1/allocations/by-order/O-1", "/allocations/by-order/O-1"] {
        let mut found: Vec<String> = shop
            .pages(path)
            .iter()
            .map(|it| format!("{} {} {}", it.text("orderId"), it.text("itemId"), it.at("quantity")))
            .collect();
        found.sort();
        assert_eq!(found, ["O-1 pot 2", "O-1 tea 1"]);
    }
    assert!(shop.pages("/v1/allocations/by-order/O-9").is_empty());
}

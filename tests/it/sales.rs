//! `POST /v1/stock/sales`: sold at a till.

use onhand_tests::{Shop, at};
use serde_json::json;

#[test]
fn a_till_sale_deducts_available() {
    let shop = Shop::open("sales");
    shop.receive("tea", "north", 10);
    let fields = json!({ "saleId": "S-1", "quantity": "1.5", "amount": "12.90" });
    shop.stock("sales", &at("tea", "north", &fields))
        .ok()
        .shows("transactionId present, position/onHand 8.5, position/available 8.5");
}

#[test]
fn a_till_sale_is_told_with_its_reference() {
    let shop = Shop::open("sales");
    shop.receive("tea", "north", 100);
    shop.hold("tea", "north", 20);
    shop.stock("sales", &at("tea", "north", &json!({ "saleId": "S-1", "quantity": 5 }))).ok();
    let changes = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    changes.last().expect("it is told").shows(
        "payload/previousQuantity 100, payload/newQuantity 95, payload/changeAmount -5, \
         payload/changeReason SALE, payload/changes/0/bucket available, \
         payload/changes/0/before 80, payload/changes/0/after 75, payload/onHand 95, \
         payload/available 75, payload/sellable 75, payload/reference S-1",
    );
}

#[test]
fn a_sale_sells_something() {
    let shop = Shop::open("sales");
    for quantity in [json!(0), json!(-1), json!("0.0000001"), json!("NaN")] {
        shop.stock("sales", &at("tea", "north", &json!({ "quantity": quantity })))
            .problem(422, "INVALID_QUANTITY");
    }
    shop.stock("sales", &at("tea", "north", &json!({}))).problem(400, "INVALID_REQUEST");
    shop.get("/v1/positions/tea/north").problem(404, "UNKNOWN_POSITION");
}

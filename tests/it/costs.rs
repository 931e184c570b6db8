//! "Costs", sentence by sentence, as the door shows them; what HTTP adds nothing to stands in the tables of
//! the domain. [docs/PROMISES.md](../../docs/PROMISES.md) says where.

use onhand_tests::{Json, Shop, at};
use serde_json::{Value, json};

fn receive(shop: &Shop, item: &str, location: &str, fields: &Value) {
    shop.stock("receipts", &at(item, location, fields)).ok();
}

fn report(shop: &Shop, query: &str) -> Json {
    shop.get(&format!("/reports/inventory-value?{query}")).ok().json().clone()
}

fn worth(shop: &Shop, item: &str) -> Value {
    report(shop, &format!("itemId={item}")).value()["total"].clone()
}

/// "A receipt opens a layer at its `unitCost`, else the item's, else unknown (0, and named in the report)."
#[test]
fn a_receipt_costs_what_it_says_else_what_the_item_does_else_nobody_knows() {
    let shop = Shop::open("costs");
    shop.item("tea", &json!({ "unitCost": 4 }));
    receive(&shop, "tea", "north", &json!({ "quantity": 2, "unitCost": 3 }));
    receive(&shop, "tea", "north", &json!({ "quantity": 2 }));
    receive(&shop, "pot", "north", &json!({ "quantity": 5 }));
    let all = report(&shop, "");
    all.shows("total 14");
    let rows = all.list("items");
    let of = |item: &str| rows.iter().find(|row| row.text("itemId") == item).expect("is listed");
    of("tea").shows("quantity 4, unitCost 3.5, value 14, unknownCostQuantity none");
    of("pot").shows("quantity 5, value 0, unknownCostQuantity 5");
}

/// "What leaves takes layers by strategy; every movement carries `unitCost` and `value`."
#[test]
fn every_movement_of_goods_carries_its_cost_and_value() {
    let shop = Shop::open("costs");
    receive(&shop, "tea", "north", &json!({ "quantity": 2, "unitCost": 3 }));
    receive(&shop, "tea", "north", &json!({ "quantity": 2, "unitCost": 10 }));
    shop.sell("tea", "north", 3);
    shop.count("tea", "north", 2);
    let to = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": 1 });
    shop.stock("transfers", &to).ok();
    let mut told: Vec<(String, Value, Value)> = Vec::new();
    for entry in shop.pages("/v1/ledger?itemId=tea") {
        let of = |name: &str| entry.value()[name].clone();
        told.push((entry.text("type"), of("unitCost"), of("value")));
    }
    let sold = told.iter().find(|entry| entry.0 == "SALE").expect("is told");
    assert_eq!(sold.1, json!(5.333333), "an average is shown rounded, half to even");
    assert_eq!(sold.2, json!(16), "the value it comes from is not");
    let costs: Vec<_> = told.iter().filter(|entry| entry.0 != "SALE").collect();
    assert!(costs.iter().all(|entry| entry.1 == json!(10) || entry.1 == json!(3)), "{told:?}");
    assert_eq!(told.len(), 6, "{told:?}");
}

/// "A return comes back at the cost it left with (by order or reference), else at the average": the sale of
/// a till is found by its id, from the log too.
#[test]
fn a_return_that_refers_to_a_till_sale_comes_back_at_the_cost_it_left_with() {
    let shop = Shop::open("costs");
    receive(&shop, "tin", "north", &json!({ "quantity": 1, "unitCost": 3 }));
    receive(&shop, "tin", "north", &json!({ "quantity": 2, "unitCost": 9 }));
    let sale = json!({ "quantity": 1, "saleId": "S-1", "amount": 19 });
    shop.stock("sales", &at("tin", "north", &sale)).ok();
    assert_eq!(worth(&shop, "tin"), json!(18));
    let back = |reference: &str| {
        json!({ "quantity": 1, "condition": "good", "reference": reference,
            "referenceType": "SALE" })
    };
    shop.stock("returns", &at("tin", "north", &back("S-1"))).ok();
    assert_eq!(worth(&shop, "tin"), json!(21));
    // Of what was never sold nothing is known: the average.
    shop.stock("returns", &at("tin", "north", &back("S-9"))).ok();
    assert_eq!(worth(&shop, "tin"), json!(28));
}

/// The same, when the sale was told long ago, and by another process.
#[test]
fn a_till_sale_is_found_after_a_restart() {
    let mut server = onhand_tests::Server::start();
    let shop = server.shop("costs");
    receive(&shop, "tin", "north", &json!({ "quantity": 1, "unitCost": 3 }));
    receive(&shop, "tin", "north", &json!({ "quantity": 1, "unitCost": 9 }));
    shop.stock("sales", &at("tin", "north", &json!({ "quantity": 1, "saleId": "S-1" }))).ok();
    server.kill();
    server.restart();
    let shop = server.shop("costs");
    let back = json!({ "quantity": 1, "condition": "good", "reference": "S-1" });
    shop.stock("returns", &at("tin", "south", &back)).ok();
    assert_eq!(report(&shop, "locationId=south").value()["total"], json!(3));
}

/// "Stock found comes in at the stated cost, else the position's average, else the item's average over all
/// locations, else the item's `unitCost`."
#[test]
fn stock_that_is_found_costs_what_others_of_its_kind_do() {
    let shop = Shop::open("costs");
    let count = |item: &str, location: &str, fields: Value| {
        shop.stock("counts", &at(item, location, &fields)).ok();
    };
    shop.item("tea", &json!({ "unitCost": 99 }));
    receive(&shop, "tea", "north", &json!({ "quantity": 1, "unitCost": 3 }));
    receive(&shop, "tea", "north", &json!({ "quantity": 1, "unitCost": 9 }));
    count("tea", "north", json!({ "counted": 3 }));
    assert_eq!(worth(&shop, "tea"), json!(18));
    count("tea", "north", json!({ "counted": 4, "unitCost": 2 }));
    assert_eq!(worth(&shop, "tea"), json!(20));
    count("tea", "south", json!({ "counted": 2 }));
    assert_eq!(worth(&shop, "tea"), json!(30));
    shop.item("pot", &json!({ "unitCost": 7 }));
    count("pot", "north", json!({ "counted": 2 }));
    assert_eq!(worth(&shop, "pot"), json!(14));
}

/// "Transfers keep their cost and are valued as in transit."
#[test]
fn goods_on_their_way_are_worth_what_they_were() {
    let shop = Shop::open("costs");
    receive(&shop, "tea", "north", &json!({ "quantity": 2, "unitCost": 3 }));
    receive(&shop, "tea", "north", &json!({ "quantity": 2, "unitCost": 10 }));
    let transfer = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": 3 });
    let id = shop.stock("transfers", &transfer).ok().text("transferId");
    let at = |location: &str| {
        report(&shop, &format!("itemId=tea&locationId={location}")).value()["total"].clone()
    };
    assert_eq!((at("north"), at("south")), (json!(10), json!(16)));
    shop.post(&format!("/v1/stock/transfers/{id}/receive"), &json!({ "quantity": 2 })).ok();
    assert_eq!((at("north"), at("south")), (json!(10), json!(16)));
    shop.post(&format!("/v1/stock/transfers/{id}/cancel"), &json!({})).ok();
    assert_eq!((at("north"), at("south")), (json!(20), json!(6)));
}

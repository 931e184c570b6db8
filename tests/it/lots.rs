//! Lots, costs and late facts over HTTP: what the rules of the domain promise is seen at the door, and after
//! a kill.

use onhand_tests::{Figure, Server, Shop, at};
use serde_json::{Value, json};

fn receive(shop: &Shop, item: &str, fields: Value) {
    shop.stock("receipts", &at(item, "north", &fields)).ok();
}

/// Lots of a position: `"L-1 2 @3, – 1"`, those in another place with its name.
fn lots(shop: &Shop, item: &str, location: &str) -> String {
    let position = shop.position(item, location);
    let shown = position.list("lots").into_iter().map(|lot| {
        let lot = lot.value();
        let number = lot["lotNumber"].as_str().unwrap_or("–").to_owned();
        let cost = lot.get("unitCost").map(|cost| format!(" @{cost}")).unwrap_or_default();
        let place = match lot["place"].as_str() {
            Some("shelf") => String::new(),
            other => format!(" {}", other.expect("a place")),
        };
        format!("{number} {}{cost}{place}", lot["quantity"])
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn worth(shop: &Shop, item: &str, method: &str) -> Value {
    let path = format!("/reports/inventory-value?itemId={item}&method={method}");
    shop.get(&path).ok().json().value()["total"].clone()
}

#[test]
fn lots_are_layers_in_the_order_of_picking_and_survive_a_kill() {
    let mut server = Server::start();
    let shop = server.shop("lots");
    shop.item("milk", &json!({ "strategy": "FEFO" })).ok();
    receive(
        &shop,
        "milk",
        json!({ "quantity": 2, "lotNumber": "L-1", "expiryDate": "2198-01-02", "unitCost": 3 }),
    );
    receive(
        &shop,
        "milk",
        json!({ "quantity": 2, "lotNumber": "L-2", "expiryDate": "2198-01-01", "unitCost": 4 }),
    );
    receive(&shop, "milk", json!({ "quantity": 1, "unitCost": "0.5" }));
    receive(
        &shop,
        "milk",
        json!({ "quantity": 3, "lotNumber": "OLD", "expiryDate": "2020-01-01", "unitCost": 1 }),
    );
    let all = "L-2 2 @4, L-1 2 @3, – 1 @0.5, OLD 3 @1 qualityHold";
    assert_eq!(lots(&shop, "milk", "north"), all);
    shop.position("milk", "north").shows("available 5, qualityHold 3, onHand 8");
    shop.sell("milk", "north", 3).ok();
    server.kill();
    server.restart();
    let shop = server.shop("lots");
    assert_eq!(lots(&shop, "milk", "north"), "L-1 1 @3, – 1 @0.5, OLD 3 @1 qualityHold");
    assert_eq!(worth(&shop, "milk", "fifo"), json!(6.5));
    assert_eq!(server.stop().code, Some(0));
    let proof = server.verify();
    assert_eq!(proof.code, Some(0), "{}", proof.output);
}

#[test]
fn a_line_and_a_pick_may_name_a_lot() {
    let shop = Shop::open("lots");
    receive(&shop, "tea", json!({ "quantity": 2, "lotNumber": "L-1" }));
    receive(&shop, "tea", json!({ "quantity": 2, "lotNumber": "L-2" }));
    let line = json!({ "itemId": "tea", "quantity": 2, "lotNumber": "L-1" });
    let made = shop.reserve(&json!({ "lines": [line] })).expect(201);
    made.shows("lines/0/lotNumber L-1, lines/0/quantity 2");
    shop.reserve(&json!({ "lines": [line] })).problem(409, "INSUFFICIENT_STOCK");
    // What names no lot leaves what is promised by lot.
    shop.sell("tea", "north", 1).ok();
    assert_eq!(lots(&shop, "tea", "north"), "L-1 2, L-2 1");
    let id = made.text("reservationId");
    shop.act(&id, "fulfil", &json!({})).ok().shows("status FULFILLED");
    assert_eq!(lots(&shop, "tea", "north"), "L-2 1");
}

#[test]
fn five_short_at_100_and_six_in_at_10_leaves_one_worth_10() {
    let shop = Shop::open("costs");
    receive(&shop, "pot", json!({ "quantity": 1, "unitCost": 100 }));
    shop.sell("pot", "north", 6).ok();
    assert_eq!(worth(&shop, "pot", "fifo"), json!(-500));
    receive(&shop, "pot", json!({ "quantity": 6, "unitCost": 10 }));
    for method in ["fifo", "average"] {
        assert_eq!(worth(&shop, "pot", method), json!(10), "{method}");
    }
    let values: Vec<Value> = shop
        .pages("/v1/ledger?itemId=pot")
        .iter()
        .map(|row| json!([row.value()["type"], row.value()["quantity"], row.value()["value"]]))
        .collect();
    // Newest first: what the shortage had cost too much, and the receipt as it was paid.
    assert_eq!(values[0][0], json!("REVALUATION"), "{values:?}");
    assert_eq!(values[1][0], json!("RECEIPT"), "{values:?}");
}

#[test]
fn a_revaluation_is_told_and_changes_the_value() {
    let shop = Shop::open("costs");
    receive(&shop, "cup", json!({ "quantity": 4, "unitCost": 2 }));
    let body = at("cup", "north", &json!({ "unitCost": 3, "reason": "list price" }));
    shop.stock("revaluations", &body).ok().shows("position/onHand 4");
    assert_eq!(worth(&shop, "cup", "fifo"), json!(12));
    let told = shop.events("type=StockRevalued&aggregateId=cup%3Anorth");
    told[0].shows(
        "payload/previousUnitCost 2, payload/unitCost 3, payload/quantity 4, payload/value 4",
    );
    let unknown = json!({ "unitCost": 3, "reason": "x", "lotNumber": "L-9" });
    let refused = shop.stock("revaluations", &at("cup", "north", &unknown));
    refused.problem(404, "NOT_FOUND").shows("lotNumber L-9");
}

#[test]
fn a_return_by_order_comes_back_at_the_cost_it_left_with() {
    let shop = Shop::open("costs");
    receive(&shop, "tin", json!({ "quantity": 1, "unitCost": 3 }));
    receive(&shop, "tin", json!({ "quantity": 1, "unitCost": 9 }));
    let line = json!({ "itemId": "tin", "quantity": 1 });
    let made = shop.reserve(&json!({ "orderId": "O-tin", "lines": [line] })).expect(201);
    shop.act(&made.text("reservationId"), "fulfil", &json!({})).ok();
    assert_eq!(worth(&shop, "tin", "fifo"), json!(9));
    let back = json!({ "quantity": 1, "condition": "good", "orderId": "O-tin" });
    shop.stock("returns", &at("tin", "north", &back)).ok();
    assert_eq!(worth(&shop, "tin", "fifo"), json!(12));
}

#[test]
fn a_sale_that_a_count_has_seen_changes_nothing_now_and_makes_then_true() {
    let shop = Shop::open("late");
    let on = |time: &str| format!("2026-02-03T{time}:00Z");
    receive(&shop, "jar", json!({ "quantity": 10, "unitCost": 5, "occurredAt": on("09:00") }));
    let counted = json!({ "counted": 8, "occurredAt": on("13:30") });
    shop.stock("counts", &at("jar", "north", &counted)).ok();
    let before = shop.position("jar", "north");
    let sold = json!({ "quantity": 2, "occurredAt": on("13:20") });
    shop.stock("sales", &at("jar", "north", &sold)).ok();
    let after = shop.position("jar", "north");
    assert_eq!(after.value()["lots"], before.value()["lots"]);
    after.shows("onHand 8, available 8");
    assert_eq!(worth(&shop, "jar", "fifo"), json!(40));
    let as_of = |time: &str| {
        let path = format!("/v1/positions/jar/north/explain?at={}", on(time));
        shop.get(&path).ok().figure("onHand")
    };
    assert_eq!(["13:15", "13:25", "13:35"].map(as_of), [10, 8, 8].map(Figure::from));
}

//! `onhand export`: the same from a running server and from its stopped directory.

use onhand_tests::Server;
use serde_json::{Value, json};

use crate::tools::{data_of, export, run, text};

fn trade(server: &Server) {
    let shop = server.shop("default");
    shop.item("tea", &json!({ "sku": "TEA", "name": "Assam, \"first\"", "unitCost": "2.5" }));
    shop.receive("tea", "north", 10);
    shop.receive("tea", "south", 3);
    shop.hold("tea", "north", 4);
    let damaged = json!({ "itemId": "tea", "locationId": "north", "quantity": 1, "from": "available",
        "to": "damaged", "reason": "broken" });
    shop.stock("moves", &damaged).ok();
    shop.policy("tea", "south", &json!({ "backorderLimit": "unlimited", "minStock": "0.5" }));
    shop.sell("cup", "north", 2);
    server.shop("other").receive("cup", "west", 7);
    let transfer = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": 2 });
    shop.stock("transfers", &transfer).ok();
}

#[test]
fn stock_is_one_row_per_place_of_a_position() {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let mut server = Server::start();
    trade(&server);
    let data = data_of(&server);
    let (csv, ndjson) = (place.path().join("stock.csv"), place.path().join("stock.ndjson"));
    export(&data, &csv, &[]);
    export(&data, &ndjson, &["--format", "ndjson"]);
    let expected = "\
tenantId,itemId,locationId,bucket,quantity,lotNumber,expiryDate,receivedAt,unitCost,sku,name,productId,\
unitOfMeasure,trackInventory,strategy,itemUnitCost,itemMinStock,itemMaxStock,itemSafetyStock,\
itemBackorderLimit,itemLowStockThreshold,locationName,locationType,locationActive,locationPriority,\
binId,minStock,maxStock,safetyStock,backorderLimit,lowStockThreshold
";
    let csv_text = text(&csv);
    assert!(csv_text.starts_with(expected), "{csv_text}");
    let rows: Vec<Value> =
        text(&ndjson).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(csv_text.lines().count(), rows.len() + 1);
    let found = |tenant: &str, item: &str, location: &str, bucket: &str| {
        let is_it = |row: &&Value| {
            row["tenantId"] == tenant
                && row["itemId"] == item
                && row["locationId"] == location
                && row["bucket"] == bucket
        };
        rows.iter().find(is_it).unwrap_or_else(|| panic!("no {tenant} {item} {location} {bucket}"))
    };
    assert_eq!(found("default", "tea", "north", "available")["quantity"], 7, "promises lie there");
    assert_eq!(found("default", "tea", "north", "damaged")["quantity"], 1);
    assert_eq!(found("default", "tea", "north", "available")["name"], "Assam, \"first\"");
    assert_eq!(found("default", "tea", "south", "available")["backorderLimit"], "unlimited");
    assert_eq!(
        found("default", "cup", "north", "available")["quantity"],
        -2,
        "sold before it came"
    );
    assert_eq!(found("other", "cup", "west", "available")["quantity"], 7);
    assert_eq!(rows.len(), 5);

    let lines = |what: &str| -> Vec<Value> {
        let out = place.path().join(what);
        export(&data, &out, &[what]);
        text(&out).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let held = lines("reservations");
    assert_eq!(held.len(), 1);
    assert_eq!((&held[0]["tenantId"], &held[0]["status"]), (&json!("default"), &json!("ACTIVE")));
    assert_eq!(held[0]["lines"][0]["quantity"], 4);
    let sent = lines("transfers");
    assert_eq!((sent.len(), &sent[0]["quantity"], &sent[0]["to"]), (1, &json!(2), &json!("south")));

    // A stopped directory says the same, and is left as it was.
    assert_eq!(server.stop().code, Some(0));
    let stopped = place.path().join("stopped.csv");
    export(&data, &stopped, &[]);
    assert_eq!(text(&stopped), csv_text);
    assert_eq!(lines("reservations"), held);
    assert_eq!(lines("transfers"), sent);
    assert_eq!(server.verify().code, Some(0));
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let server = Server::start();
    let data = data_of(&server);
    let exit = run(&["export", "reservations", "--format", "csv", "--data", &data]);
    assert_eq!(exit.code, Some(10), "{}", exit.output);
    let nowhere = format!("{data}-nowhere");
    assert_eq!(run(&["export", "--data", &nowhere]).code, Some(21));
    server.client().get("/v1/admin/export/secrets").problem(404, "NOT_FOUND");
    server.client().get("/v1/admin/export/stock?cursor=x").problem(400, "INVALID_REQUEST");
    let empty = run(&["export", "--data", &data]);
    assert_eq!(
        (empty.code, empty.output.lines().count()),
        (Some(0), 1),
        "a header: {}",
        empty.output
    );
}

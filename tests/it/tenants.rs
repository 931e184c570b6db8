//! Tenants do not see each other.

use onhand_tests::{Server, Shop, line};
use serde_json::json;

#[test]
fn the_same_names_mean_other_things_to_another_tenant() {
    let (ours, theirs) = (Shop::open("ours"), Shop::open("theirs"));
    ours.receive("tea", "north", 10);
    theirs.receive("tea", "north", 3);
    ours.hold("tea", "north", 4);
    ours.position("tea", "north").shows("onHand 10, available 6, version 2");
    theirs.position("tea", "north").shows("onHand 3, available 3, version 1");
    theirs
        .reserve(&json!({ "lines": [line("tea", "north", 4)] }))
        .problem(409, "INSUFFICIENT_STOCK")
        .shows("shortages/0/sellable 3");
}

/// "another tenant's data answers 404".
#[test]
fn another_tenant_s_data_answers_404() {
    let (ours, theirs) = (Shop::open("ours"), Shop::open("theirs"));
    ours.receive("tea", "north", 10);
    let id = ours.hold("tea", "north", 4).text("reservationId");
    theirs.get("/v1/items/tea").problem(404, "UNKNOWN_ITEM");
    theirs.get("/v1/locations/north").problem(404, "UNKNOWN_LOCATION");
    theirs.get("/v1/positions/tea/north").problem(404, "UNKNOWN_POSITION");
    theirs.get(&format!("/v1/reservations/{id}")).problem(404, "UNKNOWN_RESERVATION");
    for verb in ["confirm", "fulfil", "cancel"] {
        theirs.act(&id, verb, &json!(null)).problem(404, "UNKNOWN_RESERVATION");
    }
    theirs.reserve(&json!({ "lines": [line("tea", "north", 1)] })).problem(404, "UNKNOWN_ITEM");
    ours.reservation(&id).shows("status ACTIVE, version 1");
}

#[test]
fn lists_and_events_hold_only_the_tenant_s_own() {
    let (ours, theirs) = (Shop::open("ours"), Shop::open("theirs"));
    ours.receive("tea", "north", 10);
    ours.hold("tea", "north", 4);
    theirs.receive("pot", "south", 1);
    for path in ["/v1/items", "/v1/locations", "/v1/positions"] {
        assert_eq!(theirs.pages(path).len(), 1, "{path}");
    }
    assert!(theirs.pages("/v1/reservations").is_empty());
    for shop in [&ours, &theirs] {
        let tenant = shop.tenant().expect("a shop has a tenant");
        let events = shop.events("");
        assert!(!events.is_empty());
        for event in events {
            event.shows(&format!("tenantId {tenant}"));
        }
    }
}

/// "Tenant header `X-Tenant-Id`; `default` when absent".
#[test]
fn without_a_header_the_tenant_is_default() {
    let server = Server::start();
    let unnamed = Shop::new(server.client());
    unnamed.receive("tea", "north", 10);
    server.shop("default").position("tea", "north").shows("onHand 10");
    server.shop("other").get("/v1/positions/tea/north").problem(404, "UNKNOWN_POSITION");
    for event in unnamed.events("") {
        event.shows("tenantId default");
    }
}

//! `POST /v1/stock/transfers`, `…/receive`, `…/cancel`.

use onhand_tests::{Answer, Request, Shop};
use serde_json::{Value, json};

fn transfer(shop: &Shop, quantity: i64) -> Answer {
    let body = json!({ "itemId": "tea", "from": "north", "to": "south", "quantity": quantity });
    shop.stock("transfers", &body)
}

fn step(shop: &Shop, id: &str, verb: &str, body: Option<Value>) -> Answer {
    let request = Request::post(format!("/v1/stock/transfers/{id}/{verb}"));
    shop.send(&match body {
        Some(body) => request.json(&body),
        None => request,
    })
}

/// Four of ten are on their way from `north` to `south`.
fn four_on_their_way() -> (Shop, String) {
    let shop = Shop::open("transfers");
    shop.receive("tea", "north", 10);
    let id = transfer(&shop, 4).ok().text("transferId");
    (shop, id)
}

#[track_caller]
fn lies(shop: &Shop, north: i64, south: i64, on_the_way: i64) {
    shop.position("tea", "north").shows(&format!("onHand {north}, available {north}, inTransit 0"));
    shop.position("tea", "south")
        .shows(&format!("onHand {south}, available {south}, inTransit {on_the_way}"));
}

/// "in between it is `inTransit` at the destination".
#[test]
fn goods_on_their_way_are_in_transit_at_the_destination() {
    let (shop, _) = four_on_their_way();
    lies(&shop, 6, 0, 4);
    shop.position("tea", "south").shows("sellable 0");
}

#[test]
fn a_transfer_is_received_whole() {
    let (shop, id) = four_on_their_way();
    step(&shop, &id, "receive", None).ok();
    lies(&shop, 6, 4, 0);
}

/// "`receive {quantity?}` (the rest stays in transit)".
#[test]
fn a_transfer_is_received_in_parts() {
    let (shop, id) = four_on_their_way();
    step(&shop, &id, "receive", Some(json!({ "quantity": 3 }))).ok();
    lies(&shop, 6, 3, 1);
    step(&shop, &id, "receive", Some(json!({ "quantity": 2 })))
        .problem_among(&[(409, "EXCEEDS_OPEN"), (409, "INSUFFICIENT_STOCK")]);
    lies(&shop, 6, 3, 1);
    step(&shop, &id, "receive", Some(json!({}))).ok();
    lies(&shop, 6, 4, 0);
}

/// "or `/cancel` (back to the origin)".
#[test]
fn a_cancelled_transfer_goes_back_to_its_origin() {
    let (shop, id) = four_on_their_way();
    step(&shop, &id, "cancel", None).ok();
    lies(&shop, 10, 0, 0);
}

#[test]
fn cancelling_after_a_part_was_received_takes_back_the_rest() {
    let (shop, id) = four_on_their_way();
    step(&shop, &id, "receive", Some(json!({ "quantity": 1 }))).ok();
    step(&shop, &id, "cancel", None).ok();
    lies(&shop, 9, 1, 0);
}

#[test]
fn a_transfer_that_has_ended_is_not_received() {
    let (shop, id) = four_on_their_way();
    step(&shop, &id, "cancel", None).ok();
    step(&shop, &id, "receive", None)
        .problem_among(&[(409, "INVALID_STATE"), (409, "EXCEEDS_OPEN")]);
    lies(&shop, 10, 0, 0);
    let other = transfer(&shop, 2).ok().text("transferId");
    step(&shop, &other, "receive", None).ok();
    for verb in ["receive", "cancel"] {
        step(&shop, &other, verb, None)
            .problem_among(&[(409, "INVALID_STATE"), (409, "EXCEEDS_OPEN")]);
    }
    lies(&shop, 8, 2, 0);
}

/// "`from` = `to`: 422 `INVALID_REQUEST`".
#[test]
fn a_transfer_goes_somewhere_else() {
    let shop = Shop::open("transfers");
    shop.receive("tea", "north", 10);
    let body = json!({ "itemId": "tea", "from": "north", "to": "north", "quantity": 1 });
    shop.stock("transfers", &body).problem(422, "INVALID_REQUEST");
}

#[test]
fn a_transfer_of_more_than_is_free_is_refused() {
    let shop = Shop::open("transfers");
    shop.receive("tea", "north", 10);
    shop.hold("tea", "north", 7);
    transfer(&shop, 4).problem(409, "INSUFFICIENT_STOCK");
    shop.position("tea", "north").shows("available 3, reserved 7");
    transfer(&shop, 3).ok();
    transfer(&shop, 0).problem(422, "INVALID_QUANTITY");
}

#[test]
fn an_unknown_transfer_is_unknown() {
    let (shop, id) = four_on_their_way();
    for verb in ["receive", "cancel"] {
        step(&shop, "nothing", verb, None).problem(404, "UNKNOWN_TRANSFER");
    }
    let stranger = Shop::open("transfers-stranger");
    step(&stranger, &id, "receive", None).problem(404, "UNKNOWN_TRANSFER");
}

#[test]
fn both_ends_of_a_transfer_are_one_record() {
    let (shop, id) = four_on_their_way();
    let sequence = step(&shop, &id, "receive", None).ok().number("sequence");
    let events = shop.events("type=StockLevelChanged");
    let sequences: Vec<u64> = events.iter().map(|event| event.number("sequence")).collect();
    assert_eq!(sequences.len(), 4, "{events:?}");
    assert_eq!(sequences[1], sequences[2], "the two ends of the beginning");
    assert_eq!(sequences[3], sequence);
    events[1].shows("payload/changeReason TRANSFER_OUT, payload/changeAmount -4");
    events[3].shows("payload/changeReason TRANSFER_IN, payload/changeAmount 4");
}

#[test]
fn the_steps_of_a_transfer_are_told() {
    let (shop, id) = four_on_their_way();
    step(&shop, &id, "receive", Some(json!({ "quantity": 1 }))).ok();
    step(&shop, &id, "cancel", None).ok();
    let told = shop.events("type=StockTransferred");
    assert_eq!(told.len(), 3, "{told:?}");
    for (version, event) in (1..).zip(&told) {
        event.shows(&format!(
            "aggregateType Transfer, aggregateId {id}, aggregateVersion {version}, \
             payload/transferId {id}, payload/itemId tea, payload/fromLocationId north, \
             payload/toLocationId south"
        ));
    }
    told[1].shows("payload/received 1");
    told[2].shows("payload/status CANCELLED");
    assert_ne!(told[0].text("payload/status"), "CANCELLED");
}

use std::sync::Arc;

use onhand_domain::command::{
    Action, Force, Fulfil, ReleasedLine, RequestedLine, Rest, ShippedLine, Source, SourcePosition,
    Wanted,
};
use onhand_domain::reservation::Status;

use super::shop::{Shop, item, location, place, reference, reserve, text, told, units};
use super::{level, payload, reason};
use crate::events;
use crate::events::{EventType, Payload, ReservationFulfilled, ReservationReleased, ReservedLine};

#[test]
fn a_reservation_tells_its_life() {
    let mut shop = Shop::new();
    shop.receive("item-1", "WH-01", 10);
    shop.receive("item-2", "WH-01", 10);
    assert_eq!(
        told(&shop.act(reserve(&[("item-1", 4, "WH-01"), ("item-2", 1, "WH-01")]))),
        [
            "StockLevelChanged item-1:WH-01 v2 RESERVE available 10→6 reserved 0→4",
            "StockLevelChanged item-2:WH-01 v2 RESERVE available 10→9 reserved 0→1",
            "ReservationCreated rsv-1-3 v1",
        ]
    );
    let reservation = 3;
    let events = shop.act(Action::Extend { reservation, ttl_ms: 60_000 });
    assert_eq!(told(&events), ["ReservationChanged rsv-1-3 v2"]);
    let fewer = RequestedLine {
        item: item("item-1"),
        quantity: units(3),
        wanted: Wanted::Only(location("WH-01")),
        lot: None,
    };
    let events = shop.act(Action::SetLines { reservation, lines: vec![fewer] });
    assert_eq!(
        told(&events),
        [
            "StockLevelChanged item-1:WH-01 v3 RELEASE available 6→7 reserved 4→3",
            "ReservationChanged rsv-1-3 v3",
        ]
    );
    assert_eq!(
        told(&shop.act(Action::Confirm { reservation })),
        [
            "StockLevelChanged item-1:WH-01 v4 CONFIRM reserved 3→0 committed 0→3",
            "StockLevelChanged item-2:WH-01 v3 CONFIRM reserved 1→0 committed 0→1",
            "ReservationConfirmed rsv-1-3 v4",
        ]
    );
    let released =
        ReleasedLine { item: item("item-1"), location: None, quantity: units(1), lot: None };
    let lines = Some(vec![released]);
    let events = shop.act(Action::Cancel { reservation, lines, detail: reason("fewer guests") });
    assert_eq!(
        told(&events),
        [
            "StockLevelChanged item-1:WH-01 v5 RELEASE available 7→8 committed 3→2",
            "ReservationCancelled rsv-1-3 v5",
        ]
    );
    let Payload::ReservationCancelled(told_of) = payload(&events, EventType::ReservationCancelled)
    else {
        unreachable!("the payload is of its type")
    };
    assert_eq!(told_of.status, Status::Confirmed, "only a part was released");
    assert_eq!(told_of.reason, Some(text("fewer guests")));
    assert_eq!(told_of.lines.len(), 1);
    assert_eq!(told_of.lines[0].quantity, units(1));
}

#[test]
fn a_shipment_tells_what_left_and_what_was_given_back() {
    let mut shop = Shop::new();
    shop.receive("item-1", "WH-01", 10);
    shop.act(reserve(&[("item-1", 4, "WH-01")]));
    let line = ShippedLine { place: place("item-1", "WH-01"), quantity: units(3), lot: None };
    let events = shop.act(Action::Fulfil(Box::new(Fulfil {
        reservation: 2,
        shipment: Some(reference("shipment-1")),
        lines: Some(vec![line]),
        rest: Rest::Close,
        force: Force::Wish,
        detail: None,
    })));
    assert_eq!(
        told(&events),
        [
            "StockLevelChanged item-1:WH-01 v3 FULFIL available 6→7 reserved 4→0",
            "ReservationFulfilled rsv-1-2 v2",
            "ReservationCancelled rsv-1-2 v2",
        ]
    );
    let shipped = events::ShippedLine {
        item: item("item-1"),
        location: Some(location("WH-01")),
        quantity: units(3),
        transaction_id: "txn-1-3-0".to_owned(),
    };
    let fulfilled = Payload::ReservationFulfilled(Box::new(ReservationFulfilled {
        reservation_id: "rsv-1-2".to_owned(),
        order: Some(reference("order-1")),
        shipment: Some(reference("shipment-1")),
        lines: vec![shipped],
        status: Status::Fulfilled,
    }));
    assert_eq!(payload(&events, EventType::ReservationFulfilled), &fulfilled);
    let level = level(&events);
    assert_eq!((level.previous_quantity, level.new_quantity), (units(10), units(7)));
    assert_eq!(level.order, Some(reference("order-1")));
}

#[test]
fn what_ships_from_elsewhere_is_released_where_it_was_held() {
    let mut shop = Shop::new();
    shop.receive("item-1", "WH-01", 5);
    shop.receive("item-1", "WH-02", 5);
    shop.act(reserve(&[("item-1", 2, "WH-01")]));
    let line = ShippedLine { place: place("item-1", "WH-02"), quantity: units(2), lot: None };
    let events = shop.act(Action::Fulfil(Box::new(Fulfil {
        reservation: 3,
        shipment: None,
        lines: Some(vec![line]),
        rest: Rest::Keep,
        force: Force::Wish,
        detail: None,
    })));
    assert_eq!(
        told(&events),
        [
            "StockLevelChanged item-1:WH-01 v3 RELEASE available 3→5 reserved 2→0",
            "StockLevelChanged item-1:WH-02 v2 FULFIL available 5→3",
            "ReservationFulfilled rsv-1-3 v2",
        ]
    );
    let Payload::ReservationFulfilled(fulfilled) =
        payload(&events, EventType::ReservationFulfilled)
    else {
        unreachable!("the payload is of its type")
    };
    assert_eq!(fulfilled.lines[0].transaction_id, "txn-1-4-1", "the second movement");
    assert_eq!(fulfilled.lines[0].location, Some(location("WH-02")));
}

#[test]
fn a_deadline_that_passed_says_so() {
    let mut shop = Shop::new();
    shop.receive("item-1", "WH-01", 5);
    shop.act(reserve(&[("item-1", 2, "WH-01")]));
    let events = shop.expire(2);
    assert_eq!(
        told(&events),
        [
            "StockLevelChanged item-1:WH-01 v3 EXPIRED available 3→5 reserved 2→0",
            "ReservationExpired rsv-1-2 v2",
        ]
    );
    let expired = Payload::ReservationExpired(Box::new(ReservationReleased {
        reservation_id: "rsv-1-2".to_owned(),
        order: Some(reference("order-1")),
        reason: Some(text("EXPIRED")),
        lines: vec![ReservedLine {
            item: item("item-1"),
            location: Some(location("WH-01")),
            quantity: units(2),
        }],
        status: Status::Expired,
    }));
    assert_eq!(payload(&events, EventType::ReservationExpired), &expired);
}

#[test]
fn only_a_reservation_asked_for_by_event_fails_by_event() {
    let mut shop = Shop::new();
    shop.receive("item-1", "WH-01", 1);
    let at = |offset| {
        let stream = text("cluster/order-events");
        let (partition, generation, checksum) = (0, 1, Some(0));
        let place = SourcePosition { stream, partition, generation, offset, checksum };
        Some(Arc::new(Source::at(place)))
    };
    shop.source = at(1);
    let events = shop.act(reserve(&[("item-1", 2, "WH-01")]));
    assert_eq!(told(&events), ["ReservationFailed rsv-1-2 v1"]);
    let Payload::ReservationFailed(failed) = payload(&events, EventType::ReservationFailed) else {
        unreachable!("the payload is of its type")
    };
    assert_eq!(failed.reason, "INSUFFICIENT_STOCK");
    assert_eq!(failed.order, Some(reference("order-1")));
    assert_eq!(failed.shortages.len(), 1);
    assert_eq!((failed.shortages[0].requested, failed.shortages[0].sellable), (units(2), units(1)));

    shop.source = at(2);
    let events = shop.act(Action::Confirm { reservation: 99 });
    assert_eq!(told(&events), [""; 0], "a confirmation is no reservation");
}

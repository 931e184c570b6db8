use onhand_domain::catalog::{
    Item, ItemAttributes, Location, LocationAttributes, Standing, Strategy,
};
use onhand_domain::ids::{BinId, ItemId, LocationId, LotNumber, Reference, TenantId, Text};
use onhand_domain::policy::{BackorderLimit, Policy};
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::rejection::Shortage;
use onhand_domain::reservation::Status;
use onhand_domain::time::{Day, Timestamp};
use onhand_domain::transfer::TransferStatus;
use onhand_engine::events::{
    AggregateType, AlarmThreshold, BinCreated, BucketChange, Event, EventTrace, EventType,
    ItemAssignedToBin, ItemDeactivated, OutOfStock, Payload, PolicyChanged, PositionsOpened,
    ReservationChanged, ReservationConfirmed, ReservationCreated, ReservationFailed,
    ReservationFulfilled, ReservationReleased, ReservedLine, SOURCE, ShippedLine, StandingLine,
    StockDiscrepancy, StockLevelChanged, StockReceived, StockTransferred,
};
use onhand_engine::ids::event_id;

use super::write;
use crate::http::json::Json;

const AT: Timestamp = Timestamp::from_millis(1_770_638_400_000);

fn item() -> ItemId {
    ItemId::parse("item-1").expect("valid")
}

fn location() -> LocationId {
    LocationId::parse("WH-01").expect("valid")
}

fn reference(text: &str) -> Option<Reference> {
    Some(Reference::parse(text).expect("valid"))
}

fn text(text: &str) -> Option<Text> {
    Some(Text::parse(text).expect("valid"))
}

fn number(text: &str) -> Quantity {
    Quantity::parse(text).expect("a number")
}

fn event(payload: Payload) -> Event {
    Event {
        event_id: event_id(AT, 1, 3, 42, 0),
        event_type: payload.event_type(),
        aggregate_type: AggregateType::InventoryPosition,
        aggregate_id: "item-1:WH-01".to_owned(),
        tenant: TenantId::parse("tenant-1").expect("valid"),
        timestamp: AT,
        epoch: 3,
        sequence: 42,
        index: 0,
        aggregate_version: 7,
        payload,
        trace: EventTrace {
            source: SOURCE,
            user: None,
            correlation: Text::parse("cor-1-42").expect("valid"),
            causation: text("event \"1\""),
        },
    }
}

fn rendered(event: &Event) -> String {
    let mut json = Json::default();
    write(event, "c42", &mut json);
    let bytes = json.into_bytes();
    serde_json::from_slice::<serde_json::Value>(&bytes).expect("what is written is JSON");
    String::from_utf8(bytes).expect("text")
}

#[track_caller]
fn check(payload: Payload, expected: &str) {
    let written = rendered(&event(payload));
    let (_, rest) = written.split_once("\"payload\":").expect("has a payload");
    let (payload, _) = rest.split_once(",\"metadata\":").expect("has metadata");
    assert_eq!(payload, expected);
}

fn level() -> StockLevelChanged {
    StockLevelChanged {
        item: item(),
        location: location(),
        previous_quantity: number("100"),
        new_quantity: number("95"),
        change_amount: number("-5"),
        change_reason: "SALE",
        reason: None,
        changes: vec![BucketChange {
            bucket: "available",
            before: number("80"),
            after: number("75"),
        }],
        available: number("75"),
        sellable: Some(number("75")),
        transaction_id: "txn-1-42-0".to_owned(),
        reference: None,
        reference_type: None,
        order: None,
        lot: None,
        unit_cost: None,
        value: None,
    }
}

#[test]
fn the_envelope_is_that_of_the_contract() {
    let written = rendered(&event(Payload::StockLevelChanged(Box::new(level()))));
    let expected = concat!(
        r#"{"eventId":"019c4245-da00-7003-8000-4000002a0000","eventType":"StockLevelChanged","#,
        r#""aggregateType":"InventoryPosition","aggregateId":"item-1:WH-01","#,
        r#""tenantId":"tenant-1","timestamp":"2026-02-09T12:00:00.000Z","version":"1.0","#,
        r#""epoch":3,"sequence":42,"index":0,"aggregateVersion":7,"cursor":"c42","payload":"#,
        r#"{"itemId":"item-1","locationId":"WH-01","previousQuantity":100,"newQuantity":95,"#,
        r#""changeAmount":-5,"changeReason":"SALE","#,
        r#""changes":[{"bucket":"available","before":80,"after":75}],"#,
        r#""onHand":95,"available":75,"sellable":75,"transactionId":"txn-1-42-0"},"#,
        r#""metadata":{"source":"onhand","userId":null,"correlationId":"cor-1-42","#,
        r#""causationId":"event \"1\""}}"#,
    );
    assert_eq!(written, expected);
}

#[test]
fn levels_show_what_the_caller_said_and_exact_figures() {
    let said = StockLevelChanged {
        change_amount: number("-0.000001"),
        changes: Vec::new(),
        sellable: None,
        reference: reference("PO-1"),
        reference_type: reference("purchaseOrder"),
        order: reference("order-1"),
        lot: Some(LotNumber::parse("lot-1").expect("valid")),
        unit_cost: Some(Money::parse("2.50").expect("a number")),
        ..level()
    };
    check(
        Payload::StockLevelChanged(Box::new(said)),
        concat!(
            r#"{"itemId":"item-1","locationId":"WH-01","previousQuantity":100,"newQuantity":95,"#,
            r#""changeAmount":-0.000001,"changeReason":"SALE","changes":[],"#,
            r#""onHand":95,"available":75,"sellable":null,"transactionId":"txn-1-42-0","#,
            r#""reference":"PO-1","referenceType":"purchaseOrder","orderId":"order-1","#,
            r#""lotNumber":"lot-1","unitCost":2.5}"#,
        ),
    );
}

#[test]
fn receipts_and_transfers() {
    let received = StockReceived {
        item: item(),
        location: location(),
        quantity: number("1.5"),
        lot: None,
        expiry: Some(Day::from_days(20_493)),
        unit_cost: None,
        receipt: reference("receipt-1"),
        transaction_id: "txn-1-42-0".to_owned(),
    };
    check(
        Payload::StockReceived(Box::new(received)),
        concat!(
            r#"{"itemId":"item-1","locationId":"WH-01","quantity":1.5,"expiryDate":"2026-02-09","#,
            r#""receiptId":"receipt-1","transactionId":"txn-1-42-0"}"#,
        ),
    );
    let transferred = StockTransferred {
        transfer_id: "trf-1-42".to_owned(),
        status: TransferStatus::InTransit,
        item: item(),
        from: location(),
        to: LocationId::parse("WH-02").expect("valid"),
        quantity: number("6"),
        received: Some(number("2")),
    };
    check(
        Payload::StockTransferred(Box::new(transferred)),
        concat!(
            r#"{"transferId":"trf-1-42","status":"IN_TRANSIT","itemId":"item-1","#,
            r#""fromLocationId":"WH-01","toLocationId":"WH-02","quantity":6,"received":2}"#,
        ),
    );
}

#[test]
fn alarms() {
    let (item, location) = (item(), location());
    let alarm = AlarmThreshold {
        item: item.clone(),
        location: location.clone(),
        available: number("4"),
        threshold: number("5"),
    };
    let shown = r#"{"itemId":"item-1","locationId":"WH-01","available":4,"threshold":5}"#;
    check(Payload::LowStockReached(alarm.clone()), shown);
    check(Payload::StockReplenished(alarm), shown);
    let available = number("-3");
    check(
        Payload::StockedOut(OutOfStock {
            item: item.clone(),
            location: location.clone(),
            available,
        }),
        r#"{"itemId":"item-1","locationId":"WH-01","available":-3}"#,
    );
    let found = StockDiscrepancy {
        item,
        location,
        available,
        promised: number("2"),
        cause: "SALE",
        reference: reference("sale-1"),
    };
    check(
        Payload::StockDiscrepancy(found),
        concat!(
            r#"{"itemId":"item-1","locationId":"WH-01","available":-3,"promised":2,"#,
            r#""cause":"SALE","reference":"sale-1"}"#,
        ),
    );
}

fn reserved_line() -> ReservedLine {
    ReservedLine { item: item(), location: Some(location()), quantity: number("2") }
}

fn reservation() -> String {
    "rsv-1-42".to_owned()
}

#[test]
fn reservations_made_and_refused() {
    let created = ReservationCreated {
        reservation_id: reservation(),
        order: None,
        customer: reference("customer-1"),
        local: None,
        lines: vec![reserved_line(), ReservedLine { location: None, ..reserved_line() }],
        expires_at: Some(AT),
    };
    check(
        Payload::ReservationCreated(Box::new(created)),
        concat!(
            r#"{"reservationId":"rsv-1-42","orderId":null,"customerId":"customer-1","#,
            r#""lines":[{"itemId":"item-1","locationId":"WH-01","quantity":2},"#,
            r#"{"itemId":"item-1","locationId":null,"quantity":2}],"#,
            r#""expiresAt":"2026-02-09T12:00:00.000Z"}"#,
        ),
    );
    let (requested, sellable) = (number("9"), number("4"));
    let shortage = Shortage { item: item(), location: None, requested, sellable };
    let failed = ReservationFailed {
        order: reference("order-1"),
        reason: "INSUFFICIENT_STOCK",
        shortages: vec![shortage],
    };
    check(
        Payload::ReservationFailed(failed),
        concat!(
            r#"{"orderId":"order-1","reason":"INSUFFICIENT_STOCK","#,
            r#""shortages":[{"itemId":"item-1","requested":9,"sellable":4}]}"#,
        ),
    );
}

#[test]
fn reservations_confirmed_released_and_expired() {
    let order = || reference("order-1");
    check(
        Payload::ReservationConfirmed(ReservationConfirmed {
            reservation_id: reservation(),
            order: order(),
        }),
        r#"{"reservationId":"rsv-1-42","orderId":"order-1"}"#,
    );
    let released = ReservationReleased {
        reservation_id: reservation(),
        order: order(),
        reason: None,
        lines: vec![reserved_line()],
        status: Status::Expired,
    };
    let shown = concat!(
        r#"{"reservationId":"rsv-1-42","orderId":"order-1","reason":null,"#,
        r#""lines":[{"itemId":"item-1","locationId":"WH-01","quantity":2}],"status":"EXPIRED"}"#,
    );
    check(Payload::ReservationCancelled(Box::new(released.clone())), shown);
    check(Payload::ReservationExpired(Box::new(released)), shown);
}

#[test]
fn reservations_changed_and_shipped() {
    let order = || reference("order-1");
    let line = StandingLine {
        item: item(),
        location: Some(location()),
        quantity: number("4"),
        fulfilled: number("1"),
        released: number("0"),
    };
    let changed = ReservationChanged {
        change: "EXTENDED",
        reservation_id: reservation(),
        order: order(),
        customer: None,
        local: None,
        required_at: None,
        status: Status::Active,
        expires_at: None,
        created_at: AT,
        version: 2,
        lines: vec![line],
    };
    check(
        Payload::ReservationChanged(Box::new(changed)),
        concat!(
            r#"{"change":"EXTENDED","reservationId":"rsv-1-42","orderId":"order-1","#,
            r#""status":"ACTIVE","expiresAt":null,"createdAt":"2026-02-09T12:00:00.000Z","#,
            r#""version":2,"lines":[{"itemId":"item-1","locationId":"WH-01","quantity":4,"#,
            r#""fulfilled":1,"released":0}]}"#,
        ),
    );
    let shipped = ShippedLine {
        item: item(),
        location: Some(location()),
        quantity: number("3"),
        transaction_id: "txn-1-42-0".to_owned(),
    };
    let fulfilled = ReservationFulfilled {
        reservation_id: reservation(),
        order: order(),
        shipment: reference("shipment-1"),
        lines: vec![shipped],
        status: Status::Fulfilled,
    };
    check(
        Payload::ReservationFulfilled(Box::new(fulfilled)),
        concat!(
            r#"{"reservationId":"rsv-1-42","orderId":"order-1","shipmentId":"shipment-1","#,
            r#""lines":[{"itemId":"item-1","locationId":"WH-01","quantity":3,"#,
            r#""transactionId":"txn-1-42-0"}],"status":"FULFILLED"}"#,
        ),
    );
}

#[test]
fn the_catalog() {
    let whole = Item {
        number: 0,
        tenant: 0,
        id: item(),
        attributes: Some(std::sync::Arc::new(ItemAttributes {
            sku: reference("SKU-1"),
            strategy: Strategy::Fefo,
            ..ItemAttributes::default()
        })),
        standing: Standing::Current,
        version: 1,
        created_at: AT,
        updated_at: AT,
    };
    let written = rendered(&event(Payload::ItemCreated(whole.clone())));
    assert!(written.contains(r#""payload":{"itemId":"item-1","sku":"SKU-1","#), "{written}");
    let written = rendered(&event(Payload::ItemUpdated(whole)));
    assert!(written.contains(r#""strategy":"FEFO""#), "{written}");
    let place = Location {
        number: 0,
        tenant: 0,
        id: location(),
        attributes: LocationAttributes::default(),
        standing: Standing::Current,
        version: 1,
        created_at: AT,
        updated_at: AT,
    };
    for payload in [Payload::LocationCreated(place.clone()), Payload::LocationUpdated(place)] {
        let written = rendered(&event(payload));
        assert!(written.contains(r#""payload":{"locationId":"WH-01","#), "{written}");
    }
    let deactivated = ItemDeactivated { item: item(), positions_archived: 12 };
    check(Payload::ItemDeactivated(deactivated), r#"{"itemId":"item-1","positionsArchived":12}"#);
    let locations = vec![location(), LocationId::parse("WH-02").expect("valid")];
    check(
        Payload::PositionsOpened(PositionsOpened { item: item(), locations }),
        r#"{"itemId":"item-1","locations":["WH-01","WH-02"],"positionsOpened":2}"#,
    );
    let bin = BinId::parse("A-1").expect("valid");
    let created = BinCreated { location: location(), bin: bin.clone(), name: text("Top") };
    check(Payload::BinCreated(created), r#"{"locationId":"WH-01","binId":"A-1","name":"Top"}"#);
    check(
        Payload::ItemAssignedToBin(ItemAssignedToBin { item: item(), location: location(), bin }),
        r#"{"itemId":"item-1","locationId":"WH-01","binId":"A-1"}"#,
    );
}

#[test]
fn policies() {
    let before = Policy { min_stock: Some(number("5")), ..Policy::default() };
    let backorder_limit = Some(BackorderLimit::Unlimited);
    let after = Policy { backorder_limit, safety_stock: Some(number("0.5")), ..before };
    let changed = PolicyChanged { item: item(), location: Some(location()), before, after };
    check(
        Payload::PolicyChanged(Box::new(changed)),
        concat!(
            r#"{"itemId":"item-1","locationId":"WH-01","before":{"minStock":5},"#,
            r#""after":{"safetyStock":0.5,"minStock":5,"backorderLimit":"unlimited"}}"#,
        ),
    );
    let of_item = PolicyChanged { item: item(), location: None, before, after: Policy::default() };
    check(
        Payload::PolicyChanged(Box::new(of_item)),
        r#"{"itemId":"item-1","before":{"minStock":5},"after":{}}"#,
    );
}

#[test]
fn days_beyond_the_calendar_show_as_its_ends() {
    for (days, expected) in [
        (0, "1970-01-01"),
        (-1, "1969-12-31"),
        (i32::MAX, "9999-12-31"),
        (i32::MIN, "-009999-01-01"),
    ] {
        assert_eq!(crate::dialect::payload::shown(Day::from_days(days)), expected);
    }
}

#[test]
fn every_type_of_event_has_a_name_of_its_own() {
    let mut names: Vec<_> = EventType::ALL.iter().map(|known| known.as_str()).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

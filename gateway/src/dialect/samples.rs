//! One event of each type, for the tests of all dialects.

use std::sync::Arc;

use onhand_domain::catalog::{Item, ItemAttributes, Location, LocationAttributes, Standing};
use onhand_domain::ids::{BinId, ItemId, LocationId, LotNumber, Reference, TenantId, Text};
use onhand_domain::policy::Policy;
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::rejection::Shortage;
use onhand_domain::reservation::Status;
use onhand_domain::time::{Day, Timestamp};
use onhand_domain::transfer::TransferStatus;
use onhand_domain::upkeep::ApplicationEvent;
use onhand_engine::events::{
    AggregateType, AlarmThreshold, BinCreated, BucketChange, Event, EventTrace, EventType,
    ItemAssignedToBin, ItemDeactivated, OutOfStock, Payload, PolicyChanged, PositionsOpened,
    ReservationChanged, ReservationConfirmed, ReservationCreated, ReservationFailed,
    ReservationFulfilled, ReservationReleased, ReservedLine, SOURCE, ShippedLine, StandingLine,
    StockDiscrepancy, StockLevelChanged, StockReceived, StockRevalued, StockTransferred,
};
use onhand_engine::ids::event_id;

/// 2026-02-09T12:00:00Z.
pub(super) const AT: Timestamp = Timestamp::from_millis(1_770_638_400_000);

pub(super) fn item() -> ItemId {
    ItemId::parse("item-1").expect("valid")
}

pub(super) fn location() -> LocationId {
    LocationId::parse("WH-01").expect("valid")
}

pub(super) fn reference(text: &str) -> Option<Reference> {
    Some(Reference::parse(text).expect("valid"))
}

pub(super) fn text(text: &str) -> Option<Text> {
    Some(Text::parse(text).expect("valid"))
}

pub(super) fn number(text: &str) -> Quantity {
    Quantity::parse(text).expect("a number")
}

/// An event that says this, about the aggregate that such an event is about.
pub(super) fn event(payload: Payload) -> Event {
    use AggregateType as Type;
    let (aggregate_type, aggregate_id) = match &payload {
        Payload::StockTransferred(_) => (Type::Transfer, "trf-1-42"),
        Payload::ReservationCreated(_)
        | Payload::ReservationFailed(_)
        | Payload::ReservationConfirmed(_)
        | Payload::ReservationCancelled(_)
        | Payload::ReservationExpired(_)
        | Payload::ReservationChanged(_)
        | Payload::ReservationFulfilled(_) => (Type::Reservation, "rsv-1-42"),
        Payload::ItemCreated(_)
        | Payload::ItemUpdated(_)
        | Payload::ItemDeactivated(_)
        | Payload::PositionsOpened(_) => (Type::InventoryItem, "item-1"),
        Payload::LocationCreated(_) | Payload::LocationUpdated(_) | Payload::BinCreated(_) => {
            (Type::Warehouse, "WH-01")
        }
        Payload::ApplicationEvent(_) => (Type::Application, "item-1"),
        _ => (Type::InventoryPosition, "item-1:WH-01"),
    };
    Event {
        event_id: event_id(AT, 1, 3, 42, 0),
        event_type: payload.event_type(),
        aggregate_type,
        aggregate_id: aggregate_id.to_owned(),
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

/// A till sale of five.
pub(super) fn level() -> StockLevelChanged {
    let change = BucketChange { bucket: "available", before: number("80"), after: number("75") };
    StockLevelChanged {
        item: item(),
        location: location(),
        previous_quantity: number("100"),
        new_quantity: number("95"),
        change_amount: number("-5"),
        change_reason: "SALE",
        reason: text("Walk-in"),
        changes: vec![change],
        available: number("75"),
        sellable: Some(number("75")),
        transaction_id: "txn-1-42-0".to_owned(),
        reference: reference("sale-1"),
        reference_type: None,
        order: None,
        lot: None,
        unit_cost: Some(Money::parse("2.5").expect("a number")),
        value: Some(Money::parse("12.5").expect("a number")),
    }
}

/// A transfer that has only begun.
pub(super) fn transferred() -> StockTransferred {
    StockTransferred {
        transfer_id: "trf-1-42".to_owned(),
        status: TransferStatus::InTransit,
        item: item(),
        from: location(),
        to: LocationId::parse("WH-02").expect("valid"),
        quantity: number("6"),
        received: None,
    }
}

/// Two short lines, one of a certain place.
pub(super) fn failed() -> ReservationFailed {
    let (requested, sellable) = (number("9"), number("4"));
    let shortage = Shortage { item: item(), location: None, requested, sellable };
    let there = Shortage { location: Some(location()), ..shortage.clone() };
    let shortages = vec![shortage, there];
    ReservationFailed { order: reference("order-1"), reason: "INSUFFICIENT_STOCK", shortages }
}

pub(super) fn released() -> ReservationReleased {
    ReservationReleased {
        reservation_id: "rsv-1-42".to_owned(),
        order: reference("order-1"),
        reason: text("Changed her mind"),
        lines: vec![reserved_line()],
        status: Status::Cancelled,
    }
}

fn reserved_line() -> ReservedLine {
    ReservedLine { item: item(), location: Some(location()), quantity: number("2") }
}

/// An event of this type.
pub(crate) fn sample(event_type: EventType) -> Event {
    event(match event_type {
        EventType::StockLevelChanged => Payload::StockLevelChanged(Box::new(level())),
        EventType::StockReceived => Payload::StockReceived(Box::new(StockReceived {
            item: item(),
            location: location(),
            quantity: number("1.5"),
            lot: Some(LotNumber::parse("lot-1").expect("valid")),
            expiry: Some(Day::from_days(20_493)),
            unit_cost: Some(Money::parse("2.5").expect("a number")),
            receipt: reference("receipt-1"),
            transaction_id: "txn-1-42-0".to_owned(),
        })),
        EventType::LowStockReached => Payload::LowStockReached(alarm()),
        EventType::StockReplenished => Payload::StockReplenished(alarm()),
        EventType::StockedOut => {
            let (item, location) = (item(), location());
            Payload::StockedOut(OutOfStock { item, location, available: number("-3") })
        }
        EventType::StockRevalued => Payload::StockRevalued(Box::new(StockRevalued {
            item: item(),
            location: location(),
            lot: Some(LotNumber::parse("lot-1").expect("valid")),
            previous_unit_cost: Some(Money::parse("2.5").expect("a number")),
            unit_cost: Money::parse("3").expect("a number"),
            quantity: number("20"),
            value: Money::parse("10").expect("a number"),
        })),
        EventType::StockDiscrepancy => Payload::StockDiscrepancy(StockDiscrepancy {
            item: item(),
            location: location(),
            available: number("-3"),
            promised: number("2"),
            cause: "SALE",
            reference: reference("sale-1"),
        }),
        EventType::StockTransferred => Payload::StockTransferred(Box::new(transferred())),
        EventType::ReservationCreated
        | EventType::ReservationFailed
        | EventType::ReservationConfirmed
        | EventType::ReservationCancelled
        | EventType::ReservationExpired
        | EventType::ReservationChanged
        | EventType::ReservationFulfilled => promise(event_type),
        _ => catalog(event_type),
    })
}

fn alarm() -> AlarmThreshold {
    let (available, threshold) = (number("4"), number("5"));
    AlarmThreshold { item: item(), location: location(), available, threshold }
}

fn promise(event_type: EventType) -> Payload {
    let reservation_id = "rsv-1-42".to_owned();
    let order = reference("order-1");
    match event_type {
        EventType::ReservationCreated => {
            Payload::ReservationCreated(Box::new(ReservationCreated {
                reservation_id,
                order,
                customer: reference("customer-1"),
                local: reference("local-1"),
                lines: vec![reserved_line(), ReservedLine { location: None, ..reserved_line() }],
                expires_at: Some(AT),
            }))
        }
        EventType::ReservationFailed => Payload::ReservationFailed(failed()),
        EventType::ReservationConfirmed => {
            Payload::ReservationConfirmed(ReservationConfirmed { reservation_id, order })
        }
        EventType::ReservationCancelled => Payload::ReservationCancelled(Box::new(released())),
        EventType::ReservationExpired => {
            let (reason, status) = (text("EXPIRED"), Status::Expired);
            Payload::ReservationExpired(Box::new(ReservationReleased {
                reason,
                status,
                ..released()
            }))
        }
        EventType::ReservationChanged => {
            Payload::ReservationChanged(Box::new(ReservationChanged {
                change: "EXTENDED",
                reservation_id,
                order,
                customer: None,
                local: None,
                required_at: None,
                status: Status::Active,
                expires_at: Some(AT),
                created_at: AT,
                version: 2,
                lines: vec![StandingLine {
                    item: item(),
                    location: Some(location()),
                    quantity: number("4"),
                    fulfilled: number("1"),
                    released: number("0"),
                }],
            }))
        }
        _ => Payload::ReservationFulfilled(Box::new(ReservationFulfilled {
            reservation_id,
            order,
            shipment: reference("shipment-1"),
            lines: vec![ShippedLine {
                item: item(),
                location: Some(location()),
                quantity: number("3"),
                transaction_id: "txn-1-42-0".to_owned(),
            }],
            status: Status::Fulfilled,
        })),
    }
}

fn catalog(event_type: EventType) -> Payload {
    let bin = BinId::parse("A-1").expect("valid");
    let before = Policy { min_stock: Some(number("5")), ..Policy::default() };
    match event_type {
        EventType::ItemCreated => Payload::ItemCreated(whole_item()),
        EventType::ItemUpdated => Payload::ItemUpdated(whole_item()),
        EventType::ItemDeactivated => {
            Payload::ItemDeactivated(ItemDeactivated { item: item(), positions_archived: 12 })
        }
        EventType::PositionsOpened => {
            let locations = vec![location(), LocationId::parse("WH-02").expect("valid")];
            Payload::PositionsOpened(PositionsOpened { item: item(), locations })
        }
        EventType::PolicyChanged => Payload::PolicyChanged(Box::new(PolicyChanged {
            item: item(),
            location: Some(location()),
            before,
            after: Policy { safety_stock: Some(number("0.5")), ..before },
        })),
        EventType::LocationCreated => Payload::LocationCreated(whole_location()),
        EventType::LocationUpdated => Payload::LocationUpdated(whole_location()),
        EventType::BinCreated => {
            Payload::BinCreated(BinCreated { location: location(), bin, name: text("Top") })
        }
        EventType::ItemAssignedToBin => {
            let (item, location) = (item(), location());
            Payload::ItemAssignedToBin(ItemAssignedToBin { item, location, bin })
        }
        EventType::ApplicationEvent => application(),
        other => panic!("no sample of {other:?}"),
    }
}

fn application() -> Payload {
    let word = |word| Text::parse(word).expect("valid");
    Payload::ApplicationEvent(Box::new(ApplicationEvent {
        event_type: word("PriceChanged"),
        aggregate_type: word("Price"),
        aggregate_id: word("item-1"),
        aggregate_version: 7,
        occurred_at: None,
        payload: Arc::from(r#"{"itemId":"item-1","price":9.5}"#),
    }))
}

fn whole_item() -> Item {
    Item {
        number: 0,
        tenant: 0,
        id: item(),
        attributes: Some(Arc::new(ItemAttributes {
            sku: reference("SKU-1"),
            ..ItemAttributes::default()
        })),
        standing: Standing::Current,
        version: 1,
        created_at: AT,
        updated_at: AT,
    }
}

fn whole_location() -> Location {
    Location {
        number: 0,
        tenant: 0,
        id: location(),
        attributes: LocationAttributes { name: text("Main"), ..LocationAttributes::default() },
        standing: Standing::Current,
        version: 1,
        created_at: AT,
        updated_at: AT,
    }
}

//! Names of types in the dialects; those of `standard` are the canonical ones.

use onhand_domain::quantity::Quantity;
use onhand_domain::transfer::TransferStatus;
use onhand_engine::events::{
    AggregateType, Event, EventType, Payload, StockLevelChanged, StockTransferred,
};

/// Names of a type in the dialect `domain`; each is sent. An application's events have their own.
pub(super) const fn domain(event_type: EventType) -> &'static [&'static str] {
    match event_type {
        EventType::StockLevelChanged => &["StockLevelChangedEvent"],
        EventType::StockReceived => &["StockReceivedEvent"],
        EventType::LowStockReached => &["LowStockThresholdReachedEvent"],
        EventType::StockedOut => &["OutOfStockEvent", "StockoutEvent"],
        EventType::StockReplenished => &["StockReplenishedEvent"],
        EventType::StockDiscrepancy => &["StockDiscrepancyEvent"],
        EventType::StockRevalued => &["StockRevaluedEvent"],
        EventType::StockTransferred => &["StockTransferredEvent"],
        EventType::ReservationCreated => &["AllocationCreatedEvent", "ReservationCreatedEvent"],
        EventType::ReservationFailed => &["AllocationFailedEvent", "InsufficientStockEvent"],
        EventType::ReservationConfirmed => &["AllocationConfirmedEvent"],
        EventType::ReservationCancelled | EventType::ReservationExpired => {
            &["AllocationCancelledEvent"]
        }
        EventType::ReservationChanged => &["AllocationUpdatedEvent"],
        EventType::ReservationFulfilled => &["AllocationFulfilledEvent"],
        EventType::ItemCreated => &["InventoryItemCreatedEvent"],
        EventType::ItemUpdated => &["InventoryItemUpdatedEvent"],
        EventType::ItemDeactivated => &["InventoryItemDeactivatedEvent"],
        EventType::PositionsOpened => &["PositionsOpenedEvent"],
        EventType::PolicyChanged => &["PolicyChangedEvent"],
        EventType::LocationCreated => &["WarehouseCreatedEvent"],
        EventType::LocationUpdated => &["WarehouseUpdatedEvent"],
        EventType::BinCreated => &["WarehouseBinCreatedEvent"],
        EventType::ItemAssignedToBin => &["ItemAssignedToLocationEvent"],
        EventType::ApplicationEvent => &[],
    }
}

/// Name of an event in the dialect `composerp`; `None`: it is not sent.
pub(super) fn composerp(event: &Event) -> Option<&str> {
    Some(match &event.payload {
        Payload::ApplicationEvent(_) => event.type_name(),
        Payload::StockReceived(_) => return None,
        Payload::StockLevelChanged(_) => "INVENTORY_UPDATED",
        Payload::LowStockReached(_) => "INVENTORY_LOW_STOCK",
        Payload::StockedOut(_) => "INVENTORY_OUT_OF_STOCK",
        Payload::StockReplenished(_) => "INVENTORY_REPLENISHED",
        Payload::StockDiscrepancy(_) => "INVENTORY_DISCREPANCY",
        Payload::StockRevalued(_) => "INVENTORY_REVALUED",
        Payload::StockTransferred(transferred) => match step(transferred) {
            Step::Initiated => "TRANSFER_INITIATED",
            Step::Completed => "TRANSFER_COMPLETED",
            Step::Cancelled => "TRANSFER_CANCELLED",
        },
        Payload::ReservationCreated(_) => "RESERVATION_CREATED",
        Payload::ReservationFailed(_) => "RESERVATION_FAILED",
        Payload::ReservationConfirmed(_) => "RESERVATION_CONFIRMED",
        Payload::ReservationCancelled(_) | Payload::ReservationExpired(_) => "RESERVATION_RELEASED",
        Payload::ReservationChanged(_) => "RESERVATION_CHANGED",
        Payload::ReservationFulfilled(_) => "RESERVATION_FULFILLED",
        Payload::ItemCreated(_) => "ITEM_CREATED",
        Payload::ItemUpdated(_) => "ITEM_UPDATED",
        Payload::ItemDeactivated(_) => "ITEM_DEACTIVATED",
        Payload::PositionsOpened(_) => "POSITIONS_OPENED",
        Payload::PolicyChanged(_) => "POLICY_CHANGED",
        Payload::LocationCreated(_) => "LOCATION_CREATED",
        Payload::LocationUpdated(_) => "LOCATION_UPDATED",
        Payload::BinCreated(_) => "LOCATION_BIN_CREATED",
        Payload::ItemAssignedToBin(_) => "LOCATION_ITEM_ASSIGNED",
    })
}

/// Name of an event in the dialect `dotted`; `None`: it is not sent, or its movements say it.
pub(super) fn dotted(event: &Event) -> Option<&str> {
    Some(match &event.payload {
        Payload::ApplicationEvent(_) => event.type_name(),
        Payload::StockReceived(_)
        | Payload::StockRevalued(_)
        | Payload::ReservationFulfilled(_)
        | Payload::ItemCreated(_)
        | Payload::ItemUpdated(_)
        | Payload::PolicyChanged(_) => return None,
        Payload::StockLevelChanged(level) => return movement(level),
        Payload::LowStockReached(_) => "inventory.stock.low",
        Payload::StockedOut(_) => "inventory.stock.out",
        Payload::StockReplenished(_) => "inventory.stock.replenished",
        Payload::StockDiscrepancy(_) => "inventory.stock.discrepancy",
        Payload::StockTransferred(transferred) => match step(transferred) {
            Step::Initiated => "inventory.transfer.initiated",
            Step::Completed => "inventory.transfer.completed",
            Step::Cancelled => "inventory.transfer.cancelled",
        },
        Payload::ReservationCreated(_) => "inventory.stock.reserved",
        Payload::ReservationFailed(_) => "inventory.reservation.failed",
        Payload::ReservationConfirmed(_) => "inventory.reservation.confirmed",
        Payload::ReservationCancelled(_) | Payload::ReservationExpired(_) => {
            "inventory.stock.released"
        }
        Payload::ReservationChanged(_) => "inventory.reservation.changed",
        Payload::ItemDeactivated(_) => "inventory.stock.archived",
        Payload::PositionsOpened(_) => "inventory.stock.initialized",
        Payload::LocationCreated(_) => "inventory.warehouse.created",
        Payload::LocationUpdated(_) => "inventory.warehouse.updated",
        Payload::BinCreated(_) => "inventory.warehouse.bin_created",
        Payload::ItemAssignedToBin(_) => "inventory.warehouse.item_assigned",
    })
}

/// `None` where on hand stays: a hold, a move between buckets, a policy.
fn movement(level: &StockLevelChanged) -> Option<&'static str> {
    if level.change_amount == Quantity::ZERO {
        return None;
    }
    Some(match level.change_reason {
        "ADJUSTMENT" | "COUNT" | "REVERSAL" => "inventory.movement.adjusted",
        _ if level.change_amount.is_negative() => "inventory.movement.out",
        _ => "inventory.movement.in",
    })
}

/// What happened to a transfer; what arrived in part has arrived too.
#[derive(Clone, Copy)]
enum Step {
    Initiated,
    Completed,
    Cancelled,
}

const fn step(transferred: &StockTransferred) -> Step {
    match (transferred.status, transferred.received) {
        (TransferStatus::Cancelled, _) => Step::Cancelled,
        (TransferStatus::InTransit, None) => Step::Initiated,
        (TransferStatus::InTransit | TransferStatus::Received, _) => Step::Completed,
    }
}

/// Word of an aggregate in the dialect `composerp`.
pub(super) fn aggregate(event: &Event) -> &str {
    match event.aggregate_type {
        AggregateType::Application => event.aggregate_name(),
        AggregateType::InventoryPosition => "INVENTORY_POSITION",
        AggregateType::Reservation => "RESERVATION",
        AggregateType::Transfer => "TRANSFER",
        AggregateType::InventoryItem => "INVENTORY_ITEM",
        AggregateType::Warehouse => "WAREHOUSE",
    }
}

macro_rules! prefixed {
    ($prefix:literal, $($name:ident),+ $(,)?) => {
        /// Name of a type as CloudEvents want it: with the domain of whoever defined it.
        pub(super) fn cloudevents(event: &Event) -> &str {
            match event.event_type {
                EventType::ApplicationEvent => event.type_name(),
                $(EventType::$name => concat!($prefix, stringify!($name))),+
            }
        }
    };
}

prefixed!(
    "io.onhand.",
    StockLevelChanged,
    StockReceived,
    LowStockReached,
    StockedOut,
    StockReplenished,
    StockDiscrepancy,
    StockRevalued,
    StockTransferred,
    ReservationCreated,
    ReservationFailed,
    ReservationConfirmed,
    ReservationCancelled,
    ReservationExpired,
    ReservationChanged,
    ReservationFulfilled,
    ItemCreated,
    ItemUpdated,
    ItemDeactivated,
    PositionsOpened,
    PolicyChanged,
    LocationCreated,
    LocationUpdated,
    BinCreated,
    ItemAssignedToBin,
);

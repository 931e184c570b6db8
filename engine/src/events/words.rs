//! Words of the contract for what the domain knows as variants.

use onhand_domain::catalog::{Activity, Standing, Strategy, Tracking};
use onhand_domain::change::{Cause, MovementKind};
use onhand_domain::position::Bucket;
use onhand_domain::rejection::Rejection;
use onhand_domain::reservation::Status;
use onhand_domain::transfer::TransferStatus;

/// Word of a bucket.
#[must_use]
pub const fn bucket(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Available => "available",
        Bucket::Reserved => "reserved",
        Bucket::Committed => "committed",
        Bucket::Damaged => "damaged",
        Bucket::QualityHold => "qualityHold",
        Bucket::InTransit => "inTransit",
    }
}

/// The policy number that is shown among the buckets.
pub const SAFETY_STOCK: &str = "safetyStock";

/// Word of a movement's type.
#[must_use]
pub const fn movement(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::Receipt => "RECEIPT",
        MovementKind::Sale => "SALE",
        MovementKind::Adjustment => "ADJUSTMENT",
        MovementKind::Count => "COUNT",
        MovementKind::Move => "MOVE",
        MovementKind::Return => "RETURN",
        MovementKind::TransferOut => "TRANSFER_OUT",
        MovementKind::TransferIn => "TRANSFER_IN",
        MovementKind::Reserve => "RESERVE",
        MovementKind::Release => "RELEASE",
        MovementKind::Confirm => "CONFIRM",
        MovementKind::Fulfil => "FULFIL",
        MovementKind::Unfulfil => "UNFULFIL",
        MovementKind::Expired => "EXPIRED",
        MovementKind::Reversal => "REVERSAL",
        MovementKind::Revaluation => "REVALUATION",
    }
}

/// Why a position changed at which nothing moved: an untracked item, or other terms.
#[must_use]
pub const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::ItemPut
        | Cause::ItemArchived
        | Cause::LocationPut
        | Cause::LocationRemoved
        | Cause::PositionsOpened => "CATALOG",
        Cause::BinPut | Cause::BinAssigned => "BIN",
        Cause::PolicySet => "POLICY",
        Cause::Received => movement(MovementKind::Receipt),
        Cause::Sold => movement(MovementKind::Sale),
        Cause::Returned => movement(MovementKind::Return),
        Cause::Adjusted => movement(MovementKind::Adjustment),
        Cause::Moved => movement(MovementKind::Move),
        Cause::Counted => movement(MovementKind::Count),
        Cause::Revalued => movement(MovementKind::Revaluation),
        Cause::TransferStarted | Cause::TransferCancelled => movement(MovementKind::TransferOut),
        Cause::TransferReceived => movement(MovementKind::TransferIn),
        Cause::Reserved | Cause::Extended | Cause::LinesSet | Cause::Relocated => {
            movement(MovementKind::Reserve)
        }
        Cause::Confirmed => movement(MovementKind::Confirm),
        Cause::Fulfilled => movement(MovementKind::Fulfil),
        Cause::Unfulfilled => movement(MovementKind::Unfulfil),
        Cause::Reversed => movement(MovementKind::Reversal),
        Cause::Cancelled | Cause::OrderCancelled => movement(MovementKind::Release),
        Cause::Expired | Cause::LotExpired => movement(MovementKind::Expired),
        Cause::Refused
        | Cause::Unchanged
        | Cause::SourceAdvanced
        | Cause::SourceReset
        | Cause::SourceSkipped
        | Cause::Buried
        | Cause::LetterRetried
        | Cause::LetterDiscarded
        | Cause::Published
        | Cause::JobStarted
        | Cause::JobEnded => "NONE",
    }
}

/// Word of a reservation's status.
#[must_use]
pub const fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "ACTIVE",
        Status::Confirmed => "CONFIRMED",
        Status::Fulfilled => "FULFILLED",
        Status::Cancelled => "CANCELLED",
        Status::Expired => "EXPIRED",
    }
}

/// Word of a transfer's status.
#[must_use]
pub const fn transfer_status(status: TransferStatus) -> &'static str {
    match status {
        TransferStatus::InTransit => "IN_TRANSIT",
        TransferStatus::Received => "RECEIVED",
        TransferStatus::Cancelled => "CANCELLED",
    }
}

/// Word of an order of picking.
#[must_use]
pub const fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Fifo => "FIFO",
        Strategy::Fefo => "FEFO",
        Strategy::Lifo => "LIFO",
    }
}

/// Whether stock of an item is counted: `trackInventory`.
#[must_use]
pub const fn is_tracked(tracking: Tracking) -> bool {
    matches!(tracking, Tracking::Tracked)
}

/// Whether a location sells: `active`. One that was removed does not.
#[must_use]
pub const fn is_active(activity: Activity, standing: Standing) -> bool {
    matches!((activity, standing), (Activity::Active, Standing::Current))
}

/// Code of a refusal, as API.md has it.
#[must_use]
pub const fn refusal(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::UnknownItem(_) => "UNKNOWN_ITEM",
        Rejection::UnknownLocation(_) => "UNKNOWN_LOCATION",
        Rejection::UnknownPosition { .. } => "UNKNOWN_POSITION",
        Rejection::UnknownBin { .. } => "UNKNOWN_BIN",
        Rejection::UnknownReservation => "UNKNOWN_RESERVATION",
        Rejection::UnknownTransfer => "UNKNOWN_TRANSFER",
        Rejection::UnknownDeadLetter | Rejection::UnknownShipment | Rejection::UnknownLot(_) => {
            "NOT_FOUND"
        }
        Rejection::ItemArchived(_) => "ITEM_ARCHIVED",
        Rejection::LocationInactive(_) => "LOCATION_INACTIVE",
        Rejection::NotTracked(_) => "NOT_TRACKED",
        Rejection::InsufficientStock(_) => "INSUFFICIENT_STOCK",
        Rejection::Stale { .. } => "STALE",
        Rejection::StockNotZero { .. } => "STOCK_NOT_ZERO",
        Rejection::ReservationExpired { .. } => "RESERVATION_EXPIRED",
        Rejection::InvalidState(_)
        | Rejection::InvalidTransferState(_)
        | Rejection::LetterSettled(_)
        | Rejection::ShipmentUndone
        | Rejection::NotReversible(_) => "INVALID_STATE",
        Rejection::BelowFulfilled { .. } => "BELOW_FULFILLED",
        Rejection::ExceedsOpen { .. } | Rejection::ExceedsFulfilled { .. } => "EXCEEDS_OPEN",
        Rejection::UnknownTransaction => "UNKNOWN_TRANSACTION",
        Rejection::AlreadyReversed { .. } => "ALREADY_REVERSED",
        Rejection::AmbiguousLine(_) => "INVALID_REQUEST",
        Rejection::KeyReused => "IDEMPOTENCY_KEY_REUSED",
        Rejection::TimeAhead { .. } => "INVALID_TIME",
        Rejection::QuantityOverflow => "INVALID_QUANTITY",
        Rejection::LimitExceeded { .. } => "LIMIT_EXCEEDED",
    }
}

//! The words that clients match on.

/// What went wrong, in one word of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Malformed JSON, a missing field, or a request that contradicts itself.
    InvalidRequest,
    /// A figure that is none, or makes no sense.
    InvalidQuantity,
    /// An id that breaks the rules of ids.
    InvalidId,
    /// A time that is none, or lies too far ahead.
    InvalidTime,
    /// More of something than is allowed.
    LimitExceeded,
    /// The idempotency key was used for another command.
    IdempotencyKeyReused,
    /// No such resource.
    NotFound,
    /// Nobody has said who asks, or not rightly.
    Unauthenticated,
    /// The resource does not know this method.
    MethodNotAllowed,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// An item never heard of.
    UnknownItem,
    /// A location never heard of.
    UnknownLocation,
    /// No stock record of this item at this location.
    UnknownPosition,
    /// A bin that the location does not have.
    UnknownBin,
    /// The position has nothing of the lot.
    /// No such reservation.
    UnknownReservation,
    /// No such transfer.
    UnknownTransfer,
    /// No such movement.
    UnknownTransaction,
    /// The item is archived.
    ItemArchived,
    /// The location is closed for selling.
    LocationInactive,
    /// Stock of the item is not counted.
    NotTracked,
    /// The stock is not there.
    InsufficientStock,
    /// Not as the caller expected.
    Stale,
    /// Stock, or a promise of it, where there must be none.
    StockNotZero,
    /// The deadline of the reservation has passed.
    ReservationExpired,
    /// Its state does not allow it.
    InvalidState,
    /// A line would be set below what was shipped.
    BelowFulfilled,
    /// More than is open.
    ExceedsOpen,
    /// Older than the history that is kept.
    HistoryGone,
    /// The movement was undone before.
    AlreadyReversed,
    /// More work than can be done.
    Overloaded,
    /// Nobody knows whether it was done.
    OutcomeUnknown,
    /// The disk is nearly full.
    StorageFull,
    /// Our own fault.
    Internal,
}

impl Code {
    /// All codes.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 33] = [
        Self::InvalidRequest,
        Self::InvalidQuantity,
        Self::InvalidId,
        Self::InvalidTime,
        Self::LimitExceeded,
        Self::IdempotencyKeyReused,
        Self::NotFound,
        Self::Unauthenticated,
        Self::MethodNotAllowed,
        Self::UnsupportedMediaType,
        Self::UnknownItem,
        Self::UnknownLocation,
        Self::UnknownPosition,
        Self::UnknownBin,
        Self::UnknownReservation,
        Self::UnknownTransfer,
        Self::UnknownTransaction,
        Self::ItemArchived,
        Self::LocationInactive,
        Self::NotTracked,
        Self::InsufficientStock,
        Self::Stale,
        Self::StockNotZero,
        Self::ReservationExpired,
        Self::InvalidState,
        Self::BelowFulfilled,
        Self::ExceedsOpen,
        Self::HistoryGone,
        Self::AlreadyReversed,
        Self::Overloaded,
        Self::OutcomeUnknown,
        Self::StorageFull,
        Self::Internal,
    ];

    /// The word and the title: what clients match on, and what people read. Both never change.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::InvalidRequest => ("INVALID_REQUEST", "The request is not valid"),
            Self::InvalidQuantity => ("INVALID_QUANTITY", "A figure is not valid"),
            Self::InvalidId => ("INVALID_ID", "An id is not valid"),
            Self::InvalidTime => ("INVALID_TIME", "A time is not valid"),
            Self::LimitExceeded => ("LIMIT_EXCEEDED", "A limit is exceeded"),
            Self::IdempotencyKeyReused => {
                ("IDEMPOTENCY_KEY_REUSED", "The idempotency key belongs to another command")
            }
            Self::NotFound => ("NOT_FOUND", "There is no such resource"),
            Self::Unauthenticated => ("UNAUTHENTICATED", "Say who asks"),
            Self::MethodNotAllowed => ("METHOD_NOT_ALLOWED", "The method is not allowed here"),
            Self::UnsupportedMediaType => ("UNSUPPORTED_MEDIA_TYPE", "The body is not JSON"),
            Self::UnknownItem => ("UNKNOWN_ITEM", "The item is unknown"),
            Self::UnknownLocation => ("UNKNOWN_LOCATION", "The location is unknown"),
            Self::UnknownPosition => ("UNKNOWN_POSITION", "There is no such position"),
            Self::UnknownBin => ("UNKNOWN_BIN", "The location has no such bin"),
            Self::UnknownReservation => ("UNKNOWN_RESERVATION", "The reservation is unknown"),
            Self::UnknownTransfer => ("UNKNOWN_TRANSFER", "The transfer is unknown"),
            Self::UnknownTransaction => ("UNKNOWN_TRANSACTION", "The movement is unknown"),
            Self::ItemArchived => ("ITEM_ARCHIVED", "The item is archived"),
            Self::LocationInactive => ("LOCATION_INACTIVE", "The location does not sell"),
            Self::NotTracked => ("NOT_TRACKED", "Stock of the item is not tracked"),
            Self::InsufficientStock => ("INSUFFICIENT_STOCK", "The stock is not there"),
            Self::Stale => ("STALE", "The position has changed"),
            Self::StockNotZero => ("STOCK_NOT_ZERO", "There is still stock, or a promise of it"),
            Self::ReservationExpired => ("RESERVATION_EXPIRED", "The reservation has expired"),
            Self::InvalidState => ("INVALID_STATE", "Its state does not allow it"),
            Self::BelowFulfilled => ("BELOW_FULFILLED", "Less than was shipped"),
            Self::ExceedsOpen => ("EXCEEDS_OPEN", "More than is open"),
            Self::HistoryGone => ("HISTORY_GONE", "The history of then is not kept any more"),
            Self::AlreadyReversed => ("ALREADY_REVERSED", "The movement was reversed before"),
            Self::Overloaded => ("OVERLOADED", "Too much work at once"),
            Self::OutcomeUnknown => ("OUTCOME_UNKNOWN", "The outcome is unknown"),
            Self::StorageFull => ("STORAGE_FULL", "The disk is nearly full"),
            Self::Internal => ("INTERNAL", "Something went wrong inside"),
        }
    }

    /// What clients match on.
    pub(crate) const fn word(self) -> &'static str {
        self.words().0
    }

    /// What people read.
    pub(crate) const fn title(self) -> &'static str {
        self.words().1
    }
}

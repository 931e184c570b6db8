//! "No" and "we failed" as RFC 9457 problems. The one file that knows which cause has which HTTP code.

mod code;
mod correction;
#[cfg(test)]
mod tests;

use axum::http::StatusCode;
use onhand_domain::dead_letter::LetterStatus;
use onhand_domain::rejection::{Limit, Rejection, Shortage, StockThere};
use onhand_domain::time::Timestamp;
use onhand_engine::Failure;
use onhand_engine::events::words;
use onhand_engine::ids::{LOG, transaction_id};

use crate::http::decimal::Field;
use crate::http::json::Json;
use crate::http::positions::write_figures;
use crate::http::reservations::status_word;
use crate::http::stock::transfers::transfer_status_word;

pub(crate) use code::Code;

/// After so many seconds a refused or failed request may be sent again.
const RETRY_AFTER_SECONDS: u32 = 1;

/// A problem on its way to the caller. Boxed: it is the rare case of every result at the door.
#[derive(Debug)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: Code,
    detail: String,
    retry_after_seconds: Option<u32>,
    /// Further members, as `"key":value,…`.
    members: Vec<u8>,
}

impl Problem {
    /// A problem without further figures.
    pub(crate) fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            code,
            detail: detail.into(),
            retry_after_seconds: None,
            members: Vec::new(),
        }))
    }

    /// Adds further members.
    #[must_use]
    pub(crate) fn with(mut self, write: impl FnOnce(&mut Json)) -> Self {
        let mut json = Json::default();
        json.members(&self.0.members);
        write(&mut json);
        self.0.members = json.into_bytes();
        self
    }

    /// 400: the request cannot be read.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::InvalidRequest, detail)
    }

    /// 422: the request can be read, but contradicts itself or the contract.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidRequest, detail)
    }

    /// 422: one field is not valid.
    pub(crate) fn field(code: Code, field: Field, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
            .with(|json| json.text("field", &field.to_string()))
    }

    /// 422: more than is allowed.
    pub(crate) fn limit(limit: usize, what: &str) -> Self {
        let detail = format!("at most {limit} {what}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::LimitExceeded, detail)
            .with(|json| json.number("limit", limit as u64))
    }

    /// 413: the body is too large.
    pub(crate) fn too_large(limit_bytes: usize) -> Self {
        let detail = format!("the body must have at most {limit_bytes} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::LimitExceeded, detail)
            .with(|json| json.number("limit", limit_bytes as u64))
    }

    /// 404 of something that is not there.
    pub(crate) fn unknown(code: Code, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// 410: before the kept history.
    pub(crate) fn gone(field: &'static str, earliest: Timestamp) -> Self {
        let detail = format!("`{field}` lies before the history that is kept");
        Self::new(StatusCode::GONE, Code::HistoryGone, detail).with(|json| {
            json.text("field", field);
            json.time("earliest", earliest);
        })
    }

    /// 500: our own fault.
    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, detail)
    }

    /// It may be tried again after a while.
    #[must_use]
    pub(crate) fn later(mut self) -> Self {
        self.0.retry_after_seconds = Some(RETRY_AFTER_SECONDS);
        self
    }

    /// The status of the answer, or of the entry of a batch.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What clients match on.
    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    /// What is told to people.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// When it may be tried again.
    pub(crate) fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after_seconds
    }

    /// Writes the members `type, title, status, code, detail, …`.
    pub(crate) fn write(&self, json: &mut Json) {
        let word = self.0.code.word();
        json.text("type", &format!("urn:onhand:problem:{word}"));
        json.text("title", self.0.code.title());
        json.number("status", self.0.status.as_u16());
        json.text("code", word);
        json.text("detail", &self.0.detail);
        json.members(&self.0.members);
    }

    /// What the engine refused.
    pub(crate) fn refused(rejection: &Rejection) -> Self {
        let (status, code) = code_of(rejection);
        Self::new(status, code, detail_of(rejection)).with(|json| write_members(rejection, json))
    }
}

impl From<Failure> for Problem {
    /// What the engine could not do.
    fn from(failure: Failure) -> Self {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        let (status, code, detail) = match failure {
            Failure::Overloaded => (
                StatusCode::TOO_MANY_REQUESTS,
                Code::Overloaded,
                "too many commands are under way; nothing was done",
            ),
            Failure::OutcomeUnknown => (
                unavailable,
                Code::OutcomeUnknown,
                "it may or may not have been done: retry with the same Idempotency-Key",
            ),
            Failure::StorageFull => (
                unavailable,
                Code::StorageFull,
                "the disk is nearly full; nothing was done, writes resume when there is room",
            ),
            Failure::DeadLettersFull => (
                unavailable,
                Code::Overloaded,
                "too many dead letters are open; nothing was done: retry or discard some of them",
            ),
            // A client that keeps its key is right in either case.
            Failure::Stopping => (
                unavailable,
                Code::OutcomeUnknown,
                "the server is stopping: retry with the same Idempotency-Key",
            ),
            Failure::HistoryGone => {
                let detail = "this Idempotency-Key was used before, but the answer of then is not kept \
                     any more; nothing was done now";
                return Self::new(StatusCode::GONE, Code::HistoryGone, detail);
            }
            Failure::Internal => {
                return Self::internal("the command could not be decided; nothing was done");
            }
        };
        Self::new(status, code, detail).later()
    }
}

fn code_of(rejection: &Rejection) -> (StatusCode, Code) {
    const UNKNOWN: StatusCode = StatusCode::NOT_FOUND;
    const CONFLICT: StatusCode = StatusCode::CONFLICT;
    const INVALID: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
    match rejection {
        Rejection::UnknownItem(_) => (UNKNOWN, Code::UnknownItem),
        Rejection::UnknownLocation(_) => (UNKNOWN, Code::UnknownLocation),
        Rejection::UnknownPosition { .. } => (UNKNOWN, Code::UnknownPosition),
        Rejection::UnknownBin { .. } => (UNKNOWN, Code::UnknownBin),
        Rejection::UnknownReservation => (UNKNOWN, Code::UnknownReservation),
        Rejection::UnknownTransfer => (UNKNOWN, Code::UnknownTransfer),
        Rejection::UnknownDeadLetter | Rejection::UnknownShipment | Rejection::UnknownLot(_) => {
            (UNKNOWN, Code::NotFound)
        }
        Rejection::UnknownTransaction => (UNKNOWN, Code::UnknownTransaction),
        Rejection::ItemArchived(_) => (CONFLICT, Code::ItemArchived),
        Rejection::LocationInactive(_) => (CONFLICT, Code::LocationInactive),
        Rejection::NotTracked(_) => (CONFLICT, Code::NotTracked),
        Rejection::InsufficientStock(_) => (CONFLICT, Code::InsufficientStock),
        Rejection::Stale { .. } => (CONFLICT, Code::Stale),
        Rejection::StockNotZero { .. } => (CONFLICT, Code::StockNotZero),
        Rejection::ReservationExpired { .. } => (CONFLICT, Code::ReservationExpired),
        Rejection::InvalidState(_)
        | Rejection::InvalidTransferState(_)
        | Rejection::LetterSettled(_)
        | Rejection::ShipmentUndone
        | Rejection::NotReversible(_) => (CONFLICT, Code::InvalidState),
        Rejection::AlreadyReversed { .. } => (CONFLICT, Code::AlreadyReversed),
        Rejection::BelowFulfilled { .. } => (CONFLICT, Code::BelowFulfilled),
        Rejection::ExceedsOpen { .. } | Rejection::ExceedsFulfilled { .. } => {
            (CONFLICT, Code::ExceedsOpen)
        }
        Rejection::AmbiguousLine(_) => (INVALID, Code::InvalidRequest),
        Rejection::KeyReused => (INVALID, Code::IdempotencyKeyReused),
        Rejection::TimeAhead { .. } => (INVALID, Code::InvalidTime),
        Rejection::QuantityOverflow => (INVALID, Code::InvalidQuantity),
        Rejection::LimitExceeded { .. } => (INVALID, Code::LimitExceeded),
    }
}

fn detail_of(rejection: &Rejection) -> String {
    match rejection {
        Rejection::UnknownItem(item) => format!("item `{item}` was never heard of"),
        Rejection::UnknownLocation(location) => {
            format!("location `{location}` was never heard of, or was removed")
        }
        Rejection::UnknownPosition { item, location } => {
            format!("there is no stock record of item `{item}` at location `{location}`")
        }
        Rejection::UnknownBin { location, bin } => {
            format!("location `{location}` has no bin `{bin}`")
        }
        Rejection::UnknownLot(lot) => format!("nothing of lot `{lot}` is there"),
        Rejection::UnknownReservation => "there is no such reservation".into(),
        Rejection::UnknownTransfer => "there is no such transfer".into(),
        Rejection::UnknownDeadLetter => "there is no such dead letter".into(),
        Rejection::UnknownShipment
        | Rejection::ShipmentUndone
        | Rejection::UnknownTransaction
        | Rejection::AlreadyReversed { .. }
        | Rejection::NotReversible(_)
        | Rejection::ExceedsFulfilled { .. } => correction::detail_of(rejection),
        Rejection::LetterSettled(status) => {
            format!("the dead letter is {}", letter_status_word(*status))
        }
        Rejection::ItemArchived(item) => format!("item `{item}` is archived"),
        Rejection::LocationInactive(location) => format!("location `{location}` does not sell"),
        Rejection::NotTracked(item) => format!("stock of item `{item}` is not tracked"),
        Rejection::InsufficientStock(shortages) => detail_of_shortages(shortages),
        Rejection::Stale { version, .. } => {
            format!("the position is not as expected; its version is {version}")
        }
        Rejection::StockNotZero { .. } => {
            "there is still stock, a promise of it, or stock on its way".into()
        }
        Rejection::ReservationExpired { .. } => "the deadline of the reservation has passed".into(),
        Rejection::InvalidState(status) => format!("the reservation is {}", status_word(*status)),
        Rejection::InvalidTransferState(status) => {
            format!("the transfer is {}", transfer_status_word(*status))
        }
        Rejection::BelowFulfilled { item, requested, fulfilled } => {
            format!("{fulfilled} of item `{item}` were shipped, more than {requested}")
        }
        Rejection::ExceedsOpen { item: Some(item), open, .. } if open.is_zero() => {
            format!("nothing of item `{item}` is open there")
        }
        Rejection::ExceedsOpen { item: Some(item), requested, open } => {
            format!("{open} of item `{item}` are open, less than {requested}")
        }
        Rejection::ExceedsOpen { item: None, requested, open } => {
            format!("{open} are open, less than {requested}")
        }
        Rejection::AmbiguousLine(item) => {
            format!("several lines of item `{item}` fit: name the location")
        }
        Rejection::KeyReused => "this Idempotency-Key was used for another command".into(),
        Rejection::TimeAhead { .. } => {
            "`occurredAt` lies more than 5 minutes ahead of the server's clock".into()
        }
        Rejection::QuantityOverflow => "the resulting figures would be too large".into(),
        Rejection::LimitExceeded { what, limit } => {
            format!("at most {limit} {}", limit_words(*what))
        }
    }
}

fn detail_of_shortages(shortages: &[Shortage]) -> String {
    let Some(first) = shortages.first() else { return "nothing could be held".into() };
    let Shortage { item, requested, sellable, .. } = first;
    let more = match shortages.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("item `{item}`: {requested} requested, {sellable} there{more}")
}

/// A dead letter's status as API.md spells it.
pub(crate) const fn letter_status_word(status: LetterStatus) -> &'static str {
    match status {
        LetterStatus::Open => "open",
        LetterStatus::Retried => "retried",
        LetterStatus::Discarded => "discarded",
    }
}

const fn limit_words(limit: Limit) -> &'static str {
    match limit {
        Limit::Lines => "lines per reservation, after splitting over locations",
        Limit::Movements => "movements in one step",
        Limit::Shipments => "shipments per reservation",
        Limit::Bins => "bins per location",
        Limit::Layers => "layers of stock per position",
        Limit::Sources => "source partitions",
        Limit::Events => "events in one step",
        Limit::EventBytes => "bytes of events",
        Limit::Jobs => "jobs at a time",
    }
}

fn write_members(rejection: &Rejection, json: &mut Json) {
    match rejection {
        Rejection::UnknownReservation
        | Rejection::UnknownTransfer
        | Rejection::UnknownDeadLetter
        | Rejection::UnknownShipment
        | Rejection::ShipmentUndone
        | Rejection::UnknownTransaction
        | Rejection::KeyReused
        | Rejection::QuantityOverflow => {}
        Rejection::UnknownItem(item)
        | Rejection::ItemArchived(item)
        | Rejection::NotTracked(item)
        | Rejection::AmbiguousLine(item) => json.text("itemId", item.as_str()),
        Rejection::UnknownLocation(location) | Rejection::LocationInactive(location) => {
            json.text("locationId", location.as_str());
        }
        Rejection::UnknownPosition { item, location } => {
            json.text("itemId", item.as_str());
            json.text("locationId", location.as_str());
        }
        Rejection::UnknownBin { location, bin } => {
            json.text("locationId", location.as_str());
            json.text("binId", bin.as_str());
        }
        Rejection::UnknownLot(lot) => json.text("lotNumber", lot.as_str()),
        Rejection::InsufficientStock(shortages) => write_shortages(shortages, json),
        Rejection::Stale { item, location, figures, version } => {
            json.text("itemId", item.as_str());
            json.text("locationId", location.as_str());
            write_figures(figures, json);
            json.number("version", *version);
        }
        Rejection::StockNotZero { places } => write_places(places, json),
        Rejection::ReservationExpired { at } => json.time("expiredAt", *at),
        Rejection::InvalidState(status) => json.text("state", status_word(*status)),
        Rejection::LetterSettled(status) => json.text("state", letter_status_word(*status)),
        Rejection::InvalidTransferState(status) => {
            json.text("state", transfer_status_word(*status));
        }
        Rejection::BelowFulfilled { item, requested, fulfilled }
        | Rejection::ExceedsFulfilled { item, requested, fulfilled } => {
            json.text("itemId", item.as_str());
            json.quantity("requested", *requested);
            json.quantity("fulfilled", *fulfilled);
        }
        Rejection::AlreadyReversed { by } => {
            json.text("transactionId", &transaction_id(LOG, *by, 0));
        }
        Rejection::NotReversible(kind) => json.text_if("type", kind.map(words::movement)),
        Rejection::ExceedsOpen { item, requested, open } => {
            json.text_if("itemId", item.as_ref().map(|item| item.as_str()));
            json.quantity("requested", *requested);
            json.quantity("open", *open);
        }
        Rejection::TimeAhead { latest } => json.time("latest", *latest),
        Rejection::LimitExceeded { limit, .. } => json.number("limit", *limit),
    }
}

fn write_shortages(shortages: &[Shortage], json: &mut Json) {
    json.array_at("shortages", |json| {
        for shortage in shortages {
            json.object(|json| {
                json.text("itemId", shortage.item.as_str());
                json.text_if("locationId", shortage.location.as_ref().map(|place| place.as_str()));
                json.quantity("requested", shortage.requested);
                json.quantity("sellable", shortage.sellable);
            });
        }
    });
}

/// `itemId` stands above the list when it is about one item, and in each entry in any case: the stock
/// that keeps a location from being removed is of several.
fn write_places(places: &[StockThere], json: &mut Json) {
    if let [first, rest @ ..] = places
        && rest.iter().all(|place| place.item == first.item)
    {
        json.text("itemId", first.item.as_str());
    }
    json.array_at("locationsWithStock", |json| {
        for place in places {
            json.object(|json| {
                json.text("locationId", place.location.as_str());
                json.text_if("name", place.location_name.as_ref().map(|name| name.as_str()));
                json.text("itemId", place.item.as_str());
                json.quantity("onHand", place.figures.on_hand());
                json.quantity("available", place.figures.available);
                json.quantity("reserved", place.figures.reserved);
                json.quantity("committed", place.figures.committed);
                json.quantity("inTransit", place.figures.in_transit);
            });
        }
    });
    json.text(
        "actionRequired",
        "Sell, move or write off this stock, receive or cancel its transfers, and fulfil or cancel its \
         reservations; then try again.",
    );
}

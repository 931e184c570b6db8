use onhand_domain::change::{Cause, Change, MovementKind};
use onhand_domain::dead_letter::LetterStatus;
use onhand_domain::ids::BinId;
use onhand_domain::position::Figures;
use onhand_domain::rejection::{Limit, Rejection, Shortage, StockThere};
use onhand_domain::reservation::Status;
use onhand_domain::transfer::TransferStatus;

use super::{AT, BEFORE, SEQUENCE, item, keyed, location, text, units};

fn refused(rejection: Rejection) -> Change {
    Change {
        refusal: Some(Box::new(rejection)),
        refused: Some(Cause::Reserved),
        ..keyed(Cause::Refused)
    }
}

fn figures() -> Figures {
    Figures { available: units(4), reserved: units(1), ..Figures::default() }
}

/// Reasons that consist of names.
fn names() -> Vec<(&'static str, Rejection)> {
    let (item, location) = (item("item-1"), location("WH-01"));
    let bin = BinId::parse("A-01-02").expect("valid");
    vec![
        ("refused-unknown-item", Rejection::UnknownItem(item.clone())),
        ("refused-unknown-location", Rejection::UnknownLocation(location.clone())),
        (
            "refused-unknown-position",
            Rejection::UnknownPosition { item: item.clone(), location: location.clone() },
        ),
        ("refused-unknown-bin", Rejection::UnknownBin { location: location.clone(), bin }),
        ("refused-unknown-reservation", Rejection::UnknownReservation),
        ("refused-unknown-transfer", Rejection::UnknownTransfer),
        ("refused-item-archived", Rejection::ItemArchived(item.clone())),
        ("refused-location-inactive", Rejection::LocationInactive(location)),
        ("refused-not-tracked", Rejection::NotTracked(item.clone())),
        ("refused-ambiguous-line", Rejection::AmbiguousLine(item)),
        ("refused-unknown-dead-letter", Rejection::UnknownDeadLetter),
        ("refused-key-reused", Rejection::KeyReused),
        ("refused-unknown-shipment", Rejection::UnknownShipment),
        ("refused-shipment-undone", Rejection::ShipmentUndone),
        ("refused-unknown-transaction", Rejection::UnknownTransaction),
        ("refused-quantity-overflow", Rejection::QuantityOverflow),
    ]
}

/// Reasons with figures.
fn figured() -> Vec<(&'static str, Rejection)> {
    let (item, location) = (item("item-1"), location("WH-01"));
    let anywhere =
        Shortage { item: item.clone(), location: None, requested: units(9), sellable: units(4) };
    let there = Shortage { location: Some(location.clone()), ..anywhere.clone() };
    let place = StockThere {
        item: item.clone(),
        location: location.clone(),
        location_name: Some(text("Main warehouse")),
        figures: figures(),
    };
    vec![
        ("refused-insufficient-stock", Rejection::InsufficientStock(vec![anywhere, there])),
        (
            "refused-stale",
            Rejection::Stale { item: item.clone(), location, figures: figures(), version: 12 },
        ),
        ("refused-stock-not-zero", Rejection::StockNotZero { places: vec![place] }),
        ("refused-reservation-expired", Rejection::ReservationExpired { at: BEFORE }),
        (
            "refused-below-fulfilled",
            Rejection::BelowFulfilled {
                item: item.clone(),
                requested: units(1),
                fulfilled: units(2),
            },
        ),
        (
            "refused-exceeds-fulfilled",
            Rejection::ExceedsFulfilled {
                item: item.clone(),
                requested: units(3),
                fulfilled: units(2),
            },
        ),
        ("refused-already-reversed", Rejection::AlreadyReversed { by: SEQUENCE - 3 }),
        (
            "refused-exceeds-open",
            Rejection::ExceedsOpen { item: Some(item), requested: units(3), open: units(2) },
        ),
        (
            "refused-exceeds-open-of-transfer",
            Rejection::ExceedsOpen { item: None, requested: units(3), open: units(2) },
        ),
        ("refused-time-ahead", Rejection::TimeAhead { latest: AT.plus_millis(300_000) }),
    ]
}

/// Reasons that are a word.
fn words() -> Vec<(&'static str, Rejection)> {
    let state = Rejection::InvalidState;
    let transfer = Rejection::InvalidTransferState;
    let limit = |what| Rejection::LimitExceeded { what, limit: 1_000 };
    vec![
        ("refused-invalid-state-active", state(Status::Active)),
        ("refused-invalid-state-confirmed", state(Status::Confirmed)),
        ("refused-invalid-state-fulfilled", state(Status::Fulfilled)),
        ("refused-invalid-state-cancelled", state(Status::Cancelled)),
        ("refused-invalid-state-expired", state(Status::Expired)),
        ("refused-invalid-transfer-in-transit", transfer(TransferStatus::InTransit)),
        ("refused-invalid-transfer-received", transfer(TransferStatus::Received)),
        ("refused-invalid-transfer-cancelled", transfer(TransferStatus::Cancelled)),
        ("refused-limit-lines", limit(Limit::Lines)),
        ("refused-limit-movements", limit(Limit::Movements)),
        ("refused-limit-shipments", limit(Limit::Shipments)),
        ("refused-limit-bins", limit(Limit::Bins)),
        ("refused-limit-sources", limit(Limit::Sources)),
        ("refused-limit-events", limit(Limit::Events)),
        ("refused-limit-event-bytes", limit(Limit::EventBytes)),
        ("refused-limit-jobs", limit(Limit::Jobs)),
        ("refused-not-reversible", Rejection::NotReversible(Some(MovementKind::Fulfil))),
        ("refused-nothing-to-reverse", Rejection::NotReversible(None)),
        ("refused-letter-retried", Rejection::LetterSettled(LetterStatus::Retried)),
        ("refused-letter-discarded", Rejection::LetterSettled(LetterStatus::Discarded)),
    ]
}

pub(super) fn samples() -> Vec<(&'static str, Change)> {
    let all = names().into_iter().chain(figured()).chain(words());
    all.map(|(name, rejection)| (name, refused(rejection))).collect()
}

use std::collections::BTreeSet;

use onhand_domain::ids::{BinId, ItemId, LocationId, LotNumber, Text};
use onhand_domain::quantity::Quantity;
use onhand_domain::reservation::Status;
use onhand_domain::time::Timestamp;
use onhand_domain::transfer::TransferStatus;

use super::*;
use crate::http::samples::figures;

fn item() -> ItemId {
    ItemId::parse("tea").expect("valid")
}

fn location() -> LocationId {
    LocationId::parse("north").expect("valid")
}

fn written(problem: &Problem) -> String {
    let mut json = Json::default();
    json.object(|json| problem.write(json));
    String::from_utf8(json.into_bytes()).expect("text")
}

/// One of each rejection with what it must say. A new variant does not compile until it has a line.
fn expected(rejection: &Rejection) -> (u16, &'static str, &'static str) {
    match rejection {
        Rejection::UnknownItem(_) => (404, "UNKNOWN_ITEM", r#","itemId":"tea"}"#),
        Rejection::UnknownLocation(_) => (404, "UNKNOWN_LOCATION", r#","locationId":"north"}"#),
        Rejection::UnknownPosition { .. } => {
            (404, "UNKNOWN_POSITION", r#","itemId":"tea","locationId":"north"}"#)
        }
        Rejection::UnknownBin { .. } => {
            (404, "UNKNOWN_BIN", r#","locationId":"north","binId":"A-1"}"#)
        }
        Rejection::UnknownLot(_) => (404, "NOT_FOUND", r#","lotNumber":"L-1"}"#),
        Rejection::UnknownReservation => (404, "UNKNOWN_RESERVATION", "\"}"),
        Rejection::UnknownTransfer => (404, "UNKNOWN_TRANSFER", "\"}"),
        Rejection::UnknownDeadLetter => (404, "NOT_FOUND", "\"}"),
        Rejection::LetterSettled(_) => (409, "INVALID_STATE", r#","state":"retried"}"#),
        Rejection::ItemArchived(_) => (409, "ITEM_ARCHIVED", r#","itemId":"tea"}"#),
        Rejection::LocationInactive(_) => (409, "LOCATION_INACTIVE", r#","locationId":"north"}"#),
        Rejection::NotTracked(_) => (409, "NOT_TRACKED", r#","itemId":"tea"}"#),
        Rejection::InsufficientStock(_) => (
            409,
            "INSUFFICIENT_STOCK",
            concat!(
                r#","shortages":[{"itemId":"tea","locationId":"north","requested":3,"sellable":1.5},"#,
                r#"{"itemId":"tea","requested":3,"sellable":1.5}]}"#
            ),
        ),
        Rejection::Stale { .. } => (
            409,
            "STALE",
            concat!(
                r#","itemId":"tea","locationId":"north","onHand":20,"available":10,"reserved":3,"#,
                r#""committed":4,"damaged":2,"qualityHold":1,"inTransit":0,"version":7}"#
            ),
        ),
        Rejection::StockNotZero { .. } => {
            (409, "STOCK_NOT_ZERO", "fulfil or cancel its reservations; then try again.\"}")
        }
        Rejection::ReservationExpired { .. } => {
            (409, "RESERVATION_EXPIRED", r#","expiredAt":"1970-01-01T00:00:01.000Z"}"#)
        }
        Rejection::InvalidState(_) => (409, "INVALID_STATE", r#","state":"FULFILLED"}"#),
        Rejection::InvalidTransferState(_) => (409, "INVALID_STATE", r#","state":"RECEIVED"}"#),
        Rejection::BelowFulfilled { .. } => {
            (409, "BELOW_FULFILLED", r#","itemId":"tea","requested":1,"fulfilled":2}"#)
        }
        Rejection::ExceedsOpen { item: Some(_), .. } => {
            (409, "EXCEEDS_OPEN", r#","itemId":"tea","requested":5,"open":2}"#)
        }
        Rejection::ExceedsOpen { item: None, .. } => {
            (409, "EXCEEDS_OPEN", r#","requested":5,"open":2}"#)
        }
        Rejection::AmbiguousLine(_) => (422, "INVALID_REQUEST", r#","itemId":"tea"}"#),
        Rejection::KeyReused => (422, "IDEMPOTENCY_KEY_REUSED", "\"}"),
        Rejection::TimeAhead { .. } => {
            (422, "INVALID_TIME", r#","latest":"1970-01-01T00:00:01.000Z"}"#)
        }
        Rejection::QuantityOverflow => (422, "INVALID_QUANTITY", "\"}"),
        Rejection::LimitExceeded { .. } => (422, "LIMIT_EXCEEDED", r#","limit":1000}"#),
        Rejection::ExceedsFulfilled { .. } => {
            (409, "EXCEEDS_OPEN", r#","itemId":"tea","requested":1,"fulfilled":2}"#)
        }
        Rejection::UnknownShipment => (404, "NOT_FOUND", "\"}"),
        Rejection::ShipmentUndone => (409, "INVALID_STATE", "\"}"),
        Rejection::UnknownTransaction => (404, "UNKNOWN_TRANSACTION", "\"}"),
        Rejection::AlreadyReversed { .. } => {
            (409, "ALREADY_REVERSED", r#","transactionId":"txn-1-9-0"}"#)
        }
        Rejection::NotReversible(Some(_)) => (409, "INVALID_STATE", r#","type":"FULFIL"}"#),
        Rejection::NotReversible(None) => (409, "INVALID_STATE", "\"}"),
    }
}

fn all() -> Vec<Rejection> {
    let at = Timestamp::from_millis(1_000);
    let shortage = |location: Option<LocationId>| Shortage {
        item: item(),
        location,
        requested: Quantity::units(3),
        sellable: Quantity::from_millionths(1_500_000),
    };
    let open = |item| Rejection::ExceedsOpen {
        item,
        requested: Quantity::units(5),
        open: Quantity::units(2),
    };
    vec![
        Rejection::UnknownItem(item()),
        Rejection::UnknownLocation(location()),
        Rejection::UnknownPosition { item: item(), location: location() },
        Rejection::UnknownBin { location: location(), bin: BinId::parse("A-1").expect("valid") },
        Rejection::UnknownLot(LotNumber::parse("L-1").expect("valid")),
        Rejection::UnknownReservation,
        Rejection::UnknownTransfer,
        Rejection::UnknownDeadLetter,
        Rejection::LetterSettled(onhand_domain::dead_letter::LetterStatus::Retried),
        Rejection::ItemArchived(item()),
        Rejection::LocationInactive(location()),
        Rejection::NotTracked(item()),
        Rejection::InsufficientStock(vec![shortage(Some(location())), shortage(None)]),
        Rejection::Stale { item: item(), location: location(), figures: figures(), version: 7 },
        Rejection::StockNotZero { places: vec![stock_there("tea", "north")] },
        Rejection::ReservationExpired { at },
        Rejection::InvalidState(Status::Fulfilled),
        Rejection::InvalidTransferState(TransferStatus::Received),
        Rejection::BelowFulfilled {
            item: item(),
            requested: Quantity::units(1),
            fulfilled: Quantity::units(2),
        },
        Rejection::ExceedsFulfilled {
            item: item(),
            requested: Quantity::units(1),
            fulfilled: Quantity::units(2),
        },
        Rejection::UnknownShipment,
        Rejection::ShipmentUndone,
        Rejection::UnknownTransaction,
        Rejection::AlreadyReversed { by: 9 },
        Rejection::NotReversible(Some(onhand_domain::change::MovementKind::Fulfil)),
        Rejection::NotReversible(None),
        open(Some(item())),
        open(None),
        Rejection::AmbiguousLine(item()),
        Rejection::KeyReused,
        Rejection::TimeAhead { latest: at },
        Rejection::QuantityOverflow,
        Rejection::LimitExceeded { what: Limit::Lines, limit: 1_000 },
        Rejection::LimitExceeded { what: Limit::Movements, limit: 1_000 },
        Rejection::LimitExceeded { what: Limit::Shipments, limit: 1_000 },
        Rejection::LimitExceeded { what: Limit::Bins, limit: 1_000 },
        Rejection::LimitExceeded { what: Limit::Sources, limit: 1_000 },
        Rejection::LimitExceeded { what: Limit::Events, limit: 1_000 },
        Rejection::LimitExceeded { what: Limit::EventBytes, limit: 1_000 },
        Rejection::LimitExceeded { what: Limit::Jobs, limit: 1_000 },
    ]
}

fn stock_there(item: &str, location: &str) -> StockThere {
    StockThere {
        item: ItemId::parse(item).expect("valid"),
        location: LocationId::parse(location).expect("valid"),
        location_name: Text::parse("North").ok(),
        figures: figures(),
    }
}

#[test]
fn every_rejection_has_its_status_code_and_figures() {
    for rejection in all() {
        let (status, code, end) = expected(&rejection);
        let problem = Problem::refused(&rejection);
        let text = written(&problem);
        assert_eq!(problem.status().as_u16(), status, "{rejection:?}");
        assert_eq!(problem.retry_after_seconds(), None, "{rejection:?}");
        let begin = format!(
            r#"{{"type":"urn:onhand:problem:{code}","title":"{}","status":{status},"code":"{code}","detail":""#,
            problem.code().title()
        );
        assert!(text.starts_with(&begin), "{text}");
        assert!(text.ends_with(end), "{text}");
        assert!(!problem.detail().is_empty(), "{text}");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
    }
}

/// "Only what the writer decided binds the key": what is told as 422 `INVALID_…` must not bind.
#[test]
fn what_is_told_as_invalid_binds_no_key() {
    for rejection in all() {
        let problem = Problem::refused(&rejection);
        let is_invalid = problem.status() == StatusCode::UNPROCESSABLE_ENTITY;
        assert_ne!(rejection.binds(), is_invalid, "{rejection:?}");
    }
}

#[test]
fn stock_in_the_way_is_told_place_by_place() {
    let of_one = Rejection::StockNotZero {
        places: vec![stock_there("tea", "north"), stock_there("tea", "south")],
    };
    let place = |item: &str, location: &str| {
        format!(
            concat!(
                r#"{{"locationId":"{}","name":"North","itemId":"{}","onHand":20,"available":10,"#,
                r#""reserved":3,"committed":4,"inTransit":0}}"#
            ),
            location, item
        )
    };
    let text = written(&Problem::refused(&of_one));
    let (north, south) = (place("tea", "north"), place("tea", "south"));
    let places =
        format!(r#","itemId":"tea","locationsWithStock":[{north},{south}],"actionRequired""#);
    assert!(text.contains(&places), "{text}");

    let of_two = Rejection::StockNotZero {
        places: vec![stock_there("tea", "north"), stock_there("pot", "north")],
    };
    let text = written(&Problem::refused(&of_two));
    let (tea, pot) = (place("tea", "north"), place("pot", "north"));
    assert!(text.contains(&format!(r#"","locationsWithStock":[{tea},{pot}],"#)), "{text}");
}

#[test]
fn failures_say_whether_anything_was_done() {
    for (failure, status, code, detail) in [
        (Failure::Overloaded, 429, "OVERLOADED", "nothing was done"),
        (Failure::OutcomeUnknown, 503, "OUTCOME_UNKNOWN", "retry with the same Idempotency-Key"),
        (Failure::StorageFull, 503, "STORAGE_FULL", "nothing was done"),
        (Failure::DeadLettersFull, 503, "OVERLOADED", "nothing was done"),
        (Failure::Stopping, 503, "OUTCOME_UNKNOWN", "retry with the same Idempotency-Key"),
        (Failure::HistoryGone, 410, "HISTORY_GONE", "nothing was done"),
        (Failure::Internal, 500, "INTERNAL", "nothing was done"),
    ] {
        let problem = Problem::from(failure);
        assert_eq!(problem.status().as_u16(), status, "{failure:?}");
        assert_eq!(problem.code().word(), code, "{failure:?}");
        assert!(problem.detail().contains(detail), "{failure:?}");
        // "429/503 with Retry-After"
        let may_retry = ![410, 500].contains(&status);
        assert_eq!(problem.retry_after_seconds().is_some(), may_retry, "{failure:?}");
    }
}

#[test]
fn problems_of_the_door_have_their_status() {
    let field = Field::of_line(2, "itemId");
    for (problem, status, end) in [
        (Problem::malformed("x"), 400, r#""code":"INVALID_REQUEST","detail":"x"}"#),
        (Problem::invalid("x"), 422, r#""code":"INVALID_REQUEST","detail":"x"}"#),
        (
            Problem::field(Code::InvalidId, field, "x"),
            422,
            r#""code":"INVALID_ID","detail":"x","field":"lines[2].itemId"}"#,
        ),
        (
            Problem::limit(1_000, "lines"),
            422,
            r#""code":"LIMIT_EXCEEDED","detail":"at most 1000 lines","limit":1000}"#,
        ),
        (
            Problem::too_large(1_048_576),
            413,
            r#""detail":"the body must have at most 1048576 bytes","limit":1048576}"#,
        ),
        (Problem::unknown(Code::NotFound, "x"), 404, r#""code":"NOT_FOUND","detail":"x"}"#),
        (Problem::internal("x"), 500, r#""code":"INTERNAL","detail":"x"}"#),
    ] {
        assert_eq!(problem.status().as_u16(), status);
        let text = written(&problem);
        assert!(text.ends_with(end), "{text}");
    }
}

#[test]
fn every_code_has_a_word_of_its_own() {
    let words: BTreeSet<&str> = Code::ALL.iter().map(|code| code.word()).collect();
    assert_eq!(words.len(), Code::ALL.len());
    for code in Code::ALL {
        let word = code.word();
        assert!(word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{word}");
        assert!(!code.title().is_empty(), "{word}");
    }
}

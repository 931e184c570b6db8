//! Every type of event in every dialect, against golden text; and what the samples do not show.
//!
//! A line of a golden file: canonical type, name in the dialect, message; `-` where it is not sent.
//! A type that is added fails here until it has a sample and its lines. What has changed on purpose is
//! written anew by a run with `ONHAND_GOLDEN=write` set, and then read.

use std::fmt::Write as _;
use std::path::Path;

use onhand_domain::quantity::Quantity;
use onhand_domain::transfer::TransferStatus;
use onhand_engine::events::{
    Event, EventType, Payload, ReservationFailed, ReservationReleased, StockLevelChanged,
    StockTransferred,
};
use serde_json::Value;

use super::message::Message;
use super::samples::{event, failed, level, number, released, sample, transferred};
use super::{Dialect, Messages};

fn told(dialect: Dialect, event: &Event) -> Vec<(String, String, String)> {
    let mut out = Messages::default();
    dialect.write(event, "c42", &mut out);
    let message = |it: Message<'_>| {
        let body = String::from_utf8(it.body.to_vec()).expect("text");
        (it.event_id.to_string(), it.event_type.to_owned(), body)
    };
    out.iter().map(message).collect()
}

fn lines(dialect: Dialect) -> String {
    let mut text = String::new();
    for event_type in EventType::ALL {
        let canonical = event_type.as_str();
        let told = told(dialect, &sample(*event_type));
        if told.is_empty() {
            writeln!(text, "{canonical} -").expect("a string takes all");
        }
        for (_, name, body) in told {
            writeln!(text, "{canonical} {name} {body}").expect("a string takes all");
        }
    }
    text
}

fn check(dialect: Dialect, golden: &str) {
    let written = lines(dialect);
    if std::env::var_os("ONHAND_GOLDEN").is_some_and(|word| word == "write") {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialect/golden");
        let path = directory.join(dialect.as_str()).with_extension("txt");
        std::fs::write(path, written).expect("the golden file can be written");
        return;
    }
    for (line, expected) in written.lines().zip(golden.lines()) {
        assert_eq!(line, expected);
    }
    assert_eq!(written.lines().count(), golden.lines().count());
}

#[test]
fn every_type_is_written_as_it_always_was() {
    check(Dialect::Standard, include_str!("golden/standard.txt"));
    check(Dialect::Domain, include_str!("golden/domain.txt"));
    check(Dialect::Composerp, include_str!("golden/composerp.txt"));
    check(Dialect::Dotted, include_str!("golden/dotted.txt"));
    check(Dialect::Cloudevents, include_str!("golden/cloudevents.txt"));
}

#[test]
fn every_message_is_json_that_bears_its_own_id_and_name() {
    for dialect in Dialect::ALL {
        let (id, name) = match dialect {
            Dialect::Dotted => ("event_id", "event"),
            Dialect::Cloudevents => ("id", "type"),
            _ => ("eventId", "eventType"),
        };
        for event_type in EventType::ALL {
            for (event_id, event_name, body) in told(dialect, &sample(*event_type)) {
                let value: Value = serde_json::from_str(&body).expect("JSON");
                assert_eq!(value[id], event_id.as_str(), "{body}");
                assert_eq!(value[name], event_name, "{body}");
            }
        }
    }
}

#[test]
fn the_same_event_makes_the_same_messages() {
    for dialect in Dialect::ALL {
        for event_type in EventType::ALL {
            let event = sample(*event_type);
            let first = told(dialect, &event);
            assert_eq!(first, told(dialect, &event));
            let mut ids: Vec<_> = first.into_iter().map(|(id, ..)| id).collect();
            let count = ids.len();
            ids.dedup();
            assert_eq!(ids.len(), count, "{event_type:?} in {dialect:?}");
        }
    }
}

#[test]
fn two_names_are_two_messages_and_the_second_has_an_id_of_its_own() {
    for (event_type, expected) in [
        (EventType::StockedOut, ["OutOfStockEvent", "StockoutEvent"]),
        (EventType::ReservationCreated, ["AllocationCreatedEvent", "ReservationCreatedEvent"]),
        (EventType::ReservationFailed, ["AllocationFailedEvent", "InsufficientStockEvent"]),
    ] {
        let event = sample(event_type);
        let told = told(Dialect::Domain, &event);
        assert_eq!([told[0].1.as_str(), told[1].1.as_str()], expected);
        assert_eq!(told[0].0, event.event_id.to_string());
        assert_eq!(told[1].0, "019c4245-da00-8002-8000-4000002a0000");
        assert!(told.iter().all(|(_, _, body)| body.contains(r#""sequence":42"#)));
    }
}

/// The names of an event in `composerp` and `dotted`.
#[track_caller]
fn names(payload: Payload, composerp: &str, dotted: &str) {
    let event = event(payload);
    let name = |dialect| {
        told(dialect, &event).into_iter().next().map_or("-".to_owned(), |(_, name, _)| name)
    };
    assert_eq!(
        (name(Dialect::Composerp), name(Dialect::Dotted)),
        (composerp.to_owned(), dotted.to_owned())
    );
}

#[test]
fn movements_are_named_by_what_on_hand_does() {
    let of = |amount: &str, change_reason: &'static str| {
        let change_amount = number(amount);
        let level = StockLevelChanged { change_amount, change_reason, ..level() };
        Payload::StockLevelChanged(Box::new(level))
    };
    names(of("-5", "SALE"), "INVENTORY_UPDATED", "inventory.movement.out");
    names(of("-5", "FULFIL"), "INVENTORY_UPDATED", "inventory.movement.out");
    names(of("5", "RECEIPT"), "INVENTORY_UPDATED", "inventory.movement.in");
    names(of("0.000001", "RETURN"), "INVENTORY_UPDATED", "inventory.movement.in");
    names(of("-5", "ADJUSTMENT"), "INVENTORY_UPDATED", "inventory.movement.adjusted");
    names(of("5", "COUNT"), "INVENTORY_UPDATED", "inventory.movement.adjusted");
    for reason in ["RESERVE", "RELEASE", "CONFIRM", "MOVE", "POLICY", "ADJUSTMENT"] {
        names(of("0", reason), "INVENTORY_UPDATED", "-");
    }
}

#[test]
fn transfers_are_named_by_their_step() {
    let of = |status, received: Option<Quantity>| {
        let transferred = StockTransferred { status, received, ..transferred() };
        Payload::StockTransferred(Box::new(transferred))
    };
    let (begun, zero) = ("TRANSFER_INITIATED", Some(Quantity::ZERO));
    names(of(TransferStatus::InTransit, None), begun, "inventory.transfer.initiated");
    let arrived = "inventory.transfer.completed";
    names(of(TransferStatus::InTransit, Some(number("2"))), "TRANSFER_COMPLETED", arrived);
    names(of(TransferStatus::Received, Some(number("6"))), "TRANSFER_COMPLETED", arrived);
    let back = "inventory.transfer.cancelled";
    names(of(TransferStatus::Cancelled, zero), "TRANSFER_CANCELLED", back);
}

#[test]
fn a_refusal_without_short_lines_is_one_message() {
    let failed = ReservationFailed { reason: "UNKNOWN_ITEM", shortages: Vec::new(), ..failed() };
    let told = told(Dialect::Dotted, &event(Payload::ReservationFailed(failed)));
    assert_eq!(told.len(), 1);
    let data = r#""data":{"order_id":"order-1","reason":"unknown_item"}}"#;
    assert!(told[0].2.ends_with(data), "{}", told[0].2);
}

#[test]
fn a_release_without_a_reason_says_so() {
    let released = ReservationReleased { reason: None, ..released() };
    let told = told(Dialect::Dotted, &event(Payload::ReservationCancelled(Box::new(released))));
    assert!(told[0].2.contains(r#""reason":"unknown""#), "{}", told[0].2);
}

#[test]
fn dialects_are_named_by_their_words() {
    for dialect in Dialect::ALL {
        assert_eq!(Dialect::parse(dialect.as_str()), Some(dialect));
    }
    assert_eq!(Dialect::parse("Standard"), None);
    assert_eq!(Dialect::Cloudevents.content_type(), "application/cloudevents+json");
    assert_eq!(Dialect::Dotted.content_type(), "application/json");
}

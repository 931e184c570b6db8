//! Short texts for commands and answers, so that a case fits on a line.
//!
//! A place is `tea@north`; a line is `tea@north 3` (only there), `tea>north 3` (preferred there) or
//! `tea 3` (anywhere); several are separated by commas. Quantities are decimals; `3#L-1` is of a lot.

use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::change::Change;
use crate::command::{Place, ReleasedLine, RelocatedLine, RequestedLine, ShippedLine, Wanted};
use crate::ids::{ItemId, LocationId, LotNumber};
use crate::position::Figures;
use crate::quantity::{Money, Quantity};
use crate::rejection::{Rejection, Shortage};
use crate::reservation::{Reservation, Status};
use crate::stock::Stock;

pub(super) fn lot(number: &str) -> LotNumber {
    LotNumber::parse(number).expect("valid")
}

pub(super) fn money(text: &str) -> Money {
    Money::parse(text).expect("a number")
}

pub(super) fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap_or_else(|error| panic!("{text:?} {error}"))
}

pub(super) fn item(text: &str) -> ItemId {
    ItemId::parse(text).unwrap_or_else(|error| panic!("{text:?} {error}"))
}

pub(super) fn location(text: &str) -> LocationId {
    LocationId::parse(text).unwrap_or_else(|error| panic!("{text:?} {error}"))
}

pub(super) fn place(text: &str) -> Place {
    let (of, at) = text.split_once('@').unwrap_or_else(|| panic!("{text:?} is no place"));
    Place { item: item(of), location: location(at) }
}

/// Cuts `"a 1, b 2"` into `("a", "1")` and `("b", "2")`.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.rsplit_once(' ').unwrap_or_else(|| panic!("{part:?} is no pair")))
}

/// `"3"` or `"3#L-1"`: of a lot.
fn lotted(much: &str) -> (Quantity, Option<LotNumber>) {
    match much.split_once('#') {
        Some((much, of)) => (quantity(much), Some(lot(of))),
        None => (quantity(much), None),
    }
}

pub(super) fn requested(text: &str) -> Vec<RequestedLine> {
    let line = |(what, much): (&str, &str)| {
        let (of, wanted) = match (what.split_once('@'), what.split_once('>')) {
            (Some((of, at)), _) => (of, Wanted::Only(location(at))),
            (_, Some((of, at))) => (of, Wanted::Preferred(location(at))),
            _ => (what, Wanted::Anywhere),
        };
        let (quantity, lot) = lotted(much);
        RequestedLine { item: item(of), quantity, wanted, lot }
    };
    pairs(text).map(line).collect()
}

pub(super) fn shipped(text: &str) -> Vec<ShippedLine> {
    let line = |(what, much)| {
        let (quantity, lot) = lotted(much);
        ShippedLine { place: place(what), quantity, lot }
    };
    pairs(text).map(line).collect()
}

/// `"tea north>south 3, pot north>south all"`.
pub(super) fn relocated(text: &str) -> Vec<RelocatedLine> {
    let line = |(what, much): (&str, &str)| {
        let (of, route) = what.split_once(' ').unwrap_or_else(|| panic!("{what:?} has no route"));
        let (from, to) = route.split_once('>').unwrap_or_else(|| panic!("{route:?} is no route"));
        RelocatedLine {
            item: item(of),
            from: location(from),
            to: location(to),
            quantity: (much != "all").then(|| quantity(much)),
        }
    };
    pairs(text).map(line).collect()
}

pub(super) fn released(text: &str) -> Vec<ReleasedLine> {
    let line = |(what, much): (&str, &str)| match what.split_once('@') {
        Some((of, at)) => {
            let location = Some(location(at));
            ReleasedLine { item: item(of), location, lot: None, quantity: quantity(much) }
        }
        None => {
            ReleasedLine { item: item(what), location: None, lot: None, quantity: quantity(much) }
        }
    };
    pairs(text).map(line).collect()
}

/// All buckets that are not zero: `"available 4, reserved 6"`; `"empty"` when all are.
pub(super) fn figures(figures: &Figures) -> String {
    let all = [
        ("available", figures.available),
        ("reserved", figures.reserved),
        ("committed", figures.committed),
        ("damaged", figures.damaged),
        ("qualityHold", figures.quality_hold),
        ("inTransit", figures.in_transit),
    ];
    let told = all.iter().filter(|(_, quantity)| !quantity.is_zero());
    let told: Vec<String> = told.map(|(name, quantity)| format!("{name} {quantity}")).collect();
    if told.is_empty() { "empty".to_owned() } else { told.join(", ") }
}

/// Status and lines: `"ACTIVE: tea@north 5 (shipped 2, released 1)"`.
pub(super) fn reservation(stock: &Stock, reservation: &Reservation) -> String {
    let status = match reservation.status {
        Status::Active => "ACTIVE",
        Status::Confirmed => "CONFIRMED",
        Status::Fulfilled => "FULFILLED",
        Status::Cancelled => "CANCELLED",
        Status::Expired => "EXPIRED",
    };
    format!("{status}: {}", lines(stock, reservation))
}

/// The lines of a reservation: `"tea@north 5 (shipped 2, released 1), pot@south 1"`.
pub(super) fn lines(stock: &Stock, reservation: &Reservation) -> String {
    let line = |line: &crate::reservation::Line| {
        let item = &stock.item(line.item).expect("known").id;
        let position = line.position.and_then(|number| stock.position(number));
        let location = position.and_then(|position| stock.location(position.location));
        let at = location.map_or("nowhere", |location| location.id.as_str());
        let mut notes = Vec::new();
        for (word, quantity) in [("shipped", line.fulfilled), ("released", line.released)] {
            if !quantity.is_zero() {
                notes.push(format!("{word} {quantity}"));
            }
        }
        let notes =
            if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
        let lot = line.lot.as_ref().map_or(String::new(), |lot| format!("#{}", lot.as_str()));
        format!("{item}@{at} {}{lot}{notes}", line.quantity)
    };
    reservation.lines.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// Which alarms a change raised at which item: `"low tea@north, out tea@north"`.
pub(super) fn raised(stock: &Stock, change: &Change) -> String {
    let mut told = Vec::new();
    for held in &change.positions {
        let place = position(stock, held.position);
        let raised = held.raised;
        for (is, word) in [
            (raised.low, "low"),
            (raised.out, "out"),
            (raised.replenished, "replenished"),
            (raised.discrepancy, "discrepancy"),
        ] {
            if is {
                told.push(format!("{word} {place}"));
            }
        }
    }
    told.join(", ")
}

pub(super) fn position(stock: &Stock, number: u32) -> String {
    let position = stock.position(number).expect("known");
    let item = &stock.item(position.item).expect("known").id;
    let location = &stock.location(position.location).expect("known").id;
    format!("{item}@{location}")
}

/// The cause and its numbers: `"InsufficientStock: tea@north 6 of 5"`.
pub(super) fn rejection(rejection: &Rejection) -> String {
    let shortage = |short: &Shortage| {
        let at = short.location.as_ref().map_or(String::new(), |location| format!("@{location}"));
        format!("{}{at} {} of {}", short.item, short.requested, short.sellable)
    };
    match rejection {
        Rejection::InsufficientStock(all) => {
            let all: Vec<String> = all.iter().map(shortage).collect();
            format!("InsufficientStock: {}", all.join(", "))
        }
        Rejection::StockNotZero { places } => {
            let place = |there: &crate::rejection::StockThere| {
                format!("{}@{} {}", there.item, there.location, figures(&there.figures))
            };
            let all: Vec<String> = places.iter().map(place).collect();
            format!("StockNotZero: {}", all.join("; "))
        }
        Rejection::Stale { item, location, figures: now, version } => {
            format!("Stale: {item}@{location} {}, version {version}", figures(now))
        }
        Rejection::ExceedsOpen { item, requested, open } => {
            let item = item.as_ref().map_or("transfer", ItemId::as_str);
            format!("ExceedsOpen: {item} {requested} of {open}")
        }
        Rejection::BelowFulfilled { item, requested, fulfilled } => {
            format!("BelowFulfilled: {item} {requested} below {fulfilled}")
        }
        Rejection::ExceedsFulfilled { item, requested, fulfilled } => {
            format!("ExceedsFulfilled: {item} {requested} of {fulfilled}")
        }
        Rejection::ReservationExpired { at } => format!("ReservationExpired: {}", at.millis()),
        Rejection::InvalidState(status) => format!("InvalidState: {status:?}"),
        Rejection::UnknownItem(id) => format!("UnknownItem: {id}"),
        Rejection::UnknownLocation(id) => format!("UnknownLocation: {id}"),
        Rejection::UnknownPosition { item, location } => {
            format!("UnknownPosition: {item}@{location}")
        }
        Rejection::ItemArchived(id) => format!("ItemArchived: {id}"),
        Rejection::LocationInactive(id) => format!("LocationInactive: {id}"),
        Rejection::NotTracked(id) => format!("NotTracked: {id}"),
        Rejection::AmbiguousLine(id) => format!("AmbiguousLine: {id}"),
        other => format!("{other:?}"),
    }
}

/// What a decision that was refused says, or `"ok"`.
pub(super) fn outcome<T>(result: &Result<T, Rejection>) -> String {
    match result {
        Ok(_) => "ok".to_string(),
        Err(refused) => rejection(refused),
    }
}

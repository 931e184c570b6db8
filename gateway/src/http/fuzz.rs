//! Every body of the HTTP door, read as its call would read it.

use onhand_domain::reservation::ReservationNumber;
use onhand_domain::time::Timestamp;

use crate::http::availability::AvailabilityQuestion;
use crate::http::batch;
use crate::http::body::{parse, parse_or_empty, text};
use crate::http::catalog::items::ItemBody;
use crate::http::catalog::locations::LocationBody;
use crate::http::decimal::Field;
use crate::http::positions::PolicyBody;
use crate::http::query::Query;
use crate::http::reservations::request::{
    AllocationBody, Cancellation, Extension, Fulfilment, LineChanges, ReservationBody,
};
use crate::http::timestamp;

/// Some reservation.
const RESERVATION: ReservationNumber = 7;

/// Reads a body; `call` chooses whose. Refusals are as good as acceptance.
pub(crate) fn read(call: u8, body: &[u8], now: Timestamp) {
    match call % 12 {
        0 | 1 => {
            let _ = text(body).map(|text| batch::read_as_any(text, now));
        }
        2 => drop(parse::<ReservationBody<'_>>(body).and_then(|read| read.action())),
        3 => drop(parse::<Extension<'_>>(body).and_then(|read| read.action(RESERVATION))),
        4 => drop(parse::<LineChanges<'_>>(body).and_then(|read| read.action(RESERVATION))),
        5 => drop(parse_or_empty::<Fulfilment<'_>>(body).and_then(|read| read.action(RESERVATION))),
        6 => {
            drop(parse_or_empty::<Cancellation<'_>>(body).and_then(|read| read.action(RESERVATION)))
        }
        7 => drop(parse::<AllocationBody<'_>>(body).and_then(|read| read.action())),
        8 => drop(parse_or_empty::<ItemBody<'_>>(body).and_then(|read| read.attributes())),
        9 => drop(parse_or_empty::<LocationBody<'_>>(body).and_then(|read| read.attributes())),
        10 => drop(parse_or_empty::<PolicyBody<'_>>(body)),
        _ => {
            drop(parse::<AvailabilityQuestion<'_>>(body));
            let text = String::from_utf8_lossy(body);
            drop(timestamp::parse(Field::named("occurredAt"), &text));
            drop(timestamp::parse_day(Field::named("expiryDate"), &text));
            if let Ok(uri) = format!("/v1/items?{text}").parse() {
                drop(Query::of(&uri));
            }
        }
    }
}

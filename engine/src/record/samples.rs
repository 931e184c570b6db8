//! Fixed changes, one for every cause and every refusal: what golden files hold.
//!
//! They are frozen with the files. What needs a new sample gets a new function and a new name.

mod catalog;
pub(super) mod entries;
mod promises;
mod refusals;
mod stock;
mod upkeep;

use std::sync::Arc;

use onhand_domain::change::{
    BoundKey, Cause, Change, Movement, MovementKind, PositionChange, Raised,
};
use onhand_domain::ids::{ItemId, LocationId, Reference, Text};
use onhand_domain::position::{Alarms, Bucket, Figures};
use onhand_domain::quantity::Quantity;
use onhand_domain::time::Timestamp;

pub(super) use promises::one_line_reservation;

/// Sequence of the records.
pub(super) const SEQUENCE: u64 = 1_234_567;
/// 2026-02-09T12:00:00Z.
pub(super) const AT: Timestamp = Timestamp::from_millis(1_770_638_400_000);
/// A day and a bit before.
pub(super) const BEFORE: Timestamp = Timestamp::from_millis(1_770_550_000_123);

/// All samples by name, which is also that of their file.
pub(super) fn all() -> Vec<(&'static str, Change)> {
    let mut samples = catalog::samples();
    samples.extend(stock::samples());
    samples.extend(promises::samples());
    samples.extend(refusals::samples());
    samples.extend(upkeep::samples());
    samples
}

fn reference(text: &str) -> Reference {
    Reference::parse(text).expect("valid")
}

fn text(text: &str) -> Text {
    Text::parse(text).expect("valid")
}

fn item(text: &str) -> ItemId {
    ItemId::parse(text).expect("valid")
}

fn location(text: &str) -> LocationId {
    LocationId::parse(text).expect("valid")
}

fn units(units: i64) -> Quantity {
    Quantity::units(units)
}

fn of(cause: Cause) -> Change {
    Change::new(cause, AT, 3)
}

fn keyed(cause: Cause) -> Change {
    let key = Some(BoundKey { key: [0xa5; 16], fingerprint: 0x0123_4567_89ab_cdef });
    Change { key, ..of(cause) }
}

/// A position of 500 units, of which some are promised.
fn position(number: u32) -> PositionChange {
    let figures = Figures {
        available: units(480),
        reserved: units(14),
        committed: units(6),
        ..Figures::default()
    };
    PositionChange {
        position: number,
        opened: None,
        version: 127,
        previous: SEQUENCE - 40_000,
        figures,
        average: None,
        sellable: Some(figures.available),
        alarms: Alarms::default(),
        raised: Raised::default(),
        threshold: None,
        terms: None,
    }
}

fn movement(
    kind: MovementKind,
    from: Option<Bucket>,
    to: Option<Bucket>,
    quantity: Quantity,
) -> Movement {
    Movement::plain(0, kind, from, to, quantity)
}

fn arc<T>(thing: T) -> Option<Arc<T>> {
    Some(Arc::new(thing))
}

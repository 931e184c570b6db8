//! Fixed changes, one for every cause and every refusal: what golden files hold.

use std::sync::Arc;

use onhand_domain::change::{
    BoundKey, Cause, Change, Movement, MovementKind, PositionChange, Raised,
};
use onhand_domain::ids::Reference;
use onhand_domain::position::{Alarms, Bucket, Figures};
use onhand_domain::quantity::Quantity;
use onhand_domain::reservation::{Holding, Line, Reservation, Status};
use onhand_domain::time::Timestamp;

/// Sequence of the records.
pub(super) const SEQUENCE: u64 = 1_234_567;
/// 2026-02-09T12:00:00Z.
pub(super) const AT: Timestamp = Timestamp::from_millis(1_770_638_400_000);

fn reference(text: &str) -> Reference {
    Reference::parse(text).expect("valid")
}

/// A checkout takes two of 10,000 items, in a log that has run for a while.
pub(super) fn one_line_reservation() -> Change {
    let quantity = Quantity::units(2);
    let figures = Figures {
        available: Quantity::units(480),
        reserved: Quantity::units(14),
        committed: Quantity::units(6),
        ..Figures::default()
    };
    let mut change = Change::new(Cause::Reserved, AT, 3);
    change.key = Some(BoundKey { key: [0xa5; 16], fingerprint: 0x0123_4567_89ab_cdef });
    change.positions.push(PositionChange {
        position: 8_765,
        opened: None,
        version: 127,
        previous: SEQUENCE - 40_000,
        figures,
        sellable: Some(figures.available),
        alarms: Alarms::default(),
        raised: Raised::default(),
        threshold: None,
        terms: None,
    });
    change.movements.push(Movement {
        position: 0,
        kind: MovementKind::Reserve,
        from: Some(Bucket::Available),
        to: Some(Bucket::Reserved),
        quantity,
    });
    change.reservation = Some(Arc::new(Reservation {
        number: SEQUENCE,
        tenant: 3,
        order: Some(reference("order-123456")),
        customer: None,
        local: None,
        required_at: None,
        status: Status::Active,
        expires_at: Some(AT.plus_millis(900_000)),
        created_at: AT,
        updated_at: AT,
        version: 1,
        sequence: SEQUENCE,
        lines: vec![Line {
            item: 8_321,
            position: Some(8_765),
            holding: Holding::Stock,
            quantity,
            fulfilled: Quantity::ZERO,
            released: Quantity::ZERO,
        }],
        shipments: Vec::new(),
    }));
    change
}

//! Things that the tests of several files show.

use std::sync::Arc;

use onhand_domain::catalog::{
    Activity, Item, ItemNumber, LocationNumber, Standing, TenantNumber, Tracking,
};
use onhand_domain::change::{Cause, Change, PositionChange, Raised, Terms};
use onhand_domain::ids::{ItemId, LocationId, Reference, TenantId};
use onhand_domain::policy::Policy;
use onhand_domain::position::{Alarms, Figures, PositionNumber};
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::reservation::{Holding, Line, Reservation, Status};
use onhand_domain::time::Timestamp;
use onhand_engine::view::PositionView;
use onhand_engine::{Changed, Names};

use crate::http::answer::Answer;

/// Item 1 is `tea`, location 1 `north`, location 2 `south`; position 11 is `tea` at `north`.
pub(crate) struct SampleNames;

impl Names for SampleNames {
    fn tenant(&self, _: TenantNumber) -> TenantId {
        TenantId::parse("default").expect("valid")
    }

    fn item(&self, number: ItemNumber) -> ItemId {
        ItemId::parse(["", "tea", "pot"][number as usize]).expect("valid")
    }

    fn location(&self, number: LocationNumber) -> LocationId {
        LocationId::parse(["", "north", "south"][number as usize]).expect("valid")
    }

    fn place(&self, number: PositionNumber) -> (ItemNumber, LocationNumber) {
        (number / 10, number % 10)
    }
}

/// Available 10, reserved 3, committed 4, damaged 2, quality hold 1; on hand 20.
pub(crate) fn figures() -> Figures {
    Figures {
        available: Quantity::units(10),
        reserved: Quantity::units(3),
        committed: Quantity::units(4),
        damaged: Quantity::units(2),
        quality_hold: Quantity::units(1),
        in_transit: Quantity::ZERO,
    }
}

/// `tea` at `north`, with a safety stock of 3.
pub(crate) fn position_view() -> PositionView {
    PositionView {
        number: 11,
        item: ItemId::parse("tea").expect("valid"),
        location: LocationId::parse("north").expect("valid"),
        figures: figures(),
        sellable: Some(Quantity::units(7)),
        effective: Policy { safety_stock: Some(Quantity::units(3)), ..Policy::default() },
        own: Policy::default(),
        tracking: Tracking::Tracked,
        activity: Activity::Active,
        bin: None,
        version: 3,
        sequence: 42,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(1_500),
    }
}

/// The same position as record 42 left it.
pub(crate) fn position_change() -> PositionChange {
    let view = position_view();
    PositionChange {
        position: 11,
        opened: None,
        version: 3,
        previous: 41,
        figures: view.figures,
        average: None,
        sellable: view.sellable,
        alarms: Alarms::default(),
        raised: Raised::default(),
        threshold: None,
        terms: Some(Arc::new(Terms {
            own: Policy::default(),
            effective: view.effective,
            bin: None,
            created_at: view.created_at,
            tracking: Tracking::Tracked,
        })),
    }
}

/// Record 42 of log 1, at 1.5 s, with nothing in it yet.
pub(crate) fn change(cause: Cause) -> Change {
    Change::new(cause, Timestamp::from_millis(1_500), 0)
}

/// Record 42 of log 1.
pub(crate) fn changed(change: Change) -> Changed {
    Changed { sequence: 42, log: 1, change: Box::new(change), replayed: false }
}

/// An item that was only ever used.
pub(crate) fn item(id: &str) -> Item {
    Item {
        number: 1,
        tenant: 0,
        id: ItemId::parse(id).expect("valid"),
        attributes: None,
        standing: Standing::Current,
        version: 1,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
    }
}

/// An active reservation of 2.5 `tea` at `north` and 1 `tea` at `south`, of which 0.5 were shipped.
pub(crate) fn reservation(number: u64) -> Reservation {
    let line = |position: u32, millionths: i64, shipped: i64| Line {
        item: 1,
        position: Some(position),
        holding: Holding::Stock,
        lot: None,
        quantity: Quantity::from_millionths(millionths),
        fulfilled: Quantity::from_millionths(shipped),
        fulfilled_value: Money::ZERO,
        released: Quantity::ZERO,
    };
    Reservation {
        number,
        tenant: 0,
        order: Some(Reference::parse("O-1").expect("valid")),
        customer: None,
        local: None,
        required_at: None,
        status: Status::Active,
        expires_at: Some(Timestamp::from_millis(900_000)),
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
        version: 1,
        sequence: number,
        lines: vec![line(11, 2_500_000, 0), line(12, 1_000_000, 500_000)],
        shipments: Vec::new(),
    }
}

/// The body of an answer.
pub(crate) fn text_of(answer: &Answer) -> String {
    String::from_utf8(answer.parts().1.to_vec()).expect("text")
}

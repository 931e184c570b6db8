use std::sync::Arc;

use onhand_domain::change::{Cause, Change, Movement, MovementKind, PositionChange, Raised};
use onhand_domain::command::{Condition, Detail, Source, SourcePosition, Trace};
use onhand_domain::consumed::ConsumedEvent;
use onhand_domain::ids::LotNumber;
use onhand_domain::layer::{Goods, Layer, Origin, Pick};
use onhand_domain::position::{Alarms, Average, Bucket, Figures};
use onhand_domain::quantity::Money;
use onhand_domain::time::Day;
use onhand_domain::transfer::{Transfer, TransferStatus};

use super::{AT, BEFORE, SEQUENCE, arc, keyed, movement, of, position, reference, text, units};

fn money(text: &str) -> Option<Money> {
    Some(Money::parse(text).expect("valid"))
}

fn received_detail() -> Detail {
    Detail {
        reference: Some(reference("PO/2026/1")),
        reference_type: Some(reference("purchaseOrder")),
        note: Some(text("two pallets\nunder foil")),
        occurred_at: Some(BEFORE),
        document: Some(reference("receipt-1")),
        lot: Some(LotNumber::parse("lot-1").expect("valid")),
        expiry: Some(Day::from_days(20_800)),
        unit_cost: money("12.5"),
        ..Detail::default()
    }
}

fn returned_detail(condition: Condition) -> Detail {
    Detail {
        reason: Some(text("too small")),
        document: Some(reference("return-1")),
        order: Some(reference("order-123456")),
        rma: Some(reference("RMA-1")),
        condition: Some(condition),
        ..Detail::default()
    }
}

pub(super) fn a_source() -> Option<Arc<Source>> {
    let event = Some(ConsumedEvent {
        id: text("5f0c9c1e-event"),
        event_type: text("SALE_COMPLETED"),
        key: [0x5a; 16],
        fingerprint: 0xfedc_ba98_7654_3210,
    });
    arc(Source { event, ..Source::at(SourcePosition::clone(&a_place())) })
}

pub(super) fn a_place() -> Arc<SourcePosition> {
    Arc::new(SourcePosition {
        stream: text("cluster/integration-events"),
        partition: 5,
        generation: 1,
        offset: 98_765_432_101,
        checksum: Some(0xdead_beef),
    })
}

fn a_trace() -> Option<Arc<Trace>> {
    arc(Trace {
        user: Some(text("till-7")),
        correlation: Some(text("b7e1c8a4")),
        causation: Some(text("event-1")),
    })
}

fn an_origin() -> Origin {
    Origin {
        received_at: BEFORE,
        sequence: SEQUENCE - 70_000,
        lot: Some(LotNumber::parse("lot-1").expect("valid")),
        expiry: Some(Day::from_days(20_800)),
        unit_cost: money("12.5"),
    }
}

fn a_layer(quantity: i64) -> Layer {
    Layer { origin: an_origin(), quantity: units(quantity) }
}

/// Goods leave a layer, and what was not there.
fn goods(cause: Cause, kind: MovementKind) -> Change {
    let booked = Movement {
        value: Money::parse("137.5").expect("valid"),
        picks: 2,
        occurred_at: Some(BEFORE),
        ..movement(kind, Some(Bucket::Available), None, units(11))
    };
    let short = Pick { goods: Goods::Shortage(None), quantity: units(1) };
    let average = Average { value: Money::units(-7), unit_cost: money("7") };
    Change {
        positions: vec![PositionChange { average: Some(average), ..position(8_765) }],
        movements: vec![movement(MovementKind::Reserve, None, None, units(1)), booked],
        picks: vec![a_layer(10).as_pick(), short],
        lot_dropped: true,
        ..of(cause)
    }
}

fn below_zero() -> PositionChange {
    PositionChange {
        figures: Figures {
            available: units(-3),
            damaged: units(1),
            quality_hold: units(2),
            in_transit: units(4),
            ..Figures::default()
        },
        sellable: Some(units(0)),
        alarms: Alarms { low: true, out: true },
        raised: Raised { low: true, out: true, replenished: false, discrepancy: true },
        threshold: Some(units(7)),
        ..position(8_765)
    }
}

fn replenished(opened: bool) -> PositionChange {
    PositionChange {
        opened: opened.then_some((8_321, 17)),
        previous: if opened { 0 } else { SEQUENCE - 1 },
        version: if opened { 1 } else { 128 },
        raised: Raised { replenished: !opened, ..Raised::default() },
        threshold: (!opened).then(|| units(7)),
        ..position(8_765)
    }
}

fn a_transfer(status: TransferStatus, begun: u64) -> Transfer {
    Transfer {
        number: begun,
        tenant: 3,
        item: 8_321,
        from: 8_765,
        to: 8_766,
        quantity: units(20),
        received: if status == TransferStatus::InTransit { units(5) } else { units(20) },
        freight: vec![a_layer(15)],
        status,
        created_at: BEFORE,
        updated_at: AT,
        version: 2,
        sequence: SEQUENCE,
    }
}

pub(super) fn an_open_transfer() -> Transfer {
    a_transfer(TransferStatus::InTransit, SEQUENCE - 9)
}

fn transferring(cause: Cause, status: TransferStatus, begun: u64) -> Change {
    Change {
        positions: vec![position(8_765), position(8_766)],
        movements: vec![
            movement(MovementKind::TransferOut, Some(Bucket::Available), None, units(20)),
            movement(MovementKind::TransferIn, None, Some(Bucket::InTransit), units(20)),
        ],
        transfer: Some(Box::new(a_transfer(status, begun))),
        transferred: units(20),
        ..keyed(cause)
    }
}

fn stocked(cause: Cause, kind: MovementKind, held: PositionChange, detail: Detail) -> Change {
    let booked = movement(kind, None, Some(Bucket::Available), units(10));
    Change { positions: vec![held], movements: vec![booked], detail: arc(detail), ..of(cause) }
}

pub(super) fn samples() -> Vec<(&'static str, Change)> {
    use TransferStatus::{Cancelled, InTransit, Received};
    let reason = Detail { reason: Some(text("broken")), ..Detail::default() };
    let sold =
        Detail { document: Some(reference("sale-1")), amount: money("19.99"), ..Detail::default() };
    let moved =
        movement(MovementKind::Move, Some(Bucket::QualityHold), Some(Bucket::Damaged), units(1));
    let returned = |condition| {
        let detail = returned_detail(condition);
        stocked(Cause::Returned, MovementKind::Return, position(8_765), detail)
    };
    vec![
        (
            "received",
            stocked(Cause::Received, MovementKind::Receipt, replenished(true), received_detail()),
        ),
        (
            "sold",
            Change {
                source: a_source(),
                trace: a_trace(),
                movements: vec![movement(
                    MovementKind::Sale,
                    Some(Bucket::Available),
                    None,
                    units(10),
                )],
                ..stocked(Cause::Sold, MovementKind::Sale, below_zero(), sold)
            },
        ),
        ("returned", Change { exceeds_shipped: true, ..returned(Condition::Good) }),
        ("returned-damaged", returned(Condition::Damaged)),
        ("returned-defective", returned(Condition::Defective)),
        (
            "adjusted",
            stocked(Cause::Adjusted, MovementKind::Adjustment, replenished(false), reason.clone()),
        ),
        (
            "moved",
            Change {
                movements: vec![moved],
                ..stocked(Cause::Moved, MovementKind::Move, position(8_765), reason)
            },
        ),
        (
            "counted",
            stocked(Cause::Counted, MovementKind::Count, position(8_765), Detail::default()),
        ),
        ("goods", goods(Cause::Sold, MovementKind::Sale)),
        ("revalued", goods(Cause::Revalued, MovementKind::Revaluation)),
        ("lot-expired", goods(Cause::LotExpired, MovementKind::Expired)),
        ("transfer-started", transferring(Cause::TransferStarted, InTransit, SEQUENCE)),
        ("transfer-received", transferring(Cause::TransferReceived, Received, SEQUENCE - 9)),
        ("transfer-cancelled", transferring(Cause::TransferCancelled, Cancelled, SEQUENCE - 9)),
        (
            "all-kinds-and-buckets",
            Change {
                positions: vec![position(1)],
                movements: MovementKind::ALL
                    .into_iter()
                    .zip(Bucket::ALL.into_iter().cycle())
                    .map(|(kind, bucket)| movement(kind, Some(bucket), None, units(1)))
                    .collect(),
                ..of(Cause::Moved)
            },
        ),
    ]
}

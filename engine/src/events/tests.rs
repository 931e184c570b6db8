mod reservations;
mod shop;

use std::sync::Arc;

use onhand_domain::catalog::{Activity, ItemAttributes, LocationAttributes, Tracking};
use onhand_domain::command::{
    Action, Adjust, Condition, Count, Detail, Force, MoveStock, StartTransfer, Target, Trace,
};
use onhand_domain::ids::{BinId, LotNumber};
use onhand_domain::policy::Policy;
use onhand_domain::position::Bucket;
use onhand_domain::quantity::Money;
use onhand_domain::time::Day;
use onhand_domain::transfer::TransferStatus;

use super::*;
use shop::{
    EPOCH, LOG, Shop, entry, item, location, place, put_item, reference, text, told, units,
};

fn payload(events: &[Event], event_type: EventType) -> &Payload {
    let found = events.iter().find(|event| event.event_type == event_type);
    &found.expect("it was told").payload
}

fn level(events: &[Event]) -> &StockLevelChanged {
    let Payload::StockLevelChanged(level) = payload(events, EventType::StockLevelChanged) else {
        unreachable!("the payload is of its type")
    };
    level
}

fn reason(text_of: &str) -> Option<Arc<Detail>> {
    Some(Arc::new(Detail { reason: Some(text(text_of)), ..Detail::default() }))
}

#[test]
fn the_first_receipt_creates_what_it_names() {
    let mut shop = Shop::new();
    assert_eq!(
        told(&shop.receive("item-1", "WH-01", 10)),
        [
            "ItemCreated item-1 v1",
            "LocationCreated WH-01 v1",
            "StockLevelChanged item-1:WH-01 v1 RECEIPT available 0→10",
            "StockReceived item-1:WH-01 v1",
        ]
    );
    assert_eq!(
        told(&shop.receive("item-1", "WH-01", 5)),
        [
            "StockLevelChanged item-1:WH-01 v2 RECEIPT available 10→15",
            "StockReceived item-1:WH-01 v2",
        ]
    );
}

#[test]
fn a_receipt_tells_all_that_is_known_of_it() {
    let mut shop = Shop::new();
    let detail = Detail {
        document: Some(reference("receipt-1")),
        reference: Some(reference("PO-1")),
        reference_type: Some(reference("purchaseOrder")),
        lot: Some(LotNumber::parse("lot-1").expect("valid")),
        expiry: Some(Day::from_days(20_800)),
        unit_cost: Some(Money::parse("2.5").expect("valid")),
        ..Detail::default()
    };
    let events = shop.act(Action::Receive(entry("item-1", "WH-01", 10, detail.clone())));
    assert_eq!(
        payload(&events, EventType::StockReceived),
        &Payload::StockReceived(Box::new(StockReceived {
            item: item("item-1"),
            location: location("WH-01"),
            quantity: units(10),
            lot: detail.lot.clone(),
            expiry: detail.expiry,
            unit_cost: detail.unit_cost,
            receipt: detail.document,
            transaction_id: "txn-1-1-0".to_owned(),
        }))
    );
    let level = level(&events);
    assert_eq!((level.previous_quantity, level.new_quantity), (units(0), units(10)));
    assert_eq!(level.change_amount, units(10));
    assert_eq!((level.available, level.sellable), (units(10), Some(units(10))));
    assert_eq!(level.reference, detail.reference);
    assert_eq!(level.reference_type, detail.reference_type);
    assert_eq!((&level.lot, level.unit_cost), (&detail.lot, detail.unit_cost));
    assert_eq!(level.transaction_id, "txn-1-1-0");
}

#[test]
fn each_stock_write_tells_its_net_effect() {
    let mut shop = Shop::new();
    shop.receive("item-1", "WH-01", 20);
    let at = || place("item-1", "WH-01");
    let adjust = |target| Adjust {
        place: at(),
        bucket: Bucket::Available,
        target,
        expected_on_hand: None,
        expected_version: None,
        force: Force::Wish,
        detail: reason("broken"),
    };
    let shift = MoveStock {
        place: at(),
        quantity: units(2),
        from: Bucket::Available,
        to: Bucket::QualityHold,
        detail: reason("check"),
    };
    let count = Count { place: at(), counted: units(20), expected_version: None, detail: None };
    let damaged = Detail { condition: Some(Condition::Defective), ..Detail::default() };
    for (action, expected) in [
        (Action::Adjust(adjust(Target::Delta(units(-3)))), "v2 ADJUSTMENT available 20→17"),
        (Action::Adjust(adjust(Target::OnHand(units(18)))), "v3 ADJUSTMENT available 17→18"),
        (Action::Move(shift), "v4 MOVE available 18→16 qualityHold 0→2"),
        (Action::Count(count), "v5 COUNT available 16→18"),
        (Action::Return(entry("item-1", "WH-01", 1, damaged)), "v6 RETURN damaged 0→1"),
    ] {
        let events = shop.act(action);
        assert_eq!(told(&events), [format!("StockLevelChanged item-1:WH-01 {expected}")]);
        let level = level(&events);
        assert_eq!(
            level.change_amount,
            level.new_quantity.saturating_sub(level.previous_quantity),
            "{expected}"
        );
    }
    assert_eq!(
        told(&shop.sell("item-1", "WH-01", 4)),
        ["StockLevelChanged item-1:WH-01 v7 SALE available 18→14"]
    );
}

#[test]
fn alarms_follow_the_level_that_raised_them() {
    let mut shop = Shop::new();
    let policy = Policy { min_stock: Some(units(5)), ..Policy::default() };
    assert_eq!(told(&shop.act(put_item("item-1", policy))), ["ItemCreated item-1 v1"]);
    shop.receive("item-1", "WH-01", 6);
    assert_eq!(
        told(&shop.sell("item-1", "WH-01", 2)),
        ["StockLevelChanged item-1:WH-01 v2 SALE available 6→4", "LowStockReached item-1:WH-01 v2",]
    );
    let events = shop.sell("item-1", "WH-01", 7);
    assert_eq!(
        told(&events),
        [
            "StockLevelChanged item-1:WH-01 v3 SALE available 4→-3",
            "StockedOut item-1:WH-01 v3",
            "StockDiscrepancy item-1:WH-01 v3",
        ]
    );
    let discrepancy = StockDiscrepancy {
        item: item("item-1"),
        location: location("WH-01"),
        available: units(-3),
        promised: units(0),
        cause: "SALE",
        reference: Some(reference("sale-1")),
    };
    let discrepancy = Payload::StockDiscrepancy(discrepancy);
    assert_eq!(payload(&events, EventType::StockDiscrepancy), &discrepancy);
    let events = shop.receive("item-1", "WH-01", 8);
    assert_eq!(
        told(&events),
        [
            "StockLevelChanged item-1:WH-01 v4 RECEIPT available -3→5",
            "StockReceived item-1:WH-01 v4",
            "StockReplenished item-1:WH-01 v4",
        ]
    );
    let replenished = AlarmThreshold {
        item: item("item-1"),
        location: location("WH-01"),
        available: units(5),
        threshold: units(5),
    };
    let replenished = Payload::StockReplenished(replenished);
    assert_eq!(payload(&events, EventType::StockReplenished), &replenished);
}

#[test]
fn a_transfer_tells_both_places_and_where_it_stands() {
    let mut shop = Shop::new();
    shop.receive("item-1", "WH-01", 10);
    let start = |quantity| {
        Action::StartTransfer(Box::new(StartTransfer {
            item: item("item-1"),
            from: location("WH-01"),
            to: location("WH-02"),
            quantity: units(quantity),
            force: Force::Wish,
            detail: None,
        }))
    };
    assert_eq!(
        told(&shop.act(start(6))),
        [
            "LocationCreated WH-02 v1",
            "StockLevelChanged item-1:WH-01 v2 TRANSFER_OUT available 10→4",
            "StockLevelChanged item-1:WH-02 v1 TRANSFER_OUT inTransit 0→6",
            "StockTransferred trf-1-2 v1",
        ]
    );
    let receive = Action::ReceiveTransfer { transfer: 2, quantity: Some(units(2)), detail: None };
    let events = shop.act(receive);
    assert_eq!(
        told(&events),
        [
            "StockLevelChanged item-1:WH-02 v2 TRANSFER_IN available 0→2 inTransit 6→4",
            "StockTransferred trf-1-2 v2",
        ]
    );
    assert_eq!(level(&events).change_amount, units(2), "what arrives comes on hand");
    let events = shop.act(Action::CancelTransfer { transfer: 2, detail: None });
    assert_eq!(
        told(&events),
        [
            "StockLevelChanged item-1:WH-02 v3 TRANSFER_OUT inTransit 4→0",
            "StockLevelChanged item-1:WH-01 v3 TRANSFER_IN available 4→8",
            "StockTransferred trf-1-2 v3",
        ]
    );
    let cancelled = Payload::StockTransferred(Box::new(StockTransferred {
        transfer_id: "trf-1-2".to_owned(),
        status: TransferStatus::Cancelled,
        item: item("item-1"),
        from: location("WH-01"),
        to: location("WH-02"),
        quantity: units(6),
        received: Some(units(2)),
    }));
    assert_eq!(payload(&events, EventType::StockTransferred), &cancelled);
}

#[test]
fn the_catalog_tells_of_items_locations_bins_and_policies() {
    let mut shop = Shop::new();
    shop.receive("item-1", "WH-01", 10);
    let bin = || BinId::parse("A-1").expect("valid");
    let put_bin = |name| Action::PutBin { location: location("WH-01"), bin: bin(), name };
    let safety = Policy { safety_stock: Some(units(2)), ..Policy::default() };
    let closed = LocationAttributes { activity: Activity::Inactive, ..Default::default() };
    let location_put = |attributes| Action::PutLocation { location: location("WH-01"), attributes };
    let at = || place("item-1", "WH-01");
    let more = Policy { safety_stock: Some(units(3)), ..Policy::default() };
    for (action, expected) in [
        (put_item("item-1", Policy::default()), &["ItemUpdated item-1 v2"][..]),
        (put_item("item-1", safety), &["ItemUpdated item-1 v3", "PolicyChanged item-1 v3"]),
        (location_put(closed), &["LocationUpdated WH-01 v2"]),
        (location_put(LocationAttributes::default()), &["LocationUpdated WH-01 v3"]),
        (put_bin(None), &["BinCreated WH-01 v4"]),
        (put_bin(Some(text("Top shelf"))), &["LocationUpdated WH-01 v5"]),
        (
            Action::AssignBin { place: at(), bin: bin() },
            &["StockLevelChanged item-1:WH-01 v2 BIN", "ItemAssignedToBin item-1:WH-01 v2"],
        ),
        (
            Action::SetPolicy { place: at(), policy: more },
            &[
                "StockLevelChanged item-1:WH-01 v3 POLICY safetyStock 2→3",
                "PolicyChanged item-1:WH-01 v3",
            ],
        ),
    ] {
        assert_eq!(told(&shop.act(action)), expected);
    }
    shop.sell("item-1", "WH-01", 10);
    let events = shop.act(Action::ArchiveItem { item: item("item-1") });
    assert_eq!(told(&events), ["ItemDeactivated item-1 v4"]);
    let deactivated = ItemDeactivated { item: item("item-1"), positions_archived: 1 };
    let deactivated = Payload::ItemDeactivated(deactivated);
    assert_eq!(payload(&events, EventType::ItemDeactivated), &deactivated);
    assert_eq!(
        told(&shop.act(Action::ArchiveItem { item: item("item-1") })),
        [""; 0],
        "nothing changed"
    );
    let events = shop.act(Action::RemoveLocation { location: location("WH-01") });
    assert_eq!(told(&events), ["LocationUpdated WH-01 v6"]);
}

#[test]
fn a_policy_tells_what_was_set_before_and_now() {
    let mut shop = Shop::new();
    shop.receive("item-1", "WH-01", 10);
    let before = Policy { min_stock: Some(units(1)), ..Policy::default() };
    let after = Policy { min_stock: Some(units(2)), ..Policy::default() };
    let at = || place("item-1", "WH-01");
    shop.act(Action::SetPolicy { place: at(), policy: before });
    let events = shop.act(Action::SetPolicy { place: at(), policy: after });
    let changed =
        PolicyChanged { item: item("item-1"), location: Some(location("WH-01")), before, after };
    let changed = Payload::PolicyChanged(Box::new(changed));
    assert_eq!(payload(&events, EventType::PolicyChanged), &changed);
    let level = level(&events);
    assert_eq!((level.change_amount, level.changes.len()), (units(0), 0));
}

#[test]
fn what_is_not_tracked_moves_nothing_and_is_told_all_the_same() {
    let mut shop = Shop::new();
    let untracked = ItemAttributes { tracking: Tracking::Untracked, ..ItemAttributes::default() };
    let attributes = Arc::new(untracked);
    shop.act(Action::PutItem { item: item("voucher"), attributes });
    let events = shop.sell("voucher", "WH-01", 3);
    assert_eq!(
        told(&events),
        ["LocationCreated WH-01 v1", "StockLevelChanged voucher:WH-01 v1 SALE",]
    );
    let level = level(&events);
    assert_eq!((level.sellable, level.change_amount), (None, units(0)));
    assert_eq!(level.transaction_id, "txn-1-2-0");
}

#[test]
fn signs_that_separate_are_escaped_inside_ids() {
    let mut shop = Shop::new();
    let events = shop.receive("a:b%c", "W:1", 1);
    let ids: Vec<_> = events.iter().map(|event| event.aggregate_id.as_str()).collect();
    assert_eq!(ids, ["a%3Ab%25c", "W%3A1", "a%3Ab%25c:W%3A1", "a%3Ab%25c:W%3A1"]);
    assert_eq!(level(&events).item, item("a:b%c"), "not in the payload");
}

#[test]
fn the_envelope_says_where_when_and_who() {
    let mut shop = Shop::new();
    shop.trace = Some(Arc::new(Trace {
        user: Some(text("anna")),
        correlation: Some(text("flow-1")),
        causation: Some(text("event-1")),
    }));
    let events = shop.receive("item-1", "WH-01", 1);
    for (index, event) in (0..).zip(&events) {
        assert_eq!((event.epoch, event.sequence, event.index), (EPOCH, 1, index));
        assert_eq!(event.event_id, crate::ids::event_id(shop.now, LOG, EPOCH, 1, index));
        assert_eq!(event.timestamp, shop.now);
        assert_eq!(event.tenant.as_str(), "tenant-1");
        assert_eq!(event.trace.source, "onhand");
        assert_eq!(event.trace.user, Some(text("anna")));
        assert_eq!(event.trace.correlation, text("flow-1"));
        assert_eq!(event.trace.causation, Some(text("event-1")));
        assert_eq!(event.event_type, event.payload.event_type());
    }
    shop.trace = None;
    let events = shop.receive("item-1", "WH-01", 1);
    assert_eq!(events[0].trace.correlation, text("cor-1-2"));
    assert_eq!(events[0].trace.user, None);
}

#[test]
fn names_of_types_are_read_back() {
    for known in EventType::ALL {
        assert_eq!(EventType::parse(known.as_str()), Some(*known));
    }
    assert_eq!(EventType::parse("StockLevelchanged"), None);
}

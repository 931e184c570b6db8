//! Every action of the contract from short texts; what a case does not name has its default.

use alloc::boxed::Box;
use alloc::sync::Arc;
use std::borrow::ToOwned;

use super::text;
use crate::catalog::{ItemAttributes, LocationAttributes};
use crate::change::MovementPlace;
use crate::command::{
    Action, Adjust, Backorder, Completeness, Condition, Count, Detail, Force, Fulfil, Goods,
    MoveStock, Reserve, Rest, Revalue, Reverse, StartJob, StartTransfer, StockEntry, Target,
    Unfulfil, WishedTask,
};
use crate::ids::{BinId, Reference, Text};
use crate::policy::{BackorderLimit, Policy};
use crate::position::Bucket;
use crate::quantity::Quantity;
use crate::time::{Day, Timestamp};

/// The default of a reservation without `ttlSeconds`.
pub(super) const TTL_MS: i64 = 900_000;

fn entry(place: &str, quantity: &str, detail: Option<Arc<Detail>>) -> StockEntry {
    StockEntry { place: text::place(place), quantity: text::quantity(quantity), detail }
}

pub(super) fn receive(place: &str, quantity: &str) -> Action {
    Action::Receive(entry(place, quantity, None))
}

/// A receipt that is said to have happened at an instant.
pub(super) fn receive_at(place: &str, quantity: &str, occurred_at: i64) -> Action {
    let occurred_at = Some(Timestamp::from_millis(occurred_at));
    let detail = Arc::new(Detail { occurred_at, ..Detail::default() });
    Action::Receive(entry(place, quantity, Some(detail)))
}

pub(super) fn sell(place: &str, quantity: &str) -> Action {
    Action::Sell(entry(place, quantity, None))
}

pub(super) fn give_back(place: &str, quantity: &str, condition: Option<Condition>) -> Action {
    let detail = Arc::new(Detail { condition, ..Detail::default() });
    Action::Return(entry(place, quantity, Some(detail)))
}

pub(super) fn give_back_of(place: &str, quantity: &str, order: &str) -> Action {
    let condition = Some(Condition::Good);
    let order = Some(reference(order));
    let detail = Arc::new(Detail { condition, order, ..Detail::default() });
    Action::Return(entry(place, quantity, Some(detail)))
}

pub(super) fn reference(name: &str) -> Reference {
    Reference::parse(name).expect("valid")
}

pub(super) fn adjust_with(place: &str, change: impl FnOnce(&mut Adjust)) -> Action {
    let mut wish = Adjust {
        place: text::place(place),
        bucket: Bucket::Available,
        target: Target::OnHand(Quantity::ZERO),
        expected_on_hand: None,
        expected_version: None,
        force: Force::Wish,
        detail: None,
    };
    change(&mut wish);
    Action::Adjust(wish)
}

pub(super) fn adjust(place: &str, bucket: Bucket, delta: &str) -> Action {
    adjust_with(place, |wish| {
        wish.bucket = bucket;
        wish.target = Target::Delta(text::quantity(delta));
    })
}

pub(super) fn force(place: &str, bucket: Bucket, delta: &str) -> Action {
    adjust_with(place, |wish| {
        wish.bucket = bucket;
        wish.target = Target::Delta(text::quantity(delta));
        wish.force = Force::Fact;
    })
}

pub(super) fn set_to(place: &str, on_hand: &str) -> Action {
    adjust_with(place, |wish| wish.target = Target::OnHand(text::quantity(on_hand)))
}

pub(super) fn set_bucket(place: &str, bucket: Bucket, figure: &str) -> Action {
    adjust_with(place, |wish| {
        wish.bucket = bucket;
        wish.target = Target::Bucket(text::quantity(figure));
    })
}

pub(super) fn shift(place: &str, quantity: &str, from: Bucket, to: Bucket) -> Action {
    let (place, quantity) = (text::place(place), text::quantity(quantity));
    Action::Move(MoveStock { place, quantity, from, to, detail: None })
}

pub(super) fn count(place: &str, counted: &str) -> Action {
    count_expecting(place, counted, None)
}

pub(super) fn count_expecting(place: &str, counted: &str, version: Option<u64>) -> Action {
    let (place, counted) = (text::place(place), text::quantity(counted));
    Action::Count(Count { place, counted, expected_version: version, detail: None })
}

pub(super) fn revalue(place: &str, lot: Option<&str>, unit_cost: &str) -> Action {
    let (place, lot) = (text::place(place), lot.map(text::lot));
    Action::Revalue(Revalue { place, lot, unit_cost: text::money(unit_cost), detail: None })
}

/// What a test says about goods: `"lot L-1, cost 10, expiry 3, at 500"`; days and instants are numbers.
pub(super) fn words(about: &str) -> Option<Arc<Detail>> {
    let mut detail = Detail::default();
    for word in about.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let (name, value) = word.split_once(' ').expect("a name and a value");
        match name {
            "lot" => detail.lot = Some(text::lot(value)),
            "cost" => detail.unit_cost = Some(text::money(value)),
            "expiry" => detail.expiry = Some(Day::from_days(value.parse().expect("a day"))),
            "at" => {
                let millis = value.parse().expect("an instant");
                detail.occurred_at = Some(Timestamp::from_millis(millis));
            }
            "order" => detail.order = Some(reference(value)),
            "named" => detail.document = Some(reference(value)),
            "reference" => detail.reference = Some(reference(value)),
            other => panic!("{} is no word about goods", other.to_owned()),
        }
    }
    Some(Arc::new(detail))
}

/// The same action with words about its goods.
pub(super) fn about(action: Action, about: &str) -> Action {
    let detail = words(about);
    match action {
        Action::Receive(entry) => Action::Receive(StockEntry { detail, ..entry }),
        Action::Sell(entry) => Action::Sell(StockEntry { detail, ..entry }),
        Action::Return(entry) => {
            let told = entry.detail.as_deref();
            let mut words = Detail::clone(detail.as_deref().expect("given"));
            words.condition = told.and_then(|told| told.condition);
            words.order = words.order.or_else(|| told.and_then(|told| told.order.clone()));
            Action::Return(StockEntry { detail: Some(Arc::new(words)), ..entry })
        }
        Action::Adjust(wish) => Action::Adjust(Adjust { detail, ..wish }),
        Action::Move(wish) => Action::Move(MoveStock { detail, ..wish }),
        Action::Count(wish) => Action::Count(Count { detail, ..wish }),
        Action::StartTransfer(wish) => {
            Action::StartTransfer(Box::new(StartTransfer { detail, ..*wish }))
        }
        other => panic!("{} has no goods", std::format!("{other:?}")),
    }
}

pub(super) fn transfer(item: &str, from: &str, to: &str, quantity: &str) -> Action {
    transfer_with(item, from, to, quantity, Force::Wish)
}

pub(super) fn transfer_with(
    item: &str,
    from: &str,
    to: &str,
    quantity: &str,
    force: Force,
) -> Action {
    let (item, from, to) = (text::item(item), text::location(from), text::location(to));
    let quantity = text::quantity(quantity);
    Action::StartTransfer(Box::new(StartTransfer { item, from, to, quantity, force, detail: None }))
}

pub(super) fn receive_transfer(transfer: u64, quantity: Option<&str>) -> Action {
    let quantity = quantity.map(text::quantity);
    Action::ReceiveTransfer { transfer, quantity, detail: None }
}

pub(super) fn cancel_transfer(transfer: u64) -> Action {
    Action::CancelTransfer { transfer, detail: None }
}

pub(super) fn reserve(lines: &str) -> Action {
    reserve_with(lines, |_| {})
}

pub(super) fn reserve_with(lines: &str, change: impl FnOnce(&mut Reserve)) -> Action {
    let mut wish = Reserve {
        order: None,
        customer: None,
        local: None,
        required_at: None,
        ttl_ms: Some(TTL_MS),
        completeness: Completeness::Whole,
        max_splits: None,
        backorder: Backorder::Policy,
        lines: text::requested(lines),
    };
    change(&mut wish);
    Action::Reserve(Box::new(wish))
}

pub(super) fn confirm(reservation: u64) -> Action {
    Action::Confirm { reservation }
}

pub(super) fn extend(reservation: u64, ttl_ms: i64) -> Action {
    Action::Extend { reservation, ttl_ms }
}

pub(super) fn set_lines(reservation: u64, lines: &str) -> Action {
    Action::SetLines { reservation, lines: text::requested(lines) }
}

/// `"tea north>south 3, pot north>south all"`.
pub(super) fn relocate(reservation: u64, lines: &str) -> Action {
    Action::Relocate { reservation, lines: text::relocated(lines) }
}

pub(super) fn cancel_order(order: &str) -> Action {
    Action::CancelOrder { order: reference(order), detail: None }
}

pub(super) fn start_job(task: WishedTask, reason: &str) -> Action {
    let reason = Some(Text::parse(reason).expect("valid"));
    let detail = Some(Arc::new(Detail { reason, ..Detail::default() }));
    Action::StartJob(Box::new(StartJob { task, detail }))
}

/// Ships all that is open.
pub(super) fn fulfil(reservation: u64) -> Action {
    fulfil_with(reservation, |_| {})
}

pub(super) fn ship(reservation: u64, lines: &str) -> Action {
    fulfil_with(reservation, |wish| wish.lines = Some(text::shipped(lines)))
}

pub(super) fn fulfil_with(reservation: u64, change: impl FnOnce(&mut Fulfil)) -> Action {
    let mut wish = Fulfil {
        reservation,
        shipment: None,
        lines: None,
        rest: Rest::Keep,
        force: Force::Wish,
        detail: None,
    };
    change(&mut wish);
    Action::Fulfil(Box::new(wish))
}

fn because(reason: &str) -> Option<Arc<Detail>> {
    let reason = Some(Text::parse(reason).expect("valid"));
    Some(Arc::new(Detail { reason, ..Detail::default() }))
}

/// Takes a shipment back.
pub(super) fn take_back(reservation: u64, shipment: &str) -> Action {
    let goods = Goods::Shipment(reference(shipment));
    Action::Unfulfil(Box::new(Unfulfil { reservation, goods, detail: because("refused") }))
}

pub(super) fn unship(reservation: u64, lines: &str) -> Action {
    let goods = Goods::Lines(text::shipped(lines));
    Action::Unfulfil(Box::new(Unfulfil { reservation, goods, detail: because("refused") }))
}

pub(super) fn ship_as(reservation: u64, shipment: &str, lines: &str) -> Action {
    fulfil_with(reservation, |wish| {
        wish.shipment = Some(reference(shipment));
        wish.lines = Some(text::shipped(lines));
    })
}

/// Undoes the movement at a place of a record.
pub(super) fn reverse(sequence: u64, place: u32) -> Action {
    let movement = MovementPlace { sequence, place };
    Action::Reverse(Reverse { movement, detail: because("mistyped") })
}

/// Releases all that is open.
pub(super) fn cancel(reservation: u64) -> Action {
    Action::Cancel { reservation, lines: None, detail: None }
}

pub(super) fn cancel_lines(reservation: u64, lines: &str) -> Action {
    Action::Cancel { reservation, lines: Some(text::released(lines)), detail: None }
}

pub(super) fn put_item(item: &str, change: impl FnOnce(&mut ItemAttributes)) -> Action {
    let mut attributes = ItemAttributes::default();
    change(&mut attributes);
    Action::PutItem { item: text::item(item), attributes: Arc::new(attributes) }
}

pub(super) fn archive(item: &str) -> Action {
    Action::ArchiveItem { item: text::item(item) }
}

pub(super) fn put_location(location: &str, change: impl FnOnce(&mut LocationAttributes)) -> Action {
    let mut attributes = LocationAttributes::default();
    change(&mut attributes);
    Action::PutLocation { location: text::location(location), attributes }
}

pub(super) fn remove(location: &str) -> Action {
    Action::RemoveLocation { location: text::location(location) }
}

fn bin_id(bin: &str) -> BinId {
    BinId::parse(bin).expect("valid")
}

pub(super) fn put_bin(location: &str, bin: &str, name: Option<&str>) -> Action {
    let name = name.map(|name| Text::parse(name).expect("valid"));
    Action::PutBin { location: text::location(location), bin: bin_id(bin), name }
}

pub(super) fn assign_bin(place: &str, bin: &str) -> Action {
    Action::AssignBin { place: text::place(place), bin: bin_id(bin) }
}

pub(super) fn set_policy(place: &str, policy: Policy) -> Action {
    Action::SetPolicy { place: text::place(place), policy }
}

/// `"safety 3, backorder 5, threshold 2, min 1, max 9"`; `backorder unlimited` is a limit, too.
pub(super) fn policy(terms: &str) -> Policy {
    let mut policy = Policy::default();
    for term in terms.split(',').map(str::trim).filter(|term| !term.is_empty()) {
        let (name, figure) = term.split_once(' ').expect("a name and a figure");
        let quantity = || Some(text::quantity(figure));
        match name {
            "min" => policy.min_stock = quantity(),
            "max" => policy.max_stock = quantity(),
            "safety" => policy.safety_stock = quantity(),
            "threshold" => policy.low_stock_threshold = quantity(),
            "backorder" if figure == "unlimited" => {
                policy.backorder_limit = Some(BackorderLimit::Unlimited);
            }
            "backorder" => {
                policy.backorder_limit = quantity().map(BackorderLimit::Limited);
            }
            other => panic!("{} is no term", other.to_owned()),
        }
    }
    policy
}

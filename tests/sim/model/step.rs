//! One step of the model in the making: plain changes of a copy, thrown away when it is refused.

use std::collections::{BTreeMap, BTreeSet};

use onhand_domain::catalog::LocationAttributes;
use onhand_domain::change::{Cause, MovementKind, MovementPlace};
use onhand_domain::ids::{ItemId, LocationId, Reference, TenantId};
use onhand_domain::layer::Pick;
use onhand_domain::position::Bucket;
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::rejection::{Rejection, Shortage};
use onhand_domain::time::Timestamp;

use super::Model;
use super::jobs::JobTold;
use super::shop::{Item, Key, Location, Position, Shop};

/// A movement, as a record must tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) key: Key,
    pub(crate) kind: MovementKind,
    pub(crate) from: Option<Bucket>,
    pub(crate) to: Option<Bucket>,
    pub(crate) amount: i64,
    pub(crate) value: Money,
    pub(crate) picks: Vec<Pick>,
    pub(crate) occurred_at: Option<Timestamp>,
}

/// How much of an item left a place, or was given back there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Share {
    pub(crate) item: ItemId,
    pub(crate) at: Option<LocationId>,
    pub(crate) amount: i64,
    pub(crate) value: i64,
}

/// What is known of a record that something in it may be undone.
#[derive(Debug, Clone)]
pub(crate) struct Booked {
    pub(crate) tenant: TenantId,
    pub(crate) moves: Vec<Move>,
    /// What it shipped, each with the place of its movement.
    pub(crate) shipped: Vec<(Share, Option<usize>)>,
    /// The order of what came back by it.
    pub(crate) order: Option<Reference>,
    pub(crate) has_positions: bool,
}

/// What a record must say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) cause: Option<Cause>,
    pub(crate) moves: Vec<Move>,
    pub(crate) touched: BTreeSet<Key>,
    /// Alarms that are raised: low, out, replenished, discrepancy.
    pub(crate) raised: BTreeMap<Key, [bool; 4]>,
    pub(crate) items: BTreeSet<ItemId>,
    pub(crate) locations: BTreeSet<LocationId>,
    pub(crate) reservation: Option<u64>,
    pub(crate) transfer: Option<u64>,
    pub(crate) transferred: i64,
    /// What left, or was put back on the shelf, each with the place of its movement.
    pub(crate) shipped: Vec<(Share, Option<usize>)>,
    pub(crate) released: Vec<Share>,
    /// Reservations that were released together, each with what was given back.
    pub(crate) withdrawn: Vec<(u64, Vec<Share>)>,
    pub(crate) exceeds_shipped: bool,
    pub(crate) lot_dropped: bool,
    /// The order of what came back.
    pub(crate) order: Option<Reference>,
    pub(crate) reverses: Option<MovementPlace>,
    pub(crate) job: Option<JobTold>,
    pub(crate) refusal: Option<Rejection>,
    pub(crate) refused: Option<Cause>,
    pub(crate) letter: Option<u64>,
    /// Events that an application told.
    pub(crate) published: usize,
}

/// May what is unknown come into being?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Create,
    Refuse,
}

pub(crate) struct Step {
    pub(crate) model: Model,
    pub(crate) tenant: TenantId,
    pub(crate) now: i64,
    /// When it happened, as the command says.
    pub(crate) occurred: i64,
    /// Number of the record in the making.
    pub(crate) sequence: u64,
    /// Says what is so, whatever the stock says.
    pub(crate) is_fact: bool,
    pub(crate) told: Told,
    /// Positions that this step opened.
    pub(crate) opened: BTreeSet<Key>,
    /// What was touched, as it was.
    before: BTreeMap<Key, Position>,
    /// Positions at which goods came or went.
    pub(crate) stirred: BTreeSet<Key>,
}

pub(crate) const fn quantity(millionths: i64) -> Quantity {
    Quantity::from_millionths(millionths)
}

impl Step {
    pub(crate) fn of(model: &Model, tenant: &TenantId, now: i64) -> Self {
        Self {
            model: model.clone(),
            tenant: tenant.clone(),
            now,
            occurred: now,
            sequence: model.sequence + 1,
            is_fact: false,
            told: Told::default(),
            opened: BTreeSet::new(),
            before: BTreeMap::new(),
            stirred: BTreeSet::new(),
        }
    }

    /// What the tenant has. One nobody has heard of has nothing.
    pub(crate) fn shop(&self) -> &Shop {
        self.model.shop(&self.tenant)
    }

    pub(crate) fn shop_mut(&mut self) -> &mut Shop {
        self.model.tenants.entry(self.tenant.clone()).or_default()
    }

    pub(crate) fn known_item(&self, id: &ItemId) -> Result<(), Rejection> {
        match self.shop().items.get(id) {
            None => Err(Rejection::UnknownItem(id.clone())),
            Some(item) if item.archived && !self.is_fact => {
                Err(Rejection::ItemArchived(id.clone()))
            }
            Some(_) => Ok(()),
        }
    }

    pub(crate) fn find_item(&mut self, id: &ItemId, unknown: Unknown) -> Result<(), Rejection> {
        let known = self.known_item(id);
        if matches!(known, Err(Rejection::UnknownItem(_))) && self.may_create(unknown) {
            let rank = self.model.item_count();
            let item = Item { attributes: None, archived: false, version: 1, rank };
            self.shop_mut().items.insert(id.clone(), item);
            self.told.items.insert(id.clone());
            return Ok(());
        }
        known
    }

    fn may_create(&self, unknown: Unknown) -> bool {
        unknown == Unknown::Create && !self.model.is_strict
    }

    pub(crate) fn known_location(&self, id: &LocationId) -> Result<(), Rejection> {
        match self.shop().locations.get(id) {
            Some(location) if !location.removed => Ok(()),
            _ => Err(Rejection::UnknownLocation(id.clone())),
        }
    }

    pub(crate) fn find_location(
        &mut self,
        id: &LocationId,
        unknown: Unknown,
    ) -> Result<(), Rejection> {
        let known = self.known_location(id);
        if known.is_err() && self.may_create(unknown) {
            self.put_location(id, LocationAttributes::default());
            return Ok(());
        }
        known
    }

    /// Creates, replaces or revives.
    pub(crate) fn put_location(&mut self, id: &LocationId, attributes: LocationAttributes) {
        self.told.locations.insert(id.clone());
        let new = Location {
            attributes: attributes.clone(),
            removed: false,
            version: 0,
            bins: BTreeMap::new(),
        };
        let held = self.shop_mut().locations.entry(id.clone()).or_insert(new);
        held.attributes = attributes;
        held.removed = false;
        held.version += 1;
    }

    /// A position that the record tells of; it comes into being if it has to.
    pub(crate) fn touch(&mut self, key: &Key) {
        if !self.shop().positions.contains_key(key) {
            self.shop_mut().positions.insert(key.clone(), Position::default());
            self.opened.insert(key.clone());
        }
        if self.told.touched.insert(key.clone()) {
            let held = self.shop().positions[key].clone();
            self.before.insert(key.clone(), held);
        }
    }

    pub(crate) fn get(&self, key: &Key, bucket: Bucket) -> i64 {
        self.shop().positions.get(key).map_or(0, |held| held.get(bucket))
    }

    pub(crate) fn book(
        &mut self,
        key: &Key,
        kind: MovementKind,
        (from, to): (Option<Bucket>, Option<Bucket>),
        amount: i64,
    ) -> Result<(), Rejection> {
        self.book_at(key, kind, (from, to), amount, self.occurred)
    }

    /// Books what happened at another instant than the command says.
    pub(crate) fn book_at(
        &mut self,
        key: &Key,
        kind: MovementKind,
        (from, to): (Option<Bucket>, Option<Bucket>),
        amount: i64,
        occurred: i64,
    ) -> Result<(), Rejection> {
        self.touch(key);
        let held = self.shop_mut().positions.get_mut(key).expect("touched just now");
        for (bucket, delta) in [(from, amount.checked_neg()), (to, Some(amount))] {
            let Some(bucket) = bucket else { continue };
            let sum = delta.and_then(|delta| held.get(bucket).checked_add(delta));
            held.buckets[bucket as usize] = sum.ok_or(Rejection::QuantityOverflow)?;
        }
        held.on_hand().ok_or(Rejection::QuantityOverflow)?;
        let is_on_hand = |bucket: Option<Bucket>| bucket.is_some_and(Bucket::is_on_hand);
        held.moved += i64::from(is_on_hand(to)) * amount - i64::from(is_on_hand(from)) * amount;
        held.story.tell((from, to), amount, occurred);
        self.told.moves.push(Move {
            key: key.clone(),
            kind,
            from,
            to,
            amount,
            value: Money::ZERO,
            picks: Vec::new(),
            occurred_at: None,
        });
        Ok(())
    }

    /// Versions and alarms of what was touched; the record is made.
    pub(crate) fn finish(mut self) -> (Model, Told) {
        self.settle_averages();
        let (touched, sequence, now) = (self.told.touched.clone(), self.sequence, self.now);
        for key in touched {
            let (low, out) = self.shop().alarms(&key);
            let raised = self.raised(&key, (low, out));
            self.told.raised.insert(key.clone(), raised);
            let held = self.shop_mut().positions.get_mut(&key).expect("touched positions exist");
            held.version += 1;
            held.sequence = sequence;
            held.updated_at = now;
            (held.low, held.out) = (low, out);
        }
        (self.model, self.told)
    }
}

impl Step {
    /// Alarms are raised when they begin, and when low stock ends; a fact that takes what is not there
    /// shows that something is wrong.
    fn raised(&self, key: &Key, (low, out): (bool, bool)) -> [bool; 4] {
        let (before, after) = (&self.before[key], &self.shop().positions[key]);
        if !self.shop().tracked(&key.0) {
            return [false; 4];
        }
        let fell = |after: i64, before: i64| after < 0 && after < before;
        let is_wrong =
            fell(after.available(), before.available()) || fell(after.shelf(), before.shelf());
        let has_threshold = super::shop::threshold(&self.shop().policy(key)).is_some();
        [
            low && !before.low,
            out && !before.out && after.available() < before.available(),
            before.low && !low && has_threshold,
            self.is_fact && is_wrong,
        ]
    }
}

/// "There is too little of it there."
pub(crate) fn short(key: &Key, requested: i64, there: i64) -> Rejection {
    Rejection::InsufficientStock(vec![Shortage {
        item: key.0.clone(),
        location: Some(key.1.clone()),
        requested: quantity(requested),
        sellable: quantity(there.max(0)),
    }])
}

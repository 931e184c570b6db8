//! Receipts, sales, returns, adjustments, moves, counts.

use std::sync::Arc;

use onhand_domain::change::MovementKind;
use onhand_domain::command::{
    Adjust, Condition, Count, Detail, Force, MoveStock, Place, StockEntry, Target,
};
use onhand_domain::ids::LotNumber;
use onhand_domain::layer::{Area, Goods, Origin, Pick};
use onhand_domain::position::Bucket;
use onhand_domain::rejection::Rejection;
use onhand_domain::time::Timestamp;

use super::goods::{Entry, enter, leave, pick_of, within};
use super::layers::is_over;
use super::shop::{Key, Position};
use super::step::{Step, Unknown, quantity, short};
use super::worth::Cost;

/// By how much a bucket is to change, and the count that has seen it already.
struct Difference {
    kind: MovementKind,
    bucket: Bucket,
    delta: i64,
    counted: Option<Timestamp>,
}

/// The lot that a command names.
pub(super) fn lot_of(detail: Option<&Arc<Detail>>) -> Option<&LotNumber> {
    detail.and_then(|detail| detail.lot.as_ref())
}

impl Step {
    pub(super) fn receive(&mut self, entry: &StockEntry) -> Result<(), Rejection> {
        let stated = entry.detail.as_ref().and_then(|detail| detail.unit_cost);
        let cost = |step: &Self, key: &Key| Ok(stated.or_else(|| step.item_cost(key)));
        self.enter(entry, MovementKind::Receipt, Bucket::Available, cost)
    }

    pub(super) fn take_back(&mut self, entry: &StockEntry) -> Result<(), Rejection> {
        let detail = entry.detail.as_deref();
        let bucket = match detail.and_then(|detail| detail.condition) {
            Some(Condition::Good) => Bucket::Available,
            _ => Bucket::Damaged,
        };
        let mut shipped_at = None;
        if let Some(order) = detail.and_then(|detail| detail.order.clone()) {
            let key = (self.tenant.clone(), order, entry.place.item.clone());
            let shipped = self.model.shipped(&key);
            shipped_at = self.model.shipped_at(&key)?;
            let returned = self.model.returned.get(&key).copied().unwrap_or(0);
            let all = returned.saturating_add(entry.quantity.millionths());
            self.told.exceeds_shipped = all > shipped;
            self.told.order = Some(key.1.clone());
            self.model.returned.insert(key, all);
        }
        let stated = detail.and_then(|detail| detail.unit_cost);
        let cost = |step: &Self, key: &Key| match stated.or(shipped_at) {
            Some(cost) => Ok(Some(cost)),
            None => step.found_cost(key),
        };
        self.enter(entry, MovementKind::Return, bucket, cost)
    }

    fn enter(
        &mut self,
        entry: &StockEntry,
        kind: MovementKind,
        bucket: Bucket,
        cost: impl FnOnce(&Self, &Key) -> Result<Cost, Rejection>,
    ) -> Result<(), Rejection> {
        let key = self.find_place(&entry.place, Unknown::Create)?;
        if !self.shop().tracked(&key.0) {
            return Err(Rejection::NotTracked(key.0));
        }
        let unit_cost = cost(self, &key)?;
        let mut origin = self.origin(entry.detail.as_deref(), unit_cost);
        if let (MovementKind::Return, None, Some(lot)) = (kind, origin.expiry, &origin.lot) {
            origin.expiry = self.expiry_of_lot(&key, lot);
        }
        let is_held = bucket == Bucket::Available && is_over(&origin, self.now);
        let bucket = if is_held { Bucket::QualityHold } else { bucket };
        let amount = entry.quantity.millionths();
        let counted = self.count_after(&key, entry.detail.as_deref());
        let entry = enter(kind, bucket);
        match counted.filter(|_| kind == MovementKind::Receipt) {
            Some(counted) => self.bring_late(&key, entry, origin, amount, counted),
            None => self.bring(&key, entry, origin, amount),
        }
    }

    /// It comes in, and goes again at the count: the same goods at the same cost.
    fn bring_late(
        &mut self,
        key: &Key,
        entry: Entry,
        mut origin: Origin,
        amount: i64,
        counted: Timestamp,
    ) -> Result<(), Rejection> {
        let (before, bucket) = (self.held(key), (entry.1).1.expect("what comes enters a bucket"));
        if let Some(layer) = before.layers.find(bucket.area(), &origin) {
            // It comes and goes, so its lot keeps its day.
            origin = layer.origin.clone();
        }
        let place = self.book_goods(key, entry, amount, vec![pick_of(&origin, amount)], None)?;
        let value = self.told.moves[place].value;
        let is_shelf = bucket.area() == Area::Shelf;
        let filled = if is_shelf { before.layers.shortage.min(amount) } else { 0 };
        let mut picks = Vec::new();
        if amount > filled {
            picks.push(pick_of(&origin, amount - filled));
        }
        if filled > 0 {
            let goods = Goods::Shortage(before.layers.last_cost);
            picks.push(Pick { goods, quantity: quantity(filled) });
        }
        let back = (MovementKind::Count, (Some(bucket), None), Some(counted));
        self.book_goods(key, back, amount, picks, Some(value))?;
        self.set_average(key, before.averaged());
        let after = self.held(key).layers;
        assert_eq!((&after.all, after.shortage), (&before.layers.all, before.layers.shortage));
        Ok(())
    }

    /// It goes, and comes back at the count.
    fn take_late(
        &mut self,
        key: &Key,
        entry: Entry,
        (amount, lot): (i64, Option<&LotNumber>),
        counted: Timestamp,
    ) -> Result<(), Rejection> {
        let before = self.held(key);
        let place = self.send(key, entry, amount, lot)?;
        let taken = &self.told.moves[place];
        let (value, mut picks) = (taken.value, taken.picks.clone());
        // What was short is filled first, so that the layers come back as they were.
        picks.reverse();
        let back = (MovementKind::Count, (None, (entry.1).0), Some(counted));
        self.book_goods(key, back, amount, picks, Some(value))?;
        self.set_average(key, before.averaged());
        let after = self.held(key).layers;
        assert_eq!((&after.all, after.shortage), (&before.layers.all, before.layers.shortage));
        Ok(())
    }

    /// The first count that has seen it already, if one has: there it is corrected.
    fn count_after(&self, key: &Key, detail: Option<&Detail>) -> Option<Timestamp> {
        let occurred = detail?.occurred_at?.millis();
        let counts = self.shop().positions.get(key)?.counts.iter();
        counts.copied().find(|counted| *counted > occurred).map(Timestamp::from_millis)
    }

    /// What the sender saw: what is there now, unless that has changed since.
    fn seen(&self, key: &Key, detail: Option<&Detail>) -> Position {
        let held = self.held(key);
        match detail.and_then(|detail| detail.occurred_at).map(Timestamp::millis) {
            Some(at) if at < held.updated_at => Position { buckets: held.story.at(at), ..held },
            _ => held,
        }
    }

    pub(super) fn sell(&mut self, entry: &StockEntry) -> Result<(), Rejection> {
        self.is_fact = true;
        let key = self.find_place(&entry.place, Unknown::Create)?;
        self.touch(&key);
        if !self.shop().tracked(&key.0) {
            return Ok(());
        }
        let (amount, lot) = (entry.quantity.millionths(), lot_of(entry.detail.as_ref()));
        let sale = leave(MovementKind::Sale, Bucket::Available);
        match self.count_after(&key, entry.detail.as_deref()) {
            Some(counted) => self.take_late(&key, sale, (amount, lot), counted),
            None => self.send(&key, sale, amount, lot).map(|_| ()),
        }
    }

    pub(super) fn adjust(&mut self, wish: &Adjust) -> Result<(), Rejection> {
        let is_delta = matches!(wish.target, Target::Delta(_));
        self.is_fact = wish.force == Force::Fact || !is_delta;
        let takes_away = matches!(wish.target, Target::Delta(delta) if !delta.is_positive());
        let may_open = self.is_fact || !takes_away;
        let unknown = if may_open { Unknown::Create } else { Unknown::Refuse };
        let key = self.corrected(&wish.place, unknown)?;
        let held = self.shop().positions.get(&key).cloned().unwrap_or_default();
        let on_hand = held.on_hand().expect("figures fit");
        let version = wish.expected_version.is_none_or(|it| it == u64::from(held.version));
        if !version || wish.expected_on_hand.is_some_and(|it| it.millionths() != on_hand) {
            return Err(self.stale(&key));
        }
        let detail = wish.detail.as_deref();
        let (seen, mut counted) = (self.seen(&key, detail), self.count_after(&key, detail));
        let (bucket, delta) = match wish.target {
            Target::Delta(delta) => {
                counted = None;
                (wish.bucket, Some(delta.millionths()))
            }
            Target::OnHand(figure) => {
                let on_hand = seen.on_hand().ok_or(Rejection::QuantityOverflow)?;
                (Bucket::Available, figure.millionths().checked_sub(on_hand))
            }
            Target::Bucket(figure) => {
                (wish.bucket, figure.millionths().checked_sub(seen.get(wish.bucket)))
            }
        };
        let delta = delta.ok_or(Rejection::QuantityOverflow)?;
        let free = self.free_of(&key, bucket, lot_of(wish.detail.as_ref()));
        if !self.is_fact && delta < 0 && free < -delta {
            return Err(short(&key, -delta, free));
        }
        let difference = Difference { kind: MovementKind::Adjustment, bucket, delta, counted };
        self.book_difference(&key, difference, wish.detail.as_ref())
    }

    pub(super) fn shift(&mut self, wish: &MoveStock) -> Result<(), Rejection> {
        let key = self.corrected(&wish.place, Unknown::Refuse)?;
        let (lot, amount) = (lot_of(wish.detail.as_ref()), wish.quantity.millionths());
        let free = self.free_of(&key, wish.from, lot);
        if free < amount {
            return Err(short(&key, amount, free));
        }
        let entry = within(MovementKind::Move, wish.from, wish.to);
        self.send(&key, entry, amount, lot).map(|_| ())
    }

    pub(super) fn count(&mut self, count: &Count) -> Result<(), Rejection> {
        self.is_fact = true;
        let key = self.corrected(&count.place, Unknown::Create)?;
        let held = self.shop().positions.get(&key).cloned().unwrap_or_default();
        if count.expected_version.is_some_and(|it| it != u64::from(held.version)) {
            return Err(self.stale(&key));
        }
        let detail = count.detail.as_deref();
        let on_hand = self.seen(&key, detail).on_hand().ok_or(Rejection::QuantityOverflow)?;
        let variance = count.counted.millionths().checked_sub(on_hand);
        let variance = variance.ok_or(Rejection::QuantityOverflow)?;
        let counted = self.count_after(&key, detail);
        let (kind, bucket) = (MovementKind::Count, Bucket::Available);
        let difference = Difference { kind, bucket, delta: variance, counted };
        self.book_difference(&key, difference, count.detail.as_ref())?;
        let occurred = count.detail.as_ref().and_then(|detail| detail.occurred_at);
        let at = occurred.map_or(self.now, Timestamp::millis);
        let held = self.shop_mut().positions.get_mut(&key).expect("counted just now");
        held.counts.push(at);
        held.counts.sort_unstable();
        let surplus = held.counts.len().saturating_sub(16);
        held.counts.drain(..surplus);
        Ok(())
    }

    /// The position of a correction: of a tracked item, and there unless it may be opened.
    pub(super) fn corrected(&mut self, place: &Place, unknown: Unknown) -> Result<Key, Rejection> {
        let key = self.find_place(place, unknown)?;
        if !self.shop().tracked(&key.0) {
            return Err(Rejection::NotTracked(key.0));
        }
        if unknown == Unknown::Refuse && !self.shop().positions.contains_key(&key) {
            let (item, location) = key;
            return Err(Rejection::UnknownPosition { item, location });
        }
        Ok(key)
    }

    /// What is found comes in, what is missing leaves. What a bucket cannot give leaves `available`:
    /// nothing else may fall below zero.
    fn book_difference(
        &mut self,
        key: &Key,
        Difference { kind, bucket, delta, counted }: Difference,
        detail: Option<&Arc<Detail>>,
    ) -> Result<(), Rejection> {
        if delta == 0 {
            return self.book(key, kind, (None, Some(bucket)), 0);
        }
        self.touch(key);
        if delta > 0 {
            let unit_cost = match detail.and_then(|detail| detail.unit_cost) {
                Some(stated) => Some(stated),
                None => self.found_cost(key)?,
            };
            let mut origin = self.origin(detail.map(|detail| &**detail), unit_cost);
            if let (None, Some(lot)) = (origin.expiry, &origin.lot) {
                origin.expiry = self.expiry_of_lot(key, lot);
            }
            return match counted {
                Some(counted) => self.bring_late(key, enter(kind, bucket), origin, delta, counted),
                None => self.bring(key, enter(kind, bucket), origin, delta),
            };
        }
        let (leaving, lot) = (delta.saturating_neg(), lot_of(detail));
        let there = self.get(key, bucket);
        let here = if bucket == Bucket::Available { leaving } else { leaving.min(there) };
        for (from, amount) in [(bucket, here), (Bucket::Available, leaving - here)] {
            match counted {
                _ if amount == 0 => {}
                Some(counted) => {
                    self.take_late(key, leave(kind, from), (amount, lot), counted)?;
                }
                None => {
                    self.send(key, leave(kind, from), amount, lot)?;
                }
            }
        }
        Ok(())
    }

    fn stale(&self, key: &Key) -> Rejection {
        let held = self.shop().positions.get(key).cloned().unwrap_or_default();
        let (item, location) = key.clone();
        Rejection::Stale { item, location, figures: held.figures(), version: held.version }
    }
}

//! Receipts, sales, returns, adjustments, moves, counts.

use onhand_domain::change::MovementKind;
use onhand_domain::command::{
    Adjust, Condition, Count, Detail, Force, MoveStock, Place, StockEntry, Target,
};
use onhand_domain::position::Bucket;
use onhand_domain::rejection::Rejection;
use onhand_domain::time::Timestamp;

use super::shop::{Key, Position};
use super::step::{Step, Unknown, short};

const AVAILABLE: Option<Bucket> = Some(Bucket::Available);

impl Step {
    pub(super) fn receive(&mut self, entry: &StockEntry) -> Result<(), Rejection> {
        self.enter(entry, MovementKind::Receipt, Bucket::Available)
    }

    pub(super) fn take_back(&mut self, entry: &StockEntry) -> Result<(), Rejection> {
        let detail = entry.detail.as_deref();
        let bucket = match detail.and_then(|detail| detail.condition) {
            Some(Condition::Good) => Bucket::Available,
            _ => Bucket::Damaged,
        };
        if let Some(order) = detail.and_then(|detail| detail.order.clone()) {
            let key = (self.tenant.clone(), order, entry.place.item.clone());
            let shipped = self.model.shipped(&key);
            let returned = self.model.returned.get(&key).copied().unwrap_or(0);
            let all = returned.saturating_add(entry.quantity.millionths());
            self.told.exceeds_shipped = all > shipped;
            self.model.returned.insert(key, all);
        }
        self.enter(entry, MovementKind::Return, bucket)
    }

    fn enter(
        &mut self,
        entry: &StockEntry,
        kind: MovementKind,
        bucket: Bucket,
    ) -> Result<(), Rejection> {
        let key = self.find_place(&entry.place, Unknown::Create)?;
        if !self.shop().tracked(&key.0) {
            return Err(Rejection::NotTracked(key.0));
        }
        let amount = entry.quantity.millionths();
        self.book(&key, kind, (None, Some(bucket)), amount)?;
        if kind == MovementKind::Receipt
            && let Some(counted) = self.count_after(&key, entry.detail.as_deref())
        {
            let back = (Some(bucket), None);
            self.book_at(&key, MovementKind::Count, back, amount, counted)?;
        }
        Ok(())
    }

    /// The first count that has seen it already: there it is corrected.
    fn count_after(&self, key: &Key, detail: Option<&Detail>) -> Option<i64> {
        let occurred = detail?.occurred_at?.millis();
        let counts = &self.shop().positions.get(key)?.counts;
        counts.iter().copied().find(|counted| *counted > occurred)
    }

    /// What the sender saw: what is there now, unless that has changed since.
    fn seen(&self, key: &Key, detail: Option<&Detail>) -> Position {
        let held = self.shop().positions.get(key).cloned().unwrap_or_default();
        match detail.and_then(|detail| detail.occurred_at).map(Timestamp::millis) {
            Some(at) if at < held.updated_at => Position { buckets: held.story.at(at), ..held },
            _ => held,
        }
    }

    pub(super) fn sell(&mut self, entry: &StockEntry) -> Result<(), Rejection> {
        self.is_fact = true;
        let key = self.find_place(&entry.place, Unknown::Create)?;
        self.touch(&key);
        if self.shop().tracked(&key.0) {
            let amount = entry.quantity.millionths();
            self.book(&key, MovementKind::Sale, (AVAILABLE, None), amount)?;
            if let Some(counted) = self.count_after(&key, entry.detail.as_deref()) {
                let back = (None, AVAILABLE);
                self.book_at(&key, MovementKind::Count, back, amount, counted)?;
            }
        }
        Ok(())
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
        if !self.is_fact && delta < 0 && held.get(bucket) < -delta {
            return Err(short(&key, -delta, held.get(bucket)));
        }
        self.book_difference(&key, (MovementKind::Adjustment, bucket), delta, counted)
    }

    pub(super) fn shift(&mut self, wish: &MoveStock) -> Result<(), Rejection> {
        let key = self.corrected(&wish.place, Unknown::Refuse)?;
        let (there, amount) = (self.get(&key, wish.from), wish.quantity.millionths());
        if there < amount {
            return Err(short(&key, amount, there));
        }
        self.book(&key, MovementKind::Move, (Some(wish.from), Some(wish.to)), amount)
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
        let later = self.count_after(&key, detail);
        self.book_difference(&key, (MovementKind::Count, Bucket::Available), variance, later)?;
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
    fn corrected(&mut self, place: &Place, unknown: Unknown) -> Result<Key, Rejection> {
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

    /// What a bucket cannot give leaves `available`: nothing else may fall below zero.
    fn book_difference(
        &mut self,
        key: &Key,
        (kind, bucket): (MovementKind, Bucket),
        delta: i64,
        counted: Option<i64>,
    ) -> Result<(), Rejection> {
        let leaving = delta.saturating_neg();
        let there = self.get(key, bucket);
        let here = if bucket == Bucket::Available { leaving } else { leaving.min(there) };
        let parts = match delta {
            0.. => vec![(None, Some(bucket), delta)],
            _ => vec![(Some(bucket), None, here), (AVAILABLE, None, leaving - here)],
        };
        for (from, to, amount) in parts {
            if amount == 0 && delta != 0 {
                continue;
            }
            self.book(key, kind, (from, to), amount)?;
            // A later count has seen it, so it is corrected there.
            if let Some(counted) = counted.filter(|_| amount != 0) {
                self.book_at(key, MovementKind::Count, (to, from), amount, counted)?;
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

//! The layers of a position: what lies in each area, by origin, and what the shelf is short of.
//!
//! Per area the sum of layers − shortage is the sum of its buckets. Only the shelf can be short.

mod picking;

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::ids::LotNumber;
use crate::layer::{Area, Goods, Layer, Origin, Pick, value_of};
use crate::quantity::{Money, Quantity};
use crate::time::Day;

pub use picking::Picking;
pub(crate) use picking::pick_single;

/// Most layers of a position. Beyond it the two nearest layers without a lot number become one.
pub const LAYERS_MAX: usize = 1_000;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layers {
    /// By area, then by age.
    held: Vec<(Area, Layer)>,
    shortage: Quantity,
    last_cost: Option<Money>,
}

/// The order in which layers are kept.
fn order(one: &(Area, Layer), other: &(Area, Layer)) -> Ordering {
    let by_age = |one: &Layer, other: &Layer| one.origin.by_age(&other.origin);
    one.0.cmp(&other.0).then_with(|| by_age(&one.1, &other.1))
}

impl Layers {
    /// Of a position that has at most one layer, on its shelf; below zero it is short of that much.
    /// The unit cost is that of the last one that was there, also when nothing is.
    #[must_use]
    pub fn single(shelf: Quantity, origin: Origin) -> Self {
        let last_cost = origin.unit_cost;
        if shelf.is_positive() {
            let held = alloc::vec![(Area::Shelf, Layer { origin, quantity: shelf })];
            return Self { held, shortage: Quantity::ZERO, last_cost };
        }
        Self { held: Vec::new(), shortage: shelf.abs(), last_cost }
    }

    /// From parts that were stored: layers in any order, what the shelf is short of, the last cost.
    #[must_use]
    pub fn from_parts(
        mut held: Vec<(Area, Layer)>,
        shortage: Quantity,
        last_cost: Option<Money>,
    ) -> Self {
        held.sort_by(order);
        Self { held, shortage, last_cost }
    }

    /// Origin of all there is, when it is one nameless layer on the shelf, or nothing, or a shortage.
    #[must_use]
    pub fn as_single(&self) -> Option<Origin> {
        match self.held.as_slice() {
            [] => Some(Origin { unit_cost: self.last_cost, ..Origin::default() }),
            [(Area::Shelf, layer)] if layer.origin.is_nameless() && self.shortage.is_zero() => {
                Some(layer.origin.clone())
            }
            _ => None,
        }
    }

    /// All layers, by area and age.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Area, &Layer)> {
        self.held.iter().map(|(area, layer)| (*area, layer))
    }

    /// How many layers there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there is no layer.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// What the shelf is short of.
    #[must_use]
    pub const fn shortage(&self) -> Quantity {
        self.shortage
    }

    /// Unit cost of what left the shelf last, and of what it is short of.
    #[must_use]
    pub const fn last_cost(&self) -> Option<Money> {
        self.last_cost
    }

    /// What a unit costs, when that is the same for all that is there and for all that is missing.
    #[must_use]
    pub fn common_cost(&self) -> Option<Option<Money>> {
        let missing = self.shortage.is_positive().then_some(self.last_cost);
        let mut costs = self.held.iter().map(|(_, layer)| layer.origin.unit_cost).chain(missing);
        let first = costs.next()?;
        costs.all(|cost| cost == first).then_some(first)
    }

    /// Layers of an area, by age.
    pub fn of(&self, area: Area) -> impl DoubleEndedIterator<Item = &Layer> {
        self.held_in(area).iter().map(|(_, layer)| layer)
    }

    fn held_in(&self, area: Area) -> &[(Area, Layer)] {
        let first = self.held.partition_point(|(held, _)| *held < area);
        let end = self.held.partition_point(|(held, _)| *held <= area);
        self.held.get(first..end).unwrap_or_default()
    }

    /// Layers of an area less what it is short of.
    #[must_use]
    pub fn quantity(&self, area: Area) -> Quantity {
        let sum = |sum: Quantity, layer: &Layer| sum.saturating_add(layer.quantity);
        let there = self.of(area).fold(Quantity::ZERO, sum);
        if area == Area::Shelf { there.saturating_sub(self.shortage) } else { there }
    }

    /// How much of a lot lies in an area.
    #[must_use]
    pub fn of_lot(&self, area: Area, lot: &LotNumber) -> Quantity {
        let layers = self.of(area).filter(|layer| layer.origin.lot.as_ref() == Some(lot));
        layers.fold(Quantity::ZERO, |sum, layer| sum.saturating_add(layer.quantity))
    }

    /// What all of it is worth; `None` when that does not fit.
    #[must_use]
    pub fn value(&self) -> Option<Money> {
        let short = value_of(self.last_cost, self.shortage)?;
        let mut sum = Money::ZERO.checked_sub(short)?;
        for (_, layer) in &self.held {
            sum = sum.checked_add(layer.value()?)?;
        }
        Some(sum)
    }

    /// The first day on which something on the shelf may be sold for the last time.
    #[must_use]
    pub fn first_expiry(&self) -> Option<Day> {
        self.of(Area::Shelf).filter_map(|layer| layer.origin.expiry).min()
    }

    /// What on the shelf could be sold before a day only.
    #[must_use]
    pub fn expired_before(&self, day: Day) -> Vec<Pick> {
        let expired = |layer: &&Layer| layer.origin.expiry.is_some_and(|expiry| expiry < day);
        self.of(Area::Shelf).filter(expired).map(Layer::as_pick).collect()
    }

    /// The layer that goods of an origin lie in, or would join.
    #[must_use]
    pub fn find(&self, area: Area, origin: &Origin) -> Option<&Layer> {
        self.of(area).find(|layer| layer.origin.joins(origin))
    }

    /// The two neighbours without a lot number, in one area and of one expiry, that came in closest to
    /// each other.
    #[must_use]
    pub fn nearest_nameless(&self) -> Option<(Area, &Layer, &Layer)> {
        // What is on its way belongs to a transfer, which knows its layers.
        let nameless =
            |(area, layer): &&(Area, Layer)| layer.origin.lot.is_none() && *area != Area::InTransit;
        let others = self.held.iter().filter(nameless).skip(1);
        let pairs = self.held.iter().filter(nameless).zip(others);
        let alike = pairs.filter(|((area, one), (other_area, other))| {
            area == other_area && one.origin.expiry == other.origin.expiry
        });
        let gap = |one: &Layer, other: &Layer| {
            other.origin.received_at.millis_since(one.origin.received_at)
        };
        let nearest = alike.min_by_key(|((_, one), (_, other))| gap(one, other));
        nearest.map(|((area, one), (_, other))| (*area, one, other))
    }

    /// What picks change about the value: they leave one area for another, or the outside.
    #[must_use]
    pub fn worth(&self, from: Option<Area>, to: Option<Area>, picks: &[Pick]) -> Option<Worth> {
        if from.is_some() && from == to {
            let mut after = self.clone();
            after.apply(from, to, picks);
            let entered = after.value()?.checked_sub(self.value()?)?;
            return Some(Worth { left: Money::ZERO, entered });
        }
        let mut worth = Worth::default();
        for pick in picks {
            if let Some(area) = from {
                worth.left = worth.left.checked_add(self.leaving(area, pick)?)?;
            }
            if let Some(area) = to {
                worth.entered = worth.entered.checked_add(self.entering_all(area, picks, pick)?)?;
            }
        }
        Some(worth)
    }

    /// What an area is worth less when this leaves it.
    fn leaving(&self, area: Area, pick: &Pick) -> Option<Money> {
        let taken = pick.quantity.abs();
        match &pick.goods {
            Goods::Layer(origin) => {
                let layer = self.find(area, origin)?;
                let rest = layer.quantity.checked_sub(taken)?;
                layer.value()?.checked_sub(value_of(layer.origin.unit_cost, rest)?)
            }
            Goods::Shortage(cost) => {
                let after = value_of(*cost, self.shortage.checked_add(taken)?)?;
                after.checked_sub(value_of(self.last_cost, self.shortage)?)
            }
        }
    }

    /// What an area is worth more when this enters it, behind the picks before it.
    fn entering_all(&self, area: Area, picks: &[Pick], pick: &Pick) -> Option<Money> {
        if area != Area::Shelf || self.shortage.is_zero() {
            return self.entering(area, pick);
        }
        let before = picks.iter().take_while(|other| !core::ptr::eq(*other, pick));
        let covered = before.fold(Quantity::ZERO, |sum, other| sum.saturating_add(other.quantity));
        let short = self.shortage.saturating_sub(covered).max(Quantity::ZERO);
        let covers = pick.quantity.min(short);
        let filled = value_of(self.last_cost, short)?
            .checked_sub(value_of(self.last_cost, short.checked_sub(covers)?)?)?;
        let rest = pick.quantity.checked_sub(covers)?;
        filled.checked_add(value_of(pick.goods.unit_cost(), rest)?)
    }

    fn entering(&self, area: Area, pick: &Pick) -> Option<Money> {
        let cost = pick.goods.unit_cost();
        let there = match &pick.goods {
            Goods::Layer(origin) => self.find(area, origin).map(|layer| layer.quantity),
            Goods::Shortage(_) => None,
        };
        let there = there.unwrap_or_default();
        value_of(cost, there.checked_add(pick.quantity)?)?.checked_sub(value_of(cost, there)?)
    }

    /// Does what the picks of a movement say.
    ///
    /// # Panics
    /// When they take what is not there: only damage or a fault of ours explains that.
    pub fn apply(&mut self, from: Option<Area>, to: Option<Area>, picks: &[Pick]) {
        for pick in picks {
            match (from, to) {
                (Some(one), Some(other)) if one == other => {
                    if pick.quantity.is_negative() {
                        self.leave(one, &pick.goods, pick.quantity.abs());
                    } else {
                        self.reenter(one, &pick.goods, pick.quantity);
                    }
                }
                _ => {
                    if let Some(area) = from {
                        self.leave(area, &pick.goods, pick.quantity);
                    }
                    match (to, &pick.goods) {
                        (Some(area), Goods::Layer(origin)) => {
                            self.enter(area, origin, pick.quantity);
                        }
                        (Some(_), Goods::Shortage(_)) => {
                            self.shortage = self.shortage.saturating_sub(pick.quantity);
                        }
                        (None, _) => {}
                    }
                }
            }
        }
    }

    fn leave(&mut self, area: Area, goods: &Goods, quantity: Quantity) {
        if area == Area::Shelf {
            self.last_cost = goods.unit_cost();
        }
        let Goods::Layer(origin) = goods else {
            self.shortage = self.shortage.saturating_add(quantity);
            return;
        };
        let is_it = |(held, layer): &(Area, Layer)| *held == area && layer.origin.joins(origin);
        let at = self.held.iter().position(is_it).expect("a pick names a layer that is there");
        let (_, layer) = self.held.get_mut(at).expect("found just now");
        layer.quantity = layer.quantity.saturating_sub(quantity);
        assert!(!layer.quantity.is_negative(), "a pick takes what is there");
        if layer.quantity.is_zero() {
            self.held.remove(at);
        }
    }

    /// Enters an area: what the shelf is short of is filled first.
    fn enter(&mut self, area: Area, origin: &Origin, quantity: Quantity) {
        let covers = if area == Area::Shelf { self.shortage.min(quantity) } else { Quantity::ZERO };
        self.shortage = self.shortage.saturating_sub(covers);
        let rest = quantity.saturating_sub(covers);
        if rest.is_positive() {
            self.lay(area, origin, rest);
        }
    }

    /// Comes back under another cost or another name: nothing is filled by that.
    fn reenter(&mut self, area: Area, goods: &Goods, quantity: Quantity) {
        match goods {
            Goods::Layer(origin) => self.lay(area, origin, quantity),
            Goods::Shortage(cost) => {
                self.shortage = self.shortage.saturating_sub(quantity);
                self.last_cost = *cost;
            }
        }
    }

    /// Lays goods onto the layer they join, which keeps the earlier day, or beside the others.
    fn lay(&mut self, area: Area, origin: &Origin, quantity: Quantity) {
        let is_it = |(held, layer): &(Area, Layer)| *held == area && layer.origin.joins(origin);
        let mut entry = (area, Layer { origin: origin.clone(), quantity });
        if let Some(at) = self.held.iter().position(is_it) {
            let (_, held) = self.held.get_mut(at).expect("found just now");
            if held.origin.by_age(origin) != Ordering::Greater {
                held.quantity = held.quantity.saturating_add(quantity);
                return;
            }
            let (_, held) = self.held.remove(at);
            entry.1.quantity = entry.1.quantity.saturating_add(held.quantity);
        }
        let at = self.held.partition_point(|held| order(held, &entry) != Ordering::Greater);
        self.held.insert(at, entry);
    }
}

impl Layer {
    /// All of it.
    #[must_use]
    pub fn as_pick(&self) -> Pick {
        Pick { goods: Goods::Layer(self.origin.clone()), quantity: self.quantity }
    }
}

/// What picks change about the value of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Worth {
    /// Worth less where they left.
    pub left: Money,
    /// Worth more where they entered.
    pub entered: Money,
}

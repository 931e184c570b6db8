//! Layers: what lies where, of which origin, and what the shelf is short of.

use std::collections::BTreeMap;

use onhand_domain::catalog::Strategy;
use onhand_domain::ids::LotNumber;
use onhand_domain::layer::{Area, Goods, Origin, Pick};
use onhand_domain::time::Timestamp;

use super::step::quantity;
use super::worth::{Cost, worth};

/// What is promised by lot.
pub(crate) type ByLot = BTreeMap<LotNumber, i64>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) area: Area,
    pub(crate) origin: Origin,
    pub(crate) amount: i64,
}

/// Layers of a position by place, then by age; of one age, as they came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Layers {
    pub(crate) all: Vec<Layer>,
    pub(crate) shortage: i64,
    /// What the last unit cost that left the shelf; so does each that is missing.
    pub(crate) last_cost: Cost,
}

fn age(origin: &Origin) -> (Timestamp, u64) {
    (origin.received_at, origin.sequence)
}

/// The first instant after the day on which goods may be sold last lies behind us.
pub(crate) fn is_over(origin: &Origin, now: i64) -> bool {
    const DAY_MS: i64 = 86_400_000;
    origin.expiry.is_some_and(|day| (i64::from(day.days()) + 1) * DAY_MS <= now)
}

/// "A receipt with the same lot number, expiry and cost joins its layer"; stock without a lot number
/// forms layers by receipt.
pub(crate) fn joins(one: &Origin, other: &Origin) -> bool {
    one.lot == other.lot
        && one.expiry == other.expiry
        && one.unit_cost == other.unit_cost
        && (one.lot.is_some() || age(one) == age(other))
}

/// How goods are picked.
pub(crate) struct Picking<'a> {
    pub(crate) strategy: Strategy,
    pub(crate) lot: Option<&'a LotNumber>,
    /// Left for others as long as something else serves.
    pub(crate) spared: &'a ByLot,
    /// What costs a unit that is not there, where nothing was.
    pub(crate) cost_else: Cost,
}

impl Layers {
    pub(crate) fn of(&self, area: Area) -> impl Iterator<Item = &Layer> {
        self.all.iter().filter(move |layer| layer.area == area)
    }

    pub(crate) fn of_lot(&self, area: Area, lot: &LotNumber) -> i64 {
        let of_lot = self.of(area).filter(|layer| layer.origin.lot.as_ref() == Some(lot));
        of_lot.map(|layer| layer.amount).sum()
    }

    /// Layers less what is missing.
    pub(crate) fn amount(&self, area: Area) -> i64 {
        let there = self.of(area).map(|layer| layer.amount).fold(0, i64::saturating_add);
        if area == Area::Shelf { there - self.shortage } else { there }
    }

    pub(crate) fn value(&self) -> i128 {
        let there = self.all.iter().map(|layer| worth(layer.origin.unit_cost, layer.amount));
        there.sum::<i128>() - worth(self.last_cost, self.shortage)
    }

    /// Costs of all there is, and of what is missing.
    pub(crate) fn costs(&self) -> Vec<Cost> {
        let mut costs: Vec<Cost> = self.all.iter().map(|layer| layer.origin.unit_cost).collect();
        costs.extend((self.shortage != 0).then_some(self.last_cost));
        costs.sort_unstable();
        costs.dedup();
        costs
    }

    /// Nothing but one layer on the shelf that has no name, or nothing at all: what that costs. `None`:
    /// there is more to be said.
    pub(crate) fn single_cost(&self) -> Option<Cost> {
        match self.all.as_slice() {
            [] => Some(self.last_cost),
            [it] if it.area == Area::Shelf && self.shortage == 0 => {
                let is_plain = it.origin.lot.is_none() && it.origin.expiry.is_none();
                is_plain.then_some(it.origin.unit_cost)
            }
            _ => None,
        }
    }

    /// Layers of an area in the order in which they will be picked.
    pub(crate) fn in_order(&self, area: Area, strategy: Strategy) -> Vec<&Layer> {
        let mut all: Vec<&Layer> = self.of(area).collect();
        match strategy {
            Strategy::Fifo => {}
            Strategy::Lifo => all.reverse(),
            Strategy::Fefo => {
                all.sort_by_key(|layer| (layer.origin.expiry.is_none(), layer.origin.expiry));
            }
        }
        all
    }

    /// The layer that such goods lie in.
    pub(crate) fn find(&self, area: Area, origin: &Origin) -> Option<&Layer> {
        self.of(area).find(|layer| joins(&layer.origin, origin))
    }

    /// What leaves an area; nothing is taken yet.
    pub(crate) fn pick(&self, area: Area, amount: i64, how: &Picking<'_>) -> Vec<Pick> {
        let order = self.in_order(area, how.strategy);
        let mut taken: Vec<(&Layer, i64)> = Vec::new();
        let mut rest = amount;
        let mut take = |layer| take_of(layer, i64::MAX, &mut rest, &mut taken);
        let is_named = |layer: &&&Layer| how.lot.is_some() && layer.origin.lot.as_ref() == how.lot;
        order.iter().filter(is_named).for_each(|layer| take(layer));
        let others: Vec<&Layer> = order.iter().filter(|it| !is_named(it)).copied().collect();
        let mut free = how.spared.clone();
        for (lot, promised) in &mut free {
            *promised = (self.of_lot(Area::Shelf, lot) - *promised).max(0);
        }
        for layer in &others {
            let spared = layer.origin.lot.as_ref().filter(|_| area == Area::Shelf);
            let most = spared.and_then(|lot| free.get_mut(lot));
            let before = rest;
            let limit = most.as_deref().copied().unwrap_or(i64::MAX);
            take_of(layer, limit, &mut rest, &mut taken);
            most.into_iter().for_each(|most| *most -= before - rest);
        }
        others.iter().for_each(|layer| take_of(layer, i64::MAX, &mut rest, &mut taken));
        let as_pick = |(layer, amount): &(&Layer, i64)| Pick {
            goods: Goods::Layer(layer.origin.clone()),
            quantity: quantity(*amount),
        };
        let mut picks: Vec<Pick> = taken.iter().map(as_pick).collect();
        if rest > 0 {
            assert!(area == Area::Shelf, "only the shelf can be short");
            let last = taken.last().map(|(layer, _)| layer.origin.unit_cost);
            // What is missing already keeps its cost, and more of it costs the same.
            let standing = (self.shortage > 0).then_some(self.last_cost);
            let cost = last.or(standing).unwrap_or(self.last_cost.or(how.cost_else));
            picks.push(Pick { goods: Goods::Shortage(cost), quantity: quantity(rest) });
        }
        picks
    }

    pub(crate) fn leave(&mut self, area: Area, goods: &Goods, amount: i64) {
        if area == Area::Shelf {
            self.last_cost = goods.unit_cost();
        }
        match goods {
            Goods::Shortage(_) => self.shortage += amount,
            Goods::Layer(origin) => {
                let is_it = |it: &&mut Layer| it.area == area && joins(&it.origin, origin);
                let layer = self.all.iter_mut().find(is_it).expect("what is picked is there");
                layer.amount -= amount;
                assert!(layer.amount >= 0, "no more is picked than is there");
                self.all.retain(|layer| layer.amount != 0);
            }
        }
    }

    /// Arrivals fill the shortage first.
    pub(crate) fn enter(&mut self, area: Area, goods: &Goods, amount: i64) {
        let Goods::Layer(origin) = goods else {
            self.shortage -= amount;
            return;
        };
        let covers = if area == Area::Shelf { self.shortage.min(amount) } else { 0 };
        self.shortage -= covers;
        if amount > covers {
            self.lay(area, origin, amount - covers);
        }
    }

    /// Joins its layer, which keeps the earlier day, or lies beside the others.
    pub(crate) fn lay(&mut self, area: Area, origin: &Origin, amount: i64) {
        let is_it = |it: &Layer| it.area == area && joins(&it.origin, origin);
        let mut new = Layer { area, origin: origin.clone(), amount };
        if let Some(at) = self.all.iter().position(is_it) {
            if age(&self.all[at].origin) <= age(origin) {
                self.all[at].amount += amount;
                return;
            }
            new.amount += self.all.remove(at).amount;
        }
        self.all.push(new);
        self.all.sort_by_key(|layer| (layer.area, age(&layer.origin)));
    }

    /// Does what the picks of a movement say. Within one area those below zero leave, the others come
    /// back, and nothing is filled by that.
    pub(crate) fn apply(&mut self, from: Option<Area>, to: Option<Area>, picks: &[Pick]) {
        for pick in picks {
            let amount = pick.quantity.millionths();
            match (from, to) {
                (Some(one), Some(other)) if one == other => match &pick.goods {
                    goods if amount < 0 => self.leave(one, goods, -amount),
                    Goods::Layer(origin) => self.lay(one, origin, amount),
                    Goods::Shortage(_) => self.shortage -= amount,
                },
                _ => {
                    from.into_iter().for_each(|area| self.leave(area, &pick.goods, amount));
                    to.into_iter().for_each(|area| self.enter(area, &pick.goods, amount));
                }
            }
        }
    }
}

/// Takes of a layer, of which some may have been taken before.
fn take_of<'a>(layer: &'a Layer, most: i64, rest: &mut i64, taken: &mut Vec<(&'a Layer, i64)>) {
    let held = taken.iter().position(|(it, _)| std::ptr::eq(*it, layer));
    let before = held.map_or(0, |at| taken[at].1);
    let more = (layer.amount - before).min(most).min(*rest);
    if more <= 0 {
        return;
    }
    *rest -= more;
    match held {
        Some(at) => taken[at].1 += more,
        None => taken.push((layer, more)),
    }
}

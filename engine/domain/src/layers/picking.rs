//! Which layers leave an area: by the item's strategy, a named lot first, sparing what is promised by lot.

use alloc::vec::Vec;

use super::Layers;
use crate::catalog::Strategy;
use crate::ids::LotNumber;
use crate::layer::{Area, Goods, Layer, Origin, Pick};
use crate::quantity::{Money, Quantity};

/// How layers are picked.
#[derive(Debug, Clone, Copy)]
pub struct Picking<'a> {
    /// Order in which they leave.
    pub strategy: Strategy,
    /// The lot that was named: it is taken first, and what it lacks from the others.
    pub lot: Option<&'a LotNumber>,
    /// Promised by lot on the shelf: spared by a pick that names no lot, as long as others serve.
    pub promised: &'a [(LotNumber, Quantity)],
    /// Cost of what is not there, if nothing was there before.
    pub cost_else: Option<Money>,
}

impl Layers {
    /// What leaves an area. What the shelf lacks is taken as a shortage, at the cost of the last layer.
    #[must_use]
    pub fn pick(&self, area: Area, quantity: Quantity, picking: &Picking<'_>) -> Vec<Pick> {
        let mut basket = Basket { rest: quantity, picks: Vec::new() };
        let order = self.order(area, picking.strategy);
        let is_named = |layer: &&Layer| layer.origin.lot.as_ref() == picking.lot;
        if picking.lot.is_some() {
            basket.fill(order.layers().filter(is_named), |layer| layer.quantity);
        }
        let others = || order.layers().filter(|layer| picking.lot.is_none() || !is_named(layer));
        if area == Area::Shelf && !picking.promised.is_empty() {
            let mut spared = self.spared(picking.promised);
            basket.fill(others(), |layer| spared.free(layer.origin.lot.as_ref(), layer.quantity));
        }
        basket.fill(others(), |layer| layer.quantity);
        if basket.rest.is_positive() {
            assert!(area == Area::Shelf, "only the shelf can be short");
            let last = basket.picks.last().map(|pick| pick.goods.unit_cost());
            // What is missing already keeps its cost, and more of it costs the same.
            let standing = self.shortage.is_positive().then_some(self.last_cost);
            let cost = last.or(standing).unwrap_or_else(|| self.last_cost.or(picking.cost_else));
            basket.picks.push(Pick { goods: Goods::Shortage(cost), quantity: basket.rest });
        }
        basket.picks
    }

    fn order(&self, area: Area, strategy: Strategy) -> Order<'_> {
        let held = self.held_in(area);
        match strategy {
            Strategy::Fifo => Order { by_age: held, ..Order::default() },
            Strategy::Lifo => Order { by_youth: held, ..Order::default() },
            Strategy::Fefo => {
                let mut by_expiry: Vec<&Layer> = held.iter().map(|(_, layer)| layer).collect();
                by_expiry.sort_by(|one, other| one.origin.by_expiry(&other.origin));
                Order { by_expiry, ..Order::default() }
            }
        }
    }

    /// Layers in the order in which they will be picked: those of the shelf, then the other areas.
    #[must_use]
    pub fn in_picking_order(&self, strategy: Strategy) -> Vec<(Area, &Layer)> {
        let of =
            |area: Area| self.order(area, strategy).into_layers().map(move |layer| (area, layer));
        Area::ALL.into_iter().flat_map(of).collect()
    }

    /// What of each lot may leave although some of it is promised.
    fn spared(&self, promised: &[(LotNumber, Quantity)]) -> Spared {
        let free = |(lot, promised): &(LotNumber, Quantity)| {
            let there = self.of_lot(Area::Shelf, lot);
            (lot.clone(), there.saturating_sub(*promised).max(Quantity::ZERO))
        };
        Spared(promised.iter().map(free).collect())
    }
}

/// Layers of an area in the order of a strategy. Only one of the three is filled: the order of age needs no
/// list of its own.
#[derive(Default)]
struct Order<'a> {
    by_age: &'a [(Area, Layer)],
    by_youth: &'a [(Area, Layer)],
    by_expiry: Vec<&'a Layer>,
}

impl<'a> Order<'a> {
    fn layers(&self) -> impl Iterator<Item = &'a Layer> + '_ {
        let aged = self.by_age.iter().chain(self.by_youth.iter().rev());
        aged.map(|(_, layer)| layer).chain(self.by_expiry.iter().copied())
    }

    fn into_layers(self) -> impl Iterator<Item = &'a Layer> {
        let aged = self.by_age.iter().chain(self.by_youth.iter().rev());
        aged.map(|(_, layer)| layer).chain(self.by_expiry)
    }
}

/// What is left to take, and what was taken.
struct Basket {
    rest: Quantity,
    picks: Vec<Pick>,
}

impl Basket {
    /// Takes of these layers, in this order, until there is enough.
    fn fill<'a>(
        &mut self,
        layers: impl Iterator<Item = &'a Layer>,
        mut most: impl FnMut(&Layer) -> Quantity,
    ) {
        for layer in layers {
            if !self.rest.is_positive() {
                return;
            }
            self.take(layer, most(layer));
        }
    }

    /// Takes at most so much of a layer, of which some may have been taken before.
    fn take(&mut self, layer: &Layer, most: Quantity) {
        if !self.rest.is_positive() {
            return;
        }
        let is_it = |pick: &&mut Pick| matches!(&pick.goods, Goods::Layer(origin) if *origin == layer.origin);
        let taken = self.picks.iter_mut().find(is_it);
        let before = taken.as_ref().map_or(Quantity::ZERO, |pick| pick.quantity);
        let more = layer.quantity.saturating_sub(before).min(most).min(self.rest);
        if !more.is_positive() {
            return;
        }
        self.rest = self.rest.saturating_sub(more);
        match taken {
            Some(pick) => pick.quantity = pick.quantity.saturating_add(more),
            None => {
                self.picks.push(Pick { goods: Goods::Layer(layer.origin.clone()), quantity: more })
            }
        }
    }
}

/// What of each promised lot may still leave.
struct Spared(Vec<(LotNumber, Quantity)>);

impl Spared {
    /// How much of a layer may leave; counts it as gone.
    fn free(&mut self, lot: Option<&LotNumber>, quantity: Quantity) -> Quantity {
        let promised = lot.and_then(|lot| self.0.iter_mut().find(|(held, _)| held == lot));
        let Some((_, left)) = promised else { return quantity };
        let free = quantity.min(*left);
        *left = left.saturating_sub(free);
        free
    }
}

/// What leaves a shelf that has at most one layer: that layer, then a shortage at its cost.
#[must_use]
pub(crate) fn pick_single(
    shelf: Quantity,
    origin: &Origin,
    quantity: Quantity,
    cost_else: Option<Money>,
) -> Vec<Pick> {
    let there = shelf.max(Quantity::ZERO).min(quantity);
    let short = quantity.saturating_sub(there);
    let mut picks = Vec::with_capacity(1);
    if there.is_positive() {
        picks.push(Pick { goods: Goods::Layer(origin.clone()), quantity: there });
    }
    if short.is_positive() {
        // What is missing already keeps its cost, and more of it costs the same.
        let cost = if shelf.is_zero() { origin.unit_cost.or(cost_else) } else { origin.unit_cost };
        picks.push(Pick { goods: Goods::Shortage(cost), quantity: short });
    }
    picks
}

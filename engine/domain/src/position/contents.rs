//! What a position consists of: mostly one layer on its shelf, else a box of layers.

use alloc::vec::Vec;

use super::Position;
use crate::layer::{Area, Origin, Pick, unit_cost_of, value_of};
use crate::layers::{Layers, Picking, Worth, pick_single};
use crate::quantity::{Money, Quantity};
use crate::time::{Day, Timestamp};

/// The stock of a position under the method of the moving average: what it is worth, and what a unit cost
/// when there was something last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Average {
    /// Value of all units, below zero when they are.
    pub value: Money,
    /// Value ÷ quantity, kept while there is nothing.
    pub unit_cost: Option<Money>,
}

/// Layers that do not fit in place, and the average that no longer follows from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The layers.
    pub layers: Layers,
    /// The same stock under the other method.
    pub average: Average,
}

/// The one layer that lies in place: without a lot and an expiry. Its quantity is that of the shelf; below
/// zero it is what the shelf is short of, at zero its cost is that of the last unit that was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Single {
    received_at: Timestamp,
    sequence: u64,
    cost: Cost,
}

/// A unit cost in eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost(i64);

/// No cost that a caller can give comes near it.
const UNKNOWN: i64 = i64::MIN;

impl Default for Cost {
    fn default() -> Self {
        Self(UNKNOWN)
    }
}

impl From<Option<Money>> for Cost {
    fn from(cost: Option<Money>) -> Self {
        Self(cost.map_or(UNKNOWN, Money::millionths))
    }
}

impl From<Cost> for Option<Money> {
    fn from(cost: Cost) -> Self {
        (cost.0 != UNKNOWN).then(|| Money::from_millionths(cost.0))
    }
}

impl From<&Origin> for Single {
    fn from(origin: &Origin) -> Self {
        let Origin { received_at, sequence, unit_cost, .. } = *origin;
        Self { received_at, sequence, cost: unit_cost.into() }
    }
}

impl From<Single> for Origin {
    fn from(single: Single) -> Self {
        let Single { received_at, sequence, cost } = single;
        Self { received_at, sequence, lot: None, expiry: None, unit_cost: cost.into() }
    }
}

/// A look at what a position consists of.
#[derive(Debug, Clone)]
pub enum Contents<'a> {
    /// At most one layer, on the shelf: its quantity and origin.
    Single(Quantity, Origin),
    /// More than that.
    Many(&'a Layers),
}

impl Contents<'_> {
    /// Nothing, and nothing known.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Single(Quantity::ZERO, Origin::default())
    }

    /// The same as layers of one's own.
    #[must_use]
    pub fn to_layers(&self) -> Layers {
        match self {
            Self::Single(shelf, origin) => Layers::single(*shelf, origin.clone()),
            Self::Many(layers) => (*layers).clone(),
        }
    }

    /// What it is worth by its layers; `None` when that does not fit.
    #[must_use]
    pub fn value(&self) -> Option<Money> {
        match self {
            Self::Single(shelf, origin) => value_of(origin.unit_cost, *shelf),
            Self::Many(layers) => layers.value(),
        }
    }

    /// Unit cost of what left the shelf last, or lies there as its only layer.
    #[must_use]
    pub const fn last_cost(&self) -> Option<Money> {
        match self {
            Self::Single(_, origin) => origin.unit_cost,
            Self::Many(layers) => layers.last_cost(),
        }
    }

    /// What a unit costs, when that is the same for all that is there and for all that is missing.
    #[must_use]
    pub fn common_cost(&self) -> Option<Option<Money>> {
        match self {
            Self::Single(_, origin) => Some(origin.unit_cost),
            Self::Many(layers) => layers.common_cost(),
        }
    }

    /// How many layers there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Single(shelf, _) => shelf.is_positive() as usize,
            Self::Many(layers) => layers.len(),
        }
    }

    /// Whether there is no layer.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// See [`Layers::pick`].
    #[must_use]
    pub fn pick(&self, area: Area, quantity: Quantity, picking: &Picking<'_>) -> Vec<Pick> {
        match self {
            Self::Single(shelf, origin) => {
                assert!(area == Area::Shelf, "only the shelf has something, or can be short");
                pick_single(*shelf, origin, quantity, picking.cost_else)
            }
            Self::Many(layers) => layers.pick(area, quantity, picking),
        }
    }

    /// See [`Layers::worth`].
    #[must_use]
    pub fn worth(&self, from: Option<Area>, to: Option<Area>, picks: &[Pick]) -> Option<Worth> {
        match self {
            // What leaves a single layer, or adds to its shortage, changes it by a difference.
            Self::Single(shelf, origin) if (from, to) == (Some(Area::Shelf), None) => {
                let cost = picks.last().map_or(origin.unit_cost, |pick| pick.goods.unit_cost());
                let sum = |sum: Quantity, pick: &Pick| sum.checked_add(pick.quantity);
                let taken = picks.iter().try_fold(Quantity::ZERO, sum)?;
                let after = value_of(cost, shelf.checked_sub(taken)?)?;
                let left = value_of(origin.unit_cost.or(cost), *shelf)?.checked_sub(after)?;
                Some(Worth { left, entered: Money::ZERO })
            }
            Self::Single(..) => self.to_layers().worth(from, to, picks),
            Self::Many(layers) => layers.worth(from, to, picks),
        }
    }
}

/// A movement of goods at a position: they leave one area for another, or the outside.
pub type Flow<'a> = (Option<Area>, Option<Area>, &'a [Pick]);

impl Position {
    /// What it consists of.
    #[must_use]
    pub fn contents(&self) -> Contents<'_> {
        match self.rare.as_deref().and_then(|rare| rare.stack.as_deref()) {
            Some(stack) => Contents::Many(&stack.layers),
            None => Contents::Single(self.shelf(), self.single.into()),
        }
    }

    /// What lies on the shelf: available + reserved + committed.
    fn shelf(&self) -> Quantity {
        self.available.saturating_add(self.reserved).saturating_add(self.committed)
    }

    /// Origin of the one layer that lies in place; nothing, when there are more.
    #[must_use]
    pub fn single(&self) -> Origin {
        self.single.into()
    }

    /// The same without its layers, for those who look at figures only.
    #[must_use]
    pub fn without_layers(&self) -> Self {
        let rare = self.rare.as_deref().map(|rare| super::Rare {
            stack: None,
            counts: Vec::new(),
            bin: rare.bin.clone(),
            ..*rare
        });
        Self {
            item: self.item,
            location: self.location,
            available: self.available,
            reserved: self.reserved,
            committed: self.committed,
            single: self.single,
            rare: rare.map(alloc::boxed::Box::new),
            sequence: self.sequence,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
            alarms: self.alarms,
        }
    }

    /// Its layers and its average, when they do not lie in place.
    #[must_use]
    pub fn stack(&self) -> Option<&Stack> {
        self.rare.as_deref().and_then(|rare| rare.stack.as_deref())
    }

    /// What it is worth under the method of the moving average; `None` when that does not fit.
    #[must_use]
    pub fn average(&self) -> Option<Average> {
        match self.stack() {
            Some(stack) => Some(stack.average),
            None => {
                let Contents::Single(shelf, origin) = self.contents() else { return None };
                let value = value_of(origin.unit_cost, shelf)?;
                Some(Average { value, unit_cost: origin.unit_cost })
            }
        }
    }

    /// The first day on which something on its shelf may be sold for the last time.
    #[must_use]
    pub fn first_expiry(&self) -> Option<Day> {
        self.stack()?.layers.first_expiry()
    }

    /// Takes in what came and went, if anything did. `average` is there exactly when the layers do not fit
    /// in place afterwards. To be called before the figures change.
    pub(super) fn stir<'a>(
        &mut self,
        flows: impl Iterator<Item = Flow<'a>> + Clone,
        average: Option<Average>,
    ) {
        let mut rest = flows.clone();
        match (rest.next(), rest.next()) {
            (None, _) => return,
            (Some((Some(Area::Shelf), None, picks)), None)
                if average.is_none() && self.stack().is_none() =>
            {
                let last = picks.last().map(|pick| pick.goods.unit_cost());
                self.single.cost = last.map_or(self.single.cost, Cost::from);
                return;
            }
            _ => {}
        }
        let mut layers = self.take_layers();
        for (from, to, picks) in flows {
            layers.apply(from, to, picks);
        }
        self.set_layers(layers, average);
    }

    fn take_layers(&mut self) -> Layers {
        match self.rare.as_deref_mut().and_then(|rare| rare.stack.take()) {
            Some(stack) => stack.layers,
            None => self.contents().to_layers(),
        }
    }

    /// Puts layers in place or into the box.
    pub(super) fn set_layers(&mut self, layers: Layers, average: Option<Average>) {
        let stack = match average {
            Some(average) => {
                self.single = Single::default();
                Some(alloc::boxed::Box::new(Stack { layers, average }))
            }
            None => {
                let origin = layers.as_single().expect("an average comes with what does not fit");
                self.single = Single::from(&origin);
                None
            }
        };
        self.change_rare(|rare| rare.stack = stack);
    }

    /// Puts what was stored: the origin in place, or the box.
    pub fn set_contents(&mut self, origin: &Origin, stack: Option<Stack>) {
        self.single = Single::from(origin);
        self.change_rare(|rare| rare.stack = stack.map(alloc::boxed::Box::new));
    }
}

/// An average after something came or went.
impl Average {
    /// Goods came in. While there is less than nothing, they fill that at the average first.
    #[must_use]
    pub fn plus(self, there: Quantity, quantity: Quantity, value: Money) -> Option<Self> {
        let covers = if there.is_negative() { there.abs().min(quantity) } else { Quantity::ZERO };
        let rest = quantity.checked_sub(covers)?;
        let own = if covers.is_zero() {
            value
        } else {
            let before = value_of(self.unit_cost, there)?;
            let filled =
                value_of(self.unit_cost, there.checked_add(covers)?)?.checked_sub(before)?;
            let rest = crate::layer::share_of(value, rest, quantity)?;
            filled.checked_add(rest)?
        };
        self.to(self.value.checked_add(own)?, there.checked_add(quantity)?)
    }

    /// Goods left: what is there goes at the average, what is not there too.
    #[must_use]
    pub fn minus(self, there: Quantity, quantity: Quantity) -> Option<(Self, Money)> {
        let from_there = quantity.min(there).max(Quantity::ZERO);
        let short = quantity.checked_sub(from_there)?;
        let share = if from_there.is_zero() {
            Money::ZERO
        } else {
            crate::layer::share_of(self.value, from_there, there)?
        };
        let below = there.min(Quantity::ZERO);
        let missing = value_of(self.unit_cost, below)?
            .checked_sub(value_of(self.unit_cost, below.checked_sub(short)?)?)?;
        let left = share.checked_add(missing)?;
        let after = self.to(self.value.checked_sub(left)?, there.checked_sub(quantity)?)?;
        Some((after, left))
    }

    /// The same units are worth so much more, or less.
    #[must_use]
    pub fn worth_more(self, value: Money, there: Quantity) -> Option<Self> {
        self.to(self.value.checked_add(value)?, there)
    }

    fn to(self, value: Money, quantity: Quantity) -> Option<Self> {
        let unit_cost =
            if quantity.is_zero() { self.unit_cost } else { Some(unit_cost_of(value, quantity)?) };
        Some(Self { value, unit_cost })
    }
}

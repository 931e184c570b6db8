//! Goods that come and go: layers, their value, and what follows from it.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::{Draft, Nature};
use crate::catalog::{ItemNumber, Strategy};
use crate::change::{Movement, MovementKind};
use crate::ids::LotNumber;
use crate::layer::{Area, Goods, Layer, Origin, Pick, unit_cost_of, value_of};
use crate::layers::{LAYERS_MAX, Layers, Picking};
use crate::position::{Average, Bucket, Contents, Position, PositionNumber};
use crate::quantity::{Money, Quantity};
use crate::rejection::{Limit, Rejection};
use crate::time::{Day, Timestamp};

/// What a change has done to layers so far. A position that is stirred once needs nothing but a note.
#[derive(Default)]
pub(super) struct Stirred {
    first: Option<usize>,
    others: BTreeSet<usize>,
    /// Layers of positions that are stirred again.
    staged: BTreeMap<usize, Layers>,
}

impl Stirred {
    fn holds(&self, at: usize) -> bool {
        self.first == Some(at) || self.others.contains(&at)
    }

    fn note(&mut self, at: usize) {
        if self.first.is_none() {
            self.first = Some(at);
        } else if self.first != Some(at) {
            self.others.insert(at);
        }
    }

    fn all(&self) -> impl Iterator<Item = usize> {
        self.first.into_iter().chain(self.others.iter().copied())
    }
}

/// A ledger entry about goods.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) kind: MovementKind,
    pub(crate) from: Option<Bucket>,
    pub(crate) to: Option<Bucket>,
    /// When it happened, if not when the record says.
    pub(crate) occurred_at: Option<Timestamp>,
}

impl Entry {
    pub(crate) const fn enter(kind: MovementKind, to: Bucket) -> Self {
        Self { kind, from: None, to: Some(to), occurred_at: None }
    }

    pub(crate) const fn leave(kind: MovementKind, from: Bucket) -> Self {
        Self { kind, from: Some(from), to: None, occurred_at: None }
    }

    pub(crate) const fn within(kind: MovementKind, from: Bucket, to: Bucket) -> Self {
        Self { kind, from: Some(from), to: Some(to), occurred_at: None }
    }
}

impl<'a> Draft<'a> {
    fn base(&self, at: usize) -> Option<&Position> {
        self.stock.position(self.number(at))
    }

    /// What a position consists of, as this change leaves it so far.
    pub(crate) fn contents(&mut self, at: usize) -> Contents<'_> {
        if self.stirred.holds(at) && !self.stirred.staged.contains_key(&at) {
            let mut layers =
                self.base(at).map_or_else(Layers::default, |held| held.contents().to_layers());
            for (from, to, picks) in self.change.flows(as_u32(at)) {
                layers.apply(from, to, picks);
            }
            self.stirred.staged.insert(at, layers);
        }
        match self.stirred.staged.get(&at) {
            Some(layers) => Contents::Many(layers),
            None => self.base(at).map_or_else(Contents::nothing, Position::contents),
        }
    }

    /// The average of a position, as this change leaves it so far.
    fn average(&mut self, at: usize) -> Result<Average, Rejection> {
        if let Some(average) = self.change.positions.get(at).and_then(|held| held.average) {
            return Ok(average);
        }
        if !self.stirred.holds(at) {
            let average = self.base(at).map_or(Some(Average::default()), Position::average);
            return average.ok_or(Rejection::QuantityOverflow);
        }
        let contents = self.contents(at);
        let value = contents.value().ok_or(Rejection::QuantityOverflow)?;
        Ok(Average { value, unit_cost: contents.last_cost() })
    }

    /// Order in which layers of an item leave.
    fn strategy(&self, item: ItemNumber) -> Strategy {
        let attributes = self.item(item).and_then(|item| item.attributes.as_ref());
        attributes.map_or_else(Strategy::default, |attributes| attributes.strategy)
    }

    /// Cost of a unit that was set for an item.
    pub(crate) fn item_cost(&self, item: ItemNumber) -> Option<Money> {
        self.item(item)?.attributes.as_ref()?.unit_cost
    }

    /// Value ÷ quantity of a position, in transit included; of nothing, the last cost there was.
    pub(crate) fn average_cost(&mut self, at: usize) -> Result<Option<Money>, Rejection> {
        let total = total(&self.figures(at));
        let contents = self.contents(at);
        if total.is_zero() {
            return Ok(contents.last_cost());
        }
        match contents.common_cost() {
            Some(cost) => Ok(cost),
            None => {
                let value = contents.value().ok_or(Rejection::QuantityOverflow)?;
                unit_cost_of(value, total).map(Some).ok_or(Rejection::QuantityOverflow)
            }
        }
    }

    /// Cost of goods that were found: the position's average, else that of the item over all locations,
    /// else what was set for the item.
    pub(crate) fn found_cost(&mut self, at: usize) -> Result<Option<Money>, Rejection> {
        if let Some(cost) = self.average_cost(at)? {
            return Ok(Some(cost));
        }
        let (item, _) = self.place_of(at);
        let stock = self.stock;
        let (mut value, mut quantity) = (Money::ZERO, Quantity::ZERO);
        let mut is_known = false;
        for held in stock.item_positions(item).filter_map(|number| stock.position(number)) {
            let contents = held.contents();
            let worth = contents.value().ok_or(Rejection::QuantityOverflow)?;
            is_known |= !total(&held.figures()).is_zero() && contents.common_cost() != Some(None);
            value = value.checked_add(worth).ok_or(Rejection::QuantityOverflow)?;
            quantity = quantity.saturating_add(total(&held.figures()));
        }
        if !is_known || quantity.is_zero() {
            return Ok(self.item_cost(item));
        }
        unit_cost_of(value, quantity).map(Some).ok_or(Rejection::QuantityOverflow)
    }

    /// What leaves a bucket: by the item's strategy, the named lot first.
    pub(crate) fn pick(
        &mut self,
        at: usize,
        from: Bucket,
        quantity: Quantity,
        lot: Option<&LotNumber>,
    ) -> Vec<Pick> {
        let (item, _) = self.place_of(at);
        let (strategy, cost_else) = (self.strategy(item), self.cost_else(at));
        let promised = self.promised(at);
        let picking = Picking { strategy, lot, promised: &promised, cost_else };
        self.contents(at).pick(from.area(), quantity, &picking)
    }

    /// What a unit costs that is not there, where none was on the shelf before: the average of what lies
    /// elsewhere in the position, else what was set for the item.
    fn cost_else(&mut self, at: usize) -> Option<Money> {
        let is_nothing = total(&self.figures(at)).is_zero();
        let average = match self.contents(at) {
            Contents::Many(_) if !is_nothing => self.average_cost(at).ok().flatten(),
            _ => None,
        };
        let (item, _) = self.place_of(at);
        average.or_else(|| self.item_cost(item))
    }

    /// What is promised by lot at a position, as this change leaves it so far.
    fn promised(&self, at: usize) -> Cow<'a, [(LotNumber, Quantity)]> {
        let number = self.number(at);
        let held = self.stock.promises.by_lot(number);
        let mut ours = self.lot_holds.iter().filter(|hold| hold.0 == number).peekable();
        if ours.peek().is_none() {
            return Cow::Borrowed(held);
        }
        let mut promised = held.to_vec();
        for (_, lot, more) in ours {
            match promised.iter_mut().find(|(held, _)| held == lot) {
                Some((_, sum)) => *sum = sum.saturating_add(*more),
                None => promised.push((lot.clone(), *more)),
            }
        }
        Cow::Owned(promised)
    }

    /// What leaves a bucket again: these goods, as far as they are there, then by the item's strategy.
    pub(crate) fn pick_again(
        &mut self,
        at: usize,
        from: Bucket,
        quantity: Quantity,
        wanted: &[Pick],
    ) -> Vec<Pick> {
        let (item, _) = self.place_of(at);
        let (strategy, cost_else) = (self.strategy(item), self.item_cost(item));
        let (area, promised) = (from.area(), self.promised(at));
        let mut layers = self.contents(at).to_layers();
        let mut picks: Vec<Pick> = Vec::new();
        let mut rest = quantity;
        for goods in wanted.iter().map(|pick| (&pick.goods, pick.quantity)) {
            let (Goods::Layer(origin), most) = goods else { continue };
            let Some(there) = layers.find(area, origin) else { continue };
            let (origin, part) = (there.origin.clone(), there.quantity.min(most).min(rest));
            if !part.is_positive() {
                continue;
            }
            rest = rest.saturating_sub(part);
            let pick = Pick { goods: Goods::Layer(origin), quantity: part };
            layers.apply(Some(area), None, core::slice::from_ref(&pick));
            picks.push(pick);
        }
        if rest.is_positive() {
            let picking = Picking { strategy, lot: None, promised: &promised, cost_else };
            for more in layers.pick(area, rest, &picking) {
                match picks.iter_mut().find(|pick| pick.goods == more.goods) {
                    Some(pick) => pick.quantity = pick.quantity.saturating_add(more.quantity),
                    None => picks.push(more),
                }
            }
        }
        picks
    }

    /// How much of a lot in a bucket is not promised by its number.
    pub(crate) fn free_of_lot(&mut self, at: usize, bucket: Bucket, lot: &LotNumber) -> Quantity {
        let area = bucket.area();
        let there = match self.contents(at) {
            Contents::Single(..) => Quantity::ZERO,
            Contents::Many(layers) => layers.of_lot(area, lot),
        };
        if area != Area::Shelf {
            return there;
        }
        let number = self.number(at);
        there.saturating_sub(self.promised_of_lot(number, lot))
    }

    /// How much of a lot is promised by its number, by this change too.
    pub(crate) fn promised_of_lot(&self, number: PositionNumber, lot: &LotNumber) -> Quantity {
        let held = self.stock.promises.by_lot(number).iter().filter(|(held, _)| held == lot);
        let ours = self.lot_holds.iter().filter(|hold| hold.0 == number && hold.1 == *lot);
        let sum = |sum: Quantity, quantity: Quantity| sum.saturating_add(quantity);
        let held = held.map(|(_, quantity)| *quantity).fold(Quantity::ZERO, sum);
        ours.map(|hold| hold.2).fold(held, sum)
    }

    /// Takes note that this change promises so much more of a lot, or gives it back.
    pub(crate) fn hold_lot(&mut self, number: PositionNumber, lot: &LotNumber, more: Quantity) {
        self.lot_holds.push((number, lot.clone(), more));
    }

    /// The expiry of a lot that is there, for goods of it that come back or are found.
    pub(crate) fn expiry_of_lot(&mut self, at: usize, lot: &LotNumber) -> Option<Day> {
        let Contents::Many(layers) = self.contents(at) else { return None };
        let mut of_lot = layers.iter().filter(|(_, layer)| layer.origin.lot.as_ref() == Some(lot));
        of_lot.find_map(|(_, layer)| layer.origin.expiry)
    }

    /// Books goods that come in from outside as a layer of this origin.
    pub(crate) fn bring(&mut self, at: usize, entry: Entry, layer: Layer) -> Result<(), Rejection> {
        let to = entry.to.expect("what comes in enters a bucket");
        let Layer { mut origin, quantity } = layer;
        if origin.lot.is_some() && !self.has_room(at, to.area(), &origin) {
            if self.nature == Nature::Wish {
                let limit = u32::try_from(LAYERS_MAX).unwrap_or(u32::MAX);
                return Err(Rejection::LimitExceeded { what: Limit::Layers, limit });
            }
            origin.lot = None;
            self.change.lot_dropped = true;
        }
        let picks = alloc::vec![Pick { goods: Goods::Layer(origin), quantity }];
        self.book_goods(at, entry, quantity, picks, None)?;
        self.limit_layers(at)
    }

    fn has_room(&mut self, at: usize, area: Area, origin: &Origin) -> bool {
        match self.contents(at) {
            Contents::Single(..) => true,
            Contents::Many(layers) => {
                layers.len() < LAYERS_MAX || layers.find(area, origin).is_some()
            }
        }
    }

    /// Neighbours without a lot number become one while there are too many layers.
    pub(crate) fn limit_layers(&mut self, at: usize) -> Result<(), Rejection> {
        let held = self.base(at).map_or(0, |held| held.contents().len());
        if held.saturating_add(self.change.picks.len()) <= LAYERS_MAX {
            return Ok(());
        }
        loop {
            let Contents::Many(layers) = self.contents(at) else { return Ok(()) };
            if layers.len() <= LAYERS_MAX {
                return Ok(());
            }
            let Some((area, one, other)) = layers.nearest_nameless() else { return Ok(()) };
            let (bucket, picks) = (bucket_of(area), merged(one, other)?);
            let entry = Entry::within(MovementKind::Revaluation, bucket, bucket);
            self.book_goods(at, entry, Quantity::ZERO, picks, None)?;
        }
    }

    /// Books goods that leave a bucket for another one, or for the outside, by the item's strategy.
    pub(crate) fn send(
        &mut self,
        at: usize,
        entry: Entry,
        quantity: Quantity,
        lot: Option<&LotNumber>,
    ) -> Result<(), Rejection> {
        let from = entry.from.expect("what goes leaves a bucket");
        let picks = self.pick(at, from, quantity, lot);
        self.book_goods(at, entry, quantity, picks, None)
    }

    /// Books a movement of goods with the layers it takes or brings.
    ///
    /// Its value is what they are worth at their own cost. What the position is worth more or less beyond
    /// that (goods that came in filled a shortage at another cost, parts were rounded) is a movement of its
    /// own, so that the values of all movements are always the value that is there.
    pub(crate) fn book_goods(
        &mut self,
        at: usize,
        entry: Entry,
        quantity: Quantity,
        picks: Vec<Pick>,
        value: Option<Money>,
    ) -> Result<(), Rejection> {
        let overflow = || Rejection::QuantityOverflow;
        let Entry { kind, from, to, occurred_at } = entry;
        let (from_area, to_area) = (from.map(Bucket::area), to.map(Bucket::area));
        let there = total(&self.figures(at));
        let contents = self.contents(at);
        let worth = contents.worth(from_area, to_area, &picks).ok_or_else(overflow)?;
        let stays_single = matches!(contents, Contents::Single(..))
            && (from_area, to_area) == (Some(Area::Shelf), None);
        let own = own_value(&picks).ok_or_else(overflow)?;
        let change = worth.entered.checked_sub(worth.left).ok_or_else(overflow)?;
        let (value, own) = match (from, to) {
            (None, Some(_)) => {
                // A join may be rounded; only a filled shortage is a difference of costs.
                let fills = to_area == Some(Area::Shelf) && is_short(&contents);
                let value = value.unwrap_or(if fills { own } else { worth.entered });
                (value, value)
            }
            (Some(_), None) => {
                let value = value.unwrap_or(worth.left);
                (value, value.negated())
            }
            _ if from_area == to_area => (change, change),
            _ => (worth.left, Money::ZERO),
        };
        let average = if stays_single {
            None
        } else {
            let average = self.average(at)?;
            let after = match (from, to) {
                (None, Some(_)) => average.plus(there, quantity, value),
                (Some(_), None) => average.minus(there, quantity).map(|(after, _)| after),
                _ => Some(average),
            };
            Some(after.ok_or_else(overflow)?)
        };
        self.book(at, kind, from, to, quantity)?;
        let movement = self.change.movements.last_mut().expect("booked just now");
        movement.value = value;
        movement.picks = u32::try_from(picks.len()).unwrap_or(u32::MAX);
        movement.occurred_at = occurred_at;
        if let Some(layers) = self.stirred.staged.get_mut(&at) {
            layers.apply(from_area, to_area, &picks);
        }
        self.stirred.note(at);
        if self.change.picks.is_empty() {
            self.change.picks = picks;
        } else {
            self.change.picks.extend(picks);
        }
        if let Some(held) = self.change.positions.get_mut(at) {
            held.average = average;
        }
        let rest = change.checked_sub(own).ok_or_else(overflow)?;
        if !rest.is_zero() {
            self.revalue(at, rest)?;
        }
        Ok(())
    }

    /// Books that a position is worth more or less, although no goods moved.
    fn revalue(&mut self, at: usize, value: Money) -> Result<(), Rejection> {
        self.book(at, MovementKind::Revaluation, None, None, Quantity::ZERO)?;
        let movement: &mut Movement = self.change.movements.last_mut().expect("booked just now");
        movement.value = value;
        Ok(())
    }

    /// Replaces the average of a position, when all of it was given another cost.
    pub(crate) fn set_average(&mut self, at: usize, average: Average) {
        if let Some(held) = self.change.positions.get_mut(at) {
            held.average = Some(average);
        }
    }

    /// The average of a position, for a revaluation.
    pub(crate) fn average_of(&mut self, at: usize) -> Result<Average, Rejection> {
        self.average(at)
    }

    /// Ends what was done to layers: an average is told only where it does not follow from them.
    pub(super) fn settle_averages(&mut self) {
        let stirred: Vec<usize> = self.stirred.all().collect();
        for at in stirred {
            let told = self.change.positions.get(at).and_then(|held| held.average);
            let Some(average) = told.or_else(|| self.stack_average(at)) else { continue };
            let follows = self.follows(at, average);
            if let Some(held) = self.change.positions.get_mut(at) {
                held.average = (!follows).then_some(average);
            }
        }
    }

    fn stack_average(&self, at: usize) -> Option<Average> {
        self.base(at).and_then(Position::stack).map(|stack| stack.average)
    }

    /// Whether an average follows from the layers, because there is one at most.
    fn follows(&mut self, at: usize, average: Average) -> bool {
        let picked = self.change.picks.len();
        let before = self.base(at).map_or(0, |held| held.contents().len());
        if before > picked.saturating_add(1) {
            return false;
        }
        let shelf = self.figures(at).shelf();
        let Contents::Many(layers) = self.contents(at) else { return true };
        layers.as_single().is_some_and(|origin| {
            let value = value_of(origin.unit_cost, shelf);
            value == Some(average.value)
                && origin.unit_cost.or(average.unit_cost) == average.unit_cost
        })
    }
}

/// All units of a position, wherever they lie.
pub(crate) fn total(figures: &crate::position::Figures) -> Quantity {
    figures.on_hand().saturating_add(figures.in_transit)
}

fn as_u32(at: usize) -> u32 {
    u32::try_from(at).expect("a change has fewer positions")
}

fn is_short(contents: &Contents<'_>) -> bool {
    match contents {
        Contents::Single(shelf, _) => shelf.is_negative(),
        Contents::Many(layers) => !layers.shortage().is_zero(),
    }
}

fn own_value(picks: &[Pick]) -> Option<Money> {
    picks.iter().try_fold(Money::ZERO, |sum, pick| {
        sum.checked_add(value_of(pick.goods.unit_cost(), pick.quantity)?)
    })
}

/// The bucket that stands for an area.
pub(crate) const fn bucket_of(area: Area) -> Bucket {
    match area {
        Area::Shelf => Bucket::Available,
        Area::Damaged => Bucket::Damaged,
        Area::QualityHold => Bucket::QualityHold,
        Area::InTransit => Bucket::InTransit,
    }
}

/// Two layers as one: the earlier day, the cost of both together.
fn merged(one: &Layer, other: &Layer) -> Result<Vec<Pick>, Rejection> {
    let overflow = || Rejection::QuantityOverflow;
    let entering = |origin, quantity| Pick { goods: Goods::Layer(origin), quantity };
    let leaving = |layer: &Layer| entering(layer.origin.clone(), layer.quantity.negated());
    if one.origin.unit_cost == other.origin.unit_cost {
        return Ok(alloc::vec![leaving(other), entering(one.origin.clone(), other.quantity)]);
    }
    let quantity = one.quantity.checked_add(other.quantity).ok_or_else(overflow)?;
    let value = one.value().and_then(|value| value.checked_add(other.value()?));
    let cost = value.and_then(|value| unit_cost_of(value, quantity)).ok_or_else(overflow)?;
    let origin = Origin { unit_cost: Some(cost), ..one.origin.clone() };
    Ok(alloc::vec![leaving(one), leaving(other), entering(origin, quantity)])
}

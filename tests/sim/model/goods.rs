//! Goods that come and go: a movement, the layers it takes and brings, and what that is worth.

use onhand_domain::catalog::Strategy;
use onhand_domain::change::MovementKind;
use onhand_domain::command::Detail;
use onhand_domain::ids::LotNumber;
use onhand_domain::layer::{Area, Goods, Origin, Pick};
use onhand_domain::position::Bucket;
use onhand_domain::quantity::Money;
use onhand_domain::rejection::{Limit, Rejection};
use onhand_domain::time::{Day, Timestamp};

use super::layers::{Layer, Layers, Picking};
use super::shop::{Key, Position};
use super::step::{Step, quantity};
use super::worth::{Average, Cost, cost_of, money, worth};

/// Most layers of a position.
const LAYERS_MAX: usize = 1_000;

/// A movement in the making: its kind, from where to where, and when, if not now.
pub(super) type Entry = (MovementKind, (Option<Bucket>, Option<Bucket>), Option<Timestamp>);

pub(super) fn enter(kind: MovementKind, to: Bucket) -> Entry {
    (kind, (None, Some(to)), None)
}

pub(super) fn leave(kind: MovementKind, from: Bucket) -> Entry {
    (kind, (Some(from), None), None)
}

pub(super) fn within(kind: MovementKind, from: Bucket, to: Bucket) -> Entry {
    (kind, (Some(from), Some(to)), None)
}

pub(super) fn pick_of(origin: &Origin, amount: i64) -> Pick {
    Pick { goods: Goods::Layer(origin.clone()), quantity: quantity(amount) }
}

/// The bucket that stands for an area.
pub(super) const fn bucket_of(area: Area) -> Bucket {
    match area {
        Area::Shelf => Bucket::Available,
        Area::Damaged => Bucket::Damaged,
        Area::QualityHold => Bucket::QualityHold,
        Area::InTransit => Bucket::InTransit,
    }
}

impl Position {
    /// All units, wherever they lie.
    pub(crate) fn units(&self) -> i64 {
        self.buckets.iter().fold(0, |sum, held| sum.saturating_add(*held))
    }

    /// What it is worth by the other method; where nothing else is known, that follows from its layers.
    pub(crate) fn averaged(&self) -> Average {
        self.average.unwrap_or_else(|| {
            let cost = self.layers.single_cost().unwrap_or(self.layers.last_cost);
            Average { value: self.layers.value(), cost }
        })
    }
}

impl Step {
    pub(super) fn held(&self, key: &Key) -> Position {
        self.shop().positions.get(key).cloned().unwrap_or_default()
    }

    fn held_mut(&mut self, key: &Key) -> &mut Position {
        self.shop_mut().positions.get_mut(key).expect("a position that was touched")
    }

    pub(super) fn item_cost(&self, key: &Key) -> Cost {
        self.shop().items.get(&key.0)?.attributes.as_ref()?.unit_cost
    }

    fn strategy(&self, key: &Key) -> Strategy {
        let item = self.shop().items.get(&key.0);
        item.and_then(|item| item.attributes.as_ref()).map_or(Strategy::Fifo, |said| said.strategy)
    }

    /// Value ÷ quantity; of nothing, the last cost. Nothing, when no cost is known.
    fn average_cost(&self, key: &Key) -> Result<Cost, Rejection> {
        let held = self.held(key);
        if held.units() == 0 {
            return Ok(held.layers.last_cost);
        }
        match held.layers.costs().as_slice() {
            [one] => Ok(*one),
            _ => cost_of(held.layers.value(), held.units()),
        }
    }

    /// "else the position's average, else the item's average over all locations, else the item's".
    pub(super) fn found_cost(&self, key: &Key) -> Result<Cost, Rejection> {
        if let Some(cost) = self.average_cost(key)? {
            return Ok(Some(cost));
        }
        let positions = self.shop().positions_of(&key.0);
        let all: Vec<Position> = positions.iter().map(|key| self.held(key)).collect();
        let value = money(all.iter().map(|held| held.layers.value()).sum())?;
        let units = all.iter().map(Position::units).fold(0, i64::saturating_add);
        let there = all.iter().filter(|held| held.units() != 0);
        let is_known = there.flat_map(|held| held.layers.costs()).any(|cost| cost.is_some());
        if !is_known || units == 0 {
            return Ok(self.item_cost(key));
        }
        cost_of(i128::from(value.millionths()), units)
    }

    /// What leaves a bucket. What is not there costs what the last unit did, else the average, else what
    /// is said about the item.
    pub(super) fn pick(
        &self,
        key: &Key,
        from: Bucket,
        amount: i64,
        lot: Option<&LotNumber>,
    ) -> Result<Vec<Pick>, Rejection> {
        let held = self.held(key);
        let average = if held.units() == 0 { None } else { self.average_cost(key)? };
        let (strategy, cost_else) = (self.strategy(key), average.or_else(|| self.item_cost(key)));
        let how = Picking { strategy, lot, spared: &held.promised, cost_else };
        Ok(held.layers.pick(from.area(), amount, &how))
    }

    /// The same goods, as far as they are there, then others by the strategy.
    pub(super) fn pick_again(
        &self,
        key: &Key,
        from: Bucket,
        amount: i64,
        wanted: &[Pick],
    ) -> Result<Vec<Pick>, Rejection> {
        let (area, mut held) = (from.area(), self.held(key));
        let mut picks: Vec<Pick> = Vec::new();
        let mut rest = amount;
        for pick in wanted {
            let Goods::Layer(origin) = &pick.goods else { continue };
            let Some(layer) = held.layers.find(area, origin).cloned() else { continue };
            let part = layer.amount.min(pick.quantity.millionths()).min(rest);
            if part > 0 {
                let pick = pick_of(&layer.origin, part);
                held.layers.apply(Some(area), None, std::slice::from_ref(&pick));
                picks.push(pick);
                rest -= part;
            }
        }
        let how = Picking {
            strategy: self.strategy(key),
            lot: None,
            spared: &held.promised,
            cost_else: self.item_cost(key),
        };
        for more in held.layers.pick(area, rest, &how) {
            match picks.iter_mut().find(|pick| pick.goods == more.goods) {
                Some(pick) => pick.quantity = pick.quantity.saturating_add(more.quantity),
                None => picks.push(more),
            }
        }
        Ok(picks)
    }

    /// How much of a lot in a bucket nobody has been promised by its number.
    pub(super) fn free_of_lot(&self, key: &Key, bucket: Bucket, lot: &LotNumber) -> i64 {
        let (held, area) = (self.held(key), bucket.area());
        let promised = held.promised.get(lot).copied().unwrap_or(0);
        held.layers.of_lot(area, lot) - if area == Area::Shelf { promised } else { 0 }
    }

    /// What of a bucket, or of a lot in it, a wish may take.
    pub(super) fn free_of(&self, key: &Key, bucket: Bucket, lot: Option<&LotNumber>) -> i64 {
        let free = self.get(key, bucket);
        lot.map_or(free, |lot| free.min(self.free_of_lot(key, bucket, lot)))
    }

    /// The day of a lot that is there.
    pub(super) fn expiry_of_lot(&self, key: &Key, lot: &LotNumber) -> Option<Day> {
        let held = self.held(key);
        let mut of_lot =
            held.layers.all.iter().filter(|layer| layer.origin.lot.as_ref() == Some(lot));
        of_lot.find_map(|layer| layer.origin.expiry)
    }

    /// Where goods come from that are told of now.
    pub(super) fn origin(&self, detail: Option<&Detail>, unit_cost: Cost) -> Origin {
        let occurred = detail.and_then(|detail| detail.occurred_at);
        Origin {
            received_at: occurred.unwrap_or(Timestamp::from_millis(self.now)),
            sequence: self.sequence,
            lot: detail.and_then(|detail| detail.lot.clone()),
            expiry: detail.and_then(|detail| detail.expiry),
            unit_cost,
        }
    }

    pub(super) fn send(
        &mut self,
        key: &Key,
        entry: Entry,
        amount: i64,
        lot: Option<&LotNumber>,
    ) -> Result<usize, Rejection> {
        let from = (entry.1).0.expect("what goes leaves a bucket");
        self.touch(key);
        let picks = self.pick(key, from, amount, lot)?;
        self.book_goods(key, entry, amount, picks, None)
    }

    /// Goods come in from outside. There is an end to how many lots a position can tell apart.
    pub(super) fn bring(
        &mut self,
        key: &Key,
        entry: Entry,
        mut origin: Origin,
        amount: i64,
    ) -> Result<(), Rejection> {
        let area = (entry.1).1.expect("what comes enters a bucket").area();
        let held = self.held(key);
        let has_room =
            held.layers.all.len() < LAYERS_MAX || held.layers.find(area, &origin).is_some();
        if origin.lot.is_some() && !has_room {
            if !self.is_fact {
                let limit = u32::try_from(LAYERS_MAX).expect("small");
                return Err(Rejection::LimitExceeded { what: Limit::Layers, limit });
            }
            origin.lot = None;
            self.told.lot_dropped = true;
        }
        self.book_goods(key, entry, amount, vec![pick_of(&origin, amount)], None)?;
        self.limit_layers(key)
    }

    /// "beyond that the two nearest layers without a lot number merge".
    pub(super) fn limit_layers(&mut self, key: &Key) -> Result<(), Rejection> {
        while self.held(key).layers.all.len() > LAYERS_MAX {
            let Some((one, other)) = nearest(&self.held(key).layers) else { return Ok(()) };
            let entering = |origin: &Origin, amount| pick_of(origin, amount);
            let leaving = |layer: &Layer| pick_of(&layer.origin, -layer.amount);
            let picks = if one.origin.unit_cost == other.origin.unit_cost {
                vec![leaving(&other), entering(&one.origin, other.amount)]
            } else {
                let value = worth(one.origin.unit_cost, one.amount)
                    + worth(other.origin.unit_cost, other.amount);
                let amount = one.amount + other.amount;
                let unit_cost = cost_of(value, amount)?;
                let origin = Origin { unit_cost, ..one.origin.clone() };
                vec![leaving(&one), leaving(&other), entering(&origin, amount)]
            };
            let bucket = bucket_of(one.area);
            let entry = within(MovementKind::Revaluation, bucket, bucket);
            self.book_goods(key, entry, 0, picks, None)?;
        }
        Ok(())
    }

    /// Books a movement of goods: its value is what they are worth at their own cost. What the position is
    /// worth more or less beyond that is told too, so that values add up. Returns the movement's place.
    pub(super) fn book_goods(
        &mut self,
        key: &Key,
        (kind, (from, to), occurred_at): Entry,
        amount: i64,
        picks: Vec<Pick>,
        value: Option<Money>,
    ) -> Result<usize, Rejection> {
        self.touch(key);
        let before = self.held(key);
        let occurred = occurred_at.map_or(self.occurred, Timestamp::millis);
        self.book_at(key, kind, (from, to), amount, occurred)?;
        let place = self.told.moves.len() - 1;
        let (from_area, to_area) = (from.map(Bucket::area), to.map(Bucket::area));
        let mut layers = before.layers.clone();
        layers.apply(from_area, to_area, &picks);
        let change = layers.value() - before.layers.value();
        let costs = |pick: &Pick| worth(pick.goods.unit_cost(), pick.quantity.millionths());
        let told = value.map(|value| i128::from(value.millionths()));
        let (value, own) = match (from, to) {
            (None, _) => {
                let fills = to_area == Some(Area::Shelf) && before.layers.shortage > 0;
                let own = if fills { picks.iter().map(costs).sum() } else { change };
                let value = told.unwrap_or(own);
                (value, value)
            }
            (_, None) => {
                let value = told.unwrap_or(-change);
                (value, -value)
            }
            _ if from_area == to_area => (change, change),
            _ => {
                let mut gone = before.layers.clone();
                gone.apply(from_area, None, &picks);
                (before.layers.value() - gone.value(), 0)
            }
        };
        // One layer is worth what it costs, by either method.
        let is_plain = before.average.is_none() && !self.stirred.contains(key);
        let is_plain = is_plain && before.layers.single_cost().is_some();
        let average = if is_plain && (from_area, to_area) == (Some(Area::Shelf), None) {
            None
        } else {
            let (average, there) = (before.averaged(), before.units());
            Some(match (from, to) {
                (None, _) => average.plus(there, amount, value)?,
                (_, None) => average.minus(there, amount)?,
                _ => average,
            })
        };
        self.stirred.insert(key.clone());
        let booked = &mut self.told.moves[place];
        (booked.value, booked.picks, booked.occurred_at) = (money(value)?, picks, occurred_at);
        let worth_there = money(layers.value())?;
        let held = self.held_mut(key);
        (held.layers, held.average) = (layers, average);
        held.valued += own;
        if change != own {
            self.book(key, MovementKind::Revaluation, (None, None), 0)?;
            let rest = self.told.moves.last_mut().expect("booked just now");
            rest.value = money(change - own)?;
            self.held_mut(key).valued += change - own;
        }
        assert_eq!(self.held(key).valued, i128::from(worth_there.millionths()), "values add up");
        Ok(place)
    }

    pub(super) fn set_average(&mut self, key: &Key, average: Average) {
        self.held_mut(key).average = Some(average);
    }

    /// An average is kept only where it does not follow from one layer.
    pub(super) fn settle_averages(&mut self) {
        for key in self.stirred.clone() {
            let held = self.held_mut(&key);
            let Some(average) = held.average else { continue };
            let Some(cost) = held.layers.single_cost() else { continue };
            let is_said = cost.or(average.cost) == average.cost;
            if is_said && average.value == held.layers.value() {
                held.average = None;
            }
        }
    }

    /// Promises of a lot grow or shrink.
    pub(super) fn hold_lot(&mut self, key: &Key, lot: &LotNumber, more: i64) {
        let promised = &mut self.held_mut(key).promised;
        *promised.entry(lot.clone()).or_default() += more;
        promised.retain(|_, amount| *amount != 0);
    }
}

/// The two neighbours without a lot number, in one area and of one day, that came in closest to each other.
fn nearest(layers: &Layers) -> Option<(Layer, Layer)> {
    let nameless = |it: &&Layer| it.origin.lot.is_none() && it.area != Area::InTransit;
    let all: Vec<&Layer> = layers.all.iter().filter(nameless).collect();
    let pairs = all.windows(2).filter(|pair| {
        pair[0].area == pair[1].area && pair[0].origin.expiry == pair[1].origin.expiry
    });
    let gap = |pair: &&[&Layer]| {
        pair[1].origin.received_at.millis() - pair[0].origin.received_at.millis()
    };
    pairs.min_by_key(gap).map(|pair| (pair[0].clone(), pair[1].clone()))
}

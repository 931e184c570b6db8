//! What stock consists of: layers, each of one origin, and what is missing.

use core::cmp::Ordering;

use crate::ids::LotNumber;
use crate::position::Bucket;
use crate::quantity::{Money, Quantity};
use crate::time::{Day, Timestamp};

/// Where layers of a position lie: what is promised lies on the shelf beside what is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// `available`, `reserved` and `committed` together.
    Shelf,
    /// Not fit for sale.
    Damaged,
    /// Waiting for a decision on its quality.
    QualityHold,
    /// On its way to this location.
    InTransit,
}

impl Area {
    /// All of them, in the order in which layers are listed.
    pub const ALL: [Self; 4] = [Self::Shelf, Self::Damaged, Self::QualityHold, Self::InTransit];
}

impl Bucket {
    /// Where the layers of a bucket lie.
    #[must_use]
    pub const fn area(self) -> Area {
        match self {
            Self::Available | Self::Reserved | Self::Committed => Area::Shelf,
            Self::Damaged => Area::Damaged,
            Self::QualityHold => Area::QualityHold,
            Self::InTransit => Area::InTransit,
        }
    }
}

/// Where goods come from: what all units of a layer have in common. It travels with them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin {
    /// When they were received; the earliest day of a lot that came in several times.
    pub received_at: Timestamp,
    /// The record that received them: tells layers of one instant apart.
    pub sequence: u64,
    /// Number of the lot, if it was given one.
    pub lot: Option<LotNumber>,
    /// Last day (UTC) on which they may be sold.
    pub expiry: Option<Day>,
    /// Cost of a unit; `None`: nobody said, and it counts as nothing.
    pub unit_cost: Option<Money>,
}

impl Origin {
    /// Whether goods of both lie in one layer: the same lot, expiry and cost; without a lot number the
    /// same receipt too.
    #[must_use]
    pub fn joins(&self, other: &Self) -> bool {
        self.lot == other.lot
            && self.expiry == other.expiry
            && self.unit_cost == other.unit_cost
            && (self.lot.is_some()
                || (self.received_at, self.sequence) == (other.received_at, other.sequence))
    }

    /// Neither lot nor expiry: what most stock is.
    #[must_use]
    pub const fn is_nameless(&self) -> bool {
        self.lot.is_none() && self.expiry.is_none()
    }

    /// First in, first out.
    #[must_use]
    pub fn by_age(&self, other: &Self) -> Ordering {
        (self.received_at, self.sequence).cmp(&(other.received_at, other.sequence))
    }

    /// First expired, first out; undated last, then by age.
    #[must_use]
    pub fn by_expiry(&self, other: &Self) -> Ordering {
        let rank = |origin: &Self| (origin.expiry.is_none(), origin.expiry);
        rank(self).cmp(&rank(other)).then_with(|| self.by_age(other))
    }
}

/// A quantity of one origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Layer {
    /// Where it comes from.
    pub origin: Origin,
    /// How much; above zero.
    pub quantity: Quantity,
}

impl Layer {
    /// What it is worth.
    #[must_use]
    pub fn value(&self) -> Option<Money> {
        value_of(self.origin.unit_cost, self.quantity)
    }
}

/// What a pick takes or brings.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Goods {
    /// Units of a layer.
    Layer(Origin),
    /// Units that were not there: taking them makes the shortage of the shelf larger, bringing them makes
    /// it smaller. Each stands at this cost.
    Shortage(Option<Money>),
}

impl Goods {
    /// Cost of a unit.
    #[must_use]
    pub const fn unit_cost(&self) -> Option<Money> {
        match self {
            Self::Layer(origin) => origin.unit_cost,
            Self::Shortage(cost) => *cost,
        }
    }

    /// Number of the lot, if there is one.
    #[must_use]
    pub const fn lot(&self) -> Option<&LotNumber> {
        match self {
            Self::Layer(origin) => origin.lot.as_ref(),
            Self::Shortage(_) => None,
        }
    }
}

/// The part of a movement that concerns one layer, or what was missing.
///
/// The picks of a movement leave the area of its `from` and enter that of its `to`. Of a movement within
/// one area (a revaluation, layers that were merged) those below zero leave and the others enter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pick {
    /// Which layer.
    pub goods: Goods,
    /// How much; not zero.
    pub quantity: Quantity,
}

/// What a quantity is worth at a unit cost: the product, rounded half to even to 10⁻⁶. Unknown costs count
/// as nothing. `None` when it does not fit.
///
/// The value of a layer is always this function of what is left of it, so what leaves is worth the
/// difference, and nothing is lost by rounding.
#[must_use]
pub fn value_of(unit_cost: Option<Money>, quantity: Quantity) -> Option<Money> {
    let Some(cost) = unit_cost else { return Some(Money::ZERO) };
    let product = i128::from(cost.millionths()).checked_mul(i128::from(quantity.millionths()))?;
    let value = divided(product, i128::from(crate::quantity::ONE))?;
    i64::try_from(value).ok().map(Money::from_millionths)
}

/// What one unit costs when a quantity is worth a value: rounded half to even. `None` for a quantity of
/// zero, or when it does not fit.
#[must_use]
pub fn unit_cost_of(value: Money, quantity: Quantity) -> Option<Money> {
    let millionths =
        i128::from(value.millionths()).checked_mul(i128::from(crate::quantity::ONE))?;
    let cost = divided(millionths, i128::from(quantity.millionths()))?;
    i64::try_from(cost).ok().map(Money::from_millionths)
}

/// The share of a value that a part of a quantity takes: rounded half to even.
#[must_use]
pub fn share_of(value: Money, part: Quantity, whole: Quantity) -> Option<Money> {
    let product = i128::from(value.millionths()).checked_mul(i128::from(part.millionths()))?;
    let share = divided(product, i128::from(whole.millionths()))?;
    i64::try_from(share).ok().map(Money::from_millionths)
}

/// A quotient, rounded half to even.
fn divided(dividend: i128, divisor: i128) -> Option<i128> {
    let quotient = dividend.checked_div_euclid(divisor)?;
    let rest = dividend.checked_rem_euclid(divisor)?; // zero or more, whatever the signs
    let doubled = rest.checked_mul(2)?;
    let up = match doubled.cmp(&divisor.checked_abs()?) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => quotient.checked_rem_euclid(2) == Some(1),
    };
    // Euclid's quotient rounds towards the side on which the rest is positive.
    let step = if divisor.is_negative() { -1 } else { 1 };
    if up { quotient.checked_add(step) } else { Some(quotient) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        Money::parse(text).expect("a number")
    }

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).expect("a number")
    }

    #[test]
    fn values_are_rounded_half_to_even() {
        for (cost, units, expected) in [
            ("2", "3", "6"),
            ("0.5", "0.000001", "0"),
            ("1.5", "0.000001", "0.000002"),
            ("2.5", "0.000001", "0.000002"),
            ("2.500001", "0.000001", "0.000003"),
            ("1.03", "2.5", "2.575"),
            ("1.5", "-0.000001", "-0.000002"),
            ("2.5", "-0.000001", "-0.000002"),
        ] {
            let value = value_of(Some(money(cost)), quantity(units));
            assert_eq!(value, Some(money(expected)), "{cost} × {units}");
        }
        assert_eq!(value_of(None, quantity("7")), Some(Money::ZERO));
        let most = Money::from_millionths(i64::MAX);
        assert_eq!(value_of(Some(most), quantity("2")), None);
    }

    #[test]
    fn an_average_is_rounded_half_to_even_below_zero_too() {
        for (value, units, expected) in [
            ("10", "3", "3.333333"),
            ("20", "3", "6.666667"),
            ("-10", "-4", "2.5"),
            ("-20", "-3", "6.666667"),
            ("10", "-4", "-2.5"),
            ("0.000001", "2", "0"),
            ("0.000003", "2", "0.000002"),
            ("-0.000003", "2", "-0.000002"),
            ("0.000003", "-2", "-0.000002"),
        ] {
            let cost = unit_cost_of(money(value), quantity(units));
            assert_eq!(cost, Some(money(expected)), "{value} / {units}");
        }
        assert_eq!(unit_cost_of(money("1"), Quantity::ZERO), None);
    }
}

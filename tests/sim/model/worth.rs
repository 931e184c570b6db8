//! What goods are worth: exact to a millionth, rounded half to even.

use onhand_domain::quantity::Money;
use onhand_domain::rejection::Rejection;

/// Cost of a unit; `None`: nobody said, and it counts as nothing.
pub(crate) type Cost = Option<Money>;

const ONE: i128 = 1_000_000;

/// A quotient; of two that are as near, the even one.
pub(crate) fn quotient(dividend: i128, divisor: i128) -> i128 {
    let (dividend, divisor) = if divisor < 0 { (-dividend, -divisor) } else { (dividend, divisor) };
    let (below, rest) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor));
    let is_above = rest * 2 > divisor || (rest * 2 == divisor && below.rem_euclid(2) == 1);
    below + i128::from(is_above)
}

/// What so much is worth.
pub(crate) fn worth(cost: Cost, amount: i64) -> i128 {
    cost.map_or(0, |cost| quotient(i128::from(cost.millionths()) * i128::from(amount), ONE))
}

/// The part of a value that a part of a quantity takes.
pub(crate) fn share(value: i128, part: i64, whole: i64) -> i128 {
    quotient(value * i128::from(part), i128::from(whole))
}

/// What a unit costs when so much is worth this.
pub(crate) fn cost_of(value: i128, amount: i64) -> Result<Cost, Rejection> {
    money(quotient(value * ONE, i128::from(amount))).map(Some)
}

pub(crate) fn money(value: i128) -> Result<Money, Rejection> {
    let fits = i64::try_from(value).map_err(|_| Rejection::QuantityOverflow)?;
    Ok(Money::from_millionths(fits))
}

/// Stock under the other method: what it is worth, and what a unit cost when there was one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Average {
    pub(crate) value: i128,
    pub(crate) cost: Cost,
}

impl Average {
    /// The same with another value, of so much.
    pub(crate) fn to(self, value: i128, amount: i64) -> Result<Self, Rejection> {
        let cost = if amount == 0 { self.cost } else { cost_of(value, amount)? };
        money(value)?;
        Ok(Self { value, cost })
    }

    /// Goods come in. What is missing is filled first, at the average.
    pub(crate) fn plus(self, there: i64, amount: i64, value: i128) -> Result<Self, Rejection> {
        let covers = there.saturating_neg().clamp(0, amount);
        let own = if covers == 0 {
            value
        } else {
            let filled = worth(self.cost, there + covers) - worth(self.cost, there);
            filled + share(value, amount - covers, amount)
        };
        self.to(self.value + own, there.saturating_add(amount))
    }

    /// Goods leave at the average, also those that are not there.
    pub(crate) fn minus(self, there: i64, amount: i64) -> Result<Self, Rejection> {
        let here = amount.min(there).max(0);
        let taken = if here == 0 { 0 } else { share(self.value, here, there) };
        let below = there.min(0);
        let short = worth(self.cost, below) - worth(self.cost, below - (amount - here));
        self.to(self.value - taken - short, there.saturating_sub(amount))
    }
}

//! Policies: the numbers that say how much of what is there may be sold, and when to raise an alarm.

use crate::quantity::Quantity;

/// How far below zero `available` may be promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BackorderLimit {
    /// At most this much.
    Limited(Quantity),
    /// No limit: `sellable` is shown as `null`.
    Unlimited,
}

/// Policy of an item, or of one position; what a position does not set is the item's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Policy {
    /// Stock that should always be there.
    pub min_stock: Option<Quantity>,
    /// Stock that should never be exceeded.
    pub max_stock: Option<Quantity>,
    /// Kept back from selling.
    pub safety_stock: Option<Quantity>,
    /// May be promised although it is not there.
    pub backorder_limit: Option<BackorderLimit>,
    /// Below it `LowStockReached` is raised; `min_stock` when absent.
    pub low_stock_threshold: Option<Quantity>,
}

impl Policy {
    /// This policy, with what it leaves open taken from `item`.
    #[must_use]
    pub fn or(self, item: Self) -> Self {
        Self {
            min_stock: self.min_stock.or(item.min_stock),
            max_stock: self.max_stock.or(item.max_stock),
            safety_stock: self.safety_stock.or(item.safety_stock),
            backorder_limit: self.backorder_limit.or(item.backorder_limit),
            low_stock_threshold: self.low_stock_threshold.or(item.low_stock_threshold),
        }
    }

    /// Stock kept back from selling; zero when not set.
    #[must_use]
    pub fn safety(&self) -> Quantity {
        self.safety_stock.unwrap_or_default()
    }

    /// The threshold of low-stock alarms: `low_stock_threshold`, else `min_stock`.
    #[must_use]
    pub fn threshold(&self) -> Option<Quantity> {
        self.low_stock_threshold.or(self.min_stock)
    }

    /// What may still be promised from the shelf alone: `available − safety`, not below zero.
    #[must_use]
    pub fn shelf(&self, available: Quantity) -> Quantity {
        available.saturating_sub(self.safety()).max(Quantity::ZERO)
    }

    /// `max(0, available − safetyStock + backorderLimit)`; `None` means no limit.
    #[must_use]
    pub fn sellable(&self, available: Quantity) -> Option<Quantity> {
        match self.backorder_limit {
            Some(BackorderLimit::Unlimited) => None,
            Some(BackorderLimit::Limited(limit)) => Some(
                available.saturating_sub(self.safety()).saturating_add(limit).max(Quantity::ZERO),
            ),
            None => Some(self.shelf(available)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(units: i64) -> Quantity {
        Quantity::units(units)
    }

    #[test]
    fn sellable_is_available_less_safety_plus_backorder_and_never_negative() {
        let policy = |safety: i64, limit: Option<BackorderLimit>| Policy {
            safety_stock: Some(units(safety)),
            backorder_limit: limit,
            ..Policy::default()
        };
        let limited = |limit: i64| Some(BackorderLimit::Limited(units(limit)));
        for (available, policy, expected) in [
            (10, policy(0, None), Some(10)),
            (10, policy(3, None), Some(7)),
            (2, policy(3, None), Some(0)),
            (-2, policy(0, None), Some(0)),
            (-2, policy(0, limited(5)), Some(3)),
            (2, policy(3, limited(5)), Some(4)),
            (-9, policy(0, limited(5)), Some(0)),
            (0, policy(0, Some(BackorderLimit::Unlimited)), None),
        ] {
            assert_eq!(policy.sellable(units(available)), expected.map(units), "{available}");
        }
    }

    #[test]
    fn what_a_position_leaves_open_is_the_items() {
        let item =
            Policy { min_stock: Some(units(5)), safety_stock: Some(units(1)), ..Policy::default() };
        let position = Policy { safety_stock: Some(units(0)), ..Policy::default() };
        let effective = position.or(item);
        assert_eq!(effective.threshold(), Some(units(5)));
        assert_eq!(effective.safety(), Quantity::ZERO);
    }
}

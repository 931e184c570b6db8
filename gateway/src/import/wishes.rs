//! What a row says besides stock. It is merged into what is known: what a row leaves open stays.

use onhand_domain::catalog::{Activity, ItemAttributes, LocationAttributes, Strategy, Tracking};
use onhand_domain::ids::{BinId, Reference, Text};
use onhand_domain::policy::Policy;
use onhand_domain::quantity::Money;

/// What a row says of its item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ItemWish {
    pub(crate) sku: Option<Reference>,
    pub(crate) name: Option<Text>,
    pub(crate) product: Option<Reference>,
    pub(crate) unit_of_measure: Option<Reference>,
    pub(crate) tracking: Option<Tracking>,
    pub(crate) strategy: Option<Strategy>,
    pub(crate) unit_cost: Option<Money>,
    pub(crate) policy: Policy,
}

impl ItemWish {
    /// The item as it should be.
    pub(crate) fn merged(&self, known: &ItemAttributes) -> ItemAttributes {
        let Self { sku, name, product, unit_of_measure, .. } = self;
        ItemAttributes {
            sku: sku.as_ref().or(known.sku.as_ref()).cloned(),
            name: name.as_ref().or(known.name.as_ref()).cloned(),
            product: product.as_ref().or(known.product.as_ref()).cloned(),
            unit_of_measure: unit_of_measure.as_ref().or(known.unit_of_measure.as_ref()).cloned(),
            tracking: self.tracking.unwrap_or(known.tracking),
            policy: self.policy.or(known.policy),
            unit_cost: self.unit_cost.or(known.unit_cost),
            strategy: self.strategy.unwrap_or(known.strategy),
        }
    }
}

/// What a row says of its location.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LocationWish {
    pub(crate) name: Option<Text>,
    pub(crate) kind: Option<Reference>,
    pub(crate) activity: Option<Activity>,
    pub(crate) priority: Option<i32>,
}

impl LocationWish {
    /// The location as it should be.
    pub(crate) fn merged(&self, known: &LocationAttributes) -> LocationAttributes {
        LocationAttributes {
            name: self.name.as_ref().or(known.name.as_ref()).cloned(),
            kind: self.kind.as_ref().or(known.kind.as_ref()).cloned(),
            activity: self.activity.unwrap_or(known.activity),
            priority: self.priority.unwrap_or(known.priority),
        }
    }
}

/// All that a row says besides its stock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Wishes {
    pub(crate) item: ItemWish,
    pub(crate) location: LocationWish,
    pub(crate) bin: Option<BinId>,
    /// What the position sets itself.
    pub(crate) policy: Policy,
}

#[cfg(test)]
mod tests {
    use super::*;
    use onhand_domain::quantity::Quantity;

    #[test]
    fn what_a_row_leaves_open_stays() {
        let sku = |text| Reference::parse(text).ok();
        let min = |units| Policy { min_stock: Some(Quantity::units(units)), ..Policy::default() };
        let known = ItemAttributes {
            sku: sku("OLD"),
            product: sku("tea"),
            tracking: Tracking::Untracked,
            strategy: Strategy::Fefo,
            policy: min(3),
            ..ItemAttributes::default()
        };
        assert_eq!(ItemWish::default().merged(&known), known);
        let wish = ItemWish { sku: sku("NEW"), policy: min(5), ..ItemWish::default() };
        let merged = wish.merged(&known);
        assert_eq!((&merged.sku, merged.policy), (&sku("NEW"), min(5)));
        assert_eq!((merged.product, merged.strategy), (sku("tea"), Strategy::Fefo));
        assert_eq!(merged.tracking, Tracking::Untracked);
        let wish = LocationWish { priority: Some(7), ..LocationWish::default() };
        let known = LocationAttributes { activity: Activity::Inactive, ..Default::default() };
        let merged = wish.merged(&known);
        assert_eq!((merged.priority, merged.activity), (7, Activity::Inactive));
    }
}

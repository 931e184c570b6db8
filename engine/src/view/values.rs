//! What stock is worth, and what it consists of.

use onhand_domain::catalog::Strategy;
use onhand_domain::ids::{ItemId, LocationId};
use onhand_domain::layer::{Area, Layer, Origin};
use onhand_domain::position::{Contents, Position, PositionNumber};
use onhand_domain::quantity::{Money, Quantity};

use super::catalog::Page;
use super::positions::{PositionFilter, PositionView};
use super::{ItemState, View};
use crate::names::Names as _;

/// What a position is worth, as of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueView {
    /// Its number in the log.
    pub number: PositionNumber,
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// All units: on hand and on their way to it.
    pub quantity: Quantity,
    /// Units whose cost nobody has told: they count as nothing.
    pub unknown: Quantity,
    /// Value by its layers, in the item's order of picking.
    pub layered: Money,
    /// Value by the moving average.
    pub average: Money,
}

/// A position with its layers.
#[derive(Debug, Clone)]
pub struct Stocked {
    /// The position.
    pub position: PositionView,
    /// The shelf's in the order in which they will be picked, then the others by age.
    pub layers: Vec<(Area, Layer)>,
}

impl View {
    /// One position with its layers.
    #[must_use]
    pub fn stocked(&self, tenant: &str, item: &str, location: &str) -> Option<Stocked> {
        let tenant = self.directory.tenant_number(tenant)?;
        let item = self.directory.item_number(tenant, item)?;
        let location = self.directory.location_number(tenant, location)?;
        let state = self.directory.item_entry(item).state.read();
        let found = state.positions.iter().find(|(_, position)| position.location == location);
        let (number, position) = found?;
        let layers = layers_of(position, strategy(&state));
        Some(Stocked { position: self.show(&state, *number, position), layers })
    }

    /// What positions of a tenant are worth, those that pass the filter.
    #[must_use]
    pub fn values(
        &self,
        tenant: &str,
        filter: &PositionFilter,
        after: Option<u64>,
        limit: usize,
    ) -> Page<ValueView> {
        let page = self.positions(tenant, filter, after, limit);
        let value = |view: PositionView| self.value_of(view);
        Page { items: page.items.into_iter().filter_map(value).collect(), next: page.next }
    }

    fn value_of(&self, view: PositionView) -> Option<ValueView> {
        let (item, _) = self.directory.place(view.number);
        let state = self.directory.item_entry(item).state.read();
        let found = state.positions.iter().find(|(number, _)| *number == view.number);
        let (number, position) = found?;
        let figures = position.figures();
        let average = position.average().unwrap_or_default();
        Some(ValueView {
            number: *number,
            item: view.item,
            location: view.location,
            quantity: figures.on_hand().saturating_add(figures.in_transit),
            unknown: unknown_in(position),
            layered: position.contents().value().unwrap_or_default(),
            average: average.value,
        })
    }
}

fn strategy(state: &ItemState) -> Strategy {
    state.item.attributes.as_ref().map_or_else(Strategy::default, |said| said.strategy)
}

fn layers_of(position: &Position, strategy: Strategy) -> Vec<(Area, Layer)> {
    let layers = position.contents().to_layers();
    let ordered = layers.in_picking_order(strategy).into_iter();
    ordered.map(|(area, layer)| (area, layer.clone())).collect()
}

fn unknown_in(position: &Position) -> Quantity {
    let is_unknown = |origin: &Origin| origin.unit_cost.is_none();
    match position.contents() {
        Contents::Single(shelf, origin) if is_unknown(&origin) => shelf.max(Quantity::ZERO),
        Contents::Single(..) => Quantity::ZERO,
        Contents::Many(layers) => {
            let unknown = layers.iter().filter(|(_, layer)| is_unknown(&layer.origin));
            unknown.fold(Quantity::ZERO, |sum, (_, layer)| sum.saturating_add(layer.quantity))
        }
    }
}

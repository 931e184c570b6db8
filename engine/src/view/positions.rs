//! Reading positions.

use onhand_domain::catalog::{Activity, Item, LocationNumber, Standing, Tracking};
use onhand_domain::ids::{BinId, ItemId, LocationId};
use onhand_domain::policy::Policy;
use onhand_domain::position::{Figures, Position, PositionNumber};
use onhand_domain::quantity::Quantity;
use onhand_domain::time::Timestamp;

use super::catalog::{Page, page};
use super::{ItemState, View};
use crate::names::Names;

/// A position as of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionView {
    /// Its number in the log.
    pub number: PositionNumber,
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// Bucket by bucket.
    pub figures: Figures,
    /// What may be promised; `None`: no limit. Zero where the location does not sell.
    pub sellable: Option<Quantity>,
    /// The policy that holds: its own, completed by the item's.
    pub effective: Policy,
    /// What it sets itself.
    pub own: Policy,
    /// Whether stock of the item is counted.
    pub tracking: Tracking,
    /// Whether the location sells.
    pub activity: Activity,
    /// Its home bin.
    pub bin: Option<BinId>,
    /// Version of the aggregate.
    pub version: u32,
    /// Record that last changed it.
    pub sequence: u64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An item with all its positions, as of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemStock {
    /// The item.
    pub item: Item,
    /// Its positions, in the order in which they were opened.
    pub positions: Vec<PositionView>,
}

/// Something there, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InOut {
    /// Something is available.
    In,
    /// Nothing is available.
    Out,
}

/// Which positions a list shows.
#[derive(Debug, Clone, Default)]
pub struct PositionFilter {
    /// Only of this item.
    pub item: Option<ItemId>,
    /// Only at this location.
    pub location: Option<LocationId>,
    /// Only those with `available < minStock`.
    pub below_min: bool,
    /// Only those with, or without, something available.
    pub stock: Option<InOut>,
}

impl PositionFilter {
    fn passes(&self, view: &PositionView) -> bool {
        let available = view.figures.available;
        let below = || view.effective.min_stock.is_some_and(|minimum| available < minimum);
        self.item.as_ref().is_none_or(|item| *item == view.item)
            && self.location.as_ref().is_none_or(|location| *location == view.location)
            && (!self.below_min || below())
            && match self.stock {
                None => true,
                Some(InOut::In) => available.is_positive(),
                Some(InOut::Out) => !available.is_positive(),
            }
    }
}

impl View {
    /// One position.
    #[must_use]
    pub fn position(&self, tenant: &str, item: &str, location: &str) -> Option<PositionView> {
        let tenant = self.directory.tenant_number(tenant)?;
        let item = self.directory.item_number(tenant, item)?;
        let location = self.directory.location_number(tenant, location)?;
        let state = self.directory.item_entry(item).state.read();
        let found = state.positions.iter().find(|(_, position)| position.location == location);
        found.map(|(number, position)| self.show(&state, *number, position))
    }

    /// An item with all its positions.
    #[must_use]
    pub fn item_stock(&self, tenant: &str, item: &str) -> Option<ItemStock> {
        let tenant = self.directory.tenant_number(tenant)?;
        let item = self.directory.item_number(tenant, item)?;
        // The figures are copied under the lock, and shown after it.
        let state = {
            let state = self.directory.item_entry(item).state.read();
            let positions = state.positions.iter();
            let positions = positions.map(|(number, held)| (*number, held.without_layers()));
            ItemState { item: state.item.clone(), positions: positions.collect() }
        };
        let show =
            |(number, position): &(PositionNumber, Position)| self.show(&state, *number, position);
        let positions = state.positions.iter().map(show).collect();
        Some(ItemStock { item: state.item, positions })
    }

    /// Positions of a tenant that pass the filter.
    #[must_use]
    pub fn positions(
        &self,
        tenant: &str,
        filter: &PositionFilter,
        after: Option<u64>,
        limit: usize,
    ) -> Page<PositionView> {
        let Some(tenant) = self.directory.tenant_number(tenant) else { return Page::default() };
        let pick = |number| self.position_by_number(number).filter(|view| filter.passes(view));
        if let Some(item) = &filter.item {
            let Some(item) = self.directory.item_number(tenant, item.as_str()) else {
                return Page::default();
            };
            let numbers = boxcar::Vec::new();
            for (number, _) in &self.directory.item_entry(item).state.read().positions {
                numbers.push(*number);
            }
            return page(&numbers, after, limit, pick);
        }
        match &filter.location {
            Some(location) => {
                let number = self.directory.location_number(tenant, location.as_str());
                number.map_or_else(Page::default, |number| {
                    page(&self.directory.location_entry(number).positions, after, limit, pick)
                })
            }
            None => page(&self.directory.tenant_entry(tenant).positions, after, limit, pick),
        }
    }

    pub(super) fn position_by_number(&self, number: PositionNumber) -> Option<PositionView> {
        let (item, _) = self.directory.place(number);
        let state = self.directory.item_entry(item).state.read();
        let found = state.positions.iter().find(|(held, _)| *held == number);
        found.map(|(number, position)| self.show(&state, *number, position))
    }

    pub(super) fn show(
        &self,
        state: &ItemState,
        number: PositionNumber,
        position: &Position,
    ) -> PositionView {
        let effective = position.policy().or(state.item.policy());
        let figures = position.figures();
        let tracking = state.item.tracking();
        let activity = self.activity(position.location);
        let sells = activity == Activity::Active && state.item.standing == Standing::Current;
        let sellable = match (sells, tracking) {
            (false, _) => Some(Quantity::ZERO),
            (true, Tracking::Untracked) => None,
            (true, Tracking::Tracked) => effective.sellable(figures.available),
        };
        PositionView {
            number,
            item: state.item.id.clone(),
            location: self.directory.location(position.location),
            figures,
            sellable,
            effective,
            own: position.policy(),
            tracking,
            activity,
            bin: position.bin().cloned(),
            version: position.version,
            sequence: position.sequence,
            created_at: position.created_at,
            updated_at: position.updated_at,
        }
    }

    fn activity(&self, location: LocationNumber) -> Activity {
        let state = self.directory.location_entry(location).state.read();
        match state.location.standing {
            Standing::Current => state.location.attributes.activity,
            Standing::Archived => Activity::Inactive,
        }
    }
}

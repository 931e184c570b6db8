//! Reading all that there is, of all tenants, piece by piece: for exports.

use std::ops::Bound;
use std::sync::Arc;

use onhand_domain::catalog::{Item, Location};
use onhand_domain::ids::TenantId;
use onhand_domain::layers::Layers;
use onhand_domain::position::PositionNumber;
use onhand_domain::stock::{Rules, Stock};
use onhand_domain::transfer::{Transfer, TransferNumber};
use onhand_storage::{DataDirectory, StorageConfig};

use super::catalog::Page;
use super::{PositionView, ReservationView, View};
use crate::error::StartError;
use crate::names::Names;
use crate::recovery::recover_directory;

/// A position with all that is known of its item and its location.
#[derive(Debug, Clone)]
pub struct WholePosition {
    /// Whose it is.
    pub tenant: TenantId,
    /// The position.
    pub position: PositionView,
    /// Its item.
    pub item: Item,
    /// Its location.
    pub location: Location,
    /// Its layers by age, what is on its way among them.
    pub layers: Layers,
}

impl View {
    /// What is in a stopped data directory, for reading. Nothing is written there.
    ///
    /// # Errors
    /// The directory cannot be opened, or the log or a checkpoint cannot be read.
    pub fn of_directory(config: StorageConfig) -> Result<Arc<Self>, StartError> {
        let directory = DataDirectory::open_to_verify(config)?;
        let rules = Rules { partitions: directory.partitions(), ..Rules::default() };
        let log = directory.open_reader()?;
        let recovered = recover_directory(|| Stock::new(rules, 0), &directory, &log)?;
        let view = Self::new();
        view.load(&recovered.stock, recovered.sequence, onhand_storage::Background::Threads);
        Ok(view)
    }

    /// Positions of all tenants from a number on, in the order in which they were opened.
    #[must_use]
    pub fn all_positions(&self, from: PositionNumber, limit: usize) -> Page<WholePosition> {
        let count = u32::try_from(self.directory.position_count()).unwrap_or(u32::MAX);
        let end = from.saturating_add(u32::try_from(limit).unwrap_or(u32::MAX)).min(count);
        let items = (from..end).filter_map(|number| self.whole_position(number)).collect();
        Page { items, next: (end < count).then_some(u64::from(end)) }
    }

    fn whole_position(&self, number: PositionNumber) -> Option<WholePosition> {
        let (item, location) = self.directory.place(number);
        let (position, item, layers) = {
            let state = self.directory.item_entry(item).state.read();
            let (_, held) = state.positions.iter().find(|(held, _)| *held == number)?;
            let position = self.show(&state, number, held);
            (position, state.item.clone(), held.contents().to_layers())
        };
        let location = self.directory.location_entry(location).state.read().location.clone();
        let tenant = self.directory.tenant(item.tenant);
        Some(WholePosition { tenant, position, item, location, layers })
    }

    /// Open reservations of all tenants behind a number, oldest first.
    #[must_use]
    pub fn all_reservations(&self, after: u64, limit: usize) -> Page<(TenantId, ReservationView)> {
        let found = self.reservations_in((Bound::Excluded(after), Bound::Unbounded), limit);
        let next = (found.len() == limit).then(|| found.last().map(|last| last.number)).flatten();
        let named = |held: ReservationView| (self.directory.tenant(held.tenant), held);
        Page { items: found.into_iter().map(named).collect(), next }
    }

    /// Open transfers of all tenants behind a number, oldest first.
    #[must_use]
    pub fn all_transfers(&self, after: TransferNumber, limit: usize) -> Page<(TenantId, Transfer)> {
        let found = self.transfers_behind(after, limit);
        let next = (found.len() == limit).then(|| found.last().map(|last| last.number)).flatten();
        let named = |held: Transfer| (self.directory.tenant(held.tenant), held);
        Page { items: found.into_iter().map(named).collect(), next }
    }
}

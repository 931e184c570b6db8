//! The read view: what is durable, for anybody to read.
//!
//! The release stage puts every durable record into it, in order; nobody else writes. Numbers of
//! tenants, items, locations and positions are dense and never reused, so they address append-only
//! lists without locks; what changes lies behind a lock of its own, an item with all its positions
//! behind one, so that an item is always shown as of one record.

mod catalog;
mod consumed;
mod directory;
mod everything;
mod jobs;
mod load;
mod open_orders;
mod positions;
mod promises;
mod shards;
mod update;
mod upkeep;
mod values;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use onhand_domain::catalog::{Bin, Item, ItemNumber, Location, LocationNumber, TenantNumber};
use onhand_domain::ids::{ItemId, LocationId, TenantId};
use onhand_domain::position::{Position, PositionNumber};
use parking_lot::RwLock;

pub use catalog::Page;
pub use directory::Directory;
pub use everything::WholePosition;
pub use positions::{InOut, ItemStock, PositionFilter, PositionView};
pub use promises::{ReservationFilter, ReservationView};
pub use upkeep::{LetterFilter, SourceView};
pub use values::{Stocked, ValueView};

use promises::Promises;
use upkeep::Upkeep;

/// An item with all its positions.
#[derive(Debug)]
pub(crate) struct ItemState {
    pub(crate) item: Item,
    pub(crate) positions: Vec<(PositionNumber, Position)>,
}

#[derive(Debug)]
pub(crate) struct ItemEntry {
    pub(crate) tenant: TenantNumber,
    pub(crate) id: ItemId,
    pub(crate) state: RwLock<ItemState>,
}

#[derive(Debug)]
pub(crate) struct LocationEntry {
    pub(crate) tenant: TenantNumber,
    pub(crate) id: LocationId,
    pub(crate) state: RwLock<LocationState>,
    pub(crate) positions: boxcar::Vec<PositionNumber>,
}

/// A location with its bins.
#[derive(Debug)]
pub(crate) struct LocationState {
    pub(crate) location: Location,
    pub(crate) bins: Vec<Bin>,
}

#[derive(Debug)]
pub(crate) struct TenantEntry {
    pub(crate) id: TenantId,
    pub(crate) items: boxcar::Vec<ItemNumber>,
    pub(crate) locations: boxcar::Vec<LocationNumber>,
    pub(crate) positions: boxcar::Vec<PositionNumber>,
}

impl ItemState {
    /// Adds a position. Most items have one, so the first takes no room for more.
    pub(crate) fn add(&mut self, number: PositionNumber, position: Position) {
        if self.positions.is_empty() {
            self.positions.reserve_exact(1);
        }
        self.positions.push((number, position));
    }
}

/// What is durable.
#[derive(Debug)]
pub struct View {
    directory: Directory,
    promises: Promises,
    upkeep: Upkeep,
    sequence: AtomicU64,
}

impl View {
    /// An empty view.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            directory: Directory::default(),
            promises: Promises::default(),
            upkeep: Upkeep::default(),
            sequence: AtomicU64::new(0),
        })
    }

    /// Names of what is known by number.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Number of the last record it contains.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::Acquire)
    }
}

//! The writer's memory: all that the rules look at, and nothing else.

mod deadlines;
mod expiries;
pub mod moments;
mod orders;
pub mod places;
mod prefetch;
mod promised_lots;
pub mod promises;
pub mod records;
pub mod sales;
pub mod tallies;

use alloc::vec::Vec;
use core::hash::Hasher as _;

use crate::catalog::{Bin, Item, ItemNumber, Location, LocationNumber, TenantNumber, Tracking};
use crate::dead_letter::DeadLetters;
use crate::idempotency::Keys;
use crate::ids::{ItemId, LocationId, TenantId};
use crate::index_table::IndexTable;
use crate::job::Jobs;
use crate::policy::Policy;
use crate::position::{Position, PositionNumber};
use crate::slab::Slab;
use crate::sources::Sources;
use crate::stable_hash::{StableHasher, partition_of};
use expiries::Expiries;
use moments::Moments;
use places::Places;
pub use prefetch::PREFETCH_MAX;
use promises::Promises;
use records::Records;
use sales::Sales;

/// Whether the catalog must be told before stock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// Items and locations are created by the first receipt, count, … about them.
    #[default]
    Lenient,
    /// Unknown ones are refused.
    Strict,
}

/// Settings of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Slices of the positions; fixed when the data directory is made.
    pub partitions: u16,
    /// Whether the catalog must be told first.
    pub strictness: Strictness,
    /// How many idempotency keys are remembered.
    pub key_window: u32,
    /// How many consumed events are remembered by their ids.
    pub event_window: u32,
    /// How many dead letters there may be.
    pub dead_letters_max: u32,
    /// How long what has ended stays in memory, in milliseconds.
    pub ended_kept_ms: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            partitions: 64,
            strictness: Strictness::Lenient,
            key_window: 4_000_000,
            event_window: 2_000_000,
            dead_letters_max: 10_000,
            ended_kept_ms: 60_000,
        }
    }
}

/// Things of a checkpoint may come before the tenant they belong to: it was taken piece by piece.
#[derive(Debug, Default)]
pub(crate) struct TenantSlot {
    /// `None`: known by number only, until recovery has come to its record.
    pub(crate) id: Option<TenantId>,
    pub(crate) locations: Vec<LocationNumber>,
    /// Items that wait for the tenant's name to find their partition.
    waiting: Vec<ItemNumber>,
}

#[derive(Debug, Default)]
pub(crate) struct ItemSlot {
    /// `None`: known by number only, until recovery has come to its record.
    pub(crate) item: Option<Item>,
    pub(crate) partition: Option<u16>,
    pub(crate) places: Places,
}

#[derive(Debug)]
pub(crate) struct LocationSlot {
    pub(crate) location: Option<Location>,
    pub(crate) bins: Vec<Bin>,
    /// Positions at this location, in the order in which they were opened.
    pub(crate) positions: Vec<PositionNumber>,
}

/// All that the rules look at.
#[derive(Debug)]
pub struct Stock {
    pub(crate) rules: Rules,
    pub(crate) tenants: Slab<TenantSlot>,
    tenant_index: IndexTable,
    pub(crate) items: Slab<ItemSlot>,
    item_index: IndexTable,
    pub(crate) partition_items: Vec<Vec<ItemNumber>>,
    pub(crate) locations: Slab<LocationSlot>,
    location_index: IndexTable,
    /// Raised when a priority, an activity or a standing changes: orders of choice made before are stale.
    pub(crate) location_epoch: u32,
    pub(crate) positions: Slab<Option<Position>>,
    pub(crate) promises: Promises,
    pub(crate) expiries: Expiries,
    pub(crate) keys: Keys,
    pub(crate) sources: Sources,
    /// Consumed events by their ids.
    pub(crate) events: Keys,
    pub(crate) letters: DeadLetters,
    pub(crate) jobs: Jobs,
    pub(crate) records: Records,
    pub(crate) moments: Moments,
    pub(crate) sales: Sales,
    seed: u64,
}

impl Stock {
    /// Empty memory. The seed goes into in-memory hashes only; it should be random where callers are
    /// not trusted, and may be fixed in a simulation.
    #[must_use]
    pub fn new(rules: Rules, seed: u64) -> Self {
        let slices = usize::from(rules.partitions.max(1));
        Self {
            rules,
            tenants: Slab::default(),
            tenant_index: IndexTable::default(),
            items: Slab::default(),
            item_index: IndexTable::default(),
            partition_items: core::iter::repeat_with(Vec::new).take(slices).collect(),
            locations: Slab::default(),
            location_index: IndexTable::default(),
            location_epoch: 0,
            positions: Slab::default(),
            promises: Promises::new(rules.partitions.max(1), rules.ended_kept_ms, seed),
            expiries: Expiries::default(),
            keys: Keys::new(rules.key_window),
            sources: Sources::default(),
            events: Keys::new(rules.event_window),
            letters: DeadLetters::new(rules.dead_letters_max),
            jobs: Jobs::default(),
            records: Records::new(rules.ended_kept_ms),
            moments: Moments::new(rules.ended_kept_ms),
            sales: Sales::new(rules.ended_kept_ms),
            seed,
        }
    }

    /// Settings.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    fn hash(&self, scope: u32, name: &[u8]) -> u64 {
        let mut hasher = StableHasher::seeded(self.seed);
        hasher.write_u32(scope);
        hasher.write(name);
        hasher.finish()
    }

    /// Number of a tenant.
    #[must_use]
    pub fn tenant_number(&self, id: &TenantId) -> Option<TenantNumber> {
        let is_it = |number| self.tenant(number).is_some_and(|found| found == id);
        self.tenant_index.find(self.hash(0, id.as_bytes()), is_it)
    }

    /// Name of a tenant.
    #[must_use]
    pub fn tenant(&self, number: TenantNumber) -> Option<&TenantId> {
        self.tenants.get(number)?.id.as_ref()
    }

    /// Number of an item, archived or not.
    #[must_use]
    pub fn item_number(&self, tenant: TenantNumber, id: &ItemId) -> Option<ItemNumber> {
        let is_it =
            |number| self.item(number).is_some_and(|item| item.tenant == tenant && item.id == *id);
        self.item_index.find(self.hash(tenant, id.as_bytes()), is_it)
    }

    /// An item.
    #[must_use]
    pub fn item(&self, number: ItemNumber) -> Option<&Item> {
        self.items.get(number)?.item.as_ref()
    }

    /// The partition an item belongs to; `None` until its record is known.
    #[must_use]
    pub fn partition(&self, item: ItemNumber) -> Option<u16> {
        self.items.get(item)?.partition
    }

    /// Number of a location, removed or not.
    #[must_use]
    pub fn location_number(&self, tenant: TenantNumber, id: &LocationId) -> Option<LocationNumber> {
        let is_it = |number| {
            self.location(number)
                .is_some_and(|location| location.tenant == tenant && location.id == *id)
        };
        self.location_index.find(self.hash(tenant, id.as_bytes()), is_it)
    }

    /// A location.
    #[must_use]
    pub fn location(&self, number: LocationNumber) -> Option<&Location> {
        self.locations.get(number)?.location.as_ref()
    }

    /// Bins of a location.
    #[must_use]
    pub fn bins(&self, location: LocationNumber) -> &[Bin] {
        self.locations.get(location).map_or(&[], |slot| slot.bins.as_slice())
    }

    /// All locations of a tenant, in the order in which they were first heard of.
    #[must_use]
    pub fn tenant_locations(&self, tenant: TenantNumber) -> &[LocationNumber] {
        self.tenants.get(tenant).map_or(&[], |slot| slot.locations.as_slice())
    }

    /// Number of the position of an item at a location.
    #[must_use]
    pub fn position_number(
        &self,
        item: ItemNumber,
        location: LocationNumber,
    ) -> Option<PositionNumber> {
        self.items.get(item)?.places.find(location, |number| {
            self.position(number).map_or(LocationNumber::MAX, |position| position.location)
        })
    }

    /// A position.
    #[must_use]
    #[inline]
    pub fn position(&self, number: PositionNumber) -> Option<&Position> {
        self.positions.get(number)?.as_ref()
    }

    /// All positions of an item.
    pub fn item_positions(&self, item: ItemNumber) -> impl Iterator<Item = PositionNumber> + '_ {
        self.items.get(item).into_iter().flat_map(|slot| slot.places.iter())
    }

    /// All items of a partition, in the order in which they were first heard of.
    #[must_use]
    pub fn partition_items(&self, partition: u16) -> &[ItemNumber] {
        self.partition_items.get(usize::from(partition)).map_or(&[], Vec::as_slice)
    }

    /// All positions at a location.
    #[must_use]
    pub fn location_positions(&self, location: LocationNumber) -> &[PositionNumber] {
        self.locations.get(location).map_or(&[], |slot| slot.positions.as_slice())
    }

    /// Open promises and what ended a short while ago.
    #[must_use]
    pub const fn promises(&self) -> &Promises {
        &self.promises
    }

    /// When lots on shelves expire.
    #[must_use]
    pub const fn expiries(&self) -> &Expiries {
        &self.expiries
    }

    /// Idempotency keys.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Watermarks of sources.
    #[must_use]
    pub const fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Consumed events that are remembered: id, fingerprint, record.
    #[must_use]
    pub const fn events(&self) -> &Keys {
        &self.events
    }

    /// Dead letters.
    #[must_use]
    pub const fn letters(&self) -> &DeadLetters {
        &self.letters
    }

    /// Running jobs.
    #[must_use]
    pub const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// The policy that holds at a position: its own, completed by the item's.
    #[must_use]
    pub fn effective_policy(&self, position: &Position) -> Policy {
        let item = self.item(position.item).map_or_else(Policy::default, Item::policy);
        position.policy().or(item)
    }

    /// A location that sells: known, not removed, active.
    #[must_use]
    pub fn selling(&self, location: LocationNumber) -> Option<&Location> {
        self.location(location).filter(|location| location.is_selling())
    }

    /// Whether a location sells: known, not removed, active.
    #[must_use]
    pub fn is_selling(&self, location: LocationNumber) -> bool {
        self.selling(location).is_some()
    }

    /// Whether stock of an item is counted.
    #[must_use]
    pub fn is_tracked(&self, item: ItemNumber) -> bool {
        self.item(item).is_none_or(|item| item.tracking() == Tracking::Tracked)
    }

    /// How many tenants, items, locations and positions there are.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        Sizes {
            tenants: self.tenants.len(),
            items: self.items.len(),
            locations: self.locations.len(),
            positions: self.positions.len(),
        }
    }

    pub(crate) fn enter_tenant(&mut self, number: TenantNumber, id: &TenantId) {
        let hash = self.hash(0, id.as_bytes());
        let slot = self.tenants.reach(number, TenantSlot::default);
        if slot.id.is_some() {
            return;
        }
        slot.id = Some(id.clone());
        let waiting = core::mem::take(&mut slot.waiting);
        self.tenant_index.insert(hash, number);
        for item in waiting {
            self.settle_item(number, item);
        }
    }

    pub(crate) fn enter_item(&mut self, item: &Item) {
        let hash = self.hash(item.tenant, item.id.as_bytes());
        let slot = self.items.reach(item.number, ItemSlot::default);
        let was_known = slot.item.replace(item.clone()).is_some();
        // Whatever the item says about selling, the order of choice rests on it.
        slot.places.forget_order();
        if !was_known {
            self.item_index.insert(hash, item.number);
            self.settle_item(item.tenant, item.number);
        }
    }

    /// Puts an item into its partition, or lets it wait for the name of its tenant.
    fn settle_item(&mut self, tenant: TenantNumber, number: ItemNumber) {
        let Some(id) = self.tenant(tenant).cloned() else {
            self.tenants.reach(tenant, TenantSlot::default).waiting.push(number);
            return;
        };
        let partitions = self.rules.partitions;
        let slot = self.items.get_mut(number).expect("an item that was just entered");
        let item = slot.item.as_ref().expect("an item that was just entered");
        let partition = partition_of(id.as_str(), item.id.as_str(), partitions);
        slot.partition = Some(partition);
        self.partition_items[usize::from(partition)].push(number);
        self.promises.place(number, partition);
    }

    pub(crate) fn location_slot(&mut self, number: LocationNumber) -> &mut LocationSlot {
        self.locations.reach(number, || LocationSlot {
            location: None,
            bins: Vec::new(),
            positions: Vec::new(),
        })
    }

    pub(crate) fn enter_location(&mut self, location: &Location) {
        let hash = self.hash(location.tenant, location.id.as_bytes());
        let slot = self.location_slot(location.number);
        let place = |location: &Location| (location.attributes.priority, location.is_selling());
        let moved = slot.location.as_ref().map(place) != Some(place(location));
        let was_known = slot.location.replace(location.clone()).is_some();
        // A location without positions stands in no order of choice.
        if moved && !slot.positions.is_empty() {
            self.location_epoch = self.location_epoch.wrapping_add(1);
        }
        if !was_known {
            self.location_index.insert(hash, location.number);
            self.tenants
                .reach(location.tenant, TenantSlot::default)
                .locations
                .push(location.number);
        }
    }

    pub(crate) fn enter_position(&mut self, number: PositionNumber, position: Position) {
        let (item, location) = (position.item, position.location);
        let slot = self.positions.reach(number, || None);
        if slot.replace(position).is_some() {
            return;
        }
        let positions = &self.positions;
        let of = |number: PositionNumber| {
            let held = positions.get(number).and_then(Option::as_ref);
            held.map_or(LocationNumber::MAX, |position| position.location)
        };
        self.items.reach(item, ItemSlot::default).places.add(number, location, of);
        self.location_slot(location).positions.push(number);
    }

    /// Puts a position that did not come by a record: the order of choice is made anew when needed.
    pub(crate) fn replace_position(&mut self, number: PositionNumber, position: Position) {
        let item = position.item;
        let before = self.position(number).and_then(Position::first_expiry);
        self.expiries.replace(number, before, position.first_expiry());
        self.enter_position(number, position);
        self.items.reach(item, ItemSlot::default).places.forget_order();
    }
}

/// Sizes of the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Tenants.
    pub tenants: u32,
    /// Items.
    pub items: u32,
    /// Locations.
    pub locations: u32,
    /// Positions.
    pub positions: u32,
}

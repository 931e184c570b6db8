//! From numbers to names and from names to numbers, for all threads.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;
use onhand_domain::catalog::{ItemNumber, LocationNumber, TenantNumber};
use onhand_domain::ids::{ItemId, LocationId, TenantId};
use onhand_domain::position::PositionNumber;
use onhand_domain::stock::Sizes;

use super::shards::Shards;
use super::{ItemEntry, LocationEntry, TenantEntry};
use crate::names::Names;

/// An index from hashed names to numbers; the names themselves lie in the entries.
#[derive(Debug, Default)]
struct ByName(Shards<u32>);

impl ByName {
    fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.0.of(hash).read().find(hash, |number| is_it(*number)).copied()
    }

    fn insert(&self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        self.0.of(hash).write().insert_unique(hash, number, |held| hash_of(*held));
    }
}

/// Names and numbers of tenants, items, locations and positions.
#[derive(Debug, Default)]
pub struct Directory {
    hasher: DefaultHashBuilder,
    pub(crate) tenants: boxcar::Vec<TenantEntry>,
    pub(crate) items: boxcar::Vec<ItemEntry>,
    pub(crate) locations: boxcar::Vec<LocationEntry>,
    places: boxcar::Vec<(ItemNumber, LocationNumber)>,
    tenants_by_name: ByName,
    items_by_name: ByName,
    locations_by_name: ByName,
}

impl Directory {
    fn hash(&self, scope: u32, name: &str) -> u64 {
        self.hasher.hash_one((scope, name))
    }

    /// Makes room for what is about to be loaded.
    pub(crate) fn reserve(&self, sizes: Sizes) {
        self.items_by_name.0.reserve(sizes.items as usize);
        self.items.reserve(sizes.items as usize);
        self.places.reserve(sizes.positions as usize);
    }

    /// Number of a tenant.
    #[must_use]
    pub fn tenant_number(&self, id: &str) -> Option<TenantNumber> {
        self.tenants_by_name
            .find(self.hash(0, id), |number| self.tenant_entry(number).id.as_str() == id)
    }

    /// Number of an item.
    #[must_use]
    pub fn item_number(&self, tenant: TenantNumber, id: &str) -> Option<ItemNumber> {
        self.items_by_name.find(self.hash(tenant, id), |number| {
            let entry = self.item_entry(number);
            entry.tenant == tenant && entry.id.as_str() == id
        })
    }

    /// Number of a location.
    #[must_use]
    pub fn location_number(&self, tenant: TenantNumber, id: &str) -> Option<LocationNumber> {
        self.locations_by_name.find(self.hash(tenant, id), |number| {
            let entry = self.location_entry(number);
            entry.tenant == tenant && entry.id.as_str() == id
        })
    }

    /// How many positions there are.
    #[must_use]
    pub fn position_count(&self) -> usize {
        self.places.count()
    }

    pub(crate) fn tenant_entry(&self, number: TenantNumber) -> &TenantEntry {
        self.tenants.get(number as usize).expect("a tenant is named by its first record")
    }

    pub(crate) fn item_entry(&self, number: ItemNumber) -> &ItemEntry {
        self.items.get(number as usize).expect("an item is named by its first record")
    }

    pub(crate) fn location_entry(&self, number: LocationNumber) -> &LocationEntry {
        self.locations.get(number as usize).expect("a location is named by its first record")
    }

    pub(crate) fn add_tenant(&self, number: TenantNumber, entry: TenantEntry) {
        let hash = self.hash(0, entry.id.as_str());
        let at = self.tenants.push(entry);
        assert_eq!(at, number as usize, "tenants come in the order of their numbers");
        self.tenants_by_name
            .insert(hash, number, |held| self.hash(0, self.tenant_entry(held).id.as_str()));
    }

    pub(crate) fn add_item(&self, number: ItemNumber, entry: ItemEntry) {
        let (tenant, hash) = (entry.tenant, self.hash(entry.tenant, entry.id.as_str()));
        let at = self.items.push(entry);
        assert_eq!(at, number as usize, "items come in the order of their numbers");
        self.items_by_name.insert(hash, number, |held| {
            let entry = self.item_entry(held);
            self.hash(entry.tenant, entry.id.as_str())
        });
        self.tenant_entry(tenant).items.push(number);
    }

    pub(crate) fn add_location(&self, number: LocationNumber, entry: LocationEntry) {
        let (tenant, hash) = (entry.tenant, self.hash(entry.tenant, entry.id.as_str()));
        let at = self.locations.push(entry);
        assert_eq!(at, number as usize, "locations come in the order of their numbers");
        self.locations_by_name.insert(hash, number, |held| {
            let entry = self.location_entry(held);
            self.hash(entry.tenant, entry.id.as_str())
        });
        self.tenant_entry(tenant).locations.push(number);
    }

    pub(crate) fn add_place(
        &self,
        number: PositionNumber,
        item: ItemNumber,
        location: LocationNumber,
    ) {
        let at = self.places.push((item, location));
        assert_eq!(at, number as usize, "positions come in the order of their numbers");
        self.location_entry(location).positions.push(number);
        self.tenant_entry(self.item_entry(item).tenant).positions.push(number);
    }
}

impl Names for Directory {
    fn tenant(&self, number: TenantNumber) -> TenantId {
        self.tenant_entry(number).id.clone()
    }

    fn item(&self, number: ItemNumber) -> ItemId {
        self.item_entry(number).id.clone()
    }

    fn location(&self, number: LocationNumber) -> LocationId {
        self.location_entry(number).id.clone()
    }

    fn place(&self, number: PositionNumber) -> (ItemNumber, LocationNumber) {
        *self.places.get(number as usize).expect("a position is named by its first record")
    }
}

//! Items, locations and bins: what is stocked, and where.

use alloc::sync::Arc;

use crate::ids::{BinId, ItemId, LocationId, Reference, Text};
use crate::policy::Policy;
use crate::quantity::Money;
use crate::time::Timestamp;

/// Number of a tenant in this log, counted from 0 in the order of first use.
pub type TenantNumber = u32;
/// Number of an item in this log.
pub type ItemNumber = u32;
/// Number of a location in this log.
pub type LocationNumber = u32;

/// Order in which layers leave the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// First in, first out.
    #[default]
    Fifo,
    /// First expired, first out.
    Fefo,
    /// Last in, first out.
    Lifo,
}

/// Whether stock of an item is counted at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tracking {
    /// Stock is counted.
    #[default]
    Tracked,
    /// Reservations and sales always succeed and move nothing.
    Untracked,
}

/// What a caller says about an item; absent fields take their defaults.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ItemAttributes {
    /// Stock-keeping unit.
    pub sku: Option<Reference>,
    /// Name for people.
    pub name: Option<Text>,
    /// The product this variant belongs to.
    pub product: Option<Reference>,
    /// Unit in which it is counted.
    pub unit_of_measure: Option<Reference>,
    /// Counted or not.
    pub tracking: Tracking,
    /// Policy of all its positions that set none themselves.
    pub policy: Policy,
    /// Cost of a unit where a receipt names none.
    pub unit_cost: Option<Money>,
    /// Order of picking.
    pub strategy: Strategy,
}

/// Open for business or put away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Standing {
    /// In use.
    #[default]
    Current,
    /// Archived (items) or removed (locations); naming it again in the catalog revives it.
    Archived,
}

/// An item as of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number in this log.
    pub number: ItemNumber,
    /// Whose it is.
    pub tenant: TenantNumber,
    /// Its name.
    pub id: ItemId,
    /// What was said about it; `None` when it was only ever used.
    pub attributes: Option<Arc<ItemAttributes>>,
    /// In use or archived.
    pub standing: Standing,
    /// Version of this aggregate; the first is 1.
    pub version: u32,
    /// When it was first heard of.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Item {
    /// Whether its stock is counted.
    #[must_use]
    pub fn tracking(&self) -> Tracking {
        self.attributes.as_ref().map_or(Tracking::Tracked, |attributes| attributes.tracking)
    }

    /// Its policy; empty when none was set.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.attributes.as_ref().map_or_else(Policy::default, |attributes| attributes.policy)
    }
}

/// Whether a location sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Activity {
    /// Its stock is sellable.
    #[default]
    Active,
    /// Its stock is neither counted as sellable nor chosen; facts are still booked.
    Inactive,
}

/// What a caller says about a location.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LocationAttributes {
    /// Name for people.
    pub name: Option<Text>,
    /// Kind of place: warehouse, store, …
    pub kind: Option<Reference>,
    /// Selling or not.
    pub activity: Activity,
    /// Lower is chosen first.
    pub priority: i32,
}

/// Priority of a location that was given none.
pub const PRIORITY_DEFAULT: i32 = 100;

impl Default for LocationAttributes {
    fn default() -> Self {
        Self { name: None, kind: None, activity: Activity::Active, priority: PRIORITY_DEFAULT }
    }
}

/// A bin of a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bin {
    /// Its name.
    pub id: BinId,
    /// Name for people.
    pub name: Option<Text>,
}

/// A location as of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Its number in this log.
    pub number: LocationNumber,
    /// Whose it is.
    pub tenant: TenantNumber,
    /// Its name.
    pub id: LocationId,
    /// What was said about it.
    pub attributes: LocationAttributes,
    /// In use or removed.
    pub standing: Standing,
    /// Version of this aggregate; the first is 1.
    pub version: u32,
    /// When it was first heard of.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Location {
    /// Whether its stock is sellable: in use and open.
    #[must_use]
    pub fn is_selling(&self) -> bool {
        self.standing == Standing::Current && self.attributes.activity == Activity::Active
    }
}

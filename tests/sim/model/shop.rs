//! What one tenant has: items, locations, positions.

use std::collections::BTreeMap;
use std::sync::Arc;

use onhand_domain::catalog::{Activity, ItemAttributes, LocationAttributes, Tracking};
use onhand_domain::ids::{BinId, ItemId, LocationId, Text};
use onhand_domain::policy::{BackorderLimit, Policy};
use onhand_domain::position::{Bucket, Figures};
use onhand_domain::quantity::Quantity;

use super::layers::{ByLot, Layers};
use super::story::Story;
use super::worth::Average;

/// An item at a location.
pub(crate) type Key = (ItemId, LocationId);

#[derive(Debug, Clone, Default)]
pub(crate) struct Shop {
    pub(crate) items: BTreeMap<ItemId, Item>,
    pub(crate) locations: BTreeMap<LocationId, Location>,
    pub(crate) positions: BTreeMap<Key, Position>,
}

#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) attributes: Option<Arc<ItemAttributes>>,
    pub(crate) archived: bool,
    pub(crate) version: u32,
    /// The how-manieth item of the log it is.
    pub(crate) rank: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Location {
    pub(crate) attributes: LocationAttributes,
    pub(crate) removed: bool,
    pub(crate) version: u32,
    pub(crate) bins: BTreeMap<BinId, Option<Text>>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Position {
    /// Millionths, in the order of [`Bucket::ALL`].
    pub(crate) buckets: [i64; 6],
    pub(crate) own: Policy,
    pub(crate) bin: Option<BinId>,
    pub(crate) version: u32,
    /// The record that changed it last.
    pub(crate) sequence: u64,
    pub(crate) low: bool,
    pub(crate) out: bool,
    /// What came in less what went out, by movements: must be on hand.
    pub(crate) moved: i64,
    /// When it was counted: the last 16, in the order of time.
    pub(crate) counts: Vec<i64>,
    /// When it changed last.
    pub(crate) updated_at: i64,
    pub(crate) story: Story,
    pub(crate) layers: Layers,
    /// What it is worth by the other method, where that does not follow from its layers.
    pub(crate) average: Option<Average>,
    /// What is promised by lot.
    pub(crate) promised: ByLot,
    /// Value that came in less value that went out, by movements: must be what is there.
    pub(crate) valued: i128,
}

impl Item {
    pub(crate) fn tracked(&self) -> bool {
        self.attributes.as_ref().is_none_or(|held| held.tracking == Tracking::Tracked)
    }

    pub(crate) fn policy(&self) -> Policy {
        self.attributes.as_ref().map(|held| held.policy).unwrap_or_default()
    }
}

impl Location {
    pub(crate) fn sells(&self) -> bool {
        !self.removed && self.attributes.activity == Activity::Active
    }
}

fn amount(quantity: Option<Quantity>) -> Option<i64> {
    quantity.map(Quantity::millionths)
}

impl Position {
    pub(crate) fn get(&self, bucket: Bucket) -> i64 {
        self.buckets[bucket as usize]
    }

    pub(crate) fn available(&self) -> i64 {
        self.get(Bucket::Available)
    }

    pub(crate) fn shelf(&self) -> i64 {
        let promised = self.get(Bucket::Reserved).saturating_add(self.get(Bucket::Committed));
        self.available().saturating_add(promised)
    }

    /// All but what is on its way; `None` when it does not fit.
    pub(crate) fn on_hand(&self) -> Option<i64> {
        self.buckets[..5].iter().try_fold(0_i64, |sum, held| sum.checked_add(*held))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.buckets == [0; 6]
    }

    pub(crate) fn figures(&self) -> Figures {
        let at = |bucket| Quantity::from_millionths(self.get(bucket));
        Figures {
            available: at(Bucket::Available),
            reserved: at(Bucket::Reserved),
            committed: at(Bucket::Committed),
            damaged: at(Bucket::Damaged),
            quality_hold: at(Bucket::QualityHold),
            in_transit: at(Bucket::InTransit),
        }
    }
}

/// How much lies free on the shelf for selling.
pub(crate) fn free(policy: &Policy, available: i64) -> i64 {
    let safety = amount(policy.safety_stock).unwrap_or(0);
    available.saturating_sub(safety).max(0)
}

/// How much may be promised; `None`: no limit.
pub(crate) fn sellable(policy: &Policy, available: i64) -> Option<i64> {
    let room = match policy.backorder_limit {
        Some(BackorderLimit::Unlimited) => return None,
        Some(BackorderLimit::Limited(limit)) => limit.millionths(),
        None => return Some(free(policy, available)),
    };
    let safety = amount(policy.safety_stock).unwrap_or(0);
    Some(available.saturating_sub(safety).saturating_add(room).max(0))
}

pub(crate) fn threshold(policy: &Policy) -> Option<i64> {
    amount(policy.low_stock_threshold.or(policy.min_stock))
}

impl Shop {
    pub(crate) fn tracked(&self, item: &ItemId) -> bool {
        self.items.get(item).is_none_or(Item::tracked)
    }

    pub(crate) fn sells(&self, location: &LocationId) -> bool {
        self.locations.get(location).is_some_and(Location::sells)
    }

    /// The policy of a position: its own, and what that leaves open, the item's.
    pub(crate) fn policy(&self, key: &Key) -> Policy {
        let own = self.positions.get(key).map(|held| held.own).unwrap_or_default();
        let item = self.items.get(&key.0).map(Item::policy).unwrap_or_default();
        Policy {
            min_stock: own.min_stock.or(item.min_stock),
            max_stock: own.max_stock.or(item.max_stock),
            safety_stock: own.safety_stock.or(item.safety_stock),
            backorder_limit: own.backorder_limit.or(item.backorder_limit),
            low_stock_threshold: own.low_stock_threshold.or(item.low_stock_threshold),
        }
    }

    /// Whether an alarm stands at a position: low stock, and nothing left.
    pub(crate) fn alarms(&self, key: &Key) -> (bool, bool) {
        let available = self.positions.get(key).map_or(0, Position::available);
        if !self.tracked(&key.0) {
            return (false, false);
        }
        let low = threshold(&self.policy(key)).is_some_and(|threshold| available < threshold);
        (low, available <= 0)
    }

    pub(crate) fn positions_of(&self, item: &ItemId) -> Vec<Key> {
        self.positions.keys().filter(|(held, _)| held == item).cloned().collect()
    }
}

//! What was shipped on an order and what of it came back, while returns on it are coming in.
//!
//! A tally is made from the log and from memory by the first return on an order, and kept up to date
//! by the records that follow, until nothing has come back for a while.

use alloc::collections::BTreeMap;

use crate::catalog::{ItemNumber, TenantNumber};
use crate::ids::Reference;
use crate::layer::unit_cost_of;
use crate::quantity::{Money, Quantity};
use crate::time::Timestamp;

/// An order of a tenant.
pub(crate) type OrderKey = (TenantNumber, Reference);

/// Shipped and returned quantities of one order, by item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    shipped: BTreeMap<ItemNumber, Quantity>,
    /// What that was worth.
    values: BTreeMap<ItemNumber, Money>,
    returned: BTreeMap<ItemNumber, Quantity>,
}

fn add(sums: &mut BTreeMap<ItemNumber, Quantity>, item: ItemNumber, quantity: Quantity) {
    let sum = sums.entry(item).or_default();
    *sum = sum.saturating_add(quantity);
}

impl Tally {
    /// Takes note of a shipment.
    pub fn ship(&mut self, item: ItemNumber, quantity: Quantity, value: Money) {
        add(&mut self.shipped, item, quantity);
        let sum = self.values.entry(item).or_default();
        *sum = sum.saturating_add(value);
    }

    /// The cost at which a unit left, over all shipments; `None` when nothing left, or nothing of a known
    /// cost.
    #[must_use]
    pub fn unit_cost(&self, item: ItemNumber) -> Option<Money> {
        let value = self.values.get(&item).filter(|value| !value.is_zero())?;
        unit_cost_of(*value, *self.shipped.get(&item)?)
    }

    /// Takes note of a return.
    pub fn take_back(&mut self, item: ItemNumber, quantity: Quantity) {
        add(&mut self.returned, item, quantity);
    }

    /// Whether more would have come back than was shipped.
    #[must_use]
    pub fn is_exceeded_by(&self, item: ItemNumber, quantity: Quantity) -> bool {
        let of = |sums: &BTreeMap<_, _>| sums.get(&item).copied().unwrap_or_default();
        of(&self.returned).saturating_add(quantity) > of(&self.shipped)
    }
}

/// All tallies.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    held: BTreeMap<OrderKey, Held>,
}

/// A tally, and how long it is kept.
#[derive(Debug)]
struct Held {
    until: Timestamp,
    /// The last record it took note of.
    sequence: u64,
    tally: Tally,
}

impl Tallies {
    pub(crate) fn get(&self, key: &OrderKey) -> Option<&Tally> {
        self.held.get(key).map(|held| &held.tally)
    }

    /// Keeps a tally until then; one that is there already knows better.
    pub(crate) fn put(&mut self, key: OrderKey, until: Timestamp, tally: Tally) {
        self.held.entry(key).or_insert(Held { until, sequence: 0, tally });
    }

    /// Changes a tally that is held, by record `sequence`, and keeps it at least until then. Tells whether
    /// one is held.
    pub(crate) fn update(
        &mut self,
        (tenant, order): (TenantNumber, &Reference),
        until: Timestamp,
        sequence: u64,
        change: impl FnOnce(&mut Tally),
    ) -> bool {
        if self.held.is_empty() {
            return false;
        }
        let Some(held) = self.held.get_mut(&(tenant, order.clone())) else { return false };
        held.until = until.max(held.until);
        held.sequence = sequence.max(held.sequence);
        change(&mut held.tally);
        true
    }

    /// The last record that a tally took note of.
    pub(crate) fn sequence(&self, key: &OrderKey) -> Option<u64> {
        self.held.get(key).map(|held| held.sequence)
    }

    /// Forgets a tally, unless it is to be kept longer: then it tells until when.
    pub(crate) fn forget(&mut self, key: &OrderKey, now: Timestamp) -> Option<Timestamp> {
        let kept = self.held.get(key)?.until;
        if kept > now {
            return Some(kept);
        }
        self.held.remove(key);
        None
    }
}

//! Which reservations in memory belong to an order: a chain through their slots, newest first.
//!
//! The index holds the newest of each order only, so that an order with very many reservations makes
//! nothing slower.

use core::hash::Hasher as _;

use crate::catalog::TenantNumber;
use crate::ids::Reference;
use crate::index_table::IndexTable;
use crate::slab::Slab;
use crate::stable_hash::StableHasher;

/// No slot.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Link {
    older: u32,
    newer: u32,
}

const ALONE: Link = Link { older: NONE, newer: NONE };

/// Chains of slots by order.
#[derive(Debug)]
pub(super) struct Orders {
    newest: IndexTable,
    links: Slab<Link>,
    seed: u64,
}

impl Orders {
    pub(super) fn new(seed: u64) -> Self {
        Self { newest: IndexTable::default(), links: Slab::default(), seed }
    }

    pub(super) fn hash(&self, tenant: TenantNumber, order: &Reference) -> u64 {
        let mut hasher = StableHasher::seeded(self.seed);
        hasher.write_u32(tenant);
        hasher.write(order.as_bytes());
        hasher.finish()
    }

    fn link(&mut self, slot: u32) -> &mut Link {
        self.links.reach(slot, || ALONE)
    }

    /// Adds a slot to an order. `is_of` tells whether a slot belongs to it.
    pub(super) fn enter(
        &mut self,
        tenant: TenantNumber,
        order: &Reference,
        slot: u32,
        is_of: impl Fn(u32) -> bool,
    ) {
        let hash = self.hash(tenant, order);
        let older = self.newest.find(hash, is_of);
        *self.link(slot) = Link { older: older.unwrap_or(NONE), newer: NONE };
        if let Some(older) = older {
            self.link(older).newer = slot;
            self.newest.remove(hash, older);
        }
        self.newest.insert(hash, slot);
    }

    /// Takes a slot out of its order.
    pub(super) fn leave(&mut self, tenant: TenantNumber, order: &Reference, slot: u32) {
        let Link { older, newer } = core::mem::replace(self.link(slot), ALONE);
        if older != NONE {
            self.link(older).newer = newer;
        }
        if newer != NONE {
            self.link(newer).older = older;
            return;
        }
        let hash = self.hash(tenant, order);
        assert!(self.newest.remove(hash, slot), "the newest of an order is indexed");
        if older != NONE {
            self.newest.insert(hash, older);
        }
    }

    /// Reads the place of a hash in the index, see `stock::prefetch`.
    pub(super) fn prefetch(&self, hash: u64) -> Option<u32> {
        self.newest.candidate(hash)
    }

    /// Slots of an order, newest first.
    pub(super) fn of(
        &self,
        tenant: TenantNumber,
        order: &Reference,
        is_of: impl Fn(u32) -> bool,
    ) -> impl Iterator<Item = u32> + '_ {
        let newest = self.newest.find(self.hash(tenant, order), is_of);
        core::iter::successors(newest, |slot| {
            let older = self.links.get(*slot)?.older;
            (older != NONE).then_some(older)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a plain list per order.
        #[test]
        fn chains_are_lists(steps in proptest::collection::vec((0_u32..12, 0_u32..3), 0..120)) {
            let mut orders = Orders::new(7);
            let mut owner = [None; 12];
            let mut model: [Vec<u32>; 3] = Default::default();
            for (slot, order) in steps {
                let at = usize::try_from(slot).expect("small");
                let of = usize::try_from(order).expect("small");
                let name = |order: u32| {
                    Reference::parse(&std::format!("O-{order}")).expect("valid")
                };
                match owner[at] {
                    Some(held) => {
                        orders.leave(0, &name(held), slot);
                        let held = usize::try_from(held).expect("small");
                        model[held].retain(|held| *held != slot);
                        owner[at] = None;
                    }
                    None => {
                        let is_of = |slot: u32| owner[slot as usize] == Some(order);
                        orders.enter(0, &name(order), slot, is_of);
                        model[of].insert(0, slot);
                        owner[at] = Some(order);
                    }
                }
                for order in 0..3 {
                    let is_of = |slot: u32| owner[slot as usize] == Some(order);
                    let told: Vec<u32> = orders.of(0, &name(order), is_of).collect();
                    prop_assert_eq!(&told, &model[order as usize]);
                }
            }
        }
    }
}

//! From a hash to slab numbers: open addressing over 8-byte slots.
//!
//! A slot holds 32 bits of the hash and the number, so growing needs no look at the keys. The table
//! is cut into shards by the upper bits of the hash; only one shard grows at a time, so no command
//! ever waits for the whole table to be copied (10 M entries: about 10 k entries per growth).

use alloc::vec::Vec;

const SHARDS: usize = 1024;
const EMPTY: u64 = u64::MAX;

/// A hash index of `u32` numbers; the keys live elsewhere.
#[derive(Debug)]
pub struct IndexTable {
    shards: Vec<Shard>,
}

#[derive(Debug, Default)]
struct Shard {
    slots: Vec<u64>,
    used: usize,
}

impl Default for IndexTable {
    fn default() -> Self {
        Self { shards: core::iter::repeat_with(Shard::default).take(SHARDS).collect() }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the halves of a word are taken apart on purpose"
)]
const fn lower(word: u64) -> u32 {
    word as u32
}

const fn slot_of(hash: u64, number: u32) -> u64 {
    ((lower(hash) as u64) << 32) | number as u64
}

impl Shard {
    fn mask(&self) -> usize {
        self.slots.len().wrapping_sub(1)
    }

    fn home(&self, tag: u32) -> usize {
        tag as usize & self.mask()
    }

    /// Positions of the probe sequence that hold something, with what they hold.
    fn probe(&self, tag: u32) -> impl Iterator<Item = (usize, u64)> + '_ {
        let mask = self.mask();
        let mut at = self.home(tag);
        core::iter::from_fn(move || {
            let slot = *self.slots.get(at)?;
            if slot == EMPTY {
                return None;
            }
            let found = (at, slot);
            at = at.wrapping_add(1) & mask;
            Some(found)
        })
    }

    fn place(&mut self, slot: u64) {
        let mask = self.mask();
        let mut at = self.home(lower(slot >> 32));
        while self.slots.get(at).is_some_and(|held| *held != EMPTY) {
            at = at.wrapping_add(1) & mask;
        }
        if let Some(free) = self.slots.get_mut(at) {
            *free = slot;
        }
    }

    fn insert(&mut self, slot: u64) {
        // At most three quarters full.
        if self.used.saturating_add(1).saturating_mul(4) > self.slots.len().saturating_mul(3) {
            let length = self.slots.len().saturating_mul(2).max(4);
            let old = core::mem::replace(&mut self.slots, alloc::vec![EMPTY; length]);
            old.into_iter().filter(|slot| *slot != EMPTY).for_each(|slot| self.place(slot));
        }
        self.used = self.used.saturating_add(1);
        self.place(slot);
    }

    /// Backward-shift deletion: no tombstones, so the table never rots.
    fn remove_at(&mut self, mut hole: usize) {
        let mask = self.mask();
        let mut at = hole;
        loop {
            at = at.wrapping_add(1) & mask;
            let slot = self.slots[at];
            if slot == EMPTY {
                break;
            }
            let home = self.home(lower(slot >> 32));
            // Move it back unless its home lies between the hole and where it is.
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.slots[hole] = slot;
                hole = at;
            }
        }
        self.slots[hole] = EMPTY;
        self.used = self.used.saturating_sub(1);
    }
}

impl IndexTable {
    /// The upper bits choose the shard, the lower 32 the place in it.
    #[allow(clippy::cast_possible_truncation, reason = "ten bits are left")]
    const fn shard_of(hash: u64) -> usize {
        (hash >> 54) as usize
    }

    /// The number under `hash` for which `is_it` holds.
    #[inline]
    pub fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let tag = lower(hash);
        self.shards[Self::shard_of(hash)]
            .probe(tag)
            .filter(|(_, slot)| lower(slot >> 32) == tag)
            .map(|(_, slot)| lower(slot))
            .find(|number| is_it(*number))
    }

    /// The first number that may be under `hash`: for looking ahead, where a wrong one does no harm.
    pub(crate) fn candidate(&self, hash: u64) -> Option<u32> {
        let tag = lower(hash);
        let mut found = self.shards[Self::shard_of(hash)].probe(tag);
        found.find(|(_, slot)| lower(slot >> 32) == tag).map(|(_, slot)| lower(slot))
    }

    /// Adds a number that is not there yet.
    pub fn insert(&mut self, hash: u64, number: u32) {
        assert!(number != u32::MAX, "the highest number marks an empty slot");
        self.shards[Self::shard_of(hash)].insert(slot_of(hash, number));
    }

    /// Takes a number out; `false` when it was not there.
    pub fn remove(&mut self, hash: u64, number: u32) -> bool {
        let shard = &mut self.shards[Self::shard_of(hash)];
        let wanted = slot_of(hash, number);
        let found = shard.probe(lower(hash)).find(|(_, slot)| *slot == wanted);
        match found {
            Some((at, _)) => {
                shard.remove_at(at);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stable_hash::mix;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    #[test]
    fn equal_hashes_are_told_apart_by_the_caller() {
        let mut table = IndexTable::default();
        table.insert(7, 1);
        table.insert(7, 2);
        assert_eq!(table.find(7, |number| number == 2), Some(2));
        assert!(table.remove(7, 1));
        assert!(!table.remove(7, 1));
        assert_eq!(table.find(7, |_| true), Some(2));
        assert_eq!(table.find(8, |_| true), None);
    }

    proptest! {
        /// Few distinct hashes, so that long probe runs and shifts happen all the time.
        #[test]
        fn behaves_like_a_map(steps in proptest::collection::vec((any::<bool>(), 0u32..60), 0..400)) {
            let mut table = IndexTable::default();
            let mut model = BTreeMap::new();
            for (insert, number) in steps {
                let hash = mix(u64::from(number)) & 0x0f;
                if insert {
                    if model.insert(number, hash).is_none() {
                        table.insert(hash, number);
                    }
                } else {
                    prop_assert_eq!(table.remove(hash, number), model.remove(&number).is_some());
                }
                for candidate in 0..60 {
                    let hash = mix(u64::from(candidate)) & 0x0f;
                    let found = table.find(hash, |found| found == candidate);
                    prop_assert_eq!(found.is_some(), model.contains_key(&candidate));
                }
            }
        }
    }
}

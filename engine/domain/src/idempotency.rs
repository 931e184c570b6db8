//! Idempotency keys: what was decided under a key binds, for the last so many keys.

use crate::index_table::IndexTable;
use crate::slab::Slab;

/// What is remembered of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyEntry {
    /// Hash of tenant and key.
    pub key: [u8; 16],
    /// Fingerprint of the command it was used for.
    pub fingerprint: u64,
    /// The record that holds the answer.
    pub sequence: u64,
}

/// The last so many keys, oldest overwritten first.
#[derive(Debug)]
pub struct Keys {
    ring: Slab<KeyEntry>,
    index: IndexTable,
    oldest: u32,
    window: u32,
    entered: u64,
}

fn hash_of(key: &[u8; 16]) -> u64 {
    let (first, _) = key.split_first_chunk::<8>().expect("sixteen bytes hold eight");
    u64::from_le_bytes(*first)
}

impl Keys {
    /// Remembers at most `window` keys, at least one.
    #[must_use]
    pub fn new(window: u32) -> Self {
        Self {
            ring: Slab::default(),
            index: IndexTable::default(),
            oldest: 0,
            window: window.max(1),
            entered: 0,
        }
    }

    /// What is remembered of a key.
    #[must_use]
    pub fn find(&self, key: &[u8; 16]) -> Option<&KeyEntry> {
        let is_it = |number| self.ring.get(number).is_some_and(|entry| entry.key == *key);
        self.index.find(hash_of(key), is_it).and_then(|number| self.ring.get(number))
    }

    /// Reads the place of a key in the index, see `stock::prefetch`.
    pub(crate) fn prefetch(&self, key: &[u8; 16]) -> Option<u32> {
        self.index.candidate(hash_of(key))
    }

    /// Remembers a key; one that is there already stays as it is.
    pub fn insert(&mut self, entry: KeyEntry) {
        if self.find(&entry.key).is_some() {
            return;
        }
        let number = if self.ring.len() < self.window {
            self.ring.push(entry)
        } else {
            let number = self.oldest;
            let place = self.ring.get_mut(number).expect("the ring is full");
            let forgotten = core::mem::replace(place, entry);
            assert!(self.index.remove(hash_of(&forgotten.key), number), "every key is indexed");
            self.oldest =
                if number.saturating_add(1) == self.window { 0 } else { number.saturating_add(1) };
            number
        };
        self.index.insert(hash_of(&entry.key), number);
        self.entered = self.entered.saturating_add(1);
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.ring.len()
    }

    /// Whether none is remembered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Running number of the oldest that is remembered: how many have been forgotten.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.entered.saturating_sub(u64::from(self.ring.len()))
    }

    /// The oldest that is remembered.
    #[must_use]
    pub fn oldest(&self) -> Option<&KeyEntry> {
        self.numbered(self.first())
    }

    /// Whether the next key makes the oldest forgotten.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() == self.window
    }

    /// The key with this running number, while it is remembered. The number stays with the key
    /// while the ring turns, so that a walk in steps misses nothing.
    #[must_use]
    pub fn numbered(&self, number: u64) -> Option<&KeyEntry> {
        let length = self.ring.len();
        let n = u32::try_from(number.checked_sub(self.first())?).ok().filter(|n| *n < length)?;
        let to_end = length.saturating_sub(self.oldest);
        self.ring.get(if n < to_end {
            self.oldest.saturating_add(n)
        } else {
            n.saturating_sub(to_end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u8) -> KeyEntry {
        KeyEntry { key: [number; 16], fingerprint: u64::from(number), sequence: u64::from(number) }
    }

    #[test]
    fn the_last_keys_of_the_window_are_remembered_in_order() {
        let mut keys = Keys::new(3);
        for number in 1..=5 {
            keys.insert(entry(number));
        }
        assert_eq!(keys.find(&[1; 16]), None);
        assert_eq!(keys.find(&[2; 16]), None);
        for number in 3..=5 {
            assert_eq!(keys.find(&[number; 16]), Some(&entry(number)));
        }
        let at = |number| keys.numbered(number).map(|entry| entry.sequence);
        assert_eq!(keys.first(), 2);
        assert_eq!([1, 2, 3, 4, 5].map(at), [None, Some(3), Some(4), Some(5), None]);
    }

    #[test]
    fn the_first_command_under_a_key_stays() {
        let mut keys = Keys::new(3);
        keys.insert(entry(1));
        keys.insert(KeyEntry { sequence: 9, ..entry(1) });
        assert_eq!(keys.find(&[1; 16]).map(|entry| entry.sequence), Some(1));
        assert_eq!(keys.len(), 1);
    }
}

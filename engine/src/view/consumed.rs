//! The events that were consumed last: where they stand in the log, by their ids.

use std::collections::VecDeque;

use hashbrown::HashTable;
use onhand_domain::change::Change;
use onhand_domain::stock::Stock;

use super::View;

/// The last so many consumed events; the oldest is forgotten first. 16 bytes each, and as much for the
/// index.
#[derive(Debug, Default)]
pub(super) struct Consumed {
    /// Hash of the id, and the record.
    ring: VecDeque<(u64, u64)>,
    /// Running number of the oldest.
    first: u64,
    index: HashTable<u64>,
    window: usize,
}

fn hash_of(key: &[u8; 16]) -> u64 {
    let (first, _) = key.split_first_chunk::<8>().expect("sixteen bytes hold eight");
    u64::from_le_bytes(*first)
}

fn place(first: u64, number: u64) -> usize {
    usize::try_from(number.wrapping_sub(first)).unwrap_or(usize::MAX)
}

impl Consumed {
    fn push(&mut self, hash: u64, sequence: u64) {
        let Self { ring, first, index, window } = self;
        while ring.len() >= *window {
            let Some((forgotten, _)) = ring.pop_front() else { return };
            if let Ok(entry) = index.find_entry(forgotten, |number| number == first) {
                entry.remove();
            }
            *first += 1;
        }
        let number = *first + ring.len() as u64;
        ring.push_back((hash, sequence));
        let of = |number: &u64| ring.get(place(*first, *number)).map_or(0, |(hash, _)| *hash);
        index.insert_unique(hash, number, of);
    }

    pub(super) fn apply(&mut self, change: &Change, sequence: u64) {
        let event = change.source.as_ref().and_then(|source| source.event.as_ref());
        if let Some(event) = event {
            self.push(hash_of(&event.key), sequence);
        }
    }

    pub(super) fn load(&mut self, stock: &Stock) {
        *self = Self { window: stock.rules().event_window.max(1) as usize, ..Self::default() };
        let events = stock.events();
        let mut all: Vec<(u64, u64)> = (events.first()..)
            .map_while(|number| events.numbered(number))
            .map(|entry| (entry.sequence, hash_of(&entry.key)))
            .collect();
        // A fuzzy checkpoint may have them in another order.
        all.sort_unstable();
        all.into_iter().for_each(|(sequence, hash)| self.push(hash, sequence));
    }

    fn with(&self, hash: u64, before: u64, limit: usize) -> Vec<u64> {
        let numbers = self.index.iter_hash(hash);
        let entries = numbers.filter_map(|number| self.ring.get(place(self.first, *number)));
        let mut found: Vec<u64> = entries
            .filter(|(held, sequence)| *held == hash && *sequence < before)
            .map(|(_, sequence)| *sequence)
            .collect();
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.truncate(limit);
        found
    }

    fn before(&self, before: u64, limit: usize) -> Vec<u64> {
        let end = self.ring.partition_point(|(_, sequence)| *sequence < before);
        self.ring.range(..end).rev().take(limit).map(|(_, sequence)| *sequence).collect()
    }
}

impl View {
    /// Records of consumed events whose id has this hash, newest first. Different ids may share it.
    pub(crate) fn consumed_with(&self, hash: u64, before: u64, limit: usize) -> Vec<u64> {
        self.upkeep.consumed.read().with(hash, before, limit)
    }

    /// Records of consumed events, newest first.
    pub(crate) fn consumed_before(&self, before: u64, limit: usize) -> Vec<u64> {
        self.upkeep.consumed.read().before(before, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_found_by_their_ids() {
        let mut consumed = Consumed { window: 3, ..Consumed::default() };
        for (hash, sequence) in [(7, 1), (8, 2), (7, 3), (9, 4), (7, 5)] {
            consumed.push(hash, sequence);
        }
        assert_eq!(consumed.with(7, u64::MAX, 9), [5, 3]);
        assert_eq!(consumed.with(7, 5, 9), [3]);
        assert_eq!(consumed.with(7, u64::MAX, 1), [5]);
        assert_eq!(consumed.with(8, u64::MAX, 9), [0; 0], "forgotten");
        assert_eq!(consumed.before(u64::MAX, 9), [5, 4, 3]);
        assert_eq!(consumed.before(4, 9), [3]);
        assert_eq!(consumed.index.len(), 3);
    }
}

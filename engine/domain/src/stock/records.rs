//! Records that were read from the log because something in them is undone, and what was undone lately.
//!
//! A record never changes; whether one of its movements was reversed does. The log tells of reversals up
//! to the moment it was searched, memory of all since then: a reversal stays here longer than a search
//! may be old.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;

use crate::change::{Change, MovementPlace};
use crate::time::Timestamp;

/// So many records are kept; the oldest is read again when it is needed.
const HELD_MAX: usize = 4_096;

/// What is known of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecalledRecord {
    /// What it says; `None`: there is no such record.
    pub change: Option<Arc<Change>>,
    /// Which of its movements were reversed, and by which record.
    pub reversed: BTreeMap<u32, u64>,
}

/// Recalled records, and recent reversals.
#[derive(Debug)]
pub struct Records {
    held: BTreeMap<u64, RecalledRecord>,
    /// In the order in which they were recalled.
    fading: VecDeque<(Timestamp, u64)>,
    reversals: BTreeMap<MovementPlace, u64>,
    fading_reversals: VecDeque<(Timestamp, MovementPlace)>,
    kept_ms: i64,
}

impl Records {
    pub(crate) const fn new(kept_ms: i64) -> Self {
        Self {
            held: BTreeMap::new(),
            fading: VecDeque::new(),
            reversals: BTreeMap::new(),
            fading_reversals: VecDeque::new(),
            kept_ms,
        }
    }

    /// What is known of a record; `None`: nobody has looked.
    #[must_use]
    pub fn get(&self, sequence: u64) -> Option<&RecalledRecord> {
        self.held.get(&sequence)
    }

    /// Keeps what the log says of a record, unless memory knows better.
    pub(crate) fn recall(&mut self, sequence: u64, mut record: RecalledRecord, now: Timestamp) {
        if self.held.contains_key(&sequence) {
            return;
        }
        let first = MovementPlace { sequence, place: 0 };
        let last = MovementPlace { sequence, place: u32::MAX };
        for (place, by) in self.reversals.range(first..=last) {
            record.reversed.insert(place.place, *by);
        }
        if self.held.len() >= HELD_MAX
            && let Some((_, oldest)) = self.fading.pop_front()
        {
            self.held.remove(&oldest);
        }
        self.held.insert(sequence, record);
        self.fading.push_back((now.plus_millis(self.kept_ms), sequence));
    }

    /// Takes note of a reversal.
    pub(crate) fn reverse(&mut self, place: MovementPlace, by: u64, at: Timestamp) {
        if let Some(record) = self.held.get_mut(&place.sequence) {
            record.reversed.insert(place.place, by);
        }
        if self.reversals.insert(place, by).is_none() {
            self.fading_reversals.push_back((at.plus_millis(self.kept_ms), place));
        }
    }

    /// Forgets at most `limit` of what has been here long enough; returns how many. A reversal by a record
    /// above `findable` stays, because a search of the log would not find it yet.
    pub(crate) fn forget(&mut self, now: Timestamp, limit: usize, findable: u64) -> usize {
        let mut forgotten = 0_usize;
        while forgotten < limit && self.fading.front().is_some_and(|(until, _)| *until <= now) {
            let Some((_, sequence)) = self.fading.pop_front() else { break };
            self.held.remove(&sequence);
            forgotten = forgotten.saturating_add(1);
        }
        while forgotten < limit {
            let Some((until, place)) = self.fading_reversals.front().copied() else { break };
            let by = self.reversals.get(&place).copied().unwrap_or_default();
            if until > now || by > findable {
                break;
            }
            self.fading_reversals.pop_front();
            self.reversals.remove(&place);
            forgotten = forgotten.saturating_add(1);
        }
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: MovementPlace = MovementPlace { sequence: 7, place: 1 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn unreversed() -> RecalledRecord {
        RecalledRecord { change: None, reversed: BTreeMap::new() }
    }

    fn reversed_by(records: &Records) -> Option<u64> {
        records.get(7).expect("held").reversed.get(&1).copied()
    }

    /// "What the writer holds wins over a recall".
    #[test]
    fn a_search_that_is_older_than_a_reversal_does_not_hide_it() {
        let mut records = Records::new(1_000);
        records.reverse(PLACE, 9, at(100));
        records.recall(7, unreversed(), at(200));
        assert_eq!(reversed_by(&records), Some(9));
        records.forget(at(1_100), 10, 9);
        assert_eq!(reversed_by(&records), Some(9), "the record outlives what was noted");
        records.forget(at(1_200), 10, 9);
        assert!(records.get(7).is_none());
        records.recall(7, unreversed(), at(1_200));
        assert_eq!(reversed_by(&records), None, "the log knows by then");
    }

    /// "Exactly once" rests on what a search can find, not on the clock alone.
    #[test]
    fn a_reversal_that_no_search_can_find_yet_is_remembered() {
        let mut records = Records::new(1_000);
        records.reverse(PLACE, 9, at(100));
        records.forget(at(100_000), 10, 8);
        records.recall(7, unreversed(), at(100_000));
        assert_eq!(reversed_by(&records), Some(9), "its record is not durable yet");
        records.forget(at(200_000), 10, 9);
        records.recall(7, unreversed(), at(200_000));
        assert_eq!(reversed_by(&records), None, "the log knows by then");
    }

    #[test]
    fn a_record_in_memory_hears_of_its_reversal() {
        let mut records = Records::new(1_000);
        records.recall(7, unreversed(), at(0));
        records.recall(7, RecalledRecord { reversed: [(1, 3)].into(), ..unreversed() }, at(1));
        assert_eq!(reversed_by(&records), None, "memory knows better");
        records.reverse(PLACE, 9, at(2));
        assert_eq!(reversed_by(&records), Some(9));
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut records = Records::new(1_000);
        for sequence in 0..=HELD_MAX as u64 {
            records.recall(sequence, unreversed(), at(0));
        }
        assert!(records.get(0).is_none() && records.get(1).is_some());
        assert_eq!(records.held.len(), HELD_MAX);
        assert_eq!(records.fading.len(), HELD_MAX);
    }
}

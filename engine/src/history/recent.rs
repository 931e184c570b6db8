//! Index rows that are not on disk yet.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use onhand_storage::IndexRow;
use parking_lot::{Condvar, Mutex, RwLock};

/// Rows held at most: 192 MiB. Beyond it the index thread has failed for long; rows are then left out
/// and made again from the log when it writes again, and lookups fail until then.
const ROWS_MAX: usize = 8 << 20;
/// Rows that lookups scan one by one, beyond which they are sorted.
const UNSORTED_MAX: usize = 4_096;

/// Rows that are not on disk yet, and whether all of them are known again after a start.
///
/// Many write little, few read: rows are appended as they come, and sorted behind by the index thread.
#[derive(Debug, Default)]
pub struct RecentRows {
    rows: RwLock<Rows>,
    is_whole: Mutex<bool>,
    whole: Condvar,
    known_to: AtomicU64,
}

#[derive(Debug, Default)]
struct Rows {
    /// Each sorted; only the index thread changes the list.
    blocks: Vec<Arc<Vec<IndexRow>>>,
    /// Taken out of `tail`, being sorted.
    settling: Arc<Vec<IndexRow>>,
    tail: Vec<IndexRow>,
    /// Rows of some records from the first to the second one were left out.
    lost: Option<(u64, u64)>,
}

impl Rows {
    fn count(&self) -> usize {
        let sorted: usize = self.blocks.iter().map(|block| block.len()).sum();
        sorted + self.settling.len() + self.tail.len()
    }

    /// Calls `row` for all rows from `low` on and below `high`, in no order.
    fn walk(&self, low: IndexRow, high: IndexRow, mut row: impl FnMut(u64)) {
        for block in &self.blocks {
            let start = block.partition_point(|held| *held < low);
            let inside = block[start..].iter().take_while(|held| **held < high);
            inside.for_each(|held| row(held.sequence));
        }
        let unsorted = self.settling.iter().chain(&self.tail);
        let inside = unsorted.filter(|held| low <= **held && **held < high);
        inside.for_each(|held| row(held.sequence));
    }
}

impl RecentRows {
    /// Takes rows; those of one call belong to neighbouring records, later than those before.
    pub fn extend(&self, new: impl Iterator<Item = IndexRow>) {
        let mut rows = self.rows.write();
        let before = rows.tail.len();
        rows.tail.extend(new);
        if rows.count() > ROWS_MAX {
            let sequences = || rows.tail[before..].iter().map(|row| row.sequence);
            if let (Some(first), Some(last)) = (sequences().min(), sequences().max()) {
                rows.lost = Some((rows.lost.map_or(first, |(first, _)| first), last));
            }
            rows.tail.truncate(before);
        }
    }

    /// Says that not all rows are known, and lets go those who wait for them: the process is stopping.
    pub(crate) fn give_up(&self) {
        self.rows.write().lost = Some((0, u64::MAX));
        self.set_whole();
    }

    /// Sorts what has come. For the index thread alone.
    pub(crate) fn settle(&self) {
        let (unsorted, mut blocks) = {
            let mut rows = self.rows.write();
            if rows.tail.len() < UNSORTED_MAX {
                return;
            }
            rows.settling = Arc::new(std::mem::take(&mut rows.tail));
            (Arc::clone(&rows.settling), rows.blocks.clone())
        };
        let mut sorted = unsorted.to_vec();
        sorted.sort_unstable();
        blocks.push(Arc::new(sorted));
        // Each block is at least twice as long as the next one: few blocks, and little is moved often.
        while let [.., longer, shorter] = blocks.as_slice()
            && longer.len() < 2 * shorter.len()
        {
            let mut merged = [longer.as_slice(), shorter.as_slice()].concat();
            // Two sorted stretches: found and merged as such.
            merged.sort();
            blocks.truncate(blocks.len() - 2);
            blocks.push(Arc::new(merged));
        }
        let mut rows = self.rows.write();
        rows.blocks = blocks;
        rows.settling = Arc::default();
    }

    /// Forgets rows that are on disk now. For the index thread alone.
    pub(crate) fn forget_up_to(&self, sequence: u64) {
        self.settle();
        let mut blocks = self.rows.read().blocks.clone();
        for block in &mut blocks {
            let kept = block.iter().filter(|row| row.sequence > sequence).copied();
            *block = Arc::new(kept.collect());
        }
        blocks.retain(|block| !block.is_empty());
        let mut rows = self.rows.write();
        rows.blocks = blocks;
        rows.tail.retain(|row| row.sequence > sequence);
        let left = |(first, last): (u64, u64)| {
            (last > sequence).then(|| (first.max(sequence.saturating_add(1)), last))
        };
        rows.lost = rows.lost.and_then(left);
    }

    /// Rows of the records `first..=last`; `None` when some of them were left out. For the index
    /// thread alone.
    pub(crate) fn range(&self, first: u64, last: u64) -> Option<Vec<IndexRow>> {
        let rows = self.rows.read();
        if rows.lost.is_some_and(|lost| lost.0 <= last && first <= lost.1) {
            return None;
        }
        let all = rows.blocks.iter().flat_map(|block| block.iter()).chain(&rows.tail);
        Some(all.filter(|row| (first..=last).contains(&row.sequence)).copied().collect())
    }

    /// All records up to this one are durable, and their rows came; what they say can be found.
    pub fn cover(&self, sequence: u64) {
        self.known_to.fetch_max(sequence, Ordering::Release);
    }

    /// See [`RecentRows::cover`].
    pub(crate) fn known_to(&self) -> u64 {
        self.known_to.load(Ordering::Acquire)
    }

    /// All rows of durable records are known: whoever waits to look something up goes on.
    pub fn set_whole(&self) {
        *self.is_whole.lock() = true;
        self.whole.notify_all();
    }

    /// Waits until the rows that a start found missing have been made again.
    pub(crate) fn wait(&self) {
        let mut is_whole = self.is_whole.lock();
        while !*is_whole {
            self.whole.wait(&mut is_whole);
        }
    }

    /// Whether rows were left out, so that a lookup could miss something.
    pub(crate) fn has_lost(&self) -> bool {
        self.rows.read().lost.is_some()
    }

    /// Sequences below `before` under any of the keys, the newest first, at most `limit`.
    pub(crate) fn range_before(
        &self,
        kind: u8,
        keys: Range<u64>,
        before: u64,
        limit: usize,
    ) -> Vec<u64> {
        let low = IndexRow { kind, key: keys.start, sequence: 0 };
        let high = IndexRow { kind, key: keys.end, sequence: 0 };
        self.newest(low, high, before, limit)
    }

    /// Sequences below `before` under a key, the newest first, at most `limit`.
    pub(crate) fn lookup(&self, kind: u8, key: u64, before: u64, limit: usize) -> Vec<u64> {
        let low = IndexRow { kind, key, sequence: 0 };
        self.newest(low, IndexRow { sequence: before, ..low }, before, limit)
    }

    fn newest(&self, low: IndexRow, high: IndexRow, before: u64, limit: usize) -> Vec<u64> {
        let mut found = Vec::new();
        self.rows.read().walk(low, high, |sequence| found.push(sequence));
        found.retain(|sequence| *sequence < before);
        found.sort_unstable_by(|left, right| right.cmp(left));
        found.dedup();
        found.truncate(limit);
        found
    }

    /// The first sequence from `from` on under a key.
    pub(crate) fn first_from(&self, kind: u8, key: u64, from: u64) -> Option<u64> {
        let low = IndexRow { kind, key, sequence: from };
        let mut first: Option<u64> = None;
        self.rows.read().walk(low, IndexRow { sequence: u64::MAX, ..low }, |sequence| {
            first = Some(first.map_or(sequence, |held| held.min(sequence)));
        });
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(sequence: u64) -> IndexRow {
        IndexRow { kind: 1, key: sequence % 3, sequence }
    }

    #[test]
    fn rows_are_found_sorted_or_not() {
        let recent = RecentRows::default();
        for step in 0..6_u64 {
            let first = step * 3_000 + 1;
            recent.extend((first..first + 3_000).rev().map(row));
            if step % 2 == 0 {
                recent.settle();
            }
            let last = first + 2_999;
            let expected: Vec<u64> =
                (1..=last).rev().filter(|sequence| sequence % 3 == 1).take(5).collect();
            assert_eq!(recent.lookup(1, 1, u64::MAX, 5), expected);
            assert_eq!(recent.first_from(1, 2, last / 2), (last / 2..).find(|at| at % 3 == 2));
            assert_eq!(recent.range_before(1, 1..3, 9, 3), [8, 7, 5]);
            assert_eq!(recent.lookup(2, 1, u64::MAX, 5), [0; 0]);
        }
        recent.forget_up_to(10_000);
        assert_eq!(recent.first_from(1, 2, 0), Some(10_001));
        let left = recent.range(1, u64::MAX).expect("nothing was left out");
        assert_eq!(left.len(), 8_000);
    }

    #[test]
    fn what_finds_no_room_is_left_out_until_it_is_on_disk() {
        let recent = RecentRows::default();
        let room = u64::try_from(ROWS_MAX).expect("fits");
        recent.extend((1..=room).map(row));
        assert!(!recent.has_lost());
        recent.extend([row(room + 1)].into_iter());
        recent.extend([row(room + 2)].into_iter());
        assert!(recent.has_lost());
        assert!(recent.range(1, room).is_some());
        assert!(recent.range(1, room + 1).is_none());
        // There is room again before all that was left out is on disk.
        recent.forget_up_to(room + 1);
        recent.extend([row(room + 4)].into_iter());
        assert!(recent.has_lost());
        assert!(recent.range(room + 2, room + 4).is_none());
        assert_eq!(recent.range(room + 3, room + 4).map(|rows| rows.len()), Some(1));
        recent.forget_up_to(room + 2);
        assert!(!recent.has_lost());
        recent.extend([row(room + 3)].into_iter());
        assert_eq!(recent.lookup(1, (room + 3) % 3, u64::MAX, 9), [room + 3]);
        recent.give_up();
        recent.wait();
        assert!(recent.has_lost());
    }
}

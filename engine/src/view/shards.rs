//! A hash table in pieces, each behind a lock of its own, so that readers of different things do not
//! meet. What is equal, and how it is hashed, is the business of whoever asks.

use hashbrown::HashTable;
use parking_lot::RwLock;

/// How many pieces.
const SHARDS: usize = 64;

/// See the module.
#[derive(Debug)]
pub(super) struct Shards<T> {
    all: Vec<RwLock<HashTable<T>>>,
}

impl<T> Default for Shards<T> {
    fn default() -> Self {
        Self { all: std::iter::repeat_with(RwLock::default).take(SHARDS).collect() }
    }
}

impl<T> Shards<T> {
    /// The piece in which a hash lies.
    pub(super) fn of(&self, hash: u64) -> &RwLock<HashTable<T>> {
        // The table uses the lowest and the highest bits; the shard takes some between.
        let middle = usize::try_from((hash >> 32) & 0xffff).unwrap_or(0);
        &self.all[middle % SHARDS]
    }

    /// Makes room for so many in empty pieces, spread evenly.
    pub(super) fn reserve(&self, count: usize) {
        // A sixteenth more than the mean: the pieces are not filled quite alike.
        let each = count / SHARDS + count / SHARDS / 16;
        for shard in &self.all {
            shard.write().reserve(each, |_| unreachable!("an empty table moves nothing"));
        }
    }
}

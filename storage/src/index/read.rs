//! Looking up rows.

use std::collections::{BTreeSet, VecDeque};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use parking_lot::Mutex;

use super::merged::Merged;
use super::{IndexRow, Part, Parts, Place, RowBytes, sequence_of};
use crate::error::LogError;
use crate::segment::Opened;

/// Merged files that are open at the same time: each holds a file and a cache.
const OPEN_FILES_MAX: usize = 16;

/// Looks up rows: any thread, any number of clones.
#[derive(Clone)]
pub struct IndexReader {
    parts: Arc<Parts>,
    place: Arc<Place>,
    /// Merged files that are open, the longest open first.
    opened: Arc<Mutex<VecDeque<Arc<Part>>>>,
}

impl IndexReader {
    pub(super) fn new(parts: Arc<Parts>, place: Arc<Place>) -> Self {
        Self { parts, place, opened: Arc::default() }
    }

    /// Sequences of the records that concern a key and lie below `before`, the newest first, at
    /// most `limit`. Records above [`IndexStore::covered_to`](super::IndexStore::covered_to) are
    /// not known here.
    pub fn lookup(
        &self,
        kind: u8,
        key: u64,
        before: u64,
        limit: usize,
    ) -> Result<Vec<u64>, LogError> {
        let low = IndexRow { kind, key, sequence: 0 }.to_bytes();
        let high = IndexRow { kind, key, sequence: before }.to_bytes();
        let mut found = Vec::new();
        let parts: Vec<Arc<Part>> = self.parts.read().clone();
        for part in parts.iter().rev() {
            if found.len() >= limit {
                break;
            }
            if part.range().0 >= before {
                continue;
            }
            match &**part {
                Part::Run(run) => run.lookup(&low, &high, limit, &mut found)?,
                Part::Merged(merged) => {
                    while merged.lookup(&low, &high, limit, &mut found)?.is_none() {
                        self.open(part, merged)?;
                    }
                }
            }
        }
        Ok(found)
    }

    /// Sequence of the first record from `from` on that concerns a key.
    pub fn first_from(&self, kind: u8, key: u64, from: u64) -> Result<Option<u64>, LogError> {
        let low = IndexRow { kind, key, sequence: from }.to_bytes();
        let high = IndexRow { kind, key, sequence: u64::MAX }.to_bytes();
        let mut found = None;
        let parts: Vec<Arc<Part>> = self.parts.read().clone();
        for part in parts.iter().filter(|part| part.range().1 >= from) {
            self.walk(part, &low, &high, &mut |row| {
                found = Some(sequence_of(row));
                ControlFlow::Break(())
            })?;
            if found.is_some() {
                break;
            }
        }
        Ok(found)
    }

    /// Sequences of the records that concern any of the keys `keys` (in the order of their numbers)
    /// and lie below `before`, the newest first, at most `limit`. Reads all rows of these keys in
    /// every file it looks at.
    pub fn range_before(
        &self,
        kind: u8,
        keys: Range<u64>,
        before: u64,
        limit: usize,
    ) -> Result<Vec<u64>, LogError> {
        let low = IndexRow { kind, key: keys.start, sequence: 0 }.to_bytes();
        let high = IndexRow { kind, key: keys.end, sequence: 0 }.to_bytes();
        let mut found = Vec::new();
        let parts: Vec<Arc<Part>> = self.parts.read().clone();
        for part in parts.iter().rev().filter(|part| part.range().0 < before) {
            if found.len() >= limit {
                break;
            }
            let mut newest = Newest::new(limit - found.len());
            self.walk(part, &low, &high, &mut |row| {
                newest.push(sequence_of(row), before);
                ControlFlow::Continue(())
            })?;
            found.extend(newest.into_descending());
        }
        Ok(found)
    }

    fn walk(
        &self,
        part: &Arc<Part>,
        low: &RowBytes,
        high: &RowBytes,
        row: &mut dyn FnMut(&RowBytes) -> ControlFlow<()>,
    ) -> Result<(), LogError> {
        match &**part {
            Part::Run(run) => run.walk(low, high, row),
            Part::Merged(merged) => {
                while merged.walk(low, high, row)?.is_none() {
                    self.open(part, merged)?;
                }
                Ok(())
            }
        }
    }

    /// Opens a file, and closes the one that has been open longest when there are too many.
    fn open(&self, part: &Arc<Part>, merged: &Merged) -> Result<(), LogError> {
        if merged.open(&self.place)? == Opened::Now {
            let mut opened = self.opened.lock();
            opened.push_back(part.clone());
            let surplus = if opened.len() > OPEN_FILES_MAX { opened.pop_front() } else { None };
            drop(opened);
            if let Some(Part::Merged(surplus)) = surplus.as_deref() {
                surplus.close();
            }
        }
        Ok(())
    }
}

/// The greatest sequences of a walk, a bounded number of them.
struct Newest {
    held: BTreeSet<u64>,
    limit: usize,
}

impl Newest {
    fn new(limit: usize) -> Self {
        Self { held: BTreeSet::new(), limit }
    }

    fn push(&mut self, sequence: u64, before: u64) {
        let is_full = self.held.len() >= self.limit;
        if sequence >= before || is_full && self.held.first().is_none_or(|least| sequence < *least)
        {
            return;
        }
        if self.held.insert(sequence) && is_full {
            self.held.pop_first();
        }
    }

    fn into_descending(self) -> impl Iterator<Item = u64> {
        self.held.into_iter().rev()
    }
}

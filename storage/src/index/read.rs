//! Looking up rows.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use super::merged::Merged;
use super::{IndexRow, Part, Parts, Place};
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

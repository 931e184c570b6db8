//! The last so many of something, oldest forgotten first.

use std::collections::VecDeque;

/// What is remembered under a key: what it stood for, and the record that answered it.
#[derive(Debug, Clone)]
pub(crate) struct Window<T> {
    entries: VecDeque<([u8; 16], T, u64)>,
    limit: usize,
}

impl<T> Window<T> {
    pub(crate) fn new(limit: u32) -> Self {
        Self { entries: VecDeque::new(), limit: limit as usize }
    }

    pub(crate) fn find(&self, key: &[u8; 16]) -> Option<(&T, u64)> {
        let entry = self.entries.iter().find(|(held, _, _)| held == key)?;
        Some((&entry.1, entry.2))
    }

    /// Remembers; tells whether something had to be forgotten for it.
    pub(crate) fn enter(&mut self, key: [u8; 16], what: T, sequence: u64) -> bool {
        if self.find(&key).is_some() {
            return false;
        }
        self.entries.push_back((key, what, sequence));
        if self.entries.len() <= self.limit {
            return false;
        }
        self.entries.pop_front();
        true
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &([u8; 16], T, u64)> {
        self.entries.iter()
    }
}

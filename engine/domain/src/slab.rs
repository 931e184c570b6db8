//! Things by number, in chunks: growing never copies what is there.

use alloc::vec::Vec;

const CHUNK_BITS: u32 = 12;
const CHUNK: usize = 1 << CHUNK_BITS;

/// A growing list of `T`, addressed by `u32`.
#[derive(Debug)]
pub struct Slab<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

const fn split(number: u32) -> (usize, usize) {
    let at = number as usize;
    (at >> CHUNK_BITS, at & (CHUNK - 1))
}

impl<T> Slab<T> {
    /// How many there are; the number that the next one gets.
    ///
    /// # Panics
    /// Beyond four thousand million entries.
    #[must_use]
    pub fn len(&self) -> u32 {
        let last = self.chunks.last().map_or(0, Vec::len);
        let before = self.chunks.len().saturating_sub(1).saturating_mul(CHUNK);
        u32::try_from(before.saturating_add(last)).expect("numbers fit 32 bits")
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The one with this number.
    #[must_use]
    #[inline]
    pub fn get(&self, number: u32) -> Option<&T> {
        let (chunk, at) = split(number);
        self.chunks.get(chunk)?.get(at)
    }

    /// The one with this number, to change it.
    #[inline]
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let (chunk, at) = split(number);
        self.chunks.get_mut(chunk)?.get_mut(at)
    }

    /// Adds one and returns its number.
    pub fn push(&mut self, value: T) -> u32 {
        let number = self.len();
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(value),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(value);
                self.chunks.push(chunk);
            }
        }
        number
    }

    /// The place with this number, after filling up with `vacant` as far as needed.
    pub fn reach(&mut self, number: u32, vacant: impl Fn() -> T) -> &mut T {
        while self.len() <= number {
            self.push(vacant());
        }
        self.get_mut(number).expect("filled up to this number")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_run_on_over_chunks() {
        let mut slab = Slab::default();
        for value in 0..10_000_u32 {
            assert_eq!(slab.push(value), value);
        }
        assert_eq!(slab.len(), 10_000);
        assert_eq!(slab.get(4096), Some(&4096));
        assert_eq!(slab.get(10_000), None);
        *slab.reach(10_002, || 0) = 7;
        assert_eq!(slab.get(10_001), Some(&0));
        assert_eq!(slab.get(10_002), Some(&7));
    }
}

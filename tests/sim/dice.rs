//! Randomness from one seed: SplitMix64 (Steele, Lea, Flood 2014).

/// Dice that fall the same way for the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is above zero.
    pub(crate) const fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    /// The same, as an index or a small figure.
    pub(crate) fn small(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).expect("below a usize")
    }

    /// The same, with a sign.
    pub(crate) fn signed(&mut self, limit: u64) -> i64 {
        i64::try_from(self.below(limit)).expect("limits are small")
    }

    /// True once in `n` throws.
    pub(crate) const fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of them; there is one.
    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.small(all.len())]
    }

    /// One of them, if there is any.
    pub(crate) fn pick_any<T: Clone>(&mut self, all: impl Iterator<Item = T>) -> Option<T> {
        let all: Vec<T> = all.collect();
        if all.is_empty() { None } else { Some(self.pick(&all).clone()) }
    }

    /// One of them, as often as its weight says.
    pub(crate) fn weighted<T: Copy>(&mut self, all: &[(u64, T)]) -> T {
        let sum = all.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(sum);
        for (weight, what) in all {
            if left < *weight {
                return *what;
            }
            left -= weight;
        }
        unreachable!("the throw lies below the sum of the weights")
    }
}

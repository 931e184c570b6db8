//! A seeded stream of numbers: the same seed always makes the same orders, so the audit can
//! make an order again from its number instead of keeping it in memory.

/// `SplitMix64` (Steele, Lea, Flood 2014): one addition and two multiplications per draw.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A stream of its own for every pair of seed and place.
    #[must_use]
    pub fn at(seed: u64, place: u64) -> Self {
        let mut mixer = Self(seed ^ place.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        mixer.draw();
        Self(mixer.draw())
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..limit`; 0 when the limit is 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        let high = u64::from(u32::MAX) & (self.draw() >> 32);
        u32::try_from((high * u64::from(limit)) >> 32).expect("below a limit of 32 bits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_draws_are_those_of_the_reference() {
        // Reference output of SplitMix64 for the seed 1234567.
        let mut random = Random(1_234_567);
        assert_eq!(random.draw(), 6_457_827_717_110_365_317);
        assert_eq!(random.draw(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn every_number_below_the_limit_comes_up() {
        let mut seen = [0_u32; 7];
        let mut random = Random::at(1, 2);
        for _ in 0..7_000 {
            seen[random.below(7) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
    }

    #[test]
    fn neighbouring_places_share_nothing() {
        assert_ne!(Random::at(7, 1).draw(), Random::at(7, 2).draw());
        assert_eq!(Random::at(7, 1).draw(), Random::at(7, 1).draw());
    }
}

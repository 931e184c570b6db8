//! Which of so many a line is of: evenly, or skewed as trade is.

use serde::Serialize;

use crate::random::Random;

/// `A` of NURand for item numbers (TPC-C standard specification 5.11, clause 2.1.6).
const SPREAD: u32 = 8_191;
/// Skew of `zipf`: the usual one of key-value benchmarks (Cooper et al., Benchmarking Cloud Serving
/// Systems with YCSB, SoCC 2010).
const SKEW: f64 = 0.99;

/// How lines are spread over what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pick {
    /// Each is as likely as any other.
    Even,
    /// NURand(8191, 1, n), as TPC-C picks items: of 100,000, the top 1 % get 31 % of the lines.
    Nurand,
    /// Zipf's law with exponent 0.99: the k-th most wanted gets 1 / k^0.99 of what the first gets.
    Zipf,
    /// All lines are of the first.
    One,
}

#[derive(Debug)]
enum Law {
    Even,
    /// `C` of NURand: the same for a whole run.
    Nurand(u32),
    /// How many draws in 2^64 fall on a rank or one before it; as long as there are ranks.
    Zipf(Box<[u64]>),
    One,
}

/// Draws numbers below a limit.
#[derive(Debug)]
pub struct Picker {
    law: Law,
    limit: u32,
}

impl Picker {
    /// A picker among `limit`, at least one; the seed decides on `C` of NURand.
    #[must_use]
    pub fn new(pick: Pick, limit: u32, seed: u64) -> Self {
        let law = match pick {
            Pick::Even => Law::Even,
            Pick::Nurand => Law::Nurand(Random::at(seed, u64::MAX).below(SPREAD + 1)),
            Pick::Zipf => Law::Zipf(zipf_bounds(limit)),
            Pick::One => Law::One,
        };
        Self { law, limit }
    }

    /// The next one.
    pub fn draw(&self, random: &mut Random) -> u32 {
        match &self.law {
            Law::Even => random.below(self.limit),
            Law::Nurand(constant) => {
                let evenly = random.below(self.limit);
                nurand(random.below(SPREAD + 1), evenly, *constant, self.limit)
            }
            Law::Zipf(bounds) => {
                let drawn = random.draw();
                let rank = bounds.partition_point(|bound| *bound <= drawn).min(bounds.len() - 1);
                u32::try_from(rank).expect("below a limit of 32 bits")
            }
            Law::One => 0,
        }
    }
}

/// The distribution function of Zipf's law, scaled to 2^64. A table is exact, where the usual
/// approximation is not; 8 bytes for each rank.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 2^64")]
fn zipf_bounds(limit: u32) -> Box<[u64]> {
    let weight = |rank: u32| f64::from(rank).powf(-SKEW);
    let whole: f64 = (1..=limit).map(weight).sum();
    let mut sum = 0.0;
    let bound = |rank| {
        sum += weight(rank);
        (sum / whole * 2f64.powi(64)) as u64
    };
    (1..=limit).map(bound).collect()
}

/// NURand(A, 1, y) - 1 for a limit of y, from its two draws: `wide` in 0..=A and `evenly` in 0..y,
/// which stands for the draw from 1..=y.
fn nurand(wide: u32, evenly: u32, constant: u32, limit: u32) -> u32 {
    let mixed = u64::from(wide) | (u64::from(evenly) + 1);
    let drawn = (mixed + u64::from(constant)) % u64::from(limit);
    u32::try_from(drawn).expect("below a limit of 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nurand_is_that_of_the_specification() {
        // ((wide | (evenly + 1)) + C) % y, worked out by hand.
        for (wide, evenly, constant, positions, expected) in [
            (0, 0, 0, 100_000, 1),
            (0b0101, 0b0001, 0, 100_000, 0b0111),
            (8_191, 99_999, 0, 100_000, 6_495),
            (8_191, 0, 8_191, 10, 2),
            (0, u32::MAX - 1, 0, u32::MAX, 0),
        ] {
            assert_eq!(nurand(wide, evenly, constant, positions), expected, "{wide} {evenly}");
        }
    }

    /// The share of all draws that the most drawn hundredth gets, and that the most drawn one gets.
    fn shares(pick: Pick, limit: u32) -> [f64; 2] {
        const DRAWS: u32 = 1_000_000;
        let (mut drawn, mut random) = (vec![0_u32; limit as usize], Random::at(3, 0));
        let picker = Picker::new(pick, limit, 3);
        for _ in 0..DRAWS {
            drawn[picker.draw(&mut random) as usize] += 1;
        }
        drawn.sort_unstable_by(|one, other| other.cmp(one));
        let hundredth = drawn.iter().take((limit / 100).max(1) as usize).sum::<u32>();
        [hundredth, drawn[0]].map(|count| f64::from(count) / f64::from(DRAWS))
    }

    #[track_caller]
    fn check(pick: Pick, limit: u32, hundredth: std::ops::Range<f64>, first: std::ops::Range<f64>) {
        let found = shares(pick, limit);
        assert!(hundredth.contains(&found[0]) && first.contains(&found[1]), "{pick:?} {found:?}");
    }

    #[test]
    fn each_law_prefers_as_it_says() {
        check(Pick::Even, 100_000, 0.01..0.03, 0.0..0.001);
        // The 31 % of the specification's 100,000 items; of 10,000 it is a little less.
        check(Pick::Nurand, 100_000, 0.30..0.325, 0.0..0.01);
        check(Pick::Nurand, 10_000, 0.27..0.30, 0.0..0.02);
        // 1 / (sum of k^-0.99 for k up to 100,000), and a thousand times as many of its terms.
        check(Pick::Zipf, 100_000, 0.600..0.610, 0.077..0.080);
        check(Pick::One, 100_000, 1.0..1.1, 1.0..1.1);
    }

    #[test]
    fn ranks_follow_the_law_one_by_one() {
        let (picker, mut random) = (Picker::new(Pick::Zipf, 1_000, 1), Random::at(9, 0));
        let mut drawn = [0_u32; 1_000];
        (0..2_000_000).for_each(|_| drawn[picker.draw(&mut random) as usize] += 1);
        for (rank, count) in [(2.0, drawn[1]), (10.0, drawn[9]), (100.0, drawn[99])] {
            let ratio = f64::from(drawn[0]) / f64::from(count) / f64::powf(rank, 0.99);
            assert!((0.9..1.1).contains(&ratio), "rank {rank}: {ratio}");
        }
        assert!(drawn[999] > 0, "the last one is drawn too");
    }

    #[test]
    fn a_single_one_is_drawn_by_every_law() {
        for pick in [Pick::Even, Pick::Nurand, Pick::Zipf, Pick::One] {
            let (picker, mut random) = (Picker::new(pick, 1, 1), Random::at(1, 1));
            assert!((0..1_000).all(|_| picker.draw(&mut random) == 0), "{pick:?}");
        }
    }
}

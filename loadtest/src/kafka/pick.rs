//! Which position a sale is of.

use serde::Serialize;

use crate::random::Random;
use crate::warehouse::Position;

/// `A` of NURand for item numbers (TPC-C standard specification 5.11, clause 2.1.6).
const SPREAD: u32 = 8_191;

/// How sales are spread over the positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pick {
    /// Each position is as likely as any other.
    Even,
    /// NURand(8191, 1, positions): some sell far more than others, as in TPC-C.
    Nurand,
}

/// Draws positions.
#[derive(Debug)]
pub struct Picker {
    pick: Pick,
    positions: u32,
    /// `C` of NURand: the same for a whole run.
    constant: u32,
}

impl Picker {
    /// A picker among `positions`, at least one; the seed decides on `C`.
    #[must_use]
    pub fn new(pick: Pick, positions: u32, seed: u64) -> Self {
        Self { pick, positions, constant: Random::at(seed, u64::MAX).below(SPREAD + 1) }
    }

    /// The next position.
    pub fn draw(&self, random: &mut Random) -> Position {
        let evenly = random.below(self.positions);
        match self.pick {
            Pick::Even => evenly,
            Pick::Nurand => nurand(random.below(SPREAD + 1), evenly, self.constant, self.positions),
        }
    }
}

/// NURand(A, 1, y) - 1 for y positions, from its two draws: `wide` in 0..=A and `evenly` in 0..y,
/// which stands for the draw from 1..=y.
fn nurand(wide: u32, evenly: u32, constant: u32, positions: u32) -> Position {
    let mixed = u64::from(wide) | (u64::from(evenly) + 1);
    let position = (mixed + u64::from(constant)) % u64::from(positions);
    u32::try_from(position).expect("below a limit of 32 bits")
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

    /// The share of all draws that the most drawn hundredth of the positions gets.
    fn share_of_the_busiest(pick: Pick) -> f64 {
        const DRAWS: u32 = 400_000;
        let (mut drawn, mut random) = (vec![0_u32; 10_000], Random::at(3, 0));
        let picker = Picker::new(pick, 10_000, 3);
        for _ in 0..DRAWS {
            drawn[picker.draw(&mut random) as usize] += 1;
        }
        drawn.sort_unstable();
        f64::from(drawn.iter().rev().take(100).sum::<u32>()) / f64::from(DRAWS)
    }

    #[test]
    fn nurand_prefers_some_and_even_prefers_none() {
        let (even, nurand) = (share_of_the_busiest(Pick::Even), share_of_the_busiest(Pick::Nurand));
        assert!((0.01..0.02).contains(&even), "{even}");
        assert!(nurand > 0.1, "{nurand}");
    }
}

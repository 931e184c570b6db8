//! What the checkouts of a run ask for. An order is a pure function of seed and number, so
//! nobody has to remember it.

use serde::Serialize;

use crate::quantity::Quantity;
use crate::random::Random;
use crate::warehouse::Position;

/// Lines of the largest order.
pub const LINES_MAX: u32 = 60;
/// Mean number of lines that the profile `orders` aims at.
pub const LINES_MEAN: u32 = 9;
/// Deadline of an order that is left to expire.
pub const EXPIRING_SECONDS: u32 = 1;
/// First deadline of an order that is extended later.
pub const EXTENDED_SECONDS: u32 = 2;

/// Parts of a unit are as normal as pieces: cut goods, and the smallest quantity there is.
const QUANTITIES: [Quantity; 8] = [
    Quantity::from_micros(1_000_000),
    Quantity::from_micros(1_000_000),
    Quantity::from_micros(1_000_000),
    Quantity::from_micros(2_000_000),
    Quantity::from_micros(3_000_000),
    Quantity::from_micros(250_000),
    Quantity::from_micros(1_030_000),
    Quantity::from_micros(1),
];

/// The shape of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// One line per reservation, over many positions.
    Spread,
    /// One line per reservation, all on one position.
    Hot,
    /// 1 to 60 lines per reservation, 9 on average, all or nothing.
    Orders,
    /// Reserve, then confirm, then fulfil or cancel; some extended, some left to expire.
    Lifecycle,
}

/// Which order: the thread that sends it and its number there, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderNumber {
    /// Sending thread.
    pub thread: u16,
    /// Number within the thread, from 0, without holes.
    pub sequence: u64,
}

/// One wish: so much of one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where.
    pub position: Position,
    /// How much.
    pub quantity: Quantity,
}

/// What becomes of a reservation after it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// Stays active beyond the end of the run.
    #[default]
    Keep,
    /// Confirmed, then left.
    Confirm,
    /// Confirmed, then shipped.
    Fulfil,
    /// Cancelled while active.
    Cancel,
    /// Confirmed, then cancelled.
    CancelConfirmed,
    /// Made with a short deadline, extended, confirmed, shipped.
    ExtendAndFulfil,
    /// Made with a short deadline and left to expire.
    Expire,
}

impl Fate {
    /// The deadline the reservation is made with, when it is not the run's long one.
    #[must_use]
    pub const fn short_deadline_seconds(self) -> Option<u32> {
        match self {
            Self::Expire => Some(EXPIRING_SECONDS),
            Self::ExtendAndFulfil => Some(EXTENDED_SECONDS),
            _ => None,
        }
    }
}

/// One order: its lines lie on different positions.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// What it asks for, at least one line.
    pub lines: Vec<Line>,
    /// What becomes of it.
    pub fate: Fate,
}

/// Makes the orders of a run.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Shape.
    pub profile: Profile,
    /// Number of positions to choose from, at least one.
    pub positions: u32,
    /// Seed of everything that is drawn.
    pub seed: u64,
}

impl Workload {
    /// Makes order `number` in place, so that a million orders need one allocation.
    pub fn make(&self, number: OrderNumber, order: &mut Order) {
        let place = (u64::from(number.thread) << 48) ^ number.sequence;
        let mut random = Random::at(self.seed, place);
        order.lines.clear();
        order.fate = Fate::Keep;
        match self.profile {
            Profile::Spread => order
                .lines
                .push(Line { position: random.below(self.positions), quantity: QUANTITIES[0] }),
            Profile::Hot => order.lines.push(Line { position: 0, quantity: QUANTITIES[0] }),
            Profile::Orders => self.draw_lines(order_size(&mut random), &mut random, order),
            Profile::Lifecycle => {
                order.fate = draw_fate(&mut random);
                self.draw_lines(1 + random.below(3), &mut random, order);
            }
        }
    }

    fn draw_lines(&self, count: u32, random: &mut Random, order: &mut Order) {
        for _ in 0..count.min(self.positions) {
            // A position that is in the order already is passed over to the next free one.
            let mut position = random.below(self.positions);
            while order.lines.iter().any(|line| line.position == position) {
                position = (position + 1) % self.positions;
            }
            let choice = random.below(u32::try_from(QUANTITIES.len()).expect("a short table"));
            order.lines.push(Line { position, quantity: QUANTITIES[choice as usize] });
        }
    }
}

/// Geometric with mean [`LINES_MEAN`], cut off at [`LINES_MAX`], which one order in 1,200
/// reaches: mostly small baskets, a long tail of large ones.
fn order_size(random: &mut Random) -> u32 {
    let mut lines = 1;
    while lines < LINES_MAX && random.below(LINES_MEAN) != 0 {
        lines += 1;
    }
    lines
}

fn draw_fate(random: &mut Random) -> Fate {
    match random.below(100) {
        0..45 => Fate::Fulfil,
        45..55 => Fate::ExtendAndFulfil,
        55..65 => Fate::Cancel,
        65..72 => Fate::CancelConfirmed,
        72..82 => Fate::Confirm,
        82..92 => Fate::Keep,
        _ => Fate::Expire,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(profile: Profile, positions: u32, count: u64) -> Vec<Order> {
        let workload = Workload { profile, positions, seed: 42 };
        let make = |sequence| {
            let mut order = Order::default();
            workload.make(OrderNumber { thread: 0, sequence }, &mut order);
            order
        };
        (0..count).map(make).collect()
    }

    #[test]
    fn orders_have_one_to_sixty_lines_and_nine_on_average() {
        let sizes: Vec<usize> =
            orders(Profile::Orders, 10_000, 50_000).iter().map(|order| order.lines.len()).collect();
        let mean = sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
        assert_eq!(sizes.iter().min(), Some(&1));
        assert_eq!(sizes.iter().max(), Some(&60));
        assert!((8.7..9.3).contains(&mean), "mean {mean}");
    }

    #[test]
    fn lines_of_an_order_lie_on_different_positions() {
        for positions in [1, 2, 10, 70] {
            for order in orders(Profile::Orders, positions, 2_000) {
                let mut places: Vec<_> = order.lines.iter().map(|line| line.position).collect();
                places.sort_unstable();
                places.dedup();
                assert_eq!(places.len(), order.lines.len());
                assert!(places.iter().all(|place| *place < positions));
            }
        }
    }

    #[test]
    fn an_order_is_the_same_whenever_it_is_made() {
        let workload = Workload { profile: Profile::Lifecycle, positions: 100, seed: 7 };
        let (mut first, mut again) = (Order::default(), Order::default());
        let mut differ = 0;
        for sequence in 0..100 {
            workload.make(OrderNumber { thread: 3, sequence }, &mut first);
            workload.make(OrderNumber { thread: 3, sequence }, &mut again);
            assert_eq!((&first.lines, first.fate), (&again.lines, again.fate));
            workload.make(OrderNumber { thread: 4, sequence }, &mut again);
            differ += usize::from(first.lines != again.lines);
        }
        assert!(differ > 90, "threads send different orders");
    }

    #[test]
    fn hot_is_one_position_and_spread_is_all_of_them() {
        assert!(orders(Profile::Hot, 100, 50).iter().all(|order| order.lines[0].position == 0));
        let mut places: Vec<_> = orders(Profile::Spread, 100, 5_000)
            .iter()
            .map(|order| order.lines[0].position)
            .collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 100);
    }

    #[test]
    fn every_fate_befalls_somebody() {
        let all = orders(Profile::Lifecycle, 100, 1_000);
        for fate in [
            Fate::Keep,
            Fate::Confirm,
            Fate::Fulfil,
            Fate::Cancel,
            Fate::CancelConfirmed,
            Fate::ExtendAndFulfil,
            Fate::Expire,
        ] {
            assert!(all.iter().filter(|order| order.fate == fate).count() > 20, "{fate:?}");
        }
    }
}

//! What the checkouts of a run ask for. An order is a pure function of seed and number, so
//! nobody has to remember it.

use std::sync::Arc;

use serde::Serialize;

use crate::pick::{Pick, Picker};
use crate::quantity::Quantity;
use crate::random::Random;
use crate::warehouse::{Position, Warehouse};

/// Lines of the largest order.
pub const LINES_MAX: u32 = 60;
/// Mean number of lines that orders of many lines aim at. TPC-C's have 5 to 15 (mean 10, clause 2.4.1.3),
/// the catalogue orders of TPC-DS 4 to 14 (mean 9, its generator `dsdgen`), both evenly.
pub const LINES_MEAN: u32 = 9;
/// Draws of a line before the next free position is taken.
const DRAWS_MAX: u32 = 64;
/// Deadline of an order that is left to expire.
pub const EXPIRING_SECONDS: u32 = 1;
/// First deadline of an order that is extended later.
pub const EXTENDED_SECONDS: u32 = 10;

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
    /// Trade as usual: orders of 1 to 60 lines, items by NURand(8191, 1, items) of TPC-C.
    Trade,
    /// A promotion: orders of 1 to 60 lines, items by zipf 0.99.
    Promotion,
    /// A flash sale: one line per reservation, all of one item among many.
    Flash,
}

impl Profile {
    /// How its lines are spread over the items.
    const fn pick(self) -> Pick {
        match self {
            Self::Spread | Self::Orders | Self::Lifecycle => Pick::Even,
            Self::Trade => Pick::Nurand,
            Self::Promotion => Pick::Zipf,
            Self::Hot | Self::Flash => Pick::One,
        }
    }
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
#[derive(Clone, Debug)]
pub struct Workload {
    /// Shape.
    pub profile: Profile,
    warehouse: Warehouse,
    seed: u64,
    items: Arc<Picker>,
}

impl Workload {
    /// Orders over the positions of a warehouse; the seed decides on everything that is drawn.
    #[must_use]
    pub fn new(profile: Profile, warehouse: Warehouse, seed: u64) -> Self {
        let items = Arc::new(Picker::new(profile.pick(), warehouse.items, seed));
        Self { profile, warehouse, seed, items }
    }

    /// Makes order `number` in place, so that a million orders need one allocation.
    pub fn make(&self, number: OrderNumber, order: &mut Order) {
        let place = (u64::from(number.thread) << 48) ^ number.sequence;
        let mut random = Random::at(self.seed, place);
        order.lines.clear();
        order.fate = Fate::Keep;
        match self.profile {
            Profile::Spread | Profile::Hot | Profile::Flash => {
                let position = self.draw_position(&mut random);
                order.lines.push(Line { position, quantity: QUANTITIES[0] });
            }
            Profile::Orders | Profile::Trade | Profile::Promotion => {
                self.draw_lines(order_size(&mut random), &mut random, order);
            }
            Profile::Lifecycle => {
                order.fate = draw_fate(&mut random);
                self.draw_lines(1 + random.below(3), &mut random, order);
            }
        }
    }

    fn draw_position(&self, random: &mut Random) -> Position {
        let item = self.items.draw(random);
        item * self.warehouse.locations + random.below(self.warehouse.locations)
    }

    fn draw_lines(&self, count: u32, random: &mut Random, order: &mut Order) {
        let positions = self.warehouse.positions();
        for _ in 0..count.min(positions) {
            let taken =
                |order: &Order, position| order.lines.iter().any(|line| line.position == position);
            let mut position = self.draw_position(random);
            let mut draws = 1;
            while taken(order, position) {
                // In a small warehouse most may be taken: then the next free one will do.
                position = if draws < DRAWS_MAX {
                    self.draw_position(random)
                } else {
                    (position + 1) % positions
                };
                draws += 1;
            }
            let choice = random.below(u32::try_from(QUANTITIES.len()).expect("a short table"));
            order.lines.push(Line { position, quantity: QUANTITIES[choice as usize] });
        }
    }
}

/// Geometric with mean [`LINES_MEAN`], cut off at [`LINES_MAX`], which one order in 1,000
/// reaches: after each line the customer goes on with the same probability. Real baskets are mostly
/// small with a long tail, which the even draws of the standard benchmarks have not.
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
        let workload = Workload::new(profile, Warehouse { items: positions, locations: 1 }, 42);
        let make = |sequence| {
            let mut order = Order::default();
            workload.make(OrderNumber { thread: 0, sequence }, &mut order);
            order
        };
        (0..count).map(make).collect()
    }

    #[test]
    fn orders_have_one_to_sixty_lines_and_nine_on_average() {
        for profile in [Profile::Orders, Profile::Trade, Profile::Promotion] {
            let orders = orders(profile, 10_000, 50_000);
            let sizes: Vec<usize> = orders.iter().map(|order| order.lines.len()).collect();
            let mean = sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
            assert_eq!(sizes.iter().min(), Some(&1));
            assert_eq!(sizes.iter().max(), Some(&60));
            assert!((8.7..9.3).contains(&mean), "{profile:?}: mean {mean}");
            let small = sizes.iter().filter(|size| **size <= 6).count();
            assert!(small * 2 > sizes.len(), "half of the baskets are small");
        }
    }

    /// The share of all lines that the busiest hundredth of 100,000 items gets.
    fn busiest_hundredth(profile: Profile) -> f64 {
        let mut lines = vec![0_u32; 100_000];
        for order in orders(profile, 100_000, 60_000) {
            order.lines.iter().for_each(|line| lines[line.position as usize] += 1);
        }
        let all: u32 = lines.iter().sum();
        lines.sort_unstable_by(|one, other| other.cmp(one));
        f64::from(lines.iter().take(1_000).sum::<u32>()) / f64::from(all)
    }

    #[test]
    fn trade_and_promotions_prefer_some_items() {
        let trade = busiest_hundredth(Profile::Trade);
        assert!((0.30..0.335).contains(&trade), "{trade}");
        // An order has each item once, so the very first ones get less than zipf gives them.
        let promotion = busiest_hundredth(Profile::Promotion);
        assert!((0.50..0.61).contains(&promotion), "{promotion}");
    }

    #[test]
    fn lines_of_an_order_lie_on_different_positions() {
        let profiles = [Profile::Orders, Profile::Trade, Profile::Promotion];
        for (positions, profile) in [1, 2, 10, 70].into_iter().zip(profiles.iter().cycle()) {
            for order in orders(*profile, positions, 2_000) {
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
        let warehouse = Warehouse { items: 50, locations: 2 };
        let workload = Workload::new(Profile::Lifecycle, warehouse, 7);
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
    fn hot_and_flash_are_one_position_and_spread_is_all_of_them() {
        for profile in [Profile::Hot, Profile::Flash] {
            assert!(orders(profile, 100, 50).iter().all(|order| order.lines[0].position == 0));
        }
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

//! `growth`: what one command costs the rules and their memory, from 10,000 to 10,000,000 positions and
//! from 1 to 2,000 locations of an item. It should not depend on either; what it does depend on is how
//! much of the memory lies in the caches, so the table names a figure for a warm item too.
//!
//! Usage: `growth [positions_max]`, or `growth ITEMS LOCATIONS` for one row. Every figure is of this run on this machine.

#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use std::process::Command;
use std::time::Instant;

use onhand_benches::{Sequence, act, reserve, resident_bytes, stocked};

/// Commands of one figure.
const COMMANDS: u32 = 400_000;
/// Positions of the table over locations: the same number in each row.
const POSITIONS: u32 = 200_000;
/// Items that are asked for again and again, so that they are warm.
const FEW: u32 = 64;

fn main() {
    let arguments: Vec<u32> =
        std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    match arguments.as_slice() {
        [items, locations] => println!("{}", Measured::of(*items, *locations).row()),
        [] => tables(10_000_000),
        [most, ..] => tables(*most),
    }
}

fn tables(most: u32) {
    println!("| positions | B each | ns per reservation, any item | ns, {FEW} items |");
    println!("|---:|---:|---:|---:|");
    for positions in [10_000, 100_000, 1_000_000, 10_000_000].into_iter().filter(|it| *it <= most) {
        println!("| {positions} | {} |", measured_alone(positions, 1));
    }
    println!();
    println!(
        "| locations per item | items | B each | ns per reservation, any item | ns, {FEW} items |"
    );
    println!("|---:|---:|---:|---:|---:|");
    for locations in [1, 10, 100, 500, 2_000] {
        let items = POSITIONS / locations;
        println!("| {locations} | {items} | {} |", measured_alone(items, locations));
    }
}

/// Measured by a process of its own: what another row has freed would be taken again, and not be seen.
fn measured_alone(items: u32, locations: u32) -> String {
    let program = std::env::current_exe().expect("a running program has a path");
    let run = Command::new(program).args([items, locations].map(|it| it.to_string())).output();
    let run = run.expect("this program starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).trim().to_owned()
}

struct Measured {
    /// Resident bytes per position.
    bytes: f64,
    /// Nanoseconds per command over all items.
    any: f64,
    /// Over a few.
    few: f64,
}

impl Measured {
    fn of(items: u32, locations: u32) -> Self {
        let before = resident_bytes();
        let (mut stock, mut sequence) = stocked(items, locations);
        let positions = f64::from(items) * f64::from(locations);
        let bytes = resident_bytes().saturating_sub(before) as f64 / positions;
        let mut order = 0;
        let mut time = |items: u32| {
            let mut numbers = Sequence::new(1);
            let commands: Vec<_> = (0..COMMANDS)
                .map(|_| {
                    order += 1;
                    reserve(numbers.below(items), order)
                })
                .collect();
            let begun = Instant::now();
            commands.iter().for_each(|command| act(&mut stock, &mut sequence, command));
            begun.elapsed().as_nanos() as f64 / f64::from(COMMANDS)
        };
        // The first time grows tables; the second is what counts.
        time(items);
        Self { bytes, any: time(items), few: time(items.min(FEW)) }
    }

    fn row(&self) -> String {
        format!("{:.0} | {:.0} | {:.0}", self.bytes, self.any, self.few)
    }
}

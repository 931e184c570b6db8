//! One world for all benches: many positions, plain reservations, an allocator like the binary's.
//!
//! Each bench adds one layer to the one before: `decide` (rules alone; `layers`: many layers, many locations), `record` (bytes), `writer`
//! (rules, memory and bytes, no disk), `log` (the disk), and the program `capacity` (all of it, durable).
//! The program `growth` shows whether the rules stay as fast when there is more of everything.

use onhand_domain::command::{
    Action, Backorder, Command, Completeness, Place, RequestedLine, Reserve, StockEntry, Wanted,
};
use onhand_domain::decide::{Decision, Recalled};
use onhand_domain::ids::{ItemId, LocationId, Reference, TenantId};
use onhand_domain::quantity::Quantity;
use onhand_domain::stock::{Rules, Stock};
use onhand_domain::time::Timestamp;

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The instant at which everything happens.
pub const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A command of the default tenant, without a key.
///
/// # Panics
/// Never.
#[must_use]
pub fn command(action: Action) -> Command {
    let tenant = TenantId::parse("default").expect("valid");
    Command { tenant, key: None, source: None, trace: None, action }
}

/// Name of the n-th item.
///
/// # Panics
/// Never.
#[must_use]
pub fn item(number: u32) -> ItemId {
    ItemId::parse(&format!("item-{number:07}")).expect("valid")
}

/// Name of the n-th location.
///
/// # Panics
/// Never.
#[must_use]
pub fn location(number: u32) -> LocationId {
    LocationId::parse(&format!("WH-{number:04}")).expect("valid")
}

/// A receipt.
#[must_use]
pub fn receive(item_number: u32, location_number: u32, units: i64) -> Command {
    let place = Place { item: item(item_number), location: location(location_number) };
    command(Action::Receive(StockEntry { place, quantity: Quantity::units(units), detail: None }))
}

/// A reservation of one unit, as a checkout sends it: with an order and 15 minutes.
///
/// # Panics
/// Never.
#[must_use]
pub fn reserve(item_number: u32, order: u64) -> Command {
    let line = RequestedLine {
        item: item(item_number),
        quantity: Quantity::units(1),
        wanted: Wanted::Anywhere,
        lot: None,
    };
    command(Action::Reserve(Box::new(Reserve {
        order: Some(Reference::parse(&format!("o-{order:010}")).expect("valid")),
        customer: None,
        local: None,
        required_at: None,
        ttl_ms: Some(900_000),
        completeness: Completeness::Whole,
        max_splits: None,
        backorder: Backorder::Policy,
        lines: vec![line],
    })))
}

/// Numbers that look random, the same in every run (`SplitMix64`; Steele, Lea, Flood 2014).
pub struct Sequence(u64);

impl Sequence {
    /// Begins somewhere.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `limit`.
    ///
    /// # Panics
    /// When `limit` is zero.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(limit)).expect("below a u32")
    }
}

/// Decides and applies; the benches' commands are never refused.
///
/// # Panics
/// When the command is refused.
pub fn act(stock: &mut Stock, sequence: &mut u64, command: &Command) {
    *sequence += 1;
    match stock.decide(command, Recalled::NotAsked, NOW, *sequence) {
        Ok(Decision::Change(change)) => stock.apply(&change, *sequence),
        other => panic!("{other:?}"),
    }
}

/// A stock of so many items, each at `locations` locations with plenty of stock.
#[must_use]
pub fn stocked(items: u32, locations: u32) -> (Stock, u64) {
    let mut stock = Stock::new(Rules::default(), 0);
    let mut sequence = 0;
    for number in 0..items {
        for place in 0..locations {
            act(&mut stock, &mut sequence, &receive(number, place, 1_000_000));
        }
    }
    (stock, sequence)
}

/// Resident memory of this process, from `/proc/self/statm`; zero where there is none.
#[must_use]
pub fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}

//! What the rules cost: bytes per position, allocations and time per command.
//!
//! Bytes and allocations are counted, so they are asserted; times are shown only (they depend on the
//! machine): `cargo test -p onhand-domain --test cost -- --ignored --nocapture`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use onhand_domain::command::{
    Action, Backorder, Command, Completeness, Detail, Place, RequestedLine, Reserve, StockEntry,
    Wanted,
};
use onhand_domain::decide::{Decision, Recalled};
use onhand_domain::ids::{ItemId, LocationId, LotNumber, Reference, TenantId};
use onhand_domain::quantity::Quantity;
use onhand_domain::stock::{Rules, Stock};
use onhand_domain::time::Timestamp;

struct Counting;

static BYTES: AtomicU64 = AtomicU64::new(0);
/// What was allocated, whether it was freed again or not.
static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static CALLS: AtomicU64 = AtomicU64::new(0);
/// Counting costs time, so times are taken without it.
static COUNTS: AtomicBool = AtomicBool::new(false);
/// One measurement at a time: the counters are shared.
static TURN: Mutex<()> = Mutex::new(());

#[allow(unsafe_code, reason = "an allocator can be counted in no other way")]
// SAFETY: every call is handed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTS.load(Ordering::Relaxed) {
            BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
            ALLOCATED.fetch_add(layout.size() as u64, Ordering::Relaxed);
            CALLS.fetch_add(1, Ordering::Relaxed);
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        if COUNTS.load(Ordering::Relaxed) {
            BYTES.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        }
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct World {
    stock: Stock,
    tenant: TenantId,
    sequence: u64,
}

impl World {
    fn new() -> Self {
        let tenant = TenantId::parse("default").expect("valid");
        Self { stock: Stock::new(Rules::default(), 7), tenant, sequence: 0 }
    }

    fn command(&self, action: Action) -> Command {
        Command { tenant: self.tenant.clone(), key: None, source: None, trace: None, action }
    }

    fn run(&mut self, command: &Command) {
        self.sequence += 1;
        let now = Timestamp::from_millis(1_000);
        let decided = self.stock.decide(command, Recalled::NotAsked, now, self.sequence);
        let Ok(Decision::Change(change)) = decided else { panic!("{command:?}: {decided:?}") };
        self.stock.apply(&change, self.sequence);
    }

    fn receive(&mut self, item: &str, location: &LocationId, quantity: i64) {
        let place = Place { item: ItemId::parse(item).expect("valid"), location: location.clone() };
        let quantity = Quantity::units(quantity);
        let entry = StockEntry { place, quantity, detail: None };
        self.run(&self.command(Action::Receive(entry)));
    }

    fn reserve(&self, lines: Vec<RequestedLine>) -> Command {
        self.command(Action::Reserve(Box::new(Reserve {
            order: Some(Reference::parse("order-123456").expect("valid")),
            customer: None,
            local: None,
            required_at: None,
            ttl_ms: Some(900_000),
            completeness: Completeness::Whole,
            max_splits: None,
            backorder: Backorder::Policy,
            lines,
        })))
    }
}

fn line(item: &str, location: Option<&LocationId>, quantity: i64) -> RequestedLine {
    RequestedLine {
        item: ItemId::parse(item).expect("valid"),
        quantity: Quantity::units(quantity),
        wanted: location.map_or(Wanted::Anywhere, |id| Wanted::Only(id.clone())),
        lot: None,
    }
}

fn location(name: &str) -> LocationId {
    LocationId::parse(name).expect("valid")
}

fn stocked(items: u32) -> World {
    let mut world = World::new();
    let north = location("north");
    for number in 0..items {
        world.receive(&format!("item-{number:08}"), &north, 1_000_000);
    }
    world
}

/// What a piece of work makes, and how many bytes and allocations it keeps and makes for that.
fn counted<T>(work: impl FnOnce() -> T) -> (T, u64, u64) {
    let (bytes, calls) = (BYTES.load(Ordering::Relaxed), CALLS.load(Ordering::Relaxed));
    COUNTS.store(true, Ordering::Relaxed);
    let made = work();
    COUNTS.store(false, Ordering::Relaxed);
    let bytes = BYTES.load(Ordering::Relaxed).wrapping_sub(bytes);
    (made, bytes, CALLS.load(Ordering::Relaxed) - calls)
}

/// Nanoseconds for each of `each` pieces in the best of all rounds: other work on the machine disturbs
/// most rounds, but not all. What a round needs is made before its time is taken.
fn best<T>(
    rounds: u64,
    each: u64,
    mut prepare: impl FnMut(u64) -> T,
    mut round: impl FnMut(&T),
) -> u64 {
    let timed = |number| {
        let prepared = prepare(number);
        let start = Instant::now();
        round(&prepared);
        u64::try_from(start.elapsed().as_nanos()).expect("some centuries") / each
    };
    (0..rounds).map(timed).min().unwrap_or(0)
}

/// A place in 0..`limit` that looks random.
fn scattered(number: u32, limit: u32) -> u32 {
    u32::try_from((u64::from(number.wrapping_mul(2_654_435_761)) * u64::from(limit)) >> 32)
        .expect("below the limit")
}

const POSITIONS: u32 = 1_000_000;

#[test]
fn a_million_positions_take_less_than_250_bytes_each() {
    let _turn = TURN.lock();
    let (world, bytes, _) = counted(|| stocked(POSITIONS));
    let each = bytes / u64::from(POSITIONS);
    println!("{each} bytes per position, with item, ids and indexes");
    assert_eq!(world.stock.sizes().positions, POSITIONS);
    assert!(each < 250, "{each} bytes per position");
}

#[test]
fn a_reservation_of_one_line_allocates_little() {
    let _turn = TURN.lock();
    let mut world = stocked(1_000);
    let commands: Vec<Command> = (0..1_000)
        .map(|number| world.reserve(vec![line(&format!("item-{number:08}"), None, 1)]))
        .collect();
    let north = location("north");
    let named: Vec<Command> = (0..1_000)
        .map(|number| world.reserve(vec![line(&format!("item-{number:08}"), Some(&north), 1)]))
        .collect();
    for (what, commands) in [("anywhere", commands), ("named", named)] {
        let ((), _, calls) = counted(|| commands.iter().for_each(|command| world.run(command)));
        println!("{what}: {:.2} allocations", calls as f64 / 1_000.0);
        assert!(calls < 9_000, "{calls} allocations for a thousand reservations");
    }
}

/// A pick looks at as many layers as it takes of: neither allocations nor what it allocates grow with the others.
#[test]
fn a_pick_from_a_thousand_layers_allocates_as_little_as_from_ten() {
    let _turn = TURN.lock();
    let pick = |layers: i64| {
        let mut world = World::new();
        let place =
            Place { item: ItemId::parse("tea").expect("valid"), location: location("north") };
        for number in 0..layers {
            let lot = LotNumber::parse(&format!("lot-{number:05}")).expect("valid");
            let detail = Some(Arc::new(Detail { lot: Some(lot), ..Detail::default() }));
            let entry = StockEntry { place: place.clone(), quantity: Quantity::units(9), detail };
            world.run(&world.command(Action::Receive(entry)));
        }
        let sale = StockEntry { place, quantity: Quantity::units(3), detail: None };
        let sale = world.command(Action::Sell(sale));
        world.run(&sale);
        let before = ALLOCATED.load(Ordering::Relaxed);
        let ((), _, calls) = counted(|| world.run(&sale));
        (calls, ALLOCATED.load(Ordering::Relaxed) - before)
    };
    let (few, many) = (pick(10), pick(1_000));
    println!("10 layers: {few:?} allocations and bytes, 1,000 layers: {many:?}");
    assert_eq!(few, many);
}

#[test]
#[ignore = "shows times; they depend on the machine"]
fn times() {
    let _turn = TURN.lock();
    let mut world = stocked(POSITIONS);
    let mut number = 0;
    let mut next = |world: &World| {
        number += 1;
        let item = format!("item-{:08}", scattered(number, POSITIONS));
        let mut command = world.reserve(vec![line(&item, None, 1)]);
        let Action::Reserve(wish) = &mut command.action else { unreachable!() };
        wish.order = Reference::parse(&format!("order-{number}")).ok();
        command
    };
    let shared = std::cell::RefCell::new(&mut world);
    let nanos = best(
        2_000,
        200,
        |_| (0..200).map(|_| next(&shared.borrow())).collect::<Vec<_>>(),
        |commands| commands.iter().for_each(|command| shared.borrow_mut().run(command)),
    );
    println!("one line, 1 M positions: {nanos} ns");
    let mut hot = world.reserve(vec![line("item-00000007", None, 1)]);
    let nanos = best(2_000, 200, |_| {}, |()| (0..200).for_each(|_| world.run(&hot)));
    println!("one line, one position: {nanos} ns");
    hot.key = Some([7; 16]);
    let fingerprint = |(): &()| {
        for _ in 0..1_000 {
            std::hint::black_box(std::hint::black_box(&hot).action.fingerprint());
        }
    };
    println!("fingerprint of it: {} ns", best(100, 1_000, |_| {}, fingerprint));
    wide(&mut world);
    long(&mut world);
}

/// One item at many locations.
fn wide(world: &mut World) {
    for locations in [1, 10, 100, 2_000] {
        let item = format!("wide-{locations}");
        let place = |number| location(&format!("place-{number}"));
        let opened = best(locations, 1, place, |place| world.receive(&item, place, 200_000));
        let command = world.reserve(vec![line(&item, None, 1)]);
        let reserved = best(200, 100, |_| {}, |()| (0..100).for_each(|_| world.run(&command)));
        let short = world.reserve(vec![line(&item, None, 1_000_000_000)]);
        let now = Timestamp::from_millis(1_000);
        let refused = best(
            100,
            5,
            |_| {},
            |()| {
                for _ in 0..5 {
                    assert!(world.stock.decide(&short, Recalled::NotAsked, now, u64::MAX).is_err());
                }
            },
        );
        println!(
            "{locations} locations: opened in {opened} ns, reserved in {reserved} ns, refused in {refused} ns"
        );
    }
}

/// Many lines in one command.
fn long(world: &mut World) {
    for lines in [1_u32, 10, 100, 1_000] {
        let wanted = (0..lines).map(|number| line(&format!("item-{number:08}"), None, 1));
        let command = world.reserve(wanted.collect());
        let nanos = best(50, u64::from(lines), |_| {}, |()| world.run(&command));
        println!("{lines} lines: {nanos} ns per line");
    }
}

//! Memory made again: from the records alone, and from checkpoints taken piece by piece.

use alloc::sync::Arc;
use std::vec::Vec;

use proptest::prelude::*;

use super::actions::reserve_with;
use super::histories::{Step, lived, rules, steps};
use super::state;
use super::world::World;
use crate::catalog::{Bin, Item, Location};
use crate::command::{Backorder, Completeness, SourcePosition};
use crate::decide::Recalled;
use crate::idempotency::KeyEntry;
use crate::ids::TenantId;
use crate::position::Position;
use crate::reservation::Reservation;
use crate::stock::Stock;
use crate::time::Timestamp;
use crate::transfer::Transfer;

/// What is compared: all but what may be forgotten at any time.
fn kept(stock: &mut Stock) -> Vec<std::string::String> {
    stock.forget(Timestamp::from_millis(i64::MAX), usize::MAX, u64::MAX);
    state::lines(stock)
}

/// An entry of a checkpoint.
enum Entry {
    Tenant(u32, TenantId),
    Item(Item),
    Location(Location, Vec<Bin>),
    Position(u32, Position),
    Reservation(Arc<Reservation>),
    Transfer(Transfer),
    Key(KeyEntry),
    Source(Arc<SourcePosition>, u64),
    Stream(crate::ids::Text, u32, u64),
    Event(KeyEntry),
    Letter(crate::dead_letter::DeadLetter),
    Job(crate::job::Job),
}

/// Parts of the memory that are written down at one moment each.
const PARTS: u16 = 9;

/// One part as it is now: the partitions of the rules, and one part for each thing besides.
fn part(stock: &Stock, number: u16) -> Vec<Entry> {
    let sizes = stock.sizes();
    match number {
        0..4 => {
            let items = stock.partition_items(number).iter();
            let item = |number: &u32| {
                let item = stock.item(*number).cloned().map(Entry::Item);
                let positions = stock.item_positions(*number).filter_map(|number| {
                    Some(Entry::Position(number, stock.position(number)?.clone()))
                });
                item.into_iter().chain(positions).collect::<Vec<_>>()
            };
            items.flat_map(item).collect()
        }
        4 => {
            let all = (0..sizes.tenants).filter_map(|number| Some((number, stock.tenant(number)?)));
            all.map(|(number, id)| Entry::Tenant(number, id.clone())).collect()
        }
        5 => {
            let all = (0..sizes.locations).filter_map(|number| stock.location(number).cloned());
            all.map(|held| {
                let bins = stock.bins(held.number).to_vec();
                Entry::Location(held, bins)
            })
            .collect()
        }
        6 => {
            let all = stock.promises().slots_from(0);
            all.map(|(_, held)| Entry::Reservation(Arc::clone(held))).collect()
        }
        7 => stock.promises().transfers().cloned().map(Entry::Transfer).collect(),
        _ => {
            let keys = stock.keys();
            let keys = (keys.first()..).map_while(|number| keys.numbered(number).copied());
            let marks = stock.sources().iter();
            let marks = marks.map(|mark| Entry::Source(Arc::clone(&mark.last), mark.sequence));
            let streams = stock.sources().streams().map(|(name, stream)| {
                Entry::Stream(name.clone(), stream.generation, stream.sequence)
            });
            let events = stock.events();
            let events = (events.first()..).map_while(|number| events.numbered(number).copied());
            let letters = stock.letters().behind(0).copied().map(Entry::Letter);
            let letters = letters.chain(stock.jobs().behind(0).cloned().map(Entry::Job));
            let rest = streams.chain(events.map(Entry::Event)).chain(letters);
            keys.map(Entry::Key).chain(marks).chain(rest).collect()
        }
    }
}

fn restore(stock: &mut Stock, entry: Entry) {
    match entry {
        Entry::Tenant(number, id) => stock.restore_tenant(number, &id),
        Entry::Item(item) => stock.restore_item(&item),
        Entry::Location(location, bins) => stock.restore_location(&location, bins),
        Entry::Position(number, position) => stock.restore_position(number, position),
        Entry::Job(job) => stock.restore_job(job),
        Entry::Reservation(held) => stock.restore_reservation(&held),
        Entry::Transfer(held) => stock.restore_transfer(held),
        Entry::Key(entry) => stock.restore_key(entry),
        Entry::Source(last, sequence) => stock.restore_source(&last, sequence),
        Entry::Stream(name, generation, sequence) => {
            stock.restore_stream(&name, generation, sequence);
        }
        Entry::Event(entry) => stock.restore_event(entry),
        Entry::Letter(letter) => stock.restore_letter(&letter),
    }
}

/// Writes each part down at its own moment, and restores them in another order.
fn fuzzy(steps: &[Step], began: usize, moments: &[usize], order: &[u16]) -> (World, Stock) {
    let mut world = World::with(rules());
    let mut parts: Vec<(u16, Vec<Entry>)> = Vec::new();
    let mut began_at = 0;
    for (at, step) in steps.iter().enumerate() {
        if at == began {
            began_at = world.records.len();
        }
        let due = |number: &u16| (began + moments[usize::from(*number)]).min(steps.len() - 1) == at;
        parts.extend((0..PARTS).filter(due).map(|number| (number, part(&world.stock, number))));
        let _ = step.take(&mut world);
    }
    assert_eq!(parts.len(), usize::from(PARTS));
    parts.sort_by_key(|(number, _)| order.iter().position(|held| held == number));
    let mut again = Stock::new(rules(), 99);
    for entry in parts.into_iter().flat_map(|(_, entries)| entries) {
        restore(&mut again, entry);
    }
    for (sequence, record) in (1..).zip(&world.records).skip(began_at) {
        again.apply(record, sequence);
    }
    (world, again)
}

fn parts_in_any_order() -> impl Strategy<Value = Vec<u16>> {
    Just((0..PARTS).collect::<Vec<u16>>()).prop_shuffle()
}

/// Decides the same as another memory that has no order of choice at hand.
fn check_choice(world: &World) {
    let mut bare = Stock::new(rules(), 3);
    for number in [4, 5, 0, 1, 2, 3, 6, 7, 8] {
        part(&world.stock, number).into_iter().for_each(|entry| restore(&mut bare, entry));
    }
    for lines in ["tea 1", "tea 4", "tea 12", "tea 60", "tea>c 3", "tea>h 30", "tea 2, tea@b 1"] {
        for dice in 0..12 {
            let command = World::command(reserve_with(lines, |wish| {
                wish.backorder = [Backorder::Policy, Backorder::Never, Backorder::Always][dice % 3];
                wish.max_splits = [None, Some(1), Some(2), Some(4)][dice % 4];
                if dice >= 6 {
                    wish.completeness = Completeness::Partial;
                }
            }));
            let next = world.sequence + 1;
            let decide =
                |stock: &Stock| stock.decide(&command, Recalled::NotAsked, Timestamp::MIN, next);
            assert_eq!(decide(&world.stock), decide(&bare), "{command:?}");
        }
    }
}

proptest! {
    /// "recovered state = state rebuilt from sequence 1".
    #[test]
    fn the_records_alone_make_the_same_memory(steps in steps(120)) {
        let mut world = lived(&steps);
        let mut again = Stock::new(rules(), 12_345);
        for (sequence, record) in (1..).zip(&world.records) {
            again.apply(record, sequence);
        }
        prop_assert_eq!(kept(&mut again), kept(&mut world.stock));
    }

    /// Replay laid over pieces of different moments, whatever their order, makes the same memory.
    #[test]
    fn a_fuzzy_checkpoint_and_the_records_behind_it_make_the_same_memory(
        steps in steps(120),
        began in 0_usize..100,
        moments in proptest::collection::vec(0_usize..40, usize::from(PARTS)),
        order in parts_in_any_order(),
    ) {
        let began = began.min(steps.len() - 1);
        let (mut world, mut again) = fuzzy(&steps, began, &moments, &order);
        prop_assert_eq!(kept(&mut again), kept(&mut world.stock));
    }

    /// The kept order of choice and a look at every place lead to the same choice.
    #[test]
    fn the_kept_order_chooses_like_a_look_at_every_place(steps in steps(150)) {
        check_choice(&lived(&steps));
    }
}

/// The same, where the order of choice is certainly kept.
#[test]
fn an_item_at_many_places_keeps_its_order() {
    let mut world = World::with(rules());
    for (number, place) in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].iter().enumerate() {
        world.priority(place, i32::try_from(number % 3).expect("small"));
        world.receive(&std::format!("tea@{place} {}", number % 4));
    }
    let item = world.position("tea@a").expect("there").item;
    let is_kept = |world: &World| {
        let slot = world.stock.items.get(item).expect("there");
        slot.places.order(world.stock.location_epoch).is_some()
    };
    assert!(is_kept(&world));
    check_choice(&world);
    world.priority("j", -1);
    assert!(!is_kept(&world), "a new priority makes it stale");
    check_choice(&world);
    world.receive("tea@j 1");
    assert!(is_kept(&world), "the next change makes it anew");
    check_choice(&world);
    world.ok(super::actions::put_bin("a", "B-1", None));
    assert!(is_kept(&world), "a bin changes no order");
    world.receive("tea@k 5");
    assert!(is_kept(&world), "a new place takes its place in it");
    check_choice(&world);
}

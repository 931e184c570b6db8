//! Memory in slices: what a checkpoint writes, at most so many entries per turn of the writer.

use onhand_domain::dead_letter::LetterNumber;
use onhand_domain::idempotency::{KeyEntry, Keys};
use onhand_domain::job::JobNumber;
use onhand_domain::reservation::ReservationNumber;
use onhand_domain::stock::Stock;
use onhand_domain::time::Timestamp;

use crate::record::checkpoint::{self, Entry, KEYS_PER_ENTRY};

/// Entries that one turn encodes at most.
pub const ENTRIES_PER_TURN: usize = 256;
/// The same, for numbers.
const NUMBERS_PER_TURN: u32 = 256;

/// How far a slice has been walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A partition: index of the next of its items.
    Items(usize),
    /// The rest: next tenant.
    Tenants(u32),
    /// The rest: next location.
    Locations(u32),
    /// The rest: next slot of reservations.
    Reservations(u32),
    /// The rest: transfers behind this one.
    Transfers(ReservationNumber),
    /// The rest: running number of the next key.
    Keys(u64),
    /// The rest: running number of the next consumed event.
    Events(u64),
    /// The rest: dead letters behind this one.
    Letters(LetterNumber),
    /// The rest: running jobs behind this one.
    Jobs(JobNumber),
    /// The rest: sources and the clock.
    Sources,
    /// Nothing is left.
    End,
}

/// An encoded entry in a [`Portion`].
#[derive(Debug, Clone, Copy)]
pub struct Encoded {
    /// Kind of the entry.
    pub kind: u8,
    /// Its last change, or a later record.
    pub sequence: u64,
    /// Where its bytes end.
    pub end: usize,
}

/// What one turn has encoded.
#[derive(Debug, Default)]
pub struct Portion {
    /// The entries, one behind the other.
    pub bytes: Vec<u8>,
    /// Their ends.
    pub entries: Vec<Encoded>,
}

impl Portion {
    fn push(&mut self, entry: &Entry, sequence: u64) {
        checkpoint::encode(entry, sequence, &mut self.bytes);
        self.entries.push(Encoded { kind: entry.kind(), sequence, end: self.bytes.len() });
    }
}

/// Where a slice begins.
#[must_use]
pub const fn begin(slice: u16, partitions: u16) -> Place {
    if slice < partitions { Place::Items(0) } else { Place::Tenants(0) }
}

/// Encodes at most [`ENTRIES_PER_TURN`] entries of a slice and returns where to go on.
///
/// `sequence` is the last record that was decided, `at` its time.
pub fn walk(
    stock: &Stock,
    slice: u16,
    place: Place,
    sequence: u64,
    at: Timestamp,
    out: &mut Portion,
) -> Place {
    match place {
        Place::Items(from) => items(stock, slice, from, sequence, out),
        Place::Tenants(from) => {
            let to = stock.sizes().tenants.min(from.saturating_add(NUMBERS_PER_TURN));
            for number in from..to {
                if let Some(id) = stock.tenant(number) {
                    out.push(&Entry::Tenant { number, id: id.clone() }, sequence);
                }
            }
            if to < stock.sizes().tenants { Place::Tenants(to) } else { Place::Locations(0) }
        }
        Place::Locations(from) => {
            let to = stock.sizes().locations.min(from.saturating_add(NUMBERS_PER_TURN));
            for number in from..to {
                if let Some(location) = stock.location(number) {
                    let (location, bins) = (location.clone(), stock.bins(number).to_vec());
                    out.push(&Entry::Location { location, bins }, sequence);
                }
            }
            if to < stock.sizes().locations { Place::Locations(to) } else { Place::Reservations(0) }
        }
        Place::Reservations(from) => reservations(stock, from, out),
        Place::Transfers(behind) => transfers(stock, behind, out),
        Place::Keys(from) => keys(stock.keys(), from, sequence, Entry::Keys, out)
            .map_or(Place::Events(0), Place::Keys),
        Place::Events(from) => keys(stock.events(), from, sequence, Entry::Events, out)
            .map_or(Place::Letters(0), Place::Events),
        Place::Letters(behind) => letters(stock, behind, out),
        Place::Jobs(behind) => jobs(stock, behind, out),
        Place::Sources => {
            sources(stock, out);
            out.push(&Entry::Clock { at, sequence }, sequence);
            Place::End
        }
        Place::End => Place::End,
    }
}

fn items(stock: &Stock, slice: u16, from: usize, sequence: u64, out: &mut Portion) -> Place {
    let numbers = stock.partition_items(slice);
    for (at, number) in numbers.iter().enumerate().skip(from) {
        if out.entries.len() >= ENTRIES_PER_TURN {
            return Place::Items(at);
        }
        if let Some(item) = stock.item(*number) {
            out.push(&Entry::Item(item.clone()), sequence);
        }
        // All positions of an item go in one turn; there are a few thousand at most.
        for number in stock.item_positions(*number) {
            if let Some(position) = stock.position(number) {
                out.push(
                    &Entry::Position { number, position: position.clone() },
                    position.sequence,
                );
            }
        }
    }
    Place::End
}

fn reservations(stock: &Stock, from: u32, out: &mut Portion) -> Place {
    let most = from.saturating_add(NUMBERS_PER_TURN * 4);
    for (slot, held) in stock.promises().slots_from(from) {
        if slot >= most || out.entries.len() >= ENTRIES_PER_TURN {
            return Place::Reservations(slot);
        }
        out.push(&Entry::Reservation(held.clone()), held.sequence);
    }
    Place::Transfers(0)
}

fn transfers(stock: &Stock, behind: u64, out: &mut Portion) -> Place {
    for held in stock.promises().transfers_behind(behind) {
        if out.entries.len() >= ENTRIES_PER_TURN {
            return Place::Transfers(held.number.saturating_sub(1));
        }
        out.push(&Entry::Transfer(held.clone()), held.sequence);
    }
    Place::Keys(0)
}

/// Encodes the next of a ring's entries; tells where to go on, if there are more.
fn keys(
    keys: &Keys,
    from: u64,
    sequence: u64,
    entry: fn(Vec<KeyEntry>) -> Entry,
    out: &mut Portion,
) -> Option<u64> {
    // The ring turns while it is walked: what has been pushed out of it need not be written.
    let from = from.max(keys.first());
    let chunk: Vec<_> =
        (from..).take(KEYS_PER_ENTRY).map_while(|n| keys.numbered(n).copied()).collect();
    if chunk.is_empty() {
        return None;
    }
    let next = from.saturating_add(chunk.len() as u64);
    out.push(&entry(chunk), sequence);
    Some(next)
}

fn letters(stock: &Stock, behind: u64, out: &mut Portion) -> Place {
    for letter in stock.letters().behind(behind) {
        if out.entries.len() >= ENTRIES_PER_TURN {
            return Place::Letters(letter.number.saturating_sub(1));
        }
        out.push(&Entry::Letter(*letter), letter.sequence);
    }
    Place::Jobs(0)
}

fn jobs(stock: &Stock, behind: u64, out: &mut Portion) -> Place {
    for job in stock.jobs().behind(behind) {
        if out.entries.len() >= ENTRIES_PER_TURN {
            return Place::Jobs(job.number.saturating_sub(1));
        }
        out.push(&Entry::Job(Box::new(job.clone())), job.sequence);
    }
    Place::Sources
}

/// All watermarks go in one turn: a few hundred at most, unless somebody imports thousands of files.
fn sources(stock: &Stock, out: &mut Portion) {
    for (name, stream) in stock.sources().streams() {
        let (name, generation, sequence) = (name.clone(), stream.generation, stream.sequence);
        out.push(&Entry::Stream { name, generation, sequence }, sequence);
        for mark in stream.marks() {
            out.push(&Entry::Source(mark.clone()), mark.sequence);
        }
    }
}

//! Ways through the ledger: which records are looked at, the newest first.
//!
//! The narrowest way is taken: a reservation's records, an order's, a reference's, a position's, those of
//! all positions of an item; else the log itself, walked back. Whatever else is asked filters.

use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use onhand_domain::change::Change;
use onhand_domain::position::PositionNumber;
use onhand_domain::time::Timestamp;
use onhand_storage::{Frame, LogError, ReadLog};

use super::Wanted;
use crate::history::moment::LATE_MS;
use crate::history::rows::{kind, position_in, time_key};
use crate::history::{Archive, chain};
use crate::keys::{order_hash, reference_hash};
use crate::names::Names;
use crate::outbox::last_before;
use crate::record;
use crate::recovery::read_change;
use crate::view::View;

/// Rows of the index that are read at once.
const ROWS: usize = 256;
/// Positions of an item that are walked side by side; an item with more is looked for in the log.
const CHAINS_MAX: usize = 256;

/// A walk over records, the newest first.
pub(super) struct Walk<'a> {
    archive: &'a Archive,
    log: &'a dyn ReadLog,
    view: &'a View,
    /// Below it the next record lies.
    bound: u64,
    way: Way,
}

enum Way {
    Rows(Rows),
    Chains(Chains),
    Log(LogBack),
}

/// Records under keys of the index.
struct Rows {
    keys: Vec<(u8, u64)>,
    /// The record that made the reservation: it has no row.
    made: Option<u64>,
    ahead: VecDeque<u64>,
    is_over: bool,
}

/// Records of positions.
struct Chains {
    /// Next record and position.
    heap: BinaryHeap<(u64, PositionNumber)>,
    /// Beyond it only records that came late are looked at.
    last_prompt: u64,
}

/// Records in the order of the log.
struct LogBack {
    /// Instants (as keys) in which late records are looked for, as long as they lie beyond
    /// `last_prompt`.
    times: std::ops::Range<u64>,
    last_prompt: u64,
    late: VecDeque<u64>,
    frames: VecDeque<Frame>,
    /// Of the frame that is being walked, the newest last.
    changes: Vec<(u64, Arc<Change>)>,
}

impl<'a> Walk<'a> {
    /// A walk over records below `bound`.
    pub(super) fn new(
        archive: &'a Archive,
        log: &'a dyn ReadLog,
        view: &'a View,
        wanted: &Wanted,
        mut bound: u64,
    ) -> Result<Self, LogError> {
        let until = bound.saturating_sub(1).min(log.durable_sequence());
        if let Some(to) = wanted.filter.recorded_to {
            bound = bound.min(last_before(log, until, to)?.saturating_add(1));
        }
        let last_prompt = match wanted.filter.to {
            Some(to) => {
                last_before(log, log.durable_sequence(), to.plus_millis(LATE_MS.saturating_add(1)))?
            }
            None => u64::MAX,
        };
        let way = match Rows::of(wanted) {
            Some(rows) => Way::Rows(rows),
            None => match positions_of(view, wanted) {
                Some(positions) => Way::Chains(Chains { heap: positions, last_prompt }),
                None => Way::Log(LogBack::new(wanted, last_prompt)),
            },
        };
        let mut walk = Self { archive, log, view, bound, way };
        walk.enter_chains()?;
        Ok(walk)
    }

    /// Finds the first record of each position.
    fn enter_chains(&mut self) -> Result<(), LogError> {
        let Way::Chains(chains) = &mut self.way else { return Ok(()) };
        let positions: Vec<PositionNumber> =
            chains.heap.drain().map(|(_, position)| position).collect();
        let last_prompt = chains.last_prompt;
        for position in positions {
            let first = self.record_of(position, self.bound, last_prompt)?;
            if let (Some(first), Way::Chains(chains)) = (first, &mut self.way) {
                chains.heap.push((first, position));
            }
        }
        Ok(())
    }

    /// The last record of a position below `bound`; beyond `last_prompt` only one that came late.
    fn record_of(
        &self,
        position: PositionNumber,
        bound: u64,
        last_prompt: u64,
    ) -> Result<Option<u64>, LogError> {
        let mut bound = bound;
        if bound > last_prompt.saturating_add(1) {
            let late = self.archive.lookup_before(kind::LATE, position.into(), bound, 1)?;
            if let Some(late) = late.first().filter(|late| **late > last_prompt) {
                return Ok(Some(*late));
            }
            bound = last_prompt.saturating_add(1);
        }
        let now = chain::now(self.view, position);
        let standing = self.archive.standing_before(self.log, position, now, bound)?;
        Ok(Some(standing.sequence).filter(|sequence| *sequence > 0))
    }

    /// The next record; `None` at the end of what is kept.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Arc<Change>)>, LogError> {
        let found = match &mut self.way {
            Way::Rows(rows) => match rows.next(self.archive, self.bound)? {
                Some(sequence) => read(self.log, sequence)?,
                None => None,
            },
            Way::Chains(_) => self.next_of_chains()?,
            Way::Log(back) => back.next(self.archive, self.log, self.bound)?,
        };
        if let Some((sequence, _)) = &found {
            self.bound = *sequence;
        }
        Ok(found)
    }

    fn next_of_chains(&mut self) -> Result<Option<(u64, Arc<Change>)>, LogError> {
        loop {
            let Way::Chains(chains) = &mut self.way else { return Ok(None) };
            let last_prompt = chains.last_prompt;
            let Some((sequence, first)) = chains.heap.pop() else { return Ok(None) };
            let mut positions = vec![first];
            while let Some((_, other)) = chains.heap.peek().filter(|(next, _)| *next == sequence) {
                positions.push(*other);
                chains.heap.pop();
            }
            // What is not kept any more ends a chain, not the walk.
            let Some((_, change)) = read(self.log, sequence)? else { continue };
            for position in positions {
                let next = match position_in(&change, position) {
                    Some(held) if sequence <= last_prompt => Some(held.previous),
                    _ => self.record_of(position, sequence, last_prompt)?,
                };
                if let (Some(next), Way::Chains(chains)) =
                    (next.filter(|next| *next > 0), &mut self.way)
                {
                    chains.heap.push((next, position));
                }
            }
            return Ok(Some((sequence, change)));
        }
    }
}

fn read(log: &dyn ReadLog, sequence: u64) -> Result<Option<(u64, Arc<Change>)>, LogError> {
    Ok(read_change(log, sequence)?.map(|change| (sequence, Arc::new(change))))
}

impl Rows {
    /// The keys under which all wanted records are found, if there are such.
    fn of(wanted: &Wanted) -> Option<Self> {
        let (filter, tenant) = (&wanted.filter, wanted.tenant);
        let keys = if let Some(number) = filter.reservation {
            vec![(kind::RESERVATION, number), (kind::RESERVATION_STEP, number)]
        } else if let Some(order) = &filter.order {
            let key = order_hash(tenant, order.as_str());
            vec![(kind::ORDER, key), (kind::ORDER_STEP, key), (kind::RETURN, key)]
        } else if let Some(reference) = &filter.reference {
            vec![(kind::REFERENCE, reference_hash(tenant, reference.as_str()))]
        } else {
            return None;
        };
        Some(Self { keys, made: filter.reservation, ahead: VecDeque::new(), is_over: false })
    }

    fn next(&mut self, archive: &Archive, bound: u64) -> Result<Option<u64>, LogError> {
        if self.ahead.is_empty() && !self.is_over {
            let mut found = Vec::new();
            self.is_over = true;
            for (kind, key) in &self.keys {
                let rows = archive.lookup_before(*kind, *key, bound, ROWS)?;
                self.is_over &= rows.len() < ROWS;
                found.extend(rows);
            }
            found.extend(self.made.filter(|made| *made < bound));
            found.sort_unstable_by(|left, right| right.cmp(left));
            found.dedup();
            if !self.is_over {
                // Of each key only so many are known: further down something may be missing.
                found.truncate(ROWS);
            }
            self.ahead = found.into();
        }
        Ok(self.ahead.pop_front())
    }
}

/// The positions that hold all wanted entries, if they are few.
fn positions_of(view: &View, wanted: &Wanted) -> Option<BinaryHeap<(u64, PositionNumber)>> {
    let item = wanted.item?;
    let directory = view.directory();
    let state = directory.item_entry(item).state.read();
    let numbers = state.positions.iter().map(|(number, _)| *number).filter(|number| {
        wanted.location.is_none_or(|location| directory.place(*number).1 == location)
    });
    let positions: BinaryHeap<_> = numbers.map(|number| (0, number)).collect();
    (positions.len() <= CHAINS_MAX).then_some(positions)
}

impl LogBack {
    fn new(wanted: &Wanted, last_prompt: u64) -> Self {
        let from = wanted.filter.from.unwrap_or(Timestamp::MIN);
        let to = wanted.filter.to.unwrap_or(Timestamp::MIN);
        Self {
            times: time_key(from)..time_key(to).max(time_key(from)),
            last_prompt,
            late: VecDeque::new(),
            frames: VecDeque::new(),
            changes: Vec::new(),
        }
    }

    fn next(
        &mut self,
        archive: &Archive,
        log: &dyn ReadLog,
        bound: u64,
    ) -> Result<Option<(u64, Arc<Change>)>, LogError> {
        if bound > self.last_prompt.saturating_add(1)
            && let Some(late) = self.next_late(archive, bound)?
        {
            return read(log, late);
        }
        let bound = bound.min(self.last_prompt.saturating_add(1));
        while self.changes.is_empty() {
            if self.frames.is_empty() {
                self.frames = log.frames_back(bound.saturating_sub(1))?.into();
            }
            let Some(frame) = self.frames.pop_front() else { return Ok(None) };
            self.changes = changes_of(&frame, bound)?;
        }
        Ok(self.changes.pop())
    }

    fn next_late(&mut self, archive: &Archive, bound: u64) -> Result<Option<u64>, LogError> {
        if self.late.is_empty() && !self.times.is_empty() {
            let times = self.times.clone();
            let found = archive.range_before(kind::LATE_TIME, times, bound, ROWS)?;
            self.late = found.into();
            self.late.retain(|late| *late > self.last_prompt);
        }
        Ok(self.late.pop_front())
    }
}

/// The records of a frame below `bound`, in ascending order.
fn changes_of(frame: &Frame, bound: u64) -> Result<Vec<(u64, Arc<Change>)>, LogError> {
    let mut changes = Vec::new();
    for stored in frame.records().take_while(|stored| stored.sequence < bound) {
        let sequence = stored.sequence;
        let change = record::decode(stored.kind, stored.version, sequence, stored.payload);
        let change = change.map_err(|error| LogError::Damaged {
            file: std::path::PathBuf::new(),
            sequence,
            what: error.to_string(),
        })?;
        changes.push((sequence, Arc::new(change)));
    }
    Ok(changes)
}

//! Promises in memory: open reservations and transfers, and what ended a short while ago.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::index_table::IndexTable;
use crate::reservation::{Reservation, ReservationNumber};
use crate::slab::Slab;
use crate::stable_hash::mix;
use crate::time::Timestamp;
use crate::transfer::{Transfer, TransferNumber};

/// Open promises, deadlines, and what has just ended.
#[derive(Debug)]
pub struct Promises {
    slots: Slab<Option<(ReservationNumber, Arc<Reservation>)>>,
    free: Vec<u32>,
    index: IndexTable,
    open: u32,
    deadlines: Vec<BTreeSet<(Timestamp, ReservationNumber)>>,
    transfers: BTreeMap<TransferNumber, Transfer>,
    /// What has ended, by the time at which it may be forgotten.
    fading: VecDeque<(Timestamp, Fading)>,
    kept_ms: i64,
}

#[derive(Debug, Clone, Copy)]
enum Fading {
    Reservation(ReservationNumber),
    Transfer(TransferNumber),
}

impl Promises {
    pub(crate) fn new(partitions: u16, kept_ms: i64) -> Self {
        Self {
            slots: Slab::default(),
            free: Vec::new(),
            index: IndexTable::default(),
            open: 0,
            deadlines: core::iter::repeat_with(BTreeSet::new)
                .take(usize::from(partitions))
                .collect(),
            transfers: BTreeMap::new(),
            fading: VecDeque::new(),
            kept_ms,
        }
    }

    fn slot_of(&self, number: ReservationNumber) -> Option<u32> {
        self.index.find(mix(number), |slot| {
            self.slots.get(slot).and_then(Option::as_ref).is_some_and(|(held, _)| *held == number)
        })
    }

    /// A reservation that is in memory.
    #[must_use]
    pub fn reservation(&self, number: ReservationNumber) -> Option<&Arc<Reservation>> {
        let slot = self.slot_of(number)?;
        self.slots.get(slot)?.as_ref().map(|(_, reservation)| reservation)
    }

    /// A transfer that is in memory.
    #[must_use]
    pub fn transfer(&self, number: TransferNumber) -> Option<&Transfer> {
        self.transfers.get(&number)
    }

    /// How many reservations are open.
    #[must_use]
    pub const fn open_count(&self) -> u32 {
        self.open
    }

    /// Reservations by slot, for checkpoints: those in `from..` until `until` says enough.
    pub fn slots_from(&self, from: u32) -> impl Iterator<Item = (u32, &Arc<Reservation>)> {
        (from..self.slots.len()).filter_map(|at| {
            self.slots.get(at).and_then(Option::as_ref).map(|(_, reservation)| (at, reservation))
        })
    }

    /// Number of slots.
    #[must_use]
    pub fn slot_count(&self) -> u32 {
        self.slots.len()
    }

    /// All transfers in memory.
    pub fn transfers(&self) -> impl Iterator<Item = &Transfer> {
        self.transfers.values()
    }

    /// Transfers in memory with a number above `behind`, in order.
    pub fn transfers_behind(&self, behind: TransferNumber) -> impl Iterator<Item = &Transfer> {
        self.transfers.range(behind.saturating_add(1)..).map(|(_, transfer)| transfer)
    }

    /// The first reservation of a partition whose deadline is not after `now`.
    #[must_use]
    pub fn due(&self, partition: u16, now: Timestamp) -> Option<ReservationNumber> {
        let (deadline, number) = self.deadlines.get(usize::from(partition))?.first()?;
        (*deadline <= now).then_some(*number)
    }

    /// The earliest deadline of all.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.iter().filter_map(|set| set.first()).map(|(deadline, _)| *deadline).min()
    }

    /// Puts a reservation as it is now. `partitions` are those of its items.
    pub(crate) fn put(
        &mut self,
        reservation: Arc<Reservation>,
        partitions: impl Iterator<Item = u16> + Clone,
        old_partitions: impl Iterator<Item = u16>,
    ) {
        let number = reservation.number;
        let slot = self.slot_of(number);
        let held = slot.and_then(|slot| self.slots.get(slot)?.as_ref()).map(|(_, held)| held);
        let (was_open, old_deadline) =
            held.map_or((false, None), |held| (held.status.is_open(), deadline_of(held)));
        let new_deadline = deadline_of(&reservation);
        if let Some(deadline) = old_deadline {
            for partition in old_partitions {
                self.deadlines[usize::from(partition)].remove(&(deadline, number));
            }
        }
        if let Some(deadline) = new_deadline {
            for partition in partitions {
                self.deadlines[usize::from(partition)].insert((deadline, number));
            }
        }
        let is_open = reservation.status.is_open();
        self.open =
            self.open.saturating_add(u32::from(is_open)).saturating_sub(u32::from(was_open));
        if !is_open {
            let until = reservation.updated_at.plus_millis(self.kept_ms);
            self.fading.push_back((until, Fading::Reservation(number)));
        }
        match slot {
            Some(slot) => *self.slots.reach(slot, || None) = Some((number, reservation)),
            None => {
                let slot = self.free.pop().unwrap_or_else(|| self.slots.push(None));
                *self.slots.reach(slot, || None) = Some((number, reservation));
                self.index.insert(mix(number), slot);
            }
        }
    }

    /// Puts a transfer as it is now.
    pub(crate) fn put_transfer(&mut self, transfer: Transfer) {
        if transfer.open().is_zero() {
            let until = transfer.updated_at.plus_millis(self.kept_ms);
            self.fading.push_back((until, Fading::Transfer(transfer.number)));
        }
        self.transfers.insert(transfer.number, transfer);
    }

    /// Keeps a recalled object, unless memory knows better.
    pub(crate) fn recall(&mut self, reservation: Arc<Reservation>, now: Timestamp) {
        let number = reservation.number;
        if self.slot_of(number).is_none() {
            assert!(!reservation.status.is_open(), "what is open never leaves memory");
            let slot = self.free.pop().unwrap_or_else(|| self.slots.push(None));
            *self.slots.reach(slot, || None) = Some((number, reservation));
            self.index.insert(mix(number), slot);
            self.fading.push_back((now.plus_millis(self.kept_ms), Fading::Reservation(number)));
        }
    }

    /// Keeps a recalled transfer, unless memory knows better.
    pub(crate) fn recall_transfer(&mut self, transfer: Transfer, now: Timestamp) {
        let number = transfer.number;
        if !self.transfers.contains_key(&number) {
            assert!(transfer.open().is_zero(), "what is open never leaves memory");
            self.fading.push_back((now.plus_millis(self.kept_ms), Fading::Transfer(number)));
            self.transfers.insert(number, transfer);
        }
    }

    /// Forgets at most `limit` of what ended long enough ago; returns how many.
    pub(crate) fn forget(&mut self, now: Timestamp, limit: usize) -> usize {
        let mut forgotten = 0usize;
        while forgotten < limit && self.fading.front().is_some_and(|(until, _)| *until <= now) {
            let Some((_, fading)) = self.fading.pop_front() else { break };
            forgotten = forgotten.saturating_add(1);
            match fading {
                Fading::Reservation(number) => self.drop_ended(number),
                Fading::Transfer(number) => {
                    if self.transfers.get(&number).is_some_and(|held| held.open().is_zero()) {
                        self.transfers.remove(&number);
                    }
                }
            }
        }
        forgotten
    }

    fn drop_ended(&mut self, number: ReservationNumber) {
        let Some(slot) = self.slot_of(number) else { return };
        let Some(place) = self.slots.get_mut(slot) else { return };
        if place.as_ref().is_some_and(|(_, held)| !held.status.is_open()) {
            *place = None;
            self.free.push(slot);
            self.index.remove(mix(number), slot);
        }
    }
}

fn deadline_of(reservation: &Reservation) -> Option<Timestamp> {
    match reservation.status {
        crate::reservation::Status::Active => reservation.expires_at,
        _ => None,
    }
}

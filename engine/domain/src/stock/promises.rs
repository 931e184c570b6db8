//! Promises in memory: open reservations and transfers, and what ended a short while ago.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::deadlines::Deadlines;
use super::orders::Orders;
use super::promised_lots::PromisedLots;
use super::tallies::{OrderKey, Tallies, Tally};
use crate::catalog::{ItemNumber, TenantNumber};
use crate::ids::{LotNumber, Reference};
use crate::index_table::IndexTable;
use crate::position::PositionNumber;
use crate::quantity::Quantity;
use crate::reservation::{Reservation, ReservationNumber};
use crate::slab::Slab;
use crate::time::Timestamp;
use crate::transfer::{Transfer, TransferNumber};

type Slot = Option<(ReservationNumber, Arc<Reservation>)>;

/// Open promises, deadlines, and what has just ended.
#[derive(Debug)]
pub struct Promises {
    slots: Slab<Slot>,
    free: Vec<u32>,
    index: IndexTable,
    pub(super) orders: Orders,
    open: u32,
    deadlines: Deadlines,
    tallies: Tallies,
    /// The last record that changed what came back on an order without a tally.
    untallied: u64,
    transfers: BTreeMap<TransferNumber, Transfer>,
    lots: PromisedLots,
    /// What has ended, by the time at which it may be forgotten.
    fading: VecDeque<(Timestamp, Fading)>,
    kept_ms: i64,
}

#[derive(Debug, Clone)]
enum Fading {
    Reservation(ReservationNumber),
    Transfer(TransferNumber),
    Tally(OrderKey),
}

impl Promises {
    pub(crate) fn new(partitions: u16, kept_ms: i64, seed: u64) -> Self {
        Self {
            slots: Slab::default(),
            free: Vec::new(),
            index: IndexTable::default(),
            orders: Orders::new(seed),
            open: 0,
            deadlines: Deadlines::new(partitions),
            tallies: Tallies::default(),
            untallied: 0,
            transfers: BTreeMap::new(),
            lots: PromisedLots::default(),
            fading: VecDeque::new(),
            kept_ms,
        }
    }

    fn slot_of(&self, number: ReservationNumber) -> Option<u32> {
        self.index.find(spread(number), |slot| {
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

    /// What is promised by lot at a position.
    #[must_use]
    pub fn by_lot(&self, position: PositionNumber) -> &[(LotNumber, Quantity)] {
        self.lots.at(position)
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

    /// Reservations of an order that are in memory, newest first.
    pub fn of_order(
        &self,
        tenant: TenantNumber,
        order: &Reference,
    ) -> impl Iterator<Item = &Arc<Reservation>> {
        let slots = self.orders.of(tenant, order, is_of(&self.slots, tenant, order));
        slots.filter_map(|slot| self.slots.get(slot)?.as_ref()).map(|(_, held)| held)
    }

    /// The first reservation of a partition whose deadline is not after `now`.
    #[must_use]
    pub fn due(&self, partition: u16, now: Timestamp) -> Option<ReservationNumber> {
        self.deadlines.due(partition, now)
    }

    /// The earliest deadline of all.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.next()
    }

    /// An item has found its partition.
    pub(crate) fn place(&mut self, item: ItemNumber, partition: u16) {
        self.deadlines.place(item, partition);
    }

    /// Puts a reservation as it is now, unless memory knows better.
    /// `partition_of` tells the partition of an item; `None` while its record is not known.
    pub(crate) fn put(
        &mut self,
        reservation: Arc<Reservation>,
        partition_of: impl Fn(ItemNumber) -> Option<u16>,
    ) {
        let number = reservation.number;
        let slot = self.slot_of(number);
        let held = slot.and_then(|slot| self.slots.get(slot)?.as_ref()).map(|(_, held)| held);
        if held.is_some_and(|held| held.sequence >= reservation.sequence) {
            return;
        }
        let was_open = held.is_some_and(|held| held.status.is_open());
        let before = held.map(|held| &**held);
        self.deadlines.replace(before, &reservation, partition_of);
        self.lots.replace(before, &reservation);
        let is_open = reservation.status.is_open();
        self.open =
            self.open.saturating_add(u32::from(is_open)).saturating_sub(u32::from(was_open));
        if !is_open {
            let until = reservation.updated_at.plus_millis(self.kept_ms);
            self.fading.push_back((until, Fading::Reservation(number)));
        }
        match slot.and_then(|slot| self.slots.get_mut(slot)) {
            Some(place) => *place = Some((number, reservation)),
            None => self.enter(reservation),
        }
    }

    /// Puts a reservation that is not in memory.
    fn enter(&mut self, reservation: Arc<Reservation>) {
        let number = reservation.number;
        let slot = self.free.pop().unwrap_or_else(|| self.slots.push(None));
        if let Some(order) = &reservation.order {
            let tenant = reservation.tenant;
            self.orders.enter(tenant, order, slot, is_of(&self.slots, tenant, order));
        }
        *self.slots.reach(slot, || None) = Some((number, reservation));
        self.index.insert(spread(number), slot);
    }

    /// Puts a transfer as it is now, unless memory knows better.
    pub(crate) fn put_transfer(&mut self, transfer: Transfer) {
        let held = self.transfers.get(&transfer.number);
        if held.is_some_and(|held| held.sequence >= transfer.sequence) {
            return;
        }
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
            self.enter(reservation);
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

    /// What was shipped and came back on an order, if a return has asked for it lately.
    pub(crate) fn tally(&self, key: &OrderKey) -> Option<&Tally> {
        self.tallies.get(key)
    }

    /// Tallies an order: ended reservations and returns were read from the log, memory knows better
    /// about reservations it holds.
    pub(crate) fn recall_order(
        &mut self,
        key: OrderKey,
        ended: &[Arc<Reservation>],
        returned: impl Iterator<Item = (ItemNumber, Quantity)>,
        now: Timestamp,
    ) {
        if self.tallies.get(&key).is_some() {
            return;
        }
        let mut tally = Tally::default();
        let elsewhere = ended.iter().filter(|held| self.slot_of(held.number).is_none());
        for held in elsewhere.chain(self.of_order(key.0, &key.1)) {
            held.lines
                .iter()
                .for_each(|line| tally.ship(line.item, line.fulfilled, line.fulfilled_value));
        }
        returned.for_each(|(item, quantity)| tally.take_back(item, quantity));
        let until = now.plus_millis(self.kept_ms);
        self.fading.push_back((until, Fading::Tally(key.clone())));
        self.tallies.put(key, until, tally);
    }

    /// Keeps the tally of an order up to date, if there is one; tells whether there is.
    pub(crate) fn tally_up(
        &mut self,
        of: (TenantNumber, &Reference),
        at: Timestamp,
        sequence: u64,
        change: impl FnOnce(&mut Tally),
    ) -> bool {
        self.tallies.update(of, at.plus_millis(self.kept_ms), sequence, change)
    }

    /// Goods came back on an order, or did not after all, while nobody tallied it.
    pub(crate) fn note_untallied(&mut self, sequence: u64) {
        self.untallied = sequence.max(self.untallied);
    }

    /// The last record of that kind: a search for an order that does not know it may be wrong. (What was
    /// shipped stands in reservations, and those of late are in memory.)
    #[must_use]
    pub const fn untallied(&self) -> u64 {
        self.untallied
    }

    /// Forgets at most `limit` of what ended long enough ago; returns how many. What rests on a record
    /// above `findable` stays: nobody would find it.
    pub(crate) fn forget(&mut self, now: Timestamp, limit: usize, findable: u64) -> usize {
        let mut forgotten = 0usize;
        while forgotten < limit
            && let Some((until, fading)) = self.fading.front()
            && *until <= now
            && self.is_findable(fading, findable)
        {
            let Some((_, fading)) = self.fading.pop_front() else { break };
            forgotten = forgotten.saturating_add(1);
            match fading {
                Fading::Reservation(number) => self.drop_ended(number),
                Fading::Transfer(number) => {
                    if self.transfers.get(&number).is_some_and(|held| held.open().is_zero()) {
                        self.transfers.remove(&number);
                    }
                }
                Fading::Tally(key) => {
                    if let Some(until) = self.tallies.forget(&key, now) {
                        self.fading.push_back((until, Fading::Tally(key)));
                    }
                }
            }
        }
        forgotten
    }

    /// Whether the last record about it can be found by those who look for it in the log.
    fn is_findable(&self, fading: &Fading, findable: u64) -> bool {
        let sequence = match fading {
            Fading::Reservation(number) => self.reservation(*number).map(|held| held.sequence),
            Fading::Transfer(number) => self.transfers.get(number).map(|held| held.sequence),
            Fading::Tally(key) => self.tallies.sequence(key),
        };
        sequence.is_none_or(|sequence| sequence <= findable)
    }

    fn drop_ended(&mut self, number: ReservationNumber) {
        let Some(slot) = self.slot_of(number) else { return };
        let Some(place) = self.slots.get_mut(slot) else { return };
        if place.as_ref().is_none_or(|(_, held)| held.status.is_open()) {
            return;
        }
        let Some((_, held)) = place.take() else { return };
        self.free.push(slot);
        self.index.remove(spread(number), slot);
        if let Some(order) = &held.order {
            self.orders.leave(held.tenant, order, slot);
        }
    }
}

/// Place of a number in the index: neighbours in time are neighbours in memory, because what was made
/// lately is asked for most. The low bits choose the shard, the others the place in it.
const fn spread(number: ReservationNumber) -> u64 {
    number.rotate_right(10)
}

/// Whether a slot holds a reservation of an order.
fn is_of(slots: &Slab<Slot>, tenant: TenantNumber, order: &Reference) -> impl Fn(u32) -> bool {
    move |slot| {
        let held = slots.get(slot).and_then(Option::as_ref);
        held.is_some_and(|(_, held)| held.tenant == tenant && held.order.as_ref() == Some(order))
    }
}

//! The effect of a change on memory: assignment, never a decision.
//!
//! Applying is idempotent per thing: what is newer than the record stays as it is. So a fuzzy
//! checkpoint and the records written while it was taken can be laid over each other.

use alloc::sync::Arc;
use core::cmp::Reverse;

use crate::catalog::ItemNumber;
use crate::change::{Cause, Change, PositionChange};
use crate::idempotency::KeyEntry;
use crate::position::{Position, PositionNumber};
use crate::reservation::Reservation;
use crate::stock::Stock;
use crate::stock::places::Rank;

impl Stock {
    /// Takes in what record `sequence` says. Cannot fail; the only thing recovery calls.
    ///
    /// # Panics
    /// When the change contradicts memory in a way that only damage or a fault of ours explains.
    pub fn apply(&mut self, change: &Change, sequence: u64) {
        if let Some(tenant) = &change.tenant_opened {
            self.enter_tenant(change.tenant, tenant);
        }
        if change.cause != Cause::Unchanged {
            self.apply_catalog(change);
            for position in &change.positions {
                self.apply_position(change, position, sequence);
            }
            if let Some(reservation) = &change.reservation {
                self.put_reservation(reservation);
            }
            if let Some(transfer) = &change.transfer {
                let held = self.promises.transfer(transfer.number);
                if held.is_none_or(|held| held.sequence < transfer.sequence) {
                    self.promises.put_transfer((**transfer).clone());
                }
            }
        }
        if let Some(bound) = change.key {
            let crate::change::BoundKey { key, fingerprint } = bound;
            self.keys.insert(KeyEntry { key, fingerprint, sequence });
        }
        if let Some(source) = &change.source {
            self.sources.advance(source, sequence);
        }
    }

    fn apply_catalog(&mut self, change: &Change) {
        for item in &change.items {
            if self.item(item.number).is_none_or(|held| held.version < item.version) {
                self.enter_item(item);
                if let Some(slot) = self.items.get_mut(item.number) {
                    slot.places.forget_order();
                }
            }
        }
        for location in &change.locations {
            if self.location(location.number).is_none_or(|held| held.version < location.version) {
                self.enter_location(location);
            }
        }
        if let Some(bin) = &change.bin {
            let bins = &mut self.location_slot(bin.location).bins;
            match bins.iter_mut().find(|held| held.id == bin.bin.id) {
                Some(held) => *held = bin.bin.clone(),
                None => bins.push(bin.bin.clone()),
            }
        }
    }

    fn apply_position(&mut self, change: &Change, after: &PositionChange, sequence: u64) {
        if let Some((item, location)) = after.opened
            && self.position(after.position).is_none()
        {
            self.enter_position(after.position, Position::new(item, location, change.at));
        }
        let held = self.positions.get_mut(after.position).and_then(Option::as_mut);
        let position = held.expect("a position is opened by the first record about it");
        if position.sequence >= sequence {
            return;
        }
        position.take(after, change.at, sequence);
        if let Some(terms) = &after.terms
            && matches!(change.cause, Cause::PolicySet | Cause::BinAssigned)
        {
            position.set_terms(terms.own, terms.bin.clone());
        }
        let item = position.item;
        self.rerank(item, after.position);
    }

    /// Keeps the order of choice of an item with many locations up to date.
    fn rerank(&mut self, item: ItemNumber, position: PositionNumber) {
        let epoch = self.location_epoch;
        let Some(slot) = self.items.get(item) else { return };
        if !slot.places.wants_order() {
            return;
        }
        if slot.places.order(epoch).is_some() {
            let rank = self.rank(position);
            let location = self.position(position).map(|position| position.location);
            if let (Some(slot), Some(location)) = (self.items.get_mut(item), location) {
                slot.places.rerank(location, rank);
            }
        } else if let Some(slot) = self.items.get_mut(item) {
            let mut places = core::mem::take(&mut slot.places);
            places.rebuild(epoch, |number| self.rank(number));
            if let Some(slot) = self.items.get_mut(item) {
                slot.places = places;
            }
        }
    }

    fn rank(&self, number: PositionNumber) -> Option<Rank> {
        let position = self.position(number)?;
        let location = self.location(position.location)?;
        self.is_selling(position.location).then(|| Rank {
            priority: location.attributes.priority,
            shelf: Reverse(self.effective_policy(position).shelf(position.available())),
            location: location.id.clone(),
            position: number,
        })
    }

    fn put_reservation(&mut self, reservation: &Arc<Reservation>) {
        let held = self.promises.reservation(reservation.number).map(Arc::clone);
        if held.as_ref().is_some_and(|held| held.sequence >= reservation.sequence) {
            return;
        }
        // Partitions are read here because promises do not know items.
        let items = &self.items;
        let of =
            |line: &crate::reservation::Line| items.get(line.item).map_or(0, |slot| slot.partition);
        let old = held.iter().flat_map(|held| held.lines.iter().map(of));
        self.promises.put(Arc::clone(reservation), reservation.lines.iter().map(of), old);
    }

    /// Puts a reservation read from a checkpoint.
    pub fn restore_reservation(&mut self, reservation: &Arc<Reservation>) {
        self.put_reservation(reservation);
    }

    /// Puts a transfer read from a checkpoint.
    pub fn restore_transfer(&mut self, transfer: crate::transfer::Transfer) {
        self.promises.put_transfer(transfer);
    }

    /// Puts a tenant read from a checkpoint.
    pub fn restore_tenant(&mut self, number: u32, id: &crate::ids::TenantId) {
        self.enter_tenant(number, id);
    }

    /// Puts an item read from a checkpoint.
    pub fn restore_item(&mut self, item: &crate::catalog::Item) {
        self.enter_item(item);
    }

    /// Puts a location read from a checkpoint.
    pub fn restore_location(
        &mut self,
        location: &crate::catalog::Location,
        bins: alloc::vec::Vec<crate::catalog::Bin>,
    ) {
        self.enter_location(location);
        self.location_slot(location.number).bins = bins;
    }

    /// Puts a position read from a checkpoint.
    pub fn restore_position(&mut self, number: PositionNumber, position: Position) {
        self.enter_position(number, position);
    }

    /// Puts a key read from a checkpoint.
    pub fn restore_key(&mut self, entry: KeyEntry) {
        self.keys.insert(entry);
    }

    /// Puts a watermark read from a checkpoint.
    pub fn restore_source(&mut self, source: &Arc<crate::command::SourcePosition>, sequence: u64) {
        self.sources.advance(source, sequence);
    }

    /// Takes in an ended reservation that was read from the log; memory knows better if it has it.
    pub fn recall_reservation(
        &mut self,
        reservation: Arc<Reservation>,
        now: crate::time::Timestamp,
    ) {
        self.promises.recall(reservation, now);
    }

    /// Takes in an ended transfer that was read from the log; memory knows better if it has it.
    pub fn recall_transfer(
        &mut self,
        transfer: crate::transfer::Transfer,
        now: crate::time::Timestamp,
    ) {
        self.promises.recall_transfer(transfer, now);
    }

    /// Forgets at most `limit` ended things whose time in memory is over; returns how many.
    pub fn forget(&mut self, now: crate::time::Timestamp, limit: usize) -> usize {
        self.promises.forget(now, limit)
    }
}

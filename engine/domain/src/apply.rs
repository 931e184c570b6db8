//! The effect of a change on memory: assignment, never a decision.
//!
//! Applying is idempotent per thing: what is newer than the record stays as it is. So a fuzzy
//! checkpoint and the records written while it was taken can be laid over each other.

use alloc::sync::Arc;
use core::cmp::Reverse;

use crate::catalog::{ItemNumber, TenantNumber};
use crate::change::{Cause, Change, PositionChange};
use crate::idempotency::KeyEntry;
use crate::ids::Reference;
use crate::position::{Position, PositionNumber};
use crate::quantity::Quantity;
use crate::reservation::Reservation;
use crate::stock::Stock;
use crate::stock::places::{Rank, Room};
use crate::upkeep::Kept;

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
            for (at, position) in (0..).zip(&change.positions) {
                self.apply_position(change, (at, position), sequence);
            }
            for reservation in change.reservations() {
                self.put_reservation(reservation);
            }
            self.tally_up(change, sequence);
            self.note_sale(change);
            if let Some(place) = change.reverses {
                self.records.reverse(place, sequence, change.at);
            }
            if let Some(transfer) = &change.transfer {
                self.promises.put_transfer((**transfer).clone());
            }
        }
        if let Some(bound) = change.key {
            let crate::change::BoundKey { key, fingerprint } = bound;
            self.keys.insert(KeyEntry { key, fingerprint, sequence });
        }
        if let Some(source) = &change.source {
            self.sources.advance(&source.position, sequence);
            if let Some(crate::consumed::ConsumedEvent { key, fingerprint, .. }) = source.event
                && !change.reuses_event_id()
            {
                self.events.insert(KeyEntry { key, fingerprint, sequence });
            }
        }
        match change.kept.as_deref() {
            Some(Kept::Letter(held)) => self.letters.put(&held.letter),
            Some(Kept::Advanced(positions)) => {
                positions.iter().for_each(|position| self.sources.advance(position, sequence));
            }
            Some(Kept::Reset { stream, generation }) => {
                self.sources.begin(stream, *generation, sequence);
            }
            Some(Kept::Job(told)) => self.jobs.apply(told, change, sequence),
            Some(Kept::Published(_)) | None => {}
        }
    }

    fn apply_catalog(&mut self, change: &Change) {
        for item in &change.items {
            if self.item(item.number).is_none_or(|held| held.version < item.version) {
                self.enter_item(item);
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

    fn apply_position(
        &mut self,
        change: &Change,
        (at, after): (u32, &PositionChange),
        sequence: u64,
    ) {
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
        let expiry = position.first_expiry();
        position.take(after, change.flows(at), change.at, sequence);
        let expiry_after = position.first_expiry();
        if let Some(counted) = change.counted(at) {
            position.note_count(counted);
        }
        if !self.moments.is_empty() {
            self.moments.note(change, (at, after.position), sequence);
        }
        if expiry != expiry_after {
            self.expiries.replace(after.position, expiry, expiry_after);
        }
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
        let location = self.selling(position.location)?;
        let policy = self.effective_policy(position);
        Some(Rank {
            priority: location.attributes.priority,
            shelf: Reverse(policy.shelf(position.available())),
            location: location.id.clone(),
            position: number,
            room: if policy.backorder_limit.is_some() { Room::Beyond } else { Room::Shelf },
        })
    }

    /// Keeps what is known of an order up to date, while returns on it are coming in.
    fn tally_up(&mut self, change: &Change, sequence: u64) {
        let detail = change.detail.as_ref();
        match change.cause {
            Cause::Fulfilled => {
                let order = change.reservation.as_ref().and_then(|held| held.order.as_ref());
                let Some(order) = order else { return };
                self.promises.tally_up((change.tenant, order), change.at, sequence, |tally| {
                    let shipped = change.shipped.iter();
                    shipped.for_each(|share| tally.ship(share.item, share.quantity, share.value));
                });
            }
            Cause::Unfulfilled => {
                let order = change.reservation.as_ref().and_then(|held| held.order.as_ref());
                let Some(order) = order else { return };
                self.promises.tally_up((change.tenant, order), change.at, sequence, |tally| {
                    let shares = change.shipped.iter();
                    shares.for_each(|share| {
                        tally.ship(share.item, share.quantity.negated(), share.value.negated());
                    });
                });
            }
            Cause::Returned | Cause::Reversed => {
                let Some(order) = detail.and_then(|detail| detail.order.as_ref()) else { return };
                let positions = &self.positions;
                let returned = change.moved().filter_map(|(number, quantity)| {
                    let position = positions.get(number).and_then(Option::as_ref)?;
                    let is_return = change.cause == Cause::Returned;
                    Some((position.item, if is_return { quantity } else { quantity.negated() }))
                });
                let promises = &mut self.promises;
                let is_tallied =
                    promises.tally_up((change.tenant, order), change.at, sequence, |tally| {
                        returned.for_each(|(item, quantity)| tally.take_back(item, quantity));
                    });
                if !is_tallied {
                    promises.note_untallied(sequence);
                }
            }
            _ => {}
        }
    }

    /// Keeps what was sold under a name up to date, while goods come back by it.
    fn note_sale(&mut self, change: &Change) {
        if change.cause != Cause::Sold || self.sales.is_empty() {
            return;
        }
        let positions = &self.positions;
        for (number, quantity, value) in change.sold() {
            let Some(position) = positions.get(number).and_then(Option::as_ref) else { continue };
            for name in change.sale_names() {
                self.sales.note((change.tenant, name), (position.item, quantity, value));
            }
        }
    }

    /// From now on takes note of what is sold under a name: the log is being asked what was.
    pub fn ask_sale(&mut self, asked: &crate::decide::SaleName, now: crate::time::Timestamp) {
        self.sales.ask(asked, now);
    }

    /// Takes in what was sold under a name, as the log tells: which record sold how much from which position,
    /// and what it was worth.
    pub fn recall_sale(
        &mut self,
        asked: &crate::decide::SaleName,
        sold: &[(u64, PositionNumber, Quantity, crate::quantity::Money)],
    ) {
        let positions = &self.positions;
        let of_item = |(sequence, number, quantity, value): &(u64, _, _, _)| {
            let position = positions.get(*number).and_then(Option::as_ref)?;
            Some((*sequence, position.item, *quantity, *value))
        };
        self.sales.recall(asked, sold.iter().filter_map(of_item));
    }

    fn put_reservation(&mut self, reservation: &Arc<Reservation>) {
        // Partitions are read here because promises do not know items.
        let items = &self.items;
        let of = |item: ItemNumber| items.get(item).and_then(|slot| slot.partition);
        self.promises.put(Arc::clone(reservation), of);
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
        self.replace_position(number, position);
    }

    /// Puts a key read from a checkpoint.
    pub fn restore_key(&mut self, entry: KeyEntry) {
        self.keys.insert(entry);
    }

    /// Puts a watermark read from a checkpoint.
    pub fn restore_source(&mut self, source: &Arc<crate::command::SourcePosition>, sequence: u64) {
        self.sources.advance(source, sequence);
    }

    /// Puts the generation of a stream read from a checkpoint.
    pub fn restore_stream(&mut self, stream: &crate::ids::Text, generation: u32, sequence: u64) {
        self.sources.begin(stream, generation, sequence);
    }

    /// Puts a consumed event read from a checkpoint.
    pub fn restore_event(&mut self, entry: KeyEntry) {
        self.events.insert(entry);
    }

    /// Puts a running job read from a checkpoint.
    pub fn restore_job(&mut self, job: crate::job::Job) {
        self.jobs.put(job);
    }

    /// Puts a dead letter read from a checkpoint.
    pub fn restore_letter(&mut self, letter: &crate::dead_letter::DeadLetter) {
        self.letters.put(letter);
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

    /// Takes in what the log knows of an order: its ended reservations, and how much came back to
    /// which positions. To be called with whatever was found, also with nothing.
    pub fn recall_order(
        &mut self,
        tenant: TenantNumber,
        order: &Reference,
        ended: &[Arc<Reservation>],
        returned: &[(PositionNumber, Quantity)],
        now: crate::time::Timestamp,
    ) {
        let positions = &self.positions;
        let of_item = |(number, quantity): &(PositionNumber, Quantity)| {
            let position = positions.get(*number).and_then(Option::as_ref)?;
            Some((position.item, *quantity))
        };
        let returned = returned.iter().filter_map(of_item);
        self.promises.recall_order((tenant, order.clone()), ended, returned, now);
    }

    /// Takes in a record that was read from the log, also when there is none; memory knows better if it
    /// has it.
    pub fn recall_record(
        &mut self,
        sequence: u64,
        record: crate::stock::records::RecalledRecord,
        now: crate::time::Timestamp,
    ) {
        self.records.recall(sequence, record, now);
    }

    /// From now on takes note of what records tell of a position at an instant in the past: the log is being
    /// asked what it was.
    pub fn ask_moment(&mut self, moment: crate::decide::Moment, now: crate::time::Timestamp) {
        self.moments.ask(moment, now);
    }

    /// Takes in what a position was at an instant by the records up to `seen`, as the log tells; memory
    /// knows better if it has it. `None`: no record of it is kept, it was what it is.
    pub fn recall_moment(
        &mut self,
        moment: crate::decide::Moment,
        told: Option<crate::position::Figures>,
        seen: u64,
    ) {
        let now = || self.position(moment.position).map(Position::figures).unwrap_or_default();
        let told = told.unwrap_or_else(now);
        self.moments.recall(moment, told, seen);
    }

    /// Forgets at most `limit` ended things whose time in memory is over; returns how many. What rests on
    /// a record above `findable` stays, because a recall would not find it yet.
    pub fn forget(&mut self, now: crate::time::Timestamp, limit: usize, findable: u64) -> usize {
        let forgotten = self.promises.forget(now, limit, findable);
        let left = limit.saturating_sub(forgotten);
        let forgotten = forgotten.saturating_add(self.records.forget(now, left, findable));
        let left = limit.saturating_sub(forgotten);
        let forgotten = forgotten.saturating_add(self.moments.forget(now, left));
        let left = limit.saturating_sub(forgotten);
        forgotten.saturating_add(self.sales.forget(now, left))
    }
}

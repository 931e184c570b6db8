//! Putting a durable record into the view.

use std::sync::atomic::Ordering;

use onhand_domain::catalog::{Item, Location};
use onhand_domain::change::{Cause, Change, PositionChange};
use onhand_domain::position::Position;
use onhand_domain::stock::Stock;
use onhand_storage::Background;
use parking_lot::RwLock;

use super::{ItemEntry, ItemState, LocationEntry, LocationState, TenantEntry, View};
use crate::names::Names;

impl View {
    /// Takes in what record `sequence` says. Only the release stage calls it, in the order of the log.
    pub(crate) fn apply(&self, change: &Change, sequence: u64) {
        if let Some(id) = &change.tenant_opened {
            self.directory.add_tenant(change.tenant, TenantEntry::new(id.clone()));
        }
        if change.cause != Cause::Unchanged {
            for item in &change.items {
                self.put_item(item);
            }
            for location in &change.locations {
                self.put_location(location);
            }
            if let Some(bin) = &change.bin {
                let mut state = self.directory.location_entry(bin.location).state.write();
                match state.bins.iter_mut().find(|held| held.id == bin.bin.id) {
                    Some(held) => *held = bin.bin.clone(),
                    None => state.bins.push(bin.bin.clone()),
                }
            }
            self.put_positions(change, sequence);
            for reservation in change.reservations() {
                self.promises.put(reservation);
            }
            if let Some(transfer) = &change.transfer {
                self.promises.put_transfer(transfer);
            }
        }
        self.upkeep.apply(change, sequence);
        self.sequence.store(sequence, Ordering::Release);
    }

    pub(crate) fn put_item(&self, item: &Item) {
        if self.directory.items.get(item.number as usize).is_some() {
            self.directory.item_entry(item.number).state.write().item = item.clone();
        } else {
            let state = ItemState { item: item.clone(), positions: Vec::new() };
            let (tenant, id) = (item.tenant, item.id.clone());
            self.directory
                .add_item(item.number, ItemEntry { tenant, id, state: RwLock::new(state) });
        }
    }

    pub(crate) fn put_location(&self, location: &Location) {
        if self.directory.locations.get(location.number as usize).is_some() {
            self.directory.location_entry(location.number).state.write().location =
                location.clone();
        } else {
            let state = LocationState { location: location.clone(), bins: Vec::new() };
            let entry = LocationEntry {
                tenant: location.tenant,
                id: location.id.clone(),
                state: RwLock::new(state),
                positions: boxcar::Vec::new(),
            };
            self.directory.add_location(location.number, entry);
        }
    }

    /// All positions of one item change under one lock: nobody sees half of a record of an item.
    fn put_positions(&self, change: &Change, sequence: u64) {
        let opened =
            change.positions.iter().filter_map(|after| Some((after.position, after.opened?)));
        for (number, (item, location)) in opened {
            self.directory.add_place(number, item, location);
        }
        let item_of = |after: &PositionChange| self.directory.place(after.position).0;
        let put = |item, positions: &[(u32, &PositionChange)]| {
            let mut state = self.directory.item_entry(item).state.write();
            for (at, after) in positions {
                put_position(&mut state, change, (*at, after), sequence);
            }
        };
        if let [only] = change.positions.as_slice() {
            return put(item_of(only), &[(0, only)]);
        }
        let mut sorted: Vec<(u32, &PositionChange)> = (0..).zip(&change.positions).collect();
        sorted.sort_by_key(|(_, after)| item_of(after));
        for of_item in sorted.chunk_by(|(_, one), (_, other)| item_of(one) == item_of(other)) {
            put(item_of(of_item[0].1), of_item);
        }
    }

    /// Fills an empty view with recovered memory.
    pub fn load(&self, stock: &Stock, sequence: u64, background: Background) {
        super::load::load(self, stock, background);
        self.upkeep.load(stock);
        self.sequence.store(sequence, Ordering::Release);
    }
}

fn put_position(
    state: &mut ItemState,
    change: &Change,
    (at, after): (u32, &PositionChange),
    sequence: u64,
) {
    if let Some((item, location)) = after.opened {
        state.add(after.position, Position::new(item, location, change.at));
    }
    let held = state.positions.iter_mut().find(|(number, _)| *number == after.position);
    let (_, position) = held.expect("a position is opened by its first record");
    position.take(after, change.flows(at), change.at, sequence);
    if let Some(terms) = &after.terms
        && matches!(change.cause, Cause::PolicySet | Cause::BinAssigned)
    {
        position.set_terms(terms.own, terms.bin.clone());
    }
}

//! Looking ahead: what the next commands will look at is read for all of them before the first is
//! decided.
//!
//! A decision is a chain of reads far apart in memory, each waiting for the one before it. Reading the
//! first links of many chains side by side lets the processor wait for all of them at once. Nothing is
//! decided here; what is found may be wrong (equal hashes) and is found again by the decision itself.

use core::hint::black_box;

use super::Stock;
use crate::command::{Action, Command};
use crate::ids::ItemId;

/// Commands that are looked ahead at together; more would drive each other out of the nearest cache.
pub const PREFETCH_MAX: usize = 32;

/// Items of one command that are looked at.
const ITEMS_MAX: usize = 4;

/// Where to look. First all of it is worked out, then each table is read in a loop that does nothing
/// else, so that as many reads as possible are under way at once.
#[derive(Default)]
struct Hashes {
    keys: List<[u8; 16], PREFETCH_MAX>,
    orders: List<u64, PREFETCH_MAX>,
    items: List<u64, { PREFETCH_MAX * ITEMS_MAX }>,
}

struct List<T, const MAX: usize> {
    held: [T; MAX],
    count: usize,
}

impl<T: Copy + Default, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self { held: [T::default(); MAX], count: 0 }
    }
}

impl<T: Copy, const MAX: usize> List<T, MAX> {
    /// What does not fit is not looked at.
    fn push(&mut self, one: T) {
        if let Some(place) = self.held.get_mut(self.count) {
            *place = one;
            self.count = self.count.saturating_add(1);
        }
    }

    fn as_slice(&self) -> &[T] {
        &self.held[..self.count]
    }
}

impl Stock {
    /// Reads what at most [`PREFETCH_MAX`] commands will look at first. Changes nothing.
    pub fn prefetch<'a>(&self, commands: impl Iterator<Item = &'a Command>) {
        let mut hashes = Hashes::default();
        commands.take(PREFETCH_MAX).for_each(|command| self.hash_into(command, &mut hashes));
        let mut found: List<u32, { PREFETCH_MAX * ITEMS_MAX }> = List::default();
        for hash in hashes.items.as_slice() {
            if let Some(number) = self.item_index.candidate(*hash) {
                found.push(number);
            }
        }
        let orders = &self.promises.orders;
        let mut read = 0_u32;
        for hash in hashes.orders.as_slice() {
            read ^= orders.prefetch(*hash).unwrap_or(0);
        }
        for key in hashes.keys.as_slice() {
            read ^= self.keys.prefetch(key).unwrap_or(0);
        }
        let mut positions: List<u32, { PREFETCH_MAX * ITEMS_MAX }> = List::default();
        for number in found.as_slice() {
            if let Some(first) = self.items.get(*number).and_then(|slot| slot.places.first()) {
                positions.push(first);
            }
        }
        let mut versions = 0;
        for number in positions.as_slice() {
            versions ^= self.position(*number).map_or(0, |position| position.sequence);
        }
        black_box((read, versions));
    }

    fn hash_into(&self, command: &Command, hashes: &mut Hashes) {
        if let Some(key) = command.key {
            hashes.keys.push(key);
        }
        let Some(tenant) = self.tenant_number(&command.tenant) else { return };
        if let Action::Reserve(wish) = &command.action
            && let Some(order) = &wish.order
        {
            hashes.orders.push(self.promises.orders.hash(tenant, order));
        }
        let hash = |item: &ItemId| hashes.items.push(self.hash(tenant, item.as_bytes()));
        command.action.first_items(hash);
    }
}

impl Action {
    /// Tells the first few items that it names.
    fn first_items(&self, mut tell: impl FnMut(&ItemId)) {
        match self {
            Self::Receive(entry) | Self::Sell(entry) | Self::Return(entry) => {
                tell(&entry.place.item);
            }
            Self::Adjust(adjust) => tell(&adjust.place.item),
            Self::Move(wish) => tell(&wish.place.item),
            Self::Count(count) => tell(&count.place.item),
            Self::StartTransfer(start) => tell(&start.item),
            Self::Reserve(wish) => {
                wish.lines.iter().take(ITEMS_MAX).for_each(|line| tell(&line.item));
            }
            _ => {}
        }
    }
}

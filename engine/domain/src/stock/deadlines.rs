//! Deadlines of open reservations, by the partitions of their items.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::catalog::ItemNumber;
use crate::reservation::{Reservation, ReservationNumber, Status};
use crate::time::Timestamp;

type Set = BTreeSet<(Timestamp, ReservationNumber)>;

/// A reservation stands in the partition of each of its items, so that whoever asks for an item finds
/// the due holds on it.
#[derive(Debug)]
pub(super) struct Deadlines {
    partitions: Vec<Set>,
    /// Of items whose record recovery has not come to yet; looked at by everybody.
    unplaced: Set,
}

fn deadline_of(reservation: &Reservation) -> Option<Timestamp> {
    reservation.expires_at.filter(|_| reservation.status == Status::Active)
}

impl Deadlines {
    pub(super) fn new(partitions: u16) -> Self {
        let partitions = core::iter::repeat_with(Set::new).take(usize::from(partitions)).collect();
        Self { partitions, unplaced: Set::new() }
    }

    /// The first of a partition that is not after `now`.
    pub(super) fn due(&self, partition: u16, now: Timestamp) -> Option<ReservationNumber> {
        let mine = self.partitions.get(usize::from(partition)).and_then(Set::first);
        let first = match self.unplaced.first() {
            Some(unplaced) => mine.map_or(unplaced, |mine| mine.min(unplaced)),
            None => mine?,
        };
        (first.0 <= now).then_some(first.1)
    }

    /// The earliest of all.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let all = self.partitions.iter().chain([&self.unplaced]);
        all.filter_map(Set::first).map(|(deadline, _)| *deadline).min()
    }

    /// The deadline of a reservation was that of `before`, and is that of `after`.
    pub(super) fn replace(
        &mut self,
        before: Option<&Reservation>,
        after: &Reservation,
        partition_of: impl Fn(ItemNumber) -> Option<u16>,
    ) {
        let next = deadline_of(after);
        if let Some(before) = before
            && let Some(deadline) = deadline_of(before)
            && Some(deadline) != next
        {
            let entry = (deadline, before.number);
            for line in &before.lines {
                if let Some(partition) = partition_of(line.item) {
                    self.partitions[usize::from(partition)].remove(&entry);
                }
            }
            // The item may have been placed since.
            self.unplaced.remove(&entry);
        }
        if let Some(deadline) = next {
            for line in &after.lines {
                let set = match partition_of(line.item) {
                    Some(partition) => &mut self.partitions[usize::from(partition)],
                    None => &mut self.unplaced,
                };
                set.insert((deadline, after.number));
            }
        }
    }
}

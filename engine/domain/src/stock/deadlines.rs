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
    /// Of items whose record recovery has not come to yet: they are placed when it does.
    unplaced: BTreeSet<(ItemNumber, Timestamp, ReservationNumber)>,
}

fn deadline_of(reservation: &Reservation) -> Option<Timestamp> {
    reservation.expires_at.filter(|_| reservation.status == Status::Active)
}

impl Deadlines {
    pub(super) fn new(partitions: u16) -> Self {
        let partitions = core::iter::repeat_with(Set::new).take(usize::from(partitions)).collect();
        Self { partitions, unplaced: BTreeSet::new() }
    }

    /// The first of a partition that is not after `now`.
    pub(super) fn due(&self, partition: u16, now: Timestamp) -> Option<ReservationNumber> {
        let (deadline, number) = self.partitions.get(usize::from(partition))?.first()?;
        (*deadline <= now).then_some(*number)
    }

    /// The earliest of all.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.partitions.iter().filter_map(Set::first).map(|(deadline, _)| *deadline).min()
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
            for line in &before.lines {
                match partition_of(line.item) {
                    Some(partition) => {
                        let set = &mut self.partitions[usize::from(partition)];
                        set.remove(&(deadline, before.number))
                    }
                    None => self.unplaced.remove(&(line.item, deadline, before.number)),
                };
            }
        }
        if let Some(deadline) = next {
            for line in &after.lines {
                match partition_of(line.item) {
                    Some(partition) => {
                        let set = &mut self.partitions[usize::from(partition)];
                        set.insert((deadline, after.number))
                    }
                    None => self.unplaced.insert((line.item, deadline, after.number)),
                };
            }
        }
    }

    /// An item has found its partition.
    pub(super) fn place(&mut self, item: ItemNumber, partition: u16) {
        let first = (item, Timestamp::MIN, 0);
        while let Some(entry) = self.unplaced.range(first..).next().copied()
            && entry.0 == item
        {
            self.unplaced.remove(&entry);
            let (_, deadline, number) = entry;
            self.partitions[usize::from(partition)].insert((deadline, number));
        }
    }
}

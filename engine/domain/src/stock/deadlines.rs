//! Deadlines of open reservations, by the partitions of their items.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::catalog::ItemNumber;
use crate::reservation::{Reservation, ReservationNumber, Status};
use crate::time::Timestamp;

type Set = BTreeSet<Deadline>;

/// A deadline and its reservation in one number, in that order: comparing it is the hot part of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Deadline(u128);

impl Deadline {
    fn new(at: Timestamp, number: ReservationNumber) -> Self {
        // The sign bit is turned over, so that instants before 1970 come first.
        let order = at.millis().cast_unsigned() ^ (1 << 63);
        Self((u128::from(order) << 64) | u128::from(number))
    }

    fn at(self) -> Timestamp {
        let order = u64::try_from(self.0 >> 64).expect("the upper half");
        Timestamp::from_millis((order ^ (1 << 63)).cast_signed())
    }

    fn number(self) -> ReservationNumber {
        u64::try_from(self.0 & u128::from(u64::MAX)).expect("the lower half")
    }
}

/// A reservation stands in the partition of each of its items, so that whoever asks for an item finds
/// the due holds on it.
#[derive(Debug)]
pub(super) struct Deadlines {
    partitions: Vec<Set>,
    /// Of items whose record recovery has not come to yet: they are placed when it does.
    unplaced: BTreeSet<(ItemNumber, Deadline)>,
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
        let first = self.partitions.get(usize::from(partition))?.first()?;
        (first.at() <= now).then(|| first.number())
    }

    /// The earliest of all.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.partitions.iter().filter_map(Set::first).min().map(|first| first.at())
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
            let deadline = Deadline::new(deadline, before.number);
            for line in &before.lines {
                match partition_of(line.item) {
                    Some(partition) => {
                        let set = &mut self.partitions[usize::from(partition)];
                        set.remove(&deadline)
                    }
                    None => self.unplaced.remove(&(line.item, deadline)),
                };
            }
        }
        if let Some(deadline) = next {
            let deadline = Deadline::new(deadline, after.number);
            for line in &after.lines {
                match partition_of(line.item) {
                    Some(partition) => {
                        let set = &mut self.partitions[usize::from(partition)];
                        set.insert(deadline)
                    }
                    None => self.unplaced.insert((line.item, deadline)),
                };
            }
        }
    }

    /// An item has found its partition.
    pub(super) fn place(&mut self, item: ItemNumber, partition: u16) {
        let first = (item, Deadline(0));
        while let Some(entry) = self.unplaced.range(first..).next().copied()
            && entry.0 == item
        {
            self.unplaced.remove(&entry);
            self.partitions[usize::from(partition)].insert(entry.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_ordered_by_instant_then_number() {
        let all = [(i64::MIN, 9), (-1, 0), (0, 0), (0, u64::MAX), (1, 0), (i64::MAX, u64::MAX)];
        let made =
            all.map(|(millis, number)| Deadline::new(Timestamp::from_millis(millis), number));
        assert!(made.is_sorted());
        assert_eq!(made.map(|held| (held.at().millis(), held.number())), all);
    }
}

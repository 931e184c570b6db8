//! A position: stock of one item at one location.

mod contents;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::catalog::{ItemNumber, LocationNumber};
use crate::change::PositionChange;
use crate::ids::BinId;
use crate::policy::Policy;
use crate::quantity::Quantity;
use crate::time::Timestamp;
use contents::Single;
pub use contents::{Average, Contents, Flow, Stack};

/// Number of a position in this log.
pub type PositionNumber = u32;

/// A part of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Free to be promised; below zero only through a fact or granted backorder room.
    Available,
    /// Promised with a deadline.
    Reserved,
    /// Promised for good.
    Committed,
    /// Not fit for sale.
    Damaged,
    /// Waiting for a decision on its quality.
    QualityHold,
    /// On its way to this location; not on hand yet.
    InTransit,
}

impl Bucket {
    /// All buckets in the order of the contract.
    pub const ALL: [Self; 6] = [
        Self::Available,
        Self::Reserved,
        Self::Committed,
        Self::Damaged,
        Self::QualityHold,
        Self::InTransit,
    ];

    /// Whether what lies in it is on hand.
    #[must_use]
    pub const fn is_on_hand(self) -> bool {
        !matches!(self, Self::InTransit)
    }
}

/// The figures of a position, bucket by bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Figures {
    /// See [`Bucket::Available`].
    pub available: Quantity,
    /// See [`Bucket::Reserved`].
    pub reserved: Quantity,
    /// See [`Bucket::Committed`].
    pub committed: Quantity,
    /// See [`Bucket::Damaged`].
    pub damaged: Quantity,
    /// See [`Bucket::QualityHold`].
    pub quality_hold: Quantity,
    /// See [`Bucket::InTransit`].
    pub in_transit: Quantity,
}

impl Figures {
    /// What lies in a bucket.
    #[must_use]
    pub const fn get(&self, bucket: Bucket) -> Quantity {
        match bucket {
            Bucket::Available => self.available,
            Bucket::Reserved => self.reserved,
            Bucket::Committed => self.committed,
            Bucket::Damaged => self.damaged,
            Bucket::QualityHold => self.quality_hold,
            Bucket::InTransit => self.in_transit,
        }
    }

    fn get_mut(&mut self, bucket: Bucket) -> &mut Quantity {
        match bucket {
            Bucket::Available => &mut self.available,
            Bucket::Reserved => &mut self.reserved,
            Bucket::Committed => &mut self.committed,
            Bucket::Damaged => &mut self.damaged,
            Bucket::QualityHold => &mut self.quality_hold,
            Bucket::InTransit => &mut self.in_transit,
        }
    }

    /// Adds to a bucket; `None` when the sum does not fit.
    #[must_use]
    pub fn plus(mut self, bucket: Bucket, quantity: Quantity) -> Option<Self> {
        let held = self.get_mut(bucket);
        *held = held.checked_add(quantity)?;
        self.checked_on_hand().map(|_| self)
    }

    /// Takes from a bucket; `None` when the difference does not fit.
    #[must_use]
    pub fn minus(mut self, bucket: Bucket, quantity: Quantity) -> Option<Self> {
        let held = self.get_mut(bucket);
        *held = held.checked_sub(quantity)?;
        self.checked_on_hand().map(|_| self)
    }

    /// Moves between two buckets, or in from outside, or out; `None` when a sum does not fit.
    #[must_use]
    pub fn moved(
        mut self,
        from: Option<Bucket>,
        to: Option<Bucket>,
        quantity: Quantity,
    ) -> Option<Self> {
        if let Some(from) = from {
            let held = self.get_mut(from);
            *held = held.checked_sub(quantity)?;
        }
        if let Some(to) = to {
            let held = self.get_mut(to);
            *held = held.checked_add(quantity)?;
        }
        self.checked_on_hand().map(|_| self)
    }

    fn checked_on_hand(&self) -> Option<Quantity> {
        self.available
            .checked_add(self.reserved)?
            .checked_add(self.committed)?
            .checked_add(self.damaged)?
            .checked_add(self.quality_hold)
    }

    /// available + reserved + committed + damaged + qualityHold.
    ///
    /// # Panics
    /// Never for figures made by [`Figures::plus`] and [`Figures::minus`], which refuse such sums.
    #[must_use]
    pub fn on_hand(&self) -> Quantity {
        self.checked_on_hand()
            .expect("figures whose sum does not fit are refused when they are made")
    }

    /// What lies on the shelf: available + reserved + committed.
    #[must_use]
    pub fn shelf(&self) -> Quantity {
        self.available.saturating_add(self.reserved).saturating_add(self.committed)
    }

    /// What is promised: reserved + committed.
    #[must_use]
    pub fn promised(&self) -> Quantity {
        self.reserved.saturating_add(self.committed)
    }

    /// Whether all but what is free are zero or more, as they must always be.
    #[must_use]
    pub const fn only_available_is_negative(&self) -> bool {
        let promised = !self.reserved.is_negative() && !self.committed.is_negative();
        let aside = !self.damaged.is_negative() && !self.quality_hold.is_negative();
        promised && aside && !self.in_transit.is_negative()
    }

    /// Nothing in any bucket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which alarms of a position are raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Alarms {
    /// `available` fell below the threshold and has not been back since.
    pub low: bool,
    /// `available` fell to zero or below and has not been back since.
    pub out: bool,
}

/// Rare fields, in a box of their own so that a million plain positions stay small.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rare {
    /// See [`Bucket::Damaged`].
    pub damaged: Quantity,
    /// See [`Bucket::QualityHold`].
    pub quality_hold: Quantity,
    /// See [`Bucket::InTransit`].
    pub in_transit: Quantity,
    /// Its own policy.
    pub policy: Policy,
    /// Its home bin.
    pub bin: Option<BinId>,
    /// Its layers, when they do not lie in place.
    pub stack: Option<Box<Stack>>,
    /// When it was counted: the latest [`COUNTS_KEPT`], in the order of their times.
    pub counts: Vec<Timestamp>,
}

/// So many counts of a position are remembered.
pub const COUNTS_KEPT: usize = 16;

/// A position in the writer's memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The item.
    pub item: ItemNumber,
    /// The location.
    pub location: LocationNumber,
    available: Quantity,
    reserved: Quantity,
    committed: Quantity,
    single: Single,
    rare: Option<Box<Rare>>,
    /// Number of the record that last changed it.
    pub sequence: u64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Version of this aggregate; the first is 1.
    pub version: u32,
    /// Alarms that are raised.
    pub alarms: Alarms,
}

impl Position {
    /// A position nobody has written to yet.
    #[must_use]
    pub fn new(item: ItemNumber, location: LocationNumber, created_at: Timestamp) -> Self {
        Self {
            item,
            location,
            available: Quantity::ZERO,
            reserved: Quantity::ZERO,
            committed: Quantity::ZERO,
            single: Single::default(),
            rare: None,
            sequence: 0,
            created_at,
            updated_at: created_at,
            version: 0,
            alarms: Alarms { low: false, out: false },
        }
    }

    /// Its figures.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let rare = self.rare.as_deref();
        Figures {
            available: self.available,
            reserved: self.reserved,
            committed: self.committed,
            damaged: rare.map_or(Quantity::ZERO, |rare| rare.damaged),
            quality_hold: rare.map_or(Quantity::ZERO, |rare| rare.quality_hold),
            in_transit: rare.map_or(Quantity::ZERO, |rare| rare.in_transit),
        }
    }

    /// Free to be promised, without a look at the rare fields.
    #[must_use]
    pub const fn available(&self) -> Quantity {
        self.available
    }

    /// Its own policy; what is not set there is the item's.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.rare.as_ref().map_or_else(Policy::default, |rare| rare.policy)
    }

    /// Its home bin.
    #[must_use]
    pub fn bin(&self) -> Option<&BinId> {
        self.rare.as_ref().and_then(|rare| rare.bin.as_ref())
    }

    /// Takes new figures.
    pub fn set_figures(&mut self, figures: &Figures) {
        self.available = figures.available;
        self.reserved = figures.reserved;
        self.committed = figures.committed;
        self.change_rare(|rare| {
            rare.damaged = figures.damaged;
            rare.quality_hold = figures.quality_hold;
            rare.in_transit = figures.in_transit;
        });
    }

    /// Becomes what a record says it is now; `flows` are its goods that came and went.
    pub fn take<'a>(
        &mut self,
        after: &PositionChange,
        flows: impl Iterator<Item = Flow<'a>> + Clone,
        at: Timestamp,
        sequence: u64,
    ) {
        self.stir(flows, after.average);
        self.set_figures(&after.figures);
        self.version = after.version;
        self.alarms = after.alarms;
        self.sequence = sequence;
        self.updated_at = at;
    }

    /// Takes a new policy and home bin.
    pub fn set_terms(&mut self, policy: Policy, bin: Option<BinId>) {
        self.change_rare(|rare| {
            rare.policy = policy;
            rare.bin = bin;
        });
    }

    /// When it was counted, in the order of time: the latest [`COUNTS_KEPT`].
    #[must_use]
    pub fn counts(&self) -> &[Timestamp] {
        self.rare.as_ref().map_or(&[], |rare| rare.counts.as_slice())
    }

    /// Takes note of a count.
    pub fn note_count(&mut self, at: Timestamp) {
        self.change_rare(|rare| {
            let place = rare.counts.partition_point(|held| *held <= at);
            rare.counts.insert(place, at);
            if rare.counts.len() > COUNTS_KEPT {
                rare.counts.remove(0);
            }
        });
    }

    /// The box exists only while something in it differs from the default.
    fn change_rare(&mut self, change: impl FnOnce(&mut Rare)) {
        if let Some(rare) = &mut self.rare {
            change(rare);
            if **rare == Rare::default() {
                self.rare = None;
            }
        } else {
            let mut rare = Rare::default();
            change(&mut rare);
            if rare != Rare::default() {
                self.rare = Some(Box::new(rare));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_position_stays_small() {
        assert!(size_of::<Position>() <= 96, "{}", size_of::<Position>());
    }

    #[test]
    fn on_hand_is_all_but_what_is_in_transit() {
        let mut figures = Figures::default();
        for bucket in Bucket::ALL {
            figures = figures.plus(bucket, Quantity::units(1)).expect("fits");
        }
        assert_eq!(figures.on_hand(), Quantity::units(5));
        assert_eq!(figures.shelf(), Quantity::units(3));
        assert_eq!(figures.promised(), Quantity::units(2));
    }

    #[test]
    fn sums_that_do_not_fit_are_refused_when_they_are_made() {
        let full = Figures { available: Quantity::from_millionths(i64::MAX), ..Figures::default() };
        assert_eq!(full.plus(Bucket::Available, Quantity::from_millionths(1)), None);
        assert_eq!(full.plus(Bucket::Damaged, Quantity::from_millionths(1)), None);
        assert!(full.plus(Bucket::InTransit, Quantity::from_millionths(1)).is_some());
    }

    #[test]
    fn the_box_of_rare_fields_goes_when_it_is_empty_again() {
        let mut position = Position::new(0, 0, Timestamp::default());
        position.set_figures(&Figures { damaged: Quantity::units(1), ..Figures::default() });
        assert!(position.rare.is_some());
        position.set_figures(&Figures::default());
        assert!(position.rare.is_none());
        position.set_terms(Policy { min_stock: Some(Quantity::ZERO), ..Policy::default() }, None);
        position.set_figures(&Figures::default());
        assert!(position.rare.is_some());
    }
}

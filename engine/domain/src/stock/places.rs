//! The positions of one item, found by location, and kept in the order of choice where there are many.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::collections::btree_set::Range;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::ops::Bound;

use crate::catalog::LocationNumber;
use crate::ids::LocationId;
use crate::position::PositionNumber;
use crate::quantity::Quantity;

/// From this many locations on, an item keeps its order of choice; below it a look at each is cheaper.
pub const ORDERED_FROM: usize = 8;

/// Place of a position in the order of choice: lower priority, then more on the shelf, then id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// Priority of the location; lower first.
    pub priority: i32,
    /// What may be promised from the shelf, never below zero; more first.
    pub shelf: Reverse<Quantity>,
    /// The location, byte by byte.
    pub location: LocationId,
    /// The position.
    pub position: PositionNumber,
    /// Whether its policy grants more than the shelf holds.
    pub room: Room,
}

/// Whether a policy grants backorder room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Only the shelf is sold.
    Shelf,
    /// More than the shelf may be sold.
    Beyond,
}

/// The selling positions of an item in the order of choice.
#[derive(Debug, Default)]
pub struct Order {
    ranks: BTreeSet<Rank>,
    roomy: usize,
    /// Sum of all shelves; sixteen bytes hold the sum of any number of them.
    total: i128,
}

impl Order {
    fn insert(&mut self, rank: Rank) {
        self.roomy = self.roomy.saturating_add(usize::from(rank.room == Room::Beyond));
        self.total = self.total.saturating_add(i128::from(rank.shelf.0.millionths()));
        self.ranks.insert(rank);
    }

    fn remove(&mut self, rank: &Rank) {
        assert!(self.ranks.remove(rank), "what was put in order is found there");
        self.roomy = self.roomy.saturating_sub(usize::from(rank.room == Room::Beyond));
        self.total = self.total.saturating_sub(i128::from(rank.shelf.0.millionths()));
    }

    /// Whether any position may be sold beyond its shelf under its policy.
    #[must_use]
    pub const fn has_room(&self) -> bool {
        self.roomy > 0
    }

    /// What all shelves lack of a quantity; `None` when they have enough together.
    #[must_use]
    pub fn lacks(&self, quantity: Quantity) -> Option<Quantity> {
        let lack = i128::from(quantity.millionths()).saturating_sub(self.total);
        let lack = i64::try_from(lack).ok().filter(|lack| *lack > 0)?;
        Some(Quantity::from_millionths(lack))
    }

    /// The first in the order that can serve `quantity` alone.
    ///
    /// Within one priority the first has the most, so one look per priority is enough.
    #[must_use]
    pub fn first_serving(&self, quantity: Quantity) -> Option<PositionNumber> {
        let mut first = self.ranks.first();
        while let Some(rank) = first {
            if rank.shelf.0 >= quantity {
                return Some(rank.position);
            }
            first = self.behind_priority(rank).next();
        }
        None
    }

    /// Positions with something on the shelf, in the order of choice.
    pub fn shelves(&self) -> impl Iterator<Item = PositionNumber> + '_ {
        let mut rest = self.ranks.range(..);
        core::iter::from_fn(move || {
            loop {
                let rank = rest.next()?;
                if rank.shelf.0.is_positive() {
                    return Some(rank.position);
                }
                // Behind an empty shelf all of that priority are empty.
                rest = self.behind_priority(rank);
            }
        })
    }

    fn behind_priority(&self, rank: &Rank) -> Range<'_, Rank> {
        // Sorts behind every rank of its priority, because no shelf is below zero.
        let bound = Rank { shelf: Reverse(Quantity::from_millionths(i64::MIN)), ..rank.clone() };
        self.ranks.range((Bound::Excluded(bound), Bound::Unbounded))
    }
}

/// Positions of an item. Most have one; it needs no memory of its own.
#[derive(Debug, Default)]
pub enum Places {
    /// None yet.
    #[default]
    Empty,
    /// Exactly one.
    One(PositionNumber),
    /// Several.
    Many(Box<Many>),
}

/// Several positions.
#[derive(Debug, Default)]
pub struct Many {
    by_location: Vec<(LocationNumber, PositionNumber)>,
    order: Order,
    ranks: Vec<Option<Rank>>,
    epoch: Option<u32>,
}

impl Places {
    /// The position that was opened first.
    #[must_use]
    pub fn first(&self) -> Option<PositionNumber> {
        match self {
            Self::Empty => None,
            Self::One(number) => Some(*number),
            Self::Many(many) => many.by_location.first().map(|(_, number)| *number),
        }
    }

    /// The position at a location. `location_of` tells the location of a position.
    pub fn find(
        &self,
        location: LocationNumber,
        location_of: impl Fn(PositionNumber) -> LocationNumber,
    ) -> Option<PositionNumber> {
        match self {
            Self::Empty => None,
            Self::One(position) => (location_of(*position) == location).then_some(*position),
            Self::Many(many) => many.at(location).map(|at| many.by_location[at].1),
        }
    }

    /// All positions.
    pub fn iter(&self) -> impl Iterator<Item = PositionNumber> + '_ {
        let (one, many) = match self {
            Self::Empty => (None, [].as_slice()),
            Self::One(position) => (Some(*position), [].as_slice()),
            Self::Many(many) => (None, many.by_location.as_slice()),
        };
        one.into_iter().chain(many.iter().map(|(_, position)| *position))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::One(_) => 1,
            Self::Many(many) => many.by_location.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Adds the position at a location.
    pub fn add(
        &mut self,
        position: PositionNumber,
        location: LocationNumber,
        location_of: impl Fn(PositionNumber) -> LocationNumber,
    ) {
        match self {
            Self::Empty => *self = Self::One(position),
            Self::One(first) => {
                let mut many = Many::default();
                many.add(*first, location_of(*first));
                many.add(position, location);
                *self = Self::Many(Box::new(many));
            }
            Self::Many(many) => many.add(position, location),
        }
    }

    /// The order of choice, if it is kept and was made for this state of the locations.
    #[must_use]
    pub fn order(&self, epoch: u32) -> Option<&Order> {
        match self {
            Self::Many(many) if many.epoch == Some(epoch) => Some(&many.order),
            _ => None,
        }
    }

    /// Forgets the order: it is made anew with the next change of the item.
    pub fn forget_order(&mut self) {
        if let Self::Many(many) = self {
            many.epoch = None;
            many.ranks = Vec::new();
            many.order = Order::default();
        }
    }

    /// Whether an order is to be kept for this item.
    #[must_use]
    pub fn wants_order(&self) -> bool {
        self.len() >= ORDERED_FROM
    }

    /// Makes the order anew; positions without a rank do not sell.
    pub fn rebuild(&mut self, epoch: u32, rank_of: impl Fn(PositionNumber) -> Option<Rank>) {
        if let Self::Many(many) = self {
            many.ranks = many.by_location.iter().map(|(_, position)| rank_of(*position)).collect();
            many.order = Order::default();
            many.ranks.iter().flatten().cloned().for_each(|rank| many.order.insert(rank));
            many.epoch = Some(epoch);
        }
    }

    /// Gives one position its new rank.
    pub fn rerank(&mut self, location: LocationNumber, rank: Option<Rank>) {
        let Self::Many(many) = self else { return };
        let Some(at) = many.at(location) else { return };
        let Some(held) = many.ranks.get_mut(at) else { return };
        if *held == rank {
            return;
        }
        if let Some(old) = core::mem::replace(held, rank.clone()) {
            many.order.remove(&old);
        }
        if let Some(rank) = rank {
            many.order.insert(rank);
        }
    }
}

impl Many {
    fn at(&self, location: LocationNumber) -> Option<usize> {
        self.by_location.binary_search_by_key(&location, |(location, _)| *location).ok()
    }

    fn add(&mut self, position: PositionNumber, location: LocationNumber) {
        if let Err(at) = self.by_location.binary_search_by_key(&location, |(location, _)| *location)
        {
            self.by_location.insert(at, (location, position));
            // The new place has no rank yet: its first change gives it one.
            if self.epoch.is_some() {
                self.ranks.insert(at, None);
            }
        }
    }
}

//! Which positions a change holds, and where: looked through while there are few, indexed beyond.

use alloc::collections::BTreeMap;

use crate::catalog::{ItemNumber, LocationNumber};
use crate::change::PositionChange;
use crate::position::PositionNumber;

/// So few are looked through.
const FEW: usize = 16;

/// Finds positions of a change; empty while there are few.
#[derive(Default)]
pub(super) struct Touched {
    by_number: BTreeMap<PositionNumber, usize>,
    by_place: BTreeMap<(ItemNumber, LocationNumber), usize>,
}

impl Touched {
    /// Place of a position in the change.
    pub(super) fn find(&self, all: &[PositionChange], number: PositionNumber) -> Option<usize> {
        if all.len() <= FEW {
            return all.iter().position(|held| held.position == number);
        }
        self.by_number.get(&number).copied()
    }

    /// Place of a position that the change opens.
    pub(super) fn find_opened(
        &self,
        all: &[PositionChange],
        place: (ItemNumber, LocationNumber),
    ) -> Option<usize> {
        if all.len() <= FEW {
            return all.iter().position(|held| held.opened == Some(place));
        }
        self.by_place.get(&place).copied()
    }

    /// Whether the change holds a position of an item. `place_of` tells item and location.
    pub(super) fn holds_item(
        &self,
        all: &[PositionChange],
        item: ItemNumber,
        place_of: impl Fn(&PositionChange) -> (ItemNumber, LocationNumber),
    ) -> bool {
        if all.len() <= FEW {
            return all.iter().any(|held| place_of(held).0 == item);
        }
        self.by_place.range((item, 0)..=(item, LocationNumber::MAX)).next().is_some()
    }

    /// Takes note of the last one in the list, which has just been added.
    pub(super) fn add(
        &mut self,
        all: &[PositionChange],
        place_of: impl Fn(&PositionChange) -> (ItemNumber, LocationNumber),
    ) {
        if all.len() <= FEW {
            return;
        }
        let known = self.by_number.len();
        for (at, held) in all.iter().enumerate().skip(known) {
            self.by_number.insert(held.position, at);
            self.by_place.insert(place_of(held), at);
        }
    }
}

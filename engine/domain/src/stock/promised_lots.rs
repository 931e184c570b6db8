//! What is promised by lot, position by position: the sum of open lines that name a lot.
//!
//! It follows from the reservations in memory and is stored nowhere else.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::ids::LotNumber;
use crate::position::PositionNumber;
use crate::quantity::Quantity;
use crate::reservation::{Holding, Line, Reservation};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct PromisedLots {
    held: BTreeMap<PositionNumber, Vec<(LotNumber, Quantity)>>,
}

impl PromisedLots {
    /// What is promised by lot at a position.
    pub(super) fn at(&self, position: PositionNumber) -> &[(LotNumber, Quantity)] {
        if self.held.is_empty() {
            return &[];
        }
        self.held.get(&position).map_or(&[], Vec::as_slice)
    }

    /// A reservation is another one now.
    pub(super) fn replace(&mut self, before: Option<&Reservation>, after: &Reservation) {
        for (line, lot) in before.into_iter().flat_map(lines_by_lot) {
            self.add(line, lot, line.open().negated());
        }
        for (line, lot) in lines_by_lot(after) {
            self.add(line, lot, line.open());
        }
    }

    fn add(&mut self, line: &Line, lot: &LotNumber, quantity: Quantity) {
        let Some(position) = line.position else { return };
        let lots = self.held.entry(position).or_default();
        match lots.iter_mut().find(|(held, _)| held == lot) {
            Some((_, sum)) => *sum = sum.saturating_add(quantity),
            None => lots.push((lot.clone(), quantity)),
        }
        lots.retain(|(_, sum)| !sum.is_zero());
        if lots.is_empty() {
            self.held.remove(&position);
        }
    }
}

fn lines_by_lot(held: &Reservation) -> impl Iterator<Item = (&Line, &LotNumber)> {
    let holds = |line: &&Line| line.holding == Holding::Stock && !line.open().is_zero();
    held.lines.iter().filter(holds).filter_map(|line| Some((line, line.lot.as_deref()?)))
}

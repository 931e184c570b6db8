//! What the buyers of a race were told, and what must follow from it.

use crate::quantity::Quantity;
use crate::warehouse::{Position, Warehouse};

/// Findings that are kept.
const KEPT_MAX: usize = 20;

/// Reserved by acknowledgement, by position.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    warehouse: Warehouse,
    units: Vec<Quantity>,
    /// Reservations.
    pub reservations: u64,
    /// Refusals for want of stock.
    pub sold_out: u64,
}

/// What a peer has of one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// Free.
    pub available: Quantity,
    /// Promised.
    pub reserved: Quantity,
}

/// What a peer says after a race.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its positions.
    pub shelves: Vec<(Position, Shelf)>,
    /// Its reservations.
    pub reservations: u64,
    /// The events in its outbox.
    pub events: u64,
}

impl Acknowledged {
    /// Nothing yet.
    #[must_use]
    pub fn nothing(warehouse: Warehouse) -> Self {
        let units = vec![Quantity::ZERO; warehouse.positions() as usize];
        Self { warehouse, units, reservations: 0, sold_out: 0 }
    }

    /// One more reservation.
    pub fn reserve(&mut self, position: Position, quantity: Quantity) {
        self.units[position as usize] += quantity;
        self.reservations += 1;
    }

    /// What does not agree. Every outcome was told (a race waits for all answers), so it is exact.
    #[must_use]
    pub fn compare(&self, stock: Quantity, told: &Told) -> Vec<String> {
        let mut findings = Vec::new();
        let mut expect = |what: String, expected: String, actual: String| {
            if expected != actual && findings.len() < KEPT_MAX {
                findings.push(format!("{what}: {expected} by acknowledgement, {actual} there"));
            }
        };
        let acknowledged = self.reservations.to_string();
        expect("reservations".into(), acknowledged.clone(), told.reservations.to_string());
        expect("events".into(), acknowledged, told.events.to_string());
        let positions = u64::try_from(self.units.len()).expect("32 bits").to_string();
        expect("positions".into(), positions, told.shelves.len().to_string());
        for (position, shelf) in &told.shelves {
            let reserved = self.units[*position as usize];
            let expected = Shelf { available: stock - reserved, reserved };
            let label = || self.warehouse.label(*position);
            let figures = |it: Shelf| format!("{} free, {} promised", it.available, it.reserved);
            if expected != *shelf {
                expect(label(), figures(expected), figures(*shelf));
            }
            if shelf.available < Quantity::ZERO {
                expect(label(), "not oversold".into(), shelf.available.to_string());
            }
        }
        if self.sold_out > 0 && told.shelves.iter().all(|(_, shelf)| shelf.available >= stock) {
            expect("refusals".into(), "none".into(), self.sold_out.to_string());
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(units: i128) -> Quantity {
        Quantity::from_micros(units * 1_000_000)
    }

    fn shelf(available: i128, reserved: i128) -> Shelf {
        Shelf { available: units(available), reserved: units(reserved) }
    }

    /// Two reservations of the first of two positions with 10 each.
    #[track_caller]
    fn check(told: Told, expected: usize) {
        let mut acknowledged = Acknowledged::nothing(Warehouse { items: 2, locations: 1 });
        acknowledged.reserve(0, units(1));
        acknowledged.reserve(0, units(2));
        let findings = acknowledged.compare(units(10), &told);
        assert_eq!(findings.len(), expected, "{findings:?}");
    }

    #[test]
    fn what_was_acknowledged_must_be_there_exactly() {
        let right =
            Told { shelves: vec![(0, shelf(7, 3)), (1, shelf(10, 0))], reservations: 2, events: 2 };
        check(right.clone(), 0);
        check(Told { reservations: 1, ..right.clone() }, 1);
        check(Told { events: 3, ..right.clone() }, 1);
        check(Told { shelves: right.shelves[..1].to_vec(), ..right.clone() }, 1);
        check(Told { shelves: vec![(0, shelf(8, 2)), (1, shelf(10, 0))], ..right.clone() }, 1);
        check(Told { shelves: vec![(0, shelf(-1, 3)), (1, shelf(10, 0))], ..right }, 2);
    }
}

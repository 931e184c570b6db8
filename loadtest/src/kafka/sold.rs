//! What was sold at each position, and what must follow from it.

use crate::audit::books::Figures;
use crate::audit::finding::{Finding, Findings};
use crate::quantity::Quantity;
use crate::warehouse::{Position, Warehouse};

/// Units sold by position, and the number of sales.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sold {
    warehouse: Warehouse,
    units: Vec<Quantity>,
    /// Sales in all.
    pub sales: u64,
}

impl Sold {
    /// Nothing yet, at any position of the warehouse.
    #[must_use]
    pub fn nothing(warehouse: Warehouse) -> Self {
        let positions = usize::try_from(warehouse.positions()).expect("32 bits fit in memory");
        Self { warehouse, units: vec![Quantity::ZERO; positions], sales: 0 }
    }

    /// One more sale.
    pub fn enter(&mut self, position: Position, quantity: Quantity) {
        self.units[position as usize] += quantity;
        self.sales += 1;
    }

    /// Holds the shelves against it: on hand and available are what was received less what was sold,
    /// and nothing is in any other bucket.
    pub fn compare_shelves(
        &self,
        received: Quantity,
        shelves: &[(Position, Figures)],
        findings: &mut Findings,
    ) {
        let mut seen = vec![false; self.units.len()];
        for (position, figures) in shelves {
            let label = || self.warehouse.label(*position);
            if std::mem::replace(&mut seen[*position as usize], true) {
                findings.add(Finding::PositionTwice { position: label() });
            }
            let left = received - self.units[*position as usize];
            let expected =
                Figures { on_hand: left, available: left, sellable: figures.sellable, ..none() };
            if expected == *figures {
                continue;
            }
            let buckets = [
                ("onHand", expected.on_hand, figures.on_hand),
                ("available", expected.available, figures.available),
                ("reserved", expected.reserved, figures.reserved),
                ("committed", expected.committed, figures.committed),
                ("damaged", expected.damaged, figures.damaged),
                ("qualityHold", expected.quality_hold, figures.quality_hold),
                ("inTransit", expected.in_transit, figures.in_transit),
            ];
            for (bucket, expected, actual) in buckets.into_iter().filter(|(_, is, was)| is != was) {
                findings.add(Finding::Figure { position: label(), bucket, expected, actual });
            }
        }
        for position in (0..self.warehouse.positions()).filter(|it| !seen[*it as usize]) {
            if self.units[position as usize] != Quantity::ZERO || received != Quantity::ZERO {
                let position = self.warehouse.label(position);
                findings.add(Finding::PositionMissing { position });
            }
        }
    }

    /// Holds what was published against it: as many changes by sale, and as much at each position.
    pub fn compare_published(&self, published: &Self, findings: &mut Findings) {
        let count = |sales: u64| Quantity::from_micros(i128::from(sales) * 1_000_000);
        let mut compare = |position: String, bucket, expected, actual| {
            if expected != actual {
                findings.add(Finding::Figure { position, bucket, expected, actual });
            }
        };
        let all = "all positions".to_owned();
        compare(all, "changes published", count(self.sales), count(published.sales));
        for position in 0..self.warehouse.positions() {
            let [sold, told] = [self, published].map(|it| it.units[position as usize]);
            if sold != told {
                compare(self.warehouse.label(position), "sold as published", sold, told);
            }
        }
    }
}

fn none() -> Figures {
    Figures::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAREHOUSE: Warehouse = Warehouse { items: 3, locations: 1 };

    fn units(units: i128) -> Quantity {
        Quantity::from_micros(units * 1_000_000)
    }

    /// 5 of the first, in two sales, and 1 of the second; nothing of the third.
    fn sold() -> Sold {
        let mut sold = Sold::nothing(WAREHOUSE);
        for (position, quantity) in [(0, 2), (1, 1), (0, 3)] {
            sold.enter(position, units(quantity));
        }
        sold
    }

    fn left(units_left: i128) -> Figures {
        let left = units(units_left);
        Figures { on_hand: left, available: left, ..Figures::default() }
    }

    #[track_caller]
    fn check_shelves(received: i128, shelves: &[(Position, Figures)], expected: &[&str]) {
        let mut findings = Findings::default();
        sold().compare_shelves(units(received), shelves, &mut findings);
        let found = findings.into_first();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{expected} in {found}");
        }
    }

    #[test]
    fn what_is_left_is_what_was_received_less_what_was_sold() {
        check_shelves(10, &[(0, left(5)), (1, left(9)), (2, left(10))], &[]);
        // Without receipts a position that sold nothing need not be there.
        check_shelves(0, &[(0, left(-5)), (1, left(-1))], &[]);
    }

    #[test]
    fn each_difference_is_found() {
        let lost = [(0, left(7)), (1, left(9)), (2, left(10))];
        check_shelves(10, &lost, &["onHand", "available"]);
        let held = Figures { reserved: units(1), ..left(9) };
        check_shelves(10, &[(0, left(5)), (1, held), (2, left(10))], &["reserved"]);
        check_shelves(10, &[(0, left(5)), (2, left(10))], &["item-00000001"]);
        check_shelves(0, &[(0, left(-5))], &["item-00000001"]);
        let twice = [(0, left(5)), (0, left(5)), (1, left(9)), (2, left(10))];
        check_shelves(10, &twice, &["item-00000000"]);
    }

    #[test]
    fn published_changes_are_as_many_and_as_large_as_the_sales() {
        let differences = |published: &Sold| {
            let mut findings = Findings::default();
            sold().compare_published(published, &mut findings);
            findings.count()
        };
        assert_eq!(differences(&sold()), 0);
        let mut one_more = sold();
        one_more.enter(2, units(1));
        assert_eq!(differences(&one_more), 2);
        // As many, but of another position.
        let mut moved = Sold::nothing(WAREHOUSE);
        [(0, 2), (2, 1), (0, 3)]
            .iter()
            .for_each(|(place, count)| moved.enter(*place, units(*count)));
        assert_eq!(differences(&moved), 2);
    }
}

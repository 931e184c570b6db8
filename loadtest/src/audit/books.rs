//! The arithmetic: what the acknowledgements imply for each position, against what it says.

use super::finding::{Finding, Findings};
use crate::journal::Status;
use crate::order::{Line, Order};
use crate::quantity::Quantity;
use crate::warehouse::{Position, Warehouse};

/// The figures of a position, as the API shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// `onHand`
    pub on_hand: Quantity,
    /// `available`
    pub available: Quantity,
    /// `reserved`
    pub reserved: Quantity,
    /// `committed`
    pub committed: Quantity,
    /// `damaged`
    pub damaged: Quantity,
    /// `qualityHold`
    pub quality_hold: Quantity,
    /// `inTransit`
    pub in_transit: Quantity,
    /// `sellable`
    pub sellable: Quantity,
}

/// What was asked, is held and has left, at one position.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    asked: Quantity,
    reserved: Quantity,
    committed: Quantity,
    shipped: Quantity,
    /// What the server says is available, once it was compared.
    available: Quantity,
}

/// The accounts of all positions.
#[derive(Debug)]
pub struct Books {
    warehouse: Warehouse,
    /// Received at each position.
    received: Quantity,
    accounts: Vec<Account>,
}

impl Books {
    /// Books in which every position has received `received`.
    #[must_use]
    pub fn new(warehouse: Warehouse, received: Quantity) -> Self {
        let accounts = vec![Account::default(); warehouse.positions() as usize];
        Self { warehouse, received, accounts }
    }

    /// Enters an order and what became of it; `None`: it holds nothing.
    pub fn enter(&mut self, order: &Order, status: Option<Status>) {
        for Line { position, quantity } in &order.lines {
            let account = &mut self.accounts[*position as usize];
            account.asked += *quantity;
            match status {
                Some(Status::Active) => account.reserved += *quantity,
                Some(Status::Confirmed) => account.committed += *quantity,
                Some(Status::Fulfilled) => account.shipped += *quantity,
                Some(Status::Cancelled | Status::Expired) | None => {}
            }
        }
    }

    /// Compares every position with what the server says.
    pub fn compare(&mut self, all: &[(Position, Figures)], findings: &mut Findings) {
        let mut seen = vec![false; self.accounts.len()];
        for (position, figures) in all {
            if std::mem::replace(&mut seen[*position as usize], true) {
                findings.add(Finding::PositionTwice { position: self.warehouse.label(*position) });
            }
            self.compare_one(*position, figures, findings);
        }
        for position in (0..).zip(&seen).filter(|(_, seen)| !**seen).map(|(position, _)| position) {
            findings.add(Finding::PositionMissing { position: self.warehouse.label(position) });
        }
    }

    fn compare_one(&mut self, position: Position, figures: &Figures, findings: &mut Findings) {
        let label = || self.warehouse.label(position);
        let account = &mut self.accounts[position as usize];
        account.available = figures.available;
        let on_hand = self.received - account.shipped;
        let held = account.reserved + account.committed;
        let available = on_hand - held;
        if held + account.shipped > self.received {
            let (sold, received) = (held + account.shipped, self.received);
            findings.add(Finding::Oversold { position: label(), sold, received });
        }
        let sum = figures.available
            + figures.reserved
            + figures.committed
            + figures.damaged
            + figures.quality_hold;
        if sum != figures.on_hand {
            let on_hand = figures.on_hand;
            findings.add(Finding::SumDiffers { position: label(), on_hand, sum });
        }
        for (bucket, expected, actual) in [
            ("onHand", on_hand, figures.on_hand),
            ("available", available, figures.available),
            ("reserved", account.reserved, figures.reserved),
            ("committed", account.committed, figures.committed),
            ("damaged", Quantity::ZERO, figures.damaged),
            ("qualityHold", Quantity::ZERO, figures.quality_hold),
            ("inTransit", Quantity::ZERO, figures.in_transit),
            ("sellable", available.max(Quantity::ZERO), figures.sellable),
        ] {
            if actual < Quantity::ZERO {
                findings.add(Finding::Negative { position: label(), bucket, actual });
            }
            if expected != actual {
                findings.add(Finding::Figure { position: label(), bucket, expected, actual });
            }
        }
    }

    /// A line of the order does not fit into what is available now.
    #[must_use]
    pub fn has_run_out(&self, order: &Order) -> bool {
        order.lines.iter().any(|line| self.account(line).available < line.quantity)
    }

    /// A position of the order was asked for more than it ever had.
    #[must_use]
    pub fn may_have_run_out(&self, order: &Order) -> bool {
        order.lines.iter().any(|line| self.account(line).asked > self.received)
    }

    fn account(&self, line: &Line) -> &Account {
        &self.accounts[line.position as usize]
    }
}

#[cfg(test)]
mod tests;

//! Holds whose deadline has passed, but whose end is not recorded yet: they must not stand in the way.
//!
//! What is due is turned into records in slices, so that a million deadlines at one instant never stop
//! selling. A command that would be refused, served in part, or raise an alarm because of a due hold
//! has it expired first: what has expired is sellable at that instant.

use crate::catalog::ItemNumber;
use crate::change::Change;
use crate::command::{Action, Command, Completeness};
use crate::ids::ItemId;
use crate::quantity::Quantity;
use crate::rejection::Rejection;
use crate::reservation::{Line, ReservationNumber};
use crate::stock::Stock;
use crate::time::Timestamp;

impl Stock {
    /// A due hold that may be the reason for a refusal.
    pub(super) fn due_behind_refusal(
        &self,
        command: &Command,
        rejection: &Rejection,
        now: Timestamp,
    ) -> Option<ReservationNumber> {
        let tenant = self.tenant_number(&command.tenant)?;
        let of = |id: &ItemId| self.due_of(self.item_number(tenant, id)?, now);
        match rejection {
            Rejection::InsufficientStock(shortages) => {
                shortages.iter().find_map(|shortage| of(&shortage.item))
            }
            Rejection::StockNotZero { places } => places.iter().find_map(|place| of(&place.item)),
            _ => None,
        }
    }

    /// A due hold that may be the reason for an alarm, or for serving less than was asked for.
    pub(super) fn due_behind_change(
        &self,
        command: &Command,
        change: &Change,
        now: Timestamp,
    ) -> Option<ReservationNumber> {
        let alarmed = change.positions.iter().filter(|held| {
            let raised = held.raised;
            raised.low || raised.out || raised.discrepancy
        });
        let known = alarmed.filter_map(|held| self.position(held.position));
        let mut items = known.map(|position| position.item);
        let behind_alarm = items.find_map(|item| self.due_of(item, now));
        behind_alarm.or_else(|| {
            let lines = served_in_part(command, change)?;
            lines.iter().find_map(|line| self.due_of(line.item, now))
        })
    }

    fn due_of(&self, item: ItemNumber, now: Timestamp) -> Option<ReservationNumber> {
        self.promises.due(self.partition(item)?, now)
    }
}

fn served_in_part<'a>(command: &Command, change: &'a Change) -> Option<&'a [Line]> {
    let Action::Reserve(wish) = &command.action else { return None };
    if wish.completeness == Completeness::Whole {
        return None;
    }
    let lines = change.reservation.as_ref()?.lines.as_slice();
    let sum = |sum: Quantity, quantity| sum.saturating_add(quantity);
    let asked = wish.lines.iter().map(|line| line.quantity).fold(Quantity::ZERO, sum);
    let held = lines.iter().map(|line| line.quantity).fold(Quantity::ZERO, sum);
    (held < asked).then_some(lines)
}

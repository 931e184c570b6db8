//! Lots whose last day is over: what is left of them on the shelf is held, and may not be sold.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::catalog::ItemNumber;
use crate::change::{Cause, Change, MovementKind};
use crate::command::{Action, Command};
use crate::draft::goods::Entry;
use crate::draft::{Draft, Nature};
use crate::ids::ItemId;
use crate::position::{Bucket, Contents, Position, PositionNumber};
use crate::quantity::Quantity;
use crate::reservation::ReservationNumber;
use crate::stock::Stock;
use crate::time::Timestamp;
use crate::upkeep::{Retry, Upkeep};

impl Stock {
    /// What is left on the shelf of lots whose last day is over goes to `qualityHold`. It goes whole: promises
    /// stay, so `available` may fall below zero.
    ///
    /// # Panics
    /// When the position is not in memory, or has nothing that is due.
    #[must_use]
    pub fn expire_lots(
        &self,
        number: PositionNumber,
        now: Timestamp,
        sequence: u64,
    ) -> Box<Change> {
        let position = self.position(number).expect("a due position is in memory");
        let tenant = self.item(position.item).map(|item| item.tenant);
        let tenant = tenant.expect("the item of a position is known");
        let Contents::Many(layers) = position.contents() else {
            unreachable!("a lot is one of many layers");
        };
        let picks = layers.expired_before(now.day());
        let sum = |sum: Quantity, quantity: Quantity| sum.saturating_add(quantity);
        let quantity = picks.iter().map(|pick| pick.quantity).fold(Quantity::ZERO, sum);
        let mut draft = Draft::of(self, tenant, Cause::LotExpired, now, sequence);
        draft.nature = Nature::Fact;
        let at = draft.touch(number);
        let entry = Entry::within(MovementKind::Expired, Bucket::Available, Bucket::QualityHold);
        draft.book_goods(at, entry, quantity, picks, None).expect("goods that are there fit");
        draft.finish()
    }

    /// A position with a lot that is due, of the items that a command is about.
    pub(super) fn due_lot(&self, command: &Command, now: Timestamp) -> Option<PositionNumber> {
        self.expiries.due(now)?;
        let is_due = |number: &PositionNumber| {
            let expiry = self.position(*number).and_then(Position::first_expiry);
            expiry.is_some_and(|day| day.end() <= now)
        };
        let items = self.items_of(command, &command.action);
        items.into_iter().find_map(|item| self.item_positions(item).find(is_due))
    }

    /// Items of which an action may take something.
    fn items_of(&self, command: &Command, action: &Action) -> Vec<ItemNumber> {
        let Some(tenant) = self.tenant_number(&command.tenant) else { return Vec::new() };
        let item = |id: &ItemId| self.item_number(tenant, id);
        let of_reservation = |number: ReservationNumber| {
            let held = self.promises.reservation(number);
            held.into_iter().flat_map(|held| held.lines.iter().map(|line| line.item)).collect()
        };
        match action {
            Action::Receive(entry) | Action::Sell(entry) | Action::Return(entry) => {
                item(&entry.place.item).into_iter().collect()
            }
            Action::Adjust(wish) => item(&wish.place.item).into_iter().collect(),
            Action::Move(wish) => item(&wish.place.item).into_iter().collect(),
            Action::Count(wish) => item(&wish.place.item).into_iter().collect(),
            Action::Revalue(wish) => item(&wish.place.item).into_iter().collect(),
            Action::StartTransfer(wish) => item(&wish.item).into_iter().collect(),
            Action::Reserve(wish) => {
                wish.lines.iter().filter_map(|line| item(&line.item)).collect()
            }
            Action::SetLines { reservation, lines } => {
                let mut items: Vec<_> = of_reservation(*reservation);
                items.extend(lines.iter().filter_map(|line| item(&line.item)));
                items
            }
            Action::Fulfil(wish) => of_reservation(wish.reservation),
            Action::Relocate { reservation, .. } => of_reservation(*reservation),
            Action::Reverse(wish) => {
                let known = self.records.get(wish.movement.sequence);
                let record = known.and_then(|known| known.change.as_ref());
                let positions = record.into_iter().flat_map(|record| &record.positions);
                let held = positions.filter_map(|held| self.position(held.position));
                held.map(|held| held.item).collect()
            }
            Action::Upkeep(upkeep) => match &**upkeep {
                Upkeep::Retry { with: Retry::Act(action, _), .. } => self.items_of(command, action),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

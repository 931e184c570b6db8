//! Putting back on the shelf what was shipped, to be owed again where it lies then.

use std::rc::Rc;

use onhand_domain::change::MovementKind;
use onhand_domain::command::{Goods, ShippedLine, Unfulfil};
use onhand_domain::ids::{ItemId, LocationId, LotNumber};
use onhand_domain::rejection::Rejection;
use onhand_domain::reservation::Status;

use super::life::Done;
use super::promise::{Line, Promise};
use super::reserve::merged;
use super::restock::Undone;
use super::shop::Key;
use super::step::{Booked, Share, Step, quantity};
use super::worth::share;

/// A share of a shipment that comes back, all of it or part.
struct Take {
    shipment: usize,
    record: Rc<Booked>,
    /// Place in what the record shipped.
    place: usize,
    /// How much of it came back before.
    before: i64,
    amount: i64,
}

impl Take {
    fn share(&self) -> &Share {
        &self.record.shipped[self.place].0
    }
}

/// Quantities of items that left places, perhaps of one lot.
type Wanted = (ItemId, LocationId, Option<LotNumber>, i64);

impl Step {
    pub(super) fn unfulfil(
        &mut self,
        mut promise: Promise,
        wish: &Unfulfil,
    ) -> Result<Done, Rejection> {
        if !promise.has_shipped() && !promise.status.is_open() {
            return Err(Rejection::InvalidState(promise.status));
        }
        let takes = match &wish.goods {
            Goods::Shipment(id) => {
                let named = promise.shipments.iter().position(|held| held.id.as_ref() == Some(id));
                let at = named.ok_or(Rejection::UnknownShipment)?;
                if let Some(undone) = promise.shipments[at].undone {
                    return Ok(Done::Repeat(undone));
                }
                let takes = self.left_of(&promise, at);
                if takes.is_empty() {
                    return Err(Rejection::ShipmentUndone);
                }
                promise.shipments[at].undone = Some(self.sequence);
                takes
            }
            Goods::Lines(lines) => self.left_of_lines(&promise, lines)?,
        };
        self.change(&mut promise);
        if !promise.status.is_open() {
            promise.status = Status::Confirmed;
            promise.expires_at = None;
        }
        for take in &takes {
            self.owe_again(&mut promise, take)?;
        }
        promise.lines = merged(promise.lines)?;
        self.put(promise);
        Ok(Done::Told)
    }

    /// What is left of a shipment, share by share.
    fn left_of(&self, promise: &Promise, at: usize) -> Vec<Take> {
        let shipment = &promise.shipments[at];
        let record = &self.model.records[&shipment.sequence];
        let all = record.shipped.iter().enumerate().map(|(place, (share, _))| {
            let before = shipment.back.get(&place).copied().unwrap_or(0);
            let amount = share.amount - before;
            Take { shipment: at, record: Rc::clone(record), place, before, amount }
        });
        all.filter(|take| take.amount != 0).collect()
    }

    /// Quantities, of what was shipped last first.
    fn left_of_lines(
        &self,
        promise: &Promise,
        lines: &[ShippedLine],
    ) -> Result<Vec<Take>, Rejection> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for line in lines {
            self.known_item(&line.place.item)?;
            if !self.shop().locations.contains_key(&line.place.location) {
                return Err(Rejection::UnknownLocation(line.place.location.clone()));
            }
            let (item, at) = (line.place.item.clone(), line.place.location.clone());
            let amount = line.quantity.millionths();
            let is_same = |it: &&mut Wanted| (&it.0, &it.1, &it.2) == (&item, &at, &line.lot);
            match wanted.iter_mut().find(is_same) {
                Some(held) => {
                    held.3 = held.3.checked_add(amount).ok_or(Rejection::QuantityOverflow)?;
                }
                None => wanted.push((item, at, line.lot.clone(), amount)),
            }
        }
        let mut open = wanted.clone();
        let mut takes = Vec::new();
        for at in (0..promise.shipments.len()).rev() {
            for mut take in self.left_of(promise, at) {
                let share = take.share().clone();
                let is_meant = |it: &&mut Wanted| {
                    it.0 == share.item && Some(&it.1) == share.at.as_ref() && it.3 != 0
                };
                let Some(line) = open.iter_mut().find(is_meant) else { continue };
                take.amount = take.amount.min(line.3);
                line.3 -= take.amount;
                takes.push(take);
            }
        }
        match wanted.iter().zip(&open).find(|(_, left)| left.3 != 0) {
            None => Ok(takes),
            Some((line, left)) => Err(Rejection::ExceedsFulfilled {
                item: line.0.clone(),
                requested: quantity(line.3),
                fulfilled: quantity(line.3 - left.3),
            }),
        }
    }

    fn owe_again(&mut self, promise: &mut Promise, take: &Take) -> Result<(), Rejection> {
        let (share, place) = (take.share().clone(), take.record.shipped[take.place].1);
        let mut told = Share { amount: take.amount, value: 0, ..share.clone() };
        let mut booked = None;
        if let Some(place) = place {
            self.known_item(&share.item)?;
            if !self.shop().tracked(&share.item) {
                return Err(Rejection::NotTracked(share.item));
            }
            let at = share.at.clone().expect("goods leave a place");
            self.go_home(&at);
            let key: Key = (share.item.clone(), at);
            let undone =
                Undone { record: &take.record, place, before: take.before, amount: take.amount };
            let back = self.told.moves.len();
            let route = (None, promise.status.bucket());
            self.undo(&key, MovementKind::Unfulfil, route, undone)?;
            told.value = self.told.moves[back].value.millionths();
            booked = Some(back);
        }
        self.reopen(promise, &told, place.is_some());
        let shipment = &mut promise.shipments[take.shipment];
        *shipment.back.entry(take.place).or_default() += take.amount;
        self.told.shipped.push((told, booked));
        Ok(())
    }

    /// Lines that lie where the goods come back to owe them again; then others do, there.
    fn reopen(&mut self, promise: &mut Promise, told: &Share, holds: bool) {
        let (mut rest, mut value) = (told.amount, told.value);
        for own in [true, false] {
            let mut moved: Option<Line> = None;
            for line in &mut promise.lines {
                let is_own = line.location == told.at;
                if line.item != told.item || line.holds != holds || is_own != own {
                    continue;
                }
                let part = line.fulfilled.min(rest);
                if part == 0 {
                    continue;
                }
                let part_value = share(i128::from(value), part, rest);
                let part_value = i64::try_from(part_value).expect("a part of what fits");
                line.worth -= part_value;
                line.fulfilled -= part;
                (rest, value) = (rest - part, value - part_value);
                if own {
                    let line = line.clone();
                    self.hold_line(&line, part);
                    continue;
                }
                line.quantity -= part;
                let new = Line {
                    location: told.at.clone(),
                    quantity: 0,
                    fulfilled: 0,
                    worth: 0,
                    released: 0,
                    ..line.clone()
                };
                moved.get_or_insert(new).quantity += part;
            }
            if let Some(line) = moved {
                self.hold_line(&line, line.quantity);
                promise.lines.push(line);
            }
        }
        assert_eq!(rest, 0, "lines say what was shipped of them");
        promise.lines.retain(|line| line.quantity != 0 || line.released != 0);
    }
}

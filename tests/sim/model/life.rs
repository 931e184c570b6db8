//! The life of a reservation: confirm, extend, cancel, expire.

use std::rc::Rc;

use onhand_domain::change::{Cause, MovementKind};
use onhand_domain::command::{Action, ReleasedLine};
use onhand_domain::ids::Reference;
use onhand_domain::position::Bucket;
use onhand_domain::rejection::Rejection;
use onhand_domain::reservation::Status;
use onhand_domain::time::Timestamp;

use super::promise::{Line, Promise};
use super::reserve::AVAILABLE;
use super::step::{Share, Step, quantity};

/// What became of a command on a reservation.
pub(super) enum Done {
    /// A record tells of it.
    Told,
    /// It is so already.
    Unchanged(u64),
    /// This record has told of it.
    Repeat(u64),
}

fn refuse_ended(promise: &Promise) -> Result<(), Rejection> {
    match promise.status {
        Status::Active | Status::Confirmed => Ok(()),
        Status::Expired => {
            let at = promise.expires_at.unwrap_or(promise.updated_at);
            Err(Rejection::ReservationExpired { at: Timestamp::from_millis(at) })
        }
        ended => Err(Rejection::InvalidState(ended)),
    }
}

impl Step {
    pub(super) fn on_reservation(
        &mut self,
        number: u64,
        action: &Action,
    ) -> Result<Done, Rejection> {
        let held = self.model.promises.get(&number).filter(|held| held.tenant == self.tenant);
        let mut promise: Promise = (**held.ok_or(Rejection::UnknownReservation)?).clone();
        if let Action::Fulfil(wish) = action
            && let Some(id) = &wish.shipment
            && let Some(booked) = promise.shipments.iter().find(|held| held.id.as_ref() == Some(id))
        {
            // It would be the first answer again, but that is no longer so.
            if booked.undone.is_some() {
                return Err(Rejection::ShipmentUndone);
            }
            return Ok(Done::Repeat(booked.sequence));
        }
        if let Action::Unfulfil(wish) = action {
            return self.unfulfil(promise, wish);
        }
        match (action, promise.status) {
            (Action::Confirm { .. }, Status::Confirmed)
            | (Action::Cancel { .. }, Status::Cancelled | Status::Expired) => {
                return Ok(Done::Unchanged(number));
            }
            (Action::Cancel { .. }, Status::Fulfilled) => {
                return Err(Rejection::InvalidState(Status::Fulfilled));
            }
            _ => refuse_ended(&promise)?,
        }
        self.change(&mut promise);
        match action {
            Action::Confirm { .. } => self.confirm(promise)?,
            Action::Extend { ttl_ms, .. } => {
                if promise.status != Status::Active {
                    return Err(Rejection::InvalidState(promise.status));
                }
                promise.expires_at = Some(self.now.saturating_add(*ttl_ms));
                self.put(promise);
            }
            Action::SetLines { lines, .. } => self.set_lines(promise, lines)?,
            Action::Cancel { lines, .. } => self.cancel(promise, lines.as_deref())?,
            Action::Fulfil(wish) => self.fulfil(promise, wish)?,
            Action::Relocate { lines, .. } => self.relocate(promise, lines)?,
            other => unreachable!("{other:?} is not about a reservation"),
        }
        Ok(Done::Told)
    }

    /// The next version of a reservation.
    pub(super) fn change(&self, promise: &mut Promise) {
        promise.version += 1;
        promise.sequence = self.sequence;
        promise.updated_at = self.now;
    }

    fn confirm(&mut self, mut promise: Promise) -> Result<(), Rejection> {
        for line in &promise.lines {
            if let Some(key) = line.held_at() {
                let between = (Some(Bucket::Reserved), Some(Bucket::Committed));
                self.book(&key, MovementKind::Confirm, between, line.open())?;
            }
        }
        promise.status = Status::Confirmed;
        promise.expires_at = None;
        self.put(promise);
        Ok(())
    }

    fn cancel(
        &mut self,
        mut promise: Promise,
        lines: Option<&[ReleasedLine]>,
    ) -> Result<(), Rejection> {
        match lines {
            None => self.release_open(&mut promise, MovementKind::Release)?,
            Some(lines) => self.release_lines(&mut promise, lines)?,
        }
        promise.settle(Status::Cancelled);
        self.put(promise);
        Ok(())
    }

    /// Gives back all that is open.
    pub(super) fn release_open(
        &mut self,
        promise: &mut Promise,
        kind: MovementKind,
    ) -> Result<(), Rejection> {
        let bucket = promise.status.bucket();
        for line in &mut promise.lines {
            let open = line.open();
            self.release(line, kind, bucket, open)?;
        }
        Ok(())
    }

    fn release(
        &mut self,
        line: &mut Line,
        kind: MovementKind,
        bucket: Option<Bucket>,
        amount: i64,
    ) -> Result<(), Rejection> {
        if amount == 0 {
            return Ok(());
        }
        if let Some(key) = line.held_at() {
            self.book(&key, kind, (bucket, AVAILABLE), amount)?;
        }
        self.hold_line(line, -amount);
        line.released += amount;
        let (item, at) = (line.item.clone(), line.location.clone());
        self.told.released.push(Share { item, at, amount, value: 0 });
        Ok(())
    }

    fn release_lines(
        &mut self,
        promise: &mut Promise,
        wishes: &[ReleasedLine],
    ) -> Result<(), Rejection> {
        self.is_fact = true;
        let mut sums: Vec<ReleasedLine> = Vec::new();
        for wish in wishes {
            let name = |it: &ReleasedLine| (it.item.clone(), it.location.clone(), it.lot.clone());
            match sums.iter_mut().find(|it| name(it) == name(wish)) {
                Some(held) => {
                    let sum = held.quantity.checked_add(wish.quantity);
                    held.quantity = sum.ok_or(Rejection::QuantityOverflow)?;
                }
                None => sums.push(wish.clone()),
            }
        }
        // Who names a place comes first.
        sums.sort_by_key(|wish| wish.location.is_none());
        let bucket = promise.status.bucket();
        for wish in sums {
            self.known_item(&wish.item)?;
            if let Some(location) = &wish.location {
                self.known_location(location)?;
            }
            let is_meant = |line: &Line| {
                line.item == wish.item
                    && (wish.lot.is_none() || line.lot == wish.lot)
                    && (wish.location.is_none() || line.location == wish.location)
            };
            let meant = promise.lines.iter().filter(|line| is_meant(line));
            let open = meant.map(Line::open).fold(0_i64, i64::saturating_add);
            let mut rest = wish.quantity.millionths();
            if rest > open {
                let (item, open) = (Some(wish.item.clone()), quantity(open));
                return Err(Rejection::ExceedsOpen { item, requested: wish.quantity, open });
            }
            for line in promise.lines.iter_mut().filter(|line| is_meant(line)) {
                let given = line.open().min(rest);
                self.release(line, MovementKind::Release, bucket, given)?;
                rest -= given;
            }
        }
        Ok(())
    }

    /// The deadline has passed: the whole reservation ends.
    pub(super) fn expire(&mut self, number: u64) {
        self.told.cause = Some(Cause::Expired);
        let mut promise: Promise = (*self.model.promises[&number]).clone();
        self.change(&mut promise);
        self.release_open(&mut promise, MovementKind::Expired)
            .expect("what was taken from available fits back into it");
        promise.settle(Status::Expired);
        self.put(promise);
    }
}

impl Step {
    /// All that is open of an order is released, oldest first, in one record.
    pub(super) fn cancel_order(&mut self, order: &Reference) -> Result<(), Rejection> {
        let of_order = self.model.promises.values().filter(|held| {
            held.tenant == self.tenant
                && held.order.as_ref() == Some(order)
                && held.status.is_open()
        });
        for mut promise in of_order.map(|held| (**held).clone()).collect::<Vec<_>>() {
            self.withdraw(&mut promise)?;
            let released = std::mem::take(&mut self.told.released);
            self.told.withdrawn.push((promise.number, released));
            self.model.promises.insert(promise.number, Rc::new(promise));
        }
        Ok(())
    }

    /// The whole reservation is released.
    pub(super) fn withdraw(&mut self, promise: &mut Promise) -> Result<(), Rejection> {
        self.change(promise);
        self.release_open(promise, MovementKind::Release)?;
        promise.settle(Status::Cancelled);
        Ok(())
    }
}

//! Making a reservation, and setting its lines.

use std::rc::Rc;

use onhand_domain::change::MovementKind;
use onhand_domain::command::{Backorder, Completeness, RequestedLine, Reserve, Wanted};
use onhand_domain::ids::{ItemId, LocationId};
use onhand_domain::position::Bucket;
use onhand_domain::rejection::{Rejection, Shortage};
use onhand_domain::reservation::Status;

use super::choice::Terms;
use super::promise::{Line, Promise};
use super::shop::Key;
use super::step::{Step, quantity};

pub(super) const AVAILABLE: Option<Bucket> = Some(Bucket::Available);

/// Lines that name the same thing are one, at the place of the first.
fn summed(lines: &[RequestedLine]) -> Result<Vec<RequestedLine>, Rejection> {
    let mut sums: Vec<RequestedLine> = Vec::new();
    for line in lines {
        let name = |it: &RequestedLine| (it.item.clone(), it.wanted.clone(), it.lot.clone());
        match sums.iter_mut().find(|it| name(it) == name(line)) {
            Some(held) => {
                let sum = held.quantity.checked_add(line.quantity);
                held.quantity = sum.ok_or(Rejection::QuantityOverflow)?;
            }
            None => sums.push(line.clone()),
        }
    }
    Ok(sums)
}

/// Lines at the same place are one, at the place of the first.
pub(super) fn merged(lines: Vec<Line>) -> Result<Vec<Line>, Rejection> {
    let mut sums: Vec<Line> = Vec::new();
    let add = |one: i64, other: i64| one.checked_add(other).ok_or(Rejection::QuantityOverflow);
    for line in lines {
        let key = |it: &Line| (it.item.clone(), it.location.clone(), it.holds, it.lot.clone());
        match sums.iter_mut().find(|it| key(it) == key(&line)) {
            Some(held) => {
                held.quantity = add(held.quantity, line.quantity)?;
                held.fulfilled = add(held.fulfilled, line.fulfilled)?;
                held.worth = held.worth.saturating_add(line.worth);
                held.released = add(held.released, line.released)?;
            }
            None => sums.push(line),
        }
    }
    Ok(sums)
}

impl Step {
    pub(super) fn reserve(&mut self, wish: &Reserve) -> Result<(), Rejection> {
        let terms = Terms {
            backorder: wish.backorder,
            splits: wish.max_splits.map_or(usize::MAX, |most| most as usize),
            completeness: wish.completeness,
        };
        let requested = summed(&wish.lines)?;
        let mut served: Vec<(usize, Line)> = Vec::new();
        let mut shortages = Vec::new();
        // Who names a place comes first.
        for named in [true, false] {
            for (place, line) in requested.iter().enumerate() {
                if matches!(line.wanted, Wanted::Only(_)) == named {
                    self.known_item(&line.item)?;
                    let (lines, short) = self.serve(line, terms, Bucket::Reserved)?;
                    served.extend(lines.into_iter().map(|line| (place, line)));
                    shortages.extend(short);
                }
            }
        }
        served.sort_by_key(|(place, _)| *place);
        let too_little = !shortages.is_empty() && terms.completeness == Completeness::Whole;
        if too_little || served.is_empty() {
            return Err(Rejection::InsufficientStock(shortages));
        }
        let promise = Promise {
            number: self.sequence,
            tenant: self.tenant.clone(),
            order: wish.order.clone(),
            status: Status::Active,
            expires_at: wish.ttl_ms.map(|ttl| self.now.saturating_add(ttl)),
            version: 1,
            sequence: self.sequence,
            lines: merged(served.into_iter().map(|(_, line)| line).collect())?,
            shipments: Vec::new(),
            updated_at: self.now,
        };
        self.put(promise);
        Ok(())
    }

    pub(super) fn put(&mut self, promise: Promise) {
        self.told.reservation = Some(promise.number);
        self.model.promises.insert(promise.number, Rc::new(promise));
    }

    fn serve(
        &mut self,
        wish: &RequestedLine,
        terms: Terms,
        bucket: Bucket,
    ) -> Result<(Vec<Line>, Option<Shortage>), Rejection> {
        let (item, amount) = (&wish.item, wish.quantity.millionths());
        let line = |location: Option<LocationId>, holds, quantity| Line {
            item: item.clone(),
            location,
            holds,
            lot: wish.lot.clone(),
            quantity,
            fulfilled: 0,
            worth: 0,
            released: 0,
        };
        if !self.shop().tracked(item) {
            let location = self.untracked_place(item, &wish.wanted)?;
            return Ok((vec![line(location, false, amount)], None));
        }
        let (taken, missing) = match &wish.lot {
            None => self.choose(item, amount, &wish.wanted, terms)?,
            Some(lot) => self.choose_of_lot(wish, lot, terms)?,
        };
        let mut lines = Vec::new();
        for (location, given) in taken {
            let key = (item.clone(), location.clone());
            self.book(&key, MovementKind::Reserve, (AVAILABLE, Some(bucket)), given)?;
            if let Some(lot) = &wish.lot {
                self.hold_lot(&key, lot, given);
            }
            lines.push(line(Some(location), true, given));
        }
        let location = match &wish.wanted {
            Wanted::Only(location) => Some(location.clone()),
            _ => None,
        };
        let sellable = quantity(amount - missing);
        let (item, requested) = (item.clone(), wish.quantity);
        let short = Shortage { item, location, requested, sellable };
        Ok((lines, (missing > 0).then_some(short)))
    }

    /// An untracked line holds nothing, but names a place if there is one.
    fn untracked_place(
        &mut self,
        item: &ItemId,
        wanted: &Wanted,
    ) -> Result<Option<LocationId>, Rejection> {
        let mut named = None;
        match wanted {
            Wanted::Only(id) => {
                self.selling_location(id)?;
                named = Some(id.clone());
            }
            Wanted::Preferred(id) => {
                self.known_location(id)?;
                named = Some(id.clone()).filter(|id| self.shop().sells(id));
            }
            Wanted::Anywhere => {}
        }
        let key = |at: &LocationId| -> Key { (item.clone(), at.clone()) };
        let was_there = |at: &LocationId| {
            self.shop().positions.contains_key(&key(at)) && !self.opened.contains(&key(at))
        };
        let place = named
            .or_else(|| self.best_location(was_there))
            .or_else(|| self.best_location(|_| true));
        if let Some(at) = &place
            && !was_there(at)
        {
            self.touch(&key(at));
        }
        Ok(place)
    }

    pub(super) fn set_lines(
        &mut self,
        mut promise: Promise,
        wishes: &[RequestedLine],
    ) -> Result<(), Rejection> {
        let bucket = promise.status.bucket().expect("an open reservation has a bucket");
        let mut targets: Vec<(usize, i64)> = Vec::new();
        let mut new = Vec::new();
        for wish in summed(wishes)? {
            self.known_item(&wish.item)?;
            match self.line_meant(&promise, &wish)? {
                Some(at) => match targets.iter_mut().find(|(held, _)| *held == at) {
                    Some((_, sum)) => {
                        let more = sum.checked_add(wish.quantity.millionths());
                        *sum = more.ok_or(Rejection::QuantityOverflow)?;
                    }
                    None => targets.push((at, wish.quantity.millionths())),
                },
                None if wish.quantity.is_zero() => {}
                None => new.push(wish),
            }
        }
        targets.sort_unstable();
        let mut shortages = Vec::new();
        // What is given back comes first: the caller's own hold never blocks the caller.
        for growing in [false, true] {
            for (at, amount) in &targets {
                let line = &promise.lines[*at];
                if (*amount > line.quantity - line.released) == growing {
                    let (next, short) = self.set_line(line.clone(), *amount, bucket)?;
                    promise.lines[*at] = next;
                    shortages.extend(short);
                }
            }
        }
        let terms = Terms {
            backorder: Backorder::Policy,
            splits: usize::MAX,
            completeness: Completeness::Whole,
        };
        for wish in new {
            let (lines, short) = self.serve(&wish, terms, bucket)?;
            promise.lines.extend(lines);
            shortages.extend(short);
        }
        if !shortages.is_empty() {
            return Err(Rejection::InsufficientStock(shortages));
        }
        promise.lines = merged(promise.lines)?;
        promise.settle(Status::Cancelled);
        self.put(promise);
        Ok(())
    }

    /// A line that names a lot holds more of it now, or less.
    pub(super) fn hold_line(&mut self, line: &Line, more: i64) {
        if let (true, Some(lot), Some(at)) = (line.holds && more != 0, &line.lot, &line.location) {
            self.hold_lot(&(line.item.clone(), at.clone()), lot, more);
        }
    }

    /// The line that a wish is about, if it is not a new one.
    fn line_meant(
        &self,
        promise: &Promise,
        wish: &RequestedLine,
    ) -> Result<Option<usize>, Rejection> {
        let mut location = None;
        if let Wanted::Only(id) = &wish.wanted {
            self.known_location(id)?;
            location = Some(id.clone());
        }
        let is_meant = |line: &Line| {
            line.item == wish.item
                && (wish.lot.is_none() || line.lot == wish.lot)
                && (location.is_none() || line.location == location)
        };
        let mut meant: Vec<usize> =
            (0..promise.lines.len()).filter(|at| is_meant(&promise.lines[*at])).collect();
        let is_spent = |at: &usize| {
            let line = &promise.lines[*at];
            line.open() == 0 && line.fulfilled == 0
        };
        // At a place that is named, no lot means the line of none.
        let is_plain = |at: &usize| promise.lines[*at].lot.is_none();
        let names_place = wish.lot.is_none() && location.is_some();
        if names_place && meant.iter().any(|at| is_plain(at) && !is_spent(at)) {
            meant.retain(is_plain);
        }
        let live: Vec<usize> = meant.iter().copied().filter(|at| !is_spent(at)).collect();
        match live.as_slice() {
            [] => Ok(meant.first().copied()),
            [one] => Ok(Some(*one)),
            _ => Err(Rejection::AmbiguousLine(wish.item.clone())),
        }
    }

    fn set_line(
        &mut self,
        mut line: Line,
        amount: i64,
        bucket: Bucket,
    ) -> Result<(Line, Option<Shortage>), Rejection> {
        let item = line.item.clone();
        if amount < line.fulfilled {
            let (requested, fulfilled) = (quantity(amount), quantity(line.fulfilled));
            return Err(Rejection::BelowFulfilled { item, requested, fulfilled });
        }
        let more = (amount - line.fulfilled) - line.open();
        if let Some(location) = line.location.clone() {
            let key = (item.clone(), location.clone());
            if more > 0 && !self.shop().sells(&location) {
                return Err(Rejection::LocationInactive(location));
            }
            if line.holds && more > 0 {
                let available = self.get(&key, Bucket::Available);
                let policy = self.shop().policy(&key);
                let mut free = super::shop::sellable(&policy, available);
                if let Some(lot) = &line.lot {
                    let of_lot = self.free_of_lot(&key, Bucket::Available, lot).max(0);
                    free = Some(free.map_or(of_lot, |free| free.min(of_lot)));
                }
                if let Some(free) = free.filter(|free| *free < more) {
                    let sellable = quantity(amount - more + free);
                    let (location, requested) = (Some(location), quantity(amount));
                    return Ok((line, Some(Shortage { item, location, requested, sellable })));
                }
                self.book(&key, MovementKind::Reserve, (AVAILABLE, Some(bucket)), more)?;
            } else if line.holds && more < 0 {
                self.book(&key, MovementKind::Release, (Some(bucket), AVAILABLE), -more)?;
            }
            self.hold_line(&line, more);
        }
        line.quantity = amount;
        line.released = 0;
        Ok((line, None))
    }
}

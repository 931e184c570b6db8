//! Shipping.

use onhand_domain::change::MovementKind;
use onhand_domain::command::{Force, Fulfil, Rest, ShippedLine};
use onhand_domain::ids::{ItemId, LocationId, LotNumber};
use onhand_domain::layer::Area;
use onhand_domain::position::Bucket;
use onhand_domain::rejection::Rejection;
use onhand_domain::reservation::Status;

use super::goods::leave;
use super::promise::{Line, Promise, Shipment};
use super::reserve::AVAILABLE;
use super::shop::Key;
use super::step::{Share, Step, Unknown, quantity, short};

/// What leaves a place.
struct Parcel {
    key: Key,
    lot: Option<LotNumber>,
    amount: i64,
    rest: i64,
}

impl Step {
    pub(super) fn fulfil(&mut self, mut promise: Promise, wish: &Fulfil) -> Result<(), Rejection> {
        self.is_fact = wish.force == Force::Fact;
        match &wish.lines {
            None => self.ship_all(&mut promise)?,
            Some(lines) => self.ship_lines(&mut promise, lines)?,
        }
        promise.shipments.push(Shipment {
            id: wish.shipment.clone(),
            sequence: self.sequence,
            back: std::collections::BTreeMap::new(),
            undone: None,
        });
        if wish.rest == Rest::Close {
            self.release_open(&mut promise, MovementKind::Release)?;
        }
        promise.settle(Status::Cancelled);
        self.put(promise);
        Ok(())
    }

    fn ship_all(&mut self, promise: &mut Promise) -> Result<(), Rejection> {
        let bucket = promise.status.bucket();
        for line in &mut promise.lines {
            let open = line.open();
            if open == 0 {
                continue;
            }
            let lot = line.lot.clone();
            let place = match line.held_at() {
                Some(key) => Some(self.leave_shelf(&key, bucket, open, lot.as_ref())?),
                None => None,
            };
            self.note_shipped(line, line.location.clone(), open, place);
        }
        Ok(())
    }

    /// What is held leaves, when it lies on the shelf.
    fn leave_shelf(
        &mut self,
        key: &Key,
        bucket: Option<Bucket>,
        amount: i64,
        lot: Option<&LotNumber>,
    ) -> Result<usize, Rejection> {
        let held = self.held(key);
        let of_lot = lot.map_or(i64::MAX, |lot| held.layers.of_lot(Area::Shelf, lot));
        let there = held.shelf().min(of_lot);
        if !self.is_fact && there < amount {
            return Err(short(key, amount, there));
        }
        let bucket = bucket.expect("what is open is held in a bucket");
        self.send(key, leave(MovementKind::Fulfil, bucket), amount, lot)
    }

    /// From another place than it is held: there it must be free.
    fn leave_elsewhere(
        &mut self,
        held: &Key,
        key: &Key,
        bucket: Option<Bucket>,
        (amount, lot): (i64, Option<&LotNumber>),
    ) -> Result<usize, Rejection> {
        self.book(held, MovementKind::Release, (bucket, AVAILABLE), amount)?;
        let free = self.free_of(key, Bucket::Available, lot);
        if !self.is_fact && free < amount {
            return Err(short(key, amount, free));
        }
        self.send(key, leave(MovementKind::Fulfil, Bucket::Available), amount, lot)
    }

    fn note_shipped(
        &mut self,
        line: &mut Line,
        at: Option<LocationId>,
        amount: i64,
        place: Option<usize>,
    ) {
        let value = place.map_or(0, |place| self.told.moves[place].value.millionths());
        self.hold_line(line, -amount);
        line.fulfilled += amount;
        line.worth += value;
        let item = line.item.clone();
        self.told.shipped.push((Share { item, at, amount, value }, place));
    }

    fn ship_lines(
        &mut self,
        promise: &mut Promise,
        wishes: &[ShippedLine],
    ) -> Result<(), Rejection> {
        let mut parcels = parcels(wishes)?;
        let unknown = if self.is_fact { Unknown::Create } else { Unknown::Refuse };
        for parcel in &parcels {
            let (item, location) = &parcel.key;
            // Archived items are shipped too.
            if !self.shop().items.contains_key(item) {
                return Err(Rejection::UnknownItem(item.clone()));
            }
            self.find_location(location, unknown)?;
        }
        self.check_open(promise, &parcels)?;
        // What is held where it leaves goes first, then what is held elsewhere.
        for own in [true, false] {
            for parcel in &mut parcels {
                self.ship_parcel(promise, parcel, own)?;
            }
        }
        // A lot that is named serves no line that is promised from another one.
        match parcels.iter().find(|parcel| parcel.rest != 0) {
            None => Ok(()),
            Some(left) => Err(Rejection::ExceedsOpen {
                item: Some(left.key.0.clone()),
                requested: quantity(left.amount),
                open: quantity(left.amount - left.rest),
            }),
        }
    }

    fn check_open(&self, promise: &Promise, parcels: &[Parcel]) -> Result<(), Rejection> {
        let mut items: Vec<&ItemId> = parcels.iter().map(|parcel| &parcel.key.0).collect();
        // Of several items, the one that was heard of first is told.
        items.sort_by_key(|item| self.shop().items[*item].rank);
        items.dedup();
        let mut first: Option<Rejection> = None;
        for item in items {
            let of_item = parcels.iter().filter(|parcel| parcel.key.0 == *item);
            let wanted = of_item.map(|parcel| parcel.amount);
            let wanted = wanted.into_iter().try_fold(0_i64, i64::checked_add);
            let requested = wanted.ok_or(Rejection::QuantityOverflow)?;
            let lines = promise.lines.iter().filter(|line| line.item == *item);
            let open = lines.map(Line::open).fold(0_i64, i64::saturating_add);
            if requested > open && first.is_none() {
                let (item, requested, open) =
                    (Some(item.clone()), quantity(requested), quantity(open));
                first = Some(Rejection::ExceedsOpen { item, requested, open });
            }
        }
        first.map_or(Ok(()), Err)
    }

    fn ship_parcel(
        &mut self,
        promise: &mut Promise,
        parcel: &mut Parcel,
        own: bool,
    ) -> Result<(), Rejection> {
        let bucket = promise.status.bucket();
        let key = parcel.key.clone();
        for line in &mut promise.lines {
            let is_other_lot = parcel.lot.is_some() && line.lot.is_some() && parcel.lot != line.lot;
            let is_here = line.location.as_ref() == Some(&key.1);
            let share = line.open().min(parcel.rest);
            if line.item != key.0 || is_other_lot || is_here != own || share == 0 {
                continue;
            }
            let lot = parcel.lot.clone().or_else(|| line.lot.clone());
            let (left, place) = match line.held_at() {
                None => (line.location.clone(), None),
                Some(held) if own => {
                    // A promise of any lot may take a named one only as far as that is not promised.
                    if let (None, Some(lot)) = (&line.lot, &parcel.lot) {
                        let free = self.free_of_lot(&held, Bucket::Available, lot);
                        if !self.is_fact && free < share {
                            return Err(short(&held, share, free));
                        }
                    }
                    let place = self.leave_shelf(&held, bucket, share, lot.as_ref())?;
                    (Some(held.1), Some(place))
                }
                Some(held) => {
                    let goods = (share, lot.as_ref());
                    let place = self.leave_elsewhere(&held, &key, bucket, goods)?;
                    (Some(key.1.clone()), Some(place))
                }
            };
            parcel.rest -= share;
            self.note_shipped(line, left, share, place);
        }
        Ok(())
    }
}

/// Lines that name the same thing are one.
fn parcels(wishes: &[ShippedLine]) -> Result<Vec<Parcel>, Rejection> {
    let mut parcels: Vec<Parcel> = Vec::new();
    for wish in wishes {
        let key: Key = (wish.place.item.clone(), wish.place.location.clone());
        let amount = wish.quantity.millionths();
        let is_same = |held: &&mut Parcel| held.key == key && held.lot == wish.lot;
        match parcels.iter_mut().find(is_same) {
            Some(held) => {
                let sum = held.amount.checked_add(amount).ok_or(Rejection::QuantityOverflow)?;
                (held.amount, held.rest) = (sum, sum);
            }
            None => parcels.push(Parcel { key, lot: wish.lot.clone(), amount, rest: amount }),
        }
    }
    Ok(parcels)
}

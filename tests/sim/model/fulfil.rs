//! Shipping.

use onhand_domain::change::MovementKind;
use onhand_domain::command::{Force, Fulfil, Rest, ShippedLine};
use onhand_domain::ids::ItemId;
use onhand_domain::position::Bucket;
use onhand_domain::rejection::Rejection;
use onhand_domain::reservation::Status;

use super::promise::Promise;
use super::reserve::AVAILABLE;
use super::shop::{Key, Position};
use super::step::{Step, Unknown, quantity, short};

impl Step {
    pub(super) fn fulfil(&mut self, mut promise: Promise, wish: &Fulfil) -> Result<(), Rejection> {
        self.is_fact = wish.force == Force::Fact;
        match &wish.lines {
            None => self.ship_all(&mut promise)?,
            Some(lines) => self.ship_lines(&mut promise, lines)?,
        }
        if let Some(id) = &wish.shipment {
            promise.shipments.push((id.clone(), self.sequence));
        }
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
            if let Some(key) = line.held_at() {
                self.leave(&key, bucket, open)?;
            }
            line.fulfilled += open;
            self.told.shipped.push((line.item.clone(), line.location.clone(), open));
        }
        Ok(())
    }

    /// What is held leaves, when it lies on the shelf.
    fn leave(&mut self, key: &Key, bucket: Option<Bucket>, amount: i64) -> Result<(), Rejection> {
        let shelf = self.shop().positions.get(key).map_or(0, Position::shelf);
        if !self.is_fact && shelf < amount {
            return Err(short(key, amount, shelf));
        }
        self.book(key, MovementKind::Fulfil, (bucket, None), amount)
    }

    fn ship_lines(
        &mut self,
        promise: &mut Promise,
        wishes: &[ShippedLine],
    ) -> Result<(), Rejection> {
        let mut parcels: Vec<(Key, i64)> = Vec::new();
        for wish in wishes {
            let key: Key = (wish.place.item.clone(), wish.place.location.clone());
            let amount = wish.quantity.millionths();
            match parcels.iter_mut().find(|(held, _)| *held == key) {
                Some((_, sum)) => {
                    *sum = sum.checked_add(amount).ok_or(Rejection::QuantityOverflow)?;
                }
                None => parcels.push((key, amount)),
            }
        }
        let unknown = if self.is_fact { Unknown::Create } else { Unknown::Refuse };
        for ((item, location), _) in &parcels {
            // Archived items are shipped too.
            if !self.shop().items.contains_key(item) {
                return Err(Rejection::UnknownItem(item.clone()));
            }
            self.find_location(location, unknown)?;
        }
        self.check_open(promise, &parcels)?;
        // What is held where it leaves goes first, then what is held elsewhere.
        for own in [true, false] {
            for (key, rest) in &mut parcels {
                self.ship_parcel(promise, key, rest, own)?;
            }
        }
        Ok(())
    }

    fn check_open(&self, promise: &Promise, parcels: &[(Key, i64)]) -> Result<(), Rejection> {
        let mut items: Vec<&ItemId> = parcels.iter().map(|((item, _), _)| item).collect();
        // Of several items, the one that was heard of first is told.
        items.sort_by_key(|item| self.shop().items[*item].rank);
        items.dedup();
        let mut first: Option<Rejection> = None;
        for item in items {
            let of_item = parcels.iter().filter(|((held, _), _)| held == item);
            let wanted = of_item.map(|(_, amount)| *amount);
            let wanted = wanted.into_iter().try_fold(0_i64, i64::checked_add);
            let requested = wanted.ok_or(Rejection::QuantityOverflow)?;
            let lines = promise.lines.iter().filter(|line| line.item == *item);
            let open = lines.map(super::promise::Line::open).fold(0_i64, i64::saturating_add);
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
        key: &Key,
        rest: &mut i64,
        own: bool,
    ) -> Result<(), Rejection> {
        let bucket = promise.status.bucket();
        for line in promise.lines.iter_mut().filter(|line| line.item == key.0) {
            let is_here = line.location.as_ref() == Some(&key.1);
            let share = line.open().min(*rest);
            if is_here != own || share == 0 {
                continue;
            }
            let left = match line.held_at() {
                None => line.location.clone(),
                Some(held) if own => {
                    self.leave(&held, bucket, share)?;
                    Some(held.1)
                }
                Some(held) => {
                    self.book(&held, MovementKind::Release, (bucket, AVAILABLE), share)?;
                    let there = self.get(key, Bucket::Available);
                    if !self.is_fact && there < share {
                        return Err(short(key, share, there));
                    }
                    self.book(key, MovementKind::Fulfil, (AVAILABLE, None), share)?;
                    Some(key.1.clone())
                }
            };
            line.fulfilled += share;
            *rest -= share;
            self.told.shipped.push((line.item.clone(), left, share));
        }
        Ok(())
    }
}

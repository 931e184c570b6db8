//! Moving what is open of a reservation to other places.

use onhand_domain::change::MovementKind;
use onhand_domain::command::RelocatedLine;
use onhand_domain::ids::{ItemId, LocationId, LotNumber};
use onhand_domain::position::Bucket;
use onhand_domain::rejection::{Rejection, Shortage};

use super::promise::{Line, Promise};
use super::reserve::{AVAILABLE, merged};
use super::shop::{Key, sellable};
use super::step::{Step, quantity};

/// What goes where.
struct Parcel {
    item: ItemId,
    to: LocationId,
    /// What was given back for it, each with the place of its line.
    pieces: Vec<(usize, Line)>,
}

impl Step {
    pub(super) fn relocate(
        &mut self,
        mut promise: Promise,
        wishes: &[RelocatedLine],
    ) -> Result<(), Rejection> {
        let bucket = promise.status.bucket().expect("an open reservation has a bucket");
        // Who names a quantity comes first: the others take what is left.
        let mut wishes: Vec<&RelocatedLine> = wishes.iter().collect();
        wishes.sort_by_key(|wish| wish.quantity.is_none());
        for wish in &wishes {
            self.known_item(&wish.item)?;
            self.known_location(&wish.from)?;
            self.selling_location(&wish.to)?;
        }
        // Everything is given back first: the caller's own hold never blocks the caller.
        let mut parcels = Vec::new();
        for wish in wishes {
            parcels.push(self.give_back(&mut promise, wish, bucket)?);
        }
        let mut shortages = Vec::new();
        for parcel in &mut parcels {
            shortages.extend(self.take_there(parcel, bucket)?);
        }
        if !shortages.is_empty() {
            return Err(Rejection::InsufficientStock(shortages));
        }
        let mut lines = Vec::new();
        for (at, line) in promise.lines.iter().enumerate() {
            let pieces = parcels.iter().flat_map(|parcel| &parcel.pieces);
            let pieces: Vec<_> = pieces.filter(|(of, _)| *of == at).collect();
            // Nothing is left of a line that went as a whole.
            let is_gone = line.quantity == 0 && line.released == 0 && !pieces.is_empty();
            lines.extend((!is_gone).then(|| line.clone()));
            lines.extend(pieces.into_iter().map(|(_, piece)| piece.clone()));
        }
        promise.lines = merged(lines)?;
        self.put(promise);
        Ok(())
    }

    fn give_back(
        &mut self,
        promise: &mut Promise,
        wish: &RelocatedLine,
        bucket: Bucket,
    ) -> Result<Parcel, Rejection> {
        let is_meant =
            |line: &Line| line.item == wish.item && line.location.as_ref() == Some(&wish.from);
        let meant = promise.lines.iter().filter(|line| is_meant(line));
        let open = meant.map(Line::open).fold(0, i64::saturating_add);
        let mut rest = wish.quantity.map_or(open, |wanted| wanted.millionths());
        if rest > open || open == 0 {
            let (requested, open) = (quantity(rest), quantity(open));
            return Err(Rejection::ExceedsOpen { item: Some(wish.item.clone()), requested, open });
        }
        let mut pieces = Vec::new();
        for (at, line) in promise.lines.iter_mut().enumerate().filter(|(_, it)| is_meant(it)) {
            let share = line.open().min(rest);
            if share == 0 {
                continue;
            }
            if let Some(key) = line.held_at() {
                self.book(&key, MovementKind::Release, (Some(bucket), AVAILABLE), share)?;
            }
            self.hold_line(line, -share);
            line.quantity -= share;
            rest -= share;
            let piece =
                Line { quantity: share, fulfilled: 0, worth: 0, released: 0, ..line.clone() };
            pieces.push((at, piece));
        }
        Ok(Parcel { item: wish.item.clone(), to: wish.to.clone(), pieces })
    }

    /// Takes the same quantity there, or tells what is short.
    fn take_there(
        &mut self,
        parcel: &mut Parcel,
        bucket: Bucket,
    ) -> Result<Option<Shortage>, Rejection> {
        let key: Key = (parcel.item.clone(), parcel.to.clone());
        let holding = parcel.pieces.iter().filter(|(_, line)| line.holds);
        let wanted = holding.map(|(_, line)| line.quantity).fold(0, i64::saturating_add);
        // Only a position that is new or takes stock goes into the record.
        if wanted != 0 || !self.shop().positions.contains_key(&key) {
            self.touch(&key);
            let available = self.get(&key, Bucket::Available);
            let mut free = sellable(&self.shop().policy(&key), available);
            if let Some(of_lots) = self.short_of_lot(&key, parcel) {
                free = Some(free.map_or(of_lots, |free| free.min(of_lots)));
            }
            if let Some(free) = free.filter(|free| *free < wanted) {
                let (item, location) = (parcel.item.clone(), Some(parcel.to.clone()));
                let (requested, sellable) = (quantity(wanted), quantity(free));
                return Ok(Some(Shortage { item, location, requested, sellable }));
            }
            if wanted != 0 {
                self.book(&key, MovementKind::Reserve, (AVAILABLE, Some(bucket)), wanted)?;
            }
        }
        for (_, line) in &mut parcel.pieces {
            line.location = Some(parcel.to.clone());
            let line = line.clone();
            self.hold_line(&line, line.quantity);
        }
        Ok(None)
    }

    /// What is free of the first lot that is short there.
    fn short_of_lot(&self, key: &Key, parcel: &Parcel) -> Option<i64> {
        let mut wanted: Vec<(&LotNumber, i64)> = Vec::new();
        for (_, line) in parcel.pieces.iter().filter(|(_, line)| line.holds) {
            let Some(lot) = &line.lot else { continue };
            match wanted.iter_mut().find(|(held, _)| *held == lot) {
                Some((_, sum)) => *sum += line.quantity,
                None => wanted.push((lot, line.quantity)),
            }
        }
        let mut short = wanted.into_iter().filter_map(|(lot, amount)| {
            let free = self.free_of_lot(key, Bucket::Available, lot).max(0);
            (free < amount).then_some(free)
        });
        short.next()
    }
}

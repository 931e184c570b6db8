//! Goods that are there get another cost, and lots whose last day is over are held.

use onhand_domain::change::{Cause, MovementKind};
use onhand_domain::command::Revalue;
use onhand_domain::layer::{Area, Goods, Origin, Pick};
use onhand_domain::position::Bucket;
use onhand_domain::rejection::Rejection;

use super::goods::{bucket_of, pick_of, within};
use super::layers::{Layer, is_over};
use super::shop::{Key, Position};
use super::step::{Step, Unknown, quantity};
use super::worth::{Average, worth};

/// What leaves an area at its old cost, and comes back at the new one.
fn recosted(held: &Position, area: Area, wish: &Revalue) -> Vec<Pick> {
    let unit_cost = Some(wish.unit_cost);
    let mut picks = Vec::new();
    let is_meant = |layer: &&Layer| wish.lot.is_none() || layer.origin.lot == wish.lot;
    for layer in held.layers.of(area).filter(is_meant) {
        if layer.origin.unit_cost != unit_cost {
            let origin = Origin { unit_cost, ..layer.origin.clone() };
            picks.push(pick_of(&layer.origin, -layer.amount));
            picks.push(pick_of(&origin, layer.amount));
        }
    }
    let (short, before) = (held.layers.shortage, held.layers.last_cost);
    if area == Area::Shelf && wish.lot.is_none() && short != 0 && before != unit_cost {
        picks.push(Pick { goods: Goods::Shortage(before), quantity: quantity(short) });
        picks.push(Pick { goods: Goods::Shortage(unit_cost), quantity: quantity(-short) });
    }
    picks
}

impl Step {
    pub(super) fn revalue(&mut self, wish: &Revalue) -> Result<(), Rejection> {
        let key = self.corrected(&wish.place, Unknown::Refuse)?;
        let before = self.held(&key);
        let mut lots = before.layers.all.iter().map(|layer| layer.origin.lot.as_ref());
        if let Some(lot) = &wish.lot
            && !lots.any(|held| held == Some(lot))
        {
            return Err(Rejection::UnknownLot(lot.clone()));
        }
        let mut change = 0;
        // What is on its way belongs to its transfer.
        for area in [Area::Shelf, Area::Damaged, Area::QualityHold] {
            let picks = recosted(&before, area, wish);
            if !picks.is_empty() {
                let bucket = bucket_of(area);
                let entry = within(MovementKind::Revaluation, bucket, bucket);
                let place = self.book_goods(&key, entry, 0, picks, None)?;
                change += i128::from(self.told.moves[place].value.millionths());
            }
        }
        if self.told.moves.is_empty() {
            return self.book(&key, MovementKind::Revaluation, (None, None), 0);
        }
        let (average, units) = (before.averaged(), before.units());
        let is_all = wish.lot.is_none() && before.get(Bucket::InTransit) == 0;
        let average = if is_all {
            let cost = Some(wish.unit_cost);
            Average { value: worth(cost, units), cost }
        } else {
            average.to(average.value + change, units)?
        };
        self.set_average(&key, average);
        Ok(())
    }

    /// What is left on the shelf of lots whose last day is over is held, all of it.
    pub(super) fn expire_lots(&mut self, key: &Key) -> Result<(), Rejection> {
        self.told.cause = Some(Cause::LotExpired);
        self.is_fact = true;
        let (held, now) = (self.held(key), self.now);
        let over = held.layers.of(Area::Shelf).filter(|layer| is_over(&layer.origin, now));
        let picks: Vec<Pick> = over.map(|layer| pick_of(&layer.origin, layer.amount)).collect();
        let amount = picks.iter().map(|pick| pick.quantity.millionths()).sum();
        let entry = within(MovementKind::Expired, Bucket::Available, Bucket::QualityHold);
        self.book_goods(key, entry, amount, picks, None).map(|_| ())
    }
}

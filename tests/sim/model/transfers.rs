//! Transfers.

use std::sync::Arc;

use onhand_domain::change::MovementKind;
use onhand_domain::command::{Detail, Force, StartTransfer};
use onhand_domain::ids::LocationId;
use onhand_domain::layer::{Goods, Origin, Pick};
use onhand_domain::position::Bucket;
use onhand_domain::quantity::Quantity;
use onhand_domain::rejection::Rejection;
use onhand_domain::time::Timestamp;
use onhand_domain::transfer::TransferStatus;

use super::goods::{enter, leave, pick_of, within};
use super::layers::is_over;
use super::promise::Travel;
use super::shop::Key;
use super::step::{Step, Unknown, quantity, short};
use super::stock::lot_of;

type Freight = Vec<(Origin, i64)>;

fn picks_of(freight: &Freight) -> Vec<Pick> {
    freight.iter().map(|(origin, amount)| pick_of(origin, *amount)).collect()
}

fn sum_of(freight: &Freight) -> i64 {
    freight.iter().map(|(_, amount)| amount).sum()
}

/// What is good for sale, and what arrives on hold.
fn by_bucket(freight: Freight, now: i64) -> Vec<(Bucket, Freight)> {
    let (over, good): (Freight, Freight) =
        freight.into_iter().partition(|(origin, _)| is_over(origin, now));
    let both = [(Bucket::Available, good), (Bucket::QualityHold, over)];
    both.into_iter().filter(|(_, freight)| !freight.is_empty()).collect()
}

impl Step {
    pub(super) fn start_transfer(&mut self, wish: &StartTransfer) -> Result<(), Rejection> {
        self.is_fact = wish.force == Force::Fact;
        let unknown = if self.is_fact { Unknown::Create } else { Unknown::Refuse };
        self.find_item(&wish.item, unknown)?;
        if !self.shop().tracked(&wish.item) {
            return Err(Rejection::NotTracked(wish.item.clone()));
        }
        self.find_location(&wish.from, unknown)?;
        let (from, to) =
            ((wish.item.clone(), wish.from.clone()), (wish.item.clone(), wish.to.clone()));
        let (lot, amount) = (lot_of(wish.detail.as_ref()), wish.quantity.millionths());
        let free = self.free_of(&from, Bucket::Available, lot);
        if !self.is_fact && free < amount {
            return Err(short(&from, amount, free));
        }
        self.find_location(&wish.to, Unknown::Create)?;
        let left = leave(MovementKind::TransferOut, Bucket::Available);
        let place = self.send(&from, left, amount, lot)?;
        let freight: Freight =
            self.told.moves[place].picks.iter().map(|pick| self.loaded(pick)).collect();
        let (value, picks) = (self.told.moves[place].value, picks_of(&freight));
        let on_its_way = enter(MovementKind::TransferOut, Bucket::InTransit);
        self.book_goods(&to, on_its_way, amount, picks, Some(value))?;
        let travel = Travel {
            number: self.sequence,
            tenant: self.tenant.clone(),
            item: wish.item.clone(),
            from: wish.from.clone(),
            to: wish.to.clone(),
            quantity: amount,
            received: 0,
            freight,
            status: TransferStatus::InTransit,
            version: 1,
            sequence: self.sequence,
        };
        self.put_travel(travel, amount);
        Ok(())
    }

    /// What was not on the books has left all the same: it is a layer of this record.
    fn loaded(&self, pick: &Pick) -> (Origin, i64) {
        let origin = match &pick.goods {
            Goods::Layer(origin) => origin.clone(),
            Goods::Shortage(unit_cost) => Origin {
                received_at: Timestamp::from_millis(self.now),
                sequence: self.sequence,
                unit_cost: *unit_cost,
                ..Origin::default()
            },
        };
        (origin, pick.quantity.millionths())
    }

    /// What left first arrives first, of the lot that is named.
    pub(super) fn receive_transfer(
        &mut self,
        number: u64,
        wanted: Option<Quantity>,
        detail: Option<&Arc<Detail>>,
    ) -> Result<(), Rejection> {
        self.is_fact = true;
        let mut travel = self.travel(number)?;
        let open = travel.open();
        let amount = wanted.map_or(open, Quantity::millionths);
        if amount > open {
            let (requested, open) = (quantity(amount), quantity(open));
            return Err(Rejection::ExceedsOpen { item: None, requested, open });
        }
        let (mut rest, lot) = (amount, lot_of(detail));
        let (mut arriving, mut staying) = (Freight::new(), Freight::new());
        for (origin, there) in travel.freight {
            let is_meant = lot.is_none() || origin.lot.as_ref() == lot;
            let here = if is_meant { there.min(rest) } else { 0 };
            rest -= here;
            arriving.extend((here > 0).then(|| (origin.clone(), here)));
            staying.extend((there > here).then_some((origin, there - here)));
        }
        if rest > 0 {
            let (requested, open) = (quantity(amount), quantity(amount - rest));
            return Err(Rejection::ExceedsOpen { item: None, requested, open });
        }
        travel.freight = staying;
        let to: Key = (travel.item.clone(), travel.to.clone());
        for (bucket, freight) in by_bucket(arriving, self.now) {
            let entry = within(MovementKind::TransferIn, Bucket::InTransit, bucket);
            self.book_goods(&to, entry, sum_of(&freight), picks_of(&freight), None)?;
        }
        self.limit_layers(&to)?;
        travel.received += amount;
        if travel.received == travel.quantity {
            travel.status = TransferStatus::Received;
        }
        self.put_next(travel, amount);
        Ok(())
    }

    pub(super) fn cancel_transfer(&mut self, number: u64) -> Result<(), Rejection> {
        self.is_fact = true;
        let mut travel = self.travel(number)?;
        let open = travel.open();
        let to: Key = (travel.item.clone(), travel.to.clone());
        let from: Key = (travel.item.clone(), travel.from.clone());
        self.go_home(&travel.from);
        for (bucket, freight) in by_bucket(std::mem::take(&mut travel.freight), self.now) {
            let (amount, picks) = (sum_of(&freight), picks_of(&freight));
            let left = leave(MovementKind::TransferOut, Bucket::InTransit);
            let place = self.book_goods(&to, left, amount, picks.clone(), None)?;
            let value = self.told.moves[place].value;
            let back = enter(MovementKind::TransferIn, bucket);
            self.book_goods(&from, back, amount, picks, Some(value))?;
        }
        self.limit_layers(&from)?;
        travel.status = TransferStatus::Cancelled;
        self.put_next(travel, open);
        Ok(())
    }

    /// Goods go back to a place, so it is in use again.
    pub(super) fn go_home(&mut self, id: &LocationId) {
        let origin = self.shop().locations[id].clone();
        if origin.removed {
            self.put_location(id, origin.attributes);
        }
    }

    /// A transfer of this tenant that is on its way.
    fn travel(&self, number: u64) -> Result<Travel, Rejection> {
        let travel = self.model.transfers.get(&number).filter(|held| held.tenant == self.tenant);
        let travel = travel.cloned().ok_or(Rejection::UnknownTransfer)?;
        match travel.status {
            TransferStatus::InTransit => Ok(travel),
            ended => Err(Rejection::InvalidTransferState(ended)),
        }
    }

    fn put_next(&mut self, mut travel: Travel, moved: i64) {
        travel.version += 1;
        travel.sequence = self.sequence;
        self.put_travel(travel, moved);
    }

    fn put_travel(&mut self, travel: Travel, moved: i64) {
        self.told.transfer = Some(travel.number);
        self.told.transferred = moved;
        self.model.transfers.insert(travel.number, travel);
    }
}

//! Transfers.

use onhand_domain::change::MovementKind;
use onhand_domain::command::{Force, StartTransfer};
use onhand_domain::position::Bucket;
use onhand_domain::quantity::Quantity;
use onhand_domain::rejection::Rejection;
use onhand_domain::transfer::TransferStatus;

use super::promise::Travel;
use super::shop::Key;
use super::step::{Step, Unknown, quantity, short};

const AVAILABLE: Option<Bucket> = Some(Bucket::Available);
const IN_TRANSIT: Option<Bucket> = Some(Bucket::InTransit);

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
        let (there, amount) = (self.get(&from, Bucket::Available), wish.quantity.millionths());
        if !self.is_fact && there < amount {
            return Err(short(&from, amount, there));
        }
        self.find_location(&wish.to, Unknown::Create)?;
        self.book(&from, MovementKind::TransferOut, (AVAILABLE, None), amount)?;
        self.book(&to, MovementKind::TransferOut, (None, IN_TRANSIT), amount)?;
        let travel = Travel {
            number: self.sequence,
            tenant: self.tenant.clone(),
            item: wish.item.clone(),
            from: wish.from.clone(),
            to: wish.to.clone(),
            quantity: amount,
            received: 0,
            status: TransferStatus::InTransit,
            version: 1,
            sequence: self.sequence,
        };
        self.put_travel(travel, amount);
        Ok(())
    }

    pub(super) fn receive_transfer(
        &mut self,
        number: u64,
        wanted: Option<Quantity>,
    ) -> Result<(), Rejection> {
        let mut travel = self.travel(number)?;
        let open = travel.open();
        let amount = wanted.map_or(open, Quantity::millionths);
        if amount > open {
            let (requested, open) = (quantity(amount), quantity(open));
            return Err(Rejection::ExceedsOpen { item: None, requested, open });
        }
        let to: Key = (travel.item.clone(), travel.to.clone());
        self.book(&to, MovementKind::TransferIn, (IN_TRANSIT, AVAILABLE), amount)?;
        travel.received += amount;
        if travel.received == travel.quantity {
            travel.status = TransferStatus::Received;
        }
        self.put_next(travel, amount);
        Ok(())
    }

    pub(super) fn cancel_transfer(&mut self, number: u64) -> Result<(), Rejection> {
        let mut travel = self.travel(number)?;
        let open = travel.open();
        let to: Key = (travel.item.clone(), travel.to.clone());
        let from: Key = (travel.item.clone(), travel.from.clone());
        self.book(&to, MovementKind::TransferOut, (IN_TRANSIT, None), open)?;
        // The goods go back, so the place is in use again.
        let origin = self.shop().locations[&travel.from].clone();
        if origin.removed {
            self.put_location(&travel.from, origin.attributes);
        }
        self.book(&from, MovementKind::TransferIn, (None, AVAILABLE), open)?;
        travel.status = TransferStatus::Cancelled;
        self.put_next(travel, open);
        Ok(())
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

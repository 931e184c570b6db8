//! `StockTransferred`: a transfer began, arrived in part or whole, or went back.

use onhand_domain::change::Cause;
use onhand_domain::ids::{ItemId, LocationId};
use onhand_domain::quantity::Quantity;
use onhand_domain::transfer::TransferStatus;

use super::Payload;
use super::teller::{Aggregate, Teller};
use crate::ids;

/// A transfer as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockTransferred {
    /// Its name.
    pub transfer_id: String,
    /// Where it stands.
    pub status: TransferStatus,
    /// The item.
    pub item: ItemId,
    /// Where it comes from.
    pub from: LocationId,
    /// Where it goes.
    pub to: LocationId,
    /// What was sent.
    pub quantity: Quantity,
    /// What has arrived up to now; `None` when it has only begun.
    pub received: Option<Quantity>,
}

/// Tells what happened to the transfer.
pub(super) fn tell(teller: &mut Teller<'_>) {
    let Some(held) = &teller.change.transfer else { return };
    let transfer_id = ids::transfer_id(teller.record.log, held.number);
    let transferred = StockTransferred {
        transfer_id: transfer_id.clone(),
        status: held.status,
        item: teller.names.item(held.item),
        from: teller.place(held.from).1,
        to: teller.place(held.to).1,
        quantity: held.quantity,
        received: (teller.change.cause != Cause::TransferStarted).then_some(held.received),
    };
    let payload = Payload::StockTransferred(Box::new(transferred));
    teller.tell(Aggregate::transfer(transfer_id, held.version), payload);
}

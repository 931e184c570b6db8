//! Transfers: stock leaves one location, is on its way, and arrives at another.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::restock::home;
use crate::change::{Change, MovementKind};
use crate::command::{Detail, Force, StartTransfer};
use crate::draft::{Draft, Nature, Unknown};
use crate::position::Bucket;
use crate::quantity::Quantity;
use crate::rejection::{Rejection, Shortage};
use crate::transfer::{Transfer, TransferStatus};

/// Stock leaves the origin; until it arrives it lies in `inTransit` of the destination.
pub(super) fn start(mut draft: Draft<'_>, wish: &StartTransfer) -> Result<Box<Change>, Rejection> {
    let is_fact = wish.force == Force::Fact;
    draft.nature = if is_fact { Nature::Fact } else { Nature::Wish };
    let unknown = if is_fact { Unknown::Create } else { Unknown::Refuse };
    let item = draft.find_item(&wish.item, unknown)?;
    if !draft.is_tracked(item) {
        return Err(Rejection::NotTracked(wish.item.clone()));
    }
    let from = draft.find_location(&wish.from, unknown)?;
    let from = draft.open_at(item, from);
    let free = draft.figures(from).available;
    if !is_fact && free < wish.quantity {
        return Err(Rejection::InsufficientStock(alloc::vec![Shortage {
            item: wish.item.clone(),
            location: Some(wish.from.clone()),
            requested: wish.quantity,
            sellable: free.max(Quantity::ZERO),
        }]));
    }
    let to = draft.find_location(&wish.to, Unknown::Create)?;
    let to = draft.open_at(item, to);
    draft.tell(wish.detail.as_ref());
    draft.book(from, MovementKind::TransferOut, Some(Bucket::Available), None, wish.quantity)?;
    draft.book(to, MovementKind::TransferOut, None, Some(Bucket::InTransit), wish.quantity)?;
    draft.show(from);
    draft.show(to);
    draft.change.transferred = wish.quantity;
    draft.change.transfer = Some(Box::new(Transfer {
        number: draft.sequence,
        tenant: draft.change.tenant,
        item,
        from: draft.number(from),
        to: draft.number(to),
        quantity: wish.quantity,
        received: Quantity::ZERO,
        status: TransferStatus::InTransit,
        created_at: draft.now(),
        updated_at: draft.now(),
        version: 1,
        sequence: draft.sequence,
    }));
    Ok(draft.finish())
}

/// Stock on its way has arrived, all of it or part.
pub(super) fn receive(
    mut draft: Draft<'_>,
    held: &Transfer,
    quantity: Option<Quantity>,
    detail: Option<&Arc<Detail>>,
) -> Result<Box<Change>, Rejection> {
    let open = open_of(held)?;
    let quantity = quantity.unwrap_or(open);
    if quantity > open {
        return Err(Rejection::ExceedsOpen { item: None, requested: quantity, open });
    }
    draft.nature = Nature::Fact;
    draft.tell(detail);
    let to = draft.touch(held.to);
    let (from_bucket, to_bucket) = (Some(Bucket::InTransit), Some(Bucket::Available));
    draft.book(to, MovementKind::TransferIn, from_bucket, to_bucket, quantity)?;
    draft.show(to);
    let received = held.received.saturating_add(quantity);
    let status = if received == held.quantity {
        TransferStatus::Received
    } else {
        TransferStatus::InTransit
    };
    Ok(settle(draft, held, quantity, received, status))
}

/// What has not arrived goes back to the origin.
pub(super) fn cancel(
    mut draft: Draft<'_>,
    held: &Transfer,
    detail: Option<&Arc<Detail>>,
) -> Result<Box<Change>, Rejection> {
    let open = open_of(held)?;
    draft.nature = Nature::Fact;
    draft.tell(detail);
    let to = draft.touch(held.to);
    draft.book(to, MovementKind::TransferOut, Some(Bucket::InTransit), None, open)?;
    let from = home(&mut draft, held.from);
    draft.book(from, MovementKind::TransferIn, None, Some(Bucket::Available), open)?;
    draft.show(from);
    draft.show(to);
    Ok(settle(draft, held, open, held.received, TransferStatus::Cancelled))
}

fn open_of(held: &Transfer) -> Result<Quantity, Rejection> {
    match held.status {
        TransferStatus::InTransit => Ok(held.open()),
        ended => Err(Rejection::InvalidTransferState(ended)),
    }
}

fn settle(
    mut draft: Draft<'_>,
    held: &Transfer,
    moved: Quantity,
    received: Quantity,
    status: TransferStatus,
) -> Box<Change> {
    draft.change.transferred = moved;
    draft.change.transfer = Some(Box::new(Transfer {
        received,
        status,
        updated_at: draft.now(),
        version: held.version.saturating_add(1),
        sequence: draft.sequence,
        ..held.clone()
    }));
    draft.finish()
}

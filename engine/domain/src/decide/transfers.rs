//! Transfers: stock leaves one location, is on its way, and arrives at another.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::catalog::Standing;
use crate::change::{Change, MovementKind};
use crate::command::{Detail, Force, StartTransfer};
use crate::draft::goods::Entry;
use crate::draft::{Draft, Nature, Unknown};
use crate::ids::LotNumber;
use crate::layer::{Goods, Layer, Origin, Pick};
use crate::layers::LAYERS_MAX;
use crate::position::Bucket;
use crate::quantity::Quantity;
use crate::rejection::{Limit, Rejection, Shortage};
use crate::time::Timestamp;
use crate::transfer::{Freight, Transfer, TransferStatus};

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
    let lot = wish.detail.as_ref().and_then(|detail| detail.lot.as_ref());
    let mut free = draft.figures(from).available;
    if let Some(lot) = lot {
        free = free.min(draft.free_of_lot(from, Bucket::Available, lot));
    }
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
    let freight = load(&mut draft, from, to, wish)?;
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
        freight,
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
    let lot = detail.and_then(|detail| detail.lot.as_ref());
    let (arriving, freight) = unload(held, quantity, lot)?;
    for (bucket, layers) in by_bucket(arriving, draft.now()) {
        let entry = Entry::within(MovementKind::TransferIn, Bucket::InTransit, bucket);
        draft.book_goods(to, entry, sum_of(&layers), picks_of(&layers), None)?;
    }
    draft.limit_layers(to)?;
    draft.show(to);
    let received = held.received.saturating_add(quantity);
    let status = if received == held.quantity {
        TransferStatus::Received
    } else {
        TransferStatus::InTransit
    };
    Ok(settle(draft, held, quantity, Transfer { received, status, freight, ..held.clone() }))
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
    let from = origin(&mut draft, held);
    for (bucket, layers) in by_bucket(held.freight.clone(), draft.now()) {
        let (quantity, picks) = (sum_of(&layers), picks_of(&layers));
        let booked = draft.change.movements.len();
        let leave = Entry::leave(MovementKind::TransferOut, Bucket::InTransit);
        draft.book_goods(to, leave, quantity, picks.clone(), None)?;
        let value = draft.change.movements.get(booked).map(|movement| movement.value);
        let enter = Entry::enter(MovementKind::TransferIn, bucket);
        draft.book_goods(from, enter, quantity, picks, value)?;
    }
    draft.limit_layers(from)?;
    draft.show(from);
    draft.show(to);
    let (status, freight) = (TransferStatus::Cancelled, Vec::new());
    Ok(settle(draft, held, open, Transfer { status, freight, ..held.clone() }))
}

/// Where the goods go back to; a location that was removed meanwhile is in use again with that.
fn origin(draft: &mut Draft<'_>, held: &Transfer) -> usize {
    let at = draft.touch(held.from);
    let (_, location) = draft.place_of(at);
    let removed = draft.stock.location(location);
    if let Some(removed) = removed.filter(|location| location.standing == Standing::Archived) {
        draft.put_location(&removed.id, removed.attributes.clone());
    }
    at
}

fn open_of(held: &Transfer) -> Result<Quantity, Rejection> {
    match held.status {
        TransferStatus::InTransit => Ok(held.open()),
        ended => Err(Rejection::InvalidTransferState(ended)),
    }
}

fn settle(mut draft: Draft<'_>, held: &Transfer, moved: Quantity, after: Transfer) -> Box<Change> {
    draft.change.transferred = moved;
    draft.change.transfer = Some(Box::new(Transfer {
        updated_at: draft.now(),
        version: held.version.saturating_add(1),
        sequence: draft.sequence,
        ..after
    }));
    draft.finish()
}

/// Takes the goods from the origin's shelf and puts them on their way: layers and costs travel along.
fn load(
    draft: &mut Draft<'_>,
    from: usize,
    to: usize,
    wish: &StartTransfer,
) -> Result<Freight, Rejection> {
    let lot = wish.detail.as_ref().and_then(|detail| detail.lot.as_ref());
    let picks = draft.pick(from, Bucket::Available, wish.quantity, lot);
    let freight: Freight = picks.iter().map(|pick| as_layer(draft, pick)).collect();
    let booked = draft.change.movements.len();
    let leave = Entry::leave(MovementKind::TransferOut, Bucket::Available);
    draft.book_goods(from, leave, wish.quantity, picks, None)?;
    let value = draft.change.movements.get(booked).map(|movement| movement.value);
    let known = draft.contents(to).len();
    let most = LAYERS_MAX.saturating_mul(2);
    if draft.nature == Nature::Wish && known.saturating_add(freight.len()) > most {
        let limit = u32::try_from(most).unwrap_or(u32::MAX);
        return Err(Rejection::LimitExceeded { what: Limit::Layers, limit });
    }
    let enter = Entry::enter(MovementKind::TransferOut, Bucket::InTransit);
    draft.book_goods(to, enter, wish.quantity, picks_of(&freight), value)?;
    Ok(freight)
}

/// What was not on the books has left all the same: on its way it is a layer of this record.
fn as_layer(draft: &Draft<'_>, pick: &Pick) -> Layer {
    let origin = match &pick.goods {
        Goods::Layer(origin) => origin.clone(),
        Goods::Shortage(unit_cost) => Origin {
            received_at: draft.now(),
            sequence: draft.sequence,
            unit_cost: *unit_cost,
            ..Origin::default()
        },
    };
    Layer { origin, quantity: pick.quantity }
}

/// What of the freight arrives, and what stays on its way: what left first arrives first, of the lot that
/// was named.
fn unload(
    held: &Transfer,
    quantity: Quantity,
    lot: Option<&LotNumber>,
) -> Result<(Freight, Freight), Rejection> {
    let (mut arriving, mut staying) = (Freight::new(), Freight::new());
    let mut rest = quantity;
    for layer in &held.freight {
        let is_meant = lot.is_none() || layer.origin.lot.as_ref() == lot;
        let here = if is_meant { layer.quantity.min(rest) } else { Quantity::ZERO };
        rest = rest.saturating_sub(here);
        let later = layer.quantity.saturating_sub(here);
        if here.is_positive() {
            arriving.push(Layer { quantity: here, ..layer.clone() });
        }
        if later.is_positive() {
            staying.push(Layer { quantity: later, ..layer.clone() });
        }
    }
    if rest.is_positive() {
        let open = quantity.saturating_sub(rest);
        return Err(Rejection::ExceedsOpen { item: None, requested: quantity, open });
    }
    Ok((arriving, staying))
}

/// Lots whose last day is over arrive on hold.
fn by_bucket(layers: Freight, now: Timestamp) -> impl Iterator<Item = (Bucket, Freight)> {
    let is_over = |layer: &Layer| layer.origin.expiry.is_some_and(|day| day.end() <= now);
    let (over, good): (Freight, Freight) = layers.into_iter().partition(is_over);
    let both = [(Bucket::Available, good), (Bucket::QualityHold, over)];
    both.into_iter().filter(|(_, layers)| !layers.is_empty())
}

fn picks_of(layers: &[Layer]) -> Vec<Pick> {
    layers.iter().map(Layer::as_pick).collect()
}

fn sum_of(layers: &[Layer]) -> Quantity {
    layers.iter().fold(Quantity::ZERO, |sum, layer| sum.saturating_add(layer.quantity))
}

//! Shipping a reservation, all or part, from where it is held or from elsewhere.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Decision;
use super::life::{held_at, next_version, put, refuse_ended, release_open, settle};
use crate::catalog::{ItemNumber, LocationNumber};
use crate::change::{LineShare, MovementKind};
use crate::command::{Force, Fulfil, Place, Rest, ShippedLine};
use crate::draft::goods::Entry;
use crate::draft::{Draft, Nature, Unknown, sums::summed};
use crate::ids::{ItemId, LotNumber, Reference};
use crate::layer::Area;
use crate::limits::SHIPMENTS_MAX;
use crate::position::{Bucket, Contents, PositionNumber};
use crate::quantity::{Money, Quantity};
use crate::rejection::{Limit, Rejection, Shortage};
use crate::reservation::{Holding, Line, Reservation, Shipment, Status};

/// Ships; the same shipment is booked once.
pub(super) fn fulfil(
    mut draft: Draft<'_>,
    held: &Arc<Reservation>,
    wish: &Fulfil,
) -> Result<Decision, Rejection> {
    if let Some(id) = &wish.shipment
        && let Some(booked) = held.shipments.iter().find(|booked| booked.id.as_ref() == Some(id))
    {
        // It would be the first answer again, but that is no longer so.
        if booked.undone.is_some() {
            return Err(Rejection::ShipmentUndone);
        }
        return Ok(Decision::Repeat(booked.sequence));
    }
    refuse_ended(held)?;
    draft.nature = if wish.force == Force::Fact { Nature::Fact } else { Nature::Wish };
    draft.tell(wish.detail.as_ref());
    let mut next = next_version(&draft, held);
    match &wish.lines {
        None => ship_all(&mut draft, &mut next, wish.force)?,
        Some(lines) => ship(&mut draft, &mut next, lines, wish.force)?,
    }
    note(&mut next, wish.shipment.as_ref(), draft.sequence)?;
    if wish.rest == Rest::Close {
        release_open(&mut draft, &mut next, MovementKind::Release)?;
    }
    settle(&mut next, Status::Cancelled);
    Ok(put(draft, next))
}

/// Keeps a shipment, so that it can be taken back. Beyond the limit those without a name go, oldest first.
fn note(next: &mut Reservation, id: Option<&Reference>, sequence: u64) -> Result<(), Rejection> {
    let shipments = &mut next.shipments;
    if shipments.len() >= SHIPMENTS_MAX as usize {
        match shipments.iter().position(|booked| booked.id.is_none()) {
            Some(oldest) => drop(shipments.remove(oldest)),
            None if id.is_none() => return Ok(()),
            None => {
                let (what, limit) = (Limit::Shipments, SHIPMENTS_MAX);
                return Err(Rejection::LimitExceeded { what, limit });
            }
        }
    }
    shipments.push(Shipment { id: id.cloned(), sequence, back: Vec::new(), undone: None });
    Ok(())
}

/// Ships all that is open, from where it is held.
fn ship_all(draft: &mut Draft<'_>, next: &mut Reservation, force: Force) -> Result<(), Rejection> {
    let bucket = next.status.bucket();
    for line in &mut next.lines {
        let open = line.open();
        if open.is_zero() {
            continue;
        }
        let mut value = Money::ZERO;
        if let Some(position) = held_at(line) {
            let lot = line.lot.clone();
            value = ship_held(draft, position, bucket, (open, lot.as_deref()), force)?;
        }
        let position = line.position;
        note_shipped(draft, line, position, open, value);
    }
    Ok(())
}

/// What leaves a place.
struct Parcel<'a> {
    id: &'a ItemId,
    item: ItemNumber,
    location: LocationNumber,
    lot: Option<&'a LotNumber>,
    requested: Quantity,
    rest: Quantity,
}

/// Whether goods of an item, from a named lot or any, may serve a line: one that is promised from another
/// lot waits for that.
fn serves(item: ItemNumber, lot: Option<&LotNumber>, line: &Line) -> bool {
    let promised = line.lot.as_deref();
    line.item == item && (lot.is_none() || promised.is_none() || lot == promised)
}

/// Ships quantities from places: first what is held at each, then what is held elsewhere.
fn ship(
    draft: &mut Draft<'_>,
    next: &mut Reservation,
    lines: &[ShippedLine],
    force: Force,
) -> Result<(), Rejection> {
    let lines = summed(lines)?;
    let mut parcels = Vec::with_capacity(lines.len());
    for line in lines.iter() {
        let (item, location) = find(draft, &line.place, force)?;
        let (id, lot) = (&line.place.item, line.lot.as_ref());
        let (requested, rest) = (line.quantity, line.quantity);
        parcels.push(Parcel { id, item, location, lot, requested, rest });
    }
    check_open(next, &parcels)?;
    for own in [true, false] {
        for parcel in &mut parcels {
            ship_parcel(draft, next, parcel, own, force)?;
        }
    }
    // A lot that was named serves no line that is promised from another one.
    match parcels.iter().find(|parcel| !parcel.rest.is_zero()) {
        None => Ok(()),
        Some(left) => {
            let (item, requested) = (Some(left.id.clone()), left.requested);
            let open = requested.saturating_sub(left.rest);
            Err(Rejection::ExceedsOpen { item, requested, open })
        }
    }
}

/// Of each item at most what is open may leave, wherever it leaves from.
fn check_open(next: &Reservation, parcels: &[Parcel<'_>]) -> Result<(), Rejection> {
    let mut open: BTreeMap<ItemNumber, Quantity> = BTreeMap::new();
    for line in &next.lines {
        let sum = open.entry(line.item).or_default();
        *sum = sum.saturating_add(line.open());
    }
    let mut wanted: BTreeMap<ItemNumber, (&ItemId, Quantity)> = BTreeMap::new();
    for parcel in parcels {
        let (_, sum) = wanted.entry(parcel.item).or_insert((parcel.id, Quantity::ZERO));
        *sum = sum.checked_add(parcel.rest).ok_or(Rejection::QuantityOverflow)?;
    }
    for (item, (id, requested)) in wanted {
        let open = open.get(&item).copied().unwrap_or_default();
        if requested > open {
            return Err(Rejection::ExceedsOpen { item: Some(id.clone()), requested, open });
        }
    }
    Ok(())
}

fn ship_parcel(
    draft: &mut Draft<'_>,
    next: &mut Reservation,
    parcel: &mut Parcel<'_>,
    own: bool,
    force: Force,
) -> Result<(), Rejection> {
    let item = parcel.item;
    let here = draft.stock.position_number(item, parcel.location);
    let bucket = next.status.bucket();
    let named = parcel.lot;
    for line in next.lines.iter_mut().filter(|line| serves(item, named, line)) {
        let is_here = here.is_some() && line.position == here;
        let share = line.open().min(parcel.rest);
        if is_here != own || share.is_zero() {
            continue;
        }
        let lot = parcel.lot.cloned().or_else(|| line.lot.as_deref().cloned());
        let (from, value) = match (line.holding, line.position) {
            (Holding::Nothing, position) => (position, Money::ZERO),
            (Holding::Stock, Some(held)) if own => {
                if line.lot.is_none() {
                    check_free_lot(draft, held, parcel.lot, share, force)?;
                }
                let value = ship_held(draft, held, bucket, (share, lot.as_ref()), force)?;
                (Some(held), value)
            }
            (Holding::Stock, held) => {
                let place = (item, parcel.location);
                let goods = (share, lot.as_ref());
                let (from, value) = ship_elsewhere(draft, held, place, bucket, goods, force)?;
                (Some(from), value)
            }
        };
        parcel.rest = parcel.rest.saturating_sub(share);
        note_shipped(draft, line, from, share, value);
    }
    Ok(())
}

fn note_shipped(
    draft: &mut Draft<'_>,
    line: &mut Line,
    position: Option<PositionNumber>,
    quantity: Quantity,
    value: Money,
) {
    // What has left is promised no longer: the next parcel need not spare it.
    if let (Holding::Stock, Some(held), Some(lot)) = (line.holding, line.position, &line.lot) {
        draft.hold_lot(held, lot, quantity.negated());
    }
    line.fulfilled = line.fulfilled.saturating_add(quantity);
    line.fulfilled_value = line.fulfilled_value.saturating_add(value);
    draft.change.shipped.push(LineShare { item: line.item, position, quantity, value });
}

fn find(
    draft: &mut Draft<'_>,
    place: &Place,
    force: Force,
) -> Result<(ItemNumber, LocationNumber), Rejection> {
    let nature = core::mem::replace(&mut draft.nature, Nature::Fact); // archived items are shipped too
    let item = draft.known_item(&place.item);
    draft.nature = nature;
    let unknown = if force == Force::Fact { Unknown::Create } else { Unknown::Refuse };
    Ok((item?, draft.find_location(&place.location, unknown)?))
}

/// What leaves, and the lot it is to be picked from.
type Wanted<'a> = (Quantity, Option<&'a LotNumber>);

/// From the caller's own hold: it must lie on the shelf. Tells what it was worth.
fn ship_held(
    draft: &mut Draft<'_>,
    position: PositionNumber,
    bucket: Option<Bucket>,
    (quantity, lot): Wanted<'_>,
    force: Force,
) -> Result<Money, Rejection> {
    let at = draft.touch(position);
    let there = there_of(draft, at, lot, draft.figures(at).shelf());
    check_shelf(draft, at, there, quantity, force)?;
    let from = bucket.expect("an open reservation holds in a bucket");
    send(draft, at, from, quantity, lot)
}

/// From another place than it is held: it must be free there, and the hold is given back.
fn ship_elsewhere(
    draft: &mut Draft<'_>,
    held: Option<PositionNumber>,
    (item, location): (ItemNumber, LocationNumber),
    bucket: Option<Bucket>,
    (quantity, lot): Wanted<'_>,
    force: Force,
) -> Result<(PositionNumber, Money), Rejection> {
    if let Some(held) = held {
        let at = draft.touch(held);
        draft.book(at, MovementKind::Release, bucket, Some(Bucket::Available), quantity)?;
    }
    let at = draft.open_at(item, location);
    let available = draft.figures(at).available;
    let free = match lot {
        Some(lot) => available.min(draft.free_of_lot(at, Bucket::Available, lot)),
        None => available,
    };
    check_shelf(draft, at, free, quantity, force)?;
    let value = send(draft, at, Bucket::Available, quantity, lot)?;
    Ok((draft.number(at), value))
}

/// What leaves by the item's strategy, and what it was worth.
fn send(
    draft: &mut Draft<'_>,
    at: usize,
    from: Bucket,
    quantity: Quantity,
    lot: Option<&LotNumber>,
) -> Result<Money, Rejection> {
    let booked = draft.change.movements.len();
    draft.send(at, Entry::leave(MovementKind::Fulfil, from), quantity, lot)?;
    Ok(draft.change.movements.get(booked).map_or(Money::ZERO, |movement| movement.value))
}

/// How much of a lot lies on a shelf, promised or not; of any lot, what is given.
fn there_of(
    draft: &mut Draft<'_>,
    at: usize,
    lot: Option<&LotNumber>,
    shelf: Quantity,
) -> Quantity {
    match (lot, draft.contents(at)) {
        (None, _) => shelf,
        (Some(_), Contents::Single(..)) => Quantity::ZERO,
        (Some(lot), Contents::Many(layers)) => shelf.min(layers.of_lot(Area::Shelf, lot)),
    }
}

/// A promise of any lot may take a named one only as far as that is not promised by its number.
fn check_free_lot(
    draft: &mut Draft<'_>,
    position: PositionNumber,
    lot: Option<&LotNumber>,
    quantity: Quantity,
    force: Force,
) -> Result<(), Rejection> {
    let Some(lot) = lot else { return Ok(()) };
    let at = draft.touch(position);
    let free = draft.free_of_lot(at, Bucket::Available, lot);
    check_shelf(draft, at, free, quantity, force)
}

fn check_shelf(
    draft: &Draft<'_>,
    at: usize,
    there: Quantity,
    quantity: Quantity,
    force: Force,
) -> Result<(), Rejection> {
    if force == Force::Fact || there >= quantity {
        return Ok(());
    }
    let (item, location) = draft.place_of(at);
    let item = draft.item(item).expect("a position has an item").id.clone();
    Err(Rejection::InsufficientStock(alloc::vec![Shortage {
        item,
        location: draft.location(location).map(|location| location.id.clone()),
        requested: quantity,
        sellable: there.max(Quantity::ZERO),
    }]))
}

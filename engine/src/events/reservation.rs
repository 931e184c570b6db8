//! Events of reservations.

use onhand_domain::change::{Cause, LineShare, MovementKind};
use onhand_domain::ids::{ItemId, LocationId, Reference, Text};
use onhand_domain::quantity::Quantity;
use onhand_domain::rejection::{Rejection, Shortage};
use onhand_domain::reservation::{Line, Reservation, Status};
use onhand_domain::time::Timestamp;

use super::Payload;
use super::teller::{Aggregate, Teller};
use super::words;
use crate::ids;

/// A quantity of an item at a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservedLine {
    /// The item.
    pub item: ItemId,
    /// The location; `None` only for an untracked item of a tenant without any location.
    pub location: Option<LocationId>,
    /// How much.
    pub quantity: Quantity,
}

/// A promise was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationCreated {
    /// Its name.
    pub reservation_id: String,
    /// The order it is promised to.
    pub order: Option<Reference>,
    /// The customer.
    pub customer: Option<Reference>,
    /// The shop or terminal that asked.
    pub local: Option<Reference>,
    /// What is promised.
    pub lines: Vec<ReservedLine>,
    /// When it ends by itself; `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// A promise could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationFailed {
    /// The order it was asked for.
    pub order: Option<Reference>,
    /// Code of the refusal.
    pub reason: &'static str,
    /// Lines that could not be served.
    pub shortages: Vec<Shortage>,
}

/// A promise lost its deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationConfirmed {
    /// Its name.
    pub reservation_id: String,
    /// The order it is promised to.
    pub order: Option<Reference>,
}

/// A promise, or part of it, was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationReleased {
    /// Its name.
    pub reservation_id: String,
    /// The order it was promised to.
    pub order: Option<Reference>,
    /// Why, as the caller said, or `EXPIRED`.
    pub reason: Option<Text>,
    /// What was released.
    pub lines: Vec<ReservedLine>,
    /// Where it stands now: open still, when only a part was released.
    pub status: Status,
}

/// A line of a reservation as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingLine {
    /// The item.
    pub item: ItemId,
    /// The location; see [`ReservedLine::location`].
    pub location: Option<LocationId>,
    /// What is promised.
    pub quantity: Quantity,
    /// What was shipped of it.
    pub fulfilled: Quantity,
    /// What was given back of it.
    pub released: Quantity,
}

/// A promise was changed in place: all of it as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationChanged {
    /// What was changed: `EXTENDED`, `LINES_SET`, `RELOCATED`, `UNFULFILLED`.
    pub change: &'static str,
    /// Its name.
    pub reservation_id: String,
    /// The order it is promised to.
    pub order: Option<Reference>,
    /// The customer.
    pub customer: Option<Reference>,
    /// The shop or terminal that asked.
    pub local: Option<Reference>,
    /// When the goods are needed.
    pub required_at: Option<Timestamp>,
    /// Where it stands.
    pub status: Status,
    /// When it ends by itself; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its version.
    pub version: u32,
    /// Its lines.
    pub lines: Vec<StandingLine>,
}

/// A line of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedLine {
    /// The item.
    pub item: ItemId,
    /// Where it left; see [`ReservedLine::location`].
    pub location: Option<LocationId>,
    /// How much.
    pub quantity: Quantity,
    /// Name of the movement; of the record where nothing moved (untracked items).
    pub transaction_id: String,
}

/// All or part of a promise was shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationFulfilled {
    /// Its name.
    pub reservation_id: String,
    /// The order it was promised to.
    pub order: Option<Reference>,
    /// The shipment.
    pub shipment: Option<Reference>,
    /// What was shipped.
    pub lines: Vec<ShippedLine>,
    /// Where it stands now.
    pub status: Status,
}

/// Tells what happened to the reservation.
pub(super) fn tell(teller: &mut Teller<'_>) {
    if let Some(held) = teller.change.reservation.as_deref() {
        let id = ids::reservation_id(teller.record.log, held.number);
        for payload in payloads(teller, held, &id) {
            teller.tell(Aggregate::reservation(id.clone(), held.version), payload);
        }
    }
    for withdrawn in &teller.change.withdrawn {
        let held = &withdrawn.reservation;
        let id = ids::reservation_id(teller.record.log, held.number);
        let released = released(teller, held, &id, &withdrawn.released);
        let payload = Payload::ReservationCancelled(released);
        teller.tell(Aggregate::reservation(id, held.version), payload);
    }
}

fn payloads(teller: &Teller<'_>, held: &Reservation, id: &str) -> Vec<Payload> {
    let shares = &teller.change.released;
    match teller.change.cause {
        Cause::Reserved => vec![created(teller, held, id)],
        Cause::Confirmed => vec![Payload::ReservationConfirmed(ReservationConfirmed {
            reservation_id: id.to_owned(),
            order: held.order.clone(),
        })],
        Cause::Extended => vec![changed(teller, held, id, "EXTENDED")],
        Cause::LinesSet => vec![changed(teller, held, id, "LINES_SET")],
        Cause::Relocated => vec![changed(teller, held, id, "RELOCATED")],
        Cause::Unfulfilled => vec![changed(teller, held, id, "UNFULFILLED")],
        Cause::Cancelled => {
            vec![Payload::ReservationCancelled(released(teller, held, id, shares))]
        }
        Cause::Expired => vec![Payload::ReservationExpired(released(teller, held, id, shares))],
        Cause::Fulfilled => {
            let rest = (!shares.is_empty())
                .then(|| Payload::ReservationCancelled(released(teller, held, id, shares)));
            std::iter::once(fulfilled(teller, held, id)).chain(rest).collect()
        }
        _ => Vec::new(),
    }
}

fn created(teller: &Teller<'_>, held: &Reservation, id: &str) -> Payload {
    let line = |line: &Line| ReservedLine {
        item: teller.names.item(line.item),
        location: teller.location(line.position),
        quantity: line.quantity,
    };
    Payload::ReservationCreated(Box::new(ReservationCreated {
        reservation_id: id.to_owned(),
        order: held.order.clone(),
        customer: held.customer.clone(),
        local: held.local.clone(),
        lines: held.lines.iter().map(line).collect(),
        expires_at: held.expires_at,
    }))
}

fn changed(teller: &Teller<'_>, held: &Reservation, id: &str, change: &'static str) -> Payload {
    let line = |line: &Line| StandingLine {
        item: teller.names.item(line.item),
        location: teller.location(line.position),
        quantity: line.quantity,
        fulfilled: line.fulfilled,
        released: line.released,
    };
    Payload::ReservationChanged(Box::new(ReservationChanged {
        change,
        reservation_id: id.to_owned(),
        order: held.order.clone(),
        customer: held.customer.clone(),
        local: held.local.clone(),
        required_at: held.required_at,
        status: held.status,
        expires_at: held.expires_at,
        created_at: held.created_at,
        version: held.version,
        lines: held.lines.iter().map(line).collect(),
    }))
}

fn released(
    teller: &Teller<'_>,
    held: &Reservation,
    id: &str,
    shares: &[LineShare],
) -> Box<ReservationReleased> {
    let line = |share: &LineShare| ReservedLine {
        item: teller.names.item(share.item),
        location: teller.location(share.position),
        quantity: share.quantity,
    };
    let told = teller.detail().and_then(|detail| detail.reason.clone());
    let expired = || {
        let word = words::status(Status::Expired);
        (teller.change.cause == Cause::Expired).then(|| Text::trusted(word))
    };
    Box::new(ReservationReleased {
        reservation_id: id.to_owned(),
        order: held.order.clone(),
        reason: told.or_else(expired),
        lines: shares.iter().map(line).collect(),
        status: held.status,
    })
}

fn fulfilled(teller: &Teller<'_>, held: &Reservation, id: &str) -> Payload {
    let mut named: Vec<usize> = Vec::new();
    let lines = teller.change.shipped.iter().map(|share| {
        // Two lines may have left the same place: each has a movement of its own.
        let mut movements = share
            .position
            .into_iter()
            .flat_map(|position| teller.movements_at(position, MovementKind::Fulfil));
        let place = movements.find(|place| !named.contains(place));
        named.extend(place);
        ShippedLine {
            item: teller.names.item(share.item),
            location: teller.location(share.position),
            quantity: share.quantity,
            transaction_id: teller.transaction_id(place.unwrap_or(0)),
        }
    });
    let lines = lines.collect();
    let booked = held.shipments.iter().find(|booked| booked.sequence == teller.record.sequence);
    Payload::ReservationFulfilled(Box::new(ReservationFulfilled {
        reservation_id: id.to_owned(),
        order: held.order.clone(),
        shipment: booked.and_then(|booked| booked.id.clone()),
        lines,
        status: held.status,
    }))
}

/// Tells that a reservation asked for by event could not be made. Over HTTP the answer has said so.
pub(super) fn tell_failure(teller: &mut Teller<'_>) {
    let change = teller.change;
    let (Some(Cause::Reserved), Some(refusal), Some(_), None) =
        (change.refused, change.refusal.as_deref(), change.source.as_ref(), change.kept.as_ref())
    else {
        return;
    };
    let shortages = match refusal {
        Rejection::InsufficientStock(shortages) => shortages.clone(),
        _ => Vec::new(),
    };
    let failed = ReservationFailed {
        order: teller.detail().and_then(|detail| detail.order.clone()),
        reason: words::refusal(refusal),
        shortages,
    };
    // It never came to be; this is the first and last that is heard of it.
    let id = ids::reservation_id(teller.record.log, teller.record.sequence);
    teller.tell(Aggregate::reservation(id, 1), Payload::ReservationFailed(failed));
}

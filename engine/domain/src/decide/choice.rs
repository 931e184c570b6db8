//! Choice of location for one line of a reservation.
//!
//! The preferred location, if it serves the whole line. Then the best single location that serves it
//! whole from its shelf: lower priority first, then most on the shelf, then id. If none does, a split
//! over the shelves in the same order; backorder room is used only after the shelves.

use alloc::vec::Vec;

use crate::catalog::{ItemNumber, LocationNumber};
use crate::command::{Backorder, Wanted};
use crate::draft::{Draft, Unknown};
use crate::ids::LocationId;
use crate::policy::{BackorderLimit, Policy};
use crate::position::PositionNumber;
use crate::quantity::Quantity;
use crate::rejection::Rejection;
use crate::stock::places::first_serving;

/// How a line may be served.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) backorder: Backorder,
    /// Most locations one line may be split over.
    pub(super) splits: u32,
}

/// Where stock is taken from: a position that is there, or one that would have to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    Position(PositionNumber),
    New(LocationNumber),
}

/// What one location gives to the line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Take {
    pub(super) spot: Spot,
    pub(super) quantity: Quantity,
}

/// What could be taken for a line, and what is missing.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) takes: Vec<Take>,
    pub(super) missing: Quantity,
    /// What could have been promised in all; told when something is missing.
    pub(super) sellable: Quantity,
}

/// A place that may serve the line.
#[derive(Debug, Clone)]
struct Candidate {
    spot: Spot,
    priority: i32,
    id: LocationId,
    /// From the shelf alone.
    shelf: Quantity,
    /// With backorder room; `None`: no limit.
    room: Option<Quantity>,
}

impl Candidate {
    fn room_for(&self, quantity: Quantity) -> Quantity {
        self.room.map_or(quantity, |room| room.min(quantity))
    }
}

/// What may be promised under a policy and a way of using backorder room; `None`: no limit.
pub(super) fn room(policy: &Policy, available: Quantity, backorder: Backorder) -> Option<Quantity> {
    match (backorder, policy.backorder_limit) {
        (Backorder::Always, _) | (Backorder::Policy, Some(BackorderLimit::Unlimited)) => None,
        (Backorder::Never, _) => Some(policy.shelf(available)),
        (Backorder::Policy, _) => policy.sellable(available),
    }
}

/// Chooses for one line of a tracked item.
pub(super) fn choose(
    draft: &mut Draft<'_>,
    item: ItemNumber,
    quantity: Quantity,
    wanted: &Wanted,
    terms: Terms,
) -> Result<Choice, Rejection> {
    match wanted {
        Wanted::Only(id) => {
            let location = selling_location(draft, id)?;
            Ok(serve_at(draft, item, location, quantity, terms))
        }
        Wanted::Preferred(id) => {
            let location = draft.find_location(id, Unknown::Refuse)?;
            let preferred = candidate_at(draft, item, location, terms.backorder);
            let preferred = preferred.filter(|_| draft.stock.is_selling(location));
            if let Some(first) = &preferred
                && first.shelf >= quantity
            {
                return Ok(served(first.spot, quantity));
            }
            Ok(anywhere(draft, item, quantity, preferred, terms))
        }
        Wanted::Anywhere => Ok(anywhere(draft, item, quantity, None, terms)),
    }
}

/// A location that a line names: it must be known and open for selling.
pub(super) fn selling_location(
    draft: &mut Draft<'_>,
    id: &LocationId,
) -> Result<LocationNumber, Rejection> {
    let location = draft.find_location(id, Unknown::Refuse)?;
    if draft.stock.is_selling(location) {
        Ok(location)
    } else {
        Err(Rejection::LocationInactive(id.clone()))
    }
}

fn served(spot: Spot, quantity: Quantity) -> Choice {
    let takes = alloc::vec![Take { spot, quantity }];
    Choice { takes, missing: Quantity::ZERO, sellable: quantity }
}

fn serve_at(
    draft: &Draft<'_>,
    item: ItemNumber,
    location: LocationNumber,
    quantity: Quantity,
    terms: Terms,
) -> Choice {
    let Some(candidate) = candidate_at(draft, item, location, terms.backorder) else {
        return Choice { takes: Vec::new(), missing: quantity, sellable: Quantity::ZERO };
    };
    let given = candidate.room_for(quantity);
    let mut choice = served(candidate.spot, given);
    choice.takes.retain(|take| take.quantity.is_positive());
    choice.missing = quantity.saturating_sub(given);
    choice
}

fn anywhere(
    draft: &Draft<'_>,
    item: ItemNumber,
    quantity: Quantity,
    preferred: Option<Candidate>,
    terms: Terms,
) -> Choice {
    if let Some(position) = best_single(draft, item, quantity, terms) {
        return served(Spot::Position(position), quantity);
    }
    let mut candidates = candidates_of(draft, item, terms.backorder);
    candidates.sort_by(|a, b| {
        (a.priority, core::cmp::Reverse(a.shelf), &a.id).cmp(&(
            b.priority,
            core::cmp::Reverse(b.shelf),
            &b.id,
        ))
    });
    if let Some(first) = preferred {
        candidates.retain(|candidate| candidate.spot != first.spot);
        candidates.insert(0, first);
    }
    let all = split(&candidates, quantity, terms);
    if all.missing.is_zero() {
        return all;
    }
    // With few splits the shelves of several may be less than the room of one.
    if let Some(one) = candidates.iter().find(|one| one.room_for(quantity) == quantity) {
        return served(one.spot, quantity);
    }
    if let Some(new) = new_place(draft, item, terms.backorder, &candidates)
        && new.room_for(quantity) == quantity
    {
        return served(new.spot, quantity);
    }
    all
}

/// The best single location that serves the whole line from its shelf.
fn best_single(
    draft: &Draft<'_>,
    item: ItemNumber,
    quantity: Quantity,
    terms: Terms,
) -> Option<PositionNumber> {
    let slot = draft.stock.items.get(item)?;
    let is_touched = |number| draft.touched().iter().any(|held| held.position == number);
    let kept = slot.places.order(draft.stock.location_epoch);
    if let Some(order) = kept
        && !slot.places.iter().any(is_touched)
    {
        return first_serving(order, quantity);
    }
    let serving = slot.places.iter().filter_map(|number| candidate(draft, number, terms.backorder));
    let serving = serving.filter(|candidate| candidate.shelf >= quantity);
    let best = serving.min_by(|a, b| {
        (a.priority, core::cmp::Reverse(a.shelf), &a.id).cmp(&(
            b.priority,
            core::cmp::Reverse(b.shelf),
            &b.id,
        ))
    })?;
    match best.spot {
        Spot::Position(number) => Some(number),
        Spot::New(_) => None,
    }
}

/// Empties the shelves in order, over at most so many locations; then uses backorder room.
fn split(candidates: &[Candidate], quantity: Quantity, terms: Terms) -> Choice {
    let mut takes: Vec<Take> = Vec::new();
    let mut missing = quantity;
    let most = usize::try_from(terms.splits).unwrap_or(usize::MAX);
    for candidate in candidates.iter().filter(|candidate| candidate.shelf.is_positive()) {
        if missing.is_zero() || takes.len() >= most {
            break;
        }
        let given = candidate.shelf.min(missing);
        takes.push(Take { spot: candidate.spot, quantity: given });
        missing = missing.saturating_sub(given);
    }
    for candidate in candidates {
        if missing.is_zero() {
            break;
        }
        let taken = takes.iter().position(|take| take.spot == candidate.spot);
        let already = taken.map_or(Quantity::ZERO, |at| takes[at].quantity);
        let beyond = candidate.room_for(already.saturating_add(missing)).saturating_sub(already);
        if !beyond.is_positive() {
            continue;
        }
        match taken {
            Some(at) => takes[at].quantity = already.saturating_add(beyond),
            None if takes.len() < most => {
                takes.push(Take { spot: candidate.spot, quantity: beyond })
            }
            None => continue,
        }
        missing = missing.saturating_sub(beyond);
    }
    let total = |sum: Quantity, candidate: &Candidate| {
        sum.saturating_add(candidate.room.unwrap_or(Quantity::ZERO))
    };
    Choice { takes, missing, sellable: candidates.iter().fold(Quantity::ZERO, total) }
}

fn candidates_of(draft: &Draft<'_>, item: ItemNumber, backorder: Backorder) -> Vec<Candidate> {
    let numbers = draft.stock.item_positions(item);
    numbers.filter_map(|number| candidate(draft, number, backorder)).collect()
}

/// A position that sells, with what it may give as this change leaves it so far.
fn candidate(draft: &Draft<'_>, number: PositionNumber, backorder: Backorder) -> Option<Candidate> {
    let position = draft.stock.position(number)?;
    if !draft.stock.is_selling(position.location) {
        return None;
    }
    let location = draft.stock.location(position.location)?;
    let policy = draft.stock.effective_policy(position);
    let available = draft.figures_of(number).available;
    Some(Candidate {
        spot: Spot::Position(number),
        priority: location.attributes.priority,
        id: location.id.clone(),
        shelf: policy.shelf(available),
        room: room(&policy, available, backorder),
    })
}

/// The position of an item at a location, or the one that would have to be opened there.
fn candidate_at(
    draft: &Draft<'_>,
    item: ItemNumber,
    location: LocationNumber,
    backorder: Backorder,
) -> Option<Candidate> {
    if let Some(number) = draft.stock.position_number(item, location) {
        return candidate(draft, number, backorder);
    }
    let found = draft.location(location)?;
    let policy = draft.item(item).map_or_else(Policy::default, crate::catalog::Item::policy);
    let opened = draft.touched().iter().find(|held| held.opened == Some((item, location)));
    let available = opened.map_or(Quantity::ZERO, |held| held.figures.available);
    Some(Candidate {
        spot: Spot::New(location),
        priority: found.attributes.priority,
        id: found.id.clone(),
        shelf: policy.shelf(available),
        room: room(&policy, available, backorder),
    })
}

/// The best open location without a position of the item, if backorder room could be granted there.
fn new_place(
    draft: &Draft<'_>,
    item: ItemNumber,
    backorder: Backorder,
    known: &[Candidate],
) -> Option<Candidate> {
    let policy = draft.item(item).map_or_else(Policy::default, crate::catalog::Item::policy);
    if room(&policy, Quantity::ZERO, backorder) == Some(Quantity::ZERO) {
        return None;
    }
    let location = best_location(draft, |location| {
        draft.stock.position_number(item, location).is_none()
            && !known.iter().any(|held| held.spot == Spot::New(location))
    })?;
    candidate_at(draft, item, location, backorder)
}

/// The selling location with the lowest priority, then id, among those that will do.
pub(super) fn best_location(
    draft: &Draft<'_>,
    will_do: impl Fn(LocationNumber) -> bool,
) -> Option<LocationNumber> {
    let all = draft.stock.tenant_locations(draft.change.tenant).iter().copied();
    let selling = all.filter(|number| draft.stock.is_selling(*number) && will_do(*number));
    selling
        .filter_map(|number| draft.stock.location(number))
        .min_by(|a, b| (a.attributes.priority, &a.id).cmp(&(b.attributes.priority, &b.id)))
        .map(|location| location.number)
}

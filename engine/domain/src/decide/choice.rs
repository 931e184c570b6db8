//! Choice of location for one line of a reservation.
//!
//! The preferred location, if it serves the whole line. Then the best single location that serves it
//! whole from its shelf: lower priority first, then most on the shelf, then id. If none does, a split
//! over the shelves in the same order; backorder room is used only after the shelves.

mod by_lot;
mod candidates;
mod split;

use alloc::vec::Vec;

use crate::catalog::{ItemNumber, LocationNumber};
use crate::command::{Backorder, Completeness, Wanted};
use crate::draft::Draft;
use crate::ids::LocationId;
use crate::policy::{BackorderLimit, Policy};
use crate::position::PositionNumber;
use crate::quantity::Quantity;
use crate::rejection::Rejection;
use crate::stock::places::Order;
pub(super) use by_lot::choose_of_lot;
use candidates::Candidate;
pub(super) use candidates::best_location;

/// How a line may be served.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) backorder: Backorder,
    /// Most locations one line may be split over.
    pub(super) splits: u32,
    pub(super) completeness: Completeness,
}

impl Terms {
    fn most(self) -> usize {
        usize::try_from(self.splits).unwrap_or(usize::MAX)
    }
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

/// What is taken for a line; most lines are served from one place.
#[derive(Debug)]
pub(super) enum Takes {
    One(Take),
    Split(Vec<Take>),
}

impl Takes {
    pub(super) fn as_slice(&self) -> &[Take] {
        match self {
            Self::One(take) => core::slice::from_ref(take),
            Self::Split(takes) => takes,
        }
    }
}

/// What could be taken for a line, and what is missing.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) takes: Takes,
    pub(super) missing: Quantity,
}

impl Choice {
    fn whole(spot: Spot, quantity: Quantity) -> Self {
        Self { takes: Takes::One(Take { spot, quantity }), missing: Quantity::ZERO }
    }

    fn is_whole(&self) -> bool {
        self.missing.is_zero()
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
    draft: &Draft<'_>,
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
            let location = draft.known_location(id)?;
            // A preference for a closed location is a wish that cannot be met, not a mistake.
            let preferred = draft
                .stock
                .is_selling(location)
                .then(|| candidates::at(draft, item, location, terms.backorder))
                .flatten();
            if let Some(first) = &preferred
                && first.shelf >= quantity
            {
                return Ok(Choice::whole(first.spot, quantity));
            }
            Ok(anywhere(draft, item, quantity, preferred, terms))
        }
        Wanted::Anywhere => Ok(anywhere(draft, item, quantity, None, terms)),
    }
}

/// A location that a line names: it must be known and open for selling.
pub(super) fn selling_location(
    draft: &Draft<'_>,
    id: &LocationId,
) -> Result<LocationNumber, Rejection> {
    let location = draft.known_location(id)?;
    if draft.stock.is_selling(location) {
        Ok(location)
    } else {
        Err(Rejection::LocationInactive(id.clone()))
    }
}

fn serve_at(
    draft: &Draft<'_>,
    item: ItemNumber,
    location: LocationNumber,
    quantity: Quantity,
    terms: Terms,
) -> Choice {
    let candidate = candidates::at(draft, item, location, terms.backorder);
    let given = candidate.as_ref().map_or(Quantity::ZERO, |found| found.room_for(quantity));
    match candidate {
        Some(found) if given.is_positive() => Choice {
            takes: Takes::One(Take { spot: found.spot, quantity: given }),
            missing: quantity.saturating_sub(given),
        },
        _ => Choice { takes: Takes::Split(Vec::new()), missing: quantity },
    }
}

fn anywhere(
    draft: &Draft<'_>,
    item: ItemNumber,
    quantity: Quantity,
    preferred: Option<Candidate<'_>>,
    terms: Terms,
) -> Choice {
    let kept = kept_order(draft, item);
    let single = match kept {
        Some(order) => order.first_serving(quantity),
        None => candidates::best_single(draft, item, quantity, terms.backorder),
    };
    if let Some(position) = single {
        return Choice::whole(Spot::Position(position), quantity);
    }
    if let Some(order) = kept
        && let Some(choice) = split::over_order(draft, order, quantity, preferred.as_ref(), terms)
    {
        let item_grants = candidates::grants_room(draft, item, terms.backorder);
        if choice.is_whole() || !item_grants {
            return choice;
        }
    }
    let mut all = candidates::in_order(draft, item, preferred, terms.backorder);
    all.extend(candidates::new_place(draft, item, terms.backorder, &all));
    split::over(&all, quantity, terms)
}

/// The order of choice of an item, if it is kept and this change has not touched the item.
fn kept_order<'a>(draft: &Draft<'a>, item: ItemNumber) -> Option<&'a Order> {
    let stock = draft.stock;
    let order = stock.items.get(item)?.places.order(stock.location_epoch)?;
    (!draft.holds_item(item)).then_some(order)
}

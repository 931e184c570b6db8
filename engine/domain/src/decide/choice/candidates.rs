//! Places that may serve a line, with what each may give.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::{Spot, room};
use crate::catalog::{Item, ItemNumber, LocationNumber};
use crate::command::Backorder;
use crate::draft::Draft;
use crate::ids::LocationId;
use crate::policy::Policy;
use crate::position::PositionNumber;
use crate::quantity::Quantity;

/// A place that may serve the line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) spot: Spot,
    priority: i32,
    id: &'a LocationId,
    /// From the shelf alone.
    pub(super) shelf: Quantity,
    /// With backorder room; `None`: no limit.
    pub(super) room: Option<Quantity>,
}

impl Candidate<'_> {
    /// How much of a quantity it may give.
    pub(super) fn room_for(&self, quantity: Quantity) -> Quantity {
        self.room.map_or(quantity, |room| room.min(quantity))
    }

    /// It may give no more than this.
    pub(super) fn limit(&mut self, most: Quantity) {
        self.shelf = self.shelf.min(most);
        self.room = Some(self.room.map_or(most, |room| room.min(most)));
    }

    /// The order of choice: lower priority, then more on the shelf, then id.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let by_priority = self.priority.cmp(&other.priority);
        by_priority.then(other.shelf.cmp(&self.shelf)).then_with(|| self.id.cmp(other.id))
    }
}

/// The best single location that serves the whole line from its shelf.
pub(super) fn best_single(
    draft: &Draft<'_>,
    item: ItemNumber,
    quantity: Quantity,
    backorder: Backorder,
) -> Option<PositionNumber> {
    let positions = draft.stock.item_positions(item);
    let serving = positions
        .filter_map(|number| Some((number, of(draft, number, backorder)?)))
        .filter(|(_, candidate)| candidate.shelf >= quantity);
    serving.min_by(|(_, one), (_, other)| one.order(other)).map(|(number, _)| number)
}

/// All that may serve an item, in the order of choice, the preferred one first.
pub(super) fn in_order<'a>(
    draft: &Draft<'a>,
    item: ItemNumber,
    preferred: Option<Candidate<'a>>,
    backorder: Backorder,
) -> Vec<Candidate<'a>> {
    let numbers = draft.stock.item_positions(item);
    let mut all: Vec<_> = numbers.filter_map(|number| of(draft, number, backorder)).collect();
    all.sort_unstable_by(Candidate::order);
    if let Some(first) = preferred {
        all.retain(|candidate| candidate.spot != first.spot);
        all.insert(0, first);
    }
    all
}

/// A position that sells, with what it may give as this change leaves it so far.
pub(super) fn of<'a>(
    draft: &Draft<'a>,
    number: PositionNumber,
    backorder: Backorder,
) -> Option<Candidate<'a>> {
    let stock = draft.stock;
    let position = stock.position(number)?;
    let location = stock.selling(position.location)?;
    let policy = stock.effective_policy(position);
    let available = draft.available(number);
    Some(Candidate {
        spot: Spot::Position(number),
        priority: location.attributes.priority,
        id: &location.id,
        shelf: policy.shelf(available),
        room: room(&policy, available, backorder),
    })
}

/// The position of an item at a selling location, or the one that would have to be opened there.
pub(super) fn at<'a>(
    draft: &Draft<'a>,
    item: ItemNumber,
    location: LocationNumber,
    backorder: Backorder,
) -> Option<Candidate<'a>> {
    let stock = draft.stock;
    if let Some(number) = stock.position_number(item, location) {
        return of(draft, number, backorder);
    }
    let found = stock.selling(location)?;
    let policy = item_policy(draft, item);
    let available = draft.available_at_opened(item, location);
    Some(Candidate {
        spot: Spot::New(location),
        priority: found.attributes.priority,
        id: &found.id,
        shelf: policy.shelf(available),
        room: room(&policy, available, backorder),
    })
}

fn item_policy(draft: &Draft<'_>, item: ItemNumber) -> Policy {
    draft.stock.item(item).map_or_else(Policy::default, Item::policy)
}

/// Whether a place without a position of the item could grant backorder room.
pub(super) fn grants_room(draft: &Draft<'_>, item: ItemNumber, backorder: Backorder) -> bool {
    room(&item_policy(draft, item), Quantity::ZERO, backorder) != Some(Quantity::ZERO)
}

/// The best open location without a position of the item, if backorder room could be granted there.
pub(super) fn new_place<'a>(
    draft: &Draft<'a>,
    item: ItemNumber,
    backorder: Backorder,
    known: &[Candidate<'_>],
) -> Option<Candidate<'a>> {
    if !grants_room(draft, item, backorder) {
        return None;
    }
    let location = best_location(draft, |location| {
        draft.stock.position_number(item, location).is_none()
            && !known.iter().any(|held| held.spot == Spot::New(location))
    })?;
    at(draft, item, location, backorder)
}

/// The selling location with the lowest priority, then id, among those that will do.
pub(in crate::decide) fn best_location(
    draft: &Draft<'_>,
    will_do: impl Fn(LocationNumber) -> bool,
) -> Option<LocationNumber> {
    let stock = draft.stock;
    let all = stock.tenant_locations(draft.change.tenant).iter();
    all.filter_map(|number| stock.selling(*number))
        .filter(|location| will_do(location.number))
        .min_by(|a, b| (a.attributes.priority, &a.id).cmp(&(b.attributes.priority, &b.id)))
        .map(|location| location.number)
}

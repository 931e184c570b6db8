//! Items, locations and bins.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::jobs::{open_at_locations, starts_opening};
use crate::catalog::{
    Activity, Bin, Item, ItemAttributes, ItemNumber, LocationAttributes, Standing, Tracking,
};
use crate::change::{BinChange, Cause, Change, PolicyBefore};
use crate::command::Place;
use crate::draft::{Draft, Nature, Unknown, alarms};
use crate::ids::{BinId, ItemId, LocationId, Text};
use crate::limits::{BINS_MAX, MOVEMENTS_MAX};
use crate::position::{Alarms, PositionNumber};
use crate::rejection::{Limit, Rejection, STOCK_THERE_MAX, StockThere};
use crate::stock::Stock;

/// Creates, replaces or revives an item.
pub(super) fn put_item(
    mut draft: Draft<'_>,
    id: &ItemId,
    attributes: &Arc<ItemAttributes>,
) -> Result<Box<Change>, Rejection> {
    let held = draft.stock.item_number(draft.change.tenant, id).and_then(|at| draft.stock.item(at));
    let Some(held) = held else {
        draft.create_item(id);
        if let Some(item) = draft.change.items.first_mut() {
            item.attributes = Some(Arc::clone(attributes));
        }
        return Ok(draft.finish());
    };
    let switched_off =
        held.tracking() == Tracking::Tracked && attributes.tracking == Tracking::Untracked;
    if switched_off {
        refuse_stock(draft.stock, draft.stock.item_positions(held.number))?;
    }
    let item = Item {
        attributes: Some(Arc::clone(attributes)),
        standing: Standing::Current,
        version: held.version.saturating_add(1),
        updated_at: draft.now(),
        ..held.clone()
    };
    let (number, before, after) = (held.number, held.policy(), attributes.policy);
    let before_tracking = held.tracking();
    let may_ring =
        before.threshold() != after.threshold() || before_tracking != attributes.tracking;
    draft.change.items.push(item);
    if before != after {
        let before = PolicyBefore { own: before, effective: before };
        draft.change.policy_before = Some(Box::new(before));
    }
    if may_ring {
        touch_changed_alarms(&mut draft, number, attributes.tracking);
    }
    if before_tracking == Tracking::Untracked && attributes.tracking == Tracking::Tracked {
        open_at_locations(&mut draft, number)?;
    }
    Ok(draft.finish())
}

/// A new threshold raises or clears alarms at once, where stock lies on the other side of it.
/// So does counting what was not counted before.
fn touch_changed_alarms(draft: &mut Draft<'_>, item: ItemNumber, tracking: Tracking) {
    let stock = draft.stock;
    for number in stock.item_positions(item).take(MOVEMENTS_MAX as usize) {
        let Some(position) = stock.position(number) else { continue };
        let policy = position.policy().or(draft.item(item).map(Item::policy).unwrap_or_default());
        let next = match tracking {
            Tracking::Tracked => alarms::standing(&policy, position.available()),
            Tracking::Untracked => Alarms::default(),
        };
        if next.low != position.alarms.low {
            draft.touch(number);
        }
    }
}

/// Archives an item that has no stock and no promises. Archiving it again changes nothing.
pub(super) fn archive_item(mut draft: Draft<'_>, id: &ItemId) -> Result<Box<Change>, Rejection> {
    draft.nature = Nature::Fact; // finds archived items too
    let number = draft.find_item(id, Unknown::Refuse)?;
    let stock = draft.stock;
    let held = stock.item(number).ok_or_else(|| Rejection::UnknownItem(id.clone()))?;
    if held.standing == Standing::Archived {
        draft.change.cause = Cause::Unchanged;
        draft.change.items.push(held.clone());
        return Ok(draft.change);
    }
    refuse_stock(stock, stock.item_positions(number))?;
    let positions = stock.item_positions(number).count();
    draft.change.positions_archived = u32::try_from(positions).unwrap_or(u32::MAX);
    draft.change.items.push(Item {
        standing: Standing::Archived,
        version: held.version.saturating_add(1),
        updated_at: draft.now(),
        ..held.clone()
    });
    Ok(draft.finish())
}

/// Creates, replaces or revives a location.
pub(super) fn put_location(
    mut draft: Draft<'_>,
    id: &LocationId,
    attributes: &LocationAttributes,
) -> Result<Box<Change>, Rejection> {
    let known = draft.stock.location_number(draft.change.tenant, id);
    let was_selling = known.is_some_and(|number| draft.stock.is_selling(number));
    let number = draft.put_location(id, attributes.clone());
    if !was_selling && attributes.activity == Activity::Active {
        starts_opening(&mut draft, number)?;
    }
    Ok(draft.finish())
}

/// Removes a location that has no stock and no promises.
pub(super) fn remove_location(
    mut draft: Draft<'_>,
    id: &LocationId,
) -> Result<Box<Change>, Rejection> {
    let number = draft.find_location(id, Unknown::Refuse)?;
    let stock = draft.stock;
    refuse_stock(stock, stock.location_positions(number).iter().copied())?;
    let attributes = stock.location(number).map(|held| held.attributes.clone());
    draft.put_location(id, attributes.unwrap_or_default());
    if let Some(location) = draft.change.locations.first_mut() {
        location.standing = Standing::Archived;
    }
    Ok(draft.finish())
}

/// Creates or renames a bin.
pub(super) fn put_bin(
    mut draft: Draft<'_>,
    location: &LocationId,
    bin: &BinId,
    name: Option<&Text>,
) -> Result<Box<Change>, Rejection> {
    let number = draft.find_location(location, Unknown::Refuse)?;
    let bins = draft.stock.bins(number);
    let created = !bins.iter().any(|held| held.id == *bin);
    if created && bins.len() >= BINS_MAX as usize {
        return Err(Rejection::LimitExceeded { what: Limit::Bins, limit: BINS_MAX });
    }
    // The bin belongs to the location: its version goes up with it.
    let attributes = draft.stock.location(number).map(|held| held.attributes.clone());
    draft.put_location(location, attributes.unwrap_or_default());
    let bin = Bin { id: bin.clone(), name: name.cloned() };
    draft.change.bin = Some(Box::new(BinChange { location: number, bin, created }));
    Ok(draft.finish())
}

/// Refuses when anything lies, is promised or is on its way at one of these positions.
fn refuse_stock(
    stock: &Stock,
    positions: impl Iterator<Item = PositionNumber>,
) -> Result<(), Rejection> {
    let occupied = positions.filter_map(|number| stock.position(number));
    let occupied = occupied.filter(|position| !position.figures().is_empty());
    let places: Vec<StockThere> = occupied
        .filter_map(|position| {
            let Place { item, location } = place_names(stock, position.item, position.location)?;
            let location_name = stock.location(position.location)?.attributes.name.clone();
            Some(StockThere { item, location, location_name, figures: position.figures() })
        })
        .take(STOCK_THERE_MAX)
        .collect();
    if places.is_empty() { Ok(()) } else { Err(Rejection::StockNotZero { places }) }
}

fn place_names(stock: &Stock, item: u32, location: u32) -> Option<Place> {
    Some(Place {
        item: stock.item(item)?.id.clone(),
        location: stock.location(location)?.id.clone(),
    })
}

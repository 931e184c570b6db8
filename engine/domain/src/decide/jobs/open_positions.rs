//! Opens positions that the catalog implies: of all its counted items at a location that sells for the
//! first time, of an item at all such locations when it is counted from now on.
//!
//! An item that was only ever used, and never put into the catalog, stays where it is used.

use alloc::vec::Vec;

use super::{Next, Turn, begin};
use crate::catalog::{Item, ItemNumber, LocationNumber, Standing, TenantNumber, Tracking};
use crate::change::Cause;
use crate::draft::Draft;
use crate::job::Task;
use crate::rejection::Rejection;
use crate::stock::Stock;

/// Most positions that one record opens; more locations of an item are left to a job.
const OPENED_MAX: usize = 256;
/// Among so many items a location's first record looks for one that is listed.
const LOOK_MAX: u32 = 4_096;

/// Lets the opening of positions begin with the record that opens a location for selling.
pub(in crate::decide) fn starts_opening(
    draft: &mut Draft<'_>,
    location: LocationNumber,
) -> Result<(), Rejection> {
    let tenant = draft.change.tenant;
    let stock = draft.stock;
    let items = stock.sizes().items;
    // Where a look tells that there is nothing to open, there is no job to tell of.
    if items > LOOK_MAX || (0..items).any(|number| is_listed(stock, tenant, number)) {
        begin(draft, Task::OpenLocation(location))?;
    }
    Ok(())
}

/// Opens positions of an item at all locations that sell, with the record that puts it.
pub(in crate::decide) fn open_at_locations(
    draft: &mut Draft<'_>,
    item: ItemNumber,
) -> Result<(), Rejection> {
    let stock = draft.stock;
    let missing = stock.tenant_locations(draft.change.tenant).iter().copied();
    let missing = missing.filter(|location| is_missing(stock, item, *location));
    let missing: Vec<LocationNumber> = missing.take(OPENED_MAX.saturating_add(1)).collect();
    if missing.len() > OPENED_MAX {
        return begin(draft, Task::OpenItem(item));
    }
    for location in missing {
        draft.open_at(item, location);
    }
    Ok(())
}

fn is_missing(stock: &Stock, item: ItemNumber, location: LocationNumber) -> bool {
    stock.is_selling(location) && stock.position_number(item, location).is_none()
}

fn is_counted(item: &Item) -> bool {
    item.standing == Standing::Current && item.tracking() == Tracking::Tracked
}

fn is_listed(stock: &Stock, tenant: TenantNumber, number: ItemNumber) -> bool {
    let item = stock.item(number).filter(|item| item.tenant == tenant);
    item.is_some_and(|item| item.attributes.is_some() && is_counted(item))
}

/// Places are numbers of items.
pub(super) fn at_location(turn: &Turn<'_>, location: LocationNumber) -> Next {
    let stock = turn.stock;
    let last = stock.sizes().items;
    let first = u32::try_from(turn.cursor.place).unwrap_or(u32::MAX);
    let most = first.saturating_add(u32::try_from(turn.looks).unwrap_or(u32::MAX)).min(last);
    // A location that was closed again meanwhile needs no positions.
    if !stock.is_selling(location) || first >= last {
        return Next::Nothing(turn.cursor);
    }
    let all = (first..most)
        .filter(|number| is_listed(stock, turn.job.tenant, *number))
        .filter(|number| is_missing(stock, *number, location));
    open(turn, u64::from(most), all.map(|item| (u64::from(item), item, location)))
}

/// Places are places in the list of the tenant's locations.
pub(super) fn of_item(turn: &Turn<'_>, item: ItemNumber) -> Next {
    let stock = turn.stock;
    let locations = stock.tenant_locations(turn.job.tenant);
    let first = usize::try_from(turn.cursor.place).unwrap_or(usize::MAX);
    let most = first.saturating_add(turn.looks).min(locations.len());
    if !stock.item(item).is_some_and(is_counted) || first >= locations.len() {
        return Next::Nothing(turn.cursor);
    }
    let all = locations.iter().copied().enumerate().take(most).skip(first);
    let all = all.filter(|(_, location)| is_missing(stock, item, *location));
    let place = |at: usize| u64::try_from(at).unwrap_or(u64::MAX);
    open(turn, place(most), all.map(|(at, location)| (place(at), item, location)))
}

/// Opens the first of these in one record, and goes on behind it.
fn open(
    turn: &Turn<'_>,
    end: u64,
    missing: impl Iterator<Item = (u64, ItemNumber, LocationNumber)>,
) -> Next {
    let mut draft = turn.draft(Cause::PositionsOpened);
    let mut missing = missing.peekable();
    let mut opened = 0_u64;
    for (_, item, location) in missing.by_ref().take(OPENED_MAX) {
        draft.open_at(item, location);
        opened = opened.saturating_add(1);
    }
    let next = turn.at(missing.peek().map_or(end, |(place, _, _)| *place));
    if opened == 0 { Next::Looked(next) } else { Next::Do(draft.finish(), opened, next) }
}

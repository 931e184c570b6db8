//! From records to the text of the events that fit.

use onhand_engine::events::{Event, events_of};
use onhand_engine::ids::LOG;
use onhand_engine::{Names, Published};

use super::cursor::Cursor;
use super::filter::Filter;
use crate::dialect::standard;
use crate::http::json::Json;

/// What a walk over some records found.
pub(super) struct Found {
    /// The events, as elements of an array.
    pub(super) events: Json,
    /// How many.
    pub(super) count: usize,
    /// Records that were looked at.
    pub(super) records: usize,
    /// Behind the last record that was looked at.
    pub(super) end: Cursor,
    /// Nothing behind it can fit.
    pub(super) is_over: bool,
}

/// Gathers events behind `after` until there are `room` of them; a record's events stay together.
pub(super) fn scan(
    records: &[Published],
    after: Cursor,
    room: usize,
    filter: &Filter,
    names: &dyn Names,
) -> Found {
    let mut found =
        Found { events: Json::default(), count: 0, records: 0, end: after, is_over: false };
    for record in records {
        if found.count >= room {
            break;
        }
        if filter.is_over(&record.change) {
            found.is_over = true;
            break;
        }
        each(record, after, filter, names, |event, cursor| {
            standard::write(event, &cursor.to_string(), &mut found.events);
            found.count += 1;
        });
        found.records += 1;
        found.end = Cursor::behind(record.sequence);
    }
    found
}

/// Calls `tell` for every event of a record that lies behind `after` and fits.
pub(super) fn each(
    record: &Published,
    after: Cursor,
    filter: &Filter,
    names: &dyn Names,
    mut tell: impl FnMut(&Event, Cursor),
) {
    let Published { sequence, epoch, change } = record;
    if !filter.may_fit(change, names) {
        return;
    }
    for event in &events_of(LOG, *epoch, *sequence, change, names) {
        let cursor = Cursor::of(event);
        if cursor > after && filter.fits(event) {
            tell(event, cursor);
        }
    }
}

#[cfg(test)]
mod tests;

//! What callers ask for: one function per action, chosen by weight. What they know is what the model
//! knows, so that most wishes make sense; some are about what never was, or is no more.
//!
//! A new command is one more function and one more line in [`ACTIONS`].

mod catalog;
pub(crate) mod reservations;
pub(crate) mod stock;
mod transfers;
pub(crate) mod upkeep;

use std::sync::Arc;

use onhand_domain::command::{Action, Detail};
use onhand_domain::ids::TenantId;
use onhand_domain::time::Timestamp;

use crate::dice::Dice;
use crate::model::Model;
use crate::world;

/// What a caller looks at before it asks.
pub(crate) struct Known<'a> {
    pub(crate) model: &'a Model,
    pub(crate) tenant: &'a TenantId,
    pub(crate) now: i64,
}

type Ask = fn(&mut Dice, &Known<'_>) -> Action;

/// What is asked over HTTP, and how often.
pub(crate) const ACTIONS: &[(u64, Ask)] = &[
    (4, catalog::put_item),
    (2, catalog::archive_item),
    (4, catalog::put_location),
    (2, catalog::remove_location),
    (2, catalog::put_bin),
    (2, catalog::assign_bin),
    (5, catalog::set_policy),
    (18, stock::receive),
    (8, stock::sell),
    (8, stock::take_back),
    (9, stock::adjust),
    (7, stock::shift),
    (6, stock::count),
    (9, transfers::start),
    (9, transfers::receive),
    (4, transfers::cancel),
    (40, reservations::reserve),
    (12, reservations::confirm),
    (6, reservations::extend),
    (12, reservations::set_lines),
    (20, reservations::fulfil),
    (14, reservations::cancel),
    (2, upkeep::publish),
];

/// What messages of a source ask for.
pub(crate) const MESSAGES: &[(u64, Ask)] = &[
    (20, stock::sell),
    (8, stock::receive),
    (4, stock::take_back),
    (4, stock::count),
    (3, transfers::start),
    (2, transfers::receive),
    (12, reservations::reserve),
    (6, reservations::confirm),
    (8, reservations::fulfil),
    (8, reservations::cancel),
    (2, catalog::put_item),
    (2, upkeep::unreadable),
];

/// Words for the ledger; sometimes with a time that lies too far ahead.
fn detail(dice: &mut Dice, known: &Known<'_>) -> Detail {
    let mut detail = Detail::default();
    if dice.once_in(3) {
        detail.reason = Some(world::text(dice));
    }
    if dice.once_in(8) {
        // Too far ahead, late, or a little ahead.
        let ahead = match dice.below(6) {
            0 => 300_001,
            1 | 2 => -dice.signed(120_000),
            _ => 300_000 - dice.signed(290_000),
        };
        detail.occurred_at = Some(Timestamp::from_millis(known.now + ahead));
    }
    detail
}

fn told(detail: Detail) -> Option<Arc<Detail>> {
    (detail != Detail::default()).then(|| Arc::new(detail))
}

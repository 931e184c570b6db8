//! What callers ask for: one function per action, chosen by weight. What they know is what the model
//! knows, so that most wishes make sense; some are about what never was, or is no more.
//!
//! A new command is one more function and one more line in [`ACTIONS`].

mod catalog;
mod corrections;
pub(crate) mod crowd;
pub(crate) mod reservations;
pub(crate) mod stock;
mod transfers;
pub(crate) mod upkeep;

use std::sync::Arc;

use onhand_domain::command::{Action, Detail};
use onhand_domain::ids::{ItemId, LotNumber, TenantId};
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
    (8, corrections::relocate),
    (9, corrections::unfulfil),
    (3, corrections::cancel_order),
    (3, corrections::start_job),
    (14, corrections::reverse),
    (5, corrections::revalue),
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
        // Beside those that are too far ahead: what happened a while ago, or before a count of its position.
        let ahead = match dice.below(4) {
            0 => 300_001,
            1 => -dice.signed(90_000_000),
            _ => 300_000 - dice.signed(600_000),
        };
        detail.occurred_at = Some(Timestamp::from_millis(known.now + ahead));
    }
    detail
}

/// The same about goods that come: a lot, its last day, a cost.
fn goods(dice: &mut Dice, known: &Known<'_>, item: &ItemId) -> Detail {
    let mut detail = picked(dice, known, item);
    if dice.once_in(3) {
        detail.lot = Some(world::lot(dice));
    }
    if detail.lot.is_some() || dice.once_in(5) {
        detail.expiry = world::expiry(dice, detail.lot.as_ref(), known.now);
    }
    // Its figures would not fit, its value even less so.
    if *item != world::abyss() && dice.once_in(2) {
        detail.unit_cost = Some(world::cost(dice));
    }
    detail
}

/// The same about goods that are picked: sometimes a lot is named.
fn picked(dice: &mut Dice, known: &Known<'_>, item: &ItemId) -> Detail {
    Detail { lot: lot_there(dice, known, item), ..detail(dice, known) }
}

/// Sometimes a lot, mostly one that is there.
fn lot_there(dice: &mut Dice, known: &Known<'_>, item: &ItemId) -> Option<LotNumber> {
    if !dice.once_in(6) {
        return None;
    }
    let positions = known.model.shop(known.tenant).positions.iter();
    let of_item = positions.filter(|((held, _), _)| held == item);
    let layers = of_item.flat_map(|(_, held)| &held.layers.all);
    let there = dice.pick_any(layers.filter_map(|layer| layer.origin.lot.as_ref()));
    let there = there.filter(|_| !dice.once_in(5)).cloned();
    Some(there.unwrap_or_else(|| world::lot(dice)))
}

fn told(detail: Detail) -> Option<Arc<Detail>> {
    (detail != Detail::default()).then(|| Arc::new(detail))
}

//! What a record says, against what the model says that it must.

use std::collections::BTreeSet;

use onhand_domain::change::{Cause, Change, LineShare, PositionChange};
use onhand_domain::ids::TenantId;
use onhand_domain::policy::BackorderLimit;
use onhand_domain::position::Bucket;
use onhand_domain::quantity::Quantity;
use onhand_domain::rejection::{Rejection, STOCK_THERE_MAX};
use onhand_domain::upkeep::Kept;

use super::{Checked, Names, promise, same, travel};
use crate::model::Model;
use crate::model::shop::{Key, sellable};
use crate::model::step::{Move, Share, Told};

/// Refusals are the same when they say the same; places stand in any order, and not all need to stand
/// there.
pub(crate) fn same_refusal(is: Option<&Rejection>, must: Option<&Rejection>) -> Checked {
    if let (
        Some(Rejection::StockNotZero { places: told }),
        Some(Rejection::StockNotZero { places: all }),
    ) = (is, must)
        && all.len() > STOCK_THERE_MAX
    {
        same("places told", &told.len(), &STOCK_THERE_MAX)?;
        let unknown = told.iter().find(|there| !all.contains(there));
        return same("a place without stock", &unknown, &None);
    }
    same("refusal", &is.map(sorted), &must.map(sorted))
}

fn sorted(rejection: &Rejection) -> Rejection {
    let mut sorted = rejection.clone();
    if let Rejection::StockNotZero { places } = &mut sorted {
        places.sort_by_key(|there| (there.item.clone(), there.location.clone()));
    }
    sorted
}

fn shares(all: &[LineShare], names: Names<'_>) -> Vec<Share> {
    let one = |share: &LineShare| {
        let location = share.position.map(|number| names.place(number).1);
        (names.item(share.item), location, share.quantity.millionths())
    };
    let mut shares: Vec<Share> = all.iter().map(one).collect();
    shares.sort();
    shares
}

fn arranged<T: Ord + Clone>(all: &[T]) -> Vec<T> {
    let mut all = all.to_vec();
    all.sort();
    all
}

/// A movement in an order of its own.
type Plain = (Key, u8, Option<usize>, Option<usize>, i64);

fn plain(moves: &[Move]) -> Vec<Plain> {
    let place = |bucket: Option<Bucket>| bucket.map(|bucket| bucket as usize);
    let one = |(key, kind, from, to, amount): &Move| {
        (key.clone(), *kind as u8, place(*from), place(*to), *amount)
    };
    let mut all: Vec<Plain> = moves.iter().map(one).collect();
    all.sort();
    all
}

/// `model` is what the world is like after the record.
pub(crate) fn check(
    told: &Told,
    model: &Model,
    tenant: &TenantId,
    (sequence, change): (u64, &Change),
    (now, names): (i64, Names<'_>),
) -> Checked {
    same("sequence", &sequence, &model.sequence)?;
    same("cause", &Some(change.cause), &told.cause)?;
    same("time", &change.at.millis(), &now)?;
    same("tenant", &names.0.tenant(change.tenant), &Some(tenant))?;
    same_refusal(change.refusal.as_deref(), told.refusal.as_ref())?;
    same("refused", &change.refused, &told.refused)?;
    let moves: Vec<Move> = change.movements.iter().map(|it| movement(it, change, names)).collect();
    same("movements", &plain(&moves), &plain(&told.moves))?;
    same("shipped", &shares(&change.shipped, names), &arranged(&told.shipped))?;
    same("released", &shares(&change.released, names), &arranged(&told.released))?;
    same("transferred", &change.transferred.millionths(), &told.transferred)?;
    same("exceeds shipped", &change.exceeds_shipped, &told.exceeds_shipped)?;
    check_positions(told, model, tenant, change, names)?;
    check_catalog(told, model, tenant, change)?;
    check_promises(told, model, change, names)?;
    check_kept(told, model, change)
}

fn movement(it: &onhand_domain::change::Movement, change: &Change, names: Names<'_>) -> Move {
    let at = &change.positions[it.position as usize];
    (names.place(at.position), it.kind, it.from, it.to, it.quantity.millionths())
}

fn check_positions(
    told: &Told,
    model: &Model,
    tenant: &TenantId,
    change: &Change,
    names: Names<'_>,
) -> Checked {
    let keys = change.positions.iter().map(|held| names.place(held.position));
    same("positions", &keys.collect::<BTreeSet<_>>(), &told.touched)?;
    let shop = model.shop(tenant);
    for held in &change.positions {
        let key = names.place(held.position);
        let must = &shop.positions[&key];
        let what = |part: &str| format!("{part} of {}@{}", key.0, key.1);
        same(&what("figures"), &held.figures, &must.figures())?;
        same(&what("version"), &held.version, &must.version)?;
        same(&what("alarms"), &(held.alarms.low, held.alarms.out), &(must.low, must.out))?;
        let raised = held.raised;
        let raised = [raised.low, raised.out, raised.replenished, raised.discrepancy];
        same(&what("raised alarms"), &raised, &told.raised[&key])?;
        let is_current = shop.items.get(&key.0).is_none_or(|item| !item.archived);
        let free = match (is_current && shop.sells(&key.1), shop.tracked(&key.0)) {
            (false, _) => Some(0),
            (true, false) => None,
            (true, true) => sellable(&shop.policy(&key), must.available()),
        };
        same(&what("sellable"), &held.sellable, &free.map(Quantity::from_millionths))?;
        check_below_zero(held, model, tenant, change, &key)?;
    }
    Ok(())
}

/// Only `available` may be below zero, and only through a fact, or backorder room that was granted.
fn check_below_zero(
    held: &PositionChange,
    model: &Model,
    tenant: &TenantId,
    change: &Change,
    key: &Key,
) -> Checked {
    let say = |what: &str| Err(format!("{what} of {}@{} is below zero", key.0, key.1));
    if !held.figures.only_available_is_negative() {
        return say("something else than `available`");
    }
    let is_its = |it: &&onhand_domain::change::Movement| {
        change.positions[it.position as usize].position == held.position
    };
    let taken =
        change.movements.iter().filter(is_its).filter(|it| it.from == Some(Bucket::Available));
    if !held.figures.available.is_negative() || taken.count() == 0 {
        return Ok(());
    }
    let granted = match model.shop(tenant).policy(key).backorder_limit {
        Some(BackorderLimit::Unlimited) => true,
        Some(BackorderLimit::Limited(limit)) => {
            held.figures.available.saturating_add(limit).millionths() >= 0
        }
        None => false,
    };
    match change.cause {
        // Said so: facts, or orders that must be taken. The model knows which were.
        Cause::Sold | Cause::Counted | Cause::Adjusted | Cause::TransferStarted => Ok(()),
        Cause::Fulfilled | Cause::Reserved => Ok(()),
        Cause::LinesSet if granted => Ok(()),
        other => say(&format!("by {other:?}: `available`")),
    }
}

fn check_catalog(told: &Told, model: &Model, tenant: &TenantId, change: &Change) -> Checked {
    let items = change.items.iter().map(|item| item.id.clone());
    same("items", &items.collect::<BTreeSet<_>>(), &told.items)?;
    let locations = change.locations.iter().map(|location| location.id.clone());
    same("locations", &locations.collect::<BTreeSet<_>>(), &told.locations)?;
    let shop = model.shop(tenant);
    for item in &change.items {
        same("item version", &item.version, &shop.items[&item.id].version)?;
    }
    for location in &change.locations {
        same("location version", &location.version, &shop.locations[&location.id].version)?;
    }
    Ok(())
}

fn check_promises(told: &Told, model: &Model, change: &Change, names: Names<'_>) -> Checked {
    let number = change.reservation.as_ref().map(|held| held.number);
    same("reservation", &number, &told.reservation)?;
    if let Some(held) = &change.reservation {
        let mut must = (*model.promises[&held.number]).clone();
        if change.cause == Cause::Unchanged {
            // The answer "already so" carries its own number.
            must.sequence = held.sequence;
        }
        same("reservation", &promise(held, names), &must)?;
    }
    let number = change.transfer.as_ref().map(|held| held.number);
    same("transfer", &number, &told.transfer)?;
    if let Some(held) = &change.transfer {
        same("transfer", &travel(held, names), &model.transfers[&held.number])?;
    }
    Ok(())
}

fn check_kept(told: &Told, model: &Model, change: &Change) -> Checked {
    let letter = match change.kept.as_deref() {
        Some(Kept::Letter(held)) => Some(held.letter),
        _ => None,
    };
    same("letter", &letter.map(|held| held.number), &told.letter)?;
    if let Some(held) = letter
        && let Some(must) = model.letters.get(&held.number)
    {
        let is = (held.status, held.attempts, held.direction, held.sequence);
        let must = (must.status, must.attempts, must.direction, must.sequence);
        same("letter", &is, &must)?;
    }
    let published = match change.kept.as_deref() {
        Some(Kept::Published(events)) => events.len(),
        _ => 0,
    };
    same("published", &published, &told.published)
}

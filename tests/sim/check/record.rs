//! What a record says, against what the model says that it must.

use std::collections::BTreeSet;

use onhand_domain::change::{Cause, Change, LineShare, Movement, PositionChange};
use onhand_domain::ids::TenantId;
use onhand_domain::layer::Pick;
use onhand_domain::policy::BackorderLimit;
use onhand_domain::position::Bucket;
use onhand_domain::quantity::Quantity;
use onhand_domain::rejection::{Rejection, STOCK_THERE_MAX};
use onhand_domain::upkeep::Kept;

use super::{Checked, Names, promise, same, travel};
use crate::model::Model;
use crate::model::shop::{Key, sellable};
use crate::model::step::{Move, Share, Told};
use crate::model::worth::Average;

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
    let one = |share: &LineShare| Share {
        item: names.item(share.item),
        at: share.position.map(|number| names.place(number).1),
        amount: share.quantity.millionths(),
        value: share.value.millionths(),
    };
    all.iter().map(one).collect()
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
    check_moves(told, change, names)?;
    let shipped: Vec<Share> = told.shipped.iter().map(|(share, _)| share.clone()).collect();
    same("shipped", &shares(&change.shipped, names), &shipped)?;
    same("released", &shares(&change.released, names), &told.released)?;
    same("reverses", &change.reverses, &told.reverses)?;
    same("lot dropped", &change.lot_dropped, &told.lot_dropped)?;
    same("transferred", &change.transferred.millionths(), &told.transferred)?;
    same("exceeds shipped", &change.exceeds_shipped, &told.exceeds_shipped)?;
    check_positions(told, model, tenant, change, names)?;
    check_catalog(told, model, tenant, change)?;
    check_promises(told, model, change, names)?;
    check_kept(told, model, change)
}

/// Movements in their order, each with the layers it takes or brings, and what that is worth.
fn check_moves(told: &Told, change: &Change, names: Names<'_>) -> Checked {
    let movement = |(it, picks): (&Movement, &[Pick])| Move {
        key: names.place(change.positions[it.position as usize].position),
        kind: it.kind,
        from: it.from,
        to: it.to,
        amount: it.quantity.millionths(),
        value: it.value,
        picks: picks.to_vec(),
        occurred_at: it.occurred_at,
    };
    let moves: Vec<Move> = change.entries().map(movement).collect();
    if moves.len() == told.moves.len() {
        for (is, must) in moves.iter().zip(&told.moves) {
            let what = format!("{:?} of {}@{}", must.kind, must.key.0, must.key.1);
            let plain = |it: &Move| Move { picks: Vec::new(), value: must.value, ..it.clone() };
            same("movements", &plain(is), &plain(must))?;
            same(&format!("layers moved by {what}"), &is.picks, &must.picks)?;
            same(&format!("value moved by {what}"), &is.value, &must.value)?;
        }
    }
    same("movements", &moves, &told.moves)
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
        let mut own = told.moves.iter().filter(|it| it.key == key);
        let average = must.average.filter(|_| own.any(|it| !it.picks.is_empty()));
        same(&what("average"), &held.average.map(averaged), &average)?;
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

pub(super) fn averaged(held: onhand_domain::position::Average) -> Average {
    Average { value: i128::from(held.value.millionths()), cost: held.unit_cost }
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
    let taken = change.movements.iter().filter(is_its);
    let taken = taken.filter(|it| it.from == Some(Bucket::Available) && it.to != it.from);
    // A fact that came after its count is booked, and undone, together with its correction.
    let is_late = change.movements.len() > 1;
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
        Cause::Fulfilled | Cause::Reserved | Cause::LotExpired => Ok(()),
        Cause::Received | Cause::Reversed if is_late => Ok(()),
        Cause::LinesSet | Cause::Relocated if granted => Ok(()),
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
    let withdrawn = change.withdrawn.iter();
    let withdrawn = withdrawn.map(|it| (it.reservation.number, shares(&it.released, names)));
    same("withdrawn", &withdrawn.collect::<Vec<_>>(), &told.withdrawn)?;
    for held in &change.withdrawn {
        let must = &*model.promises[&held.reservation.number];
        same("withdrawn reservation", &promise(&held.reservation, names), must)?;
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
    let job = match change.kept.as_deref() {
        Some(Kept::Job(job)) => {
            Some((job.number, job.progress.status, job.progress.done, job.progress.left))
        }
        _ => None,
    };
    same("job", &job, &told.job)?;
    let published = match change.kept.as_deref() {
        Some(Kept::Published(events)) => events.len(),
        _ => 0,
    };
    same("published", &published, &told.published)
}

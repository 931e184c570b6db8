//! Setting the quantities of lines, in place, all or nothing.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Decision;
use super::choice::{self, room};
use super::life::{next_version, put, refuse_ended, settle};
use super::reserve::{merged, serve};
use crate::catalog::ItemNumber;
use crate::change::MovementKind;
use crate::command::{Backorder, RequestedLine, Wanted};
use crate::draft::{Draft, Unknown};
use crate::position::Bucket;
use crate::quantity::Quantity;
use crate::rejection::{Rejection, Shortage};
use crate::reservation::{Holding, Line, Reservation, Status};

/// Which line of the reservation a wish is about.
enum Meant {
    Line(usize),
    New,
}

/// Sets the lines named; the others stay as they are.
pub(super) fn set(
    mut draft: Draft<'_>,
    held: &Arc<Reservation>,
    wishes: &[RequestedLine],
) -> Result<Decision, Rejection> {
    refuse_ended(held)?;
    let bucket = held.status.bucket().unwrap_or(Bucket::Reserved);
    let mut next = next_version(&draft, held);
    let mut meant = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let item = draft.find_item(&wish.item, Unknown::Refuse)?;
        meant.push((wish, item, find_line(&mut draft, held, item, wish)?));
    }
    let mut shortages = Vec::new();
    // What is given back first, so that the caller's own hold never blocks the caller.
    for growing in [false, true] {
        for (wish, item, meant) in &meant {
            let short = match meant {
                Meant::Line(at) => {
                    let Some(line) = next.lines.get_mut(*at) else { continue };
                    set_line(&mut draft, line, wish, bucket, growing)?
                }
                Meant::New if growing && wish.quantity.is_positive() => {
                    add_line(&mut draft, &mut next, *item, wish, bucket)?
                }
                Meant::New => None,
            };
            shortages.extend(short);
        }
    }
    if !shortages.is_empty() {
        return Err(Rejection::InsufficientStock(shortages));
    }
    next.lines = merged_in_place(next.lines)?;
    settle(&mut next, Status::Cancelled);
    Ok(put(draft, next))
}

fn find_line(
    draft: &mut Draft<'_>,
    held: &Reservation,
    item: ItemNumber,
    wish: &RequestedLine,
) -> Result<Meant, Rejection> {
    let location = match &wish.wanted {
        Wanted::Only(id) => Some(draft.find_location(id, Unknown::Refuse)?),
        Wanted::Preferred(_) | Wanted::Anywhere => None,
    };
    let stock = draft.stock;
    let is_meant = |line: &Line| {
        let at = line.position.and_then(|number| stock.position(number)).map(|held| held.location);
        line.item == item && location.is_none_or(|location| at == Some(location))
    };
    let mut found = held.lines.iter().enumerate().filter(|(_, line)| is_meant(line));
    match (found.next(), found.next()) {
        (None, _) => Ok(Meant::New),
        (Some((at, _)), None) => Ok(Meant::Line(at)),
        (Some(_), Some(_)) => Err(Rejection::AmbiguousLine(wish.item.clone())),
    }
}

/// Sets one line; in the first pass those that shrink, in the second those that grow.
fn set_line(
    draft: &mut Draft<'_>,
    line: &mut Line,
    wish: &RequestedLine,
    bucket: Bucket,
    growing: bool,
) -> Result<Option<Shortage>, Rejection> {
    if wish.quantity < line.fulfilled {
        return Err(Rejection::BelowFulfilled {
            item: wish.item.clone(),
            requested: wish.quantity,
            fulfilled: line.fulfilled,
        });
    }
    let before = line.open();
    let after = wish.quantity.saturating_sub(line.fulfilled);
    if (after > before) != growing {
        return Ok(None);
    }
    if let (Holding::Stock, Some(position)) = (line.holding, line.position)
        && after != before
    {
        let at = draft.touch(position);
        if growing {
            let policy = draft.policy(at);
            let grow = after.saturating_sub(before);
            let free = room(&policy, draft.figures(at).available, Backorder::Policy);
            let (_, location) = draft.place_of(at);
            if free.is_some_and(|free| free < grow) {
                return Ok(Some(Shortage {
                    item: wish.item.clone(),
                    location: draft.location(location).map(|location| location.id.clone()),
                    requested: wish.quantity,
                    sellable: free.unwrap_or_default().saturating_add(before),
                }));
            }
            draft.book(at, MovementKind::Reserve, Some(Bucket::Available), Some(bucket), grow)?;
        } else {
            let back = before.saturating_sub(after);
            draft.book(at, MovementKind::Release, Some(bucket), Some(Bucket::Available), back)?;
        }
    }
    line.quantity = wish.quantity;
    line.released = Quantity::ZERO;
    Ok(None)
}

fn add_line(
    draft: &mut Draft<'_>,
    next: &mut Reservation,
    item: ItemNumber,
    wish: &RequestedLine,
    bucket: Bucket,
) -> Result<Option<Shortage>, Rejection> {
    let terms = choice::Terms { backorder: Backorder::Policy, splits: u32::MAX };
    serve(draft, item, wish, terms, bucket, |line| next.lines.push(line))
}

/// A new line may have landed where a line lies already; only untouched lines may be merged.
fn merged_in_place(lines: Vec<Line>) -> Result<Vec<Line>, Rejection> {
    merged(lines.into_iter())
}

//! Serving one line from several places: the shelves first, then backorder room.

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::candidates::{self, Candidate};
use super::{Choice, Spot, Take, Takes, Terms};
use crate::command::{Backorder, Completeness};
use crate::draft::Draft;
use crate::quantity::Quantity;
use crate::stock::places::Order;

/// Over all that may serve, given in the order of choice.
///
/// In that order, emptying each. Where that falls short only because too few locations may take part,
/// those that have most serve instead: nobody is refused what few enough locations have.
pub(super) fn over(all: &[Candidate<'_>], quantity: Quantity, terms: Terms) -> Choice {
    let most = terms.most();
    let mut best = in_order(all, quantity, most);
    if best.is_whole() || most >= all.len() {
        return best;
    }
    let by_shelf = |candidate: &Candidate<'_>| candidate.shelf;
    let by_room =
        |candidate: &Candidate<'_>| candidate.room.unwrap_or(Quantity::from_millionths(i64::MAX));
    for few in [largest(all, most, by_shelf), largest(all, most, by_room)] {
        let other = in_order(&few, quantity, most);
        if other.missing < best.missing {
            best = other;
        }
        if best.is_whole() {
            break;
        }
    }
    best
}

/// The few with the largest figures, in the order of choice.
fn largest<'a>(
    all: &[Candidate<'a>],
    most: usize,
    figure: impl Fn(&Candidate<'a>) -> Quantity,
) -> Vec<Candidate<'a>> {
    let mut ranked: Vec<(usize, &Candidate<'a>)> = all.iter().enumerate().collect();
    ranked.sort_by_key(|(_, candidate)| Reverse(figure(candidate)));
    ranked.truncate(most);
    ranked.sort_unstable_by_key(|(place, _)| *place);
    ranked.into_iter().map(|(_, candidate)| *candidate).collect()
}

/// Empties the shelves in order, over at most so many locations; then uses backorder room.
fn in_order(all: &[Candidate<'_>], quantity: Quantity, most: usize) -> Choice {
    let mut filling = Filling { takes: Vec::new(), missing: quantity, most };
    for candidate in all {
        filling.take(candidate.spot, candidate.shelf);
    }
    if !filling.missing.is_zero() {
        for candidate in all {
            filling.take_beyond(candidate);
        }
    }
    filling.done()
}

/// Over the shelves in the kept order. `None`: what is missing may be found elsewhere.
pub(super) fn over_order(
    draft: &Draft<'_>,
    order: &Order,
    quantity: Quantity,
    preferred: Option<&Candidate<'_>>,
    terms: Terms,
) -> Option<Choice> {
    let no_room = match terms.backorder {
        Backorder::Never => true,
        Backorder::Policy => !order.has_room(),
        Backorder::Always => false,
    };
    // Whoever wants all or nothing need not look at every place to be told that there is too little.
    let is_all = terms.completeness == Completeness::Whole && terms.splits == u32::MAX;
    if no_room
        && is_all
        && let Some(missing) = order.lacks(quantity)
    {
        return Some(Choice { takes: Takes::Split(Vec::new()), missing });
    }
    let mut filling = Filling { takes: Vec::new(), missing: quantity, most: terms.most() };
    if let Some(first) = preferred {
        filling.take(first.spot, first.shelf);
    }
    let first = preferred.map(|first| first.spot);
    for number in order.shelves() {
        if filling.missing.is_zero() || filling.is_full() {
            break;
        }
        let Some(next) = candidates::of(draft, number, terms.backorder) else { continue };
        if Some(next.spot) != first {
            filling.take(next.spot, next.shelf);
        }
    }
    (filling.missing.is_zero() || (no_room && !filling.is_full())).then(|| filling.done())
}

/// A line that is being served.
struct Filling {
    takes: Vec<Take>,
    missing: Quantity,
    most: usize,
}

impl Filling {
    fn is_full(&self) -> bool {
        self.takes.len() >= self.most
    }

    /// From a place that was not asked before.
    fn take(&mut self, spot: Spot, shelf: Quantity) {
        let given = shelf.min(self.missing);
        if given.is_positive() && !self.is_full() {
            self.takes.push(Take { spot, quantity: given });
            self.missing = self.missing.saturating_sub(given);
        }
    }

    /// Backorder room, also of a place whose shelf was emptied before.
    fn take_beyond(&mut self, candidate: &Candidate<'_>) {
        let at = self.takes.iter().position(|take| take.spot == candidate.spot);
        let already = at.map_or(Quantity::ZERO, |at| self.takes[at].quantity);
        let more = candidate.room_for(already.saturating_add(self.missing)).saturating_sub(already);
        if !more.is_positive() {
            return;
        }
        match at {
            Some(at) => self.takes[at].quantity = already.saturating_add(more),
            None if self.is_full() => return,
            None => self.takes.push(Take { spot: candidate.spot, quantity: more }),
        }
        self.missing = self.missing.saturating_sub(more);
    }

    fn done(self) -> Choice {
        let takes = match self.takes.as_slice() {
            [one] => Takes::One(*one),
            _ => Takes::Split(self.takes),
        };
        Choice { takes, missing: self.missing }
    }
}

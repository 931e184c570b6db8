//! From where a line is served, as API.md says it ("Choice of location").

use onhand_domain::command::{Backorder, Completeness, RequestedLine, Wanted};
use onhand_domain::ids::{ItemId, LocationId, LotNumber};
use onhand_domain::policy::{BackorderLimit, Policy};
use onhand_domain::position::Bucket;
use onhand_domain::rejection::Rejection;

use super::shop::{Item, Key, free, sellable};
use super::step::Step;

/// How a line may be served.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) backorder: Backorder,
    pub(super) splits: usize,
    pub(super) completeness: Completeness,
}

/// A place that may serve, and what it may give.
#[derive(Debug, Clone)]
struct Candidate {
    location: LocationId,
    priority: i32,
    shelf: i64,
    /// With backorder room; `None`: no limit.
    room: Option<i64>,
}

/// What is taken from where, and what is missing.
pub(super) type Choice = (Vec<(LocationId, i64)>, i64);

fn room(policy: &Policy, available: i64, backorder: Backorder) -> Option<i64> {
    match backorder {
        Backorder::Always => None,
        Backorder::Never => Some(free(policy, available)),
        Backorder::Policy => match policy.backorder_limit {
            Some(BackorderLimit::Unlimited) => None,
            _ => sellable(policy, available),
        },
    }
}

impl Candidate {
    fn room_for(&self, amount: i64) -> i64 {
        self.room.map_or(amount, |room| room.min(amount))
    }

    /// Lower priority first, then more on the shelf, then id.
    fn rank(&self) -> (i32, i64, LocationId) {
        (self.priority, -self.shelf, self.location.clone())
    }
}

impl Step {
    fn candidate(&self, item: &ItemId, at: &LocationId, backorder: Backorder) -> Candidate {
        let key: Key = (item.clone(), at.clone());
        let (policy, available) = (self.shop().policy(&key), self.get(&key, Bucket::Available));
        Candidate {
            location: at.clone(),
            priority: self.shop().locations[at].attributes.priority,
            shelf: free(&policy, available),
            room: room(&policy, available, backorder),
        }
    }

    pub(super) fn choose(
        &self,
        item: &ItemId,
        amount: i64,
        wanted: &Wanted,
        terms: Terms,
    ) -> Result<Choice, Rejection> {
        let mut preferred = None;
        match wanted {
            Wanted::Only(id) => {
                self.selling_location(id)?;
                let given = self.candidate(item, id, terms.backorder).room_for(amount);
                let taken = if given > 0 { vec![(id.clone(), given)] } else { Vec::new() };
                return Ok((taken, amount - given.max(0)));
            }
            Wanted::Preferred(id) => {
                self.known_location(id)?;
                if self.shop().sells(id) {
                    let first = self.candidate(item, id, terms.backorder);
                    if first.shelf >= amount {
                        return Ok((vec![(id.clone(), amount)], 0));
                    }
                    preferred = Some(first);
                }
            }
            Wanted::Anywhere => {}
        }
        let mut all = self.stocked(item, terms.backorder);
        if let Some(best) = all.iter().find(|candidate| candidate.shelf >= amount) {
            return Ok((vec![(best.location.clone(), amount)], 0));
        }
        if let Some(first) = preferred {
            all.retain(|candidate| candidate.location != first.location);
            all.insert(0, first);
        }
        all.extend(self.new_place(item, terms.backorder, &all));
        Ok(split(&all, amount, terms.splits))
    }

    /// For a line that names a lot: only what is left of it counts, and no backorder room.
    pub(super) fn choose_of_lot(
        &self,
        wish: &RequestedLine,
        lot: &LotNumber,
        terms: Terms,
    ) -> Result<Choice, Rejection> {
        let (item, amount) = (&wish.item, wish.quantity.millionths());
        let mut first = None;
        match &wish.wanted {
            Wanted::Only(id) => self.selling_location(id)?,
            Wanted::Preferred(id) => {
                self.known_location(id)?;
                first = Some(id);
            }
            Wanted::Anywhere => {}
        }
        let mut all = self.stocked(item, Backorder::Never);
        if let Wanted::Only(id) = &wish.wanted {
            all.retain(|candidate| candidate.location == *id);
        }
        for candidate in &mut all {
            let key: Key = (item.clone(), candidate.location.clone());
            let of_lot = self.free_of_lot(&key, Bucket::Available, lot).max(0);
            candidate.shelf = candidate.shelf.min(of_lot);
            candidate.room = Some(candidate.shelf);
        }
        all.sort_by_key(Candidate::rank);
        all.sort_by_key(|candidate| Some(&candidate.location) != first);
        if let Some(best) = all.iter().find(|candidate| candidate.shelf >= amount) {
            return Ok((vec![(best.location.clone(), amount)], 0));
        }
        Ok(split(&all, amount, terms.splits))
    }

    pub(super) fn selling_location(&self, id: &LocationId) -> Result<(), Rejection> {
        self.known_location(id)?;
        if self.shop().sells(id) { Ok(()) } else { Err(Rejection::LocationInactive(id.clone())) }
    }

    /// Places that had a position of the item before this step, in the order of choice.
    fn stocked(&self, item: &ItemId, backorder: Backorder) -> Vec<Candidate> {
        let of_item = self.shop().positions_of(item).into_iter();
        let selling = of_item.filter(|key| !self.opened.contains(key) && self.shop().sells(&key.1));
        let mut all: Vec<Candidate> =
            selling.map(|(item, at)| self.candidate(&item, &at, backorder)).collect();
        all.sort_by_key(Candidate::rank);
        all
    }

    /// The best place that had no position of the item, when room is granted there.
    fn new_place(
        &self,
        item: &ItemId,
        backorder: Backorder,
        known: &[Candidate],
    ) -> Option<Candidate> {
        let policy = self.shop().items.get(item).map(Item::policy).unwrap_or_default();
        if room(&policy, 0, backorder) == Some(0) {
            return None;
        }
        let best = self.best_location(|at| {
            let key: Key = (item.clone(), at.clone());
            let was_there = self.shop().positions.contains_key(&key) && !self.opened.contains(&key);
            !was_there && known.iter().all(|candidate| candidate.location != *at)
        })?;
        Some(self.candidate(item, &best, backorder))
    }

    /// The selling location with the lowest priority, then id, that will do.
    pub(super) fn best_location(
        &self,
        will_do: impl Fn(&LocationId) -> bool,
    ) -> Option<LocationId> {
        let selling = self.shop().locations.iter().filter(|(_, location)| location.sells());
        let fitting = selling.filter(|(id, _)| will_do(id));
        let best = fitting.min_by_key(|(id, location)| (location.attributes.priority, *id));
        best.map(|(id, _)| id.clone())
    }
}

/// Empties the shelves in order, over so many places at most, then uses backorder room.
fn in_order(all: &[Candidate], amount: i64, most: usize) -> Choice {
    let mut taken: Vec<(LocationId, i64)> = Vec::new();
    let mut missing = amount;
    for candidate in all {
        let given = candidate.shelf.min(missing);
        if given > 0 && taken.len() < most {
            taken.push((candidate.location.clone(), given));
            missing -= given;
        }
    }
    for candidate in all {
        if missing == 0 {
            break;
        }
        let at = taken.iter().position(|(location, _)| *location == candidate.location);
        let already = at.map_or(0, |at| taken[at].1);
        let more = candidate.room_for(already + missing) - already;
        match at {
            _ if more <= 0 => continue,
            Some(at) => taken[at].1 += more,
            None if taken.len() >= most => continue,
            None => taken.push((candidate.location.clone(), more)),
        }
        missing -= more;
    }
    (taken, missing)
}

/// In order; where too few places may take part for that, those that have most.
fn split(all: &[Candidate], amount: i64, most: usize) -> Choice {
    let mut best = in_order(all, amount, most);
    if most >= all.len() {
        return best;
    }
    for by_room in [false, true] {
        if best.1 == 0 {
            break;
        }
        let figure = |candidate: &Candidate| match candidate.room {
            Some(room) if by_room => room,
            None if by_room => i64::MAX,
            _ => candidate.shelf,
        };
        let mut ranked: Vec<usize> = (0..all.len()).collect();
        ranked.sort_by_key(|at| std::cmp::Reverse(figure(&all[*at])));
        ranked.truncate(most);
        ranked.sort_unstable();
        let few: Vec<Candidate> = ranked.iter().map(|at| all[*at].clone()).collect();
        let other = in_order(&few, amount, most);
        if other.1 < best.1 {
            best = other;
        }
    }
    best
}

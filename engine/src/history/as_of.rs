//! What a position was at an instant: by when things happened, not by when they were recorded.
//!
//! The figures that the last record up to the instant left, without what had not happened by then (tills
//! whose clock is ahead), and with what had happened but was recorded later. Both have index rows, so
//! that the effort does not depend on how much was sold since.

use std::collections::HashSet;
use std::sync::Arc;

use onhand_domain::catalog::Tracking;
use onhand_domain::change::{Change, Movement};
use onhand_domain::decide::{Moment, OCCURRED_AHEAD_MS_MAX};
use onhand_domain::ids::{ItemId, LocationId};
use onhand_domain::policy::Policy;
use onhand_domain::position::{Figures, PositionNumber};
use onhand_domain::quantity::Quantity;
use onhand_domain::reservation::{Holding, Reservation};
use onhand_domain::time::Timestamp;
use onhand_storage::{LogError, ReadLog};

use super::chain::{self, Standing, movements_at, redone, undone};
use super::moment::{LATE_MS, occurred_at};
use super::rows::{kind, position_in};
use super::{Archive, History};
use crate::error::Failure;
use crate::outbox::last_before;
use crate::recovery::read_change;
use crate::view::{PositionView, View};
use crate::writer::core::Found;

/// Index rows that are read at once.
const ROWS: usize = 1_024;
/// Records that are looked at to find the policy of then, and no further.
const TERMS_LOOKS_MAX: usize = 64;
/// Records that are looked at to find the holds of then.
const HOLDS_LOOKS_MAX: usize = 10_000;
/// Positions that are looked at in one go, before others have their turn.
const SLICE: usize = 256;
/// Holds that are shown.
const HOLDS_MAX: usize = 1_000;

/// A position as of an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionAsOf {
    /// The position as it is now: its names, and whether it is counted.
    pub now: PositionView,
    /// Bucket by bucket.
    pub figures: Figures,
    /// What could be promised then, by the policy of then; `None`: no limit.
    pub sellable: Option<Quantity>,
    /// Version of the position after the last record up to then.
    pub version: u32,
    /// That record; 0: none.
    pub sequence: u64,
    /// Records up to this one were looked at.
    pub seen: u64,
}

impl PositionAsOf {
    /// The position as it was shown then.
    #[must_use]
    pub fn shown(&self) -> PositionView {
        let Self { figures, sellable, version, sequence, .. } = *self;
        PositionView { figures, sellable, version, sequence, ..self.now.clone() }
    }
}

/// What a reservation held at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The reservation as its last record up to then left it.
    pub reservation: Arc<Reservation>,
    /// What it held at the position.
    pub quantity: Quantity,
}

/// The holds at a position.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holds {
    /// The holds, latest changed first.
    pub holds: Vec<Hold>,
    /// Whether there are more than were looked for.
    pub has_more: bool,
}

/// What "as of an instant" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Basis {
    /// What had happened by then, whenever it was recorded.
    #[default]
    Happened,
    /// What had been recorded by then: what was known.
    Recorded,
}

/// An instant as places in the log.
#[derive(Debug, Clone, Copy)]
struct Instant {
    at: Timestamp,
    basis: Basis,
    /// The last record there was.
    seen: u64,
    /// The last record that was decided up to it.
    last: u64,
    /// No record up to here can tell of something after it.
    settled: u64,
    /// Beyond it, only what came late tells of something up to it.
    last_prompt: u64,
}

impl Instant {
    /// By the records up to `until`.
    fn find(
        log: &dyn ReadLog,
        until: u64,
        (at, basis): (Timestamp, Basis),
    ) -> Result<Self, LogError> {
        let last_before = |ms| last_before(log, until, at.plus_millis(ms));
        Ok(Self {
            at,
            basis,
            seen: until,
            last: last_before(1)?,
            settled: last_before(-OCCURRED_AHEAD_MS_MAX)?,
            last_prompt: last_before(LATE_MS + 1)?,
        })
    }

    fn contains(&self, change: &Change, movement: &Movement) -> bool {
        match self.basis {
            Basis::Happened => occurred_at(change, movement) <= self.at,
            Basis::Recorded => change.at <= self.at,
        }
    }
}

impl Archive {
    /// The position after its last record up to the instant; `now` is how one of its records left it.
    fn standing(
        &self,
        log: &dyn ReadLog,
        number: PositionNumber,
        now: Standing,
        instant: Instant,
    ) -> Result<Standing, LogError> {
        let bound = instant.last.saturating_add(1);
        self.standing_before(log, number, now, bound)
    }

    /// What a position was at an instant, for a command. Nothing, while the record that changed it last
    /// cannot be found yet.
    pub(super) fn moment(
        &self,
        log: &dyn ReadLog,
        asked: Moment,
    ) -> Result<Option<Found>, LogError> {
        let Moment { position, at, since } = asked;
        // Before the log is read: its rows are found up to here.
        let seen = self.recent.known_to();
        if seen < since {
            return Ok(None);
        }
        let found = |figures| Some(Found::Moment { moment: asked, figures, seen });
        let last = read_change(log, since)?;
        let Some(last) = last.as_ref().and_then(|change| position_in(change, position)) else {
            return Ok(found(None)); // It is not kept any more.
        };
        let (figures, version) = (last.figures, last.version);
        let now = Standing { sequence: since, figures, version };
        let instant = Instant::find(log, seen, (at, Basis::Happened))?;
        let standing = self.standing(log, position, now, instant)?;
        Ok(found(Some(self.settle(log, position, standing, instant)?)))
    }

    /// Records of a position whose movements may lie on the other side of the instant than they do.
    fn displaced(
        &self,
        number: PositionNumber,
        instant: Instant,
    ) -> Result<HashSet<u64>, LogError> {
        let mut found = HashSet::new();
        if instant.basis == Basis::Recorded {
            return Ok(found);
        }
        let near = (kind::NEAR, instant.last_prompt.saturating_add(1), instant.settled);
        let late = (kind::LATE, instant.seen.saturating_add(1), instant.last);
        for (kind, mut before, after) in [near, late] {
            loop {
                let rows = self.lookup_before(kind, number.into(), before, ROWS)?;
                let inside = rows.iter().take_while(|sequence| **sequence > after).count();
                found.extend(&rows[..inside]);
                match rows.last() {
                    Some(last) if inside == ROWS => before = *last,
                    _ => break,
                }
            }
        }
        Ok(found)
    }

    /// Takes out what had not happened, and adds what had.
    fn settle(
        &self,
        log: &dyn ReadLog,
        number: PositionNumber,
        standing: Standing,
        instant: Instant,
    ) -> Result<Figures, LogError> {
        let mut figures = standing.figures;
        for sequence in self.displaced(number, instant)? {
            let Some(change) = read_change(log, sequence)? else { continue };
            for movement in movements_at(&change, number) {
                let is_contained = instant.contains(&change, movement);
                if sequence <= instant.last && !is_contained {
                    figures = undone(figures, movement);
                } else if sequence > instant.last && is_contained {
                    figures = redone(figures, movement);
                }
            }
        }
        Ok(figures)
    }

    /// The policy that the nearest record up to the instant shows, else the one of now.
    fn terms(
        &self,
        log: &dyn ReadLog,
        standing: Standing,
        now: &PositionView,
    ) -> Result<(Policy, Tracking), LogError> {
        let mut next = standing.sequence;
        for _ in 0..TERMS_LOOKS_MAX {
            if next == now.sequence || next == 0 {
                break;
            }
            let Some(change) = read_change(log, next)? else { break };
            let Some(held) = position_in(&change, now.number) else { break };
            if let Some(terms) = &held.terms {
                return Ok((terms.effective, terms.tracking));
            }
            next = held.previous;
        }
        Ok((now.effective, now.tracking))
    }

    /// Whether the location was closed for selling when the position last changed before: it could have
    /// sold something by its policy, and its record says that it could not.
    fn was_closed(
        &self,
        log: &dyn ReadLog,
        number: PositionNumber,
        (standing, policy): (Standing, Policy),
    ) -> Result<bool, LogError> {
        if standing.sequence == 0 {
            return Ok(false);
        }
        let Some(change) = read_change(log, standing.sequence)? else { return Ok(false) };
        let Some(held) = position_in(&change, number) else { return Ok(false) };
        let could = policy.sellable(held.figures.available);
        Ok(held.sellable == Some(Quantity::ZERO) && could != Some(Quantity::ZERO))
    }

    fn position_as_of(
        &self,
        log: &dyn ReadLog,
        view: &View,
        now: PositionView,
        instant: Instant,
    ) -> Result<PositionAsOf, LogError> {
        let shown = chain::now(view, now.number);
        let standing = self.standing(log, now.number, shown, instant)?;
        let figures = self.settle(log, now.number, standing, instant)?;
        let is_as_now = standing.sequence == now.sequence && figures == now.figures;
        let sellable = match self.terms(log, standing, &now)? {
            _ if is_as_now => now.sellable,
            (_, Tracking::Untracked) => None,
            (policy, Tracking::Tracked) => {
                let is_closed = self.was_closed(log, now.number, (standing, policy))?;
                let sellable = policy.sellable(figures.available);
                if is_closed { Some(Quantity::ZERO) } else { sellable }
            }
        };
        let Standing { sequence, version, .. } = standing;
        Ok(PositionAsOf { now, figures, sellable, version, sequence, seen: instant.seen })
    }

    /// The reservations that held something at a position, found by walking back along it until they
    /// make up what was promised.
    fn holds_as_of(
        &self,
        log: &dyn ReadLog,
        position: &PositionAsOf,
        instant: Instant,
    ) -> Result<Holds, LogError> {
        let number = position.now.number;
        let mut search = HoldSearch::new(number, position.figures.promised());
        let mut displaced: Vec<u64> = self.displaced(number, instant)?.into_iter().collect();
        displaced.sort_unstable_by(|left, right| right.cmp(left));
        displaced.retain(|sequence| *sequence > instant.last);
        let mut next = position.sequence;
        let late = displaced.into_iter().map(|sequence| (sequence, true));
        for (sequence, is_late) in late.chain(std::iter::repeat((0, false))).take(HOLDS_LOOKS_MAX) {
            if search.is_over() {
                return Ok(search.holds);
            }
            let Some(change) = read_change(log, if is_late { sequence } else { next })? else {
                return Ok(search.holds);
            };
            let contains = |movement| instant.contains(&change, movement);
            let has_happened = movements_at(&change, number).any(contains);
            if has_happened {
                change.reservations().for_each(|reservation| search.look_at(reservation));
            }
            if !is_late {
                next = position_in(&change, number).map_or(0, |held| held.previous);
            }
        }
        search.holds.has_more = true;
        Ok(search.holds)
    }
}

/// Gathers holds until they make up what was promised.
struct HoldSearch {
    position: PositionNumber,
    missing: Quantity,
    seen: HashSet<u64>,
    holds: Holds,
}

impl HoldSearch {
    fn new(position: PositionNumber, promised: Quantity) -> Self {
        Self { position, missing: promised, seen: HashSet::new(), holds: Holds::default() }
    }

    fn is_over(&self) -> bool {
        !self.missing.is_positive() || self.holds.has_more
    }

    /// Only the latest record of a reservation counts.
    fn look_at(&mut self, reservation: &Arc<Reservation>) {
        if !self.seen.insert(reservation.number) || !reservation.status.is_open() {
            return;
        }
        let lines = reservation
            .lines
            .iter()
            .filter(|line| line.position == Some(self.position) && line.holding == Holding::Stock);
        let quantity = lines.fold(Quantity::ZERO, |sum, line| sum.saturating_add(line.open()));
        if !quantity.is_positive() {
            return;
        }
        if self.holds.holds.len() == HOLDS_MAX {
            self.holds.has_more = true;
            return;
        }
        self.missing = self.missing.saturating_sub(quantity);
        self.holds.holds.push(Hold { reservation: Arc::clone(reservation), quantity });
    }
}

impl History {
    /// A position as of an instant, and what was held there; `None` when it is not known.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn position_as_of(
        &self,
        tenant: &str,
        item: &ItemId,
        location: &LocationId,
        instant: (Timestamp, Basis),
    ) -> Result<Option<(PositionAsOf, Holds)>, Failure> {
        let Some(now) = self.view.position(tenant, item.as_str(), location.as_str()) else {
            return Ok(None);
        };
        let (archive, view) = (self.archive.clone(), Arc::clone(&self.view));
        let read = move |log: &dyn ReadLog| {
            let instant = Instant::find(log, view.sequence(), instant)?;
            let position = archive.position_as_of(log, &view, now, instant)?;
            let holds = archive.holds_as_of(log, &position, instant)?;
            Ok(Some((position, holds)))
        };
        self.readers.read_ledger(read).await
    }

    /// Several positions as of an instant, in the order in which they are given.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn positions_as_of(
        &self,
        positions: Vec<PositionView>,
        instant: (Timestamp, Basis),
    ) -> Result<Vec<PositionAsOf>, Failure> {
        let mut all = Vec::with_capacity(positions.len());
        let mut positions = positions.into_iter();
        loop {
            let slice: Vec<PositionView> = positions.by_ref().take(SLICE).collect();
            if slice.is_empty() {
                return Ok(all);
            }
            let (archive, view) = (self.archive.clone(), Arc::clone(&self.view));
            let read = move |log: &dyn ReadLog| {
                let instant = Instant::find(log, view.sequence(), instant)?;
                let one = |now| archive.position_as_of(log, &view, now, instant);
                slice.into_iter().map(one).collect::<Result<Vec<_>, _>>()
            };
            all.extend(self.readers.read_ledger(read).await?);
        }
    }
}

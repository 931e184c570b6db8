//! The ledger: all movements, page by page, the newest entry first.
//!
//! An entry's place in the ledger is its record and its place in it, never when it happened: what came
//! late is an entry of its own, where it was recorded, so that pages stay put while stock moves.

mod walk;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use onhand_domain::catalog::{ItemNumber, LocationNumber, TenantNumber};
use onhand_domain::change::{Cause, Change, Movement, MovementKind, PositionChange};
use onhand_domain::decide::OCCURRED_AHEAD_MS_MAX;
use onhand_domain::ids::{ItemId, LocationId, LotNumber, Reference};
use onhand_domain::position::Bucket;
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::reservation::{Reservation, ReservationNumber};
use onhand_domain::time::Timestamp;
use onhand_storage::{LogError, ReadLog};

use super::rows::{order_of, position_of, references_of, reservation_of};
use super::{Archive, History, chain, moment};
use crate::error::Failure;
use crate::events::Moved;
use crate::names::Names;
use crate::view::View;
use walk::Walk;

/// Records that one page looks at, at most: beyond it the page ends early, with a cursor.
const LOOKS_MAX: usize = 20_000;

/// A place in the ledger: a record, and a movement of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerPlace {
    /// The record.
    pub sequence: u64,
    /// The movement of the record.
    pub movement: u32,
}

/// Which entries are wanted; each is narrowed by all that is said.
#[derive(Debug, Clone, Default)]
pub struct LedgerFilter {
    /// Of this item.
    pub item: Option<ItemId>,
    /// At this location.
    pub location: Option<LocationId>,
    /// That happened at this instant or later.
    pub from: Option<Timestamp>,
    /// That happened before this instant.
    pub to: Option<Timestamp>,
    /// Recorded at this instant or later.
    pub recorded_from: Option<Timestamp>,
    /// Recorded before this instant.
    pub recorded_to: Option<Timestamp>,
    /// Of one of these types; empty: of any.
    pub kinds: Vec<MovementKind>,
    /// With this reference or document.
    pub reference: Option<Reference>,
    /// For this order.
    pub order: Option<Reference>,
    /// For this reservation.
    pub reservation: Option<ReservationNumber>,
}

/// What a filter means in numbers.
#[derive(Debug, Clone)]
struct Wanted {
    filter: LedgerFilter,
    tenant: TenantNumber,
    item: Option<ItemNumber>,
    location: Option<LocationNumber>,
}

/// One entry.
#[derive(Debug, Clone)]
pub struct LedgerEntry {
    /// Where it stands.
    pub place: LedgerPlace,
    /// Its record.
    pub change: Arc<Change>,
    /// The bucket that `before` and `after` are about: the one it leaves, else the one it enters.
    pub bucket: Bucket,
    /// What lay in the bucket before.
    pub before: Quantity,
    /// What lay in it after.
    pub after: Quantity,
}

impl LedgerEntry {
    /// The movement.
    ///
    /// # Panics
    /// Never: entries are made of movements.
    #[must_use]
    pub fn movement(&self) -> &Movement {
        let at = usize::try_from(self.place.movement).ok();
        at.and_then(|at| self.change.movements.get(at)).expect("an entry is made of a movement")
    }

    /// Its position, as the record left it.
    ///
    /// # Panics
    /// Never: entries are made of movements at a position.
    #[must_use]
    pub fn position(&self) -> &PositionChange {
        position_of(&self.change, self.movement()).expect("an entry is of a position")
    }

    /// By how much the bucket changed.
    #[must_use]
    pub fn quantity(&self) -> Quantity {
        self.after.saturating_sub(self.before)
    }

    /// When it happened.
    #[must_use]
    pub fn occurred_at(&self) -> Timestamp {
        moment::occurred_at(&self.change, self.movement())
    }

    /// The order it concerns.
    #[must_use]
    pub fn order(&self) -> Option<&Reference> {
        order_of(&self.change)
    }

    /// The reservation it concerns.
    #[must_use]
    pub fn reservation(&self) -> Option<&Arc<Reservation>> {
        reservation_of(&self.change, self.place.movement)
    }

    /// The caller's reference, else the document behind it.
    #[must_use]
    pub fn reference(&self) -> Option<&Reference> {
        references_of(&self.change).next()
    }

    /// Lot, cost of a unit and value. The only place that knows them.
    #[must_use]
    pub fn cost(&self) -> EntryCost {
        let place = usize::try_from(self.place.movement).unwrap_or(usize::MAX);
        let Moved { lot, unit_cost, value } = Moved::by(&self.change, place);
        EntryCost { lot: lot.cloned(), unit_cost, value }
    }
}

/// What an entry says about lot and money.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryCost {
    /// The lot.
    pub lot: Option<LotNumber>,
    /// Cost of a unit.
    pub unit_cost: Option<Money>,
    /// Value of all of it.
    pub value: Option<Money>,
}

/// A page.
#[derive(Debug, Clone, Default)]
pub struct LedgerPage {
    /// The entries, newest first.
    pub entries: Vec<LedgerEntry>,
    /// The next page begins below it; `None`: there is no other.
    pub next: Option<LedgerPlace>,
}

impl Wanted {
    fn new(view: &View, tenant: &str, filter: LedgerFilter) -> Option<Self> {
        let directory = view.directory();
        let tenant = directory.tenant_number(tenant)?;
        let item = match &filter.item {
            Some(id) => Some(directory.item_number(tenant, id.as_str())?),
            None => None,
        };
        let location = match &filter.location {
            Some(id) => Some(directory.location_number(tenant, id.as_str())?),
            None => None,
        };
        Some(Self { filter, tenant, item, location })
    }

    /// Whether neither this record nor any before it can have a wanted entry.
    fn is_over(&self, change: &Change) -> bool {
        let too_early = |from: Timestamp| change.at.plus_millis(OCCURRED_AHEAD_MS_MAX) < from;
        self.filter.from.is_some_and(too_early)
            || self.filter.recorded_from.is_some_and(|from| change.at < from)
    }

    /// Whether a record may have wanted entries.
    fn may_fit(&self, change: &Change) -> bool {
        let LedgerFilter { recorded_to, reference, order, reservation, .. } = &self.filter;
        change.tenant == self.tenant
            && recorded_to.is_none_or(|to| change.at < to)
            && order.as_ref().is_none_or(|order| order_of(change) == Some(order))
            && reference.as_ref().is_none_or(|it| references_of(change).any(|held| held == it))
            && reservation
                .is_none_or(|number| change.reservations().any(|held| held.number == number))
    }

    /// Whether an entry concerns the wanted reservation.
    fn is_about(&self, change: &Change, place: u32) -> bool {
        let is_it = |number| reservation_of(change, place).is_some_and(|it| it.number == number);
        self.filter.reservation.is_none_or(is_it)
    }

    fn fits(&self, change: &Change, movement: &Movement, names: &dyn Names) -> bool {
        let LedgerFilter { from, to, kinds, .. } = &self.filter;
        let occurred = moment::occurred_at(change, movement);
        let is_at = || {
            let Some(held) = position_of(change, movement) else { return false };
            let (item, location) = names.place(held.position);
            self.item.is_none_or(|wanted| wanted == item)
                && self.location.is_none_or(|wanted| wanted == location)
        };
        from.is_none_or(|from| occurred >= from)
            && to.is_none_or(|to| occurred < to)
            && (kinds.is_empty() || kinds.contains(&movement.kind))
            && is_at()
    }

    /// Adds the wanted entries of a record below `before`, the last movement first.
    fn add(
        &self,
        (sequence, change): (u64, &Arc<Change>),
        before: LedgerPlace,
        names: &dyn Names,
        entries: &mut Vec<LedgerEntry>,
    ) {
        if !self.may_fit(change) {
            return;
        }
        let mut figures: Vec<_> = change.positions.iter().map(|held| held.figures).collect();
        for (number, movement) in change.movements.iter().enumerate().rev() {
            let at = usize::try_from(movement.position).unwrap_or(usize::MAX);
            let (Some(held), Ok(number)) = (figures.get_mut(at), u32::try_from(number)) else {
                continue;
            };
            let after = *held;
            *held = chain::undone(after, movement);
            let place = LedgerPlace { sequence, movement: number };
            let is_told = !is_silent(change, movement);
            let is_told = is_told && self.is_about(change, number);
            if place < before && is_told && self.fits(change, movement, names) {
                let bucket = movement.from.or(movement.to).unwrap_or(Bucket::Available);
                let (before, after) = (held.get(bucket), after.get(bucket));
                let change = Arc::clone(change);
                entries.push(LedgerEntry { place, change, bucket, before, after });
            }
        }
    }
}

/// Layers that were merged at the same cost: nothing moved, and nothing is worth more or less.
fn is_silent(change: &Change, movement: &Movement) -> bool {
    movement.kind == MovementKind::Revaluation
        && movement.value.is_zero()
        && change.cause != Cause::Revalued
}

impl Archive {
    fn ledger_page(
        &self,
        log: &dyn ReadLog,
        view: &View,
        wanted: &Wanted,
        before: Option<LedgerPlace>,
        limit: usize,
    ) -> Result<LedgerPage, LogError> {
        let top = LedgerPlace { sequence: view.sequence().saturating_add(1), movement: 0 };
        let before = before.map_or(top, |before| before.min(top));
        // The record of the cursor is looked at again: it may have further entries.
        let bound = if before.movement == 0 { before.sequence } else { before.sequence + 1 };
        let mut walk = Walk::new(self, log, view, wanted, bound)?;
        let mut page = LedgerPage::default();
        let mut looks = 0;
        while let Some((sequence, change)) = walk.next()? {
            if wanted.is_over(&change) {
                break;
            }
            wanted.add((sequence, &change), before, view.directory(), &mut page.entries);
            looks += 1;
            if page.entries.len() > limit {
                page.entries.truncate(limit);
                page.next = page.entries.last().map(|last| last.place);
                break;
            }
            if looks >= LOOKS_MAX {
                page.next = Some(LedgerPlace { sequence, movement: 0 });
                break;
            }
        }
        Ok(page)
    }
}

impl History {
    /// A page of the ledger of a tenant, below `before`. It may have fewer entries than `limit`, and
    /// none, and still be followed by another.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn ledger(
        &self,
        tenant: &str,
        filter: LedgerFilter,
        before: Option<LedgerPlace>,
        limit: usize,
    ) -> Result<LedgerPage, Failure> {
        self.ledger_told(tenant, filter, (before, limit), |page| page).await
    }

    /// [`History::ledger`], told in another way: a thousand entries take longer to write than anything a
    /// seller asks for, so that is done by the thread that gives way to all others.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn ledger_told<T: Send + 'static>(
        &self,
        tenant: &str,
        filter: LedgerFilter,
        (before, limit): (Option<LedgerPlace>, usize),
        tell: impl FnOnce(LedgerPage) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let Some(wanted) = Wanted::new(&self.view, tenant, filter) else {
            return Ok(tell(LedgerPage::default()));
        };
        let (archive, view) = (self.archive.clone(), Arc::clone(&self.view));
        let read = move |log: &dyn ReadLog| {
            let page = archive.ledger_page(log, &view, &wanted, before, limit)?;
            // Whoever tells it wrongly fails alone.
            Ok(catch_unwind(AssertUnwindSafe(|| tell(page))))
        };
        self.readers.read_ledger(read).await?.map_err(|_| Failure::Internal)
    }
}

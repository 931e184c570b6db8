//! The rules: what a command does to the stock as it is, at an instant.
//!
//! [`Stock::decide`] reads and answers; it never changes anything. One file per noun below.

mod adjustments;
mod cancel;
mod catalog;
mod choice;
mod due;
mod entries;
mod fulfil;
mod jobs;
mod late;
mod life;
mod lines;
mod lots;
mod relocate;
mod reserve;
mod restock;
mod revalue;
pub mod reverse;
mod terms;
mod transfers;
mod unfulfil;
mod upkeep;

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::sync::Arc;

use crate::catalog::TenantNumber;
use crate::change::{Cause, Change};
use crate::command::{Action, Command, Detail, Source};
use crate::consumed::Refusal;
use crate::draft::Draft;
use crate::ids::Reference;
use crate::position::PositionNumber;
use crate::rejection::Rejection;
use crate::reservation::{Reservation, ReservationNumber};
use crate::stock::Stock;
use crate::time::Timestamp;
use crate::transfer::TransferNumber;
pub use jobs::{JobCursor, JobStep};
use upkeep::Now;

/// How far ahead of our clock a caller's clock may run, in milliseconds.
pub const OCCURRED_AHEAD_MS_MAX: i64 = 5 * 60 * 1000;

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This is what happens; it becomes a record.
    Change(Box<Change>),
    /// It is so already; nothing happens.
    Unchanged(Arc<Reservation>),
    /// This record holds the answer that was given then.
    Repeat(u64),
    /// A message of a source that was acted on already, or a dead letter settled in this way already.
    Passed,
    /// Its event was acted on already, by this record: it was told before, or the shipment it tells of was
    /// booked in another way. The source stands where it stood.
    Duplicate(u64),
    /// It must become a dead letter, and all that there may be are open. Nothing is done.
    NoRoom,
    /// The answer needs something that has left memory.
    Recall(Recall),
    /// This reservation is due; it must be expired before the command is decided.
    Expire(ReservationNumber),
    /// Lots at this position are due; they must be expired before the command is decided.
    ExpireLots(PositionNumber),
}

/// Something that has left memory, if it ever was.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recall {
    /// A reservation that has ended.
    Reservation(ReservationNumber),
    /// A transfer that has ended.
    Transfer(TransferNumber),
    /// What was shipped on an order, and what came back: its ended reservations and its returns.
    Order(TenantNumber, Reference),
    /// A record, and which of its movements were reversed.
    Record(u64),
    /// What a position was at an instant.
    Moment(Moment),
    /// What was sold at tills under a name.
    Sale(SaleName),
}

/// A position at an instant in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    /// The position.
    pub position: PositionNumber,
    /// The instant.
    pub at: Timestamp,
    /// The record that changed it last, as memory knows: what the log tells must contain it.
    pub since: u64,
}

/// The name of a sale at a till: its id, or its reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SaleName {
    /// Whose it is.
    pub tenant: TenantNumber,
    /// Its name.
    pub name: Reference,
    /// The last record that was decided: what the log tells must contain it.
    pub since: u64,
}

/// A kind of thing that is looked up in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// See [`Recall::Reservation`].
    Reservation,
    /// See [`Recall::Transfer`].
    Transfer,
    /// See [`Recall::Order`].
    Order,
    /// See [`Recall::Record`].
    Record,
    /// See [`Recall::Moment`].
    Moment,
    /// See [`Recall::Sale`].
    Sale,
}

impl Recall {
    /// What kind of thing it is.
    #[must_use]
    pub const fn sought(&self) -> Sought {
        match self {
            Self::Reservation(_) => Sought::Reservation,
            Self::Transfer(_) => Sought::Transfer,
            Self::Order(..) => Sought::Order,
            Self::Record(_) => Sought::Record,
            Self::Moment(_) => Sought::Moment,
            Self::Sale(_) => Sought::Sale,
        }
    }
}

/// What is known about things that have left memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recalled {
    /// Nobody has looked.
    NotAsked,
    /// The log was searched for the thing of this kind that the command needed; what was found is in
    /// memory now, and what is not there never was. Of other kinds nothing is known: what a command had
    /// recalled before may have left memory again meanwhile.
    /// An order that was searched for is always in memory then, also when nothing was found.
    Searched(Sought),
}

impl Stock {
    /// What a command does now. `sequence` is the number its record will get.
    ///
    /// # Errors
    /// The reason why not. A refusal that is bound to a key or a source comes as a change instead, so
    /// that it is recorded.
    pub fn decide(
        &self,
        command: &Command,
        recalled: Recalled,
        now: Timestamp,
        sequence: u64,
    ) -> Result<Decision, Rejection> {
        if let Some(source) = &command.source
            && let Some(met) = self.met_before(command, source, Now { at: now, sequence, recalled })
        {
            return met;
        }
        if let Some(entry) = command.key.as_ref().and_then(|key| self.keys.find(key)) {
            if entry.fingerprint == command.action.fingerprint() {
                return Ok(Decision::Repeat(entry.sequence));
            }
            return self.refuse(command, Rejection::KeyReused, now, sequence);
        }
        if let Some(position) = self.due_lot(command, now) {
            return Ok(Decision::ExpireLots(position));
        }
        match self.act(command, recalled, now, sequence) {
            Ok(Decision::Change(mut change)) => {
                if let Some(number) = self.due_behind_change(command, &change, now) {
                    return Ok(Decision::Expire(number));
                }
                Draft::sign(&mut change, command);
                Ok(Decision::Change(change))
            }
            Ok(Decision::Unchanged(reservation)) if needs_record(command) => {
                let mut change = self.unchanged(command, &reservation, now, sequence);
                Draft::sign(&mut change, command);
                Ok(Decision::Change(change))
            }
            // A message that tells a shipment once more: its source is to move on all the same.
            Ok(Decision::Repeat(sequence)) if command.source.is_some() => {
                Ok(Decision::Duplicate(sequence))
            }
            Err(rejection) => self.refuse(command, rejection, now, sequence),
            decided => decided,
        }
    }

    /// The record that says "already so".
    fn unchanged(
        &self,
        command: &Command,
        reservation: &Reservation,
        now: Timestamp,
        sequence: u64,
    ) -> Box<Change> {
        let draft = Draft::begin(self, &command.tenant, Cause::Unchanged, now, sequence);
        let mut change = draft.change;
        let mut shown = reservation.clone();
        shown.sequence = sequence;
        change.reservation = Some(Arc::new(shown));
        change
    }

    /// A refusal; recorded when it binds a key or moves a source. What came by event and is not told
    /// by an event of its own (`ReservationFailed`) becomes a dead letter, unless its sender is told.
    fn refuse(
        &self,
        command: &Command,
        rejection: Rejection,
        now: Timestamp,
        sequence: u64,
    ) -> Result<Decision, Rejection> {
        if let Some(number) = self.due_behind_refusal(command, &rejection, now) {
            return Ok(Decision::Expire(number));
        }
        let bound = command.key.is_some() && rejection.binds();
        if !bound && command.source.is_none() {
            return Err(rejection);
        }
        let mut change = Draft::begin(self, &command.tenant, Cause::Refused, now, sequence).change;
        change.refusal = Some(Box::new(rejection));
        change.refused = Some(command.action.cause());
        change.detail = refused_detail(&command.action);
        Draft::sign(&mut change, command);
        if !bound {
            change.key = None;
        }
        let is_told = matches!(command.action, Action::Reserve(_))
            && change.refusal.as_deref() != Some(&Rejection::KeyReused);
        let buries = |source: &Arc<Source>| source.refusal == Refusal::Buried;
        if command.source.as_ref().is_some_and(buries) && !is_told {
            return Ok(self.enclose(change, command, None, sequence));
        }
        Ok(Decision::Change(change))
    }

    fn act(
        &self,
        command: &Command,
        recalled: Recalled,
        now: Timestamp,
        sequence: u64,
    ) -> Result<Decision, Rejection> {
        check_time(command.action.detail(), now)?;
        let begin = || Draft::begin(self, &command.tenant, command.action.cause(), now, sequence);
        let change = match &command.action {
            Action::PutItem { item, attributes } => catalog::put_item(begin(), item, attributes),
            Action::ArchiveItem { item } => catalog::archive_item(begin(), item),
            Action::PutLocation { location, attributes } => {
                catalog::put_location(begin(), location, attributes)
            }
            Action::RemoveLocation { location } => catalog::remove_location(begin(), location),
            Action::PutBin { location, bin, name } => {
                catalog::put_bin(begin(), location, bin, name.as_ref())
            }
            Action::AssignBin { place, bin } => terms::assign_bin(begin(), place, bin),
            Action::SetPolicy { place, policy } => terms::set_policy(begin(), place, *policy),
            Action::Receive(entry) => entries::receive(begin(), entry),
            Action::Sell(entry) => entries::sell(begin(), entry),
            Action::Return(entry) => return entries::take_back(begin(), entry, recalled),
            Action::Adjust(adjust) => return adjustments::adjust(begin(), adjust),
            Action::Move(wish) => adjustments::shift(begin(), wish),
            Action::Count(count) => return adjustments::count(begin(), count),
            Action::Revalue(wish) => revalue::revalue(begin(), wish),
            Action::StartTransfer(start) => transfers::start(begin(), start),
            Action::Reserve(wish) => reserve::reserve(begin(), wish),
            Action::CancelOrder { order, detail } => {
                return cancel::cancel_order(begin(), order, detail.as_ref());
            }
            Action::StartJob(wish) => jobs::start(begin(), wish),
            Action::Reverse(wish) => return reverse::reverse(begin(), wish),
            Action::Upkeep(wish) => {
                return self.keep(command, wish, Now { at: now, sequence, recalled });
            }
            Action::ReceiveTransfer { transfer, .. } | Action::CancelTransfer { transfer, .. } => {
                let number = *transfer;
                return self.on_transfer(command, number, recalled, now, sequence);
            }
            Action::Confirm { reservation }
            | Action::Extend { reservation, .. }
            | Action::SetLines { reservation, .. }
            | Action::Relocate { reservation, .. }
            | Action::Cancel { reservation, .. } => {
                return self.on_reservation(command, *reservation, recalled, now, sequence);
            }
            Action::Fulfil(fulfil) => {
                return self.on_reservation(command, fulfil.reservation, recalled, now, sequence);
            }
            Action::Unfulfil(wish) => {
                return self.on_reservation(command, wish.reservation, recalled, now, sequence);
            }
        };
        change.map(Decision::Change)
    }

    fn on_reservation(
        &self,
        command: &Command,
        number: ReservationNumber,
        recalled: Recalled,
        now: Timestamp,
        sequence: u64,
    ) -> Result<Decision, Rejection> {
        let Some(held) = self.promises.reservation(number) else {
            // Numbers are sequences: what lies ahead was never made.
            if recalled == Recalled::Searched(Sought::Reservation) || number >= sequence {
                return Err(Rejection::UnknownReservation);
            }
            return Ok(Decision::Recall(Recall::Reservation(number)));
        };
        if self.tenant_number(&command.tenant) != Some(held.tenant) {
            return Err(Rejection::UnknownReservation);
        }
        if life::is_due(held, now) {
            return Ok(Decision::Expire(number));
        }
        let draft = Draft::of(self, held.tenant, command.action.cause(), now, sequence);
        match &command.action {
            Action::Confirm { .. } => life::confirm(draft, held),
            Action::Extend { ttl_ms, .. } => life::extend(draft, held, *ttl_ms),
            Action::SetLines { lines, .. } => lines::set(draft, held, lines),
            Action::Relocate { lines, .. } => relocate::relocate(draft, held, lines),
            Action::Cancel { lines, detail, .. } => {
                cancel::cancel(draft, held, lines.as_deref(), detail.as_ref())
            }
            Action::Fulfil(wish) => fulfil::fulfil(draft, held, wish),
            Action::Unfulfil(wish) => unfulfil::unfulfil(draft, held, wish),
            _ => unreachable!("only commands on a reservation come here"),
        }
    }

    fn on_transfer(
        &self,
        command: &Command,
        number: TransferNumber,
        recalled: Recalled,
        now: Timestamp,
        sequence: u64,
    ) -> Result<Decision, Rejection> {
        let Some(held) = self.promises.transfer(number) else {
            if recalled == Recalled::Searched(Sought::Transfer) || number >= sequence {
                return Err(Rejection::UnknownTransfer);
            }
            return Ok(Decision::Recall(Recall::Transfer(number)));
        };
        if self.tenant_number(&command.tenant) != Some(held.tenant) {
            return Err(Rejection::UnknownTransfer);
        }
        let draft = Draft::of(self, held.tenant, command.action.cause(), now, sequence);
        let change = match &command.action {
            Action::ReceiveTransfer { quantity, detail, .. } => {
                transfers::receive(draft, held, *quantity, detail.as_ref())
            }
            Action::CancelTransfer { detail, .. } => {
                transfers::cancel(draft, held, detail.as_ref())
            }
            _ => unreachable!("only commands on a transfer come here"),
        };
        change.map(Decision::Change)
    }

    /// The end of a reservation whose deadline has passed.
    ///
    /// # Panics
    /// When the reservation is not in memory.
    #[must_use]
    pub fn expire(&self, number: ReservationNumber, now: Timestamp, sequence: u64) -> Change {
        let held = self.promises.reservation(number).expect("a due reservation is in memory");
        *life::expire(Draft::of(self, held.tenant, Cause::Expired, now, sequence), held)
    }
}

/// Whether the answer "already so" must be recorded.
const fn needs_record(command: &Command) -> bool {
    command.key.is_some() || command.source.is_some()
}

fn check_time(detail: Option<&Arc<Detail>>, now: Timestamp) -> Result<(), Rejection> {
    let latest = now.plus_millis(OCCURRED_AHEAD_MS_MAX);
    match detail.and_then(|detail| detail.occurred_at) {
        Some(time) if time > latest => Err(Rejection::TimeAhead { latest }),
        _ => Ok(()),
    }
}

/// What the record of a refusal keeps of the command: the words for the ledger, and the order.
fn refused_detail(action: &Action) -> Option<Arc<Detail>> {
    match action {
        Action::Reserve(wish) => {
            let order = Some(wish.order.clone()?);
            Some(Arc::new(Detail { order, ..Detail::default() }))
        }
        other => other.detail().cloned(),
    }
}

impl Action {
    /// The words for the ledger that came with it.
    #[must_use]
    pub const fn detail(&self) -> Option<&Arc<Detail>> {
        match self {
            Self::Receive(entry) | Self::Sell(entry) | Self::Return(entry) => entry.detail.as_ref(),
            Self::Adjust(adjust) => adjust.detail.as_ref(),
            Self::Move(wish) => wish.detail.as_ref(),
            Self::Count(count) => count.detail.as_ref(),
            Self::Revalue(wish) => wish.detail.as_ref(),
            Self::StartTransfer(start) => start.detail.as_ref(),
            Self::Fulfil(fulfil) => fulfil.detail.as_ref(),
            Self::StartJob(wish) => wish.detail.as_ref(),
            Self::Unfulfil(wish) => wish.detail.as_ref(),
            Self::Reverse(wish) => wish.detail.as_ref(),
            Self::CancelOrder { detail, .. }
            | Self::ReceiveTransfer { detail, .. }
            | Self::CancelTransfer { detail, .. }
            | Self::Cancel { detail, .. } => detail.as_ref(),
            _ => None,
        }
    }
}

//! The rules: what a command does to the stock as it is, at an instant.
//!
//! [`Stock::decide`] reads and answers; it never changes anything. One file per noun below.

mod adjustments;
mod cancel;
mod catalog;
mod choice;
mod entries;
mod fulfil;
mod life;
mod lines;
mod reserve;
mod terms;
mod transfers;

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::sync::Arc;

use crate::change::{Cause, Change};
use crate::command::{Action, Command, Detail};
use crate::draft::Draft;
use crate::rejection::Rejection;
use crate::reservation::{Reservation, ReservationNumber};
use crate::stock::Stock;
use crate::time::Timestamp;
use crate::transfer::TransferNumber;

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
    /// A message of a source that was acted on already.
    Passed,
    /// The answer needs something that has left memory.
    Recall(Recall),
    /// This reservation is due; it must be expired before the command is decided.
    Expire(ReservationNumber),
}

/// Something that has left memory, if it ever was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recall {
    /// A reservation that has ended.
    Reservation(ReservationNumber),
    /// A transfer that has ended.
    Transfer(TransferNumber),
}

/// What is known about things that have left memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recalled {
    /// Nobody has looked.
    NotAsked,
    /// The log was searched; what was found is in memory now, and what is not there never was.
    Searched,
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
            && self.sources.has_passed(source)
        {
            return Ok(Decision::Passed);
        }
        if let Some(entry) = command.key.as_ref().and_then(|key| self.keys.find(key)) {
            if entry.fingerprint == command.action.fingerprint() {
                return Ok(Decision::Repeat(entry.sequence));
            }
            return Err(Rejection::KeyReused);
        }
        match self.act(command, recalled, now, sequence) {
            Ok(Decision::Change(mut change)) => {
                Draft::sign(&mut change, command);
                Ok(Decision::Change(change))
            }
            Ok(Decision::Unchanged(reservation)) if needs_record(command) => {
                let mut change =
                    Draft::begin(self, &command.tenant, Cause::Unchanged, now, sequence).change;
                let mut shown = Reservation::clone(&reservation);
                shown.sequence = sequence;
                change.reservation = Some(Arc::new(shown));
                Draft::sign(&mut change, command);
                Ok(Decision::Change(Box::new(change)))
            }
            Err(rejection) => self.refuse(command, rejection, now, sequence),
            decided => decided,
        }
    }

    /// A refusal; recorded when it binds a key or moves a source.
    fn refuse(
        &self,
        command: &Command,
        rejection: Rejection,
        now: Timestamp,
        sequence: u64,
    ) -> Result<Decision, Rejection> {
        if let Some(number) = self.due_in_the_way(command, &rejection, now) {
            return Ok(Decision::Expire(number));
        }
        let bound = command.key.is_some() && rejection.binds();
        if !bound && command.source.is_none() {
            return Err(rejection);
        }
        let mut change = Draft::begin(self, &command.tenant, Cause::Refused, now, sequence).change;
        change.refusal = Some(Box::new(rejection));
        change.refused = Some(command.action.cause());
        if let Action::Reserve(wish) = &command.action {
            // Who waits for the order is told that it was not reserved.
            let order = wish.order.clone();
            change.detail = Some(Arc::new(Detail { order, ..Detail::default() }));
        }
        Draft::sign(&mut change, command);
        if !bound {
            change.key = None;
        }
        Ok(Decision::Change(Box::new(change)))
    }

    /// A due hold that may be the reason for a shortage: expired stock is sellable at that instant.
    fn due_in_the_way(
        &self,
        command: &Command,
        rejection: &Rejection,
        now: Timestamp,
    ) -> Option<ReservationNumber> {
        let Rejection::InsufficientStock(shortages) = rejection else { return None };
        let tenant = self.tenant_number(&command.tenant)?;
        shortages.iter().find_map(|shortage| {
            let item = self.item_number(tenant, &shortage.item)?;
            self.promises.due(self.partition(item), now)
        })
    }

    fn act(
        &self,
        command: &Command,
        recalled: Recalled,
        now: Timestamp,
        sequence: u64,
    ) -> Result<Decision, Rejection> {
        check_time(command.action.detail(), now)?;
        let begin = |cause| Draft::begin(self, &command.tenant, cause, now, sequence);
        let change = match &command.action {
            Action::PutItem { item, attributes } => {
                catalog::put_item(begin(Cause::ItemPut), item, attributes)
            }
            Action::ArchiveItem { item } => catalog::archive_item(begin(Cause::ItemArchived), item),
            Action::PutLocation { location, attributes } => {
                catalog::put_location(begin(Cause::LocationPut), location, attributes)
            }
            Action::RemoveLocation { location } => {
                catalog::remove_location(begin(Cause::LocationRemoved), location)
            }
            Action::PutBin { location, bin, name } => {
                catalog::put_bin(begin(Cause::BinPut), location, bin, name.as_ref())
            }
            Action::AssignBin { place, bin } => {
                terms::assign_bin(begin(Cause::BinAssigned), place, bin)
            }
            Action::SetPolicy { place, policy } => {
                terms::set_policy(begin(Cause::PolicySet), place, *policy)
            }
            Action::Receive(entry) => entries::receive(begin(Cause::Received), entry),
            Action::Sell(entry) => entries::sell(begin(Cause::Sold), entry),
            Action::Return(entry) => entries::take_back(begin(Cause::Returned), entry),
            Action::Adjust(adjust) => adjustments::adjust(begin(Cause::Adjusted), adjust),
            Action::Move(wish) => adjustments::shift(begin(Cause::Moved), wish),
            Action::Count(count) => adjustments::count(begin(Cause::Counted), count),
            Action::StartTransfer(start) => transfers::start(begin(Cause::TransferStarted), start),
            Action::Reserve(wish) => reserve::reserve(begin(Cause::Reserved), wish),
            Action::ReceiveTransfer { transfer, .. } | Action::CancelTransfer { transfer, .. } => {
                let number = *transfer;
                return self.on_transfer(command, number, recalled, now, sequence);
            }
            Action::Confirm { reservation }
            | Action::Extend { reservation, .. }
            | Action::SetLines { reservation, .. }
            | Action::Cancel { reservation, .. } => {
                return self.on_reservation(command, *reservation, recalled, now, sequence);
            }
            Action::Fulfil(fulfil) => {
                return self.on_reservation(command, fulfil.reservation, recalled, now, sequence);
            }
        };
        change.map(|change| Decision::Change(Box::new(change)))
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
            if recalled == Recalled::Searched || number >= sequence {
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
        let begin = |cause| Draft::of(self, held.tenant, cause, now, sequence);
        match &command.action {
            Action::Confirm { .. } => life::confirm(begin(Cause::Confirmed), held),
            Action::Extend { ttl_ms, .. } => life::extend(begin(Cause::Extended), held, *ttl_ms),
            Action::SetLines { lines, .. } => lines::set(begin(Cause::LinesSet), held, lines),
            Action::Cancel { lines, detail, .. } => {
                cancel::cancel(begin(Cause::Cancelled), held, lines.as_deref(), detail.as_ref())
            }
            Action::Fulfil(wish) => fulfil::fulfil(begin(Cause::Fulfilled), held, wish),
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
            if recalled == Recalled::Searched || number >= sequence {
                return Err(Rejection::UnknownTransfer);
            }
            return Ok(Decision::Recall(Recall::Transfer(number)));
        };
        if self.tenant_number(&command.tenant) != Some(held.tenant) {
            return Err(Rejection::UnknownTransfer);
        }
        let begin = |cause| Draft::of(self, held.tenant, cause, now, sequence);
        let change = match &command.action {
            Action::ReceiveTransfer { quantity, detail, .. } => {
                transfers::receive(begin(Cause::TransferReceived), held, *quantity, detail.as_ref())
            }
            Action::CancelTransfer { detail, .. } => {
                transfers::cancel(begin(Cause::TransferCancelled), held, detail.as_ref())
            }
            _ => unreachable!("only commands on a transfer come here"),
        };
        change.map(|change| Decision::Change(Box::new(change)))
    }

    /// The end of a reservation whose deadline has passed.
    ///
    /// # Panics
    /// When the reservation is not in memory.
    #[must_use]
    pub fn expire(&self, number: ReservationNumber, now: Timestamp, sequence: u64) -> Change {
        let held = self.promises.reservation(number).expect("a due reservation is in memory");
        life::expire(Draft::of(self, held.tenant, Cause::Expired, now, sequence), held)
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

impl Action {
    /// The words for the ledger that came with it.
    #[must_use]
    pub const fn detail(&self) -> Option<&Arc<Detail>> {
        match self {
            Self::Receive(entry) | Self::Sell(entry) | Self::Return(entry) => entry.detail.as_ref(),
            Self::Adjust(adjust) => adjust.detail.as_ref(),
            Self::Move(wish) => wish.detail.as_ref(),
            Self::Count(count) => count.detail.as_ref(),
            Self::StartTransfer(start) => start.detail.as_ref(),
            Self::Fulfil(fulfil) => fulfil.detail.as_ref(),
            Self::ReceiveTransfer { detail, .. }
            | Self::CancelTransfer { detail, .. }
            | Self::Cancel { detail, .. } => detail.as_ref(),
            _ => None,
        }
    }
}

//! What has left memory, read from the log by its index.

mod as_of;
mod chain;
mod consumed;
mod jobs;
mod kept;
mod ledger;
mod letters;
mod moment;
mod recent;
mod records;
mod rows;

use std::sync::Arc;

use onhand_domain::change::{Cause, Change};
use onhand_domain::decide::{Recall, SaleName};
use onhand_domain::ids::Reference;
use onhand_domain::position::PositionNumber;
use onhand_domain::quantity::Quantity;
use onhand_domain::reservation::{Reservation, ReservationNumber};
use onhand_domain::time::Timestamp;
use onhand_domain::transfer::TransferNumber;
use onhand_storage::{IndexReader, LogError, ReadLog};

use crate::error::Failure;
use crate::keys::{order_hash, reference_hash};
use crate::reader::Readers;
use crate::recovery::read_change;
use crate::view::View;
use crate::writer::core::{Found, FoundOrder};

pub use as_of::{Basis, Hold, Holds, PositionAsOf};
pub use consumed::{ConsumedFilter, ConsumedRecord, ConsumedStatus};
pub use jobs::JobRecord;
pub(crate) use kept::KeptSince;
pub use ledger::{EntryCost, LedgerEntry, LedgerFilter, LedgerPage, LedgerPlace};
pub use letters::LetterRecord;
pub(crate) use moment::latest_of;
pub use recent::RecentRows;
pub use rows::rows_of;
pub use rows::transfer_name;
use rows::{kind, returned_on};

/// Most reservations of one order that a read returns.
pub const RESERVATIONS_OF_ORDER_MAX: usize = 10_000;
/// Most returns on one order that are counted against what was shipped on it.
const RETURNS_OF_ORDER_MAX: usize = 10_000;

/// Most records of one sale at a till that are looked at for what comes back of it.
const SALES_OF_NAME_MAX: usize = 10_000;
/// Most transfers of one name that are looked at, newest first; their hashes may be those of others.
const TRANSFERS_OF_NAME_MAX: usize = 16;

/// Finds records in the log, on the thread of a reader.
#[derive(Clone)]
pub struct Archive {
    pub(crate) recent: Arc<RecentRows>,
    pub(crate) index: IndexReader,
    pub(crate) kept: Arc<KeptSince>,
}

impl Archive {
    /// Looks into rows that are on disk, and into those that are not yet.
    #[must_use]
    pub fn new(recent: Arc<RecentRows>, index: IndexReader) -> Self {
        Self { recent, index, kept: Arc::default() }
    }

    /// Waits for rows that a start found missing.
    ///
    /// # Errors
    /// The index cannot be written for long.
    fn wait(&self) -> Result<(), LogError> {
        self.recent.wait();
        if self.recent.has_lost() { Err(LogError::IndexBehind) } else { Ok(()) }
    }

    /// Sequences of records, newest first.
    fn lookup(&self, kind: u8, key: u64, limit: usize) -> Result<Vec<u64>, LogError> {
        self.lookup_before(kind, key, u64::MAX, limit)
    }

    /// Sequences of records below `before`, newest first.
    fn lookup_before(
        &self,
        kind: u8,
        key: u64,
        before: u64,
        limit: usize,
    ) -> Result<Vec<u64>, LogError> {
        self.wait()?;
        // Memory first: what is written in between is then found twice, not missed.
        let mut found = self.recent.lookup(kind, key, before, limit);
        let before = found.last().copied().unwrap_or(before);
        let left = limit.saturating_sub(found.len());
        if left > 0 {
            found.extend(self.index.lookup(kind, key, before, left)?);
        }
        Ok(found)
    }

    /// The first record from `from` on.
    fn first_from(&self, kind: u8, key: u64, from: u64) -> Result<Option<u64>, LogError> {
        self.wait()?;
        let recent = self.recent.first_from(kind, key, from);
        let written = self.index.first_from(kind, key, from)?;
        Ok(recent.into_iter().chain(written).min())
    }

    /// Sequences of records under any of the keys and below `before`, newest first.
    fn range_before(
        &self,
        kind: u8,
        keys: std::ops::Range<u64>,
        before: u64,
        limit: usize,
    ) -> Result<Vec<u64>, LogError> {
        self.wait()?;
        let mut found = self.recent.range_before(kind, keys.clone(), before, limit);
        let before = found.last().copied().unwrap_or(before);
        let left = limit.saturating_sub(found.len());
        if left > 0 {
            found.extend(self.index.range_before(kind, keys, before, left)?);
        }
        Ok(found)
    }

    fn last_change(
        &self,
        log: &dyn ReadLog,
        kind: u8,
        key: u64,
    ) -> Result<Option<Change>, LogError> {
        match self.lookup(kind, key, 1)?.first() {
            Some(sequence) => read_change(log, *sequence),
            None => Ok(None),
        }
    }

    /// What a command needs to be decided. Waits until [`RecentRows::set_whole`] was said.
    ///
    /// # Errors
    /// The index or the log cannot be read.
    pub fn recall(&self, log: &dyn ReadLog, recall: Recall) -> Result<Option<Found>, LogError> {
        Ok(match recall {
            Recall::Reservation(number) => self.reservation(log, number)?.map(Found::Reservation),
            Recall::Transfer(number) => self
                .last_change(log, kind::TRANSFER, number)?
                .and_then(|change| change.transfer)
                .map(Found::Transfer),
            Recall::Record(sequence) => {
                Some(Found::Record(sequence, Box::new(self.record(log, sequence)?)))
            }
            Recall::Moment(moment) => self.moment(log, moment)?,
            Recall::Sale(asked) => self.sale(log, asked)?,
            Recall::Order(tenant, order) => {
                let ended = self.reservations_of_order(log, tenant, &order)?;
                let returned = self.returns_of_order(log, tenant, &order)?;
                Some(Found::Order(Box::new(FoundOrder { tenant, order, ended, returned })))
            }
        })
    }

    /// What came back on an order, and to which positions.
    fn returns_of_order(
        &self,
        log: &dyn ReadLog,
        tenant: u32,
        order: &Reference,
    ) -> Result<Vec<(PositionNumber, Quantity)>, LogError> {
        let key = order_hash(tenant, order.as_str());
        let mut all = Vec::new();
        for sequence in self.lookup(kind::RETURN, key, RETURNS_OF_ORDER_MAX)? {
            let change = read_change(log, sequence)?;
            let is_meant =
                |held: &Change| held.tenant == tenant && returned_on(held) == Some(order);
            let change = change.filter(is_meant);
            let is_return = change.as_ref().is_some_and(|held| held.cause == Cause::Returned);
            let signed = |quantity: Quantity| if is_return { quantity } else { quantity.negated() };
            let moved = change.iter().flat_map(Change::moved);
            all.extend(moved.map(|(position, quantity)| (position, signed(quantity))));
        }
        Ok(all)
    }

    /// What was sold at tills under a name. Nothing, while the last record cannot be found yet.
    fn sale(&self, log: &dyn ReadLog, asked: SaleName) -> Result<Option<Found>, LogError> {
        if self.recent.known_to() < asked.since {
            return Ok(None);
        }
        let key = reference_hash(asked.tenant, asked.name.as_str());
        let mut sold = Vec::new();
        for sequence in self.lookup(kind::REFERENCE, key, SALES_OF_NAME_MAX)? {
            let change = read_change(log, sequence)?;
            let is_meant = |held: &Change| {
                let is_named = held.sale_names().any(|name| *name == asked.name);
                held.cause == Cause::Sold && held.tenant == asked.tenant && is_named
            };
            for (position, quantity, value) in
                change.iter().filter(|held| is_meant(held)).flat_map(Change::sold)
            {
                sold.push((sequence, position, quantity, value));
            }
        }
        Ok(Some(Found::Sale(asked, sold)))
    }

    /// The newest transfer of that name, on its way or ended.
    fn transfer_named(
        &self,
        log: &dyn ReadLog,
        tenant: u32,
        name: &Reference,
    ) -> Result<Option<TransferNumber>, LogError> {
        let key = order_hash(tenant, name.as_str());
        for sequence in self.lookup(kind::TRANSFER_NAME, key, TRANSFERS_OF_NAME_MAX)? {
            let change = read_change(log, sequence)?;
            let is_meant =
                |held: &Change| held.tenant == tenant && transfer_name(held) == Some(name);
            if change.is_some_and(|held| is_meant(&held)) {
                return Ok(Some(sequence));
            }
        }
        Ok(None)
    }

    /// An ended reservation.
    fn reservation(
        &self,
        log: &dyn ReadLog,
        number: ReservationNumber,
    ) -> Result<Option<Arc<Reservation>>, LogError> {
        let change = self.last_change(log, kind::RESERVATION, number)?;
        let is_it = |held: &&Arc<Reservation>| held.number == number;
        Ok(change.and_then(|change| change.reservations().find(is_it).cloned()))
    }

    /// Ended reservations of an order, newest first.
    fn reservations_of_order(
        &self,
        log: &dyn ReadLog,
        tenant: u32,
        order: &Reference,
    ) -> Result<Vec<Arc<Reservation>>, LogError> {
        let key = order_hash(tenant, order.as_str());
        let mut all: Vec<Arc<Reservation>> = Vec::new();
        for sequence in self.lookup(kind::ORDER, key, RESERVATIONS_OF_ORDER_MAX)? {
            let change = read_change(log, sequence)?;
            let is_meant = |held: &&Arc<Reservation>| {
                let ended = !held.status.is_open();
                ended && held.tenant == tenant && held.order.as_ref() == Some(order)
            };
            let held = change.iter().flat_map(Change::reservations);
            for held in held.filter(is_meant) {
                // One that was reopened has ended more than once: the last time counts.
                if !all.iter().any(|known| known.number == held.number) {
                    all.push(Arc::clone(held));
                }
            }
        }
        Ok(all)
    }
}

/// Reads what has left memory. Open things are looked up in the view first.
#[derive(Clone)]
pub struct History {
    pub(crate) view: Arc<View>,
    pub(crate) readers: Readers,
    pub(crate) archive: Archive,
}

impl History {
    /// The first instant of which everything is known; `None`: all of them.
    #[must_use]
    pub fn earliest(&self) -> Option<Timestamp> {
        self.archive.kept.earliest()
    }

    /// The last record that is not kept any more; 0: all are kept.
    #[must_use]
    pub fn gone_to(&self) -> u64 {
        self.archive.kept.sequence()
    }

    /// A reservation, open or ended.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn reservation(
        &self,
        tenant: &str,
        number: ReservationNumber,
    ) -> Result<Option<Arc<Reservation>>, Failure> {
        if let Some(found) = self.view.reservation(tenant, number) {
            return Ok(Some(found));
        }
        let Some(tenant) = self.view.directory().tenant_number(tenant) else { return Ok(None) };
        if number > self.view.sequence() {
            return Ok(None);
        }
        let archive = self.archive.clone();
        let found = self.readers.read(move |log| archive.reservation(log, number)).await?;
        Ok(found.filter(|held| held.tenant == tenant))
    }

    /// A transfer, on its way or ended.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn transfer(
        &self,
        tenant: &str,
        number: TransferNumber,
    ) -> Result<Option<onhand_domain::transfer::Transfer>, Failure> {
        if let Some(found) = self.view.transfer(tenant, number) {
            return Ok(Some(found));
        }
        let Some(tenant) = self.view.directory().tenant_number(tenant) else { return Ok(None) };
        let archive = self.archive.clone();
        let found =
            self.readers.read(move |log| archive.recall(log, Recall::Transfer(number))).await?;
        Ok(match found {
            Some(Found::Transfer(held)) if held.tenant == tenant => Some(*held),
            _ => None,
        })
    }

    /// The newest transfer to which others gave this name (the document of its command), on its way or
    /// ended.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn transfer_named(
        &self,
        tenant: &str,
        name: &Reference,
    ) -> Result<Option<TransferNumber>, Failure> {
        let Some(tenant) = self.view.directory().tenant_number(tenant) else { return Ok(None) };
        let (archive, name) = (self.archive.clone(), name.clone());
        self.readers.read(move |log| archive.transfer_named(log, tenant, &name)).await
    }

    /// Reservations of an order, open and ended, oldest first.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn reservations_of_order(
        &self,
        tenant: &str,
        order: &Reference,
    ) -> Result<Vec<Arc<Reservation>>, Failure> {
        let Some(number) = self.view.directory().tenant_number(tenant) else {
            return Ok(Vec::new());
        };
        let (archive, wanted) = (self.archive.clone(), order.clone());
        // The open ones first: what ends in between is then found twice, not missed.
        let mut all = self.view.reservations_of_order(tenant, order);
        let ended = self
            .readers
            .read(move |log| archive.reservations_of_order(log, number, &wanted))
            .await?;
        for held in ended {
            match all.iter_mut().find(|open| open.number == held.number) {
                // What was reopened is open, whatever the log says of its end.
                Some(open) if open.sequence < held.sequence => *open = held,
                Some(_) => {}
                None => all.push(held),
            }
        }
        all.sort_by_key(|held| held.number);
        Ok(all)
    }
}

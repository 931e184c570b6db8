//! What has left memory, read from the log by its index.

mod consumed;
mod letters;

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use onhand_domain::change::Change;
use onhand_domain::decide::Recall;
use onhand_domain::ids::Reference;
use onhand_domain::position::PositionNumber;
use onhand_domain::quantity::Quantity;
use onhand_domain::reservation::{Reservation, ReservationNumber};
use onhand_domain::transfer::TransferNumber;
use onhand_storage::{IndexReader, IndexRow, LogError, ReadLog};
use parking_lot::{Condvar, Mutex, RwLock};

use crate::error::Failure;
use crate::keys::order_hash;
use crate::reader::Readers;
use crate::recovery::read_change;
use crate::view::View;
use crate::writer::core::{Found, FoundOrder};

pub use consumed::{ConsumedFilter, ConsumedRecord, ConsumedStatus};
pub use letters::LetterRecord;

/// Kinds of index rows; stored.
mod kind {
    /// Number of a reservation → the record that ended it.
    pub(super) const RESERVATION: u8 = 1;
    /// Hash of tenant and order → the records that ended its reservations.
    pub(super) const ORDER: u8 = 2;
    /// Number of a transfer → the record that ended it.
    pub(super) const TRANSFER: u8 = 3;
    /// Hash of tenant and order → the records of what came back on it.
    pub(super) const RETURN: u8 = 4;
    /// Number of a dead letter → the record that settled it.
    pub(super) const LETTER: u8 = 5;
    /// Hash of tenant and the name that others gave to a transfer → the record that began it.
    pub(super) const TRANSFER_NAME: u8 = 6;
}

/// Most reservations of one order that a read returns.
pub const RESERVATIONS_OF_ORDER_MAX: usize = 10_000;
/// Most returns on one order that are counted against what was shipped on it.
const RETURNS_OF_ORDER_MAX: usize = 10_000;

/// Most transfers of one name that are looked at, newest first; their hashes may be those of others.
const TRANSFERS_OF_NAME_MAX: usize = 16;

/// Calls `row` for every index row that a record gives.
pub fn rows_of(change: &Change, sequence: u64, mut row: impl FnMut(IndexRow)) {
    letters::rows_of(change, sequence, &mut row);
    if change.cause == onhand_domain::change::Cause::Unchanged {
        return;
    }
    if let Some(held) = change.reservation.as_ref().filter(|held| !held.status.is_open()) {
        row(IndexRow { kind: kind::RESERVATION, key: held.number, sequence });
        if let Some(order) = &held.order {
            let key = order_hash(held.tenant, order.as_str());
            row(IndexRow { kind: kind::ORDER, key, sequence });
        }
    }
    if let Some(order) = returned_on(change) {
        let key = order_hash(change.tenant, order.as_str());
        row(IndexRow { kind: kind::RETURN, key, sequence });
    }
    if let Some(name) = transfer_name(change) {
        let key = order_hash(change.tenant, name.as_str());
        row(IndexRow { kind: kind::TRANSFER_NAME, key, sequence });
    }
    if let Some(held) = change.transfer.as_ref().filter(|held| held.open().is_zero()) {
        row(IndexRow { kind: kind::TRANSFER, key: held.number, sequence });
    }
}

/// The order on which a record took something back.
fn returned_on(change: &Change) -> Option<&Reference> {
    let is_return = change.cause == onhand_domain::change::Cause::Returned;
    change.detail.as_ref().filter(|_| is_return)?.order.as_ref()
}

/// The name that others gave to the transfer which a record began: the document of its command.
#[must_use]
pub fn transfer_name(change: &Change) -> Option<&Reference> {
    let is_start = change.cause == onhand_domain::change::Cause::TransferStarted;
    change.detail.as_ref().filter(|_| is_start)?.document.as_ref()
}

/// Rows that are not on disk yet, and whether all of them are known again after a start.
#[derive(Debug, Default)]
pub struct RecentRows {
    rows: RwLock<BTreeSet<(u8, u64, u64)>>,
    is_whole: Mutex<bool>,
    whole: Condvar,
}

impl RecentRows {
    /// Adds rows of durable records.
    pub fn extend(&self, rows: impl Iterator<Item = IndexRow>) {
        self.rows.write().extend(rows.map(|row| (row.kind, row.key, row.sequence)));
    }

    /// Forgets rows that are on disk now.
    pub(crate) fn forget_up_to(&self, sequence: u64) {
        self.rows.write().retain(|(_, _, held)| *held > sequence);
    }

    pub(crate) fn range(&self, first: u64, last: u64) -> Vec<IndexRow> {
        let rows = self.rows.read();
        let inside = rows.iter().filter(|(_, _, sequence)| (first..=last).contains(sequence));
        inside
            .map(|(kind, key, sequence)| IndexRow { kind: *kind, key: *key, sequence: *sequence })
            .collect()
    }

    /// All rows of durable records are known: whoever waits to look something up goes on.
    pub fn set_whole(&self) {
        *self.is_whole.lock() = true;
        self.whole.notify_all();
    }

    /// Waits until the rows that a start found missing have been made again.
    fn wait(&self) {
        let mut is_whole = self.is_whole.lock();
        while !*is_whole {
            self.whole.wait(&mut is_whole);
        }
    }

    fn lookup(&self, kind: u8, key: u64, limit: usize) -> Vec<u64> {
        let rows = self.rows.read();
        let range = (Bound::Included((kind, key, 0)), Bound::Included((kind, key, u64::MAX)));
        rows.range(range).rev().take(limit).map(|(_, _, sequence)| *sequence).collect()
    }
}

/// Finds records in the log, on the thread of a reader.
#[derive(Clone)]
pub struct Archive {
    pub(crate) recent: Arc<RecentRows>,
    pub(crate) index: IndexReader,
}

impl Archive {
    /// Looks into rows that are on disk, and into those that are not yet.
    #[must_use]
    pub const fn new(recent: Arc<RecentRows>, index: IndexReader) -> Self {
        Self { recent, index }
    }

    /// Sequences of records, newest first.
    fn lookup(&self, kind: u8, key: u64, limit: usize) -> Result<Vec<u64>, LogError> {
        self.recent.wait();
        let mut found = self.recent.lookup(kind, key, limit);
        let before = found.last().copied().unwrap_or(u64::MAX);
        let left = limit.saturating_sub(found.len());
        if left > 0 {
            found.extend(self.index.lookup(kind, key, before, left)?);
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
            all.extend(change.filter(is_meant).iter().flat_map(Change::moved));
        }
        Ok(all)
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
        Ok(change.and_then(|change| change.reservation))
    }

    /// Ended reservations of an order, newest first.
    fn reservations_of_order(
        &self,
        log: &dyn ReadLog,
        tenant: u32,
        order: &Reference,
    ) -> Result<Vec<Arc<Reservation>>, LogError> {
        let key = order_hash(tenant, order.as_str());
        let mut all = Vec::new();
        for sequence in self.lookup(kind::ORDER, key, RESERVATIONS_OF_ORDER_MAX)? {
            let reservation = read_change(log, sequence)?.and_then(|change| change.reservation);
            let is_meant = |held: &Arc<Reservation>| {
                held.tenant == tenant && held.order.as_ref() == Some(order)
            };
            all.extend(reservation.filter(is_meant));
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
                Some(open) => *open = held,
                None => all.push(held),
            }
        }
        all.sort_by_key(|held| held.number);
        Ok(all)
    }
}

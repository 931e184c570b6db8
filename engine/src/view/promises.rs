//! Reading open reservations and transfers.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use onhand_domain::ids::{ItemId, LocationId, Reference};
use onhand_domain::reservation::{Line, Reservation, ReservationNumber, Status};
use onhand_domain::transfer::{Transfer, TransferNumber};
use parking_lot::RwLock;

use super::View;
use super::catalog::{LOOKS_MAX, Page};
use super::open_orders::OpenOrders;
use crate::names::Names;

/// A reservation that readers share.
pub type ReservationView = Arc<Reservation>;

/// What is open. What has ended is read from the log.
#[derive(Debug, Default)]
pub(super) struct Promises {
    /// By number, which is the order in which they were made.
    reservations: RwLock<BTreeMap<ReservationNumber, Arc<Reservation>>>,
    by_order: OpenOrders,
    transfers: RwLock<BTreeMap<TransferNumber, Transfer>>,
}

impl Promises {
    pub(super) fn put(&self, reservation: &Arc<Reservation>) {
        let (number, tenant) = (reservation.number, reservation.tenant);
        let order = reservation.order.as_ref();
        if reservation.status.is_open() {
            let before = self.reservations.write().insert(number, Arc::clone(reservation));
            if let (None, Some(order)) = (before, order) {
                self.by_order.add(tenant, order, number);
            }
        } else if self.reservations.write().remove(&number).is_some()
            && let Some(order) = order
        {
            self.by_order.remove(tenant, order, number);
        }
    }

    /// Fills empty lists with what was recovered.
    pub(super) fn load(&self, recovered: &onhand_domain::stock::promises::Promises) {
        let open = recovered.slots_from(0).filter(|(_, held)| held.status.is_open());
        let mut numbered: Vec<_> = open.map(|(_, held)| (held.number, Arc::clone(held))).collect();
        numbered.sort_unstable_by_key(|(number, _)| *number);
        for (number, held) in &numbered {
            if let Some(order) = &held.order {
                self.by_order.add(held.tenant, order, *number);
            }
        }
        // From a sorted list the tree is built densely, and at once.
        *self.reservations.write() = numbered.into_iter().collect();
        recovered.transfers().for_each(|transfer| self.put_transfer(transfer));
    }

    pub(super) fn put_transfer(&self, transfer: &Transfer) {
        let mut transfers = self.transfers.write();
        if transfer.open().is_zero() {
            transfers.remove(&transfer.number);
        } else {
            transfers.insert(transfer.number, transfer.clone());
        }
    }
}

/// Which open reservations a list shows.
#[derive(Debug, Clone, Default)]
pub struct ReservationFilter {
    /// Only with this status.
    pub status: Option<Status>,
    /// Only with a line of this item.
    pub item: Option<ItemId>,
    /// Only with a line at this location.
    pub location: Option<LocationId>,
    /// Only of this customer.
    pub customer: Option<Reference>,
}

impl ReservationFilter {
    /// Whether a reservation is to be shown.
    pub fn passes(&self, reservation: &Reservation, names: &dyn Names) -> bool {
        let of_item = |line: &Line, item: &ItemId| names.item(line.item) == *item;
        let at = |line: &Line, location: &LocationId| {
            line.position.is_some_and(|number| names.location(names.place(number).1) == *location)
        };
        self.status.is_none_or(|status| reservation.status == status)
            && self
                .customer
                .as_ref()
                .is_none_or(|wanted| reservation.customer.as_ref() == Some(wanted))
            && (self.item.is_none() && self.location.is_none()
                || reservation.lines.iter().any(|line| {
                    self.item.as_ref().is_none_or(|item| of_item(line, item))
                        && self.location.as_ref().is_none_or(|location| at(line, location))
                }))
    }
}

impl View {
    /// An open reservation.
    #[must_use]
    pub fn reservation(&self, tenant: &str, number: ReservationNumber) -> Option<ReservationView> {
        let tenant = self.directory.tenant_number(tenant)?;
        let found = self.promises.reservations.read().get(&number).cloned();
        found.filter(|reservation| reservation.tenant == tenant)
    }

    /// Open reservations of an order, oldest first.
    #[must_use]
    pub fn reservations_of_order(&self, tenant: &str, order: &Reference) -> Vec<ReservationView> {
        let Some(tenant) = self.directory.tenant_number(tenant) else { return Vec::new() };
        let numbers = self.promises.by_order.candidates(tenant, order);
        let reservations = self.promises.reservations.read();
        let found = numbers.iter().filter_map(|number| reservations.get(number));
        let is_of =
            |held: &&ReservationView| held.tenant == tenant && held.order.as_ref() == Some(order);
        found.filter(is_of).cloned().collect()
    }

    /// Open reservations of a tenant that pass the filter, oldest first.
    #[must_use]
    pub fn reservations(
        &self,
        tenant: &str,
        filter: &ReservationFilter,
        after: Option<u64>,
        limit: usize,
    ) -> Page<ReservationView> {
        let mut page = Page::default();
        let Some(tenant) = self.directory.tenant_number(tenant) else { return page };
        let mut behind = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut looked = 0;
        loop {
            let slice = self.slice((behind, Bound::Unbounded));
            let Some(last) = slice.last() else { return page };
            behind = Bound::Excluded(last.number);
            for reservation in slice {
                if page.items.len() >= limit || looked >= LOOKS_MAX {
                    page.next = Some(reservation.number.saturating_sub(1));
                    return page;
                }
                looked += 1;
                if reservation.tenant == tenant && filter.passes(&reservation, &self.directory) {
                    page.items.push(reservation);
                }
            }
        }
    }

    fn slice(&self, range: (Bound<u64>, Bound<u64>)) -> Vec<ReservationView> {
        const SLICE: usize = 1_024;
        self.reservations_in(range, SLICE)
    }

    /// The first reservations in a range. Nobody works under the lock: they are copied, and looked at
    /// afterwards.
    pub(super) fn reservations_in(
        &self,
        range: (Bound<u64>, Bound<u64>),
        limit: usize,
    ) -> Vec<ReservationView> {
        self.promises
            .reservations
            .read()
            .range(range)
            .take(limit)
            .map(|(_, held)| held.clone())
            .collect()
    }

    /// The first transfers on their way behind a number, in order.
    pub(super) fn transfers_behind(&self, after: TransferNumber, limit: usize) -> Vec<Transfer> {
        let behind = (Bound::Excluded(after), Bound::Unbounded);
        let transfers = self.promises.transfers.read();
        transfers.range(behind).take(limit).map(|(_, held)| held.clone()).collect()
    }

    /// Numbers of the transfers on their way behind a number, in order.
    #[must_use]
    pub fn open_transfers(&self, after: TransferNumber) -> Vec<TransferNumber> {
        let behind = (Bound::Excluded(after), Bound::Unbounded);
        self.promises.transfers.read().range(behind).map(|(number, _)| *number).collect()
    }

    /// A transfer that is on its way.
    #[must_use]
    pub fn transfer(&self, tenant: &str, number: TransferNumber) -> Option<Transfer> {
        let tenant = self.directory.tenant_number(tenant)?;
        let found = self.promises.transfers.read().get(&number).cloned();
        found.filter(|transfer| transfer.tenant == tenant)
    }
}

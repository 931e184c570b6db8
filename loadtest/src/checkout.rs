//! The traffic of a run: checkouts that reserve, and lead their reservations through life.

use std::borrow::Cow;
use std::collections::VecDeque;

use memchr::memmem::Finder;
use serde::Deserialize;

use crate::driver::Traffic;
use crate::journal::{Journal, Standing, Step};
use crate::order::{Fate, Order, OrderNumber, Workload};
use crate::request::Requests;
use crate::tally::Statuses;

/// How the field begins in a body without blanks; other bodies are parsed.
const ID_FIELD: &[u8] = b"\"reservationId\":\"";

/// The request a connection waits for.
#[derive(Clone, Copy, Debug)]
enum Asked {
    /// One step of one order.
    Step(OrderNumber, Step),
    /// A batch of orders: the first, and how many.
    Batch(OrderNumber, u64),
}

/// Sends the orders of one thread.
#[derive(Debug)]
pub struct Checkout {
    workload: Workload,
    requests: Requests,
    /// Orders per request; `None`: one, by the call for one.
    batch: Option<u64>,
    /// Orders that may be sent in all.
    orders_max: u64,
    journal: Journal,
    /// What each connection waits for.
    asked: Vec<Option<Asked>>,
    /// Reservations that have a next step. They go before new orders, so this stays short.
    continuing: VecDeque<(OrderNumber, Step)>,
    order: Order,
    finder: Finder<'static>,
}

impl Checkout {
    /// The checkouts of `thread`, over so many connections.
    #[must_use]
    pub fn new(
        workload: Workload,
        requests: Requests,
        batch: Option<u64>,
        thread: u16,
        connections: usize,
    ) -> Self {
        Self {
            workload,
            requests,
            batch,
            orders_max: u64::MAX,
            journal: Journal::new(thread),
            asked: vec![None; connections],
            continuing: VecDeque::new(),
            order: Order::default(),
            finder: Finder::new(ID_FIELD),
        }
    }

    /// Sends no more than so many orders.
    pub const fn stop_after(&mut self, orders: u64) {
        self.orders_max = orders;
    }

    /// What was acknowledged.
    #[must_use]
    pub fn into_journal(self) -> Journal {
        self.journal
    }

    fn next_batch(&mut self, count: u64, out: &mut Vec<u8>) -> Asked {
        self.requests.begin_batch();
        let mut first = None;
        for _ in 0..count {
            let number = self.journal.open();
            first.get_or_insert(number);
            self.workload.make(number, &mut self.order);
            self.requests.add_to_batch(number, &self.order);
        }
        let first = first.expect("a batch has at least one order");
        self.requests.end_batch(first, out);
        Asked::Batch(first, count)
    }

    /// Notes the answer to one reservation.
    fn created(&mut self, sequence: u64, status: u16, id: Option<&[u8]>) {
        match (status, id.filter(|id| !id.is_empty())) {
            (200..=299, Some(id)) => self.journal.reserved(sequence, id),
            (200..=299, None) => self.journal.unreadable += 1,
            (409, _) => self.journal.acknowledge(sequence, Standing::SoldOut),
            (400..=499, _) => self.journal.acknowledge(sequence, Standing::Refused),
            _ => self.journal.doubt(sequence, Step::Create),
        }
    }

    fn stepped(&mut self, number: OrderNumber, step: Step, status: u16, body: &[u8]) {
        let sequence = number.sequence;
        match (step, status) {
            (Step::Create, 200..=299) => match self.finder.find(body) {
                Some(at) => {
                    let id = &body[at + ID_FIELD.len()..];
                    let length = memchr::memchr(b'"', id).unwrap_or(0);
                    self.created(sequence, status, Some(&id[..length]));
                }
                None => {
                    let parsed = serde_json::from_slice::<Reserved<'_>>(body).ok();
                    let id = parsed.map(|parsed| parsed.reservation_id);
                    self.created(sequence, status, id.as_deref().map(str::as_bytes));
                }
            },
            (Step::Create, _) => self.created(sequence, status, None),
            (_, 200..=299) => self.journal.acknowledge(sequence, standing_after(step)),
            // A refusal changes nothing: what was known stays true.
            (_, 400..=499) => return,
            _ => return self.journal.doubt(sequence, step),
        }
        self.workload.make(number, &mut self.order);
        let standing = self.journal.entry(sequence).standing;
        if let Some(step) = next_step(self.order.fate, standing) {
            self.continuing.push_back((number, step));
        }
    }

    fn batch_answered(
        &mut self,
        first: OrderNumber,
        count: u64,
        (status, body): (u16, &[u8]),
        counts: &mut Statuses,
    ) -> u64 {
        let orders = first.sequence..first.sequence + count;
        if status != 200 {
            counts.add(status, count);
            // No entry was told anything. A refusal of the whole batch is one of each entry.
            orders.for_each(|sequence| self.created(sequence, status, None));
            return count;
        }
        let finder = self.finder.clone();
        let found = || finder.find_iter(body).map(|at| &body[at + ID_FIELD.len()..]);
        if u64::try_from(found().count()) == Ok(count) {
            // As many ids as entries: all were reserved, and answers come in order.
            for (sequence, id) in orders.zip(found()) {
                let length = memchr::memchr(b'"', id).unwrap_or(0);
                self.created(sequence, 201, Some(&id[..length]));
            }
            counts.add(201, count);
            return count;
        }
        match serde_json::from_slice::<BatchAnswer<'_>>(body) {
            Ok(parsed) if u64::try_from(parsed.results.len()) == Ok(count) => {
                for (sequence, result) in orders.zip(&parsed.results) {
                    let id = result.answer.as_ref().map(|answer| answer.reservation_id.as_bytes());
                    self.created(sequence, result.status, id);
                    counts.add(result.status, 1);
                }
            }
            _ => self.journal.unreadable += count,
        }
        count
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reserved<'a> {
    #[serde(borrow)]
    reservation_id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct BatchAnswer<'a> {
    #[serde(borrow)]
    results: Vec<BatchResult<'a>>,
}

#[derive(Deserialize)]
struct BatchResult<'a> {
    status: u16,
    #[serde(borrow)]
    answer: Option<Reserved<'a>>,
}

const fn standing_after(step: Step) -> Standing {
    match step {
        Step::Create => Standing::Active,
        Step::Extend => Standing::Extended,
        Step::Confirm => Standing::Confirmed,
        Step::Fulfil => Standing::Fulfilled,
        Step::Cancel => Standing::Cancelled,
    }
}

/// The step that leads a reservation from where it stands towards its fate.
const fn next_step(fate: Fate, standing: Standing) -> Option<Step> {
    match (fate, standing) {
        (Fate::Cancel, Standing::Active) | (Fate::CancelConfirmed, Standing::Confirmed) => {
            Some(Step::Cancel)
        }
        (Fate::Confirm | Fate::Fulfil | Fate::CancelConfirmed, Standing::Active)
        | (Fate::ExtendAndFulfil, Standing::Extended) => Some(Step::Confirm),
        (Fate::Fulfil | Fate::ExtendAndFulfil, Standing::Confirmed) => Some(Step::Fulfil),
        (Fate::ExtendAndFulfil, Standing::Active) => Some(Step::Extend),
        _ => None,
    }
}

impl Traffic for Checkout {
    fn next(&mut self, slot: usize, out: &mut Vec<u8>) -> bool {
        let asked = if let Some((number, step)) = self.continuing.pop_front() {
            let id = self.journal.entry(number.sequence).id().unwrap_or_default();
            self.requests.step(step, number, id, out);
            Asked::Step(number, step)
        } else if self.journal.orders() >= self.orders_max {
            return false;
        } else if let Some(count) = self.batch {
            self.next_batch(count.min(self.orders_max - self.journal.orders()), out)
        } else {
            let number = self.journal.open();
            self.workload.make(number, &mut self.order);
            self.requests.reserve(number, &self.order, out);
            Asked::Step(number, Step::Create)
        };
        self.asked[slot] = Some(asked);
        true
    }

    fn answered(&mut self, slot: usize, status: u16, body: &[u8], counts: &mut Statuses) -> u64 {
        match self.asked[slot].take() {
            Some(Asked::Step(number, step)) => {
                counts.add(status, 1);
                self.stepped(number, step, status, body);
                1
            }
            Some(Asked::Batch(first, count)) => {
                self.batch_answered(first, count, (status, body), counts)
            }
            None => 0,
        }
    }

    fn cut(&mut self, slot: usize) {
        match self.asked[slot].take() {
            Some(Asked::Step(number, step)) => self.journal.doubt(number.sequence, step),
            // Entries of a batch are unsure from the moment they were numbered.
            Some(Asked::Batch(..)) | None => {}
        }
    }
}

#[cfg(test)]
mod tests;

//! Reads reservations again, over many connections: a sample of what was acknowledged, and
//! everything whose outcome is unknown.

use std::collections::HashMap;

use super::Audit;
use super::finding::{Finding, Findings};
use super::reservation::{Page, Reservation};
use crate::client::excerpt;
use crate::driver::Traffic;
use crate::journal::{Entry, Status};
use crate::order::{Order, OrderNumber};
use crate::request::{Requests, path_by_order};
use crate::tally::Statuses;

/// How often one question is asked when the connection is cut or the server is busy.
const ATTEMPTS_MAX: u8 = 5;

/// What the lookups led to.
#[derive(Debug, Default)]
pub struct Verdicts {
    /// Reservations read.
    pub read: u64,
    /// What became of each order whose outcome was unknown; `None`: it holds nothing.
    pub unsure: HashMap<OrderNumber, Option<Status>>,
    /// How many of those had been carried out.
    pub done: u64,
}

/// The traffic of an audit.
pub struct Lookup<'a> {
    audit: &'a Audit<'a>,
    requests: Requests,
    /// What is left to ask.
    questions: Box<dyn Iterator<Item = (OrderNumber, &'a Entry)> + 'a>,
    again: Vec<(OrderNumber, u8)>,
    asked: Vec<Option<(OrderNumber, u8)>>,
    order: Order,
    verdicts: Verdicts,
    findings: Findings,
}

impl<'a> Lookup<'a> {
    /// Asks for every `stride`-th acknowledged reservation and for all unknown ones.
    #[must_use]
    pub fn new(audit: &'a Audit<'a>, stride: u64, connections: usize) -> Self {
        let mut place = 0;
        let wanted = move |(_, entry): &(OrderNumber, &Entry)| {
            if entry.unsure.is_some() {
                return true;
            }
            if entry.id().is_none() {
                return false;
            }
            place += 1;
            place % stride == 0
        };
        let entries = audit.journals.iter().flat_map(|journal| journal.entries());
        Self {
            audit,
            requests: Requests::new(audit.target.clone()),
            questions: Box::new(entries.filter(wanted)),
            again: Vec::new(),
            asked: vec![None; connections],
            order: Order::default(),
            verdicts: Verdicts::default(),
            findings: Findings::default(),
        }
    }

    /// The verdicts, after the findings were handed over.
    pub fn into_verdicts(self, findings: &mut Findings) -> Verdicts {
        findings.take_over(self.findings);
        self.verdicts
    }

    fn entry(&self, number: OrderNumber) -> &'a Entry {
        self.audit.journals[usize::from(number.thread)].entry(number.sequence)
    }

    fn judge(&mut self, number: OrderNumber, status: u16, body: &[u8]) {
        let entry = self.entry(number);
        let by_id = entry.id().is_some();
        let parsed = match (by_id, status) {
            (true, 404) => Ok(Vec::new()),
            (true, 200) => serde_json::from_slice(body).map(|one: Reservation<'_>| vec![one]),
            (false, 200) => serde_json::from_slice(body).map(|page: Page<'_>| page.items),
            _ => {
                let detail = format!("{status} {}", excerpt(body));
                return self.findings.add(Finding::Unreadable { order: number, detail });
            }
        };
        let found = match parsed {
            Ok(found) => found,
            Err(wrong) => {
                let detail = format!("{wrong}: {}", excerpt(body));
                return self.findings.add(Finding::Unreadable { order: number, detail });
            }
        };
        self.verdicts.read += 1;
        if found.len() > 1 {
            let count = found.len();
            return self.findings.add(Finding::OrderTwice { order: number, count });
        }
        self.audit.workload.make(number, &mut self.order);
        let actual = found.first().map(|reservation| reservation.status);
        let allowed = entry.allowed(self.order.fate);
        if entry.unsure.is_some() {
            self.verdicts.unsure.insert(number, actual);
            self.verdicts.done += u64::from(allowed.get(1) == Some(&actual));
        }
        if !allowed.contains(&actual) {
            self.findings.add(Finding::Status { order: number, allowed, actual });
        }
        let warehouse = self.audit.target.warehouse;
        let differs = found
            .first()
            .and_then(|found| found.differs((number, &self.order), entry.id(), warehouse));
        if let Some(detail) = differs {
            self.findings.add(Finding::Content { order: number, detail });
        }
    }

    fn ask_again(&mut self, number: OrderNumber, attempt: u8, detail: &str) {
        if attempt < ATTEMPTS_MAX {
            self.again.push((number, attempt));
        } else {
            let detail = detail.to_owned();
            self.findings.add(Finding::Unreadable { order: number, detail });
        }
    }
}

impl Traffic for Lookup<'_> {
    fn next(&mut self, slot: usize, out: &mut Vec<u8>) -> bool {
        let next =
            self.again.pop().or_else(|| self.questions.next().map(|(number, _)| (number, 0)));
        let Some((number, attempts)) = next else { return false };
        let path = match self.entry(number).id() {
            Some(id) => format!("/v1/reservations/{}", String::from_utf8_lossy(id)),
            None => path_by_order(number),
        };
        self.requests.get(&path, out);
        self.asked[slot] = Some((number, attempts + 1));
        true
    }

    fn answered(&mut self, slot: usize, status: u16, body: &[u8], counts: &mut Statuses) -> u64 {
        counts.add(status, 1);
        if let Some((number, attempt)) = self.asked[slot].take() {
            match status {
                429 | 503 => self.ask_again(number, attempt, &format!("{status}, repeatedly")),
                _ => self.judge(number, status, body),
            }
        }
        1
    }

    fn cut(&mut self, slot: usize) {
        if let Some((number, attempt)) = self.asked[slot].take() {
            self.ask_again(number, attempt, "the connection was cut, repeatedly");
        }
    }
}

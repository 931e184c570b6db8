//! Holds the server against what it acknowledged, from the API alone.
//!
//! `lookup` asks for reservations, `reservation` judges one, `books` adds up what the
//! acknowledgements imply and compares it with the positions that `shelves` reads, `finding`
//! is what does not agree.

pub mod books;
pub mod finding;
pub mod lookup;
pub mod reservation;
pub mod shelves;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::driver::{Driver, Pace, Window};
use crate::failure::Failure;
use crate::journal::{Journal, Standing};
use crate::order::{Order, Profile, Workload};
use crate::quantity::Quantity;
use crate::request::Target;
use books::Books;
use finding::{Finding, Findings};
use lookup::{Lookup, Verdicts};

/// Connections over which reservations are read.
const CONNECTIONS: usize = 64;
/// How long after the last short deadline everything due must have expired.
const EXPIRY_GRACE: Duration = Duration::from_secs(2);

/// How much is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// Every acknowledged reservation.
    All,
    /// About so many, spread evenly. Unknown outcomes are always looked up, all of them.
    AtMost(u64),
}

/// What the audit saw.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    /// Nothing was found.
    pub passed: bool,
    /// Reservations that were acknowledged.
    pub acknowledged: u64,
    /// Orders refused for want of stock.
    pub sold_out: u64,
    /// Orders refused for another reason.
    pub refused: u64,
    /// Orders with a call whose outcome nobody was told.
    pub unknown: u64,
    /// Those among them whose call had been carried out.
    pub unknown_done: u64,
    /// Reservations read again.
    pub reservations_read: u64,
    /// Positions compared.
    pub positions_compared: u64,
    /// Number of findings.
    pub findings: u64,
    /// The first of them.
    pub first_findings: Vec<String>,
}

/// The server, and what is known about the run.
#[derive(Debug)]
pub struct Audit<'a> {
    /// Where it listens.
    pub address: SocketAddr,
    /// Tenant and positions.
    pub target: &'a Target,
    /// What was sent.
    pub workload: &'a Workload,
    /// What was received at each position before the run.
    pub stock: Quantity,
    /// What was acknowledged, by thread.
    pub journals: &'a [Journal],
    /// How much to read again.
    pub sample: Sample,
}

impl Audit<'_> {
    /// Reads and compares. Nobody else may write to the tenant meanwhile.
    ///
    /// # Errors
    /// When the server cannot be read at all. What it says wrongly is a finding.
    pub fn carry_out(&self) -> Result<AuditReport, Failure> {
        let short_deadlines = self.workload.profile == Profile::Lifecycle;
        if short_deadlines {
            let longest = crate::order::EXTENDED_SECONDS.max(crate::order::EXPIRING_SECONDS);
            std::thread::sleep(Duration::from_secs(u64::from(longest)) + EXPIRY_GRACE);
        }
        let mut report = self.count();
        let mut findings = Findings::default();
        if report.acknowledged == 0 {
            findings.add(Finding::NothingAcknowledged);
        }
        let unreadable = self.journals.iter().map(|journal| journal.unreadable).sum();
        if unreadable > 0 {
            findings.add(Finding::UnreadableAnswers { count: unreadable });
        }
        let verdicts = self.look_up(report.acknowledged, &mut findings)?;
        report.reservations_read = verdicts.read;
        report.unknown_done = verdicts.done;

        let mut books = Books::new(self.target.warehouse, self.stock);
        let mut order = Order::default();
        for (number, entry) in self.journals.iter().flat_map(Journal::entries) {
            self.workload.make(number, &mut order);
            let status = match entry.unsure {
                None => entry.allowed(order.fate)[0],
                // Without a verdict the lookup has left a finding, and the audit has failed.
                Some(_) => verdicts.unsure.get(&number).copied().flatten(),
            };
            books.enter(&order, status);
        }
        let figures = shelves::read(self.address, self.target, &mut findings)?;
        report.positions_compared = u64::try_from(figures.len()).unwrap_or(u64::MAX);
        books.compare(&figures, &mut findings);
        if report.sold_out > 0 {
            self.judge_refusals(&books, &mut findings);
        }
        report.findings = findings.count();
        report.passed = report.findings == 0;
        report.first_findings = findings.into_first();
        Ok(report)
    }

    fn count(&self) -> AuditReport {
        let mut report = AuditReport::default();
        for (_, entry) in self.journals.iter().flat_map(Journal::entries) {
            match entry.standing {
                Standing::SoldOut => report.sold_out += 1,
                Standing::Refused => report.refused += 1,
                Standing::Sent => {}
                _ => report.acknowledged += 1,
            }
            report.unknown += u64::from(entry.unsure.is_some());
        }
        report
    }

    fn look_up(&self, acknowledged: u64, findings: &mut Findings) -> Result<Verdicts, Failure> {
        let stride = match self.sample {
            Sample::All => 1,
            Sample::AtMost(most) => acknowledged.div_ceil(most.max(1)).max(1),
        };
        let mut lookup = Lookup::new(self, stride, CONNECTIONS);
        let driver = Driver::connect(self.address, CONNECTIONS)?;
        let start = Instant::now();
        let window = Window { start, measure_from: start, end: None };
        driver.run(&mut lookup, Pace::Closed, window)?;
        Ok(lookup.into_verdicts(findings))
    }

    /// A refusal for want of stock must have had a reason. Without releases `available` only
    /// falls, so at the end a line must still not fit; with releases it can only be said that
    /// no order was refused whose positions could have served everything that was ever asked.
    fn judge_refusals(&self, books: &Books, findings: &mut Findings) {
        let mut order = Order::default();
        for (number, entry) in self.journals.iter().flat_map(Journal::entries) {
            if entry.standing != Standing::SoldOut {
                continue;
            }
            self.workload.make(number, &mut order);
            let justified = match self.workload.profile {
                Profile::Lifecycle => books.may_have_run_out(&order),
                _ => books.has_run_out(&order),
            };
            if !justified {
                findings.add(Finding::RefusedWithoutWant { order: number });
            }
        }
    }
}

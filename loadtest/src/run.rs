//! One run: stock on the shelves, load, audit.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use crate::audit::{Audit, Sample};
use crate::checkout::Checkout;
use crate::driver::{Driver, Pace, Window};
use crate::failure::Failure;
use crate::journal::Journal;
use crate::ledger_reader::{self, LedgerRead};
use crate::order::{Profile, Workload};
use crate::quantity::Quantity;
use crate::report::{Conditions, Report};
use crate::request::{Keys, Requests, Target};
use crate::schedule::Schedule;
use crate::setup;
use crate::tally::Tally;
use crate::warehouse::Warehouse;

/// What a run is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the server listens.
    pub address: SocketAddr,
    /// Shape of the load.
    pub profile: Profile,
    /// Arrivals per second of an open loop; `None`: closed loop.
    pub rate: Option<u64>,
    /// Connections over all threads.
    pub connections: usize,
    /// Threads.
    pub threads: u16,
    /// Length of the measured part.
    pub measured: Duration,
    /// Length of the part before it.
    pub warmup: Duration,
    /// Items and locations; the profile `hot` uses one of each.
    pub warehouse: Warehouse,
    /// Orders per call; `None`: the call for one.
    pub batch: Option<u64>,
    /// Idempotency keys or none.
    pub keys: Keys,
    /// Received at each position before the run.
    pub stock: Quantity,
    /// Deadline of reservations that are not meant to expire.
    pub ttl_seconds: u32,
    /// How much the audit reads again; `None`: no audit.
    pub audit: Option<Sample>,
    /// Readers of the ledger beside the load.
    pub ledger_readers: u16,
    /// Seed of the orders.
    pub seed: u64,
}

impl Settings {
    /// # Errors
    /// When they make no sense together.
    fn check(&self) -> Result<(), Failure> {
        let wrong = |why: &str| Err(Failure::Settings(why.into()));
        let Warehouse { items, locations } = self.warehouse;
        // The audit takes about as long as the run; a hold must outlive both.
        let outlives = (self.measured + self.warmup).as_secs() * 2 + 60;
        if self.threads == 0 || self.connections < usize::from(self.threads) {
            return wrong("each thread needs at least one connection");
        }
        if items == 0 || locations == 0 || items.checked_mul(locations).is_none() {
            return wrong("items × locations must be between 1 and 2^32 - 1");
        }
        if self.rate == Some(0) || self.batch == Some(0) || self.measured.is_zero() {
            return wrong("rate, batch and seconds must be more than 0");
        }
        if self.batch.is_some() && self.profile == Profile::Lifecycle {
            return wrong("there is no batch call for the later steps of a lifecycle");
        }
        if u64::from(self.ttl_seconds) < outlives {
            return wrong(&format!(
                "a ttl of {} s may end during run and audit; {outlives} s will do",
                self.ttl_seconds
            ));
        }
        Ok(())
    }
}

/// What a thread of the generator has seen.
type Outcome = Result<(Tally, Journal), Failure>;

/// Sets up, runs, audits.
///
/// # Errors
/// When the run could not be carried out. A failed audit is part of the report.
pub fn carry_out(settings: &Settings) -> Result<Report, Failure> {
    settings.check()?;
    let warehouse = match settings.profile {
        Profile::Hot => Warehouse { items: 1, locations: 1 },
        Profile::Spread | Profile::Orders | Profile::Lifecycle => settings.warehouse,
    };
    let target = Target {
        host: settings.address.to_string(),
        tenant: new_tenant(),
        warehouse,
        ttl_seconds: settings.ttl_seconds,
        keys: settings.keys,
    };
    let workload = Workload {
        profile: settings.profile,
        positions: warehouse.positions(),
        seed: settings.seed,
    };
    setup::receive_stock(settings.address, &target, settings.stock)?;
    let (tally, journals, ledger) = load(settings, &target, workload)?;
    let audit = settings.audit.map(|sample| {
        let stock = settings.stock;
        let journals = &journals[..];
        Audit { address: settings.address, target: &target, workload, stock, journals, sample }
            .carry_out()
    });
    let conditions = Conditions {
        profile: settings.profile,
        rate: settings.rate,
        connections: settings.connections,
        threads: settings.threads,
        batch: settings.batch,
        seconds: settings.measured.as_secs_f64(),
        warmup_seconds: settings.warmup.as_secs_f64(),
    };
    let report = Report::new(conditions, &tally, audit.transpose()?);
    Ok(Report { ledger: Some(ledger).filter(|_| settings.ledger_readers > 0), ..report })
}

fn load(
    settings: &Settings,
    target: &Target,
    workload: Workload,
) -> Result<(Tally, Vec<Journal>, LedgerRead), Failure> {
    let threads = usize::from(settings.threads);
    let share = |thread: usize| {
        settings.connections / threads + usize::from(thread < settings.connections % threads)
    };
    let drivers = (0..threads)
        .map(|thread| Driver::connect(settings.address, share(thread)))
        .collect::<Result<Vec<_>, _>>()?;
    let start = Instant::now();
    let measure_from = start + settings.warmup;
    let window = Window { start, measure_from, end: Some(measure_from + settings.measured) };
    let is_over = AtomicBool::new(false);
    let (outcomes, reads): (Vec<Outcome>, Vec<_>) = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..settings.ledger_readers)
            .map(|number| {
                let is_over = &is_over;
                scope.spawn(move || ledger_reader::read(settings.address, target, number, is_over))
            })
            .collect();
        let running: Vec<_> = drivers
            .into_iter()
            .zip(0_u16..)
            .map(|(driver, thread)| {
                let requests = Requests::new(target.clone());
                let connections = share(usize::from(thread));
                let mut checkout =
                    Checkout::new(workload, requests, settings.batch, thread, connections);
                let pace = settings.rate.map_or(Pace::Closed, |rate| {
                    let (turn, all) = (u64::from(thread), u64::from(settings.threads));
                    Pace::Open(Schedule::new(rate, turn, all))
                });
                scope.spawn(move || {
                    let tally = driver.run(&mut checkout, pace, window)?;
                    Ok((tally, checkout.into_journal()))
                })
            })
            .collect();
        let outcomes = running.into_iter().map(join).collect();
        is_over.store(true, Ordering::Relaxed);
        (outcomes, readers.into_iter().map(join).collect())
    });
    let mut sum = Tally::default();
    let mut journals = Vec::with_capacity(threads);
    for outcome in outcomes {
        let (tally, journal) = outcome?;
        sum.merge(&tally);
        journals.push(journal);
    }
    let mut ledger = LedgerRead::default();
    for read in reads {
        ledger.merge(read?);
    }
    Ok((sum, journals, ledger))
}

fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A tenant that no other run has: process and time.
pub(crate) fn new_tenant() -> String {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("the clock is past 1970");
    format!("loadtest-{:x}-{:x}", std::process::id(), since_epoch.as_micros())
}

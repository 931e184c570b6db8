//! One run: stock on the shelves, load, audit.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::audit::{Audit, AuditReport, Sample};
use crate::checkout::Checkout;
use crate::driver::{Driver, Pace, Window};
use crate::failure::Failure;
use crate::journal::Journal;
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
    /// Orders in all, whatever time that takes, and all of it is measured; `None`: what fits into the
    /// time.
    pub orders: Option<u64>,
    /// Idempotency keys or none.
    pub keys: Keys,
    /// Received at each position before the run.
    pub stock: Quantity,
    /// Deadline of reservations that are not meant to expire.
    pub ttl_seconds: u32,
    /// How much the audit reads again; `None`: no audit.
    pub audit: Option<Sample>,
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
        if self.orders.is_some() && (self.rate.is_some() || self.profile == Profile::Lifecycle) {
            return wrong("a number of orders goes with a closed loop of reservations");
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

/// Sets up, runs, audits.
///
/// # Errors
/// When the run could not be carried out. A failed audit is part of the report.
pub fn carry_out(settings: &Settings) -> Result<Report, Failure> {
    let mut run = Run::set_up(settings)?;
    let tally = run.load()?;
    let audit = run.audit()?;
    let conditions = Conditions {
        profile: settings.profile,
        rate: settings.rate,
        connections: settings.connections,
        threads: settings.threads,
        batch: settings.batch,
        seconds: settings.measured.as_secs_f64(),
        warmup_seconds: settings.warmup.as_secs_f64(),
    };
    Ok(Report::new(conditions, &tally, audit))
}

/// A run in its three parts, for who looks at the server, or ends it, between them.
#[derive(Debug)]
pub struct Run {
    settings: Settings,
    target: Target,
    workload: Workload,
    journals: Vec<Journal>,
}

impl Run {
    /// Receives the stock, for a tenant of its own.
    ///
    /// # Errors
    /// When the settings make no sense, or the server refuses.
    pub fn set_up(settings: &Settings) -> Result<Self, Failure> {
        settings.check()?;
        let warehouse = match settings.profile {
            Profile::Hot => Warehouse { items: 1, locations: 1 },
            _ => settings.warehouse,
        };
        let target = Target {
            host: settings.address.to_string(),
            tenant: new_tenant(),
            warehouse,
            ttl_seconds: settings.ttl_seconds,
            keys: settings.keys,
        };
        let workload = Workload::new(settings.profile, warehouse, settings.seed);
        setup::receive_stock(settings.address, &target, settings.stock)?;
        Ok(Self { settings: settings.clone(), target, workload, journals: Vec::new() })
    }

    /// Sends the load, once.
    ///
    /// # Errors
    /// When the server goes away or cannot be understood.
    pub fn load(&mut self) -> Result<Tally, Failure> {
        assert!(self.journals.is_empty(), "orders are numbered once");
        let (tally, journals) = load(&self.settings, &self.target, &self.workload)?;
        self.journals = journals;
        Ok(tally)
    }

    /// Where the requests go.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Orders that were sent.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.journals.iter().map(Journal::orders).sum()
    }

    /// The server listens somewhere else now.
    pub fn moved_to(&mut self, address: SocketAddr) {
        self.settings.address = address;
        self.target.host = address.to_string();
    }

    /// Holds the server against what it acknowledged; `None`: that was not asked for.
    ///
    /// # Errors
    /// When the server cannot be read.
    pub fn audit(&self) -> Result<Option<AuditReport>, Failure> {
        let Some(sample) = self.settings.audit else { return Ok(None) };
        let audit = Audit {
            address: self.settings.address,
            target: &self.target,
            workload: &self.workload,
            stock: self.settings.stock,
            journals: &self.journals,
            sample,
        };
        audit.carry_out().map(Some)
    }
}

fn load(
    settings: &Settings,
    target: &Target,
    workload: &Workload,
) -> Result<(Tally, Vec<Journal>), Failure> {
    let threads = usize::from(settings.threads);
    let share = |thread: usize| {
        settings.connections / threads + usize::from(thread < settings.connections % threads)
    };
    let drivers = (0..threads)
        .map(|thread| Driver::connect(settings.address, share(thread)))
        .collect::<Result<Vec<_>, _>>()?;
    let start = Instant::now();
    let window = match settings.orders {
        Some(_) => Window { start, measure_from: start, end: None },
        None => {
            let measure_from = start + settings.warmup;
            Window { start, measure_from, end: Some(measure_from + settings.measured) }
        }
    };
    let outcomes: Vec<Result<(Tally, Journal), Failure>> = std::thread::scope(|scope| {
        let running: Vec<_> = drivers
            .into_iter()
            .zip(0_u16..)
            .map(|(driver, thread)| {
                let requests = Requests::new(target.clone());
                let connections = share(usize::from(thread));
                let mut checkout =
                    Checkout::new(workload.clone(), requests, settings.batch, thread, connections);
                if let Some(orders) = settings.orders {
                    let all = u64::from(settings.threads);
                    checkout.stop_after(orders / all + u64::from(u64::from(thread) < orders % all));
                }
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
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut sum = Tally::default();
    let mut journals = Vec::with_capacity(threads);
    for outcome in outcomes {
        let (tally, journal) = outcome?;
        sum.merge(&tally);
        journals.push(journal);
    }
    Ok((sum, journals))
}

/// A tenant that no other run has: process and time.
pub(crate) fn new_tenant() -> String {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("the clock is past 1970");
    format!("loadtest-{:x}-{:x}", std::process::id(), since_epoch.as_micros())
}

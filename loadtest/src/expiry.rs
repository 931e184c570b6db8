//! Deadlines: a million live holds whose deadlines are spread over a while, and many deadlines at one
//! instant while others buy. How late does the world hear of it, and what does selling notice?

pub mod feed;
pub mod holds;
pub mod table;

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use self::feed::{Feed, Seen};
use self::holds::{Due, Holds};
use self::table::{Selling, Table};
use crate::audit::Sample;
use crate::audit::finding::Findings;
use crate::audit::shelves;
use crate::failure::Failure;
use crate::machine::LoadAverage;
use crate::order::Profile;
use crate::quantity::Quantity;
use crate::request::{Keys, Target};
use crate::run::{Run, Settings, new_tenant};
use crate::server::Installation;
use crate::setup;
use crate::tally::Tally;
use crate::warehouse::Warehouse;

/// What is due this long before the end must have been told by then.
const GRACE: Duration = Duration::from_secs(3);
/// From the making of the burst's holds until all of them are due, and selling has warmed up.
const BURST_LEAD: Duration = Duration::from_secs(10);

/// What is measured.
#[derive(Clone, Debug, clap::Args)]
pub struct Expiry {
    /// Which `onhand`.
    #[command(flatten)]
    pub onhand: Installation,
    /// Live holds whose deadlines are spread.
    #[arg(long, default_value_t = 1_000_000)]
    pub holds: u32,
    /// Seconds over which they are spread.
    #[arg(long, default_value_t = 900)]
    pub over: u32,
    /// Seconds until the first of them is due; making them all must not take longer.
    #[arg(long, default_value_t = 30)]
    pub lead: u32,
    /// Seconds for which they are watched.
    #[arg(long, default_value_t = 60)]
    pub watch: u32,
    /// Holds that are all due at one instant.
    #[arg(long, default_value_t = 100_000)]
    pub burst: u32,
    /// Reservations per second, before and during the burst.
    #[arg(long, default_value_t = 5_000)]
    pub rate: u64,
    /// Seconds for which selling is measured, before the burst and from its instant on.
    #[arg(long, default_value_t = 5)]
    pub seconds: u32,
    /// Positions of the holds.
    #[arg(long, default_value_t = 100_000)]
    pub items: u32,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// Microseconds since 1970 by the clock of this machine, which is the server's as well.
pub(crate) fn wall_micros() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.expect("the clock is past 1970").as_micros()).expect("for 290,000 years")
}

/// The same, so much later.
fn later(micros: i64, by: Duration) -> i64 {
    micros + i64::try_from(by.as_micros()).expect("minutes fit in 64 bits")
}

/// Makes the holds, watches them end, audits.
///
/// # Errors
/// When the server does not start or the run cannot be carried out.
pub fn carry_out(expiry: &Expiry) -> Result<Table, Failure> {
    if expiry.items == 0 || expiry.rate == 0 || expiry.seconds == 0 || expiry.over == 0 {
        return Err(Failure::Settings("items, rate, seconds and over must be more than 0".into()));
    }
    let load_average = LoadAverage::begin();
    let server = expiry.onhand.start(&[])?;
    let target = Target {
        host: server.address.to_string(),
        tenant: new_tenant(),
        warehouse: Warehouse { items: expiry.items, locations: 1 },
        ttl_seconds: 0,
        keys: Keys::Omitted,
    };
    setup::receive_stock(server.address, &target, expiry.stock())?;
    let feed = Feed::open(server.address, &target)?;
    let told = std::thread::spawn(move || feed.read_to_end());

    let mut holds = Holds::new(target.clone());
    let first = later(wall_micros(), Duration::from_secs(expiry.lead.into()));
    let over = Duration::from_secs(expiry.over.into());
    let begun = Instant::now();
    holds.make(server.address, expiry.holds, Due::Spread { from: first, over })?;
    let made_in = begun.elapsed();
    if wall_micros() > first {
        return Err(Failure::Settings(format!(
            "making the holds took {:.0} s; let --lead be longer",
            made_in.as_secs_f64()
        )));
    }
    sleep_until(later(first, Duration::from_secs(expiry.watch.into())));
    let before = sell(&expiry.selling(server.address))?;
    let spread_until = wall_micros();

    let mut run = Run::set_up(&expiry.selling(server.address))?;
    let instant = later(wall_micros(), BURST_LEAD);
    holds.make(server.address, expiry.burst, Due::At(instant))?;
    // The load warms up until the instant, so it is measured from the instant on.
    sleep_until(later(instant, Duration::ZERO) - micros(Expiry::WARMUP));
    let during = selling(&mut run)?;
    std::thread::sleep(GRACE);
    let mut findings = Findings::default();
    let live = holds.live(wall_micros(), GRACE);
    let figures = shelves::read(server.address, &target, &mut findings)?;
    let still_live = holds.live(wall_micros(), Duration::ZERO);
    let mut findings = findings.into_first();
    findings.extend(holds.compare(expiry.stock(), &figures, (&still_live, &live)));
    let cutoff = wall_micros() - micros(GRACE);
    drop(server);
    let told = told.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    findings.extend(holds.compare_told(&told, cutoff));
    findings.extend(before.findings);
    findings.extend(during.findings);
    let lateness = |burst: bool, until: i64| lateness(&holds, &told, expiry.holds, burst, until);
    Ok(Table {
        holds: expiry.holds,
        over_seconds: expiry.over,
        made_per_second: f64::from(expiry.holds) / made_in.as_secs_f64(),
        spread: lateness(false, spread_until - micros(GRACE)),
        burst: lateness(true, i64::MAX),
        rate: expiry.rate,
        before: before.figures,
        during: during.figures,
        load_average: load_average.end(),
        findings,
    })
}

fn micros(duration: Duration) -> i64 {
    later(0, duration)
}

fn sleep_until(at: i64) {
    let left = u64::try_from(at - wall_micros()).unwrap_or(0);
    std::thread::sleep(Duration::from_micros(left));
}

/// Deadlines of one kind, each with when it was decided and when it was heard of, both after it.
fn lateness(holds: &Holds, told: &[Seen], spread: u32, burst: bool, until: i64) -> table::Lateness {
    let of_kind = |seen: &&Seen| (seen.hold >= spread) == burst;
    let pairs = told.iter().filter(of_kind).filter_map(|seen| {
        let due = holds.deadline(seen.hold).filter(|due| *due < until)?;
        Some((seen.decided - due, seen.heard - due))
    });
    table::Lateness::of(pairs)
}

struct Sold {
    figures: Selling,
    findings: Vec<String>,
}

fn sell(settings: &Settings) -> Result<Sold, Failure> {
    selling(&mut Run::set_up(settings)?)
}

fn selling(run: &mut Run) -> Result<Sold, Failure> {
    let tally: Tally = run.load()?;
    let audit = run.audit()?.expect("asked for in the settings");
    Ok(Sold { figures: Selling::of(&tally), findings: audit.first_findings })
}

impl Expiry {
    const WARMUP: Duration = Duration::from_secs(1);

    const fn stock(&self) -> Quantity {
        Quantity::from_micros(1_000_000_000_000)
    }

    fn selling(&self, address: SocketAddr) -> Settings {
        Settings {
            address,
            profile: Profile::Spread,
            rate: Some(self.rate),
            connections: 64,
            threads: 1,
            measured: Duration::from_secs(self.seconds.into()),
            warmup: Self::WARMUP,
            warehouse: Warehouse { items: 10_000, locations: 1 },
            batch: None,
            orders: None,
            keys: Keys::Sent,
            stock: self.stock(),
            ttl_seconds: 3_600,
            audit: Some(Sample::AtMost(10_000)),
            seed: 1,
        }
    }
}

//! Does it stay flat? The same load on a fresh server of each size, and what it takes to start again.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::audit::Sample;
use crate::failure::Failure;
use crate::machine::LoadAverage;
use crate::order::Profile;
use crate::report::grouped;
use crate::request::Keys;
use crate::run::{Run, Settings};
use crate::server::{Installation, Server};
use crate::warehouse::Warehouse;

/// What is still on its way settles before the memory of a server is looked at.
const SETTLE_PAUSE: Duration = Duration::from_secs(1);

/// What is to grow, and how far.
#[derive(Clone, Debug, clap::Args)]
pub struct Growth {
    /// Which `onhand`.
    #[command(flatten)]
    pub onhand: Installation,
    /// Numbers of positions.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000,10000000")]
    pub positions: Vec<u32>,
    /// Locations of each item: positions are divided among so many.
    #[arg(long, default_value_t = 1)]
    pub locations: u32,
    /// Orders of each load.
    #[arg(long, default_value_t = 1_000_000)]
    pub orders: u64,
    /// Reservations per call. Batches, so that the engine and not HTTP is what costs.
    #[arg(long, default_value_t = 1_000)]
    pub batch: u64,
    /// Connections.
    #[arg(long, default_value_t = 8)]
    pub connections: usize,
    /// About how many reservations each audit reads again.
    #[arg(long, default_value_t = 20_000)]
    pub sample: u64,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// One size.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Size {
    /// Positions.
    pub positions: u32,
    /// Reservations per second of the load.
    pub reservations_per_second: f64,
    /// CPU time of the server for each of them, in microseconds.
    pub micros_per_reservation: Option<f64>,
    /// Resident memory per position after the receipts, in bytes, less that of an empty server: with
    /// what is kept of the receipts for a while.
    pub bytes_filled: Option<f64>,
    /// The same after an orderly restart, before the load.
    pub bytes_restarted: Option<f64>,
    /// From SIGTERM to the end of the process, in seconds.
    pub stop_seconds: f64,
    /// From the start until ready, in seconds.
    pub ready_seconds: f64,
    /// The audit after the load.
    pub audit_passed: bool,
}

/// All sizes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// In the order asked for.
    pub sizes: Vec<Size>,
    /// What else the machine did.
    pub load_average: LoadAverage,
    /// The first things that the audits found.
    pub findings: Vec<String>,
}

/// Measures each size on a server of its own.
///
/// # Errors
/// When a server does not start or a run cannot be carried out.
pub fn carry_out(growth: &Growth) -> Result<Table, Failure> {
    let load = LoadAverage::begin();
    let mut table = Table { sizes: Vec::new(), load_average: load, findings: Vec::new() };
    for positions in &growth.positions {
        let size = measure(growth, *positions, &mut table.findings)?;
        eprintln!("{} positions: {}/s", positions, grouped(size.reservations_per_second));
        table.sizes.push(size);
    }
    table.load_average = load.end();
    Ok(table)
}

fn measure(growth: &Growth, positions: u32, findings: &mut Vec<String>) -> Result<Size, Failure> {
    let server = growth.onhand.start(&[])?;
    let resident = |server: &Server| server.footprint().map(|it| it.resident as f64);
    let empty = resident(&server);
    let per_position = |now: Option<f64>| Some((now? - empty?) / f64::from(positions));
    let mut run = Run::set_up(&growth.settings(&server, positions))?;
    std::thread::sleep(SETTLE_PAUSE);
    let bytes_filled = per_position(resident(&server));
    let (server, stopped) = server.restart_orderly(&[])?;
    run.moved_to(server.address);
    std::thread::sleep(SETTLE_PAUSE);
    let bytes_restarted = per_position(resident(&server));
    let before = server.footprint();
    let begun = std::time::Instant::now();
    run.load()?;
    let took = begun.elapsed();
    let spent = before.and_then(|before| server.footprint()?.cpu.checked_sub(before.cpu));
    let orders = run.orders() as f64;
    let audit = run.audit()?.expect("asked for in the settings");
    findings.extend(audit.first_findings.iter().map(|one| format!("{positions}: {one}")));
    Ok(Size {
        positions,
        reservations_per_second: orders / took.as_secs_f64(),
        micros_per_reservation: spent.map(|spent| spent.as_secs_f64() * 1e6 / orders),
        bytes_filled,
        bytes_restarted,
        stop_seconds: stopped.as_secs_f64(),
        ready_seconds: server.ready_after.as_secs_f64(),
        audit_passed: audit.passed,
    })
}

impl Growth {
    fn settings(&self, server: &Server, positions: u32) -> Settings {
        let locations = self.locations.max(1);
        Settings {
            address: server.address,
            profile: Profile::Spread,
            rate: None,
            connections: self.connections,
            threads: 1,
            measured: Duration::from_secs(1),
            warmup: Duration::ZERO,
            warehouse: Warehouse { items: (positions / locations).max(1), locations },
            batch: Some(self.batch),
            orders: Some(self.orders),
            keys: Keys::Sent,
            stock: crate::quantity::Quantity::from_micros(1_000_000_000_000_000),
            ttl_seconds: 3_600,
            audit: Some(Sample::AtMost(self.sample)),
            seed: 1,
        }
    }
}

impl Table {
    /// Every audit passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.sizes.iter().all(|size| size.audit_passed)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |value: Option<f64>, places: usize| {
            value.map_or("?".to_owned(), |value| format!("{value:.places$}"))
        };
        writeln!(
            out,
            "| positions | reservations/s | server µs each | B/position filled | restarted | stop s | ready s | audit |"
        )?;
        writeln!(out, "|---:|---:|---:|---:|---:|---:|---:|---|")?;
        for size in &self.sizes {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {:.2} | {:.2} | {} |",
                grouped(size.positions.into()),
                grouped(size.reservations_per_second),
                known(size.micros_per_reservation, 2),
                known(size.bytes_filled, 0),
                known(size.bytes_restarted, 0),
                size.stop_seconds,
                size.ready_seconds,
                if size.audit_passed { "passed" } else { "FAILED" }
            )?;
        }
        writeln!(out, "\n{}", self.load_average)?;
        self.findings.iter().try_for_each(|finding| writeln!(out, "! {finding}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_shows_each_size_and_a_failed_audit() {
        let size = Size {
            positions: 10_000,
            reservations_per_second: 123_456.0,
            micros_per_reservation: Some(4.5),
            bytes_filled: Some(600.0),
            bytes_restarted: None,
            stop_seconds: 0.5,
            ready_seconds: 0.25,
            audit_passed: true,
        };
        let failed = Size { positions: 100_000, audit_passed: false, ..size };
        let table = Table {
            sizes: vec![size, failed],
            load_average: LoadAverage::default(),
            findings: vec!["100000: oversold".into()],
        };
        assert!(!table.passed());
        let text = table.to_string();
        let row = "| 10,000 | 123,456 | 4.50 | 600 | ? | 0.50 | 0.25 | passed |";
        assert!(
            text.contains(row) && text.contains("FAILED") && text.contains("! 100000"),
            "{text}"
        );
    }
}

//! How long a start takes after `kill -9`, against the length of the log behind the last checkpoint;
//! and after an orderly stop.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::audit::Sample;
use crate::client::{Client, excerpt};
use crate::failure::Failure;
use crate::machine::LoadAverage;
use crate::order::Profile;
use crate::report::grouped;
use crate::request::Keys;
use crate::run::{Run, Settings};
use crate::server::{Installation, Server};
use crate::warehouse::Warehouse;

/// So many records never come: no checkpoint begins by itself, so that all of the log is replayed.
const NEVER: &str = "1000000000";

/// What is measured.
#[derive(Clone, Debug, clap::Args)]
pub struct Recovery {
    /// Which `onhand`.
    #[command(flatten)]
    pub onhand: Installation,
    /// Positions.
    #[arg(long, default_value_t = 1_000_000)]
    pub positions: u32,
    /// Reservations made after the checkpoint, before the kill.
    #[arg(long, value_delimiter = ',', default_value = "0,500000,1000000,2000000,4000000")]
    pub orders: Vec<u64>,
    /// Reservations per call.
    #[arg(long, default_value_t = 1_000)]
    pub batch: u64,
    /// About how many reservations each audit reads again.
    #[arg(long, default_value_t = 20_000)]
    pub sample: u64,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// One start.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    /// Reservations made between the checkpoint and the kill.
    pub orders: u64,
    /// Records that the start after the kill replayed.
    pub replayed: u64,
    /// From the start until ready, after the kill, in seconds.
    pub killed_ready_seconds: f64,
    /// From the start until ready, after an orderly stop of the same data, in seconds.
    pub stopped_ready_seconds: f64,
    /// The audit after both starts.
    pub audit_passed: bool,
}

/// All starts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Positions.
    pub positions: u32,
    /// In the order asked for.
    pub starts: Vec<Start>,
    /// What else the machine did.
    pub load_average: LoadAverage,
    /// The first things that the audits found.
    pub findings: Vec<String>,
}

#[derive(Deserialize)]
struct Status {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    replayed: u64,
}

/// Measures each length of the log on a server of its own.
///
/// # Errors
/// When a server does not start or a run cannot be carried out.
pub fn carry_out(recovery: &Recovery) -> Result<Table, Failure> {
    let load_average = LoadAverage::begin();
    let (positions, starts, findings) = (recovery.positions, Vec::new(), Vec::new());
    let mut table = Table { positions, starts, load_average, findings };
    for orders in &recovery.orders {
        let start = measure(recovery, *orders, &mut table.findings)?;
        eprintln!("{orders} orders: ready after {:.2} s", start.killed_ready_seconds);
        table.starts.push(start);
    }
    table.load_average = load_average.end();
    Ok(table)
}

fn measure(recovery: &Recovery, orders: u64, findings: &mut Vec<String>) -> Result<Start, Failure> {
    let environment = [
        ("ONHAND_CHECKPOINT_RECORDS", NEVER.to_owned()),
        ("ONHAND_REPLAY_RECORDS_MAX", NEVER.to_owned()),
    ];
    let server = recovery.onhand.start(&environment)?;
    let mut run = Run::set_up(&recovery.settings(&server, orders))?;
    // An orderly stop writes a checkpoint: the receipts are not what is replayed.
    let (mut server, _) = server.restart_orderly(&environment)?;
    run.moved_to(server.address);
    if orders > 0 {
        run.load()?;
    }
    server = server.restart(&environment)?;
    let killed_ready_seconds = server.ready_after.as_secs_f64();
    let replayed = replayed(&server)?;
    let (server, _) = server.restart_orderly(&environment)?;
    run.moved_to(server.address);
    // Without one order there is nothing acknowledged to hold the server against.
    let audit_passed = if orders == 0 {
        true
    } else {
        let audit = run.audit()?.expect("asked for in the settings");
        findings.extend(audit.first_findings.iter().map(|one| format!("{orders}: {one}")));
        audit.passed
    };
    let stopped_ready_seconds = server.ready_after.as_secs_f64();
    Ok(Start { orders, replayed, killed_ready_seconds, stopped_ready_seconds, audit_passed })
}

fn replayed(server: &Server) -> Result<u64, Failure> {
    let call = "GET /v1/admin/status";
    let request = format!("{call} HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let mut client = Client::new(server.address);
    let (status, body) = client.call(request.as_bytes())?;
    if status != 200 {
        return Err(Failure::Refused { call: call.into(), status, body: excerpt(body) });
    }
    let parsed: Status = serde_json::from_slice(body)
        .map_err(|wrong| Failure::Contract { call: call.into(), detail: wrong.to_string() })?;
    Ok(parsed.log.replayed)
}

impl Recovery {
    fn settings(&self, server: &Server, orders: u64) -> Settings {
        Settings {
            address: server.address,
            profile: Profile::Spread,
            rate: None,
            connections: 8,
            threads: 1,
            measured: Duration::from_secs(1),
            warmup: Duration::ZERO,
            warehouse: Warehouse { items: self.positions, locations: 1 },
            batch: Some(self.batch),
            orders: Some(orders),
            keys: Keys::Sent,
            stock: crate::quantity::Quantity::from_micros(1_000_000_000_000_000),
            ttl_seconds: 7_200,
            audit: Some(Sample::AtMost(self.sample)),
            seed: 1,
        }
    }
}

impl Table {
    /// Every audit passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.starts.iter().all(|start| start.audit_passed)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} positions\n", grouped(self.positions.into()))?;
        writeln!(
            out,
            "| reservations since the checkpoint | records replayed | ready after kill -9, s | after SIGTERM, s | audit |"
        )?;
        writeln!(out, "|---:|---:|---:|---:|---|")?;
        for start in &self.starts {
            writeln!(
                out,
                "| {} | {} | {:.2} | {:.2} | {} |",
                grouped(start.orders as f64),
                grouped(start.replayed as f64),
                start.killed_ready_seconds,
                start.stopped_ready_seconds,
                if start.audit_passed { "passed" } else { "FAILED" }
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
    fn a_table_shows_each_start() {
        let start = Start {
            orders: 500_000,
            replayed: 500_001,
            killed_ready_seconds: 1.25,
            stopped_ready_seconds: 0.5,
            audit_passed: true,
        };
        let load_average = LoadAverage::default();
        let table =
            Table { positions: 10, starts: vec![start], load_average, findings: Vec::new() };
        assert!(table.passed());
        let text = table.to_string();
        assert!(text.contains("| 500,000 | 500,001 | 1.25 | 0.50 | passed |"), "{text}");
    }

    #[test]
    fn replayed_records_are_read_from_the_status() {
        let body = r#"{"partitions":64,"log":{"records":7,"replayed":5},"sinks":[]}"#;
        assert_eq!(serde_json::from_str::<Status>(body).unwrap().log.replayed, 5);
    }
}

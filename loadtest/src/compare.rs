//! Onhand against the ceiling, in turns: what disturbs the machine disturbs both.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::audit::Sample;
use crate::failure::Failure;
use crate::order::Profile;
use crate::report::{Report, grouped};
use crate::run::{Settings, carry_out};
use crate::server::Server;

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The program `onhand`.
    pub binary: PathBuf,
    /// Where its data directory is made; on a RAM disk nothing would be durable.
    pub data_parent: Option<PathBuf>,
    /// How often each contestant has its turn.
    pub rounds: u32,
    /// Settings of the runs with one reservation per call. The address is overwritten.
    pub single: Settings,
    /// Reservations per call of the batch runs.
    pub batch: u64,
    /// Connections of the batch runs.
    pub batch_connections: usize,
    /// How many reservations each audit reads again.
    pub sample: u64,
}

/// One contestant: its turns, and what stands out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contestant {
    /// Its name.
    pub name: &'static str,
    /// Operations per second of each round.
    pub operations_per_second: Vec<f64>,
    /// Their median.
    pub median: f64,
    /// Median over the median of the ceiling.
    pub ratio_to_ceiling: f64,
    /// p50, p99 and p99.9 of the median round, in milliseconds.
    pub latency_ms: [f64; 3],
    /// CPU time of the generator per request in that round, in microseconds.
    pub generator_micros_per_request: Option<f64>,
    /// Every audit passed; the ceiling has none.
    pub audits_passed: bool,
}

/// The table.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Ceiling, spread, hot, batch.
    pub contestants: Vec<Contestant>,
    /// One hot position over many.
    pub hot_to_spread: f64,
    /// The first things that the audits found.
    pub findings: Vec<String>,
}

/// Findings that are shown.
const FINDINGS_MAX: usize = 20;
const NAMES: [&str; 4] = ["ceiling", "onhand spread", "onhand hot", "onhand batch"];

/// Starts both servers, lets them take turns, and stops them.
///
/// # Errors
/// When a server does not start or a run cannot be carried out.
pub fn compare(comparison: &Comparison) -> Result<Table, Failure> {
    let ceiling = Server::ceiling()?;
    let onhand = Server::onhand(&comparison.binary, comparison.data_parent.as_deref(), &[])?;
    let audited = |profile| Settings {
        address: onhand.address,
        profile,
        audit: Some(Sample::AtMost(comparison.sample)),
        ..comparison.single.clone()
    };
    let turns = [
        Settings {
            address: ceiling.address,
            profile: Profile::Spread,
            audit: None,
            ..comparison.single.clone()
        },
        audited(Profile::Spread),
        audited(Profile::Hot),
        Settings {
            batch: Some(comparison.batch),
            connections: comparison.batch_connections,
            threads: comparison
                .single
                .threads
                .min(u16::try_from(comparison.batch_connections).unwrap_or(u16::MAX)),
            ..audited(Profile::Spread)
        },
    ];
    let mut reports: [Vec<Report>; 4] = Default::default();
    for round in 1..=comparison.rounds {
        for ((settings, name), reports) in turns.iter().zip(NAMES).zip(&mut reports) {
            let report = carry_out(settings)?;
            let rate = grouped(report.operations_per_second);
            eprintln!("round {round} of {}: {name} {rate}/s", comparison.rounds);
            reports.push(report);
            // What the last turn left to do (dirty pages, expiry) is not the next one's burden.
            std::thread::sleep(Duration::from_millis(300));
        }
    }
    Ok(tabulate(reports))
}

fn tabulate(reports: [Vec<Report>; 4]) -> Table {
    let findings = NAMES
        .iter()
        .zip(&reports)
        .flat_map(|(name, rounds)| rounds.iter().map(move |report| (name, report)))
        .filter_map(|(name, report)| Some((name, report.audit.as_ref()?)))
        .flat_map(|(name, audit)| {
            audit.first_findings.iter().map(move |one| format!("{name}: {one}"))
        })
        .take(FINDINGS_MAX)
        .collect();
    let mut contestants: Vec<Contestant> =
        NAMES.into_iter().zip(reports).map(|(name, rounds)| contestant(name, rounds)).collect();
    let ceiling = contestants[0].median;
    for contestant in &mut contestants {
        contestant.ratio_to_ceiling = contestant.median / ceiling;
    }
    let hot_to_spread = contestants[2].median / contestants[1].median;
    Table { contestants, hot_to_spread, findings }
}

fn contestant(name: &'static str, mut rounds: Vec<Report>) -> Contestant {
    let operations_per_second = rounds.iter().map(|report| report.operations_per_second).collect();
    let audits_passed = rounds.iter().all(Report::passed);
    rounds.sort_by(|one, other| one.operations_per_second.total_cmp(&other.operations_per_second));
    // Of an even number of rounds the slower one in the middle, not a mean that nobody saw.
    let median = &rounds[(rounds.len() - 1) / 2];
    let latency = median.latency_micros;
    Contestant {
        name,
        operations_per_second,
        median: median.operations_per_second,
        ratio_to_ceiling: 0.0,
        latency_ms: [latency.p50, latency.p99, latency.p999].map(|micros| micros / 1e3),
        generator_micros_per_request: median.generator_micros_per_request,
        audits_passed,
    }
}

impl Table {
    /// Every audit passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.contestants.iter().all(|contestant| contestant.audits_passed)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{:<14} {:>13} {:>9} {:>25} {:>26} {:>7}",
            "", "reservations/s", "ceiling", "lowest – highest", "p50 / p99 / p99.9 ms", "audit"
        )?;
        for contestant in &self.contestants {
            let all = contestant.operations_per_second.iter().copied();
            let lowest = grouped(all.clone().fold(f64::INFINITY, f64::min));
            let highest = grouped(all.fold(0.0, f64::max));
            let [p50, p99, p999] = contestant.latency_ms;
            let audit = match (contestant.name == NAMES[0], contestant.audits_passed) {
                (true, _) => "–",
                (false, true) => "passed",
                (false, false) => "FAILED",
            };
            writeln!(
                out,
                "{:<14} {:>14} {:>8.1}% {:>25} {:>26} {:>7}",
                contestant.name,
                grouped(contestant.median),
                contestant.ratio_to_ceiling * 100.0,
                format!("{lowest} – {highest}"),
                format!("{p50:.2} / {p99:.2} / {p999:.2}"),
                audit
            )?;
        }
        writeln!(out, "hot / spread: {:.1}%", self.hot_to_spread * 100.0)?;
        self.findings.iter().try_for_each(|finding| writeln!(out, "! {finding}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditReport;
    use crate::report::Conditions;
    use crate::tally::Tally;

    fn report(operations: u64, passed: bool) -> Report {
        let conditions = Conditions {
            profile: Profile::Spread,
            rate: None,
            connections: 1,
            threads: 1,
            batch: None,
            seconds: 1.0,
            warmup_seconds: 0.0,
        };
        let tally = Tally { operations, ..Tally::default() };
        let first_findings = if passed { vec![] } else { vec!["oversold".into()] };
        let audit = AuditReport { passed, first_findings, ..AuditReport::default() };
        Report::new(conditions, &tally, Some(audit))
    }

    #[test]
    fn ratios_are_those_of_the_medians_and_a_failed_audit_shows() {
        let rounds = |rates: [u64; 3]| rates.map(|rate| report(rate, true)).to_vec();
        let table = tabulate([
            rounds([90, 100, 500]),
            rounds([84, 1, 80]),
            rounds([76, 76, 76]),
            vec![report(400, true), report(400, false), report(400, true)],
        ]);
        let ratios: Vec<f64> =
            table.contestants.iter().map(|contestant| contestant.ratio_to_ceiling).collect();
        assert_eq!(ratios, [1.0, 0.8, 0.76, 4.0]);
        assert_eq!(table.hot_to_spread, 0.95);
        assert!(!table.passed());
        let text = table.to_string();
        assert!(text.contains("FAILED") && text.contains("! onhand batch: oversold"), "{text}");
    }
}

//! What a run came to, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::audit::AuditReport;
use crate::ledger_reader::LedgerRead;
use crate::order::Profile;
use crate::tally::Tally;

/// How a run was made.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conditions {
    /// Shape of the load.
    pub profile: Profile,
    /// Arrivals per second of the open loop; `None`: closed loop.
    pub rate: Option<u64>,
    /// Connections over all threads.
    pub connections: usize,
    /// Threads of the generator.
    pub threads: u16,
    /// Reservations per call.
    pub batch: Option<u64>,
    /// Length of the measured part.
    pub seconds: f64,
    /// Length of the part before it.
    pub warmup_seconds: f64,
}

/// Latencies of requests, in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// Half are faster.
    pub p50: f64,
    /// 90 % are faster.
    pub p90: f64,
    /// 99 % are faster.
    pub p99: f64,
    /// 99.9 % are faster.
    pub p999: f64,
    /// The slowest.
    pub max: f64,
}

/// The figures of a run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How it was made.
    #[serde(flatten)]
    pub conditions: Conditions,
    /// Requests answered per second.
    pub requests_per_second: f64,
    /// Operations answered per second: in a batch each entry is one.
    pub operations_per_second: f64,
    /// Answers to operations by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer because the connection was cut.
    pub cut: u64,
    /// Arrivals that found no free connection until the end.
    pub unsent: u64,
    /// Connections made anew.
    pub reconnects: u64,
    /// Latency in microseconds.
    pub latency_micros: Latency,
    /// CPU time of the generator per request, in microseconds.
    pub generator_micros_per_request: Option<f64>,
    /// What readers of the ledger have read meanwhile, when there were any.
    pub ledger: Option<LedgerRead>,
    /// What the audit saw, when there was one.
    pub audit: Option<AuditReport>,
}

impl Report {
    /// The figures of what was measured.
    #[must_use]
    pub fn new(conditions: Conditions, tally: &Tally, audit: Option<AuditReport>) -> Self {
        let micros = |nanos: u64| nanos as f64 / 1e3;
        let at = |quantile| micros(tally.latency.value_at_quantile(quantile));
        let per_request = |cpu: Duration| cpu.as_secs_f64() * 1e6 / tally.requests.max(1) as f64;
        Self {
            conditions,
            requests_per_second: tally.requests as f64 / conditions.seconds,
            operations_per_second: tally.operations as f64 / conditions.seconds,
            statuses: tally.statuses.sorted().into_iter().collect(),
            cut: tally.cut,
            unsent: tally.unsent,
            reconnects: tally.reconnects,
            latency_micros: Latency {
                p50: at(0.5),
                p90: at(0.9),
                p99: at(0.99),
                p999: at(0.999),
                max: micros(tally.latency.max()),
            },
            generator_micros_per_request: tally.cpu.map(per_request),
            ledger: None,
            audit,
        }
    }

    /// Nothing spoke against it.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.audit.as_ref().is_none_or(|audit| audit.passed)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conditions { profile, rate, connections, threads, batch, seconds, warmup_seconds } =
            self.conditions;
        let name = format!("{profile:?}").to_lowercase();
        let pace = rate.map_or("closed loop".into(), |rate| format!("open loop at {rate}/s"));
        writeln!(
            out,
            "{name}, {pace}, {connections} connections, {threads} thread(s), {seconds} s after {warmup_seconds} s"
        )?;
        row(out, "requests", &format!("{}/s", grouped(self.requests_per_second)))?;
        if let Some(batch) = batch {
            let operations = grouped(self.operations_per_second);
            row(out, "reservations", &format!("{operations}/s in batches of {batch}"))?;
        }
        let statuses: Vec<String> = self
            .statuses
            .iter()
            .map(|(status, count)| format!("{status}: {}", grouped(*count as f64)))
            .collect();
        row(out, "status", &statuses.join("   "))?;
        for (name, count) in
            [("cut", self.cut), ("unsent", self.unsent), ("reconnects", self.reconnects)]
        {
            if count > 0 {
                row(out, name, &grouped(count as f64))?;
            }
        }
        let Latency { p50, p90, p99, p999, max } = self.latency_micros;
        let latencies = [("p50", p50), ("p90", p90), ("p99", p99), ("p99.9", p999), ("max", max)]
            .map(|(name, micros)| format!("{name} {}", milliseconds(micros)));
        row(out, "latency", &latencies.join("   "))?;
        if let Some(micros) = self.generator_micros_per_request {
            row(out, "generator", &format!("{micros:.2} µs of CPU per request"))?;
        }
        if let Some(ledger) = self.ledger {
            let LedgerRead { readers, pages, entries, refused, seconds } = ledger;
            let rate = grouped(entries as f64 / seconds.max(f64::MIN_POSITIVE));
            let pages = grouped(pages as f64);
            let read =
                format!("{readers} reader(s), {rate} entries/s, {pages} pages, {refused} refused");
            row(out, "ledger", &read)?;
        }
        if let Some(audit) = &self.audit {
            write_audit(out, audit)?;
        }
        Ok(())
    }
}

fn write_audit(out: &mut fmt::Formatter<'_>, audit: &AuditReport) -> fmt::Result {
    let verdict = if audit.passed { "passed" } else { "FAILED" };
    row(out, "audit", verdict)?;
    let count = |count: u64| grouped(count as f64);
    row(
        out,
        "",
        &format!(
            "{} acknowledged, {} sold out, {} refused, {} unknown ({} of them done)",
            count(audit.acknowledged),
            count(audit.sold_out),
            count(audit.refused),
            count(audit.unknown),
            count(audit.unknown_done),
        ),
    )?;
    row(
        out,
        "",
        &format!(
            "{} reservations read, {} positions compared, {} findings",
            count(audit.reservations_read),
            count(audit.positions_compared),
            count(audit.findings),
        ),
    )?;
    audit.first_findings.iter().try_for_each(|finding| row(out, "", &format!("! {finding}")))
}

fn row(out: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    writeln!(out, "  {name:<13}{value}")
}

fn milliseconds(micros: f64) -> String {
    format!("{:.2} ms", micros / 1e3)
}

/// A whole number with commas.
#[must_use]
pub fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(audit: Option<AuditReport>) -> Report {
        let conditions = Conditions {
            profile: Profile::Spread,
            rate: None,
            connections: 8,
            threads: 2,
            batch: Some(100),
            seconds: 2.0,
            warmup_seconds: 0.5,
        };
        let mut tally = Tally { requests: 3_000, operations: 300_000, ..Tally::default() };
        tally.cpu = Some(Duration::from_millis(30));
        tally.statuses.add(201, 300_000);
        (1..=1_000).for_each(|millis| tally.record(Duration::from_millis(millis)));
        Report::new(conditions, &tally, audit)
    }

    #[test]
    fn rates_and_quantiles_are_those_of_the_window() {
        let report = report(None);
        assert_eq!((report.requests_per_second, report.operations_per_second), (1_500., 150_000.));
        assert_eq!(report.generator_micros_per_request, Some(10.0));
        let near = |actual: f64, millis: f64| (actual / 1e3 / millis - 1.0).abs() < 0.002;
        assert!(near(report.latency_micros.p50, 500.0));
        assert!(near(report.latency_micros.p999, 999.0));
        assert!(near(report.latency_micros.max, 1_000.0));
    }

    #[test]
    fn a_program_reads_one_line_and_a_person_a_table() {
        let failed = AuditReport { first_findings: vec!["x".into()], ..AuditReport::default() };
        let report = report(Some(failed));
        assert!(!report.passed());
        let line = serde_json::to_value(&report).unwrap();
        assert_eq!(line["profile"], "spread");
        assert_eq!(line["statuses"]["201"], 300_000);
        assert_eq!(line["audit"]["passed"], false);
        let table = report.to_string();
        for part in ["150,000/s in batches of 100", "201: 300,000", "p99.9", "FAILED", "! x"] {
            assert!(table.contains(part), "{part} in {table}");
        }
    }
}

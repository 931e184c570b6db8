//! Latency against load: open loops from a tenth of the capacity to all of it, durable, beside a
//! stateless server at the same rates.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::audit::Sample;
use crate::failure::Failure;
use crate::machine::LoadAverage;
use crate::plot::{Plot, Series};
use crate::report::{Latency, Report, grouped};
use crate::run::{Settings, carry_out};
use crate::server::{Installation, Server};

/// Pause between steps.
const STEP_PAUSE: Duration = Duration::from_millis(300);

/// What is measured.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Which `onhand`.
    pub onhand: Installation,
    /// Settings of every run; address, rate and audit are overwritten.
    pub run: Settings,
    /// Capacity in requests per second; `None`: a closed loop finds it first.
    pub capacity: Option<u64>,
    /// How many reservations each audit reads again.
    pub sample: u64,
    /// Where the chart goes.
    pub svg: Option<PathBuf>,
    /// Where the table goes, too.
    pub table: Option<PathBuf>,
}

/// One step.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Share of the capacity, in percent.
    pub percent: u64,
    /// Arrivals per second.
    pub rate: u64,
    /// Latencies of Onhand, in microseconds.
    pub onhand: Latency,
    /// Latencies of the stateless server at the same rate.
    pub ceiling: Latency,
    /// Arrivals that found no free connection until the end.
    pub unsent: u64,
    /// The audit.
    pub audit_passed: bool,
}

/// The curve.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Requests per second that are 100 %.
    pub capacity: u64,
    /// From little to all.
    pub steps: Vec<Step>,
    /// What else the machine did.
    pub load_average: LoadAverage,
    /// The first things that the audits found.
    pub findings: Vec<String>,
}

/// Measures, and writes chart and table where they were asked for.
///
/// # Errors
/// When a server does not start, a run cannot be carried out, or a file cannot be written.
pub fn measure(curve: &Curve) -> Result<Table, Failure> {
    let load_average = LoadAverage::begin();
    let (ceiling, onhand) = (Server::ceiling()?, curve.onhand.start(&[])?);
    let audit = Some(Sample::AtMost(curve.sample));
    let durable = Settings { address: onhand.address, audit, ..curve.run.clone() };
    let capacity = match curve.capacity {
        Some(capacity) => capacity,
        None => capacity_of(&carry_out(&durable)?),
    };
    eprintln!("capacity {}/s", grouped(capacity as f64));
    let mut table = Table { capacity, steps: Vec::new(), load_average, findings: Vec::new() };
    for percent in (10..=100).step_by(10) {
        let rate = (capacity * percent / 100).max(1);
        let open = Settings { rate: Some(rate), ..durable.clone() };
        let report = carry_out(&open)?;
        std::thread::sleep(STEP_PAUSE);
        let stateless =
            carry_out(&Settings { address: ceiling.address, audit: None, ..open.clone() })?;
        eprintln!("{percent} %: p99 {:.2} ms", report.latency_micros.p99 / 1e3);
        let audit = report.audit.as_ref();
        let first = audit.map_or(&[][..], |audit| &audit.first_findings);
        table.findings.extend(first.iter().map(|one| format!("{percent} %: {one}")));
        table.steps.push(Step {
            percent,
            rate,
            onhand: report.latency_micros,
            ceiling: stateless.latency_micros,
            unsent: report.unsent,
            audit_passed: report.passed(),
        });
        std::thread::sleep(STEP_PAUSE);
    }
    table.load_average = load_average.end();
    if let Some(path) = &curve.svg {
        std::fs::write(path, table.plot().svg())?;
    }
    if let Some(path) = &curve.table {
        std::fs::write(path, table.to_string())?;
    }
    Ok(table)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is small")]
fn capacity_of(report: &Report) -> u64 {
    (report.requests_per_second as u64).max(1)
}

impl Table {
    /// Every audit passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.steps.iter().all(|step| step.audit_passed)
    }

    fn plot(&self) -> Plot {
        let series = |name: &str, dashed, latency: fn(&Step) -> f64| {
            let point = |step: &Step| (step.rate as f64, latency(step) / 1e3);
            Series { name: name.into(), points: self.steps.iter().map(point).collect(), dashed }
        };
        Plot {
            title: "Durable reservations over HTTP: latency against load".into(),
            x_label: "reservations per second, open loop".into(),
            y_label: "ms".into(),
            series: vec![
                series("p50", false, |step| step.onhand.p50),
                series("p99", false, |step| step.onhand.p99),
                series("p99.9", false, |step| step.onhand.p999),
                series("stateless p50", true, |step| step.ceiling.p50),
                series("stateless p99", true, |step| step.ceiling.p99),
            ],
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "100 % are {} reservations/s (closed loop in the same run). Milliseconds from the instant a \
             request was meant to leave.\n",
            grouped(self.capacity as f64)
        )?;
        writeln!(
            out,
            "| load | /s | p50 | p90 | p99 | p99.9 | max | unsent | stateless p50 | p99 | p99.9 | audit |"
        )?;
        writeln!(out, "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|")?;
        for step in &self.steps {
            let ms = |micros: f64| format!("{:.2}", micros / 1e3);
            let Latency { p50, p90, p99, p999, max } = step.onhand;
            let onhand = [p50, p90, p99, p999, max].map(ms).join(" | ");
            let ceiling =
                [step.ceiling.p50, step.ceiling.p99, step.ceiling.p999].map(ms).join(" | ");
            let verdict = if step.audit_passed { "passed" } else { "FAILED" };
            writeln!(
                out,
                "| {} % | {} | {onhand} | {} | {ceiling} | {verdict} |",
                step.percent,
                grouped(step.rate as f64),
                step.unsent,
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
    fn table_and_chart_show_every_step() {
        let latency =
            Latency { p50: 500.0, p90: 900.0, p99: 5_000.0, p999: 15_000.0, max: 20_000.0 };
        let step = |percent| Step {
            percent,
            rate: percent * 400,
            onhand: latency,
            ceiling: Latency { p50: 100.0, ..latency },
            unsent: 0,
            audit_passed: percent < 100,
        };
        let table = Table {
            capacity: 40_000,
            steps: vec![step(10), step(100)],
            load_average: LoadAverage::default(),
            findings: Vec::new(),
        };
        assert!(!table.passed());
        let text = table.to_string();
        let row = "| 10 % | 4,000 | 0.50 | 0.90 | 5.00 | 15.00 | 20.00 | 0 | 0.10 | 5.00 | 15.00 | passed |";
        assert!(text.contains(row) && text.contains("FAILED"), "{text}");
        let svg = table.plot().svg();
        assert_eq!(svg.matches("<polyline").count(), 5);
    }
}

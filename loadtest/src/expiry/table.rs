//! What the deadlines came to.

use std::fmt;

use serde::Serialize;

use crate::machine::LoadAverage;
use crate::report::grouped;
use crate::tally::Tally;

/// How long after their deadlines holds ended, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lateness {
    /// Holds.
    pub holds: usize,
    /// When the server decided it, by the event's own time: median, p99, latest.
    pub decided: [f64; 3],
    /// When the event was read from the stream: median, p99, latest.
    pub heard: [f64; 3],
}

impl Lateness {
    /// From microseconds after the deadline: decided, heard.
    #[must_use]
    pub fn of(pairs: impl Iterator<Item = (i64, i64)>) -> Self {
        let (mut decided, mut heard): (Vec<i64>, Vec<i64>) = pairs.unzip();
        Self {
            holds: decided.len(),
            decided: quantiles(&mut decided),
            heard: quantiles(&mut heard),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn quantiles(micros: &mut [i64]) -> [f64; 3] {
    micros.sort_unstable();
    let at = |share: usize| {
        // The smallest that so many of a hundred do not exceed.
        let place = (micros.len() * share).div_ceil(100).max(1) - 1;
        micros.get(place).map_or(0.0, |micros| *micros as f64 / 1e3)
    };
    [at(50), at(99), at(100)]
}

/// Latencies of reservations, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Selling {
    /// Half are faster.
    pub p50: f64,
    /// 99 % are faster.
    pub p99: f64,
    /// 99.9 % are faster.
    pub p999: f64,
    /// The slowest.
    pub max: f64,
}

impl Selling {
    /// Those of a run.
    #[must_use]
    pub fn of(tally: &Tally) -> Self {
        let at = |quantile| tally.latency.value_at_quantile(quantile) as f64 / 1e6;
        Self { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: tally.latency.max() as f64 / 1e6 }
    }
}

/// The figures.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Live holds with spread deadlines.
    pub holds: u32,
    /// Seconds over which they are spread.
    pub over_seconds: u32,
    /// How fast they were made.
    pub made_per_second: f64,
    /// Those that were due while they were watched.
    pub spread: Lateness,
    /// Those that were due at one instant.
    pub burst: Lateness,
    /// Reservations per second beside it.
    pub rate: u64,
    /// Their latencies before the burst.
    pub before: Selling,
    /// And from its instant on.
    pub during: Selling,
    /// What else the machine did.
    pub load_average: LoadAverage,
    /// What does not agree.
    pub findings: Vec<String>,
}

impl Table {
    /// Everything agreed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{} live holds over {} s (made at {}/s); milliseconds after the deadline\n",
            grouped(self.holds.into()),
            self.over_seconds,
            grouped(self.made_per_second)
        )?;
        writeln!(out, "| | holds | decided p50 | p99 | last | event read p50 | p99 | last |")?;
        writeln!(out, "|---|---:|---:|---:|---:|---:|---:|---:|")?;
        for (name, Lateness { holds, decided, heard }) in
            [("spread", self.spread), ("at one instant", self.burst)]
        {
            let figures = decided.iter().chain(&heard).map(|value| format!("{value:.1}"));
            let figures = figures.collect::<Vec<_>>().join(" | ");
            writeln!(out, "| {name} | {} | {figures} |", grouped(holds as f64))?;
        }
        writeln!(out, "\n| selling {}/s | p50 | p99 | p99.9 | max |", grouped(self.rate as f64))?;
        writeln!(out, "|---|---:|---:|---:|---:|")?;
        for (name, selling) in [("before", self.before), ("from the instant on", self.during)] {
            let Selling { p50, p99, p999, max } = selling;
            writeln!(out, "| {name} | {p50:.2} | {p99:.2} | {p999:.2} | {max:.2} |")?;
        }
        let verdict = if self.passed() { "passed" } else { "FAILED" };
        writeln!(out, "\naudit {verdict}; {}", self.load_average)?;
        self.findings.iter().try_for_each(|finding| writeln!(out, "! {finding}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_told_by_quantiles() {
        let late = Lateness::of((1..=200).map(|micros| (micros * 1_000, micros * 2_000)));
        assert_eq!((late.holds, late.decided), (200, [100.0, 198.0, 200.0]));
        assert_eq!(late.heard, [200.0, 396.0, 400.0]);
        assert_eq!(Lateness::of(std::iter::empty()).heard, [0.0; 3]);
    }
}

//! What a comparison came to: medians, ratios, for people, for programs and for the history.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::history::rounded;
use crate::machine::LoadAverage;
use crate::order::Profile;
use crate::peers::Outcome;
use crate::report::{Conditions, Report, grouped};

/// The contestants.
pub const CEILING: &str = "ceiling";
/// One reservation per call over many positions.
pub const SPREAD: &str = "onhand spread";
/// The same on one position.
pub const HOT: &str = "onhand hot";
/// Batch calls.
pub const BATCH: &str = "onhand batch";
/// One transaction per reservation over many positions.
pub const POSTGRES_SPREAD: &str = "postgres spread";
/// The same on one position.
pub const POSTGRES_HOT: &str = "postgres hot";
/// One script per reservation and round trip over many positions.
pub const REDIS_SPREAD: &str = "redis spread";
/// The same on one position.
pub const REDIS_HOT: &str = "redis hot";
/// Several scripts per round trip.
pub const REDIS_PIPELINED: &str = "redis pipelined";

/// What is set against what, the name of the ratio, and what it is to be at least (DESIGN §12).
const RATIOS: [(&str, &str, &str, Option<f64>); 8] = [
    ("spreadToCeiling", SPREAD, CEILING, Some(0.85)),
    ("hotToSpread", HOT, SPREAD, Some(0.95)),
    ("batchToCeiling", BATCH, CEILING, None),
    ("spreadToPostgres", SPREAD, POSTGRES_SPREAD, Some(6.0)),
    ("hotToPostgres", HOT, POSTGRES_HOT, Some(60.0)),
    ("spreadToRedis", SPREAD, REDIS_SPREAD, Some(2.5)),
    ("hotToRedis", HOT, REDIS_HOT, None),
    ("batchToRedisPipelined", BATCH, REDIS_PIPELINED, None),
];

/// Findings that are shown.
const FINDINGS_MAX: usize = 20;

/// The figures of one turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Reservations per second.
    pub operations_per_second: f64,
    /// p50, p99 and p99.9 of its requests, in milliseconds.
    pub latency_ms: [f64; 3],
    /// CPU time of the generator per request, in microseconds.
    pub generator_micros_per_request: Option<f64>,
    /// What the audit found; `None`: there was none.
    pub findings: Option<Vec<String>>,
}

impl Measured {
    /// Those of a run over HTTP.
    #[must_use]
    pub fn of_report(report: &Report) -> Self {
        let latency = report.latency_micros;
        let findings = report.audit.as_ref().map(|audit| {
            let unnamed = (!audit.passed && audit.first_findings.is_empty())
                .then(|| "the audit failed".to_owned());
            audit.first_findings.iter().cloned().chain(unnamed).collect()
        });
        Self {
            operations_per_second: report.operations_per_second,
            latency_ms: [latency.p50, latency.p99, latency.p999].map(|micros| micros / 1e3),
            generator_micros_per_request: report.generator_micros_per_request,
            findings,
        }
    }

    /// Those of a peer.
    #[must_use]
    pub fn of_peer(outcome: Outcome, measured: Duration) -> Self {
        // Of the conditions only the length counts here.
        let conditions = Conditions {
            profile: Profile::Spread,
            rate: None,
            connections: 0,
            threads: 1,
            batch: None,
            seconds: measured.as_secs_f64(),
            warmup_seconds: 0.0,
        };
        let report = Report::new(conditions, &outcome.tally, None);
        Self { findings: Some(outcome.findings), ..Self::of_report(&report) }
    }
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

/// One ratio of medians, and what it is to be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ratio {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub ratio: f64,
    /// What it is to be at least.
    pub target: Option<f64>,
}

/// The table.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Those who took part; the ceiling first.
    pub contestants: Vec<Contestant>,
    /// What was set against what.
    pub ratios: Vec<Ratio>,
    /// What else the machine did.
    pub load_average: LoadAverage,
    /// The first things that the audits found.
    pub findings: Vec<String>,
}

impl Table {
    /// From the turns of each contestant, at least one; the ceiling first.
    #[must_use]
    pub fn new(turns: Vec<(&'static str, Vec<Measured>)>, load_average: LoadAverage) -> Self {
        let found = |(name, rounds): &(&'static str, Vec<Measured>)| {
            let all = rounds.iter().filter_map(|round| round.findings.as_ref()).flatten();
            all.map(|one| format!("{name}: {one}")).collect::<Vec<_>>()
        };
        let findings = turns.iter().flat_map(found).take(FINDINGS_MAX).collect();
        let mut contestants: Vec<Contestant> =
            turns.into_iter().map(|(name, rounds)| contestant(name, rounds)).collect();
        let ceiling = contestants[0].median;
        for contestant in &mut contestants {
            contestant.ratio_to_ceiling = contestant.median / ceiling;
        }
        let median =
            |wanted: &str| contestants.iter().find(|one| one.name == wanted).map(|one| one.median);
        let ratio = |(name, upper, lower, target): (&'static str, &str, &str, Option<f64>)| {
            Some(Ratio { name, ratio: median(upper)? / median(lower)?, target })
        };
        let ratios = RATIOS.into_iter().filter_map(ratio).collect();
        Self { contestants, ratios, load_average, findings }
    }

    /// Every audit passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.contestants.iter().all(|contestant| contestant.audits_passed)
    }

    /// What goes into the history: medians by name, ratios, the load average.
    #[must_use]
    pub fn figures(&self) -> Map<String, Value> {
        let camel = |name: &str| {
            let mut words = name.split(' ');
            let mut out = words.next().unwrap_or_default().to_owned();
            for word in words {
                out.push_str(&word[..1].to_uppercase());
                out.push_str(&word[1..]);
            }
            out
        };
        // Ours have no prefix: that is how the first lines of the history call them.
        let name = |contestant: &Contestant| {
            camel(contestant.name.strip_prefix("onhand ").unwrap_or(contestant.name))
        };
        let medians = self.contestants.iter().map(|one| (name(one), rounded(one.median)));
        let ratios = self.ratios.iter().map(|one| (one.name.to_owned(), rounded(one.ratio)));
        let load = self.load_average.before.map(|load| ("loadAverage".to_owned(), load.into()));
        medians.chain(ratios).chain(load).collect()
    }
}

fn contestant(name: &'static str, mut rounds: Vec<Measured>) -> Contestant {
    let operations_per_second = rounds.iter().map(|round| round.operations_per_second).collect();
    let clean = |round: &Measured| round.findings.as_ref().is_none_or(Vec::is_empty);
    let audits_passed = rounds.iter().all(clean);
    rounds.sort_by(|one, other| one.operations_per_second.total_cmp(&other.operations_per_second));
    // Of an even number of rounds the slower one in the middle, not a mean that nobody saw.
    let median = &rounds[(rounds.len() - 1) / 2];
    Contestant {
        name,
        operations_per_second,
        median: median.operations_per_second,
        ratio_to_ceiling: 0.0,
        latency_ms: median.latency_ms,
        generator_micros_per_request: median.generator_micros_per_request,
        audits_passed,
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{:<15} {:>14} {:>9} {:>25} {:>26} {:>7}",
            "", "reservations/s", "ceiling", "lowest – highest", "p50 / p99 / p99.9 ms", "audit"
        )?;
        for contestant in &self.contestants {
            let all = contestant.operations_per_second.iter().copied();
            let lowest = grouped(all.clone().fold(f64::INFINITY, f64::min));
            let highest = grouped(all.fold(0.0, f64::max));
            let [p50, p99, p999] = contestant.latency_ms;
            let audit = match (contestant.name == CEILING, contestant.audits_passed) {
                (true, _) => "–",
                (false, true) => "passed",
                (false, false) => "FAILED",
            };
            writeln!(
                out,
                "{:<15} {:>14} {:>8.1}% {:>25} {:>26} {:>7}",
                contestant.name,
                grouped(contestant.median),
                contestant.ratio_to_ceiling * 100.0,
                format!("{lowest} – {highest}"),
                format!("{p50:.2} / {p99:.2} / {p999:.2}"),
                audit
            )?;
        }
        for Ratio { name, ratio, target } in &self.ratios {
            let verdict = match target {
                Some(target) if ratio < target => format!("misses its target of {target}"),
                Some(target) => format!("target {target}"),
                None => String::new(),
            };
            writeln!(out, "{}", format!("{name:<22} {ratio:>8.3}  {verdict}").trim_end())?;
        }
        writeln!(out, "{}", self.load_average)?;
        self.findings.iter().try_for_each(|finding| writeln!(out, "! {finding}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(operations_per_second: f64, finding: Option<&str>) -> Measured {
        let findings = Some(finding.into_iter().map(str::to_owned).collect());
        let generator_micros_per_request = None;
        let latency_ms = [0.0; 3];
        Measured { operations_per_second, latency_ms, generator_micros_per_request, findings }
    }

    fn table() -> Table {
        let turns = |rates: [f64; 3]| rates.map(|rate| turn(rate, None)).to_vec();
        let mut batch = turns([400.0; 3]);
        batch[1] = turn(400.0, Some("oversold"));
        let all = vec![
            (CEILING, turns([90.0, 100.0, 500.0])),
            (SPREAD, turns([84.0, 1.0, 80.0])),
            (HOT, turns([76.0; 3])),
            (BATCH, batch),
            (POSTGRES_SPREAD, turns([10.0; 3])),
            (POSTGRES_HOT, turns([1.0; 3])),
        ];
        Table::new(all, LoadAverage { before: Some(1.5), after: None })
    }

    #[test]
    fn ratios_are_those_of_the_medians_and_a_failed_audit_shows() {
        let table = table();
        let ratios: Vec<f64> =
            table.contestants.iter().map(|contestant| contestant.ratio_to_ceiling).collect();
        assert_eq!(ratios, [1.0, 0.8, 0.76, 4.0, 0.1, 0.01]);
        let named: Vec<_> = table.ratios.iter().map(|one| (one.name, one.ratio)).collect();
        let expected = [
            ("spreadToCeiling", 0.8),
            ("hotToSpread", 0.95),
            ("batchToCeiling", 4.0),
            ("spreadToPostgres", 8.0),
            ("hotToPostgres", 76.0),
        ];
        assert_eq!(named, expected, "no ratio to who was not there");
        assert!(!table.passed());
        let text = table.to_string();
        for part in ["FAILED", "! onhand batch: oversold", "misses its target of 0.85"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn the_history_has_a_figure_for_each() {
        let figures = Value::from(table().figures());
        for (name, value) in [("spread", 80.0), ("postgresHot", 1.0), ("loadAverage", 1.5)] {
            assert_eq!(figures[name].as_f64(), Some(value), "{figures}");
        }
        assert_eq!(figures["spreadToPostgres"].as_f64(), Some(8.0));
    }
}

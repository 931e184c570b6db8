//! What a run over Kafka came to, for people and for programs.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::paced::Paced;
use super::streams::Pace;
use super::{Publishing, Settings, Took};
use crate::history::rounded;
use crate::machine::LoadAverage;
use crate::pick::Pick;
use crate::report::grouped;

/// What the audit saw.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audited {
    /// Positions read over HTTP and compared.
    pub positions: u64,
    /// Messages in the outgoing topic, all of them read; `None` without publishing.
    pub published: Option<u64>,
    /// Sales that became dead letters (at most a page of them is counted).
    pub dead_letters: u64,
    /// What does not agree.
    pub findings: u64,
    /// The first of it.
    pub first_findings: Vec<String>,
}

/// What was seen beside Onhand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Others {
    /// Kafka Streams, when it had a turn.
    pub streams: Option<Pace>,
    /// What else the machine did.
    pub load_average: LoadAverage,
}

/// The figures. Rates are sales per second.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Sales in the topic.
    pub sales: u64,
    /// Positions they are of.
    pub positions: u32,
    /// How they are spread.
    pub pick: Pick,
    /// Whether changes left meanwhile.
    pub publishing: Publishing,
    /// The bare loop, before and after Onhand.
    pub bare_per_second: [f64; 2],
    /// Sales that were left when the measurement began.
    pub measured_sales: u64,
    /// Until all were durable and applied.
    pub applied_per_second: f64,
    /// Until every change was published too.
    pub published_per_second: Option<f64>,
    /// How long changes took to their topic at half of that rate.
    pub paced: Option<Paced>,
    /// The slower of both over the mean of the bare loop.
    pub ratio_to_bare: f64,
    /// Kafka Streams, exactly once, from running until all was committed.
    pub streams_per_second: Option<f64>,
    /// The same for the second half of the sales, when its code is compiled.
    pub streams_second_half_per_second: Option<f64>,
    /// The slower of both over Kafka Streams; above 1, Onhand is faster.
    pub ratio_to_streams: Option<f64>,
    /// What else the machine did.
    pub load_average: LoadAverage,
    /// The audit.
    pub audit: Audited,
}

impl Table {
    pub(super) fn new(
        settings: &Settings,
        bare: [f64; 2],
        took: Took,
        others: Others,
        audit: Audited,
    ) -> Self {
        let rate = |seconds: f64| took.sales as f64 / seconds;
        let applied_per_second = rate(took.applied.as_secs_f64());
        let published_per_second = took.published.map(|took| rate(took.as_secs_f64()));
        let end_to_end = published_per_second.unwrap_or(applied_per_second);
        Self {
            sales: settings.sales,
            positions: settings.positions,
            pick: settings.pick,
            publishing: settings.publishing,
            bare_per_second: bare,
            measured_sales: took.sales,
            applied_per_second,
            published_per_second,
            paced: took.paced,
            ratio_to_bare: end_to_end / f64::midpoint(bare[0], bare[1]),
            streams_per_second: others.streams.map(|pace| pace.whole),
            streams_second_half_per_second: others.streams.map(|pace| pace.second_half),
            ratio_to_streams: others.streams.map(|pace| end_to_end / pace.whole),
            load_average: others.load_average,
            audit,
        }
    }

    /// What goes into the history.
    #[must_use]
    pub fn figures(&self) -> Map<String, Value> {
        let bare = f64::midpoint(self.bare_per_second[0], self.bare_per_second[1]);
        let mut figures = Map::new();
        let mut put = |name: &str, value: Option<f64>| {
            if let Some(value) = value {
                figures.insert(name.to_owned(), rounded(value));
            }
        };
        put("kafkaBare", Some(bare));
        put("kafkaApplied", Some(self.applied_per_second));
        put("kafkaPublished", self.published_per_second);
        put("kafkaToBare", Some(self.ratio_to_bare));
        put("kafkaPacedP99Ms", self.paced.map(|paced| paced.p99_ms));
        put("kafkaStreams", self.streams_per_second);
        put("kafkaToStreams", self.ratio_to_streams);
        put("loadAverage", self.load_average.before);
        figures
    }

    /// Everything agreed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.audit.findings == 0 && self.audit.dead_letters == 0
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sales, positions, pick, publishing, .. } = self;
        let count = |count: u64| grouped(count as f64);
        writeln!(
            out,
            "{} sales over {} positions ({pick:?}), publishing {publishing:?}; measured: {}",
            count(*sales),
            count((*positions).into()),
            count(self.measured_sales)
        )?;
        let [before, after] = self.bare_per_second;
        let bare = f64::midpoint(before, after);
        let mut row = |name: &str, rate: f64| {
            writeln!(out, "  {name:<24}{:>10}/s {:>6.1}%", grouped(rate), rate / bare * 100.0)
        };
        row("bare loop, before", before)?;
        row("bare loop, after", after)?;
        row("onhand, applied", self.applied_per_second)?;
        if let Some(rate) = self.published_per_second {
            row("onhand, all published", rate)?;
        }
        let halves = [
            ("kafka streams", self.streams_per_second),
            ("kafka streams, 2nd half", self.streams_second_half_per_second),
        ];
        for (name, rate) in halves {
            rate.map_or(Ok(()), |rate| row(name, rate))?;
        }
        if let Some(ratio) = self.ratio_to_streams {
            writeln!(out, "  onhand / kafka streams: {ratio:.2}")?;
        }
        if let Some(Paced { per_second, p50_ms, p99_ms, within_50_ms, .. }) = self.paced {
            writeln!(
                out,
                "  log to topic at {}/s: p50 <= {p50_ms} ms, p99 <= {p99_ms} ms, {:.2}% within 50 ms",
                grouped(per_second),
                within_50_ms * 100.0
            )?;
        }
        writeln!(out, "  {}", self.load_average)?;
        let audit = &self.audit;
        let verdict = if self.passed() { "passed" } else { "FAILED" };
        write!(out, "  audit {verdict}: {} positions compared", count(audit.positions))?;
        if let Some(published) = audit.published {
            write!(out, ", {} published messages read", count(published))?;
        }
        writeln!(out, ", {} dead letters, {} findings", audit.dead_letters, count(audit.findings))?;
        audit.first_findings.iter().try_for_each(|finding| writeln!(out, "  ! {finding}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn table(published: Option<u64>, dead_letters: u64) -> Table {
        let settings = Settings {
            onhand: crate::server::Installation::default(),
            bootstrap: None,
            streams: crate::kafka::Turn::Off,
            sales: 1_000,
            positions: 10,
            pick: Pick::Even,
            publishing: if published.is_some() { Publishing::On } else { Publishing::Off },
            partitions: 6,
            stock: crate::quantity::Quantity::ZERO,
            seed: 1,
            paced: Duration::ZERO,
        };
        let took = Took {
            sales: 900,
            applied: Duration::from_secs(9),
            published: published.map(Duration::from_secs),
            paced: None,
        };
        let audited =
            Audited { positions: 10, published, dead_letters, findings: 0, first_findings: vec![] };
        let streams = Some(Pace { whole: 40.0, second_half: 45.0 });
        let others = Others { streams, ..Others::default() };
        Table::new(&settings, [150.0, 250.0], took, others, audited)
    }

    #[test]
    fn what_was_done_before_the_first_look_counts_for_nothing() {
        let off = table(None, 0);
        assert_eq!((off.applied_per_second, off.ratio_to_bare), (100.0, 0.5));
        let on = table(Some(18), 0);
        assert_eq!((on.applied_per_second, on.published_per_second), (100.0, Some(50.0)));
        assert_eq!(on.ratio_to_bare, 0.25);
        assert_eq!((off.ratio_to_streams, on.ratio_to_streams), (Some(2.5), Some(1.25)));
        let text = on.to_string();
        assert!(text.contains("all published") && text.contains("kafka streams: 1.25"), "{on}");
        assert_eq!(on.figures()["kafkaToStreams"], 1.25);
    }

    #[test]
    fn a_dead_letter_fails_the_run() {
        assert!(table(None, 0).passed());
        let failed = table(None, 1);
        assert!(!failed.passed() && failed.to_string().contains("FAILED"));
    }
}

//! How long a change takes from the log to its topic while sales come in at a steady rate.
//!
//! The engine says it itself: its histogram begins when a change is decided and ends when the broker has
//! taken its event.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::Settings;
use super::progress::Progress;
use super::sale;
use super::sold::Sold;
use super::topic::Topic;
use crate::failure::Failure;
use crate::pick::Picker;
use crate::random::Random;
use crate::warehouse::Warehouse;

/// The histogram.
const HISTOGRAM: &str = "inventory_event_publish_seconds";
/// Sales between two looks at the clock.
const STRIDE: u64 = 50;

/// Changes that took at most so many seconds; the last bound is infinite.
type Buckets = Vec<(f64, u64)>;

/// What a steady rate came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Paced {
    /// Sales per second.
    pub per_second: f64,
    /// Changes that were published meanwhile.
    pub changes: u64,
    /// Half of them took at most so many ms.
    pub p50_ms: f64,
    /// 99 % took at most so many ms: the upper bound of a bucket of the histogram.
    pub p99_ms: f64,
    /// How many of them took at most 50 ms.
    pub within_50_ms: f64,
}

/// Sells at this rate by way of `topic`, which Onhand reads, and enters that into `sold`.
///
/// # Errors
/// When a sale is not taken, or Onhand does not keep up at all.
pub fn sell(
    settings: &Settings,
    (topic, rate, span): (&Topic, f64, Duration),
    (tenant, warehouse): (&str, Warehouse),
    progress: &mut Progress,
    sold: &mut Sold,
) -> Result<Paced, Failure> {
    let gap = Duration::from_secs_f64(1.0 / rate);
    let sales = u64::try_from(span.as_nanos() / gap.as_nanos().max(1)).unwrap_or(u64::MAX);
    let picker = Picker::new(settings.pick, settings.positions, settings.seed);
    let before = buckets(&progress.metrics()?);
    let start = Instant::now();
    topic.fill(sales, |number, key, payload| {
        let due = start + Duration::from_secs_f64(number as f64 / rate);
        if number.is_multiple_of(STRIDE) {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        // Other sales than those that were there before.
        let number = settings.sales + number;
        let mut random = Random::at(settings.seed, number);
        let (position, units) = (picker.draw(&mut random), 1);
        key.extend_from_slice(warehouse.label(position).as_bytes());
        sale::write(number, position, units, (tenant, warehouse), payload);
        sold.enter(position, crate::quantity::Quantity::from_micros(1_000_000));
    })?;
    let took = start.elapsed();
    let left = |progress: &mut Progress| Ok(sales.saturating_sub(progress.applied()?));
    progress.until_none_left("paced sales", start, left)?;
    progress.until_none_left("records", start, Progress::lag)?;
    let after = buckets(&progress.metrics()?);
    Ok(Paced::new(sales as f64 / took.as_secs_f64(), &since(&before, &after)))
}

impl Paced {
    fn new(per_second: f64, taken: &Buckets) -> Self {
        let changes = taken.last().map_or(0, |(_, count)| *count);
        let least = |share: f64| {
            let wanted = changes as f64 * share;
            let found = taken.iter().find(|(_, count)| *count as f64 >= wanted);
            found.map_or(f64::INFINITY, |(bound, _)| bound * 1_000.0)
        };
        let within = taken.iter().rev().find(|(bound, _)| *bound <= 0.05);
        let within = within.map_or(0, |(_, count)| *count);
        let within_50_ms = if changes == 0 { 0.0 } else { within as f64 / changes as f64 };
        Self { per_second, changes, p50_ms: least(0.5), p99_ms: least(0.99), within_50_ms }
    }
}

/// The histogram in the text form of Prometheus.
fn buckets(metrics: &str) -> Buckets {
    let ours = metrics.lines().filter_map(|line| line.strip_prefix(HISTOGRAM));
    let ours = ours.filter_map(|line| line.strip_prefix("_bucket"));
    let read = |line: &str| {
        let (_, rest) = line.split_once("le=\"")?;
        let (bound, rest) = rest.split_once('"')?;
        let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? };
        Some((bound, rest.rsplit_once(' ')?.1.parse().ok()?))
    };
    ours.filter_map(read).collect()
}

fn since(before: &Buckets, after: &Buckets) -> Buckets {
    let earlier = |bound: f64| before.iter().find(|(it, _)| *it == bound).map_or(0, |it| it.1);
    after.iter().map(|(bound, count)| (*bound, count.saturating_sub(earlier(*bound)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "\
inventory_event_publish_seconds_bucket{sink=\"kafka\",le=\"0.01\"} 5
inventory_event_publish_seconds_bucket{sink=\"kafka\",le=\"+Inf\"} 6
inventory_event_publish_seconds_count{sink=\"kafka\"} 6
";
    const AFTER: &str = "\
# TYPE inventory_event_publish_seconds histogram
inventory_event_publish_seconds_bucket{sink=\"kafka\",le=\"0.01\"} 65
inventory_event_publish_seconds_bucket{sink=\"kafka\",le=\"0.05\"} 104
inventory_event_publish_seconds_bucket{sink=\"kafka\",le=\"0.1\"} 106
inventory_event_publish_seconds_bucket{sink=\"kafka\",le=\"+Inf\"} 106
";

    #[test]
    fn what_came_before_does_not_count() {
        let mut before = buckets(BEFORE);
        before.insert(1, (0.05, 6));
        before.insert(2, (0.1, 6));
        let paced = Paced::new(40_000.0, &since(&before, &buckets(AFTER)));
        assert_eq!((paced.changes, paced.p50_ms, paced.p99_ms), (100, 10.0, 100.0));
        assert_eq!(paced.within_50_ms, 0.98);
    }

    #[test]
    fn without_changes_there_is_nothing_to_tell() {
        let paced = Paced::new(1.0, &buckets(""));
        assert_eq!((paced.changes, paced.within_50_ms), (0, 0.0));
    }
}

//! What a thread measured, and the sum over threads.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Longest latency that is told apart, in nanoseconds; longer ones count as this.
const LATENCY_NANOS_MAX: u64 = 120_000_000_000;

/// How often each HTTP status was the answer to an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statuses(Vec<(u16, u64)>);

impl Statuses {
    /// Counts `count` operations with `status`.
    pub fn add(&mut self, status: u16, count: u64) {
        // A run sees a handful of statuses: a scan is cheaper than any map.
        match self.0.iter_mut().find(|(known, _)| *known == status) {
            Some((_, sum)) => *sum += count,
            None => self.0.push((status, count)),
        }
    }

    /// Statuses and counts, by status.
    #[must_use]
    pub fn sorted(&self) -> Vec<(u16, u64)> {
        let mut all = self.0.clone();
        all.sort_unstable();
        all
    }
}

/// Figures of the measured part of a run.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Latency of requests in nanoseconds.
    pub latency: Histogram<u64>,
    /// Answers to operations: in a batch, those of its entries.
    pub statuses: Statuses,
    /// Requests answered within the window.
    pub requests: u64,
    /// Operations answered within the window.
    pub operations: u64,
    /// Requests whose connection was cut before the answer, during the whole run.
    pub cut: u64,
    /// Arrivals of the open loop that were due but found no free connection until the end.
    pub unsent: u64,
    /// Connections made anew, during the whole run.
    pub reconnects: u64,
    /// CPU time of the generator's threads within the window, where the system tells.
    pub cpu: Option<Duration>,
}

impl Default for Tally {
    fn default() -> Self {
        let latency = Histogram::new_with_bounds(1_000, LATENCY_NANOS_MAX, 3)
            .expect("constant bounds that the histogram accepts");
        Self {
            latency,
            statuses: Statuses::default(),
            requests: 0,
            operations: 0,
            cut: 0,
            unsent: 0,
            reconnects: 0,
            cpu: None,
        }
    }
}

impl Tally {
    /// Records one latency.
    pub fn record(&mut self, latency: Duration) {
        self.latency.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds the figures of another thread.
    pub fn merge(&mut self, other: &Self) {
        self.latency.add(&other.latency).expect("both have the same bounds");
        for (status, count) in &other.statuses.0 {
            self.statuses.add(*status, *count);
        }
        self.requests += other.requests;
        self.operations += other.operations;
        self.cut += other.cut;
        self.unsent += other.unsent;
        self.reconnects += other.reconnects;
        self.cpu = match (self.cpu, other.cpu) {
            (Some(mine), Some(theirs)) => Some(mine + theirs),
            (mine, theirs) => mine.or(theirs),
        };
    }
}

/// CPU time of the calling thread, on systems with `/proc`.
#[must_use]
pub fn thread_cpu() -> Option<Duration> {
    let figures = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = figures.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_threads_add_up() {
        let mut first = Tally { requests: 2, cut: 1, ..Tally::default() };
        first.statuses.add(409, 1);
        first.statuses.add(201, 1);
        first.record(Duration::from_millis(1));
        let mut second = Tally { requests: 3, operations: 30, ..Tally::default() };
        second.statuses.add(201, 30);
        second.cpu = Some(Duration::from_secs(1));
        second.record(Duration::from_secs(500));
        first.merge(&second);
        assert_eq!((first.requests, first.operations, first.cut), (5, 30, 1));
        assert_eq!(first.statuses.sorted(), [(201, 31), (409, 1)]);
        assert_eq!(first.cpu, Some(Duration::from_secs(1)));
        assert_eq!(first.latency.len(), 2);
        assert!(first.latency.max() >= LATENCY_NANOS_MAX, "too long is counted, not dropped");
    }
}

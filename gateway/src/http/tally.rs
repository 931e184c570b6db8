//! What the HTTP door counts about requests. Each thread counts for itself; whoever asks adds up.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use axum::http::StatusCode;

/// Statuses with a count of their own; all others share the last one.
const STATUSES: [u16; 18] =
    [200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503];

/// Upper bounds of the latency histogram.
pub(crate) const BOUNDS: [Duration; 16] = [
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// Counts of one route on one thread.
#[derive(Debug, Default)]
struct Row {
    statuses: [AtomicU64; STATUSES.len() + 1],
    /// Answers per bucket, the last one without a bound.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

/// Counts of one thread, by row of the table of routes; the last row is for unknown paths.
#[derive(Debug)]
pub(crate) struct Tally {
    rows: Vec<Row>,
}

impl Tally {
    /// Nothing counted yet, for so many routes.
    pub(crate) fn new(routes: usize) -> Self {
        Self { rows: std::iter::repeat_with(Row::default).take(routes + 1).collect() }
    }

    /// Counts an answer. A `row` beyond the table counts as unknown.
    pub(crate) fn count(&self, row: usize, status: StatusCode, took: Duration) {
        let row = &self.rows[row.min(self.rows.len() - 1)];
        let place = STATUSES.iter().position(|known| *known == status.as_u16());
        row.statuses[place.unwrap_or(STATUSES.len())].fetch_add(1, Relaxed);
        let bucket = BOUNDS.iter().position(|bound| took <= *bound);
        row.buckets[bucket.unwrap_or(BOUNDS.len())].fetch_add(1, Relaxed);
        row.nanos.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }
}

/// Counts of one route, all threads together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Answers by status, without those that never came; `None` is all statuses without a name.
    pub(crate) statuses: Vec<(Option<u16>, u64)>,
    /// Answers that took at most as long as the bound, for each of [`BOUNDS`].
    pub(crate) within: [u64; BOUNDS.len()],
    /// All answers.
    pub(crate) count: u64,
    /// Time of all answers together.
    pub(crate) took: Duration,
}

/// Adds up one route over all threads; `None` when it was never asked for.
pub(crate) fn sum<'a>(tallies: impl Iterator<Item = &'a Tally> + Clone, row: usize) -> Option<Sum> {
    let rows = || tallies.clone().map(|tally| &tally.rows[row]);
    let add = |read: &dyn Fn(&Row) -> u64| rows().map(read).sum::<u64>();
    let statuses: Vec<_> = (0..=STATUSES.len())
        .map(|place| {
            let count = add(&|row| row.statuses[place].load(Relaxed));
            (STATUSES.get(place).copied(), count)
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    if statuses.is_empty() {
        return None;
    }
    let mut within = [0; BOUNDS.len()];
    let mut so_far = 0;
    for (place, bucket) in within.iter_mut().enumerate() {
        so_far += add(&|row| row.buckets[place].load(Relaxed));
        *bucket = so_far;
    }
    let count = so_far + add(&|row| row.buckets[BOUNDS.len()].load(Relaxed));
    let took = Duration::from_nanos(add(&|row| row.nanos.load(Relaxed)));
    Some(Sum { statuses, within, count, took })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_add_up() {
        let (one, two) = (Tally::new(2), Tally::new(2));
        one.count(0, StatusCode::CREATED, Duration::from_micros(100));
        two.count(0, StatusCode::CREATED, Duration::from_micros(101));
        two.count(0, StatusCode::CONFLICT, Duration::from_secs(11));
        two.count(9, StatusCode::NOT_FOUND, Duration::ZERO);
        two.count(9, StatusCode::IM_A_TEAPOT, Duration::ZERO);
        let tallies = || [&one, &two].into_iter();
        let first = sum(tallies(), 0).unwrap();
        assert_eq!(first.statuses, [(Some(201), 2), (Some(409), 1)]);
        assert_eq!((first.within[0], first.within[1], first.within[15]), (1, 2, 2));
        assert_eq!((first.count, first.took), (3, Duration::from_micros(11_000_201)));
        assert_eq!(sum(tallies(), 1), None);
        let unknown = sum(tallies(), 2).unwrap();
        assert_eq!(unknown.statuses, [(Some(404), 1), (None, 1)]);
    }
}

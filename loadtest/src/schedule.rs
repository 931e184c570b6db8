//! When requests are due in an open loop: a constant rate, fixed before the first answer, so
//! that a slow server cannot slow the questions down (coordinated omission).

use std::time::Duration;

/// Arrivals of one of several threads that share a rate and take turns.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Arrivals per second of all threads together, at least one.
    rate: u64,
    threads: u64,
    thread: u64,
    /// Number of the next arrival of this thread.
    next: u64,
}

impl Schedule {
    /// The arrivals of `thread` among `threads` at `rate` per second over all of them.
    #[must_use]
    pub const fn new(rate: u64, thread: u64, threads: u64) -> Self {
        Self { rate, threads, thread, next: 0 }
    }

    /// When the next arrival is due, since the start. Computed from its number: no drift.
    #[must_use]
    pub fn next_due(&self) -> Duration {
        self.due(self.next)
    }

    /// Takes the next arrival if it is due after `elapsed`, and says when it was meant to be.
    pub fn take(&mut self, elapsed: Duration) -> Option<Duration> {
        let due = self.next_due();
        if due > elapsed {
            return None;
        }
        self.next += 1;
        Some(due)
    }

    fn due(&self, arrival: u64) -> Duration {
        let place = u128::from(arrival) * u128::from(self.threads) + u128::from(self.thread);
        let nanos = place * 1_000_000_000 / u128::from(self.rate);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(schedule: &mut Schedule, elapsed: Duration) -> Vec<Duration> {
        std::iter::from_fn(|| schedule.take(elapsed)).collect()
    }

    #[test]
    fn arrivals_come_at_a_constant_distance() {
        let mut schedule = Schedule::new(4, 0, 1);
        let due = taken(&mut schedule, Duration::from_millis(1_000));
        assert_eq!(due, [0, 250, 500, 750, 1_000].map(Duration::from_millis));
        assert_eq!(schedule.next_due(), Duration::from_millis(1_250));
    }

    #[test]
    fn nothing_is_due_early_and_nothing_is_dropped_late() {
        let mut schedule = Schedule::new(1_000, 0, 1);
        assert_eq!(schedule.take(Duration::ZERO), Some(Duration::ZERO));
        assert_eq!(schedule.take(Duration::from_micros(999)), None);
        // The server stood still for a second: every arrival of it keeps its intended time.
        let late = taken(&mut schedule, Duration::from_secs(1));
        assert_eq!(late.len(), 1_000);
        assert_eq!(late[0], Duration::from_millis(1));
    }

    #[test]
    fn threads_share_one_rate_and_take_turns() {
        let mut all: Vec<_> = (0..3)
            .flat_map(|thread| taken(&mut Schedule::new(30, thread, 3), Duration::from_millis(999)))
            .collect();
        all.sort();
        let alone = taken(&mut Schedule::new(30, 0, 1), Duration::from_millis(999));
        assert_eq!(all, alone);
    }

    #[test]
    fn a_rate_that_divides_no_second_does_not_drift() {
        let mut schedule = Schedule::new(7, 0, 1);
        let due = taken(&mut schedule, Duration::from_secs(3_600));
        assert_eq!(due.len(), 7 * 3_600 + 1);
        assert_eq!(due.last(), Some(&Duration::from_secs(3_600)));
    }
}

//! Keeps writing beside the log slow enough that commits do not wait for it.

use std::time::{Duration, Instant};

/// Bytes that may be written ahead of the rate: pauses below a millisecond are not worth a wake-up.
const BURST: Duration = Duration::from_millis(5);

/// Spreads bytes over time by making the calling thread wait.
#[derive(Debug)]
pub struct Throttle {
    bytes_per_second: Option<u64>,
    /// When everything spent so far is paid for; `None` until something is.
    paid: Option<Instant>,
}

impl Throttle {
    /// 0 means unlimited; then no clock is read.
    #[must_use]
    pub fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: Some(bytes_per_second).filter(|rate| *rate > 0), paid: None }
    }

    /// Changes the rate of what follows; `None` means unlimited.
    pub fn set_rate(&mut self, bytes_per_second: Option<u64>) {
        self.bytes_per_second = bytes_per_second.filter(|rate| *rate > 0);
        self.paid = None;
    }

    /// Accounts for bytes that were written, and waits until they may have been.
    pub fn spend(&mut self, bytes: u64) {
        let Some(rate) = self.bytes_per_second else { return };
        let wait = self.account(bytes, rate, Instant::now());
        if wait > BURST {
            std::thread::sleep(wait);
        }
    }

    /// How long to wait after `bytes` at `now`. Time that was not used is not saved up.
    fn account(&mut self, bytes: u64, rate: u64, now: Instant) -> Duration {
        let nanoseconds = u128::from(bytes) * 1_000_000_000 / u128::from(rate);
        let cost = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
        let paid = self.paid.map_or(now, |paid| paid.max(now)) + cost;
        self.paid = Some(paid);
        paid - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_spread_over_time_and_idle_time_is_not_saved() {
        let mut throttle = Throttle::new(1000);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        for (now, bytes, wait_ms) in
            [(0, 100, 100), (0, 100, 200), (150, 100, 150), (10_000, 50, 50), (10_050, 0, 0)]
        {
            let wait = throttle.account(bytes, 1000, at(now));
            assert_eq!(wait, Duration::from_millis(wait_ms), "{bytes} B at {now} ms");
        }
    }

    #[test]
    fn zero_and_none_are_unlimited() {
        assert_eq!(Throttle::new(0).bytes_per_second, None);
        let mut throttle = Throttle::new(5);
        throttle.set_rate(None);
        throttle.spend(u64::MAX);
        assert_eq!(throttle.paid, None, "no clock is read");
    }
}

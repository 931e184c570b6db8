//! Keeps writing beside the log slow enough that commits do not wait for it.

use std::time::{Duration, Instant};

use crate::backup::Going;

/// Bytes that may be written ahead of the rate: pauses below a millisecond are not worth a wake-up.
const BURST: Duration = Duration::from_millis(5);
/// How long somebody who may be told to stop sleeps at a time.
const STEP: Duration = Duration::from_millis(50);

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

    /// The same, and asks at least every 50 ms whether to go on; always once.
    pub fn spend_asking(&mut self, bytes: u64, go_on: &mut dyn FnMut() -> Going) -> Going {
        let rate = self.bytes_per_second;
        let mut wait =
            rate.map_or(Duration::ZERO, |rate| self.account(bytes, rate, Instant::now()));
        loop {
            if go_on() == Going::Stop {
                return Going::Stop;
            }
            if wait <= BURST {
                return Going::On;
            }
            let step = wait.min(STEP);
            std::thread::sleep(step);
            wait -= step;
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
    fn whoever_waits_can_be_told_to_stop() {
        let mut throttle = Throttle::new(1);
        let mut asked = 0;
        let mut go_on = || {
            asked += 1;
            if asked < 3 { Going::On } else { Going::Stop }
        };
        // A million seconds, if nobody were asked.
        assert_eq!(throttle.spend_asking(1_000_000, &mut go_on), Going::Stop);
        assert_eq!(asked, 3);
        let mut unlimited = Throttle::new(0);
        assert_eq!(unlimited.spend_asking(u64::MAX, &mut || Going::Stop), Going::Stop);
        assert_eq!(unlimited.spend_asking(u64::MAX, &mut || Going::On), Going::On);
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

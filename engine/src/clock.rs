//! The engine's clock: it never goes back and never stands still.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use onhand_domain::time::Timestamp;

/// Pure part: what the next instant is, given what the two clocks of the machine say.
#[derive(Clone, Copy, Debug)]
pub struct ClockState {
    now_us: i64,
    steady_us: i64,
}

impl ClockState {
    /// Begins not before the last instant that was recorded.
    #[must_use]
    pub fn new(wall_us: i64, steady_us: i64, last: Timestamp) -> Self {
        Self { now_us: wall_us.max(last.millis().saturating_mul(1000)), steady_us }
    }

    /// Moves on: with the steady clock; forward with the wall clock at once; and at half speed
    /// while a wall clock that was set back catches up.
    pub fn advance(&mut self, wall_us: i64, steady_us: i64) -> Timestamp {
        let elapsed = steady_us.saturating_sub(self.steady_us).max(0);
        self.steady_us = self.steady_us.max(steady_us);
        let ahead = self.now_us.saturating_add(elapsed) > wall_us;
        self.now_us =
            if ahead { self.now_us.saturating_add(elapsed / 2).max(wall_us) } else { wall_us };
        Timestamp::from_millis(self.now_us / 1000)
    }

    /// By how much this clock is ahead of the wall clock, in seconds.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    pub fn skew_seconds(&self, wall_us: i64) -> f64 {
        self.now_us.saturating_sub(wall_us).max(0) as f64 / 1e6
    }
}

/// The clock of a running engine.
#[derive(Debug)]
pub struct Clock {
    state: ClockState,
    origin: Instant,
    skew_seconds: f64,
}

fn wall_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

impl Clock {
    /// Begins not before the last instant that was recorded.
    #[must_use]
    pub fn new(last: Timestamp) -> Self {
        Self {
            state: ClockState::new(wall_us(), 0, last),
            origin: Instant::now(),
            skew_seconds: 0.0,
        }
    }

    /// The instant of this turn.
    pub fn now(&mut self) -> Timestamp {
        let steady = i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX);
        let wall = wall_us();
        let now = self.state.advance(wall, steady);
        self.skew_seconds = self.state.skew_seconds(wall);
        now
    }

    /// By how much it was ahead of the wall clock when it was last read, in seconds.
    #[must_use]
    pub fn skew_seconds(&self) -> f64 {
        self.skew_seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn it_follows_a_wall_clock_that_runs_on() {
        let mut clock = ClockState::new(10 * SECOND, 0, Timestamp::default());
        assert_eq!(clock.advance(11 * SECOND, SECOND).millis(), 11_000);
        assert_eq!(clock.advance(100 * SECOND, 2 * SECOND).millis(), 100_000, "forward at once");
    }

    #[test]
    fn it_goes_on_at_half_speed_while_a_wall_clock_set_back_catches_up() {
        let mut clock = ClockState::new(100 * SECOND, 0, Timestamp::default());
        assert_eq!(clock.advance(90 * SECOND, 2 * SECOND).millis(), 101_000);
        assert!((clock.skew_seconds(90 * SECOND) - 11.0).abs() < 1e-9);
        assert_eq!(clock.advance(112 * SECOND, 24 * SECOND).millis(), 112_000, "caught up");
    }

    #[test]
    fn it_begins_not_before_the_last_record() {
        let mut clock = ClockState::new(5 * SECOND, 0, Timestamp::from_millis(9_000));
        assert_eq!(clock.advance(5 * SECOND, 0).millis(), 9_000);
        assert!(clock.advance(6 * SECOND, SECOND).millis() > 9_000, "it never stands still");
    }
}

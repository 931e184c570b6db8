//! When to send, when to wait, when to give up: retries and the circuit breaker. Pure; time is given.

use std::time::Duration;

use crate::http::events::cursor::Cursor;

/// Settings of retries and breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    /// Retries of what failed while the broker was there.
    pub(crate) retries: u32,
    /// Pause before the first retry; each further one is twice as long.
    pub(crate) delay: Duration,
    /// Pause between two looks at a broker that is away.
    pub(crate) pause: Duration,
}

/// Retries whose pause is still doubled.
const DOUBLINGS_MAX: u32 = 16;

/// Where the breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Sending.
    Closed,
    /// Waiting until this instant for the next retry.
    Waiting(Duration),
    /// The broker is away: nothing is sent before somebody has looked, at this instant.
    Open(Duration),
    /// The moment to look whether it is back.
    HalfOpen,
}

/// What to do about a failure that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Try again.
    Retry,
    /// It has been tried often enough.
    GiveUp,
}

/// Decides by outcomes. Instants are spans since any fixed one.
#[derive(Debug)]
pub(super) struct Breaker {
    policy: RetryPolicy,
    phase: Phase,
    /// Failures in a row while the broker was there.
    failures: u32,
    /// Where in the log the last of them was; until publishing is past it, the count stands.
    failed_at: Cursor,
}

impl Breaker {
    /// Closed.
    pub(super) const fn new(policy: RetryPolicy) -> Self {
        Self { policy, phase: Phase::Closed, failures: 0, failed_at: Cursor::START }
    }

    /// Where it stands at an instant.
    pub(super) fn phase(&mut self, now: Duration) -> Phase {
        self.phase = match self.phase {
            Phase::Waiting(until) if now >= until => Phase::Closed,
            Phase::Open(until) if now >= until => Phase::HalfOpen,
            phase => phase,
        };
        self.phase
    }

    /// Whether the broker counts as away.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_) | Phase::HalfOpen)
    }

    /// Whether something may be sent now.
    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// The broker answered, but did not take what was sent from this place in the log. Attempts while
    /// it is away do not count.
    pub(super) fn refuse(&mut self, now: Duration, at: Cursor) -> Verdict {
        if self.is_open() {
            return Verdict::Retry;
        }
        self.failed_at = at;
        self.failures += 1;
        if self.failures > self.policy.retries {
            self.failures = 0;
            self.phase = Phase::Closed;
            return Verdict::GiveUp;
        }
        let doublings = (self.failures - 1).min(DOUBLINGS_MAX);
        let wait = self.policy.delay.saturating_mul(1 << doublings);
        self.phase = Phase::Waiting(now.saturating_add(wait));
        Verdict::Retry
    }

    /// The broker is away, or still is. Tells whether that is news.
    pub(super) fn lose(&mut self, now: Duration) -> bool {
        let is_news = !self.is_open();
        self.phase = Phase::Open(now.saturating_add(self.policy.pause));
        is_news
    }

    /// The broker is there again. Tells whether that is news.
    pub(super) const fn find(&mut self) -> bool {
        let is_news = self.is_open();
        if is_news {
            self.phase = Phase::Closed;
        }
        is_news
    }

    /// Everything up to this place has arrived. Tells whether it is news that the broker is there.
    pub(super) fn deliver(&mut self, delivered: Cursor) -> bool {
        if delivered > self.failed_at {
            self.failures = 0;
        }
        self.find()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        retries: 3,
        delay: Duration::from_millis(1_000),
        pause: Duration::from_millis(5_000),
    };

    const PLACE: Cursor = Cursor::at(7, 1);

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn retries_wait_twice_as_long_each_time_and_then_give_up() {
        let mut breaker = Breaker::new(POLICY);
        let mut now = 0;
        for wait in [1_000, 2_000, 4_000] {
            assert_eq!(breaker.refuse(at(now), PLACE), Verdict::Retry);
            assert_eq!(breaker.phase(at(now + wait - 1)), Phase::Waiting(at(now + wait)));
            now += wait;
            assert_eq!(breaker.phase(at(now)), Phase::Closed);
        }
        assert_eq!(breaker.refuse(at(now), PLACE), Verdict::GiveUp);
        assert_eq!(breaker.phase(at(now)), Phase::Closed);
        assert_eq!(
            breaker.refuse(at(now), PLACE),
            Verdict::Retry,
            "the next one has its own retries"
        );
    }

    #[test]
    fn what_arrives_begins_the_count_anew() {
        let mut breaker = Breaker::new(POLICY);
        for _ in 0..20 {
            assert_eq!(breaker.refuse(at(0), PLACE), Verdict::Retry);
            assert!(!breaker.deliver(Cursor::behind(7)), "it was not open");
        }
    }

    #[test]
    fn what_arrives_before_the_place_that_fails_does_not_count() {
        let mut breaker = Breaker::new(POLICY);
        for _ in 0..3 {
            assert_eq!(breaker.refuse(at(0), PLACE), Verdict::Retry);
            breaker.deliver(PLACE);
        }
        assert_eq!(breaker.refuse(at(0), PLACE), Verdict::GiveUp);
    }

    #[test]
    fn attempts_do_not_count_while_it_is_open() {
        let mut breaker = Breaker::new(POLICY);
        assert!(breaker.lose(at(0)));
        for _ in 0..20 {
            assert_eq!(breaker.refuse(at(1), PLACE), Verdict::Retry);
        }
        assert_eq!(breaker.phase(at(1)), Phase::Open(at(5_000)));
    }

    #[test]
    fn it_opens_looks_and_closes_by_itself() {
        let mut breaker = Breaker::new(POLICY);
        assert!(breaker.lose(at(0)) && breaker.is_open());
        assert!(!breaker.lose(at(100)), "told once");
        for (now, expected) in
            [(5_099, Phase::Open(at(5_100))), (5_100, Phase::HalfOpen), (9_000, Phase::HalfOpen)]
        {
            assert_eq!(breaker.phase(at(now)), expected, "{now}");
        }
        assert!(!breaker.lose(at(9_000)), "still away");
        assert_eq!(breaker.phase(at(13_999)), Phase::Open(at(14_000)));
        assert_eq!(breaker.phase(at(14_000)), Phase::HalfOpen);
        assert!(breaker.find() && !breaker.is_open());
        assert_eq!(breaker.phase(at(14_000)), Phase::Closed);
        assert!(!breaker.find(), "told once");
    }

    #[test]
    fn an_hour_away_costs_a_look_every_pause_and_no_attempt() {
        let mut breaker = Breaker::new(POLICY);
        breaker.refuse(at(0), PLACE);
        breaker.refuse(at(1_000), PLACE);
        breaker.lose(at(2_000));
        let (mut looks, hour) = (0, 3_600_000);
        for now in (2_000..hour).step_by(100) {
            match breaker.phase(at(now)) {
                Phase::HalfOpen => {
                    looks += 1;
                    assert!(!breaker.lose(at(now)), "no news");
                }
                phase => assert!(matches!(phase, Phase::Open(_)), "{phase:?} at {now}"),
            }
            assert_eq!(breaker.refuse(at(now), PLACE), Verdict::Retry, "nothing is given up");
        }
        assert_eq!(looks, (hour - 2_000) / 5_000);
        assert!(breaker.find());
        // The third failure and its pause, as if there had been no hour in between.
        assert_eq!(breaker.refuse(at(hour), PLACE), Verdict::Retry);
        assert_eq!(breaker.phase(at(hour)), Phase::Waiting(at(hour + 4_000)));
        assert_eq!(breaker.refuse(at(hour + 4_000), PLACE), Verdict::GiveUp);
    }

    #[test]
    fn a_delivery_closes_it_and_a_look_does_not_end_a_wait() {
        let mut breaker = Breaker::new(POLICY);
        breaker.lose(at(0));
        assert!(breaker.deliver(PLACE));
        breaker.refuse(at(0), PLACE);
        assert!(!breaker.find());
        assert_eq!(breaker.phase(at(1)), Phase::Waiting(at(1_000)));
    }
}

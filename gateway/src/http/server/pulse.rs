//! What a connection is doing, and since when.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::config::HttpConfig;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Between two requests, or before the first.
    Resting = 0,
    /// Some bytes of a head have come.
    Heading = 1,
    /// A handler has the request.
    Working = 2,
    /// An answer without a known end is being sent; it may take as long as it likes.
    Streaming = 3,
}

/// How long each phase may last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    origin: Instant,
    header: Duration,
    idle: Duration,
    request: Duration,
}

impl Limits {
    pub(super) fn new(config: &HttpConfig) -> Self {
        Self {
            origin: Instant::now(),
            header: config.header_timeout,
            idle: config.idle_timeout,
            request: config.request_timeout,
        }
    }

    /// How often connections are looked at: a limit is exceeded by an eighth of the shortest.
    pub(super) fn sweep_every(&self) -> Duration {
        let shortest = self.header.min(self.idle).min(self.request);
        (shortest / 8).clamp(Duration::from_millis(1), Duration::from_secs(1))
    }

    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn of(&self, phase: Phase) -> Option<Duration> {
        match phase {
            Phase::Resting => Some(self.idle),
            Phase::Heading => Some(self.header),
            Phase::Working => Some(self.request),
            Phase::Streaming => None,
        }
    }
}

/// The phase of one connection. Only the connection's own thread writes it, so the order of the two
/// fields does not matter; they are atomics because tasks must be `Send`.
#[derive(Debug)]
pub(super) struct Pulse {
    limits: Limits,
    phase: AtomicU8,
    /// Nanoseconds since the origin of the limits.
    since: AtomicU64,
}

impl Pulse {
    pub(super) fn new(limits: Limits) -> Self {
        let since = AtomicU64::new(limits.now());
        Self { limits, phase: AtomicU8::new(Phase::Resting as u8), since }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Resting,
            1 => Phase::Heading,
            2 => Phase::Working,
            _ => Phase::Streaming,
        }
    }

    fn enter(&self, phase: Phase, since: u64) {
        self.phase.store(phase as u8, Ordering::Relaxed);
        self.since.store(since, Ordering::Relaxed);
    }

    /// Bytes have come. The first ones after a rest begin a request.
    pub(super) fn bytes_came(&self) {
        if self.phase() == Phase::Resting {
            self.enter(Phase::Heading, self.limits.now());
        }
    }

    /// A head is complete. A request that was pipelined behind another begins here.
    pub(super) fn work(&self) {
        let since = match self.phase() {
            Phase::Heading => self.since.load(Ordering::Relaxed),
            _ => self.limits.now(),
        };
        self.enter(Phase::Working, since);
    }

    /// An answer is ready, and this is how long it took since the first byte of its request.
    pub(super) fn answer(&self, next: Phase) -> Duration {
        let now = self.limits.now();
        let took = now.saturating_sub(self.since.load(Ordering::Relaxed));
        self.enter(next, now);
        Duration::from_nanos(took)
    }

    /// The phase that has lasted too long at `now`, if it has.
    pub(super) fn late(&self, now: u64) -> Option<Phase> {
        let phase = self.phase();
        let limit = self.limits.of(phase)?;
        let lasted = now.saturating_sub(self.since.load(Ordering::Relaxed));
        (u128::from(lasted) >= limit.as_nanos()).then_some(phase)
    }
}

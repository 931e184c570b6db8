//! The one place where the bridge reads a clock: for pauses and time limits, never for what is said.

use std::time::{Duration, Instant};

/// Spans since it was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts it.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it runs.
    pub(super) fn now(self) -> Duration {
        self.0.elapsed()
    }
}

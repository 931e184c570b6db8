//! How far the process has come on its way from start to end.

use std::sync::atomic::{AtomicBool, Ordering};

/// Tells readiness whether new work is still wanted.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    stopping: AtomicBool,
}

impl Stage {
    /// From now on the process is about to end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether the process is about to end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

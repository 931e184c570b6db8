//! The gate: whether commands may enter at all.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

use crate::error::{Failure, Fatal};

const OPEN: u8 = 0;
const STORAGE_FULL: u8 = 1;
const STOPPING: u8 = 2;
const FAILED: u8 = 3;

/// Open, closed for a while, or closed for good.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: AtomicU8,
    fatal: OnceLock<Fatal>,
    failed: Notify,
}

impl Gate {
    /// Why nothing may enter, if so.
    #[must_use]
    pub(crate) fn closed(&self) -> Option<Failure> {
        match self.state.load(Ordering::Acquire) {
            OPEN => None,
            STORAGE_FULL => Some(Failure::StorageFull),
            STOPPING => Some(Failure::Stopping),
            _ => Some(Failure::OutcomeUnknown),
        }
    }

    /// Closes or opens it as the disk fills and empties.
    pub(crate) fn set_storage_full(&self, is_full: bool) {
        let (from, to) = if is_full { (OPEN, STORAGE_FULL) } else { (STORAGE_FULL, OPEN) };
        // Stopping and failed stay as they are.
        let _ = self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Closes it for good, because the engine is stopping.
    pub(crate) fn stop(&self) {
        let _ = self.state.fetch_max(STOPPING, Ordering::AcqRel);
    }

    /// Closes it for good, because the engine must stop by itself. The first cause stays.
    pub(crate) fn fail(&self, fatal: Fatal) {
        // Told loudly by whoever is told: the door, or the embedder.
        tracing::debug!(code = ?fatal.code, "{}", fatal.message);
        let _ = self.fatal.set(fatal);
        self.state.store(FAILED, Ordering::Release);
        self.failed.notify_waiters();
    }

    /// Why the engine had to stop, if it had to.
    #[must_use]
    pub(crate) fn fatal(&self) -> Option<&Fatal> {
        self.fatal.get()
    }

    /// Waits until the engine has to stop by itself.
    pub(crate) async fn failed(&self) -> Fatal {
        loop {
            let notified = self.failed.notified();
            if let Some(fatal) = self.fatal.get() {
                return fatal.clone();
            }
            notified.await;
        }
    }
}

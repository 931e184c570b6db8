//! How far the process has come on its way from start to end.

use tokio::sync::watch;

/// Tells everybody when new work is no longer wanted.
#[derive(Debug)]
pub(crate) struct Stage {
    stopping: watch::Sender<bool>,
}

impl Default for Stage {
    fn default() -> Self {
        Self { stopping: watch::Sender::new(false) }
    }
}

impl Stage {
    /// From now on the process is about to end.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether the process is about to end.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until the process is about to end.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as we do, so waiting cannot fail.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}

//! Since when history is kept.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use onhand_domain::time::Timestamp;

/// Where the kept history begins; it moves on when segments go.
#[derive(Debug, Default)]
pub(crate) struct KeptSince {
    /// The last record that is not kept any more; 0: all are kept.
    sequence: AtomicU64,
    /// The latest instant that it or a record before it tells of, in milliseconds.
    at_ms: AtomicI64,
}

impl KeptSince {
    /// Records up to this one, which tell of nothing after this instant, are not kept any more.
    pub(crate) fn tell(&self, sequence: u64, at: Timestamp) {
        self.at_ms.store(at.millis(), Ordering::Relaxed);
        self.sequence.store(sequence, Ordering::Release);
    }

    /// The last record that is not kept any more; 0: all are kept.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::Acquire)
    }

    /// The first instant as of which everything is known.
    pub(crate) fn earliest(&self) -> Option<Timestamp> {
        let at = |_| Timestamp::from_millis(self.at_ms.load(Ordering::Relaxed));
        let last = Some(self.sequence()).filter(|sequence| *sequence > 0).map(at);
        last.map(|last| last.plus_millis(1))
    }
}

//! Figures about the engine itself, for people and metrics. Written per batch, not per command.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};

use onhand_domain::stock::Sizes;
use onhand_domain::time::Timestamp;

use crate::hopper::CommitFigures;
use crate::writer::core::Core;

/// Shared figures, told by the threads that know them.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    decided: AtomicU64,
    durable: AtomicU64,
    sealed: AtomicU32,
    refusals: AtomicU64,
    panics: AtomicU64,
    open_reservations: AtomicU32,
    keys: AtomicU32,
    /// Record of the oldest key; 0: none.
    oldest_key: AtomicU64,
    is_key_window_full: AtomicBool,
    /// Bits of a number of seconds.
    key_window: AtomicU64,
    now_ms: AtomicI64,
    items: AtomicU32,
    positions: AtomicU32,
    tenants: AtomicU32,
    locations: AtomicU32,
    skew_micros: AtomicU64,
    checkpoint_began: AtomicU64,
    checkpoint_rounds: AtomicU64,
    checkpoint_bytes: AtomicU64,
    indexed: AtomicU64,
    free_bytes: AtomicU64,
    pub(crate) commits: CommitFigures,
}

impl Figures {
    pub(crate) fn tell_writer(&self, core: &Core, now: Timestamp, skew_seconds: f64) {
        let sizes = core.stock().sizes();
        self.decided.store(core.sequence(), Relaxed);
        self.panics.store(core.panics(), Relaxed);
        self.open_reservations.store(core.stock().promises().open_count(), Relaxed);
        let keys = core.stock().keys();
        self.keys.store(keys.len(), Relaxed);
        self.is_key_window_full.store(keys.is_full(), Relaxed);
        self.oldest_key.store(keys.oldest().map_or(0, |key| key.sequence), Relaxed);
        self.now_ms.store(now.millis(), Relaxed);
        self.items.store(sizes.items, Relaxed);
        self.positions.store(sizes.positions, Relaxed);
        self.tenants.store(sizes.tenants, Relaxed);
        self.locations.store(sizes.locations, Relaxed);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a figure for people"
        )]
        self.skew_micros.store((skew_seconds * 1e6) as u64, Relaxed);
    }

    /// Record of the oldest key, whether the window is full, and the writer's time.
    pub(crate) fn oldest_key(&self) -> Option<(u64, bool, Timestamp)> {
        let sequence = self.oldest_key.load(Relaxed);
        let now = Timestamp::from_millis(self.now_ms.load(Relaxed));
        (sequence > 0).then(|| (sequence, self.is_key_window_full.load(Relaxed), now))
    }

    pub(crate) fn tell_key_window(&self, seconds: f64) {
        self.key_window.store(seconds.to_bits(), Relaxed);
    }

    pub(crate) fn tell_durable(&self, sequence: u64, sealed: Option<u32>) {
        self.durable.store(sequence, Relaxed);
        if let Some(segment) = sealed {
            self.sealed.store(segment, Relaxed);
        }
    }

    pub(crate) fn count_refusal(&self) {
        self.refusals.fetch_add(1, Relaxed);
    }

    pub(crate) fn tell_checkpoint(&self, began: u64, bytes: u64) {
        self.checkpoint_began.store(began, Relaxed);
        self.checkpoint_rounds.fetch_add(1, Relaxed);
        self.checkpoint_bytes.store(bytes, Relaxed);
    }

    pub(crate) fn start_from(&self, sequence: u64, checkpointed: u64) {
        self.decided.store(sequence, Relaxed);
        self.durable.store(sequence, Relaxed);
        self.checkpoint_began.store(checkpointed, Relaxed);
    }

    pub(crate) fn tell_indexed(&self, sequence: u64) {
        self.indexed.store(sequence, Relaxed);
    }

    pub(crate) fn tell_free(&self, bytes: u64) {
        self.free_bytes.store(bytes, Relaxed);
    }

    pub(crate) fn decided(&self) -> u64 {
        self.decided.load(Relaxed)
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Relaxed)
    }

    pub(crate) fn indexed(&self) -> u64 {
        self.indexed.load(Relaxed)
    }

    /// The writer's time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Relaxed))
    }

    pub(crate) fn checkpoint_began(&self) -> u64 {
        self.checkpoint_began.load(Relaxed)
    }

    pub(crate) fn fill(&self, status: &mut Status) {
        let commits = &self.commits;
        status.log.decided = self.decided();
        status.log.durable = self.durable();
        status.log.sealed_segments = self.sealed.load(Relaxed);
        status.log.commits = commits.commits.load(Relaxed);
        status.log.records = commits.records.load(Relaxed);
        status.log.bytes = commits.bytes.load(Relaxed);
        status.log.commit_micros = commits.micros.load(Relaxed);
        status.log.free_bytes = self.free_bytes.load(Relaxed);
        status.log.indexed = self.indexed.load(Relaxed);
        status.checkpoint.began = self.checkpoint_began();
        status.checkpoint.rounds = self.checkpoint_rounds.load(Relaxed);
        status.checkpoint.bytes = self.checkpoint_bytes.load(Relaxed);
        status.refusals = self.refusals.load(Relaxed);
        status.panics = self.panics.load(Relaxed);
        status.open_reservations = self.open_reservations.load(Relaxed);
        status.idempotency_keys = self.keys.load(Relaxed);
        status.idempotency_window_seconds = f64::from_bits(self.key_window.load(Relaxed));
        status.sizes = Sizes {
            tenants: self.tenants.load(Relaxed),
            items: self.items.load(Relaxed),
            locations: self.locations.load(Relaxed),
            positions: self.positions.load(Relaxed),
        };
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        {
            status.clock_skew_seconds = self.skew_micros.load(Relaxed) as f64 / 1e6;
        }
    }
}

/// How the log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogStatus {
    /// Last record that was decided.
    pub decided: u64,
    /// Last record that is durable, with the view up to it.
    pub durable: u64,
    /// Records that this start replayed.
    pub replayed: u64,
    /// Segments that are complete.
    pub sealed_segments: u32,
    /// Commits since the start.
    pub commits: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of their rows.
    pub bytes: u64,
    /// Microseconds spent in them.
    pub commit_micros: u64,
    /// Free space of the file system.
    pub free_bytes: u64,
    /// Free space below which writes are refused.
    pub reserve_bytes: u64,
    /// Up to here the index is on disk.
    pub indexed: u64,
}

/// How checkpoints stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckpointStatus {
    /// A start would replay what lies behind this record.
    pub began: u64,
    /// Rounds since the start.
    pub rounds: u64,
    /// Bytes of the last round.
    pub bytes: u64,
}

/// Figures of a running engine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Status {
    /// Identity of the data directory.
    pub identity: uuid::Uuid,
    /// Number of this log.
    pub log_number: u16,
    /// Raised by every start.
    pub epoch: u32,
    /// Slices of the positions.
    pub partitions: u16,
    /// The log.
    pub log: LogStatus,
    /// Checkpoints.
    pub checkpoint: CheckpointStatus,
    /// Why commands may not enter, if so.
    pub closed: Option<crate::error::Failure>,
    /// Commands inside.
    pub permits_used: u32,
    /// Commands that may be inside.
    pub permits_limit: u32,
    /// Refusals that were not recorded, since the start.
    pub refusals: u64,
    /// Commands refused because deciding them panicked, since the start.
    pub panics: u64,
    /// Open reservations.
    pub open_reservations: u32,
    /// Idempotency keys that are remembered.
    pub idempotency_keys: u32,
    /// Age of the oldest of them, in seconds; looked up every ten seconds.
    pub idempotency_window_seconds: f64,
    /// Sizes of memory.
    pub sizes: Sizes,
    /// By how much the engine's clock is ahead of the wall clock.
    pub clock_skew_seconds: f64,
}

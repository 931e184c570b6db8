//! Settings of the engine.

use std::path::PathBuf;
use std::time::Duration;

use onhand_domain::stock::Rules;
use onhand_storage::StorageConfig;

/// What to do when our log ends before something that was seen outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LostTail {
    /// Refuse to start: acknowledged changes are missing.
    #[default]
    Refuse,
    /// Start all the same; an operator has decided so.
    Accept,
}

/// Settings of the engine. [`EngineConfig::new`] has the defaults.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The data directory and its files.
    pub storage: StorageConfig,
    /// Settings of the rules.
    pub rules: Rules,
    /// Commands that may be inside at once; beyond it they are refused as overload.
    pub permits: u32,
    /// While fewer records than this are waiting, a commit begins at once.
    pub commit_at_once_max: u32,
    /// Otherwise commits begin at least so far apart.
    pub commit_spacing: Duration,
    /// Age in milliseconds above which a recall is read again.
    pub recall_age_ms_max: i64,
    /// Records since the last checkpoint round after which the next one begins.
    pub checkpoint_records: u64,
    /// Records to replay above which checkpoints are no longer throttled.
    pub replay_records_max: u64,
    /// Records whose index rows may wait in memory.
    pub index_records_max: u64,
    /// What to do when the log has lost its end.
    pub lost_tail: LostTail,
}

impl EngineConfig {
    /// The defaults, for a data directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            storage: StorageConfig::new(directory),
            rules: Rules::default(),
            permits: 65_536,
            commit_at_once_max: 64,
            commit_spacing: Duration::from_millis(1),
            recall_age_ms_max: 5_000,
            checkpoint_records: 500_000,
            replay_records_max: 4_000_000,
            index_records_max: 1_000_000,
            lost_tail: LostTail::Refuse,
        }
    }
}

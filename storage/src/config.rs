//! Settings of a data directory.

use std::path::PathBuf;

/// Partitions of a directory that is created without another wish (DESIGN §5).
pub const PARTITIONS_DEFAULT: u16 = 64;
/// Size at which a segment of the log is sealed: small enough that the repair of one file after an
/// unclean stop stays below half a second.
pub const SEGMENT_BYTES_DEFAULT: u64 = 1 << 30;
/// Cache of each redb file; redb's own default is 1 GiB.
pub const CACHE_BYTES_DEFAULT: usize = 32 << 20;
/// Rate of everything that is written beside the log: unthrottled, a checkpoint multiplies the
/// latency of commits by sixty (DESIGN §3).
pub const CHECKPOINT_BYTES_PER_SECOND_DEFAULT: u64 = 16 << 20;

/// How a [`DataDirectory`](crate::DataDirectory) is opened.
#[derive(Clone, Debug)]
pub struct StorageConfig {
    /// The directory; made when it does not exist.
    pub directory: PathBuf,
    /// Slices of the state, fixed when the directory is made and checked at every start.
    pub partitions: u16,
    /// A segment is sealed by the commit that takes it to this size or above.
    pub segment_bytes: u64,
    /// Cache of the log's active segment and of `meta.redb` each; sealed files take an eighth.
    pub cache_bytes: usize,
    /// Free space below which the engine must refuse writes; without it, see
    /// [`DataDirectory::disk_reserve_bytes`](crate::DataDirectory::disk_reserve_bytes).
    pub disk_reserve_bytes: Option<u64>,
    /// Rate at which checkpoints and the index are written; 0 means unlimited.
    pub checkpoint_bytes_per_second: u64,
}

impl StorageConfig {
    /// The defaults, for the given directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            partitions: PARTITIONS_DEFAULT,
            segment_bytes: SEGMENT_BYTES_DEFAULT,
            cache_bytes: CACHE_BYTES_DEFAULT,
            disk_reserve_bytes: None,
            checkpoint_bytes_per_second: CHECKPOINT_BYTES_PER_SECOND_DEFAULT,
        }
    }
}

//! The log and the checkpoints: once [`Log::commit`] has returned, the records are found again,
//! whatever happens. Records, checkpoint entries and index rows are opaque here.
//!
//! This is the only crate that knows redb. To be read in this order:
//!
//! * `config`, `error`: settings, and what can go wrong
//! * `disk`: the port to the file system, so that tests can break it
//! * `tables`: the redb tables
//! * `record`, `frame`: the bytes (`docs/LOG_FORMAT.md`)
//! * `log`: what a log is
//! * `segment`, `append`, `read`: the log on disk
//! * `directory`: the data directory, and recovery
//! * `opening`: what is left of segments that went
//! * `high_water`, `verify`: noticing what is missing or was changed
//! * `checkpoint`, `index`, `throttle`: what is written beside the log
//! * `priority`: threads that give way to the others
//! * `backup`: a copy of all of it, and back
//! * `memory_log`: the log of the simulation

mod append;
mod backup;
mod checkpoint;
mod config;
mod directory;
mod disk;
mod error;
mod frame;
#[cfg(feature = "faults")]
pub mod fuzz;
#[cfg(all(test, feature = "faults"))]
mod golden;
mod high_water;
mod index;
mod log;
mod memory_log;
mod opening;
mod priority;
mod read;
mod record;
mod segment;
mod tables;
mod throttle;
mod verify;

pub use append::SegmentedLog;
pub use backup::{
    BackupContents, BackupError, BackupFile, BackupProgress, FileHash, Going, MANIFEST,
    WrittenBackup, read_manifest, restore_backup, write_backup,
};
pub use checkpoint::{
    CheckpointEntries, CheckpointEntry, CheckpointFile, CheckpointStore, CheckpointWriter,
    FinishedCheckpoint,
};
pub use config::{
    CACHE_BYTES_DEFAULT, CHECKPOINT_BYTES_PER_SECOND_DEFAULT, PARTITIONS_DEFAULT,
    SEGMENT_BYTES_DEFAULT, StorageConfig,
};
pub use directory::{Cursors, DataDirectory, HistoryHold};
#[cfg(feature = "faults")]
pub use disk::lossy::{Fault, Lasts, Leaves, LossyDisk, Meets, Survival};
pub use disk::{BackendError, Background, Disk, DiskLock, FileDisk, Space, StorageBackend};
pub use error::{LogError, OpenError};
pub use frame::{
    FRAME_FORMAT, FRAME_HEADER_BYTES, Frame, FrameDamage, FrameHash, FrameHeader,
    LARGE_ROW_BYTES_MAX, ROW_BYTES_MAX,
};
pub use high_water::HighWater;
pub use index::{IndexReader, IndexRow, IndexStore};
pub use log::{Committed, FrameCursor, Log, ReadLog};
pub use memory_log::{FailedCommit, FaultDuration, MemoryLog, MemoryLogReader};
pub use opening::{Opening, OpeningSlot};
pub use priority::lower_priority;
pub use read::LogReader;
pub use record::{
    PAYLOAD_BYTES_MAX, RECORD_HEADER_BYTES, RecordBatch, RecordRef, RecordTooLarge, StoredRecord,
};
pub use throttle::Throttle;
pub use verify::{ChainReport, verify_chain};

//! The data directory: one process has it, and everything durable lies in it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use uuid::Uuid;

use crate::append::SegmentedLog;
use crate::checkpoint::{CheckpointOwner, CheckpointStore};
use crate::config::StorageConfig;
use crate::disk::{Disk, DiskLock, FileDisk};
use crate::error::{LogError, OpenError};
use crate::high_water::{self, HighWater, HighWaterFile};
use crate::index::IndexStore;
use crate::opening::{Opening, OpeningSlot};
use crate::read::{LogReader, Segments};
use crate::segment::Purpose;

mod cursors;
mod meta;
mod recovery;

pub use cursors::Cursors;
use meta::Meta;

const LOG: &str = "log";
const INDEX: &str = "index";
pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const OPENING: &str = "opening";
const LOCK: &str = "lock";
const HIGH_WATER: &str = "high-water";
/// What may lie in a directory that is not a data directory yet.
const MAY_BE_THERE: [&str; 3] = [LOCK, meta::FILE_UNFINISHED, "lost+found"];
/// Reserve of a large disk; of a small one, this part: 5 %.
const DISK_RESERVE_BYTES: u64 = 2 << 30;
const DISK_RESERVE_PARTS: u64 = 20;

/// While it is there, no segment goes, and the opening stays what it is.
#[must_use = "history is held only as long as this is there"]
pub struct HistoryHold<'a> {
    _hold: RwLockReadGuard<'a, ()>,
}

/// An exclusive hold on a data directory.
pub struct DataDirectory {
    config: StorageConfig,
    disk: Arc<dyn Disk>,
    hold: Arc<dyn DiskLock>,
    purpose: Purpose,
    meta: Arc<Meta>,
    high_water: Option<HighWater>,
    opening: Mutex<Option<Opening>>,
    /// Read by those who need the kept history to stay as it is, written by who lets segments go.
    history: RwLock<()>,
    /// The log, once it was opened: nothing derived from it may lie above its end.
    log: Mutex<Option<Arc<Segments>>>,
}

impl DataDirectory {
    /// Opens a data directory to work in it; makes it when it does not exist. Raises the epoch.
    pub fn open(config: StorageConfig) -> Result<Self, OpenError> {
        Self::open_with(config, Arc::new(FileDisk))
    }

    /// Opens an existing data directory and writes nothing: neither the epoch nor a repair.
    pub fn open_to_verify(config: StorageConfig) -> Result<Self, OpenError> {
        Self::open_to_verify_with(config, Arc::new(FileDisk))
    }

    /// [`DataDirectory::open`] on another disk: fault injection.
    pub fn open_with(config: StorageConfig, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let directory = config.directory.clone();
        let io = |source| OpenError::io(&directory, source);
        disk.create_directory(&directory).map_err(io)?;
        let names = disk.names(&directory).map_err(io)?;
        let is_made = names.iter().any(|name| name == meta::FILE);
        if !is_made {
            if names.iter().any(|name| name == LOG) {
                let what = "the file is missing, though there is a log".to_owned();
                return Err(OpenError::Damaged { file: directory.join(meta::FILE), what });
            }
            let is_foreign = |name: &&String| !MAY_BE_THERE.contains(&name.as_str());
            if let Some(found) = names.iter().find(is_foreign).cloned() {
                return Err(OpenError::NotADataDirectory { path: directory, found });
            }
        }
        let hold = disk.lock(&directory.join(LOCK))?.into();
        if !is_made {
            Meta::create(disk.as_ref(), &directory, config.partitions)?;
        }
        let mut meta = Meta::open(disk.as_ref(), &directory, Purpose::Serve)?;
        check_partitions(&meta, &config)?;
        for name in [LOG, INDEX, CHECKPOINT] {
            disk.create_directory(&directory.join(name)).map_err(io)?;
        }
        disk.sync_directory(&directory).map_err(io)?;
        meta.raise_epoch(1)?;
        let opened = Self::new(config, disk, hold, Purpose::Serve, meta)?;
        opened.checkpoints().remove_unfinished().map_err(io)?;
        Ok(opened)
    }

    /// [`DataDirectory::open_to_verify`] on another disk.
    pub fn open_to_verify_with(
        config: StorageConfig,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, OpenError> {
        let names = match disk.names(&config.directory) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(OpenError::io(&config.directory, error)),
        };
        if !names.iter().any(|name| name == meta::FILE) {
            return Err(OpenError::Missing { path: config.directory });
        }
        let hold = disk.lock(&config.directory.join(LOCK))?.into();
        let meta = Meta::open(disk.as_ref(), &config.directory, Purpose::Verify)?;
        check_partitions(&meta, &config)?;
        Self::new(config, disk, hold, Purpose::Verify, meta)
    }

    fn new(
        config: StorageConfig,
        disk: Arc<dyn Disk>,
        hold: Arc<dyn DiskLock>,
        purpose: Purpose,
        meta: Meta,
    ) -> Result<Self, OpenError> {
        let high_water = high_water::read(disk.as_ref(), &config.directory.join(HIGH_WATER));
        let opening = Mutex::new(meta.opening()?);
        let (meta, log) = (Arc::new(meta), Mutex::new(None));
        let history = RwLock::new(());
        Ok(Self { config, disk, hold, purpose, meta, high_water, opening, history, log })
    }

    /// Drawn when the directory was made; a copy has the same.
    pub fn identity(&self) -> Uuid {
        self.meta.properties.identity
    }

    /// Partitions, fixed when the directory was made.
    pub fn partitions(&self) -> u16 {
        self.meta.properties.partitions
    }

    /// Epoch of this start; every start has a higher one.
    pub fn epoch(&self) -> u32 {
        self.meta.properties.epoch
    }

    /// Number of the directory's log: 1.
    pub fn log_number(&self) -> u16 {
        self.meta.properties.log_number
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.config.directory
    }

    /// What the last process knew to be durable; `None` when it left no word.
    pub fn high_water(&self) -> Option<HighWater> {
        self.high_water
    }

    /// Opens the log; repairs what an unclean stop left. To be called once.
    pub fn open_log(&self) -> Result<(SegmentedLog, LogReader), LogError> {
        if self.purpose == Purpose::Verify {
            return Err(LogError::OpenedToVerify);
        }
        let segments = Arc::new(self.segments());
        let recovered = recovery::find_to_write(&segments, self.opening().as_ref())?;
        let last = recovered.end.next_sequence - 1;
        if recovered.epoch >= self.epoch() {
            let what = "it is older than the log, which holds a later epoch";
            return Err(LogError::damaged(&self.config.directory.join(meta::FILE), last, what));
        }
        *self.log.lock() = Some(segments.clone());
        let path = self.config.directory.join(HIGH_WATER);
        let high_water = HighWaterFile::open(self.disk.as_ref(), path.clone())
            .map_err(|source| LogError::io(&path, source))?;
        let lost_tail = self.high_water.map(|known| known.sequence).filter(|known| *known > last);
        let log = SegmentedLog::new(
            segments.clone(),
            self.config.segment_bytes,
            self.epoch(),
            recovered,
            high_water,
            lost_tail.map(|known| (last, known)),
        );
        Ok((log, LogReader { segments }))
    }

    /// Opens the log to be read only. In a directory opened to verify nothing is repaired on disk.
    pub fn open_reader(&self) -> Result<LogReader, LogError> {
        let segments = Arc::new(self.segments());
        recovery::find_to_read(&segments, self.opening().as_ref())?;
        Ok(LogReader { segments })
    }

    fn segments(&self) -> Segments {
        Segments::new(
            self.disk.clone(),
            self.config.directory.join(LOG),
            self.identity(),
            self.log_number(),
            self.config.cache_bytes,
            self.purpose,
            self.hold.clone(),
        )
    }

    /// What is left of segments that went; `None`: all are kept.
    pub fn opening(&self) -> Option<Opening> {
        *self.opening.lock()
    }

    /// For whoever reads the log from its beginning, or copies the opening.
    pub fn hold_history(&self) -> HistoryHold<'_> {
        // A thread may hold it twice, also while another waits to let segments go.
        HistoryHold { _hold: self.history.read_recursive() }
    }

    /// Whether somebody holds it.
    pub fn is_history_held(&self) -> bool {
        self.history.is_locked()
    }

    /// The state as of the opening; empty when all segments are kept.
    pub fn opening_state(&self) -> CheckpointStore {
        let slot = self.opening().map_or(OpeningSlot::A, |opening| opening.slot);
        self.checkpoints_in(self.config.directory.join(OPENING).join(slot.name()))
    }

    /// Where the state of the next opening is to be written, and its slot. What an attempt before has
    /// left there is of no use and will be replaced.
    pub fn next_opening_state(&self) -> io::Result<(OpeningSlot, CheckpointStore)> {
        let slot = self.opening().map_or(OpeningSlot::A, |opening| opening.slot.other());
        let store = self.checkpoints_in(self.config.directory.join(OPENING).join(slot.name()));
        self.disk.create_directory(&self.config.directory.join(OPENING).join(slot.name()))?;
        Ok((slot, store))
    }

    /// Ends the log behind a segment: from now on it begins with an opening, whose state has been written
    /// to [`DataDirectory::next_opening_state`]. The files of the segments are removed. `None`, and nothing
    /// is done, while somebody holds the history.
    pub fn forget_up_to(
        &self,
        log: &LogReader,
        segment: u32,
        slot: OpeningSlot,
        at_ms: i64,
    ) -> Result<Option<Opening>, LogError> {
        let Some(_gone) = self.history.try_write() else { return Ok(None) };
        let Some((ends, end_offset)) = log.segments.end_of(segment)? else {
            return Err(LogError::damaged(log.directory(), 0, "the segment is not there"));
        };
        let opening = Opening {
            segment,
            sequence: ends.last.last_sequence(),
            hash: ends.last_hash,
            end_offset,
            epoch: ends.last.epoch,
            at_ms,
            slot,
        };
        self.meta.put_opening(&opening)?;
        let before = self.opening.lock().replace(opening);
        log.segments.remove_up_to(&opening)?;
        if let Some(before) = before {
            self.remove_state(before.slot)?;
        }
        Ok(Some(opening))
    }

    fn remove_state(&self, slot: OpeningSlot) -> Result<(), LogError> {
        let directory = self.config.directory.join(OPENING).join(slot.name());
        let io = |source| LogError::io(&directory, source);
        for name in self.disk.names(&directory).map_err(io)? {
            self.disk.remove(&directory.join(name)).map_err(io)?;
        }
        self.disk.sync_directory(&directory).map_err(io)
    }

    /// The checkpoints.
    pub fn checkpoints(&self) -> CheckpointStore {
        self.checkpoints_in(self.config.directory.join(CHECKPOINT))
    }

    fn checkpoints_in(&self, directory: PathBuf) -> CheckpointStore {
        let owner = CheckpointOwner {
            identity: self.identity(),
            log_number: self.log_number(),
            partitions: self.partitions(),
            epoch: self.epoch(),
        };
        CheckpointStore::new(
            self.disk.clone(),
            directory,
            owner,
            self.config.checkpoint_bytes_per_second,
            self.purpose,
        )
    }

    /// Opens the index. What it says about records above the end of the log, which must have been
    /// opened before, is dropped: that tail was lost.
    pub fn index(&self) -> Result<IndexStore, LogError> {
        if self.purpose == Purpose::Verify {
            return Err(LogError::OpenedToVerify);
        }
        let log_end = self.log.lock().as_ref().map_or(u64::MAX, |log| log.durable());
        IndexStore::open(
            self.disk.clone(),
            self.config.directory.join(INDEX),
            self.identity(),
            self.config.checkpoint_bytes_per_second,
            self.opening().map_or(0, |opening| opening.sequence)..=log_end,
        )
    }

    /// Named cursors of the outbox sinks.
    pub fn cursors(&self) -> Cursors {
        Cursors::new(self.meta.clone(), self.purpose)
    }

    /// Writes what this directory is, its opening, and these cursors, into another one.
    pub(crate) fn write_meta(
        &self,
        directory: &Path,
        cursors: &[(String, Vec<u8>)],
    ) -> Result<(), OpenError> {
        let (properties, opening) = (&self.meta.properties, self.opening());
        Meta::write_copy(&FileDisk, directory, properties, opening.as_ref(), cursors)
    }

    /// Raises the epoch of a directory that nobody has opened.
    pub(crate) fn raise_epoch_of(directory: &Path, by: u32) -> Result<(), OpenError> {
        Meta::open(&FileDisk, directory, Purpose::Serve)?.raise_epoch(by)
    }

    /// Bytes that may still be written.
    pub fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.disk.space(self.path())?.free_bytes)
    }

    /// Free space below which writes must be refused: as configured, else 2 GiB, but at most 5 %
    /// of the file system.
    pub fn disk_reserve_bytes(&self) -> u64 {
        if let Some(configured) = self.config.disk_reserve_bytes {
            return configured;
        }
        match self.disk.space(self.path()) {
            Ok(space) => DISK_RESERVE_BYTES.min(space.total_bytes / DISK_RESERVE_PARTS),
            Err(_) => DISK_RESERVE_BYTES,
        }
    }
}

fn check_partitions(meta: &Meta, config: &StorageConfig) -> Result<(), OpenError> {
    let (stored, configured) = (meta.properties.partitions, config.partitions);
    if stored == configured {
        return Ok(());
    }
    Err(OpenError::PartitionsDiffer { stored, configured })
}

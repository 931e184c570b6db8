//! One segment: a redb file with a stretch of the log. The newest one is written, the others are
//! opened for reading when somebody wants to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;
use redb::{
    Database, DatabaseError, ReadOnlyDatabase, ReadOnlyTable, ReadableDatabase, ReadableTable,
};

use crate::disk::{self, Disk, Overlay, StorageBackend, Watched};
use crate::error::LogError;
use crate::frame::{self, Checked};
use crate::log::frame_damage;
use crate::tables::{self, FRAMES, PROPERTIES};

/// How files that need a repair are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Repaired, on disk.
    Serve,
    /// Repaired in memory; the disk keeps every byte.
    Verify,
}

/// Facts that tell a segment from one of another directory or place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentLabel {
    pub(crate) identity: uuid::Uuid,
    pub(crate) log_number: u16,
    pub(crate) number: u32,
}

const LABEL: &str = "label";
const LABEL_BYTES: usize = 24;
/// Format of a segment file.
pub(crate) const SEGMENT_FORMAT: u16 = 1;

impl SegmentLabel {
    fn to_bytes(self) -> [u8; LABEL_BYTES] {
        let mut bytes = [0; LABEL_BYTES];
        bytes[..2].copy_from_slice(&SEGMENT_FORMAT.to_le_bytes());
        bytes[2..4].copy_from_slice(&self.log_number.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.number.to_le_bytes());
        bytes[8..].copy_from_slice(self.identity.as_bytes());
        bytes
    }

    fn check(self, path: &Path, found: &[u8]) -> Result<(), LogError> {
        if let Some(&[low, high]) = found.first_chunk::<2>() {
            let format = u16::from_le_bytes([low, high]);
            if format != SEGMENT_FORMAT {
                let (found, known) = (u32::from(format), u32::from(SEGMENT_FORMAT));
                return Err(LogError::UnknownFormat { file: path.to_owned(), found, known });
            }
        }
        if found == self.to_bytes() {
            return Ok(());
        }
        let what = "the segment belongs to another data directory, log or place";
        Err(LogError::damaged(path, 0, what))
    }
}

enum Handle {
    Closed,
    Writing(Database),
    Reading(ReadOnlyDatabase),
    /// Repaired in memory.
    Overlaid(Database),
}

/// The first and last row of a segment.
pub(crate) struct Ends {
    pub(crate) first: Checked,
    pub(crate) last: Checked,
    pub(crate) last_row_bytes: u64,
    pub(crate) last_hash: crate::frame::FrameHash,
}

pub(crate) struct Segment {
    number: u32,
    path: PathBuf,
    /// Sequence of the first record; 0 while the segment is empty.
    first: AtomicU64,
    /// Sequence of the last durable record; 0 while the segment is empty.
    last: AtomicU64,
    handle: RwLock<Handle>,
    /// A write or sync of the file was refused in this process. Closing it tells nobody, and what a reader
    /// sees from then on may not be on the disk: nothing may be written that rests on it.
    is_doubtful: Arc<AtomicBool>,
}

/// Name of a segment's file, in the log's directory.
pub(crate) fn file_name(number: u32) -> String {
    format!("{number:06}.redb")
}

impl Segment {
    /// A segment whose file exists.
    pub(crate) fn existing(directory: &Path, number: u32) -> Self {
        Self {
            number,
            path: directory.join(file_name(number)),
            first: AtomicU64::new(0),
            last: AtomicU64::new(0),
            handle: RwLock::new(Handle::Closed),
            is_doubtful: Arc::default(),
        }
    }

    /// Makes the file of a new segment. It gets its name when it is complete, so that a crash
    /// leaves either no segment or an empty one.
    pub(crate) fn create(
        disk: &dyn Disk,
        directory: &Path,
        label: SegmentLabel,
        cache_bytes: usize,
    ) -> Result<Self, LogError> {
        let segment = Self::existing(directory, label.number);
        let unfinished = disk::unfinished(&segment.path);
        let io = |source| LogError::io(&unfinished, source);
        let redb = |error: redb::Error| LogError::redb(&unfinished, error);
        let backend = segment.watched(disk.backend(&unfinished, true).map_err(io)?);
        // An attempt that failed may have left something.
        backend.set_len(0).map_err(io)?;
        let database = tables::open(backend, cache_bytes).map_err(|e| redb(e.into()))?;
        let write = || -> Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            transaction.open_table(FRAMES)?;
            transaction.open_table(PROPERTIES)?.insert(LABEL, &label.to_bytes()[..])?;
            transaction.commit()?;
            Ok(())
        };
        write().map_err(redb)?;
        disk.rename(&unfinished, &segment.path).map_err(io)?;
        disk.sync_directory(directory).map_err(io)?;
        *segment.handle.write() = Handle::Writing(database);
        Ok(segment)
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// First and last sequence; `None` while the segment is empty.
    pub(crate) fn range(&self) -> Option<(u64, u64)> {
        let last = self.last.load(Ordering::Acquire);
        (last > 0).then(|| (self.first.load(Ordering::Acquire), last))
    }

    /// Says that records up to `last` are durable in it; `first` counts for the first time only.
    pub(crate) fn grow(&self, first: u64, last: u64) {
        if self.first.load(Ordering::Relaxed) == 0 {
            self.first.store(first, Ordering::Release);
        }
        self.last.store(last, Ordering::Release);
    }

    fn watched(&self, backend: Box<dyn StorageBackend>) -> Box<dyn StorageBackend> {
        Box::new(Watched::new(backend, Arc::clone(&self.is_doubtful)))
    }

    /// The file, to be written; refused when only a restart can tell what is on the disk.
    fn backend(&self, disk: &dyn Disk) -> Result<Box<dyn StorageBackend>, LogError> {
        let io = |source| LogError::io(&self.path, source);
        if self.is_doubtful.load(Ordering::Acquire) {
            let what = "a write or sync of it failed; a restart will tell what is on the disk";
            return Err(io(std::io::Error::other(what)));
        }
        Ok(self.watched(disk.backend(&self.path, false).map_err(io)?))
    }

    /// Opens the file for writing; repairs it when it was not closed.
    pub(crate) fn open_for_writing(
        &self,
        disk: &dyn Disk,
        cache_bytes: usize,
    ) -> Result<(), LogError> {
        let mut handle = self.handle.write();
        if !matches!(*handle, Handle::Writing(_)) {
            *handle = Handle::Closed;
            let backend = self.backend(disk)?;
            let database = tables::open(backend, cache_bytes);
            *handle = Handle::Writing(database.map_err(|e| LogError::redb(&self.path, e))?);
        }
        Ok(())
    }

    /// Opens the file for reading unless it is open.
    pub(crate) fn open_for_reading(
        &self,
        disk: &dyn Disk,
        cache_bytes: usize,
        purpose: Purpose,
    ) -> Result<Opened, LogError> {
        let mut handle = self.handle.write();
        if !matches!(*handle, Handle::Closed) {
            return Ok(Opened::Before);
        }
        let io = |source| LogError::io(&self.path, source);
        let redb = |error: DatabaseError| LogError::redb(&self.path, error);
        let read = || disk.backend_to_read(&self.path).map_err(io);
        *handle = match purpose {
            Purpose::Verify => {
                let overlay = Box::new(Overlay::new(read()?).map_err(io)?);
                Handle::Overlaid(tables::open_checked(overlay, cache_bytes).map_err(redb)?)
            }
            Purpose::Serve => match tables::open_to_read(read()?, cache_bytes) {
                Ok(database) => Handle::Reading(database),
                Err(DatabaseError::RepairAborted) => {
                    let backend = self.backend(disk)?;
                    drop(tables::open(backend, cache_bytes).map_err(redb)?);
                    Handle::Reading(tables::open_to_read(read()?, cache_bytes).map_err(redb)?)
                }
                Err(error) => return Err(redb(error)),
            },
        };
        Ok(Opened::Now)
    }

    /// Closes the file; the next reader opens it again. Waits for those who read right now.
    pub(crate) fn close(&self) {
        *self.handle.write() = Handle::Closed;
    }

    /// Closes the file if it is open for reading only.
    pub(crate) fn close_reading(&self) {
        let mut handle = self.handle.write();
        if !matches!(*handle, Handle::Writing(_)) {
            *handle = Handle::Closed;
        }
    }

    /// Runs `write` on the database; the segment must have been opened for writing.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&Database) -> T) -> T {
        match &*self.handle.read() {
            Handle::Writing(database) => write(database),
            _ => panic!("segment {} is written without being open for it", self.number),
        }
    }

    /// Runs `read` in a short read transaction; `None` when the file is closed.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&ReadOnlyTable<u64, &'static [u8]>) -> Result<T, LogError>,
    ) -> Result<Option<T>, LogError> {
        let handle = self.handle.read();
        let database: &dyn BeginRead = match &*handle {
            Handle::Closed => return Ok(None),
            Handle::Writing(database) | Handle::Overlaid(database) => database,
            Handle::Reading(database) => database,
        };
        let found = tables::sound(|| {
            let table = database.transaction()?.open_table(FRAMES)?;
            Ok(read(&table))
        });
        found.map_err(|e: redb::Error| self.redb(e))?.map(Some)
    }

    /// Checks the label; the file must be open.
    pub(crate) fn check_label(&self, label: SegmentLabel) -> Result<(), LogError> {
        let handle = self.handle.read();
        let database: &dyn BeginRead = match &*handle {
            Handle::Closed => panic!("segment {} is asked for its label while closed", self.number),
            Handle::Writing(database) | Handle::Overlaid(database) => database,
            Handle::Reading(database) => database,
        };
        let found = tables::sound(|| -> Result<_, redb::Error> {
            let table = database.transaction()?.open_table(PROPERTIES)?;
            Ok(table.get(LABEL)?.map(|found| found.value().to_vec()))
        });
        match found.map_err(|e| self.redb(e))? {
            Some(found) => label.check(&self.path, &found),
            None => Err(LogError::damaged(&self.path, 0, "the segment has no label")),
        }
    }

    /// First and last frame, checked; `None` when the segment is empty. The file must be open.
    pub(crate) fn ends(&self) -> Result<Option<Ends>, LogError> {
        let found = self.read(|table| {
            let first = table.first().map_err(|e| self.redb(e.into()))?;
            let last = table.last().map_err(|e| self.redb(e.into()))?;
            let (Some((first_key, first)), Some((last_key, last))) = (first, last) else {
                return Ok(None);
            };
            let last = last.value();
            Ok(Some(Ends {
                first: self.check_row(first_key.value(), first.value())?,
                last: self.check_row(last_key.value(), last)?,
                last_row_bytes: last.len() as u64,
                last_hash: frame::FrameHash::of(last),
            }))
        })?;
        Ok(found.flatten())
    }

    /// Checks a row and that it lies under its own first sequence.
    pub(crate) fn check_row(&self, key: u64, row: &[u8]) -> Result<Checked, LogError> {
        let checked = frame::check(row).map_err(|e| frame_damage(&self.path, key, &e))?;
        if checked.first_sequence == key {
            return Ok(checked);
        }
        let what = format!("the row holds the frame of {}", checked.first_sequence);
        Err(LogError::damaged(&self.path, key, what))
    }

    pub(crate) fn redb(&self, error: redb::Error) -> LogError {
        LogError::redb(&self.path, error)
    }
}

/// Whether a file had to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    Before,
    Now,
}

/// Either kind of database, as far as reading goes.
trait BeginRead {
    fn transaction(&self) -> Result<redb::ReadTransaction, redb::Error>;
}

impl<T: ReadableDatabase> BeginRead for T {
    fn transaction(&self) -> Result<redb::ReadTransaction, redb::Error> {
        Ok(self.begin_read()?)
    }
}

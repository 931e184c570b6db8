//! The index of a sealed segment: one redb file, written once, in ascending order.

use std::ops::{Bound, ControlFlow};
use std::path::{Path, PathBuf};

use parking_lot::RwLock;
use redb::{CursorError, DatabaseError, ReadOnlyDatabase, ReadableDatabase};
use uuid::Uuid;

use super::run::Run;
use super::{Place, ROW_BYTES, RowBytes, sequence_of};
use crate::disk;
use crate::error::LogError;
use crate::tables::{self, INDEX_ROWS, PROPERTIES};
use crate::throttle::Throttle;

const LABEL: &str = "label";
const LABEL_BYTES: usize = 40;
const FORMAT: u16 = 2;
/// Rows of one transaction: about a mebibyte, so that no sync is large.
const COMMIT_ROWS: u64 = 1 << 16;

/// A merged index; its file is open while it is in use.
pub(super) struct Merged {
    pub(super) path: PathBuf,
    pub(super) segment: u32,
    /// First and last record covered.
    pub(super) range: (u64, u64),
    handle: RwLock<Option<ReadOnlyDatabase>>,
}

fn label(identity: Uuid, segment: u32, range: (u64, u64)) -> [u8; LABEL_BYTES] {
    let mut bytes = [0; LABEL_BYTES];
    bytes[..2].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[4..8].copy_from_slice(&segment.to_le_bytes());
    bytes[8..24].copy_from_slice(identity.as_bytes());
    bytes[24..32].copy_from_slice(&range.0.to_le_bytes());
    bytes[32..].copy_from_slice(&range.1.to_le_bytes());
    bytes
}

fn redb(path: &Path, error: impl Into<redb::Error>) -> LogError {
    LogError::redb(path, error).in_index()
}

/// Walks several runs as one sorted stream, without repeating a row.
struct Streams<'a> {
    runs: Vec<Stream<'a>>,
}

struct Stream<'a> {
    run: &'a Run,
    next_block: usize,
    block: Vec<u8>,
    row: usize,
}

impl Stream<'_> {
    fn peek(&mut self) -> Result<Option<RowBytes>, LogError> {
        if self.row == self.block.as_chunks::<ROW_BYTES>().0.len() {
            if self.next_block == self.run.blocks() {
                return Ok(None);
            }
            self.block = self.run.block(self.next_block)?;
            self.next_block += 1;
            self.row = 0;
        }
        Ok(self.block.as_chunks().0.get(self.row).copied())
    }
}

impl Streams<'_> {
    fn next(&mut self) -> Result<Option<RowBytes>, LogError> {
        let mut least: Option<(RowBytes, usize)> = None;
        for (index, stream) in self.runs.iter_mut().enumerate() {
            if let Some(row) = stream.peek()?
                && least.is_none_or(|(least, _)| row < least)
            {
                least = Some((row, index));
            }
        }
        Ok(least.map(|(row, index)| {
            self.runs[index].row += 1;
            row
        }))
    }
}

/// Writes the rows of several runs, which cover neighbouring records, as one file.
pub(super) fn write(
    place: &Place,
    segment: u32,
    runs: Vec<&Run>,
    throttle: &mut Throttle,
) -> Result<Merged, LogError> {
    let first = runs.iter().map(|run| run.range.0).min().unwrap_or(1);
    let last = runs.iter().map(|run| run.range.1).max().unwrap_or(0);
    let path = place.directory.join(crate::segment::file_name(segment));
    let unfinished = disk::unfinished(&path);
    let failed = |error: redb::Error| redb(&unfinished, error);
    let backend = place.create(&unfinished)?;
    let database =
        tables::open(backend, place.cache_bytes).map_err(|error| failed(error.into()))?;
    let streams = runs
        .into_iter()
        .map(|run| Stream { run, next_block: 0, block: Vec::new(), row: 0 })
        .collect();
    let mut streams = Streams { runs: streams };
    loop {
        let written = write_rows(&database, &mut streams).map_err(|error| match error {
            MergeError::Log(error) => error,
            MergeError::Redb(error) => failed(error),
        })?;
        throttle.spend(written * ROW_BYTES as u64);
        if written < COMMIT_ROWS {
            break;
        }
    }
    let finish = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        let label = label(place.identity, segment, (first, last));
        transaction.open_table(PROPERTIES)?.insert(LABEL, &label[..])?;
        transaction.commit()?;
        Ok(())
    };
    finish().map_err(failed)?;
    // A file that was not closed could not be opened to be read.
    database.close().map_err(|error| failed(error.into()))?;
    place.disk.rename(&unfinished, &path).map_err(|source| LogError::io(&path, source))?;
    place.sync_directory()?;
    Ok(Merged { path, segment, range: (first, last), handle: RwLock::new(None) })
}

enum MergeError {
    Log(LogError),
    Redb(redb::Error),
}

impl<E: Into<redb::Error>> From<E> for MergeError {
    fn from(error: E) -> Self {
        Self::Redb(error.into())
    }
}

/// Writes the next rows in one transaction and says how many.
fn write_rows(database: &redb::Database, streams: &mut Streams<'_>) -> Result<u64, MergeError> {
    let transaction = database.begin_write()?;
    let mut written = 0;
    {
        let mut table = transaction.open_table(INDEX_ROWS)?;
        let mut cursor = table.upper_bound_mut(Bound::<RowBytes>::Unbounded)?;
        while written < COMMIT_ROWS
            && let Some(row) = streams.next().map_err(MergeError::Log)?
        {
            match cursor.insert_before(row, ()) {
                Ok(()) => written += 1,
                // The same row from two runs.
                Err(CursorError::UnorderedKey) => {}
                Err(error) => return Err(MergeError::Redb(cursor_error(error))),
            }
        }
        cursor.close()?;
    }
    transaction.commit()?;
    Ok(written)
}

fn cursor_error(error: CursorError) -> redb::Error {
    match error {
        CursorError::Storage(error) => error.into(),
        other => redb::Error::Corrupted(other.to_string()),
    }
}

/// Opens a merged index and reads its label.
pub(super) fn open(place: &Place, path: &Path) -> Result<Merged, LogError> {
    let damaged = |what: &str| LogError::IndexDamaged { file: path.to_owned(), what: what.into() };
    let database = open_file(place, path)?;
    let read = || -> Result<Option<Vec<u8>>, redb::Error> {
        let table = database.begin_read()?.open_table(PROPERTIES)?;
        Ok(table.get(LABEL)?.map(|label| label.value().to_vec()))
    };
    let found = read().map_err(|error| redb(path, error))?;
    let Some(found) = found.filter(|found| found.len() == LABEL_BYTES) else {
        return Err(damaged("the label is missing"));
    };
    let number = |at: usize| {
        found.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
    };
    let segment = found.get(4..8).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
    let range = (number(24), number(32));
    if found != label(place.identity, segment, range)
        || path.file_name() != Some(crate::segment::file_name(segment).as_ref())
    {
        return Err(damaged("the file belongs to another data directory or place"));
    }
    Ok(Merged { path: path.to_owned(), segment, range, handle: RwLock::new(None) })
}

/// Opens the file for reading. It was closed before it got its name, so it never needs a repair;
/// one that does is treated as damaged.
fn open_file(place: &Place, path: &Path) -> Result<ReadOnlyDatabase, LogError> {
    let backend = place.disk.backend_to_read(path).map_err(|source| LogError::io(path, source))?;
    tables::open_to_read(backend, place.cache_bytes)
        .map_err(|error: DatabaseError| redb(path, error))
}

impl Merged {
    /// Opens the file unless it is open.
    pub(super) fn open(&self, place: &Place) -> Result<crate::segment::Opened, LogError> {
        let mut handle = self.handle.write();
        if handle.is_some() {
            return Ok(crate::segment::Opened::Before);
        }
        *handle = Some(open_file(place, &self.path)?);
        Ok(crate::segment::Opened::Now)
    }

    /// Closes the file; the next lookup opens it again.
    pub(super) fn close(&self) {
        *self.handle.write() = None;
    }

    /// Like [`Run::lookup`]; `None` when the file is closed.
    pub(super) fn lookup(
        &self,
        low: &RowBytes,
        high: &RowBytes,
        limit: usize,
        found: &mut Vec<u64>,
    ) -> Result<Option<()>, LogError> {
        let handle = self.handle.read();
        let Some(database) = &*handle else { return Ok(None) };
        let mut read = || -> Result<(), redb::Error> {
            let table = database.begin_read()?.open_table(INDEX_ROWS)?;
            for row in table.range(*low..*high)?.rev().take(limit - found.len()) {
                found.push(sequence_of(&row?.0.value()));
            }
            Ok(())
        };
        read().map(Some).map_err(|error| redb(&self.path, error))
    }

    /// Like [`Run::walk`]; `None` when the file is closed.
    pub(super) fn walk(
        &self,
        low: &RowBytes,
        high: &RowBytes,
        row: &mut dyn FnMut(&RowBytes) -> ControlFlow<()>,
    ) -> Result<Option<()>, LogError> {
        let handle = self.handle.read();
        let Some(database) = &*handle else { return Ok(None) };
        let mut read = || -> Result<(), redb::Error> {
            let table = database.begin_read()?.open_table(INDEX_ROWS)?;
            for found in table.range(*low..*high)? {
                if row(&found?.0.value()).is_break() {
                    break;
                }
            }
            Ok(())
        };
        read().map(Some).map_err(|error| redb(&self.path, error))
    }
}

//! The index of a sealed segment: its runs made one, in a file of the same format, so that every
//! block has a checksum here too. It is open while it is in use.

use std::path::{Path, PathBuf};

use parking_lot::RwLock;

use super::run::{self, Run};
use super::{Place, ROW_BYTES, RowBytes};
use crate::error::LogError;
use crate::segment::Opened;
use crate::throttle::Throttle;

/// A merged index; its file is open while it is in use.
pub(super) struct Merged {
    pub(super) path: PathBuf,
    pub(super) segment: u32,
    /// First and last record covered.
    pub(super) range: (u64, u64),
    handle: RwLock<Option<Run>>,
}

/// Name of the file, in the directory of the index.
pub(super) fn name(segment: u32) -> String {
    format!("{segment:06}.merged")
}

/// Walks several runs as one sorted stream. No row is in two of them: a row belongs to a record, and
/// every record to one run.
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

impl Iterator for Streams<'_> {
    type Item = Result<RowBytes, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut least: Option<(RowBytes, usize)> = None;
        for (index, stream) in self.runs.iter_mut().enumerate() {
            match stream.peek() {
                Ok(Some(row)) if least.is_none_or(|(least, _)| row < least) => {
                    least = Some((row, index));
                }
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        let (row, index) = least?;
        self.runs[index].row += 1;
        Some(Ok(row))
    }
}

/// Writes the rows of several runs, which cover neighbouring records, as one file.
pub(super) fn write(
    place: &Place,
    segment: u32,
    runs: &[&Run],
    throttle: &mut Throttle,
) -> Result<Merged, LogError> {
    let first = runs.iter().map(|run| run.range.0).min().unwrap_or(1);
    let last = runs.iter().map(|run| run.range.1).max().unwrap_or(0);
    let count = runs.iter().map(|run| run.rows()).sum();
    let stream = |run| Stream { run, next_block: 0, block: Vec::new(), row: 0 };
    let rows = Streams { runs: runs.iter().copied().map(stream).collect() };
    let label = run::Label { segment, range: (first, last) };
    let written = run::write(place, &name(segment), label, count, rows, throttle)?;
    let Run { path, segment, range, .. } = written;
    Ok(Merged { path, segment, range, handle: RwLock::new(None) })
}

/// Opens a merged index to see what it covers.
pub(super) fn open(place: &Place, path: &Path) -> Result<Merged, LogError> {
    let run = run::open(place, path, |label| name(label.segment))?;
    let (segment, range) = (run.segment, run.range);
    Ok(Merged { path: path.to_owned(), segment, range, handle: RwLock::new(None) })
}

impl Merged {
    /// Opens the file unless it is open.
    pub(super) fn open(&self, place: &Place) -> Result<Opened, LogError> {
        let mut handle = self.handle.write();
        if handle.is_some() {
            return Ok(Opened::Before);
        }
        *handle = Some(run::open(place, &self.path, |label| name(label.segment))?);
        Ok(Opened::Now)
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
        match &*self.handle.read() {
            Some(run) => run.lookup(low, high, limit, found).map(Some),
            None => Ok(None),
        }
    }
}

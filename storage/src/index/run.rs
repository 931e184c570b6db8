//! A run: the sorted rows of a stretch of records, in a plain file; several of them, merged, are one
//! more. The format is documented in
//! `docs/LOG_FORMAT.md`.

use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use uuid::Uuid;

use super::{Place, ROW_BYTES, RowBytes, SYNC_BYTES, sequence_of};
use crate::disk::{self, StorageBackend};
use crate::error::LogError;
use crate::throttle::Throttle;

const MAGIC: [u8; 4] = *b"ONHX";
const FORMAT: u16 = 1;
const HEADER_BYTES: usize = 56;
const BLOCK_ROWS: usize = 256;
const BLOCK_BYTES: usize = BLOCK_ROWS * ROW_BYTES + 4;

/// An open run. The first row of every block is held in memory.
pub(super) struct Run {
    pub(super) path: PathBuf,
    pub(super) segment: u32,
    /// First and last record covered.
    pub(super) range: (u64, u64),
    rows: usize,
    fences: Vec<RowBytes>,
    backend: Box<dyn StorageBackend>,
    /// The block read last, and its number: a lookup reads neighbours.
    last_block: Mutex<Option<(usize, Vec<u8>)>>,
}

/// What a file says about itself.
#[derive(Clone, Copy)]
pub(super) struct Label {
    pub(super) segment: u32,
    /// First and last record covered.
    pub(super) range: (u64, u64),
}

/// Name of a run, in the directory of the index.
pub(super) fn name(label: Label) -> String {
    let Label { segment, range: (first, last) } = label;
    format!("{segment:06}-{first:020}-{last:020}.run")
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut taken = [0; N];
    taken.copy_from_slice(&bytes[at..at + N]);
    taken
}

fn checksummed(bytes: &mut Vec<u8>, from: usize) {
    let checksum = crc32c::crc32c(&bytes[from..]);
    bytes.extend_from_slice(&checksum.to_le_bytes());
}

fn header(identity: Uuid, label: Label, rows: usize) -> Vec<u8> {
    let Label { segment, range } = label;
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes.extend_from_slice(&segment.to_le_bytes());
    bytes.extend_from_slice(identity.as_bytes());
    bytes.extend_from_slice(&range.0.to_le_bytes());
    bytes.extend_from_slice(&range.1.to_le_bytes());
    bytes.extend_from_slice(&(rows as u64).to_le_bytes());
    checksummed(&mut bytes, 0);
    debug_assert_eq!(bytes.len(), HEADER_BYTES);
    bytes
}

/// Writes `count` sorted rows as a run.
pub(super) fn write(
    place: &Place,
    name: &str,
    label: Label,
    count: usize,
    mut rows: impl Iterator<Item = Result<RowBytes, LogError>>,
    throttle: &mut Throttle,
) -> Result<Run, LogError> {
    let path = place.directory.join(name);
    let unfinished = disk::unfinished(&path);
    let io = |source| LogError::io(&unfinished, source);
    let backend = place.create(&unfinished)?;
    let mut pending = header(place.identity, label, count);
    let mut fences = Vec::with_capacity(count.div_ceil(BLOCK_ROWS));
    let (mut offset, mut synced) = (0, 0);
    let mut flush = |pending: &mut Vec<u8>| -> Result<(), LogError> {
        backend.write(offset, pending).map_err(io)?;
        offset += pending.len() as u64;
        if offset - synced >= SYNC_BYTES {
            backend.sync_data().map_err(io)?;
            synced = offset;
        }
        throttle.spend(pending.len() as u64);
        pending.clear();
        Ok(())
    };
    for block in 0..count.div_ceil(BLOCK_ROWS) {
        let start = pending.len();
        for _ in 0..BLOCK_ROWS.min(count - block * BLOCK_ROWS) {
            let row = rows.next().expect("as many rows come as were counted")?;
            if pending.len() == start {
                fences.push(row);
            }
            pending.extend_from_slice(&row);
        }
        checksummed(&mut pending, start);
        if pending.len() >= 16 * BLOCK_BYTES {
            flush(&mut pending)?;
        }
    }
    let start = pending.len();
    fences.iter().for_each(|fence| pending.extend_from_slice(fence));
    checksummed(&mut pending, start);
    flush(&mut pending)?;
    backend.sync_data().map_err(io)?;
    place.disk.rename(&unfinished, &path).map_err(io)?;
    place.sync_directory()?;
    let (Label { segment, range }, last_block) = (label, Mutex::new(None));
    Ok(Run { path, segment, range, rows: count, fences, backend, last_block })
}

/// Opens a run, which must have the name that belongs to its label, and reads its fences.
pub(super) fn open(
    place: &Place,
    path: &Path,
    name: impl Fn(Label) -> String,
) -> Result<Run, LogError> {
    let io = |source| LogError::io(path, source);
    let damaged = |what: &str| LogError::IndexDamaged { file: path.to_owned(), what: what.into() };
    let backend = place.disk.backend_to_read(path).map_err(io)?;
    let length = backend.len().map_err(io)?;
    if length < HEADER_BYTES as u64 {
        return Err(damaged("the file ends in its header"));
    }
    let mut bytes = [0; HEADER_BYTES];
    backend.read(0, &mut bytes).map_err(io)?;
    if bytes[..4] != MAGIC || u16::from_le_bytes(take(&bytes, 4)) != FORMAT {
        return Err(damaged("magic or format are unknown"));
    }
    let checksum = u32::from_le_bytes(take(&bytes, HEADER_BYTES - 4));
    if crc32c::crc32c(&bytes[..HEADER_BYTES - 4]) != checksum {
        return Err(damaged("checksum of the header is wrong"));
    }
    let segment = u32::from_le_bytes(take(&bytes, 8));
    let range = (u64::from_le_bytes(take(&bytes, 28)), u64::from_le_bytes(take(&bytes, 36)));
    let rows = u64::from_le_bytes(take(&bytes, 44));
    if Uuid::from_bytes(take(&bytes, 12)) != place.identity
        || path.file_name() != Some(name(Label { segment, range }).as_ref())
    {
        return Err(damaged("the file belongs to another data directory or place"));
    }
    let blocks = rows.div_ceil(BLOCK_ROWS as u64);
    let row_bytes = ROW_BYTES as u64;
    let fences_at = HEADER_BYTES as u64 + rows * row_bytes + blocks * 4;
    if length != fences_at + blocks * row_bytes + 4 {
        return Err(damaged("the length is wrong"));
    }
    let rows = usize::try_from(rows).map_err(|_| damaged("the file is too large"))?;
    let mut bytes = vec![0; rows.div_ceil(BLOCK_ROWS) * ROW_BYTES + 4];
    backend.read(fences_at, &mut bytes).map_err(io)?;
    let Some(fences) = verified(&bytes) else { return Err(damaged("the fences are damaged")) };
    let fences = fences.as_chunks().0.to_vec();
    let last_block = Mutex::new(None);
    Ok(Run { path: path.to_owned(), segment, range, rows, fences, backend, last_block })
}

/// What stands before the checksum at the end, when it is right.
fn verified(bytes: &[u8]) -> Option<&[u8]> {
    let (body, checksum) = bytes.split_last_chunk::<4>()?;
    (crc32c::crc32c(body) == u32::from_le_bytes(*checksum)).then_some(body)
}

impl Run {
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn blocks(&self) -> usize {
        self.fences.len()
    }

    /// Reads one block, checked.
    pub(super) fn block(&self, number: usize) -> Result<Vec<u8>, LogError> {
        let rows = BLOCK_ROWS.min(self.rows - number * BLOCK_ROWS);
        let mut bytes = vec![0; rows * ROW_BYTES + 4];
        let at = HEADER_BYTES + number * BLOCK_BYTES;
        self.backend
            .read(at as u64, &mut bytes)
            .map_err(|source| LogError::io(&self.path, source))?;
        if verified(&bytes).is_none() {
            let what = format!("checksum of block {number} is wrong");
            return Err(LogError::IndexDamaged { file: self.path.clone(), what });
        }
        bytes.truncate(rows * ROW_BYTES);
        Ok(bytes)
    }

    /// Appends the sequences of rows from `low` on and below `high`, the greatest first, until
    /// there are `limit`.
    pub(super) fn lookup(
        &self,
        low: &RowBytes,
        high: &RowBytes,
        limit: usize,
        found: &mut Vec<u64>,
    ) -> Result<(), LogError> {
        let mut number = self.fences.partition_point(|fence| fence < high);
        while number > 0 && found.len() < limit {
            number -= 1;
            let mut last = self.last_block.lock();
            let block = match last.take() {
                Some((read, block)) if read == number => block,
                _ => self.block(number)?,
            };
            let rows = block.as_chunks::<ROW_BYTES>().0;
            let matching =
                rows.partition_point(|row| row < low)..rows.partition_point(|row| row < high);
            let reaches_before = matching.start == 0;
            let room = limit - found.len();
            found.extend(rows[matching].iter().rev().take(room).map(sequence_of));
            *last = Some((number, block));
            if !reaches_before {
                break;
            }
        }
        Ok(())
    }
}

//! Copying and hashing files slowly.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use super::{BackupError, BackupFile, BackupProgress, FileHash, Going};
use crate::throttle::Throttle;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 256 << 10;
/// A copy syncs whenever it has written this much: one large sync would hold up the commits of a log
/// on the same disk.
const SYNC_BYTES: u64 = 1 << 20;

/// Counts what is written, keeps the rate, and asks whether to go on.
pub(super) struct Pace<'a> {
    throttle: Throttle,
    progress: BackupProgress,
    on_progress: &'a mut dyn FnMut(&BackupProgress) -> Going,
}

impl<'a> Pace<'a> {
    /// 0 bytes a second means unlimited.
    pub(super) fn new(
        bytes_per_second: u64,
        bytes_total: u64,
        on_progress: &'a mut dyn FnMut(&BackupProgress) -> Going,
    ) -> Self {
        let progress = BackupProgress { bytes: 0, bytes_total };
        Self { throttle: Throttle::new(bytes_per_second), progress, on_progress }
    }

    /// Accounts for bytes that were written; may wait.
    pub(super) fn spend(&mut self, bytes: u64) -> Result<(), BackupError> {
        self.progress.bytes += bytes;
        let Self { throttle, progress, on_progress } = self;
        match throttle.spend_asking(bytes, &mut || on_progress(progress)) {
            Going::On => Ok(()),
            Going::Stop => Err(BackupError::Stopped),
        }
    }
}

/// Copies a file that nobody changes any more; the copy is on disk when this returns.
pub(super) fn copy(
    mut from: File,
    to: &Path,
    pace: &mut Pace<'_>,
) -> Result<(u64, FileHash), BackupError> {
    let failed = |error| BackupError::io(to, error);
    let mut out = File::create(to).map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE_BYTES];
    let (mut bytes, mut synced) = (0, 0);
    loop {
        let count = from.read(&mut piece).map_err(failed)?;
        if count == 0 {
            break;
        }
        out.write_all(&piece[..count]).map_err(failed)?;
        hasher.update(&piece[..count]);
        bytes += count as u64;
        if bytes - synced >= SYNC_BYTES {
            out.sync_data().map_err(failed)?;
            synced = bytes;
        }
        pace.spend(count as u64)?;
    }
    out.sync_all().map_err(failed)?;
    Ok((bytes, FileHash(*hasher.finalize().as_bytes())))
}

/// Writes a small file; on disk when this returns.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Describes a file of a backup that is complete.
pub(super) fn describe(directory: &Path, path: String) -> Result<BackupFile, BackupError> {
    let whole = directory.join(&path);
    let failed = |error| BackupError::io(&whole, error);
    let file = File::open(&whole).map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut io::BufReader::with_capacity(PIECE_BYTES, file), &mut hasher);
    let hash = FileHash(*hasher.finalize().as_bytes());
    Ok(BackupFile { path, bytes: bytes.map_err(failed)?, hash })
}

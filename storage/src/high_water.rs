//! `high-water`: how far the log had come, kept apart from it. It is written after each commit and
//! never synced, so it proves nothing by being low; when it lies above the log, the log has lost
//! its tail (restored from a backup, or a disk that lied).

use std::path::PathBuf;

use crate::disk::{Disk, StorageBackend};

const MAGIC: [u8; 4] = *b"ONHW";
const FILE_BYTES: usize = 20;

/// The last record known to have been durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HighWater {
    /// Epoch of the process that committed it.
    pub epoch: u32,
    /// Its sequence.
    pub sequence: u64,
}

impl HighWater {
    pub(crate) fn to_bytes(self) -> [u8; FILE_BYTES] {
        let mut bytes = [0; FILE_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..16]);
        bytes[16..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; FILE_BYTES]) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<4>()?;
        let (magic, body) = body.split_first_chunk::<4>()?;
        let (epoch, sequence) = body.split_first_chunk::<4>()?;
        let whole = crc32c::crc32c(&bytes[..16]) == u32::from_le_bytes(*checksum);
        (*magic == MAGIC && whole).then_some(Self {
            epoch: u32::from_le_bytes(*epoch),
            sequence: u64::from_le_bytes(sequence.try_into().ok()?),
        })
    }
}

/// What the file says; `None` when it is absent, unreadable or torn: it was never synced.
pub(crate) fn read(disk: &dyn Disk, file: &std::path::Path) -> Option<HighWater> {
    let backend = disk.backend_to_read(file).ok()?;
    let mut bytes = [0; FILE_BYTES];
    backend.read(0, &mut bytes).ok()?;
    HighWater::from_bytes(&bytes)
}

/// Keeps the file.
pub(crate) struct HighWaterFile {
    path: PathBuf,
    /// `None` after a failure, which is told once: the records themselves are durable.
    backend: Option<Box<dyn StorageBackend>>,
}

impl HighWaterFile {
    pub(crate) fn open(disk: &dyn Disk, path: PathBuf) -> std::io::Result<Self> {
        let backend = Some(disk.backend(&path, true)?);
        Ok(Self { path, backend })
    }

    pub(crate) fn write(&mut self, high_water: HighWater) {
        let Some(backend) = &self.backend else { return };
        if let Err(error) = backend.write(0, &high_water.to_bytes()) {
            tracing::warn!(file = %self.path.display(), %error,
                "high-water cannot be written; a lost tail would not be noticed");
            self.backend = None;
        }
    }
}

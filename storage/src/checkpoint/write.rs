//! Writing a checkpoint file: beside the installed one, slowly, and installed as a whole.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::format::{
    self, BLOCK_HEADER_BYTES, CHUNK_BYTES, FOOTER_BODY_BYTES, HEADER_BYTES, Header, SYNC_BYTES,
    TAG_CHUNK, TAG_FOOTER,
};
use crate::disk::{self, Disk, StorageBackend};
use crate::throttle::Throttle;

/// The file under its temporary name; removed when it is dropped before it is installed.
struct Unfinished {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    installed: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After an installation there is nothing left under this name. If the removal fails, the
        // next start does it.
        let _ = self.disk.remove(&self.path);
    }
}

/// Takes the entries of one slice.
pub struct CheckpointWriter {
    file: Unfinished,
    backend: Box<dyn StorageBackend>,
    throttle: Throttle,
    block: Vec<u8>,
    blocks: u32,
    offset: u64,
    synced: u64,
    count: u64,
    began: u64,
    highest: u64,
}

impl CheckpointWriter {
    pub(super) fn begin(
        disk: Arc<dyn Disk>,
        installed: PathBuf,
        header: Header,
        bytes_per_second: u64,
    ) -> io::Result<Self> {
        let path = disk::unfinished(&installed);
        let backend = disk.backend(&path, true)?;
        let file = Unfinished { disk, path, installed };
        backend.set_len(0)?;
        backend.write(0, &header.to_bytes())?;
        Ok(Self {
            file,
            backend,
            throttle: Throttle::new(bytes_per_second),
            block: vec![0; BLOCK_HEADER_BYTES],
            blocks: 0,
            offset: HEADER_BYTES as u64,
            synced: 0,
            count: 0,
            began: header.began,
            highest: header.began,
        })
    }

    /// Adds an entry; `sequence` is that of its last change. May wait, to keep the rate.
    pub fn push(&mut self, kind: u8, version: u8, sequence: u64, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "entry above 4 GiB"))?;
        self.block.extend_from_slice(&[kind, version]);
        self.block.extend_from_slice(&sequence.to_le_bytes());
        self.block.extend_from_slice(&length.to_le_bytes());
        self.block.extend_from_slice(payload);
        self.count += 1;
        self.highest = self.highest.max(sequence);
        if self.block.len() >= CHUNK_BYTES {
            self.write_block(TAG_CHUNK)?;
        }
        Ok(())
    }

    /// Changes the rate of what follows; `None` means unlimited.
    pub fn set_rate(&mut self, bytes_per_second: Option<u64>) {
        self.throttle.set_rate(bytes_per_second);
    }

    /// The highest sequence pushed so far, and at least `began`.
    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.offset + (self.block.len() - BLOCK_HEADER_BYTES) as u64
    }

    fn write_block(&mut self, tag: [u8; 4]) -> io::Result<()> {
        format::seal_block(&mut self.block, tag, self.blocks);
        self.backend.write(self.offset, &self.block)?;
        let bytes = self.block.len() as u64;
        self.offset += bytes;
        self.blocks += 1;
        self.block.truncate(BLOCK_HEADER_BYTES);
        if self.offset - self.synced >= SYNC_BYTES {
            // Small syncs: one large one would hold up the commits of the log.
            self.backend.sync_data()?;
            self.synced = self.offset;
        }
        self.throttle.spend(bytes);
        Ok(())
    }

    /// Writes the footer and syncs. The file is complete, and not yet installed.
    pub fn finish(mut self) -> io::Result<FinishedCheckpoint> {
        if self.block.len() > BLOCK_HEADER_BYTES {
            self.write_block(TAG_CHUNK)?;
        }
        self.block.reserve(FOOTER_BODY_BYTES);
        for number in [self.count, self.began, self.highest] {
            self.block.extend_from_slice(&number.to_le_bytes());
        }
        self.write_block(TAG_FOOTER)?;
        self.backend.sync_data()?;
        Ok(FinishedCheckpoint { file: self.file, highest: self.highest, bytes: self.offset })
    }
}

/// A complete checkpoint file beside the installed one.
#[must_use = "a checkpoint that is not installed is removed"]
pub struct FinishedCheckpoint {
    file: Unfinished,
    highest: u64,
    bytes: u64,
}

impl FinishedCheckpoint {
    /// The highest sequence contained.
    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// Length of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Puts the file in the place of the one before, durably. Only when the log is durable up to
    /// [`FinishedCheckpoint::highest`]: a checkpoint must not know what the log does not.
    pub fn install(self) -> io::Result<()> {
        let Unfinished { disk, path, installed } = &self.file;
        disk.rename(path, installed)?;
        match installed.parent() {
            Some(directory) => disk.sync_directory(directory),
            None => Ok(()),
        }
    }
}

//! Reading a checkpoint file, which is small enough to be held in memory.

use std::path::{Path, PathBuf};

use super::CheckpointOwner;
use super::format::{
    BLOCK_HEADER_BYTES, ENTRY_HEADER_BYTES, FOOTER_BODY_BYTES, FORMAT, HEADER_BYTES, Header, MAGIC,
    TAG_CHUNK, TAG_FOOTER, take,
};
use crate::error::LogError;

/// A checkpoint file in memory. Header and footer have been checked; chunks are checked when the
/// entries are walked.
#[derive(Debug)]
pub struct CheckpointFile {
    path: PathBuf,
    bytes: Vec<u8>,
    header: Header,
    count: u64,
    highest: u64,
}

/// One entry of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointEntry<'a> {
    /// What it is; the meaning belongs to the engine.
    pub kind: u8,
    /// Version of its schema; the meaning belongs to the engine.
    pub version: u8,
    /// Sequence of its last change.
    pub sequence: u64,
    /// Its content.
    pub payload: &'a [u8],
}

impl CheckpointFile {
    pub(crate) fn parse(
        path: PathBuf,
        bytes: Vec<u8>,
        owner: &CheckpointOwner,
        slice: u16,
    ) -> Result<Self, LogError> {
        let damaged = |what: &str| LogError::damaged(&path, 0, what);
        let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(damaged("the file ends in its header"));
        };
        if header[..4] != MAGIC {
            return Err(damaged("magic is missing"));
        }
        let format = u16::from_le_bytes(take(header, 4));
        if format != FORMAT {
            let (found, known) = (u32::from(format), u32::from(FORMAT));
            return Err(LogError::UnknownFormat { file: path, found, known });
        }
        let checksum = u32::from_le_bytes(take(header, HEADER_BYTES - 4));
        if crc32c::crc32c(&header[..HEADER_BYTES - 4]) != checksum {
            return Err(damaged("checksum of the header is wrong"));
        }
        let header = Header::from_bytes(header);
        let same = CheckpointOwner { epoch: owner.epoch, ..header.owner };
        if same != *owner || header.slice != slice {
            return Err(damaged("the file belongs to another data directory, log or slice"));
        }
        let footer_at = bytes.len().checked_sub(BLOCK_HEADER_BYTES + FOOTER_BODY_BYTES);
        let Some(at) = footer_at.filter(|at| *at >= HEADER_BYTES) else {
            return Err(damaged("the footer is missing"));
        };
        let (index, length) = (take(&bytes, at + 4), u32::from_le_bytes(take(&bytes, at + 8)));
        let footer = block(&bytes, at, TAG_FOOTER, u32::from_le_bytes(index));
        let footer = footer.filter(|_| length as usize == FOOTER_BODY_BYTES);
        let Some(footer) = footer else { return Err(damaged("the footer is missing")) };
        let [count, began, highest] = [0, 8, 16].map(|at| u64::from_le_bytes(take(footer, at)));
        if began != header.began || highest < began {
            return Err(damaged("header and footer contradict each other"));
        }
        Ok(Self { path, bytes, header, count, highest })
    }

    /// Every change with a sequence up to this one is contained.
    pub fn began(&self) -> u64 {
        self.header.began
    }

    /// The highest sequence of any entry, and at least [`CheckpointFile::began`].
    pub fn highest(&self) -> u64 {
        self.highest
    }

    /// Entries in the file.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Epoch of the process that wrote it.
    pub fn epoch(&self) -> u32 {
        self.header.owner.epoch
    }

    /// Length of the file.
    pub fn bytes_len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The entries, in the order they were pushed. Every chunk is checked before its entries are
    /// given out, and the count at the end; after an error there is nothing more.
    pub fn entries(&self) -> CheckpointEntries<'_> {
        let end = self.bytes.len() - BLOCK_HEADER_BYTES - FOOTER_BODY_BYTES;
        CheckpointEntries {
            path: &self.path,
            bytes: &self.bytes[..end],
            at: HEADER_BYTES,
            index: 0,
            chunk: &[],
            left: self.count,
            blocks: u32::from_le_bytes(take(&self.bytes, end + 4)),
            ended: false,
        }
    }
}

/// The body of the block at `at`, when tag, index, length and checksum are right.
fn block(bytes: &[u8], at: usize, tag: [u8; 4], index: u32) -> Option<&[u8]> {
    let (header, rest) = bytes.get(at..)?.split_first_chunk::<BLOCK_HEADER_BYTES>()?;
    let body = rest.get(..u32::from_le_bytes(take(header, 8)) as usize)?;
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&header[..12]), body);
    let expected = u32::from_le_bytes(take(header, 12));
    (header[..4] == tag && take(header, 4) == index.to_le_bytes() && checksum == expected)
        .then_some(body)
}

/// Walks the entries of a [`CheckpointFile`].
#[derive(Debug)]
pub struct CheckpointEntries<'a> {
    path: &'a Path,
    /// Everything before the footer.
    bytes: &'a [u8],
    at: usize,
    index: u32,
    chunk: &'a [u8],
    left: u64,
    blocks: u32,
    ended: bool,
}

impl<'a> CheckpointEntries<'a> {
    fn advance(&mut self) -> Result<Option<CheckpointEntry<'a>>, String> {
        if self.chunk.is_empty() {
            if self.at == self.bytes.len() {
                if self.index != self.blocks {
                    return Err(format!(
                        "{} chunks stand before footer {}",
                        self.index, self.blocks
                    ));
                }
                return match self.left {
                    0 => Ok(None),
                    entries => Err(format!("{entries} entries are missing")),
                };
            }
            let Some(chunk) = block(self.bytes, self.at, TAG_CHUNK, self.index) else {
                return Err(format!("chunk {} at byte {} is damaged", self.index, self.at));
            };
            self.at += BLOCK_HEADER_BYTES + chunk.len();
            self.index += 1;
            self.chunk = chunk;
        }
        let entry = entry(&mut self.chunk).filter(|_| self.left > 0);
        self.left = self.left.saturating_sub(1);
        match entry {
            Some(entry) => Ok(Some(entry)),
            None => Err(format!("entries do not fill the chunk before byte {}", self.at)),
        }
    }
}

fn entry<'a>(chunk: &mut &'a [u8]) -> Option<CheckpointEntry<'a>> {
    let (header, rest) = chunk.split_first_chunk::<ENTRY_HEADER_BYTES>()?;
    let (payload, rest) = rest.split_at_checked(u32::from_le_bytes(take(header, 10)) as usize)?;
    *chunk = rest;
    Some(CheckpointEntry {
        kind: header[0],
        version: header[1],
        sequence: u64::from_le_bytes(take(header, 2)),
        payload,
    })
}

impl<'a> Iterator for CheckpointEntries<'a> {
    type Item = Result<CheckpointEntry<'a>, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.advance() {
            Ok(Some(entry)) => Some(Ok(entry)),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(what) => {
                self.ended = true;
                Some(Err(LogError::damaged(self.path, 0, what)))
            }
        }
    }
}

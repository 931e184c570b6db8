//! Checkpoints: one plain file per slice of the state, replaced as a whole. The format is
//! documented in `docs/LOG_FORMAT.md`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use uuid::Uuid;

use crate::disk::{Background, Disk};
use crate::error::LogError;
use crate::segment::Purpose;

mod format;
mod read;
mod write;

#[cfg(feature = "faults")]
pub(crate) use format::forge;
pub use read::{CheckpointEntries, CheckpointEntry, CheckpointFile};
pub use write::{CheckpointWriter, FinishedCheckpoint};

/// What ties a file to its data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CheckpointOwner {
    pub(crate) identity: Uuid,
    pub(crate) log_number: u16,
    pub(crate) partitions: u16,
    pub(crate) epoch: u32,
}

/// The checkpoint files of a data directory. Slices are the partitions, and one more for all that
/// belongs to none of them.
#[derive(Clone)]
pub struct CheckpointStore {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    owner: CheckpointOwner,
    bytes_per_second: u64,
    purpose: Purpose,
}

impl CheckpointStore {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        directory: PathBuf,
        owner: CheckpointOwner,
        bytes_per_second: u64,
        purpose: Purpose,
    ) -> Self {
        Self { disk, directory, owner, bytes_per_second, purpose }
    }

    /// Removes what an interrupted checkpoint left behind.
    pub(crate) fn remove_unfinished(&self) -> io::Result<()> {
        for name in self.disk.names(&self.directory)? {
            if name.ends_with(".new") {
                self.disk.remove(&self.directory.join(name))?;
            }
        }
        Ok(())
    }

    pub(crate) fn path(&self, slice: u16) -> PathBuf {
        self.directory.join(format!("{slice:03}.ckp"))
    }

    /// Where reading them ahead may run.
    pub fn background(&self) -> Background {
        self.disk.background()
    }

    /// All slices there are: the partitions, then the one for the rest.
    pub fn slices(&self) -> impl Iterator<Item = u16> + use<> {
        0..=self.owner.partitions
    }

    /// Slices that have an installed file.
    pub fn installed(&self) -> io::Result<Vec<u16>> {
        let names = self.disk.names(&self.directory)?;
        let number = |name: &String| name.strip_suffix(".ckp").and_then(|n| n.parse().ok());
        Ok(names
            .iter()
            .filter_map(number)
            .filter(|slice| *slice <= self.owner.partitions)
            .collect())
    }

    /// Begins a file beside the installed one. `began` promises that every change with a sequence
    /// up to it is contained. One writer per slice at a time.
    pub fn begin(&self, slice: u16, began: u64) -> io::Result<CheckpointWriter> {
        assert!(slice <= self.owner.partitions, "slice {slice} does not exist");
        if self.purpose == Purpose::Verify {
            return Err(io::Error::other(LogError::OpenedToVerify));
        }
        CheckpointWriter::begin(
            self.disk.clone(),
            self.path(slice),
            format::Header { owner: self.owner, slice, began },
            self.bytes_per_second,
        )
    }

    /// Reads the installed file of a slice into memory; `None` when there is none.
    pub fn load(&self, slice: u16) -> Result<Option<CheckpointFile>, LogError> {
        let path = self.path(slice);
        let io = |source| LogError::io(&path, source);
        let backend = match self.disk.backend_to_read(&path) {
            Ok(backend) => backend,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        let length = usize::try_from(backend.len().map_err(io)?)
            .map_err(|_| LogError::damaged(&path, 0, "the file is larger than the memory"))?;
        let mut bytes = vec![0; length];
        backend.read(0, &mut bytes).map_err(io)?;
        CheckpointFile::parse(path, bytes, &self.owner, slice).map(Some)
    }
}

//! Backups: the checkpoints that are installed, the log up to a record, and the cursors, as a data
//! directory of their own. A file that is being written is never copied: frames are read like any
//! reader reads them, and written anew.
//!
//! A backup appears under its name when it is complete and on disk; until then it has another one.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::disk::{Disk, FileDisk, unfinished};
use crate::error::{LogError, OpenError};
use crate::frame::FrameHash;

mod copy;
mod restore;
mod write;

pub use restore::restore_backup;
pub use write::write_backup;

/// What lists the files of a backup; its form belongs to whoever takes the backup.
pub const MANIFEST: &str = "backup.json";
/// Holds the BLAKE3 of the manifest, in hexadecimal digits.
const SEAL: &str = "backup.b3";

/// BLAKE3-256 of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileHash([u8; 32]);

impl FileHash {
    /// The hash of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Reads 64 hexadecimal digits, as [`fmt::Display`] writes them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text.trim()).ok().map(|hash| Self(*hash.as_bytes()))
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFile {
    /// Where it lies, from the backup's directory, with `/`.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its hash.
    pub hash: FileHash,
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupContents {
    /// Identity of the data directory; a restored one has the same.
    pub identity: Uuid,
    /// Number of its log.
    pub log_number: u16,
    /// Its partitions.
    pub partitions: u16,
    /// Epoch of the process that took it, or of the last one that wrote the directory.
    pub epoch: u32,
    /// First record of the log in it.
    pub first: u64,
    /// Last record of the log in it; 0 in an empty log.
    pub sequence: u64,
    /// Hash of the last frame; proves all records before it.
    pub last_hash: FrameHash,
    /// All files but the manifest.
    pub files: Vec<BackupFile>,
}

/// How far a backup or a restoration has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BackupProgress {
    /// Bytes written.
    pub bytes: u64,
    /// Bytes there will be, about.
    pub bytes_total: u64,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// Yes.
    On,
    /// No: what was written is removed.
    Stop,
}

/// Why a backup could not be taken or restored. Nothing is left of the attempt.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The log or a checkpoint could not be read, or the copy not written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The data directory, or the copy of its description, could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is something where it should go.
    #[error("{} exists and is not an empty directory", path.display())]
    Occupied {
        /// The place.
        path: PathBuf,
    },
    /// The backup is not what was written.
    #[error("{}: {what}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// It does not fit.
    #[error(
        "{} has {free} bytes free, the backup takes about {needed} and {reserve} must stay free",
        path.display()
    )]
    NoRoom {
        /// The place.
        path: PathBuf,
        /// Bytes of the backup.
        needed: u64,
        /// Bytes free.
        free: u64,
        /// Bytes that must stay free.
        reserve: u64,
    },
    /// It was told to stop.
    #[error("it was stopped before its end")]
    Stopped,
}

impl BackupError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Log(LogError::io(path, source))
    }

    fn damaged(file: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), what: what.into() }
    }
}

/// A directory under its temporary name; removed when dropped before it is installed.
struct Draft {
    path: PathBuf,
    target: PathBuf,
    is_installed: bool,
}

impl Draft {
    /// Begins beside a target that is absent or an empty directory. What an attempt that was cut short
    /// has left there is removed: it is known by the file it begins with.
    fn begin(target: &Path) -> Result<Self, BackupError> {
        const MARK: &str = "unfinished";
        let disk = FileDisk;
        is_free(target)?;
        let path = unfinished(target);
        let io = |source| BackupError::io(&path, source);
        match std::fs::symlink_metadata(&path) {
            Ok(_) if path.join(MARK).is_file() => std::fs::remove_dir_all(&path).map_err(io)?,
            Ok(_) => return Err(BackupError::Occupied { path }),
            Err(_) => {}
        }
        disk.create_directory(&path).map_err(io)?;
        std::fs::write(path.join(MARK), b"a backup or a restoration that did not end\n")
            .map_err(io)?;
        Ok(Self { path, target: target.to_owned(), is_installed: false })
    }

    /// Gives it its name; durable when this returns.
    fn install(mut self) -> Result<(), BackupError> {
        let disk = FileDisk;
        let io = |source| BackupError::io(&self.target, source);
        disk.remove(&self.path.join("unfinished")).map_err(io)?;
        disk.sync_directory(&self.path).map_err(io)?;
        disk.rename(&self.path, &self.target).map_err(io)?;
        self.is_installed = true;
        let parent = self.target.parent().filter(|parent| !parent.as_os_str().is_empty());
        disk.sync_directory(parent.unwrap_or(Path::new("."))).map_err(io)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_installed {
            // What cannot be removed now is removed by the next attempt.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Whether something may be put there: nothing is there, or an empty directory.
fn is_free(target: &Path) -> Result<(), BackupError> {
    match FileDisk.names(target) {
        Ok(names) if names.is_empty() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(BackupError::Occupied { path: target.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(BackupError::Occupied { path: target.to_owned() })
        }
        Err(error) => Err(BackupError::io(target, error)),
    }
}

/// A complete backup under its temporary name; removed when it is dropped.
#[must_use = "a backup that is not installed is removed"]
pub struct WrittenBackup {
    draft: Draft,
    contents: BackupContents,
}

impl WrittenBackup {
    /// What it holds.
    #[must_use]
    pub fn contents(&self) -> &BackupContents {
        &self.contents
    }

    /// Adds the manifest and gives the backup its name; durable when this returns.
    ///
    /// # Errors
    /// A file could not be written.
    pub fn install(self, manifest: &[u8]) -> Result<(), BackupError> {
        let seal = format!("{}\n", FileHash::of(manifest));
        for (name, bytes) in [(MANIFEST, manifest), (SEAL, seal.as_bytes())] {
            let path = self.draft.path.join(name);
            copy::write_whole(&path, bytes).map_err(|error| BackupError::io(&path, error))?;
        }
        self.draft.install()
    }
}

/// Reads the manifest of a backup, when it is the one that was written.
///
/// # Errors
/// [`BackupError::Damaged`] when there is none, or it was changed.
pub fn read_manifest(backup: &Path) -> Result<Vec<u8>, BackupError> {
    let (path, seal) = (backup.join(MANIFEST), backup.join(SEAL));
    let missing = |path: &Path, error: &io::Error| {
        BackupError::damaged(path, format!("this is no backup, or it is not whole: {error}"))
    };
    let manifest = std::fs::read(&path).map_err(|error| missing(&path, &error))?;
    let seal = std::fs::read_to_string(&seal).map_err(|error| missing(&seal, &error))?;
    if FileHash::parse(&seal) == Some(FileHash::of(&manifest)) {
        return Ok(manifest);
    }
    Err(BackupError::damaged(&path, "it is not the manifest that was written"))
}

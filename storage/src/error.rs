//! What can fail, and in which file.

use std::io;
use std::path::{Path, PathBuf};

/// Why a data directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the directory.
    #[error("the data directory is in use{}", holder(*pid))]
    InUse {
        /// The process that holds it, when the lock file tells.
        pid: Option<u32>,
    },
    /// The directory was written in a format this version does not know.
    #[error("the data directory has format {found}; this version knows format {known}")]
    UnknownFormat {
        /// Format found.
        found: u32,
        /// The newest format this version reads.
        known: u32,
    },
    /// The number of partitions is fixed when a directory is made.
    #[error("the data directory was made with {stored} partitions, {configured} are configured")]
    PartitionsDiffer {
        /// Partitions of the directory.
        stored: u16,
        /// Partitions of the configuration.
        configured: u16,
    },
    /// A file of the directory itself is damaged.
    #[error("{}: {what}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The directory holds something else; nothing was touched.
    #[error("{} is not empty and not a data directory (found {found})", path.display())]
    NotADataDirectory {
        /// The directory.
        path: PathBuf,
        /// One of the entries that do not belong there.
        found: String,
    },
    /// There is no data directory to verify.
    #[error("{} holds no data directory", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" by process {pid}")).unwrap_or_default()
}

impl OpenError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn redb(path: &Path, error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::Io(source) if !is_damage(&source) => Self::io(path, source),
            redb::Error::DatabaseAlreadyOpen => Self::InUse { pid: None },
            other => Self::Damaged { file: path.to_owned(), what: other.to_string() },
        }
    }
}

/// redb says so when a file is not one of its own, or ends too early.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// Why the log, a checkpoint or the index could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The operating system refused, and nothing was being committed.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes on disk are not what was written.
    #[error("{} is damaged at sequence {sequence}: {what}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The sequence in question; 0 when the damage belongs to none.
        sequence: u64,
        /// What is wrong.
        what: String,
    },
    /// A file was written by a newer version.
    #[error("{} has format {found}; this version knows format {known}", file.display())]
    UnknownFormat {
        /// The file.
        file: PathBuf,
        /// Format found.
        found: u32,
        /// The newest format this version reads.
        known: u32,
    },
    /// A commit failed. Its records may or may not be on disk; only a restart can tell.
    #[error("outcome of the commit at sequence {sequence} is unknown, {}: {what}", file.display())]
    OutcomeUnknown {
        /// The file.
        file: PathBuf,
        /// First sequence of the commit.
        sequence: u64,
        /// What redb or the system said.
        what: String,
    },
    /// A commit found the disk full. Its outcome is unknown as well.
    #[error("disk full in the commit at sequence {sequence}: {}", file.display())]
    DiskFull {
        /// The file.
        file: PathBuf,
        /// First sequence of the commit.
        sequence: u64,
    },
    /// An earlier commit failed; this log takes nothing more until it is opened again.
    #[error("the log is latched after a failed commit")]
    Latched,
    /// The directory was opened to be verified; nothing may be written.
    #[error("the data directory was opened to be verified, not to be written")]
    OpenedToVerify,
    /// A file of the index is damaged. It can be deleted and is then built again from the log.
    #[error("index file {} is damaged: {what}; delete it and start again: it is built from the log", file.display())]
    IndexDamaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
}

impl LogError {
    /// Whether the process must stop. Only a damaged index can be lived with: it is rebuilt.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Io { .. }
            | Self::Damaged { .. }
            | Self::UnknownFormat { .. }
            | Self::OutcomeUnknown { .. }
            | Self::DiskFull { .. }
            | Self::Latched
            | Self::OpenedToVerify => true,
            Self::IndexDamaged { .. } => false,
        }
    }

    pub(crate) fn io(file: &Path, source: io::Error) -> Self {
        Self::Io { file: file.to_owned(), source }
    }

    pub(crate) fn damaged(file: &Path, sequence: u64, what: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), sequence, what: what.into() }
    }

    pub(crate) fn redb(file: &Path, error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::Io(source) if !is_damage(&source) => Self::io(file, source),
            other => Self::damaged(file, 0, other.to_string()),
        }
    }

    /// The same for a commit: whatever went wrong, nobody knows what is on disk.
    pub(crate) fn commit(file: &Path, sequence: u64, error: impl Into<redb::Error>) -> Self {
        let error = error.into();
        if let redb::Error::Io(source) = &error
            && matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        {
            return Self::DiskFull { file: file.to_owned(), sequence };
        }
        Self::OutcomeUnknown { file: file.to_owned(), sequence, what: error.to_string() }
    }
}

//! The port to the file system: everything this crate does to a disk goes through [`Disk`], so that
//! tests can lose, tear and refuse any of it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::Bound;
use std::path::{Path, PathBuf};

pub use redb::{BackendError, StorageBackend};
use rustix::fs::{FlockOperation, flock};

use crate::error::OpenError;

#[cfg(feature = "faults")]
pub(crate) mod lossy;
mod overlay;
mod watched;

pub(crate) use overlay::Overlay;
pub(crate) use watched::Watched;

/// Where side jobs (making the next segment's file, closing a sealed one) run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// On a thread of their own, off the path of commits.
    Threads,
    /// At once, where they come up: every run does the same operations in the same order.
    Inline,
}

/// Size of the file system that holds the data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes an unprivileged process may still write.
    pub free_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// An exclusive hold on a data directory; dropping it lets go.
pub trait DiskLock: Send + Sync {}

/// Files and directories, as this crate needs them. Every file, redb or not, is reached through
/// redb's six-function port.
pub trait Disk: Send + Sync + 'static {
    /// Opens a file for reading and writing; `create` makes it when it is absent.
    fn backend(&self, path: &Path, create: bool) -> io::Result<Box<dyn StorageBackend>>;

    /// Opens an existing file for reading only.
    fn backend_to_read(&self, path: &Path) -> io::Result<Box<dyn StorageBackend>>;

    /// Takes the exclusive lock that the file at `path` stands for.
    fn lock(&self, path: &Path) -> Result<Box<dyn DiskLock>, OpenError>;

    /// Gives a file another name, replacing what had it. Durable after [`Disk::sync_directory`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Names in a directory, in ascending order.
    fn names(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Makes a directory and those above it, durably; no error when it exists.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// Makes names that were added, changed or removed in a directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// Space of the file system that holds `path`.
    fn space(&self, path: &Path) -> io::Result<Space>;

    /// Where side jobs run.
    fn background(&self) -> Background {
        Background::Threads
    }
}

/// The real file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileDisk;

struct FileLock(#[expect(dead_code, reason = "held, never read: closing it frees the lock")] File);

impl DiskLock for FileLock {}

fn file_backend(file: File) -> io::Result<Box<dyn StorageBackend>> {
    redb::backends::FileBackend::new(file)
        .map(|backend| Box::new(backend) as Box<dyn StorageBackend>)
        .map_err(io::Error::other)
}

impl Disk for FileDisk {
    fn backend(&self, path: &Path, create: bool) -> io::Result<Box<dyn StorageBackend>> {
        file_backend(
            OpenOptions::new().read(true).write(true).create(create).truncate(false).open(path)?,
        )
    }

    fn backend_to_read(&self, path: &Path) -> io::Result<Box<dyn StorageBackend>> {
        file_backend(File::open(path)?)
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn DiskLock>, OpenError> {
        let failed = |source: io::Error| OpenError::io(path, source);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut text = String::new();
                let read = file.read_to_string(&mut text);
                let pid = read.ok().and_then(|_| text.trim().parse().ok());
                return Err(OpenError::InUse { pid });
            }
            Err(errno) => return Err(failed(errno.into())),
        }
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Box::new(FileLock(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut names = std::fs::read_dir(directory)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort_unstable();
        Ok(names)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        self.create_directory(parent)?;
        std::fs::create_dir(path)?;
        self.sync_directory(parent)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        let space = rustix::fs::statvfs(path)?;
        Ok(Space {
            free_bytes: space.f_bavail.saturating_mul(space.f_frsize),
            total_bytes: space.f_blocks.saturating_mul(space.f_frsize),
        })
    }
}

/// Name a file has until it is complete. A crash may leave one; whoever opens the directory next
/// removes it.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// A backend behind a pointer, for redb, which takes backends by value.
#[derive(Debug)]
pub(crate) struct BoxedBackend(pub(crate) Box<dyn StorageBackend>);

impl StorageBackend for BoxedBackend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}

//! The redb tables and how their files are opened. Key and value types are part of the format.
//!
//! redb trusts its pages once a file is open: one that was damaged makes it panic. Whatever reads or
//! writes a file of redb is therefore done by [`sound`], which calls that panic what it is.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{Builder, Database, DatabaseError, ReadOnlyDatabase, TableDefinition};

use crate::disk::{BoxedBackend, StorageBackend};

/// A segment's frames: first sequence → the frame's row.
pub(crate) const FRAMES: TableDefinition<u64, &[u8]> = TableDefinition::new("frames");
/// Facts about one file: name → little-endian bytes.
pub(crate) const PROPERTIES: TableDefinition<&str, &[u8]> = TableDefinition::new("properties");
/// `meta.redb`: cursor of an outbox sink → opaque bytes.
pub(crate) const CURSORS: TableDefinition<&str, &[u8]> = TableDefinition::new("cursors");

/// Does something with a redb file; a panic means that its pages are not what redb wrote.
pub(crate) fn sound<T, E: From<redb::StorageError>>(
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let what = format!("redb stumbled over it: {}", words(panic.as_ref()));
        Err(redb::StorageError::Corrupted(what).into())
    })
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&str>().copied();
    literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic")
}

/// Opens a redb file for writing, made when empty, repaired when it was not closed.
pub(crate) fn open(
    backend: Box<dyn StorageBackend>,
    cache_bytes: usize,
) -> Result<Database, DatabaseError> {
    let mut builder = Builder::new();
    builder.set_cache_size(cache_bytes);
    sound(|| builder.create_with_backend(BoxedBackend(backend)))
}

/// The same, and reads the whole file to find out whether it is what redb wrote. A repair would go
/// back to the commit before, so this is for a copy: an [`Overlay`](crate::disk::Overlay).
pub(crate) fn open_checked(
    copy: Box<dyn StorageBackend>,
    cache_bytes: usize,
) -> Result<Database, DatabaseError> {
    let mut database = open(copy, cache_bytes)?;
    // What an unclean stop left has been repaired by now; nothing may be left to repair.
    if sound(|| database.check_integrity())? {
        return Ok(database);
    }
    let what = "pages are not what was written".to_owned();
    Err(redb::StorageError::Corrupted(what).into())
}

/// Opens a redb file for reading; `RepairAborted` when it was not closed.
pub(crate) fn open_to_read(
    backend: Box<dyn StorageBackend>,
    cache_bytes: usize,
) -> Result<ReadOnlyDatabase, DatabaseError> {
    let mut builder = Builder::new();
    builder.set_cache_size(cache_bytes);
    sound(|| builder.open_read_only_with_backend(BoxedBackend(backend)))
}

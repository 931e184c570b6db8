//! The redb tables and how their files are opened. Key and value types are part of the format.

use redb::{Builder, Database, DatabaseError, ReadOnlyDatabase, TableDefinition};

use crate::disk::{BoxedBackend, StorageBackend};

/// A segment's frames: first sequence → the frame's row.
pub(crate) const FRAMES: TableDefinition<u64, &[u8]> = TableDefinition::new("frames");
/// Facts about one file: name → little-endian bytes.
pub(crate) const PROPERTIES: TableDefinition<&str, &[u8]> = TableDefinition::new("properties");
/// `meta.redb`: cursor of an outbox sink → opaque bytes.
pub(crate) const CURSORS: TableDefinition<&str, &[u8]> = TableDefinition::new("cursors");
/// A sealed segment's index: kind, key and sequence, big endian, so that bytes sort like numbers.
pub(crate) const INDEX_ROWS: TableDefinition<[u8; 17], ()> = TableDefinition::new("rows");

/// Opens a redb file for writing, made when empty, repaired when it was not closed.
pub(crate) fn open(
    backend: Box<dyn StorageBackend>,
    cache_bytes: usize,
) -> Result<Database, DatabaseError> {
    Builder::new().set_cache_size(cache_bytes).create_with_backend(BoxedBackend(backend))
}

/// The same, and reads the whole file to find out whether it is what redb wrote.
pub(crate) fn open_checked(
    backend: Box<dyn StorageBackend>,
    cache_bytes: usize,
) -> Result<Database, DatabaseError> {
    Builder::new()
        .set_cache_size(cache_bytes)
        .set_check_integrity_on_open(true)
        .create_with_backend(BoxedBackend(backend))
}

/// Opens a redb file for reading; `RepairAborted` when it was not closed.
pub(crate) fn open_to_read(
    backend: Box<dyn StorageBackend>,
    cache_bytes: usize,
) -> Result<ReadOnlyDatabase, DatabaseError> {
    Builder::new().set_cache_size(cache_bytes).open_read_only_with_backend(BoxedBackend(backend))
}

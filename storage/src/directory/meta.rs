//! `meta.redb`: what a data directory is, and how far its sinks have come.

use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, ReadableTable};
use uuid::Uuid;

use crate::disk::{Disk, Overlay};
use crate::error::{LogError, OpenError};
use crate::opening::Opening;
use crate::segment::Purpose;
use crate::tables::{self, CURSORS, PROPERTIES};

/// Format of the directory as a whole.
pub(crate) const DIRECTORY_FORMAT: u32 = 2;
/// There is one log so far.
const LOG_NUMBER: u16 = 1;
pub(super) const FILE: &str = "meta.redb";
pub(super) const FILE_UNFINISHED: &str = "meta.redb.new";
const CACHE_BYTES: usize = 1 << 20;
const OPENING: &str = "opening";

/// What identifies a data directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Properties {
    pub(super) identity: Uuid,
    pub(super) partitions: u16,
    pub(super) log_number: u16,
    pub(super) epoch: u32,
}

/// The open file.
pub(super) struct Meta {
    path: PathBuf,
    database: Database,
    pub(super) properties: Properties,
}

impl Meta {
    /// Makes the file under another name and renames it, so that a directory either has it whole
    /// or is still empty. The first epoch is 0: the first start raises it to 1.
    pub(super) fn create(
        disk: &dyn Disk,
        directory: &Path,
        partitions: u16,
    ) -> Result<(), OpenError> {
        let properties =
            Properties { identity: Uuid::now_v7(), partitions, log_number: LOG_NUMBER, epoch: 0 };
        Self::write_copy(disk, directory, &properties, None, &[])
    }

    /// Makes the file with these properties, this opening and these cursors.
    pub(super) fn write_copy(
        disk: &dyn Disk,
        directory: &Path,
        properties: &Properties,
        opening: Option<&Opening>,
        cursors: &[(String, Vec<u8>)],
    ) -> Result<(), OpenError> {
        let (path, unfinished) = (directory.join(FILE), directory.join(FILE_UNFINISHED));
        let io = |source| OpenError::io(&unfinished, source);
        if disk.names(directory).map_err(io)?.iter().any(|name| name == FILE_UNFINISHED) {
            disk.remove(&unfinished).map_err(io)?;
        }
        let backend = disk.backend(&unfinished, true).map_err(io)?;
        let database =
            tables::open(backend, CACHE_BYTES).map_err(|e| OpenError::redb(&unfinished, e))?;
        write(&database, properties, opening, cursors)
            .map_err(|e| OpenError::redb(&unfinished, e))?;
        drop(database);
        disk.rename(&unfinished, &path).map_err(io)?;
        disk.sync_directory(directory).map_err(io)
    }

    /// Opens the file and checks that it is whole.
    pub(super) fn open(
        disk: &dyn Disk,
        directory: &Path,
        purpose: Purpose,
    ) -> Result<Self, OpenError> {
        let path = directory.join(FILE);
        let io = |source| OpenError::io(&path, source);
        let base = disk.backend_to_read(&path).map_err(io)?;
        if base.len().map_err(io)? == 0 {
            // redb would take an empty file for a new one.
            return Err(OpenError::Damaged { file: path, what: "the file is empty".to_owned() });
        }
        let redb = |error: redb::DatabaseError| OpenError::redb(&path, error);
        let copy = Box::new(Overlay::new(base).map_err(io)?);
        let mut database = tables::open_checked(copy, CACHE_BYTES).map_err(redb)?;
        if purpose == Purpose::Serve {
            let backend = disk.backend(&path, false).map_err(io)?;
            database = tables::open(backend, CACHE_BYTES).map_err(redb)?;
        }
        let properties = read(&database, &path)?;
        Ok(Self { path, database, properties })
    }

    /// Raises the epoch; durable when this returns.
    pub(super) fn raise_epoch(&mut self, by: u32) -> Result<(), OpenError> {
        let mut raised = self.properties;
        raised.epoch = raised.epoch.checked_add(by).ok_or_else(|| OpenError::Damaged {
            file: self.path.clone(),
            what: "epochs are used up".to_owned(),
        })?;
        write(&self.database, &raised, None, &[]).map_err(|e| OpenError::redb(&self.path, e))?;
        self.properties = raised;
        Ok(())
    }

    /// Where the kept log begins; `None`: at its genesis.
    pub(super) fn opening(&self) -> Result<Option<Opening>, OpenError> {
        let redb = |error: redb::Error| OpenError::redb(&self.path, error);
        let transaction = self.database.begin_read().map_err(|e| redb(e.into()))?;
        let table = transaction.open_table(PROPERTIES).map_err(|e| redb(e.into()))?;
        if table.get(OPENING).map_err(|e| redb(e.into()))?.is_none() {
            return Ok(None);
        }
        drop((table, transaction));
        let found = Opening::parse(&property(&self.database, &self.path, OPENING)?);
        found.map(Some).map_err(|found| OpenError::UnknownFormat { found, known: 1 })
    }

    /// Sets it; durable when this returns.
    pub(super) fn put_opening(&self, opening: &Opening) -> Result<(), LogError> {
        let write = || -> Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            transaction.open_table(PROPERTIES)?.insert(OPENING, &opening.to_bytes()[..])?;
            transaction.commit()?;
            Ok(())
        };
        write().map_err(|e| LogError::redb(&self.path, e))
    }

    pub(super) fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>, LogError> {
        let read = || -> Result<Option<Vec<u8>>, redb::Error> {
            let transaction = self.database.begin_read()?;
            let table = transaction.open_table(CURSORS)?;
            Ok(table.get(name)?.map(|value| value.value().to_vec()))
        };
        tables::sound(read).map_err(|e| LogError::redb(&self.path, e))
    }

    pub(super) fn cursors(&self) -> Result<Vec<(String, Vec<u8>)>, LogError> {
        let read = || -> Result<Vec<(String, Vec<u8>)>, redb::Error> {
            let transaction = self.database.begin_read()?;
            let table = transaction.open_table(CURSORS)?;
            let mut cursors = Vec::new();
            for row in table.iter()? {
                let (name, value) = row?;
                cursors.push((name.value().to_owned(), value.value().to_vec()));
            }
            Ok(cursors)
        };
        tables::sound(read).map_err(|e| LogError::redb(&self.path, e))
    }

    pub(super) fn put_cursor(&self, name: &str, value: Option<&[u8]>) -> Result<(), LogError> {
        let write = || -> Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            {
                let mut table = transaction.open_table(CURSORS)?;
                match value {
                    Some(value) => drop(table.insert(name, value)?),
                    None => drop(table.remove(name)?),
                }
            }
            transaction.commit()?;
            Ok(())
        };
        tables::sound(write).map_err(|e| LogError::redb(&self.path, e))
    }
}

/// Writes properties, sets the opening when there is one, and adds cursors.
fn write(
    database: &Database,
    properties: &Properties,
    opening: Option<&Opening>,
    cursors: &[(String, Vec<u8>)],
) -> Result<(), redb::Error> {
    tables::sound(|| {
        let transaction = database.begin_write()?;
        {
            let mut table = transaction.open_table(PROPERTIES)?;
            table.insert("format", &DIRECTORY_FORMAT.to_le_bytes()[..])?;
            table.insert("identity", &properties.identity.as_bytes()[..])?;
            table.insert("partitions", &properties.partitions.to_le_bytes()[..])?;
            table.insert("log", &properties.log_number.to_le_bytes()[..])?;
            table.insert("epoch", &properties.epoch.to_le_bytes()[..])?;
            if let Some(opening) = opening {
                table.insert(OPENING, &opening.to_bytes()[..])?;
            }
            let mut table = transaction.open_table(CURSORS)?;
            for (name, value) in cursors {
                table.insert(name.as_str(), value.as_slice())?;
            }
        }
        transaction.commit()?;
        Ok(())
    })
}

fn read(database: &Database, path: &Path) -> Result<Properties, OpenError> {
    let format = u32::from_le_bytes(property(database, path, "format")?);
    if format != DIRECTORY_FORMAT {
        return Err(OpenError::UnknownFormat { found: format, known: DIRECTORY_FORMAT });
    }
    Ok(Properties {
        identity: Uuid::from_bytes(property(database, path, "identity")?),
        partitions: u16::from_le_bytes(property(database, path, "partitions")?),
        log_number: u16::from_le_bytes(property(database, path, "log")?),
        epoch: u32::from_le_bytes(property(database, path, "epoch")?),
    })
}

fn property<const N: usize>(
    database: &Database,
    path: &Path,
    name: &str,
) -> Result<[u8; N], OpenError> {
    let read = || -> Result<Option<[u8; N]>, redb::Error> {
        let table = database.begin_read()?.open_table(PROPERTIES)?;
        Ok(table.get(name)?.and_then(|found| found.value().try_into().ok()))
    };
    let found = tables::sound(read).map_err(|e| OpenError::redb(path, e))?;
    found.ok_or_else(|| OpenError::Damaged {
        file: path.to_owned(),
        what: format!("property {name} is missing or has another length"),
    })
}

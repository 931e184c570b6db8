//! The manifest of a backup: what it holds, and the hash of each of its files.

use std::path::Path;

use onhand_storage::{
    BackupContents, BackupError, BackupFile, FileHash, MANIFEST, WrittenBackup, read_manifest,
};
use serde::Deserialize;

use crate::exit::{Exit, Stop, exit_of_io, exit_of_log, exit_of_open};
use crate::http::json::Json;

/// Format of the manifest.
const FORMAT: u64 = 1;

/// A manifest as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    format: u64,
    /// The version of onhand that took it.
    pub(crate) version: String,
    /// Identity of the data directory.
    pub(crate) identity: String,
    /// Epoch in which it was taken.
    pub(crate) epoch: u32,
    /// Its partitions.
    pub(crate) partitions: u16,
    /// The last record in it.
    pub(crate) sequence: u64,
    files: Vec<ManifestFile>,
}

#[derive(Debug, Deserialize)]
struct ManifestFile {
    path: String,
    bytes: u64,
    blake3: String,
}

/// Gives a backup its manifest and its name.
///
/// # Errors
/// A file could not be written.
pub(crate) fn install(written: WrittenBackup) -> Result<BackupContents, BackupError> {
    let contents = written.contents().clone();
    let mut json = Json::default();
    json.object(|json| {
        write_members(&contents, json);
        json.array_at("files", |json| {
            for file in &contents.files {
                json.object(|json| {
                    json.text("path", &file.path);
                    json.number("bytes", file.bytes);
                    json.text("blake3", &file.hash.to_string());
                });
            }
        });
    });
    written.install(&json.into_bytes())?;
    Ok(contents)
}

/// Writes what a backup is, without its files.
pub(crate) fn write_members(contents: &BackupContents, json: &mut Json) {
    json.number("format", FORMAT);
    json.text("version", env!("CARGO_PKG_VERSION"));
    json.text("identity", &contents.identity.to_string());
    json.number("log", contents.log_number);
    json.number("partitions", contents.partitions);
    json.number("epoch", contents.epoch);
    json.number("first", contents.first);
    json.number("sequence", contents.sequence);
    json.text("lastHash", &contents.last_hash.to_string());
    json.number("bytes", contents.files.iter().map(|file| file.bytes).sum::<u64>());
}

/// Reads the manifest of a backup.
///
/// # Errors
/// It is missing, was changed, or was written by a newer version.
pub(crate) fn read(directory: &Path) -> Result<(Manifest, Vec<BackupFile>), Stop> {
    let bytes = read_manifest(directory)?;
    let path = directory.join(MANIFEST);
    let broken = |what: &dyn std::fmt::Display| {
        Stop::new(Exit::BackupDamaged, format!("{}: {what}", path.display()))
    };
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| broken(&error))?;
    if manifest.format != FORMAT {
        let what = format!("format {} is unknown to this version", manifest.format);
        return Err(Stop::new(Exit::UnknownFormat, format!("{}: {what}", path.display())));
    }
    let file = |file: &ManifestFile| {
        let hash = FileHash::parse(&file.blake3).ok_or_else(|| broken(&"a hash is none"))?;
        Ok(BackupFile { path: file.path.clone(), bytes: file.bytes, hash })
    };
    let files = manifest.files.iter().map(file).collect::<Result<_, Stop>>()?;
    Ok((manifest, files))
}

impl From<BackupError> for Stop {
    fn from(error: BackupError) -> Self {
        let exit = match &error {
            BackupError::Log(onhand_storage::LogError::Io { source, .. }) => exit_of_io(source),
            BackupError::Log(error) => exit_of_log(error),
            BackupError::Open(error) => exit_of_open(error),
            BackupError::Occupied { .. } => Exit::NotADataDirectory,
            BackupError::Damaged { .. } => Exit::BackupDamaged,
            BackupError::NoRoom { .. } => Exit::DiskFull,
            BackupError::Stopped => Exit::Refused,
        };
        Self::new(exit, error)
    }
}

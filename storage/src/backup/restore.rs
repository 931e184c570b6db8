//! Bringing a backup back.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Component, Path};

use super::copy::{Pace, copy};
use super::{BackupError, BackupFile, BackupProgress, Draft, Going};
use crate::directory::DataDirectory;
use crate::disk::{Disk, FileDisk};

/// Starts that a directory may have had after its last backup.
const EPOCHS_AHEAD: u32 = 1_000;

/// Copies the files of a backup into a place where nothing is, and compares every byte with its hash on
/// the way. The data directory appears whole or not at all.
///
/// # Errors
/// See [`BackupError`]; nothing is left then.
pub fn restore_backup(
    backup: &Path,
    files: &[BackupFile],
    target: &Path,
    on_progress: &mut dyn FnMut(&BackupProgress) -> Going,
) -> Result<(), BackupError> {
    let total = files.iter().map(|file| file.bytes).sum();
    let draft = Draft::begin(target)?;
    let mut pace = Pace::new(0, total, on_progress);
    for name in ["log", "checkpoint", "index"] {
        let path = draft.path.join(name);
        FileDisk.create_directory(&path).map_err(|error| BackupError::io(&path, error))?;
    }
    for file in files {
        bring(backup, file, &draft.path, &mut pace)?;
    }
    // The directory the backup was taken from may have been started again since, and have told others
    // about records of those epochs that the backup lacks: no start of ours may look like one of them.
    DataDirectory::raise_epoch_of(&draft.path, EPOCHS_AHEAD)?;
    let directories: BTreeSet<_> = files.iter().filter_map(directory_of).collect();
    for name in directories {
        let path = draft.path.join(name);
        FileDisk.sync_directory(&path).map_err(|error| BackupError::io(&path, error))?;
    }
    draft.install()
}

/// Where a file lies, from the backup's directory; `None`: in it.
fn directory_of(file: &BackupFile) -> Option<&Path> {
    Path::new(&file.path).parent().filter(|parent| !parent.as_os_str().is_empty())
}

fn bring(
    backup: &Path,
    file: &BackupFile,
    to: &Path,
    pace: &mut Pace<'_>,
) -> Result<(), BackupError> {
    let path = backup.join(&file.path);
    let is_inside = Path::new(&file.path).components().all(|it| matches!(it, Component::Normal(_)));
    if !is_inside || file.path.is_empty() {
        return Err(BackupError::damaged(&path, "the manifest names a file outside of the backup"));
    }
    let opened = File::open(&path);
    let opened = opened.map_err(|error| BackupError::damaged(&path, error.to_string()))?;
    if let Some(name) = directory_of(file) {
        let directory = to.join(name);
        let made = FileDisk.create_directory(&directory);
        made.map_err(|error| BackupError::io(&directory, error))?;
    }
    let (bytes, hash) = copy(opened, &to.join(&file.path), pace)?;
    if (bytes, hash) == (file.bytes, file.hash) {
        return Ok(());
    }
    let what =
        format!("it has {bytes} bytes and hash {hash}, not {} and {}", file.bytes, file.hash);
    Err(BackupError::damaged(&path, what))
}

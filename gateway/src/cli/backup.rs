//! `onhand backup` and `onhand restore`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use onhand_storage::{BackupContents, DataDirectory, Going, restore_backup, write_backup};
use serde_json::json;

use super::ask::is_served;
use super::{Place, chore, progress};
use crate::backup;
use crate::config::Config;
use crate::exit::{Exit, Stop, exit_of_io, exit_of_log, exit_of_open};

/// Flags of `onhand backup`.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// Where it goes: nothing may be there, or an empty directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Flags of `onhand restore`.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// The whole path of a place that may not be there yet.
fn whole(path: &Path) -> Result<PathBuf, Stop> {
    std::path::absolute(path)
        .map_err(|error| Stop::new(exit_of_io(&error), format!("{}: {error}", path.display())))
}

fn say(line: &str) -> Exit {
    // Whoever closed our output has read enough; the exit code still tells.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
    Exit::Good
}

impl Backup {
    /// Takes it: the running server does, or we ourselves on a stopped directory.
    pub(super) fn run(&self) -> Result<Exit, Stop> {
        let config = self.place.config()?;
        let directory = whole(&self.directory)?;
        let bar = progress::bytes(0, "backing up");
        if is_served(config.data()) {
            let body = json!({ "directory": directory.to_string_lossy() });
            let said = chore::run(config.data(), "/v1/admin/backup", &body, &bar)?;
            let line = told(&directory, said["sequence"].as_u64(), said["bytes"].as_u64());
            return Ok(say(&line));
        }
        let contents = take(&config, &directory, &bar)?;
        let bytes = contents.files.iter().map(|file| file.bytes).sum();
        Ok(say(&told(&directory, Some(contents.sequence), Some(bytes))))
    }
}

fn told(directory: &Path, sequence: Option<u64>, bytes: Option<u64>) -> String {
    let (sequence, bytes) = (sequence.unwrap_or_default(), bytes.unwrap_or_default());
    let directory = directory.display();
    format!("{directory}: everything up to record {sequence}, {bytes} bytes")
}

fn take(
    config: &Config,
    directory: &Path,
    bar: &indicatif::ProgressBar,
) -> Result<BackupContents, Stop> {
    let data = DataDirectory::open_to_verify(config.storage())
        .map_err(|error| Stop::new(exit_of_open(&error), error))?;
    let log = data.open_reader().map_err(|error| Stop::new(exit_of_log(&error), error))?;
    let going = &mut |progress: &onhand_storage::BackupProgress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes);
        Going::On
    };
    // Nobody sells from a stopped directory: there is nothing to be slow for.
    let written = write_backup(&data, &log, directory, 0, going)?;
    let contents = backup::install(written)?;
    bar.finish_and_clear();
    Ok(contents)
}

impl Restore {
    /// Brings it back into a place where nothing is.
    pub(super) fn run(&self) -> Result<Exit, Stop> {
        let config = self.place.config()?;
        let (manifest, files) = backup::read(&self.directory)?;
        let data = whole(config.data())?;
        let bar = progress::bytes(files.iter().map(|file| file.bytes).sum(), "restoring");
        let going = &mut |progress: &onhand_storage::BackupProgress| {
            bar.set_position(progress.bytes);
            Going::On
        };
        restore_backup(&self.directory, &files, &data, going)?;
        bar.finish_and_clear();
        let backup::Manifest { version, identity, epoch, sequence, partitions, .. } = manifest;
        Ok(say(&format!(
            "{}: everything up to record {sequence} of {identity} ({partitions} partitions, epoch \
             {epoch}, taken by version {version}); next: onhand verify --data {0}",
            data.display()
        )))
    }
}

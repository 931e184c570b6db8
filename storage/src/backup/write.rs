//! Taking a backup, from a directory that is in use or one that was stopped.

use std::fs::File;
use std::io;
use std::path::Path;

use redb::Durability;

use super::copy::{Pace, copy, describe, write_whole};
use super::{BackupContents, BackupError, BackupFile, BackupProgress, Draft, Going, WrittenBackup};
use crate::checkpoint::CheckpointStore;
use crate::directory::{CHECKPOINT, DataDirectory, OPENING};
use crate::disk::{Disk, FileDisk};
use crate::error::LogError;
use crate::frame::{Frame, FrameHash};
use crate::high_water::HighWater;
use crate::log::FrameCursor;
use crate::read::LogReader;
use crate::segment::{Segment, SegmentLabel, file_name};
use crate::tables::FRAMES;

/// Frames that one commit of the copy holds.
const COMMIT_BYTES: usize = 1 << 20;
/// Room in memory of the file that is being written.
const CACHE_BYTES: usize = 4 << 20;

/// Writes a backup beside `target`, at most so many bytes a second (0: as fast as it goes).
///
/// The state that the log begins with, if its first segments have gone, and checkpoints first, then the log up to what is durable by then: no checkpoint knows more. Nothing
/// here holds up the log: every read is a short one, and files are synced in small pieces.
///
/// # Errors
/// See [`BackupError`]; nothing is left then.
pub fn write_backup(
    directory: &DataDirectory,
    log: &LogReader,
    target: &Path,
    bytes_per_second: u64,
    on_progress: &mut dyn FnMut(&BackupProgress) -> Going,
) -> Result<WrittenBackup, BackupError> {
    super::is_free(target)?;
    // Nothing may go that is still to be copied, nor another opening take the place of this one.
    let _history = directory.hold_history();
    let total = expected_bytes(directory, log)?;
    let draft = Draft::begin(target)?;
    has_room(directory, &draft, total)?;
    let mut pace = Pace::new(bytes_per_second, total, on_progress);
    let mut files = Vec::new();
    // Before the log: a cursor must not know of records that the backup lacks.
    let cursors = directory.cursors().list()?;
    for (name, store) in states(directory) {
        copy_state(&store, &draft.path, &name, &mut pace, &mut files)?;
    }
    let end = copy_log(directory, log, &draft.path, &mut pace, &mut files)?;
    directory.write_meta(&draft.path, &cursors)?;
    files.push(describe(&draft.path, "meta.redb".to_owned())?);
    let high_water = HighWater { epoch: directory.epoch(), sequence: end.sequence };
    let path = draft.path.join("high-water");
    write_whole(&path, &high_water.to_bytes()).map_err(|error| BackupError::io(&path, error))?;
    files.push(describe(&draft.path, "high-water".to_owned())?);
    let contents = BackupContents {
        identity: directory.identity(),
        log_number: directory.log_number(),
        partitions: directory.partitions(),
        epoch: directory.epoch(),
        first: end.first,
        sequence: end.sequence,
        last_hash: end.hash,
        files,
    };
    Ok(WrittenBackup { draft, contents })
}

/// The opening and the checkpoints, each with the directory it lies in.
fn states(directory: &DataDirectory) -> Vec<(String, CheckpointStore)> {
    let opening = directory
        .opening()
        .map(|opening| (format!("{OPENING}/{}", opening.slot.name()), directory.opening_state()));
    let checkpoints = (CHECKPOINT.to_owned(), directory.checkpoints());
    opening.into_iter().chain([checkpoints]).collect()
}

/// Bytes that a backup taken now would have, about.
fn expected_bytes(directory: &DataDirectory, log: &LogReader) -> Result<u64, BackupError> {
    let mut bytes = 0;
    for (_, store) in states(directory) {
        for slice in store.slices() {
            let path = store.path(slice);
            if let Some(file) = open_installed(&path)? {
                bytes += file.metadata().map_err(|error| BackupError::io(&path, error))?.len();
            }
        }
    }
    let durable = log.durable_sequence();
    if durable > 0
        && let Some(frame) = log.frames_from(durable).next_frame()?
    {
        let end = frame.header().offset + frame.bytes().len() as u64;
        bytes += end - directory.opening().map_or(0, |opening| opening.end_offset);
    }
    Ok(bytes)
}

fn has_room(directory: &DataDirectory, draft: &Draft, needed: u64) -> Result<(), BackupError> {
    let space = FileDisk.space(&draft.path).map_err(|error| BackupError::io(&draft.path, error))?;
    let (free, reserve) = (space.free_bytes, directory.disk_reserve_bytes());
    if needed.saturating_add(reserve) <= free {
        return Ok(());
    }
    Err(BackupError::NoRoom { path: draft.target.clone(), needed, free, reserve })
}

fn open_installed(path: &Path) -> Result<Option<File>, BackupError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BackupError::io(path, error)),
    }
}

/// Installed files of a state never change: a newer one takes the name, and leaves us the file we opened. A
/// round of checkpoints that goes on meanwhile gives a mixture of old and new, as a crash in it would.
fn copy_state(
    store: &CheckpointStore,
    to: &Path,
    name: &str,
    pace: &mut Pace<'_>,
    files: &mut Vec<BackupFile>,
) -> Result<(), BackupError> {
    make(&to.join(name))?;
    for slice in store.slices() {
        let Some(file) = open_installed(&store.path(slice))? else { continue };
        let path = format!("{name}/{slice:03}.ckp");
        let (bytes, hash) = copy(file, &to.join(&path), pace)?;
        files.push(BackupFile { path, bytes, hash });
    }
    sync(&to.join(name))
}

/// What the log of a backup is.
struct End {
    first: u64,
    sequence: u64,
    hash: FrameHash,
}

/// Writes the frames up to what is durable now, segment by segment.
fn copy_log(
    directory: &DataDirectory,
    log: &LogReader,
    to: &Path,
    pace: &mut Pace<'_>,
    files: &mut Vec<BackupFile>,
) -> Result<End, BackupError> {
    let path = to.join("log");
    make(&path)?;
    let sequence = log.durable_sequence();
    let first = log.earliest_sequence();
    let genesis = || FrameHash::genesis(directory.identity(), directory.log_number());
    let hash = directory.opening().map_or_else(genesis, |opening| opening.hash);
    let mut end = End { first, sequence, hash };
    let mut frames = log.frames_from(first);
    for (number, from, _) in log.segment_ranges() {
        if from > sequence {
            break;
        }
        let (identity, log_number) = (directory.identity(), directory.log_number());
        let label = SegmentLabel { identity, log_number, number };
        let segment = Segment::create(&FileDisk, &path, label, CACHE_BYTES)?;
        // A segment that was sealed since then has grown; what lies in it belongs to it all the same.
        let until = log.segment_end(number).unwrap_or(sequence).min(sequence);
        copy_segment(&mut frames, &segment, until, pace, &mut end)?;
        segment.close();
        files.push(describe(to, format!("log/{}", file_name(number)))?);
    }
    sync(&path)?;
    Ok(end)
}

fn copy_segment(
    frames: &mut FrameCursor,
    segment: &Segment,
    until: u64,
    pace: &mut Pace<'_>,
    end: &mut End,
) -> Result<(), BackupError> {
    while frames.next_sequence() <= until {
        let mut rows: Vec<Frame> = Vec::new();
        let mut bytes = 0;
        while bytes < COMMIT_BYTES
            && frames.next_sequence() <= until
            && let Some(frame) = frames.next_frame()?
        {
            bytes += frame.bytes().len();
            rows.push(frame);
        }
        let Some(last) = rows.last() else {
            let what = "the log ends before what is durable";
            return Err(LogError::damaged(segment.path(), frames.next_sequence(), what).into());
        };
        end.hash = last.header().hash;
        segment.write(|database| put(database, &rows)).map_err(|error| segment.redb(error))?;
        pace.spend(bytes as u64)?;
    }
    Ok(())
}

fn put(database: &redb::Database, rows: &[Frame]) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut table = transaction.open_table(FRAMES)?;
        for frame in rows {
            table.insert(frame.header().first_sequence, frame.bytes())?;
        }
    }
    transaction.commit()?;
    Ok(())
}

fn make(path: &Path) -> Result<(), BackupError> {
    FileDisk.create_directory(path).map_err(|error| BackupError::io(path, error))
}

fn sync(path: &Path) -> Result<(), BackupError> {
    FileDisk.sync_directory(path).map_err(|error| BackupError::io(path, error))
}

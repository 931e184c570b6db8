//! Records whose content follows from their sequence, so that a test can tell what it reads.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onhand_storage::{
    Background, Committed, DataDirectory, Disk, DiskLock, FileDisk, Log, LogError, LogReader,
    LossyDisk, OpenError, ReadLog, RecordBatch, SegmentedLog, Space, StorageBackend, StorageConfig,
};

/// Small segments and no waiting.
pub(crate) fn config(directory: impl Into<PathBuf>, segment_bytes: u64) -> StorageConfig {
    StorageConfig {
        partitions: 3,
        segment_bytes,
        cache_bytes: 1 << 20,
        checkpoint_bytes_per_second: 0,
        ..StorageConfig::new(directory)
    }
}

/// Payload of a record: its sequence, then a filling that follows from it.
pub(crate) fn payload(sequence: u64, length: usize) -> Vec<u8> {
    let mut payload = sequence.to_le_bytes().to_vec();
    let filling = u8::try_from(sequence % 251).expect("below 251");
    payload.resize(length.max(8), filling);
    payload
}

/// Kind of a record.
pub(crate) fn kind(sequence: u64) -> u8 {
    u8::try_from(sequence % 7).expect("below 7")
}

/// A batch of `count` records of `length` bytes each.
pub(crate) fn batch(first_sequence: u64, count: u64, length: usize) -> RecordBatch {
    let mut batch = RecordBatch::new();
    batch.begin(first_sequence);
    for sequence in first_sequence..first_sequence + count {
        let pushed = batch.push_with(kind(sequence), 1, |bytes| {
            bytes.extend_from_slice(&payload(sequence, length));
        });
        assert_eq!(pushed, Ok(sequence));
    }
    batch
}

/// Commits the next `count` records.
pub(crate) fn append(log: &mut dyn Log, count: u64, length: usize) -> Result<Committed, LogError> {
    let batch = batch(log.next_sequence(), count, length);
    log.commit(&batch)
}

/// Asserts that exactly the records `1..=last` are there, walking and one by one.
pub(crate) fn assert_records(reader: &dyn ReadLog, last: u64) {
    assert_eq!(reader.durable_sequence(), last);
    let mut frames = reader.frames_from(1);
    let mut expected = 1;
    while let Some(frame) = frames.next_frame().expect("the chain holds") {
        for record in frame.records() {
            assert_eq!(record.sequence, expected);
            assert_eq!(record.kind, kind(expected));
            assert_eq!(record.payload, payload(expected, record.payload.len()));
            expected += 1;
        }
    }
    assert_eq!(expected, last + 1, "all records were walked");
    for sequence in [1, last / 3, last / 2, last] {
        let record = reader.record(sequence).expect("readable");
        let is_there = (1..=last).contains(&sequence);
        assert_eq!(record.map(|record| record.sequence), is_there.then_some(sequence));
    }
    assert_eq!(reader.record(last + 1).expect("readable"), None);
}

/// A directory on a disk in memory.
pub(crate) fn open_lossy(disk: &LossyDisk, segment_bytes: u64) -> Result<DataDirectory, String> {
    DataDirectory::open_with(config("/data", segment_bytes), Arc::new(disk.clone()))
        .map_err(|error| error.to_string())
}

/// Directory and log on a disk in memory.
pub(crate) fn open_lossy_log(
    disk: &LossyDisk,
    segment_bytes: u64,
) -> Result<(DataDirectory, SegmentedLog, LogReader), String> {
    let directory = open_lossy(disk, segment_bytes)?;
    let (log, reader) = directory.open_log().map_err(|error| error.to_string())?;
    Ok((directory, log, reader))
}

/// Real files, and nothing that runs beside the test: a copy taken between two commits is what a
/// process killed at that moment would leave.
pub(crate) struct InlineFiles;

impl Disk for InlineFiles {
    fn backend(&self, path: &Path, create: bool) -> io::Result<Box<dyn StorageBackend>> {
        FileDisk.backend(path, create)
    }

    fn backend_to_read(&self, path: &Path) -> io::Result<Box<dyn StorageBackend>> {
        FileDisk.backend_to_read(path)
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn DiskLock>, OpenError> {
        FileDisk.lock(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        FileDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        FileDisk.remove(path)
    }

    fn names(&self, directory: &Path) -> io::Result<Vec<String>> {
        FileDisk.names(directory)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        FileDisk.create_directory(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        FileDisk.sync_directory(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        FileDisk.space(path)
    }

    fn background(&self) -> Background {
        Background::Inline
    }
}

/// Copies a directory as it lies there: what a killed process leaves behind.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("creates");
    for entry in std::fs::read_dir(from).expect("lists") {
        let entry = entry.expect("lists");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("has a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copies");
        }
    }
}

/// All files below a directory with their content, in a stable order.
pub(crate) fn snapshot(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("lists") {
        let entry = entry.expect("lists");
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().expect("has a type").is_dir() {
            let below = snapshot(&entry.path());
            files.extend(below.into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            files.push((name, std::fs::read(entry.path()).expect("reads")));
        }
    }
    files.sort();
    files
}

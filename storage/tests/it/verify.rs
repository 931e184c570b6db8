//! `verify_chain` finds what was changed, by accident or by hand.

use std::path::{Path, PathBuf};

use onhand_storage::{DataDirectory, Log, LogError, verify_chain};
use redb::ReadableDatabase;

use crate::support::{append, config, copy};

const SEGMENT_BYTES: u64 = 8 << 10;
const FRAMES: redb::TableDefinition<u64, &[u8]> = redb::TableDefinition::new("frames");

/// A log of 60 records in 30 frames and a few segments.
fn make(path: &Path) -> onhand_storage::FrameHash {
    let directory = DataDirectory::open(config(path, SEGMENT_BYTES)).expect("opens");
    let (mut log, _reader) = directory.open_log().expect("opens");
    for _ in 0..30 {
        append(&mut log, 2, 500).expect("commits");
    }
    log.last_hash()
}

fn verify(path: &Path) -> Result<onhand_storage::ChainReport, LogError> {
    let directory = DataDirectory::open_to_verify(config(path, SEGMENT_BYTES)).expect("opens");
    verify_chain(&directory, &mut |_| {})
}

fn segment(path: &Path, number: u32) -> PathBuf {
    path.join(format!("log/{number:06}.redb"))
}

fn rows(path: &Path, number: u32) -> Vec<(u64, Vec<u8>)> {
    use redb::ReadableTable;
    let database = redb::Database::open(segment(path, number)).expect("opens");
    let table = database.begin_read().expect("reads").open_table(FRAMES).expect("opens");
    let rows = table.iter().expect("reads");
    rows.map(|row| row.expect("reads")).map(|(k, v)| (k.value(), v.value().to_vec())).collect()
}

fn replace(path: &Path, number: u32, key: u64, row: Option<&[u8]>) {
    let database = redb::Database::open(segment(path, number)).expect("opens");
    let transaction = database.begin_write().expect("writes");
    {
        let mut table = transaction.open_table(FRAMES).expect("opens");
        match row {
            Some(row) => drop(table.insert(key, row).expect("writes")),
            None => drop(table.remove(key).expect("writes")),
        }
    }
    transaction.commit().expect("commits");
}

/// Sets a byte and repairs the frame's checksum, as somebody who knows the format would.
fn forge(row: &[u8], at: usize) -> Vec<u8> {
    let mut row = row.to_vec();
    row[at] ^= 1;
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&row[..68]), &row[72..]);
    row[68..72].copy_from_slice(&checksum.to_le_bytes());
    row
}

#[test]
fn a_whole_log_is_reported() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("data");
    let last_hash = make(&path);
    let directory = DataDirectory::open_to_verify(config(&path, SEGMENT_BYTES)).expect("opens");
    let mut progress = Vec::new();
    let report = verify_chain(&directory, &mut |report| progress.push(*report)).expect("is whole");
    assert_eq!((report.frames, report.records, report.first, report.last), (30, 60, 1, 60));
    assert!(report.segments > 2);
    assert_eq!(report.last_hash, last_hash);
    assert_eq!(progress, [report]);
}

#[test]
fn an_empty_log_is_whole() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("data");
    drop(DataDirectory::open(config(&path, SEGMENT_BYTES)).expect("opens").open_log());
    let report = verify(&path).expect("is whole");
    assert_eq!((report.segments, report.frames, report.first, report.last), (0, 0, 0, 0));
}

#[test]
fn every_edit_of_the_log_is_found() {
    let home = tempfile::tempdir().expect("creates");
    let (whole, path) = (home.path().join("whole"), home.path().join("edited"));
    make(&whole);
    let rows = rows(&whole, 2);
    let (key, row) = &rows[3];
    let (next_key, next_row) = &rows[4];
    type Edit<'a> = &'a dyn Fn();
    let cases: [(&str, u64, Edit<'_>); 8] = [
        ("a byte of a record", *key, &|| {
            let mut row = row.clone();
            row[200] ^= 1;
            replace(&path, 2, *key, Some(&row));
        }),
        ("a byte, with a right checksum", *next_key, &|| {
            replace(&path, 2, *key, Some(&forge(row, 200)));
        }),
        ("the epoch, with a right checksum", *key, &|| {
            replace(&path, 2, *key, Some(&forge(row, 8)));
        }),
        ("the offset, with a right checksum", *key, &|| {
            replace(&path, 2, *key, Some(&forge(row, 25)));
        }),
        ("the log's number, with a right checksum", *key, &|| {
            replace(&path, 2, *key, Some(&forge(row, 6)));
        }),
        ("a frame removed", *key, &|| replace(&path, 2, *key, None)),
        ("a frame twice", *next_key, &|| replace(&path, 2, *next_key, Some(row))),
        ("two frames exchanged", *key, &|| {
            replace(&path, 2, *key, Some(next_row));
            replace(&path, 2, *next_key, Some(row));
        }),
    ];
    for (edit, expected, apply) in cases {
        copy(&whole, &path);
        apply();
        match verify(&path) {
            Err(LogError::Damaged { file, sequence, .. }) => {
                assert_eq!(file, segment(&path, 2), "{edit}");
                assert_eq!(sequence, expected, "{edit}");
            }
            other => panic!("{edit}: {other:?}"),
        }
        std::fs::remove_dir_all(&path).expect("removes");
    }
}

#[test]
fn damage_to_the_first_or_last_frame_of_a_segment_is_found_at_the_start() {
    let home = tempfile::tempdir().expect("creates");
    let (whole, path) = (home.path().join("whole"), home.path().join("edited"));
    make(&whole);
    let rows = rows(&whole, 2);
    for (key, row) in [&rows[0], &rows[rows.len() - 1]] {
        copy(&whole, &path);
        replace(&path, 2, *key, Some(&forge(row, 100)));
        let directory = DataDirectory::open(config(&path, SEGMENT_BYTES)).expect("opens");
        let refused = directory.open_log().map(drop);
        let is_first = *key == rows[0].0;
        // A forged first frame is found by the one after it, which only a walk reads.
        assert_eq!(refused.is_err(), !is_first, "{refused:?}");
        drop(directory);
        assert!(verify(&path).is_err());
        std::fs::remove_dir_all(&path).expect("removes");
    }
}

#[test]
fn bytes_that_rot_in_a_segment_file_are_found() {
    let home = tempfile::tempdir().expect("creates");
    let (whole, path) = (home.path().join("whole"), home.path().join("rotten"));
    make(&whole);
    let file = std::fs::read(segment(&whole, 2)).expect("reads");
    let (_, row) = &rows(&whole, 2)[3];
    let at = file.windows(row.len()).position(|window| window == row).expect("lies in the file");
    for offset in [0, 40, 72, 500, row.len() - 1] {
        copy(&whole, &path);
        let mut rotten = file.clone();
        rotten[at + offset] ^= 0x10;
        std::fs::write(segment(&path, 2), rotten).expect("writes");
        let found = verify(&path);
        assert!(matches!(found, Err(LogError::Damaged { .. })), "byte {offset}: {found:?}");
        std::fs::remove_dir_all(&path).expect("removes");
    }
}

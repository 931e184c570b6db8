//! A backup is the same log and the same checkpoints, and one that was changed is not brought back.

use std::fs;
use std::path::Path;

use onhand_storage::{
    BackupContents, BackupError, DataDirectory, Going, Log, LogReader, SegmentedLog, read_manifest,
    restore_backup, verify_chain, write_backup,
};

use crate::support::{append, assert_records, config, snapshot};

const SEGMENT_BYTES: u64 = 8 << 10;
const MANIFEST: &[u8] = b"{\"any\":\"text\"}";

struct Made {
    directory: DataDirectory,
    log: SegmentedLog,
    reader: LogReader,
}

/// A log of 60 records in a few segments, a checkpoint and a cursor.
fn make(path: &Path) -> Made {
    let directory = DataDirectory::open(config(path, SEGMENT_BYTES)).expect("opens");
    let (mut log, reader) = directory.open_log().expect("opens");
    for _ in 0..30 {
        append(&mut log, 2, 500).expect("commits");
    }
    let mut file = directory.checkpoints().begin(1, 40).expect("begins");
    file.push(7, 1, 50, b"an entry").expect("writes");
    file.finish().expect("finishes").install().expect("installs");
    directory.cursors().put("kafka", b"far").expect("writes");
    Made { directory, log, reader }
}

fn take(made: &Made, target: &Path) -> Result<BackupContents, BackupError> {
    let (directory, reader) = (&made.directory, &made.reader);
    let written = write_backup(directory, reader, target, 0, &mut |_| Going::On)?;
    let contents = written.contents().clone();
    written.install(MANIFEST)?;
    Ok(contents)
}

fn restore(backup: &Path, contents: &BackupContents, to: &Path) -> Result<(), BackupError> {
    restore_backup(backup, &contents.files, to, &mut |_| Going::On)
}

#[test]
fn what_is_restored_is_what_was_there_and_goes_on() {
    let place = tempfile::tempdir().expect("a directory");
    let (data, backup, back) =
        (place.path().join("data"), place.path().join("backup"), place.path().join("back"));
    let mut made = make(&data);
    let contents = take(&made, &backup).expect("is taken");
    assert_eq!((contents.first, contents.sequence), (1, 60));
    assert_eq!(contents.last_hash, made.log.last_hash());
    assert_eq!(read_manifest(&backup).expect("reads"), MANIFEST);
    // What comes later is not in it.
    append(&mut made.log, 2, 500).expect("commits");
    restore(&backup, &contents, &back).expect("is restored");
    assert_eq!(fs::read_dir(place.path()).expect("lists").count(), 3, "nothing is left over");
    {
        let directory = DataDirectory::open_to_verify(config(&back, SEGMENT_BYTES)).expect("opens");
        let report = verify_chain(&directory, &mut |_| {}).expect("the chain holds");
        assert_eq!((report.last, report.last_hash), (60, contents.last_hash));
    }
    let directory = DataDirectory::open(config(&back, SEGMENT_BYTES)).expect("opens");
    assert_eq!(directory.identity(), made.directory.identity());
    assert_eq!(directory.epoch(), made.directory.epoch() + 1_001);
    assert_eq!(directory.cursors().get("kafka").expect("reads").as_deref(), Some(&b"far"[..]));
    let file = directory.checkpoints().load(1).expect("reads").expect("is there");
    assert_eq!((file.began(), file.highest(), file.entries().count()), (40, 50, 1));
    let (mut log, reader) = directory.open_log().expect("opens");
    assert_eq!(log.lost_tail(), None);
    assert_records(&reader, 60);
    append(&mut log, 3, 500).expect("commits");
    assert_records(&reader, 63);
}

/// The log goes on while it is copied; segments are sealed meanwhile.
#[test]
fn a_backup_is_taken_while_the_log_is_written() {
    let place = tempfile::tempdir().expect("a directory");
    let (backup, back) = (place.path().join("backup"), place.path().join("back"));
    let Made { directory, mut log, reader } = make(&place.path().join("data"));
    let mut on_progress = |_: &_| {
        append(&mut log, 5, 700).expect("commits");
        Going::On
    };
    let written = write_backup(&directory, &reader, &backup, 0, &mut on_progress);
    let written = written.expect("is taken");
    let contents = written.contents().clone();
    written.install(MANIFEST).expect("installs");
    assert!(contents.sequence >= 60 && contents.sequence < log.next_sequence() - 1);
    restore(&backup, &contents, &back).expect("is restored");
    let directory = DataDirectory::open(config(&back, SEGMENT_BYTES)).expect("opens");
    let (_log, reader) = directory.open_log().expect("opens");
    let mut frames = reader.frames_from(1);
    while frames.next_frame().expect("the chain holds").is_some() {}
    assert_eq!(frames.next_sequence(), contents.sequence + 1);
}

/// What a log begins with whose first segments have gone is in the backup; while one is being taken, no
/// segment goes.
#[test]
fn a_log_whose_first_segments_have_gone_is_backed_up_with_its_opening() {
    let place = tempfile::tempdir().expect("a directory");
    let (backup, back) = (place.path().join("backup"), place.path().join("back"));
    let made = make(&place.path().join("data"));
    let Made { directory, reader, .. } = &made;
    let (gone, _, last) = reader.segment_ranges()[1];
    let write_state = || {
        let (slot, store) = directory.next_opening_state().expect("is made");
        let mut file = store.begin(3, last).expect("begins");
        file.push(7, 1, last, b"then").expect("writes");
        file.finish().expect("finishes").install().expect("installs");
        slot
    };
    let slot = write_state();
    let held = directory.hold_history();
    assert!(directory.is_history_held());
    assert_eq!(directory.forget_up_to(reader, gone, slot, 9).expect("asks"), None);
    assert_eq!(reader.earliest_sequence(), 1, "all is there as long as it is held");
    drop(held);
    let opening = directory.forget_up_to(reader, gone, slot, 9).expect("goes").expect("goes");
    let mut tried = None;
    let mut on_progress = |_: &_| {
        tried.get_or_insert_with(|| directory.is_history_held());
        Going::On
    };
    let written = write_backup(directory, reader, &backup, 0, &mut on_progress).expect("is taken");
    assert_eq!(tried, Some(true), "nothing goes meanwhile");
    assert!(!directory.is_history_held());
    let contents = written.contents().clone();
    written.install(MANIFEST).expect("installs");
    assert_eq!((contents.first, contents.sequence), (last + 1, 60));
    assert_eq!(contents.last_hash, made.log.last_hash());
    restore(&backup, &contents, &back).expect("is restored");
    let restored = DataDirectory::open(config(&back, SEGMENT_BYTES)).expect("opens");
    assert_eq!(restored.opening(), Some(opening));
    let state = restored.opening_state().load(3).expect("reads").expect("is there");
    assert_eq!((state.began(), state.entries().count()), (last, 1));
    let (mut log, reader) = restored.open_log().expect("opens");
    assert_eq!(reader.earliest_sequence(), last + 1);
    append(&mut log, 1, 10).expect("goes on");
    drop((log, reader));
    let report = verify_chain(&restored, &mut |_| {}).expect("the chain holds");
    assert_eq!((report.first, report.last), (last + 1, 61));
}

#[test]
fn an_empty_log_can_be_backed_up() {
    let place = tempfile::tempdir().expect("a directory");
    let (backup, back) = (place.path().join("backup"), place.path().join("back"));
    let directory =
        DataDirectory::open(config(place.path().join("data"), SEGMENT_BYTES)).expect("opens");
    let (log, reader) = directory.open_log().expect("opens");
    let contents = take(&Made { directory, log, reader }, &backup).expect("is taken");
    assert_eq!(contents.sequence, 0);
    restore(&backup, &contents, &back).expect("is restored");
    let directory = DataDirectory::open(config(&back, SEGMENT_BYTES)).expect("opens");
    let (mut log, _reader) = directory.open_log().expect("opens");
    append(&mut log, 1, 10).expect("commits");
}

#[test]
fn a_backup_with_any_file_changed_cut_or_missing_is_refused() {
    let place = tempfile::tempdir().expect("a directory");
    let (backup, back) = (place.path().join("backup"), place.path().join("back"));
    let contents = take(&make(&place.path().join("data")), &backup).expect("is taken");
    assert!(contents.files.len() >= 5, "{:?}", contents.files);
    let refused = |what: &str| {
        let error = restore(&backup, &contents, &back).expect_err(what);
        assert!(matches!(error, BackupError::Damaged { .. }), "{what}: {error}");
        assert!(
            !back.exists() && fs::read_dir(place.path()).expect("lists").count() == 2,
            "{what}"
        );
    };
    for file in &contents.files {
        let path = backup.join(&file.path);
        let whole = fs::read(&path).expect("reads");
        let mut changed = whole.clone();
        changed[whole.len() / 2] ^= 1;
        fs::write(&path, &changed).expect("writes");
        refused(&format!("{} changed", file.path));
        fs::write(&path, &whole[..whole.len() - 1]).expect("writes");
        refused(&format!("{} cut", file.path));
        fs::remove_file(&path).expect("removes");
        refused(&format!("{} missing", file.path));
        fs::write(&path, &whole).expect("writes");
    }
    restore(&backup, &contents, &back).expect("whole again");
    for name in ["backup.json", "backup.b3"] {
        let path = backup.join(name);
        let whole = fs::read(&path).expect("reads");
        for changed in [&whole[1..], b""] {
            fs::write(&path, changed).expect("writes");
            assert!(matches!(read_manifest(&backup), Err(BackupError::Damaged { .. })), "{name}");
        }
        fs::write(&path, &whole).expect("writes");
    }
    assert!(matches!(read_manifest(&back), Err(BackupError::Damaged { .. })), "no backup at all");
}

#[test]
fn a_manifest_cannot_name_files_outside() {
    let place = tempfile::tempdir().expect("a directory");
    let (backup, back) = (place.path().join("backup"), place.path().join("back"));
    let contents = take(&make(&place.path().join("data")), &backup).expect("is taken");
    for path in ["../data/meta.redb", "/etc/hostname", "", "log/../../x"] {
        let mut files = contents.files.clone();
        files[0].path = path.to_owned();
        let refused = restore_backup(&backup, &files, &back, &mut |_| Going::On);
        assert!(matches!(refused, Err(BackupError::Damaged { .. })), "{path}: {refused:?}");
    }
}

#[test]
fn what_is_there_is_not_touched_and_what_was_stopped_leaves_nothing() {
    let place = tempfile::tempdir().expect("a directory");
    let (backup, back) = (place.path().join("backup"), place.path().join("back"));
    let made = make(&place.path().join("data"));
    fs::create_dir(&backup).expect("makes");
    fs::write(backup.join("letter"), "mine").expect("writes");
    let before = snapshot(&backup);
    let refused = take(&made, &backup);
    assert!(matches!(refused, Err(BackupError::Occupied { .. })), "{refused:?}");
    assert_eq!(snapshot(&backup), before);
    fs::remove_dir_all(&backup).expect("removes");

    for after in [0, 3, 40] {
        let mut left = after;
        let mut on_progress = |_: &_| {
            left -= 1;
            if left < 0 { Going::Stop } else { Going::On }
        };
        let written = write_backup(&made.directory, &made.reader, &backup, 0, &mut on_progress);
        assert!(written.is_err() || after == 40, "stopped after {after}");
        drop(written);
        assert_eq!(fs::read_dir(place.path()).expect("lists").count(), 1, "stopped after {after}");
    }

    // What a process that was killed has left is removed; what is not ours is not.
    let left = place.path().join("backup.new");
    fs::create_dir(&left).expect("makes");
    fs::write(left.join("photo"), "mine").expect("writes");
    assert!(matches!(take(&made, &backup), Err(BackupError::Occupied { .. })));
    fs::write(left.join("unfinished"), "").expect("writes");
    let contents = take(&made, &backup).expect("is taken");
    assert!(!left.exists());
    fs::create_dir(&back).expect("makes");
    restore(&backup, &contents, &back).expect("an empty directory will do");
    let refused = restore(&backup, &contents, &back);
    assert!(matches!(refused, Err(BackupError::Occupied { .. })), "{refused:?}");
}

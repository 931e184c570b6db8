//! The log on real files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use onhand_storage::{DataDirectory, Disk, FileDisk, Log, LogError, LogReader, SegmentedLog};

use crate::support::{InlineFiles, append, assert_records, batch, config, copy};

const SEGMENT_BYTES: u64 = 64 << 10;

struct Opened {
    log: SegmentedLog,
    reader: LogReader,
    directory: DataDirectory,
}

fn open(path: &std::path::Path) -> Opened {
    open_with(path, Arc::new(FileDisk))
}

fn open_with(path: &std::path::Path, disk: Arc<dyn Disk>) -> Opened {
    let directory = DataDirectory::open_with(config(path, SEGMENT_BYTES), disk).expect("opens");
    let (log, reader) = directory.open_log().expect("opens");
    Opened { log, reader, directory }
}

#[test]
fn records_are_found_after_every_restart() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("data");
    let mut last = 0;
    let mut hash = None;
    for (epoch, count, length) in [(1, 1, 8), (2, 7, 100), (3, 1000, 150), (4, 3, 100_000)] {
        let Opened { mut log, reader, directory } = open(&path);
        assert_eq!(directory.epoch(), epoch);
        assert_eq!(hash.unwrap_or(log.last_hash()), log.last_hash());
        assert_records(&reader, last);
        last += count;
        assert_eq!(append(&mut log, count, length).expect("commits").last_sequence, last);
        assert_records(&reader, last);
        assert_eq!(reader.record(last).expect("reads").map(|r| r.epoch), Some(epoch));
        hash = Some(log.last_hash());
    }
}

#[test]
fn segments_follow_each_other_without_a_hole() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("data");
    let Opened { mut log, reader, directory } = open(&path);
    let mut sealed = Vec::new();
    for _ in 0..100 {
        sealed.extend(append(&mut log, 40, 100).expect("commits").sealed);
    }
    assert_eq!(sealed, [1, 2, 3, 4, 5, 6]);
    assert_records(&reader, 4000);
    let ranges = reader.segment_ranges();
    assert_eq!(ranges.len(), 7);
    let mut next = 1;
    for (number, first, last) in &ranges {
        assert_eq!(*first, next);
        assert_eq!(reader.segment_of(*first), Some(*number));
        assert_eq!(reader.segment_of(*last), Some(*number));
        next = last + 1;
    }
    assert_eq!(next, 4001);
    assert_eq!((reader.segment_of(0), reader.segment_of(4001)), (None, None));
    drop((log, directory));
    // Whoever still reads goes on after the writer has closed its files.
    assert_records(&reader, 4000);
    drop(reader);
    let Opened { mut log, reader, .. } = open(&path);
    assert_eq!(reader.segment_ranges(), ranges);
    append(&mut log, 1, 100).expect("commits");
    assert_records(&reader, 4001);
}

#[test]
fn a_walk_back_goes_over_every_record_of_every_segment_once() {
    let home = tempfile::tempdir().expect("creates");
    let Opened { mut log, reader, directory: _directory } = open(&home.path().join("data"));
    for _ in 0..100 {
        append(&mut log, 40, 100).expect("commits");
    }
    assert!(reader.segment_ranges().len() > 3);
    for start in [1, 39, 40, 41, 3_999, 4_000] {
        let (mut next, mut calls) = (start, 0);
        while next > 0 {
            let frames = reader.frames_back(next).expect("reads");
            assert!(!frames.is_empty(), "record {next}");
            for frame in frames {
                let header = frame.header();
                assert!((header.first_sequence..=header.last_sequence()).contains(&next));
                next = header.first_sequence - 1;
            }
            calls += 1;
        }
        assert!(calls <= 7, "{calls} reads for 100 small frames");
    }
    assert!(reader.frames_back(0).expect("reads").is_empty());
    assert!(reader.frames_back(4_001).expect("reads").is_empty());
}

#[test]
fn a_segment_that_was_full_at_the_stop_is_sealed_at_the_start() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("data");
    let mut opened = open(&path);
    let committed = append(&mut opened.log, 1, 100_000).expect("commits");
    assert_eq!(committed.sealed, Some(1));
    drop(opened);
    let mut opened = open(&path);
    append(&mut opened.log, 1, 100).expect("commits");
    assert_eq!(opened.reader.segment_ranges(), [(1, 1, 1), (2, 2, 2)]);
    assert_records(&opened.reader, 2);
}

#[test]
fn a_walk_begins_anywhere_and_goes_on_later() {
    let home = tempfile::tempdir().expect("creates");
    let Opened { mut log, reader, directory: _directory } = open(&home.path().join("data"));
    append(&mut log, 10, 20).expect("commits");
    append(&mut log, 10, 20).expect("commits");
    for (from, first_walked, records) in
        [(0, 1, 20), (1, 1, 20), (5, 5, 16), (11, 11, 10), (20, 20, 1)]
    {
        let mut cursor = reader.frames_from(from);
        let mut walked = Vec::new();
        while let Some(frame) = cursor.next_frame().expect("reads") {
            walked.extend(frame.records().map(|record| record.sequence));
        }
        assert_eq!((walked.first(), walked.len()), (Some(&first_walked), records), "from {from}");
    }
    let mut cursor = reader.frames_from(21);
    assert!(cursor.next_frame().expect("reads").is_none());
    append(&mut log, 1, 60_000).expect("commits");
    append(&mut log, 4, 20_000).expect("commits");
    append(&mut log, 1, 20).expect("commits");
    let mut sequences = Vec::new();
    while let Some(frame) = cursor.next_frame().expect("reads") {
        sequences.push((frame.header().first_sequence, frame.header().last_sequence()));
    }
    assert_eq!(sequences, [(21, 21), (22, 25), (26, 26)]);
    assert_eq!(cursor.next_sequence(), 27);
}

#[test]
fn readers_keep_up_with_a_writer_that_rolls() {
    let home = tempfile::tempdir().expect("creates");
    let Opened { mut log, reader, directory: _directory } = open(&home.path().join("data"));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for seed in 1..=2_u64 {
            let (reader, done) = (reader.clone(), &done);
            scope.spawn(move || {
                let mut cursor = reader.frames_from(1);
                let mut random = seed;
                loop {
                    let is_done = done.load(Ordering::Acquire);
                    while let Some(frame) = cursor.next_frame().expect("reads") {
                        let last = frame.header().last_sequence();
                        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed);
                        let sequence = random % last + 1;
                        let record = reader.record(sequence).expect("reads").expect("is durable");
                        assert_eq!(record.sequence, sequence);
                    }
                    if is_done {
                        break;
                    }
                }
                assert_eq!(cursor.next_sequence(), 6001);
            });
        }
        for _ in 0..300 {
            append(&mut log, 20, 300).expect("commits");
        }
        done.store(true, Ordering::Release);
    });
    assert!(reader.segment_ranges().len() > 20);
}

#[test]
fn a_killed_process_leaves_a_log_that_is_repaired() {
    let home = tempfile::tempdir().expect("creates");
    let (path, killed) = (home.path().join("data"), home.path().join("killed"));
    let mut opened = open_with(&path, Arc::new(InlineFiles));
    for count in [40, 300, 40, 700, 3] {
        append(&mut opened.log, count, 100).expect("commits");
        let last = opened.log.next_sequence() - 1;
        copy(&path, &killed);
        let mut found = open(&killed);
        assert_records(&found.reader, last);
        append(&mut found.log, 1, 100).expect("commits");
        assert_records(&found.reader, last + 1);
        drop(found);
        std::fs::remove_dir_all(&killed).expect("removes");
    }
}

fn refusal(path: &std::path::Path) -> String {
    let directory = DataDirectory::open(config(path, SEGMENT_BYTES)).expect("opens");
    match directory.open_log() {
        Ok(_) => panic!("a damaged log was opened"),
        Err(error) => {
            assert!(error.is_fatal());
            error.to_string()
        }
    }
}

#[test]
fn segments_that_are_missing_exchanged_or_foreign_are_refused() {
    let home = tempfile::tempdir().expect("creates");
    let (whole, other) = (home.path().join("whole"), home.path().join("other"));
    for path in [&whole, &other] {
        let mut opened = open(path);
        for _ in 0..4 {
            append(&mut opened.log, 1, 100_000).expect("commits");
        }
    }
    let segment = |path: &std::path::Path, number: u32| path.join(format!("log/{number:06}.redb"));
    let damaged = home.path().join("damaged");
    type Damage<'a> = &'a dyn Fn();
    let cases: [(&str, Damage<'_>); 4] = [
        ("a segment before this one is missing", &|| {
            std::fs::remove_file(segment(&damaged, 2)).expect("removes");
        }),
        ("belongs to another data directory, log or place", &|| {
            std::fs::copy(segment(&whole, 3), segment(&damaged, 2)).expect("copies");
        }),
        ("belongs to another data directory, log or place", &|| {
            std::fs::copy(segment(&other, 2), segment(&damaged, 2)).expect("copies");
        }),
        ("an empty segment lies before this one", &|| {
            let empty = home.path().join("empty");
            let directory = DataDirectory::open(config(&empty, SEGMENT_BYTES)).expect("opens");
            drop(directory.open_log().expect("opens"));
            // Only the label tells it from one of ours.
            let database = redb::Database::open(segment(&empty, 1)).expect("opens");
            let own = redb::Database::open(segment(&damaged, 2)).expect("opens");
            let label = label(&own);
            drop(own);
            set_label(&database, &label);
            drop(database);
            std::fs::copy(segment(&empty, 1), segment(&damaged, 2)).expect("copies");
        }),
    ];
    for (expected, damage) in cases {
        copy(&whole, &damaged);
        damage();
        let refusal = refusal(&damaged);
        assert!(refusal.contains(expected), "{refusal}");
        std::fs::remove_dir_all(&damaged).expect("removes");
    }
}

const PROPERTIES: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("properties");

fn label(database: &redb::Database) -> Vec<u8> {
    use redb::ReadableDatabase;
    let table = database.begin_read().expect("reads").open_table(PROPERTIES).expect("opens");
    table.get("label").expect("reads").expect("is there").value().to_vec()
}

fn set_label(database: &redb::Database, label: &[u8]) {
    let transaction = database.begin_write().expect("writes");
    transaction.open_table(PROPERTIES).expect("opens").insert("label", label).expect("writes");
    transaction.commit().expect("commits");
}

#[test]
fn a_log_without_its_last_segment_is_known_to_have_lost_its_tail() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("data");
    let mut opened = open(&path);
    for _ in 0..3 {
        append(&mut opened.log, 2, 50_000).expect("commits");
    }
    assert_eq!(opened.log.lost_tail(), None);
    drop(opened);
    for number in [3, 4] {
        let _ = std::fs::remove_file(path.join(format!("log/{number:06}.redb")));
    }
    let mut opened = open(&path);
    assert_eq!(opened.directory.high_water().map(|known| known.sequence), Some(6));
    assert_eq!(opened.log.lost_tail(), Some((4, 6)));
    // The operator accepts the loss; from then on nothing is missing.
    append(&mut opened.log, 1, 8).expect("commits");
    drop(opened);
    assert_eq!(open(&path).log.lost_tail(), None);
}

#[test]
fn a_batch_that_is_not_next_is_a_defect() {
    let home = tempfile::tempdir().expect("creates");
    let mut opened = open(&home.path().join("data"));
    append(&mut opened.log, 2, 8).expect("commits");
    let commit = |log: &mut SegmentedLog, first| {
        let batch = batch(first, 1, 8);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(log.commit(&batch)))).is_err()
    };
    assert!(commit(&mut opened.log, 2) && commit(&mut opened.log, 4));
    assert!(!commit(&mut opened.log, 3));
}

#[test]
fn a_directory_opened_to_verify_gives_no_log_to_write() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("data");
    drop(open(&path));
    let directory = DataDirectory::open_to_verify(config(&path, SEGMENT_BYTES)).expect("opens");
    assert!(matches!(directory.open_log(), Err(LogError::OpenedToVerify)));
}

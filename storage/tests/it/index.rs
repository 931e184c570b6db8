//! The index against a plain list, with crashes, damage and gaps.

use std::path::Path;

use onhand_storage::{IndexReader, IndexRow, IndexStore, LogError, LossyDisk, Survival};

use crate::crash::survivals;
use crate::support::{append, open_lossy, open_lossy_log};

/// Rows of a record: what a defined but irregular index would have.
fn rows_of(sequence: u64) -> Vec<IndexRow> {
    let mixed = sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let row = |kind, key| IndexRow { kind, key, sequence };
    match sequence % 4 {
        0 => vec![row(1, mixed % 50)],
        1 => vec![row(1, mixed % 50), row(2, u64::MAX - mixed % 3)],
        2 => vec![row(2, 7), row(0, 0), row(255, u64::MAX)],
        _ => vec![],
    }
}

fn rows(first: u64, last: u64) -> Vec<IndexRow> {
    // Not in any order that would suit the index.
    (first..=last).rev().flat_map(rows_of).collect()
}

fn expected(covered: u64, kind: u8, key: u64, before: u64, limit: usize) -> Vec<u64> {
    (1..=covered.min(before.saturating_sub(1)))
        .rev()
        .filter(|sequence| rows_of(*sequence).iter().any(|row| (row.kind, row.key) == (kind, key)))
        .take(limit)
        .collect()
}

fn assert_lookups(reader: &IndexReader, covered: u64) {
    let keys =
        [(1, 0), (1, 7), (1, 49), (1, 50), (2, 7), (2, u64::MAX), (0, 0), (255, u64::MAX), (3, 1)];
    for (kind, key) in keys {
        for before in [0, 1, 2, 300, covered / 2, covered, covered + 1, u64::MAX] {
            for limit in [0, 1, 3, 1000, usize::MAX] {
                assert_eq!(
                    reader.lookup(kind, key, before, limit).expect("reads"),
                    expected(covered, kind, key, before, limit),
                    "kind {kind}, key {key}, before {before}, limit {limit}"
                );
            }
        }
    }
}

/// Runs as an engine would make them: segment, first, last.
const RUNS: [(u32, u64, u64); 6] =
    [(1, 1, 600), (1, 601, 601), (1, 602, 1500), (2, 1501, 1503), (2, 1504, 2200), (3, 2201, 2600)];

fn build(index: &mut IndexStore) -> Result<(), LogError> {
    for (segment, first, last) in RUNS {
        if first == index.covered_to() + 1 {
            index.append_run(segment, first, last, rows(first, last))?;
        }
        if last == 2200 {
            index.merge(1)?;
        }
    }
    index.merge(2)
}

fn open(disk: &LossyDisk) -> IndexStore {
    let directory = open_lossy(disk, 1 << 20).expect("opens");
    directory.index().expect("opens")
}

fn names(disk: &LossyDisk) -> Vec<String> {
    disk.paths()
        .iter()
        .filter_map(|path| path.strip_prefix("/data/index").ok())
        .map(|path| path.to_string_lossy().into_owned())
        .collect()
}

#[test]
fn rows_are_found_in_runs_and_in_merged_files() {
    let disk = LossyDisk::new();
    let mut index = open(&disk);
    let reader = index.reader();
    assert_eq!(index.covered_to(), 0);
    assert_lookups(&reader, 0);
    for (segment, first, last) in RUNS {
        index.append_run(segment, first, last, rows(first, last)).expect("writes");
        assert_eq!(index.covered_to(), last);
        assert_lookups(&reader, last);
    }
    assert_eq!(names(&disk).len(), 6);
    for segment in [1, 3, 2, 2, 4] {
        index.merge(segment).expect("merges");
        assert_eq!(index.covered_to(), 2600);
        assert_lookups(&reader, 2600);
    }
    assert_eq!(names(&disk), ["000001.merged", "000002.merged", "000003.merged"]);
    drop(index);
    disk.restart(Survival::Synced);
    let index = open(&disk);
    assert_eq!(index.covered_to(), 2600);
    assert_lookups(&index.reader(), 2600);
}

#[test]
fn a_run_may_be_empty_and_rows_may_repeat() {
    let disk = LossyDisk::new();
    let mut index = open(&disk);
    let row = |sequence| IndexRow { kind: 1, key: 2, sequence };
    index.append_run(1, 1, 10, vec![]).expect("writes");
    index.append_run(1, 11, 20, vec![row(12), row(11), row(12)]).expect("writes");
    for merge in [false, true] {
        if merge {
            index.merge(1).expect("merges");
        }
        assert_eq!(index.covered_to(), 20);
        assert_eq!(index.reader().lookup(1, 2, 100, 10).expect("reads"), [12, 11]);
    }
}

#[test]
fn many_merged_files_are_opened_in_turn() {
    let disk = LossyDisk::new();
    let mut index = open(&disk);
    for segment in 1..=40 {
        let first = u64::from(segment - 1) * 10 + 1;
        index.append_run(segment, first, first + 9, rows(first, first + 9)).expect("writes");
        index.merge(segment).expect("merges");
    }
    assert_lookups(&index.reader(), 400);
}

#[test]
fn a_deleted_file_lowers_what_is_covered_and_can_be_built_again() {
    for (deleted, covered) in [
        ("000001.merged", 0),
        ("000002.merged", 1500),
        ("000003-00000000000000002201-00000000000000002600.run", 2200),
    ] {
        let disk = LossyDisk::new();
        build(&mut open(&disk)).expect("builds");
        let path = Path::new("/data/index").join(deleted);
        onhand_storage::Disk::remove(&disk, &path).expect("deletes");
        disk.restart(Survival::All);
        let mut index = open(&disk);
        assert_eq!(index.covered_to(), covered, "without {deleted}");
        build(&mut index).expect("builds");
        assert_eq!(index.covered_to(), 2600, "without {deleted}");
        assert_lookups(&index.reader(), 2600);
    }
}

#[test]
fn damage_is_found_at_the_start_or_when_it_is_read() {
    let disk = LossyDisk::new();
    let mut index = open(&disk);
    index.append_run(1, 1, 300, rows(1, 300)).expect("writes");
    drop(index);
    let path = Path::new("/data/index/000001-00000000000000000001-00000000000000000300.run");
    let whole = disk.contents(path).expect("reads");
    for byte in 0..whole.len() {
        disk.restart(Survival::All);
        let index = open(&disk);
        if byte > 0 && index.covered_to() == 0 {
            // The file was removed; put it back for the next byte.
            drop(index);
            let mut index = open_again(&disk);
            index.append_run(1, 1, 300, rows(1, 300)).expect("writes");
        }
        disk.restart(Survival::All);
        let mut damaged = whole.clone();
        damaged[byte] ^= 0x20;
        disk.set_contents(path, damaged);
        let index = open_again(&disk);
        let reader = index.reader();
        let rows = [(0, 0), (1, 0), (1, 30), (2, 7), (2, u64::MAX), (255, u64::MAX)];
        let found = rows.map(|(kind, key)| reader.lookup(kind, key, u64::MAX, usize::MAX));
        let is_named = found.iter().any(|found| {
            matches!(found, Err(error @ LogError::IndexDamaged { .. }) if !error.is_fatal())
        });
        assert!(index.covered_to() == 0 || is_named, "byte {byte}");
    }
}

fn open_again(disk: &LossyDisk) -> IndexStore {
    disk.restart(Survival::All);
    open(disk)
}

#[test]
fn a_damaged_merged_file_is_removed() {
    let disk = LossyDisk::new();
    build(&mut open(&disk)).expect("builds");
    let path = Path::new("/data/index/000001.merged");
    disk.set_contents(path, vec![0; 4096]);
    let index = open_again(&disk);
    assert_eq!(index.covered_to(), 0);
    assert!(disk.contents(path).is_err());
}

#[test]
fn rows_of_a_lost_tail_are_dropped() {
    let disk = LossyDisk::new();
    let (directory, mut log, reader) = open_lossy_log(&disk, 1 << 20).expect("opens");
    append(&mut log, 1600, 8).expect("commits");
    // Rows up to 2600 were written, of which the log has 1600.
    build(&mut directory.index().expect("opens")).expect("builds");
    let index = directory.index().expect("opens");
    assert_eq!(index.covered_to(), 1500);
    assert_lookups(&index.reader(), 1500);
    drop((log, reader));
}

#[test]
fn a_crash_at_any_operation_leaves_an_index_that_is_right_as_far_as_it_goes() {
    let disk = LossyDisk::new();
    drop(open(&disk));
    let start = disk.operations();
    build(&mut open(&disk)).expect("builds");
    let operations = disk.operations() - start;
    for operation in 1..=operations {
        for survival in survivals(operation) {
            let disk = LossyDisk::new();
            drop(open(&disk));
            disk.crash_at(start + operation);
            if let Ok(directory) = open_lossy(&disk, 1 << 20)
                && let Ok(mut index) = directory.index()
            {
                let _ = build(&mut index);
            }
            assert!(disk.is_off(), "the crash at {operation} came");
            disk.restart(survival);
            let mut index = open(&disk);
            let covered = index.covered_to();
            let ends = RUNS.map(|(_, _, last)| last);
            let place = format!("{survival:?} at {operation}: covered to {covered}");
            assert!(covered == 0 || ends.contains(&covered), "{place}");
            for (kind, key) in [(1, 7), (2, 7), (255, u64::MAX)] {
                let found = index.reader().lookup(kind, key, u64::MAX, usize::MAX);
                let found = found.unwrap_or_else(|error| panic!("{place}: {error}"));
                let below: Vec<_> = found.into_iter().filter(|found| *found <= covered).collect();
                assert_eq!(below, expected(covered, kind, key, u64::MAX, usize::MAX), "{place}");
            }
            build(&mut index).unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_eq!(index.covered_to(), 2600, "{place}");
        }
    }
}

#[test]
#[should_panic(expected = "a run follows what is covered")]
fn a_gap_between_runs_is_a_defect() {
    let _ = open(&LossyDisk::new()).append_run(1, 2, 3, vec![]);
}

#[test]
#[should_panic(expected = "rows belong to the records of their run")]
fn a_row_of_another_record_is_a_defect() {
    let _ = open(&LossyDisk::new()).append_run(1, 1, 3, rows(4, 9));
}

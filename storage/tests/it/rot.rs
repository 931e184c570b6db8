//! A bit that flips in any file is found and named, or it changes nothing: what is served is what was
//! written. Index and high-water say nothing instead; the first is built again, the second is only a
//! second witness.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onhand_storage::{
    DataDirectory, IndexRow, LogError, LossyDisk, OpenError, Survival, verify_chain,
};

use crate::support::{append, assert_records, config, open_lossy_log, payload};

const SEGMENT_BYTES: u64 = 8 << 10;
const FRAMES: u64 = 40;
const RECORDS: u64 = FRAMES * 3;
const CURSOR: &[u8] = b"far away";
/// Rows of the index: each record under one of seven keys.
const KEYS: u64 = 7;

fn row(sequence: u64) -> IndexRow {
    IndexRow { kind: 1, key: sequence % KEYS, sequence }
}

fn checkpoint_entry(number: u64) -> Vec<u8> {
    payload(number, 900)
}

/// A directory with everything in it, as a killed process leaves it or as a stopped one does.
fn make(is_stopped: bool) -> LossyDisk {
    let disk = LossyDisk::new();
    let (directory, mut log, reader) = open_lossy_log(&disk, SEGMENT_BYTES).expect("opens");
    for _ in 0..FRAMES {
        append(&mut log, 3, 200).expect("commits");
    }
    directory.cursors().put("kafka", CURSOR).expect("puts");
    let mut index = directory.index().expect("opens");
    let ranges = reader.segment_ranges();
    assert!(ranges.len() > 2, "{ranges:?}");
    for (segment, first, last) in &ranges {
        index
            .append_run(*segment, *first, *last, (*first..=*last).map(row).collect())
            .expect("writes");
        if *segment == 1 {
            index.merge(1).expect("merges");
        }
    }
    for slice in directory.checkpoints().slices() {
        let mut file = directory.checkpoints().begin(slice, RECORDS).expect("begins");
        for number in 0..200 {
            file.push(1, 1, number % RECORDS, &checkpoint_entry(number)).expect("writes");
        }
        file.finish().expect("syncs").install().expect("installs");
    }
    if !is_stopped {
        disk.restart(Survival::All);
    }
    drop((index, reader, log, directory));
    disk.restart(Survival::All);
    disk
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

fn files(disk: &LossyDisk) -> Files {
    let read = |path: PathBuf| {
        let bytes = disk.contents(&path).expect("reads");
        (path, bytes)
    };
    disk.paths().into_iter().map(read).collect()
}

/// What became of a flipped bit.
#[derive(Debug, PartialEq)]
enum Fate {
    /// Everything that was written is served.
    Harmless,
    /// Found, with these words.
    Named(String),
}

/// Opens everything and reads it all. What is served must be what was written.
fn serve(disk: &LossyDisk) -> Result<(), String> {
    let open = |error: OpenError| error.to_string();
    let named = |error: LogError| error.to_string();
    let directory =
        DataDirectory::open_with(config("/data", SEGMENT_BYTES), Arc::new(disk.clone()));
    let directory = directory.map_err(open)?;
    assert_eq!(directory.cursors().get("kafka").map_err(named)?.as_deref(), Some(CURSOR));
    let (log, reader) = directory.open_log().map_err(named)?;
    if let Some((found, expected)) = log.lost_tail() {
        return Err(format!("/data/log lost its tail: {found} of {expected}"));
    }
    assert_eq!(reader.durable_sequence(), RECORDS, "a part of the log is gone");
    let mut walk = reader.frames_from(1);
    while walk.next_frame().map_err(named)?.is_some() {}
    for sequence in 1..=RECORDS {
        reader.record(sequence).map_err(named)?;
    }
    assert_records(&reader, RECORDS);
    for slice in directory.checkpoints().slices() {
        let file = directory.checkpoints().load(slice).map_err(named)?.expect("was installed");
        let mut entries = 0;
        for (number, entry) in (0..).zip(file.entries()) {
            assert_eq!(entry.map_err(named)?.payload, checkpoint_entry(number));
            entries += 1;
        }
        assert_eq!((entries, file.began()), (200, RECORDS));
    }
    let index = directory.index().map_err(named)?;
    let covered = index.covered_to();
    for key in 0..KEYS {
        let found = index.reader().lookup(1, key, u64::MAX, usize::MAX).map_err(named)?;
        let all = (1..=covered).rev().filter(|sequence| sequence % KEYS == key);
        assert_eq!(found, all.collect::<Vec<_>>());
    }
    Ok(())
}

fn verify(disk: &LossyDisk) -> Result<(), String> {
    let config = config("/data", SEGMENT_BYTES);
    let directory = DataDirectory::open_to_verify_with(config, Arc::new(disk.clone()));
    let directory = directory.map_err(|error| error.to_string())?;
    let report = verify_chain(&directory, &mut |_| {}).map_err(|error| error.to_string())?;
    assert_eq!(report.last, RECORDS, "verify reads a shorter log and says nothing");
    Ok(())
}

/// Flips one bit, looks what becomes of it, and puts everything back.
fn flip(whole: &Files, file: &Path, at: usize, bit: u8) -> Fate {
    let place = format!("bit {bit} of byte {at} in {}", file.display());
    let run = |what: &str, run: &dyn Fn(&LossyDisk) -> Result<(), String>| {
        let disk = LossyDisk::new();
        for (path, bytes) in whole {
            disk.set_contents(path, bytes.clone());
        }
        let mut rotten = whole[file].clone();
        rotten[at] ^= 1 << bit;
        disk.set_contents(file, rotten);
        let result = catch_unwind(AssertUnwindSafe(|| run(&disk)));
        result.unwrap_or_else(|_| panic!("{what} panics: {place}"))
    };
    let (served, verified) = (run("serving", &serve), run("verify", &verify));
    match served {
        Ok(()) => Fate::Harmless,
        Err(what) => {
            let name = file.file_name().expect("has a name").to_string_lossy();
            assert!(what.contains(&*name) || what.contains("/data/log"), "{place}: {what}");
            let is_log = file.starts_with("/data/log") || name == "meta.redb";
            assert!(!is_log || verified.is_err(), "{place}: {what}, but verify finds nothing");
            Fate::Named(what)
        }
    }
}

#[test]
fn a_bit_that_flips_anywhere_is_found_or_harmless() {
    let mut random = 7_u64;
    let mut below = |limit: usize| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).expect("31 bits") % limit
    };
    for is_stopped in [true, false] {
        let disk = make(is_stopped);
        let whole = files(&disk);
        for (file, bytes) in &whole {
            if bytes.is_empty() {
                continue;
            }
            let (mut found, mut harmless) = (0, 0);
            let filled: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
            for turn in 0..40 {
                let at =
                    if turn % 4 == 0 { below(bytes.len()) } else { filled[below(filled.len())] };
                match flip(&whole, file, below(bytes.len()), u8::try_from(below(8)).expect("small"))
                {
                    Fate::Harmless => harmless += 1,
                    Fate::Named(_) => found += 1,
                }
            }
            println!(
                "{} ({} bytes, stopped: {is_stopped}): {found} found, {harmless} harmless",
                file.display(),
                bytes.len()
            );
        }
    }
}

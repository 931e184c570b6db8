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
    // The newest commit of a killed process is gone when it is damaged, like one that was torn. Of
    // the log, high-water tells; here it is a cursor, which only goes back.
    directory.cursors().put("newest", CURSOR).expect("puts");
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

/// Flips one bit of these bytes and looks what becomes of it.
fn flip(whole: &Files, file: &Path, at: &[usize], bit: u8) -> Fate {
    let place = format!("bit {bit} of {at:?} in {}", file.display());
    let run = |what: &str, run: &dyn Fn(&LossyDisk) -> Result<(), String>| {
        let disk = LossyDisk::new();
        for (path, bytes) in whole {
            disk.set_contents(path, bytes.clone());
        }
        let mut rotten = whole[file].clone();
        at.iter().for_each(|at| rotten[*at] ^= 1 << bit);
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

/// Where these bytes stand, and `offset` further.
fn all(bytes: &[u8], wanted: &[u8], offset: usize) -> Vec<usize> {
    let places = bytes.windows(wanted.len()).enumerate().filter(|(_, window)| *window == wanted);
    places.map(|(at, _)| at + offset).collect()
}

/// Finds the places of a region in its file.
type Region = fn(&[u8]) -> Vec<usize>;

/// Each region of each kind of file: what is said when one of its bits has flipped, wherever redb
/// has a copy of it. Without words it is no loss.
const REGIONS: [(&str, &str, Region, Option<&str>); 18] = [
    ("log/000002.redb", "redb's magic", |_| vec![0], Some("log/000002.redb")),
    ("log/000002.redb", "redb's table names", |b| all(b, b"frames", 1), Some("log/000002.redb")),
    ("log/000002.redb", "redb's pages", pages, Some("log/000002.redb")),
    ("log/000002.redb", "frame: magic", |b| all(b, b"ONHF", 0), Some("log/000002.redb")),
    ("log/000002.redb", "frame: count", |b| all(b, b"ONHF", 12), Some("log/000002.redb")),
    ("log/000002.redb", "frame: hash before", |b| all(b, b"ONHF", 40), Some("log/000002.redb")),
    ("log/000002.redb", "frame: length", |b| all(b, b"ONHF", 65), Some("log/000002.redb")),
    ("log/000002.redb", "frame: checksum", |b| all(b, b"ONHF", 68), Some("log/000002.redb")),
    ("log/000002.redb", "frame: records", |b| all(b, b"ONHF", 90), Some("log/000002.redb")),
    ("log/000004.redb", "the newest frames", |b| all(b, b"ONHF", 90), Some("log/000004.redb")),
    ("meta.redb", "identity", |b| all(b, b"identity", 10), Some("meta.redb")),
    ("meta.redb", "a cursor", |b| all(b, CURSOR, 2), Some("meta.redb")),
    ("checkpoint/001.ckp", "header", |_| vec![20], Some("checkpoint/001.ckp")),
    ("checkpoint/001.ckp", "a chunk", |b| vec![b.len() / 2], Some("checkpoint/001.ckp")),
    ("checkpoint/001.ckp", "footer", |b| vec![b.len() - 5], Some("checkpoint/001.ckp")),
    ("index/000001.merged", "header: removed at the start, built again", |_| vec![30], None),
    ("index/000001.merged", "rows", |_| vec![56 + 9], Some("index/000001.merged")),
    ("high-water", "all of it", |b| (0..b.len()).collect(), None),
];

/// The first byte of every page tells what it is.
fn pages(bytes: &[u8]) -> Vec<usize> {
    (1..bytes.len() / 4096).map(|page| page * 4096).collect()
}

#[test]
fn a_bit_that_flips_in_any_region_is_named_with_its_file() {
    let whole = files(&make(true));
    for (file, region, places, expected) in REGIONS {
        let file = Path::new("/data").join(file);
        let bytes =
            whole.get(&file).unwrap_or_else(|| panic!("no {}: {:?}", file.display(), whole.keys()));
        let places = places(bytes);
        assert!(!places.is_empty(), "{region} is nowhere in {}", file.display());
        match (flip(&whole, &file, &places, 4), expected) {
            (Fate::Harmless, None) => {}
            (Fate::Named(what), Some(words)) if what.contains(words) => {}
            (fate, _) => panic!("{region} of {}: {fate:?}", file.display()),
        }
    }
}

/// Places of a file: some anywhere, more where something was written.
struct Places {
    random: u64,
}

impl Places {
    fn below(&mut self, limit: usize) -> usize {
        let factor = 6_364_136_223_846_793_005;
        self.random = self.random.wrapping_mul(factor).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.random >> 33).expect("31 bits") % limit
    }

    fn of(&mut self, bytes: &[u8], count: usize) -> Vec<(usize, u8)> {
        let written: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let mut place = |turn: usize| match turn % 4 {
            0 => self.below(bytes.len()),
            _ => written[self.below(written.len())],
        };
        let places: Vec<usize> = (0..count).map(&mut place).collect();
        places.into_iter().map(|at| (at, u8::try_from(self.below(8)).expect("small"))).collect()
    }
}

/// How many bits of each file are flipped; `ROT_BITS=2000` looks for longer.
fn bits() -> usize {
    std::env::var("ROT_BITS").map_or(12, |bits| bits.parse().expect("ROT_BITS is a number"))
}

/// Whether the bits of a file are flipped: all, or with `ROT_FILE=meta` those whose name says so.
fn is_meant(file: &Path) -> bool {
    std::env::var("ROT_FILE").map_or(true, |part| file.to_string_lossy().contains(&part))
}

#[test]
fn a_bit_that_flips_anywhere_is_found_or_harmless() {
    let mut places = Places { random: 7 };
    for is_stopped in [true, false] {
        let whole = files(&make(is_stopped));
        for (file, bytes) in
            whole.iter().filter(|(file, bytes)| !bytes.is_empty() && is_meant(file))
        {
            let found = places
                .of(bytes, bits())
                .into_iter()
                .filter(|(at, bit)| flip(&whole, file, &[*at], *bit) != Fate::Harmless)
                .count();
            let all_count = file.starts_with("/data/checkpoint");
            assert!(!all_count || found == bits(), "{}: {found} were found", file.display());
        }
    }
}

//! Bytes that were written once and must be readable forever. A file below `tests/golden` is never
//! changed: a new format gets a new file, and the code keeps reading the old ones.

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::checkpoint::{CheckpointOwner, CheckpointStore};
use crate::disk::Disk;
use crate::disk::lossy::LossyDisk;
use crate::frame::{Frame, FrameHash};
use crate::high_water::{self, HighWater};
use crate::index::{IndexRow, IndexStore};
use crate::log::{Log, ReadLog};
use crate::memory_log::MemoryLog;
use crate::record::RecordBatch;
use crate::segment::Purpose;

const IDENTITY: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);

/// Reads a golden file: hexadecimal digits, and lines that begin with `#`.
fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(name);
    let text = std::fs::read_to_string(&path).expect("the golden file is there");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let digits: Vec<u8> = lines.flat_map(str::bytes).filter(u8::is_ascii_hexdigit).collect();
    let digit = |digit: &u8| char::from(*digit).to_digit(16).expect("is a digit");
    let byte = |pair: &[u8]| u8::try_from(digit(&pair[0]) * 16 + digit(&pair[1]));
    digits.chunks(2).map(|pair| byte(pair).expect("two digits are a byte")).collect()
}

/// A disk with one file.
fn disk_with(path: &str, contents: Vec<u8>) -> Arc<LossyDisk> {
    let disk = LossyDisk::new();
    drop(disk.backend(Path::new(path), true).expect("creates"));
    disk.set_contents(Path::new(path), contents);
    Arc::new(disk)
}

/// The records of the golden frames: kind, version, payload.
const FIRST: [(u8, u8, &[u8]); 3] = [(1, 1, b"receipt"), (2, 1, b""), (255, 254, &[0, 255, 128])];
const SECOND: [(u8, u8, &[u8]); 1] = [(3, 1, b"after a restart")];

#[test]
fn frames_of_format_1_are_read_and_written_as_ever() {
    let mut log = MemoryLog::new();
    let mut rows = Vec::new();
    for records in [&FIRST[..], &SECOND[..]] {
        let mut batch = RecordBatch::new();
        batch.begin(log.next_sequence());
        for (kind, version, payload) in records {
            let fill = |bytes: &mut Vec<u8>| bytes.extend_from_slice(payload);
            batch.push_with(*kind, *version, fill).expect("fits");
        }
        let mut frames = log.reader().frames_from(log.next_sequence());
        log.commit(&batch).expect("commits");
        rows.push(frames.next_frame().expect("reads").expect("is there").bytes().to_vec());
        log = log.reopen();
    }
    let mut previous = FrameHash::genesis(Uuid::nil(), 1);
    let (mut sequence, mut offset) = (1, 0);
    let names = ["frame-1-first.hex", "frame-1-second.hex"];
    for ((name, records), (row, epoch)) in
        names.iter().zip([&FIRST[..], &SECOND[..]]).zip(rows.iter().zip(1..))
    {
        let bytes = golden(name);
        assert_eq!(&bytes, row, "{name} is what is written today");
        let frame = Frame::decode(bytes).expect("is whole");
        let header = frame.header();
        assert_eq!((header.log_number, header.epoch, header.offset), (1, epoch, offset));
        assert_eq!((header.first_sequence, header.count as usize), (sequence, records.len()));
        assert_eq!(header.previous_hash, previous);
        for (record, (kind, version, payload)) in frame.records().zip(records) {
            assert_eq!((record.sequence, record.epoch), (sequence, epoch));
            assert_eq!((record.kind, record.version, record.payload), (*kind, *version, *payload));
            sequence += 1;
        }
        previous = header.hash;
        offset += frame.bytes().len() as u64;
    }
}

#[test]
fn the_genesis_of_a_log_stays_what_it_is() {
    for (identity, log_number, expected) in
        [(Uuid::nil(), 1, GENESIS_NIL), (IDENTITY, 2, GENESIS_IDENTITY)]
    {
        assert_eq!(FrameHash::genesis(identity, log_number).to_string(), expected);
    }
}

const GENESIS_NIL: &str = "9025b01a58cf780d472241bcc5f68e010d4760721fc37824dabe5bcf42c04141";
const GENESIS_IDENTITY: &str = "afa4a2be44d7efae1323e5cd7675615e2513d5881c484a69d1164f958e292617";

#[test]
fn a_checkpoint_of_format_1_is_read_and_written_as_ever() {
    let owner = CheckpointOwner { identity: IDENTITY, log_number: 1, partitions: 64, epoch: 7 };
    let store = |disk: Arc<LossyDisk>| {
        CheckpointStore::new(disk, "/checkpoint".into(), owner, 0, Purpose::Serve)
    };
    let entries: [(u8, u8, u64, &[u8]); 3] =
        [(1, 1, 90, b"position"), (2, 1, 101, b""), (3, 2, 7, b"key")];
    let bytes = golden("checkpoint-1.hex");
    let file = store(disk_with("/checkpoint/005.ckp", bytes.clone())).load(5);
    let file = file.expect("is whole").expect("is there");
    assert_eq!((file.began(), file.highest(), file.count(), file.epoch()), (100, 101, 3, 7));
    let found: Result<Vec<_>, _> = file.entries().collect();
    let found = found.expect("is whole");
    let found: Vec<_> = found.iter().map(|e| (e.kind, e.version, e.sequence, e.payload)).collect();
    assert_eq!(found, entries);

    let disk = Arc::new(LossyDisk::new());
    let mut writer = store(disk.clone()).begin(5, 100).expect("begins");
    for (kind, version, sequence, payload) in entries {
        writer.push(kind, version, sequence, payload).expect("writes");
    }
    writer.finish().expect("finishes").install().expect("installs");
    assert_eq!(disk.contents(Path::new("/checkpoint/005.ckp")).expect("reads"), bytes);
}

#[test]
fn an_index_run_of_format_1_is_read_and_written_as_ever() {
    const NAME: &str = "000002-00000000000000000001-00000000000000000009.run";
    let row = |kind, key, sequence| IndexRow { kind, key, sequence };
    let open = |disk: Arc<LossyDisk>| {
        IndexStore::open(disk, "/index".into(), IDENTITY, 0, u64::MAX).expect("opens")
    };
    let bytes = golden("index-run-1.hex");
    let index = open(disk_with(&format!("/index/{NAME}"), bytes.clone()));
    assert_eq!(index.covered_to(), 9);
    assert_eq!(index.reader().lookup(1, 5, 9, 10).expect("reads"), [7, 3]);
    assert_eq!(index.reader().lookup(2, u64::MAX, 10, 10).expect("reads"), [9]);

    let disk = Arc::new(LossyDisk::new());
    let rows = vec![row(2, u64::MAX, 9), row(1, 5, 3), row(1, 5, 9), row(1, 5, 7)];
    open(disk.clone()).append_run(2, 1, 9, rows).expect("writes");
    let written = disk.contents(&Path::new("/index").join(NAME)).expect("reads");
    assert_eq!(written, bytes);
}

#[test]
fn a_high_water_of_format_1_is_read_and_written_as_ever() {
    let known = HighWater { epoch: 3, sequence: 1_000_000_007 };
    let bytes = golden("high-water-1.hex");
    let disk = disk_with("/high-water", bytes.clone());
    assert_eq!(high_water::read(disk.as_ref(), Path::new("/high-water")), Some(known));
    let disk = LossyDisk::new();
    let path = Path::new("/written");
    high_water::HighWaterFile::open(&disk, path.into()).expect("opens").write(known);
    assert_eq!(disk.contents(path).expect("reads"), bytes);
}

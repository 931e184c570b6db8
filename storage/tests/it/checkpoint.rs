//! Checkpoint files: whole or not at all.

use onhand_storage::{
    CheckpointFile, CheckpointStore, CheckpointWriter, DataDirectory, LogError, LossyDisk,
};

use crate::crash::survivals;
use crate::support::{config, open_lossy, payload};

/// Entries as a test compares them.
type Entries = Vec<(u8, u8, u64, Vec<u8>)>;

fn push(writer: &mut CheckpointWriter, entries: &Entries) -> std::io::Result<()> {
    entries.iter().try_for_each(|(kind, version, sequence, payload)| {
        writer.push(*kind, *version, *sequence, payload)
    })
}

fn write(
    store: &CheckpointStore,
    slice: u16,
    began: u64,
    entries: &Entries,
) -> std::io::Result<()> {
    let mut writer = store.begin(slice, began)?;
    push(&mut writer, entries)?;
    writer.finish()?.install()
}

fn entries(file: &CheckpointFile) -> Result<Entries, LogError> {
    file.entries()
        .map(|entry| entry.map(|e| (e.kind, e.version, e.sequence, e.payload.to_vec())))
        .collect()
}

fn some_entries(count: u64, length: usize) -> Entries {
    (1..=count)
        .map(|n| (u8::try_from(n % 5).expect("small"), 1, n * 3, payload(n, length)))
        .collect()
}

#[test]
fn entries_come_back_in_their_order() {
    let home = tempfile::tempdir().expect("creates");
    let directory = DataDirectory::open(config(home.path().join("data"), 1 << 20)).expect("opens");
    let store = directory.checkpoints();
    assert_eq!(store.slices().collect::<Vec<_>>(), [0, 1, 2, 3]);
    let cases: [(u16, u64, Entries); 5] = [
        (0, 0, vec![]),
        (1, 5, vec![(1, 2, 3, vec![])]),
        (2, 5, vec![(1, 2, 3, b"three".to_vec()), (4, 5, 60, b"sixty".to_vec())]),
        (3, 77, some_entries(10_000, 300)),
        (3, 78, vec![(9, 1, 2, vec![8; 3 << 20]), (9, 1, 1, vec![7; 100])]),
    ];
    for (slice, began, expected) in cases {
        write(&store, slice, began, &expected).expect("writes");
        let file = store.load(slice).expect("reads").expect("is there");
        let highest = expected.iter().map(|entry| entry.2).max().unwrap_or(0).max(began);
        assert_eq!(
            (file.began(), file.highest(), file.count()),
            (began, highest, expected.len() as u64)
        );
        assert_eq!(file.epoch(), 1);
        assert!(entries(&file).expect("is whole") == expected, "slice {slice}");
    }
    assert_eq!(store.installed().expect("lists"), [0, 1, 2, 3]);
}

#[test]
fn what_is_not_installed_leaves_nothing() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("data");
    let directory = DataDirectory::open(config(&path, 1 << 20)).expect("opens");
    let store = directory.checkpoints();
    write(&store, 1, 5, &some_entries(3, 10)).expect("writes");
    drop(store.begin(1, 6).expect("begins"));
    drop(store.begin(1, 7).expect("begins").finish().expect("finishes"));
    let mut abandoned = store.begin(2, 8).expect("begins");
    push(&mut abandoned, &some_entries(5000, 100)).expect("writes");
    std::mem::forget(abandoned);
    assert_eq!(store.load(1).expect("reads").map(|file| file.began()), Some(5));
    assert!(store.load(2).expect("reads").is_none());
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(path.join("checkpoint"))
            .expect("lists")
            .map(|entry| entry.expect("lists").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["001.ckp", "002.ckp.new"]);
    drop((store, directory));
    drop(DataDirectory::open(config(&path, 1 << 20)).expect("opens"));
    assert_eq!(names(), ["001.ckp"]);
}

#[test]
fn every_changed_byte_and_every_other_length_is_found() {
    let disk = LossyDisk::new();
    let directory = open_lossy(&disk, 1 << 20).expect("opens");
    let store = directory.checkpoints();
    let expected = some_entries(4, 20);
    write(&store, 1, 5, &expected).expect("writes");
    let path = std::path::Path::new("/data/checkpoint/001.ckp");
    let whole = disk.contents(path).expect("reads");
    let read = |contents: Vec<u8>| -> Result<Entries, LogError> {
        disk.set_contents(path, contents);
        entries(&store.load(1)?.expect("is there"))
    };
    assert!(read(whole.clone()).expect("is whole") == expected);
    for index in 0..whole.len() {
        for bit in [0, 3, 7] {
            let mut damaged = whole.clone();
            damaged[index] ^= 1 << bit;
            let found = read(damaged);
            // The epoch in the header is told, not compared; its checksum finds the change.
            assert!(found.is_err(), "bit {bit} of byte {index}");
            let message = found.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(message.contains("001.ckp"), "{message}");
        }
        assert!(read(whole[..index].to_vec()).is_err(), "cut at {index}");
    }
    assert!(read([whole.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn chunks_that_were_removed_or_exchanged_are_found() {
    let disk = LossyDisk::new();
    let directory = open_lossy(&disk, 1 << 20).expect("opens");
    let store = directory.checkpoints();
    // Each entry fills a chunk of its own: 48 B of header, then 16 + 14 + 65,536 each.
    write(&store, 1, 5, &(1..=3).map(|n| (1, 1, n, payload(n, 65_536))).collect()).expect("writes");
    let path = std::path::Path::new("/data/checkpoint/001.ckp");
    let whole = disk.contents(path).expect("reads");
    let chunk = |number: usize| whole[48 + number * 65_566..48 + (number + 1) * 65_566].to_vec();
    let (header, footer) = (whole[..48].to_vec(), whole[48 + 3 * 65_566..].to_vec());
    for order in [vec![0, 1], vec![0, 2], vec![1, 2], vec![0, 2, 1], vec![0, 1, 1], vec![]] {
        let chunks: Vec<u8> = order.iter().flat_map(|number| chunk(*number)).collect();
        let contents = [header.clone(), chunks, footer.clone()].concat();
        disk.set_contents(path, contents);
        let file = store.load(1).expect("header and footer are right").expect("is there");
        assert!(entries(&file).is_err(), "chunks {order:?}");
    }
}

#[test]
fn the_file_of_another_slice_directory_or_format_is_refused() {
    let disk = LossyDisk::new();
    let directory = open_lossy(&disk, 1 << 20).expect("opens");
    let store = directory.checkpoints();
    for slice in [1, 2] {
        write(&store, slice, 5, &some_entries(4, 20)).expect("writes");
    }
    let path = |slice: u16| std::path::PathBuf::from(format!("/data/checkpoint/{slice:03}.ckp"));
    let one = disk.contents(&path(1)).expect("reads");
    disk.set_contents(&path(2), one.clone());
    assert!(matches!(store.load(2), Err(LogError::Damaged { .. })));

    let foreign = LossyDisk::new();
    let other = open_lossy(&foreign, 1 << 20).expect("opens");
    write(&other.checkpoints(), 1, 5, &vec![]).expect("writes");
    foreign.set_contents(&path(1), one.clone());
    assert!(matches!(other.checkpoints().load(1), Err(LogError::Damaged { .. })));

    let mut newer = one;
    newer[4] = 2;
    disk.set_contents(&path(1), newer);
    assert!(matches!(store.load(1), Err(LogError::UnknownFormat { found: 2, known: 1, .. })));
}

#[test]
fn a_crash_at_any_operation_leaves_the_old_file_or_the_new_one() {
    let (old, new) = (some_entries(3, 50), some_entries(3000, 400));
    let prepare = || {
        let disk = LossyDisk::new();
        let directory = open_lossy(&disk, 1 << 20).expect("opens");
        write(&directory.checkpoints(), 1, 10, &old).expect("writes");
        drop(directory);
        let start = disk.operations();
        (disk, start)
    };
    let rewrite = |disk: &LossyDisk| -> Result<(), String> {
        let directory = open_lossy(disk, 1 << 20)?;
        write(&directory.checkpoints(), 1, 20, &new).map_err(|error| error.to_string())
    };
    let (disk, start) = prepare();
    rewrite(&disk).expect("writes");
    let operations = disk.operations() - start;
    let mut seen = [0, 0];
    for operation in 1..=operations {
        for survival in survivals(operation) {
            let (disk, start) = prepare();
            disk.crash_at(start + operation);
            let installed = rewrite(&disk).is_ok();
            disk.restart(survival);
            let directory = open_lossy(&disk, 1 << 20).expect("opens");
            let file = directory.checkpoints().load(1).expect("reads").expect("is there");
            let place = format!("{survival:?} at {operation}");
            match file.began() {
                10 => assert!(entries(&file).expect("is whole") == old && !installed, "{place}"),
                20 => assert!(entries(&file).expect("is whole") == new, "{place}"),
                other => panic!("{place}: began {other}"),
            }
            seen[usize::from(file.began() == 20)] += 1;
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "old {} times, new {} times", seen[0], seen[1]);
}

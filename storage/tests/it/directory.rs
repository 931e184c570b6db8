//! Opening a data directory: who may, and what is refused.

use std::path::Path;
use std::sync::Arc;

use onhand_storage::{DataDirectory, LogError, LossyDisk, OpenError, Space};

use crate::support::{InlineFiles, append, config, copy, open_lossy, snapshot};

fn open(path: &Path) -> Result<DataDirectory, OpenError> {
    DataDirectory::open(config(path, 1 << 20))
}

fn open_to_verify(path: &Path) -> Result<DataDirectory, OpenError> {
    DataDirectory::open_to_verify(config(path, 1 << 20))
}

#[test]
fn a_directory_keeps_its_identity_and_raises_its_epoch() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("deep/down/data");
    let identity = open(&path).expect("is made").identity();
    for epoch in 2..5 {
        let directory = open(&path).expect("opens");
        assert_eq!((directory.identity(), directory.epoch()), (identity, epoch));
        assert_eq!((directory.partitions(), directory.log_number()), (3, 1));
        assert_eq!(directory.path(), path);
    }
    let directory = open_to_verify(&path).expect("opens");
    assert_eq!((directory.identity(), directory.epoch()), (identity, 4));
    let other = open(&home.path().join("other")).expect("is made");
    assert_ne!(other.identity(), identity);
}

#[test]
fn a_second_opening_is_refused_and_names_the_holder() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("data");
    let first = open(&path).expect("opens");
    let own = Some(std::process::id());
    for second in [open(&path), open_to_verify(&path)] {
        assert!(matches!(second, Err(OpenError::InUse { pid }) if pid == own));
    }
    let (log, reader) = first.open_log().expect("opens");
    drop((first, log));
    assert!(matches!(open(&path), Err(OpenError::InUse { .. })), "somebody still reads");
    drop(reader);
    open(&path).expect("nobody has it any more");
}

#[test]
fn what_is_not_ours_is_not_touched() {
    let home = tempfile::tempdir().expect("creates");
    for name in ["letter.txt", "server.json", "index"] {
        let path = home.path().join(format!("with-{name}"));
        std::fs::create_dir(&path).expect("creates");
        std::fs::write(path.join(name), "precious").expect("writes");
        let refused = open(&path);
        assert!(
            matches!(&refused, Err(OpenError::NotADataDirectory { found, .. }) if found == name)
        );
        assert_eq!(snapshot(&path), [(name.to_owned(), b"precious".to_vec())]);
    }
    let path = home.path().join("volume");
    std::fs::create_dir_all(path.join("lost+found")).expect("creates");
    open(&path).expect("a new file system is empty enough");
}

#[test]
fn there_must_be_something_to_verify() {
    let home = tempfile::tempdir().expect("creates");
    let empty = home.path().join("empty");
    std::fs::create_dir(&empty).expect("creates");
    for path in [&empty, &home.path().join("absent")] {
        assert!(matches!(open_to_verify(path), Err(OpenError::Missing { .. })));
    }
    assert!(snapshot(&empty).is_empty());
}

#[test]
fn the_number_of_partitions_is_fixed() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("data");
    drop(open(&path).expect("is made"));
    let mut other = config(&path, 1 << 20);
    other.partitions = 64;
    let refused = DataDirectory::open(other);
    assert!(matches!(refused, Err(OpenError::PartitionsDiffer { stored: 3, configured: 64 })));
    assert_eq!(open(&path).expect("opens").epoch(), 2, "a refused start raises nothing");
}

const PROPERTIES: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("properties");

#[test]
fn damage_and_other_formats_of_the_directory_are_named() {
    let home = tempfile::tempdir().expect("creates");
    let whole = home.path().join("whole");
    drop(open(&whole).expect("is made").open_log().expect("opens"));
    let path = home.path().join("damaged");
    let meta = path.join("meta.redb");
    let set = |name: &str, value: &[u8]| {
        let database = redb::Database::open(&meta).expect("opens");
        let transaction = database.begin_write().expect("writes");
        transaction.open_table(PROPERTIES).expect("opens").insert(name, value).expect("writes");
        transaction.commit().expect("commits");
    };
    type Damage<'a> = &'a dyn Fn();
    let cases: [(&str, Damage<'_>); 5] = [
        ("has format 1; this version knows format 2", &|| set("format", &[1, 0, 0, 0])),
        ("property identity is missing or has another length", &|| set("identity", &[1, 2])),
        ("the file is empty", &|| std::fs::write(&meta, b"").expect("writes")),
        ("the file is missing, though there is a log", &|| {
            std::fs::remove_file(&meta).expect("removes");
        }),
        ("meta.redb", &|| std::fs::write(&meta, vec![7; 8192]).expect("writes")),
    ];
    for (expected, damage) in cases {
        copy(&whole, &path);
        damage();
        let refused = open(&path).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains(expected), "{refused:?} instead of {expected:?}");
        std::fs::remove_dir_all(&path).expect("removes");
    }
}

#[test]
fn verifying_after_a_kill_reads_everything_and_changes_nothing() {
    let home = tempfile::tempdir().expect("creates");
    let (path, killed) = (home.path().join("data"), home.path().join("killed"));
    let directory = DataDirectory::open_with(config(&path, 1 << 20), Arc::new(InlineFiles));
    let directory = directory.expect("opens");
    directory.cursors().put("kafka", b"17").expect("puts");
    let (mut log, _reader) = directory.open_log().expect("opens");
    for _ in 0..20 {
        append(&mut log, 500, 200).expect("commits");
    }
    copy(&path, &killed);
    let before: Vec<_> = snapshot(&killed);
    let directory = open_to_verify(&killed).expect("opens");
    let report = onhand_storage::verify_chain(&directory, &mut |_| {}).expect("is whole");
    assert_eq!((report.first, report.last, report.records), (1, 10_000, 10_000));
    assert_eq!(directory.cursors().get("kafka").expect("reads").as_deref(), Some(&b"17"[..]));
    assert!(matches!(directory.cursors().put("kafka", b""), Err(LogError::OpenedToVerify)));
    assert!(matches!(directory.index(), Err(LogError::OpenedToVerify)));
    assert!(directory.checkpoints().begin(0, 0).is_err());
    drop(directory);
    // The lock names another process now; nothing else has changed.
    let without_lock = |files: Vec<(String, Vec<u8>)>| -> Vec<_> {
        files.into_iter().filter(|(name, _)| name != "lock").collect()
    };
    assert!(without_lock(before) == without_lock(snapshot(&killed)));
}

#[test]
fn cursors_are_kept() {
    let home = tempfile::tempdir().expect("creates");
    let path = home.path().join("data");
    let cursors = open(&path).expect("is made").cursors();
    assert_eq!(cursors.get("kafka").expect("reads"), None);
    cursors.put("kafka", b"one").expect("puts");
    cursors.put("webhook", b"").expect("puts");
    cursors.put("kafka", b"two").expect("puts");
    drop(cursors);
    let cursors = open(&path).expect("opens").cursors();
    let all = |pairs: &[(&str, &[u8])]| -> Vec<(String, Vec<u8>)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect()
    };
    assert_eq!(cursors.list().expect("reads"), all(&[("kafka", b"two"), ("webhook", b"")]));
    cursors.remove("kafka").expect("removes");
    assert_eq!(cursors.list().expect("reads"), all(&[("webhook", b"")]));
}

#[test]
fn the_reserve_is_what_is_configured_else_a_part_of_the_disk() {
    const GIB: u64 = 1 << 30;
    for (configured, total, expected) in [
        (None, 1000 * GIB, 2 * GIB),
        (None, 40 * GIB, 2 * GIB),
        (None, 20 * GIB, GIB),
        (None, 100, 5),
        (Some(7), 1000 * GIB, 7),
    ] {
        let disk = LossyDisk::new();
        disk.set_space(Space { free_bytes: 11, total_bytes: total });
        let mut config = config("/data", 1 << 20);
        config.disk_reserve_bytes = configured;
        let directory = DataDirectory::open_with(config, Arc::new(disk)).expect("opens");
        assert_eq!(directory.disk_reserve_bytes(), expected);
        assert_eq!(directory.free_bytes().expect("is known"), 11);
    }
    let home = tempfile::tempdir().expect("creates");
    let directory = open(&home.path().join("data")).expect("opens");
    assert!(directory.free_bytes().expect("is known") > 0);
    assert!(directory.disk_reserve_bytes() > 0);
}

#[test]
fn a_crash_at_any_operation_of_making_a_directory_leaves_one_that_opens() {
    let whole = LossyDisk::new();
    open_lossy(&whole, 1 << 20).expect("is made");
    let operations = whole.operations();
    assert!(operations > 10);
    for survival in crate::crash::survivals(7) {
        for operation in 1..=operations {
            let disk = LossyDisk::new();
            disk.crash_at(operation);
            let acknowledged = open_lossy(&disk, 1 << 20).map_or(0, |directory| directory.epoch());
            disk.restart(survival);
            let directory = open_lossy(&disk, 1 << 20)
                .unwrap_or_else(|error| panic!("{survival:?} at {operation}: {error}"));
            assert!(directory.epoch() > acknowledged, "{survival:?} at {operation}");
        }
    }
}

//! The power fails at every write and every sync of a small workload, and the log is found again:
//! all that was acknowledged, nothing that was not attempted, and a chain that holds.

use std::io::ErrorKind;

use onhand_storage::{Fault, Lasts, LogError, LossyDisk, Survival, verify_chain};

use crate::support::{append, assert_records, open_lossy, open_lossy_log};

/// Small enough that the workload rolls twice.
const SEGMENT_BYTES: u64 = 5000;

/// Records and bytes of each commit.
const WORKLOAD: [(u64, usize); 9] =
    [(1, 20), (3, 100), (1, 9000), (2, 50), (40, 60), (1, 2600), (1, 20), (1, 6000), (2, 30)];

pub(crate) fn survivals(seed: u64) -> [Survival; 4] {
    [Survival::Synced, Survival::All, Survival::Torn { seed }, Survival::Torn { seed: seed + 1000 }]
}

/// Runs the workload until something fails; returns what was acknowledged and what attempted.
fn work(disk: &LossyDisk) -> (u64, u64) {
    let Ok((_directory, mut log, reader)) = open_lossy_log(disk, SEGMENT_BYTES) else {
        return (0, 0);
    };
    let before = reader.durable_sequence();
    let (mut acknowledged, mut attempted) = (before, before);
    for (count, length) in WORKLOAD {
        attempted += count;
        match append(&mut log, count, length) {
            Ok(committed) => acknowledged = committed.last_sequence,
            Err(_) => {
                assert!(matches!(append(&mut log, 1, 8), Err(LogError::Latched)));
                break;
            }
        }
    }
    (acknowledged, attempted)
}

fn operations() -> u64 {
    let disk = LossyDisk::new();
    let records: u64 = WORKLOAD.iter().map(|(count, _)| count).sum();
    assert_eq!(work(&disk), (records, records));
    disk.operations()
}

/// Opens what a crash left, and checks it against what was promised.
fn check(disk: &LossyDisk, promised: (u64, u64), place: &str) -> u64 {
    let (acknowledged, attempted) = promised;
    let (directory, mut log, reader) = open_lossy_log(disk, SEGMENT_BYTES)
        .unwrap_or_else(|error| panic!("{place}: does not open: {error}"));
    let recovered = reader.durable_sequence();
    assert!(
        acknowledged <= recovered && recovered <= attempted,
        "{place}: {acknowledged} acknowledged, {recovered} recovered, {attempted} attempted"
    );
    assert_eq!(log.lost_tail(), None, "{place}");
    assert_records(&reader, recovered);
    append(&mut log, 3, 100).expect("goes on");
    assert_records(&reader, recovered + 3);
    let report = verify_chain(&directory, &mut |_| {}).expect("the chain holds");
    assert_eq!(report.last, recovered + 3, "{place}");
    recovered
}

#[test]
fn a_crash_at_every_operation_loses_nothing_acknowledged() {
    let operations = operations();
    assert!(operations > 100, "the workload has {operations} operations");
    let mut partly = 0;
    for operation in 1..=operations {
        for survival in survivals(operation) {
            let disk = LossyDisk::new();
            disk.crash_at(operation);
            let promised = work(&disk);
            assert!(disk.is_off(), "operation {operation} was reached");
            disk.restart(survival);
            let recovered = check(&disk, promised, &format!("{survival:?} at {operation}"));
            partly += u64::from(recovered > promised.0);
        }
    }
    assert!(partly > 0, "some commit survived that was not acknowledged");
}

#[test]
fn a_second_crash_during_recovery_loses_nothing_either() {
    let operations = operations();
    for (index, operation) in (1..=operations).step_by(23).enumerate() {
        for survival in survivals(operation) {
            let first = |disk: &LossyDisk| {
                disk.crash_at(operation);
                let promised = work(disk);
                disk.restart(survival);
                promised
            };
            let disk = LossyDisk::new();
            first(&disk);
            let start = disk.operations();
            drop(open_lossy_log(&disk, SEGMENT_BYTES));
            let recovery = disk.operations() - start;
            for second in (1 + index as u64 % 3..=recovery).step_by(3) {
                let disk = LossyDisk::new();
                let promised = first(&disk);
                disk.crash_at(disk.operations() + second);
                drop(open_lossy_log(&disk, SEGMENT_BYTES));
                disk.restart(survival);
                check(&disk, promised, &format!("{survival:?} at {operation}, then {second}"));
            }
        }
    }
}

/// The ways in which a change can be refused, and what survives of the rest.
fn faults(at: u64) -> [(Fault, Survival); 6] {
    [
        (Fault::once(at, ErrorKind::Other), Survival::Synced),
        (Fault::once(at, ErrorKind::StorageFull), Survival::All),
        (Fault::sticky(at, ErrorKind::Other), Survival::Torn { seed: at }),
        (Fault::sticky(at, ErrorKind::StorageFull), Survival::All),
        (Fault::short(at, ErrorKind::StorageFull), Survival::Synced),
        (Fault::short(at, ErrorKind::Other), Survival::Torn { seed: at }),
    ]
}

/// What a killed process left is there for the next one, durable or not; names of files too. Little
/// is written in between, since another segment would make the names before it durable.
#[test]
fn what_is_built_on_a_killed_process_survives_a_power_cut() {
    for operation in 1..=operations() {
        let place = format!("killed at {operation}, then the power failed");
        let disk = LossyDisk::new();
        disk.crash_at(operation);
        work(&disk);
        disk.restart(Survival::All);
        let (directory, mut log, reader) = open_lossy_log(&disk, SEGMENT_BYTES).expect(&place);
        append(&mut log, 1, 20).expect("commits");
        let promised = append(&mut log, 2, 20).expect("commits").last_sequence;
        disk.restart(Survival::Synced);
        drop((log, directory, reader));
        check(&disk, (promised, promised), &place);
    }
}

#[test]
fn an_error_at_any_operation_latches_and_loses_nothing() {
    let mut refused = 0;
    for operation in 1..=operations() {
        // Two of the six in turn, so that all of them come up in every part of the workload.
        let turn = usize::try_from(operation % 3).expect("below 3");
        for (fault, survival) in faults(operation).into_iter().skip(turn).step_by(3) {
            let disk = LossyDisk::new();
            disk.refuse(fault);
            let promised = work(&disk);
            refused += disk.refusals();
            disk.restart(survival);
            check(&disk, promised, &format!("{fault:?}, then {survival:?}"));
        }
    }
    assert!(refused > 300, "only {refused} operations were refused");
}

#[test]
fn a_refused_change_during_recovery_loses_nothing() {
    let mut refused = 0;
    for first in (1..=operations()).step_by(17) {
        for second in 1.. {
            let disk = LossyDisk::new();
            disk.crash_at(first);
            let promised = work(&disk);
            disk.restart(Survival::Torn { seed: first });
            let fault = Fault::once(disk.operations() + second, ErrorKind::Other);
            disk.refuse(fault);
            drop(open_lossy_log(&disk, SEGMENT_BYTES));
            if disk.refusals() == 0 {
                break;
            }
            refused += 1;
            disk.restart(Survival::Torn { seed: second });
            check(&disk, promised, &format!("crash at {first}, then {fault:?}"));
        }
    }
    assert!(refused > 20, "only {refused} recoveries were disturbed");
}

/// Whatever cannot be read is an error, and never an end of the log or another record.
#[test]
fn a_read_that_is_refused_is_never_taken_for_an_answer() {
    let whole = LossyDisk::new();
    let (_, records) = work(&whole);
    whole.restart(Survival::All);
    let mut refused = 0;
    for lasts in [Lasts::Once, Lasts::Sticky] {
        for read in 1.. {
            whole.restart(Survival::All);
            whole.refuse(Fault::read(whole.reads() + read, lasts));
            let before = whole.refusals();
            if let Ok((_directory, _log, reader)) = open_lossy_log(&whole, SEGMENT_BYTES) {
                assert_eq!(reader.durable_sequence(), records, "read {read}");
                for sequence in 1..=records {
                    match reader.record(sequence) {
                        Ok(found) => assert_eq!(found.map(|it| it.sequence), Some(sequence)),
                        Err(error) => assert!(matches!(error, LogError::Io { .. }), "{error:?}"),
                    }
                }
            }
            if whole.refusals() == before {
                break;
            }
            refused += 1;
        }
    }
    assert!(refused > 20, "only {refused} reads were refused");
    whole.restart(Survival::All);
    check(&whole, (records, records), "after all refused reads");
}

#[test]
fn a_full_disk_is_named() {
    let mut named = 0;
    for operation in 1..=operations() {
        let disk = LossyDisk::new();
        disk.refuse(Fault::once(operation, ErrorKind::StorageFull));
        let Ok((_directory, mut log, _reader)) = open_lossy_log(&disk, SEGMENT_BYTES) else {
            continue;
        };
        for (count, length) in WORKLOAD {
            match append(&mut log, count, length) {
                Ok(_) => {}
                Err(LogError::DiskFull { .. }) => named += 1,
                Err(LogError::Latched) => break,
                Err(LogError::OutcomeUnknown { .. } | LogError::Io { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(named > 20, "only {named} commits named the full disk");
}

#[test]
fn a_log_that_is_behind_what_was_known_says_so() {
    let disk = LossyDisk::new();
    let (directory, mut log, _reader) = open_lossy_log(&disk, 1 << 20).expect("opens");
    append(&mut log, 5, 20).expect("commits");
    drop((log, directory));
    let segment = std::path::Path::new("/data/log/000001.redb");
    let backup = disk.contents(segment).expect("reads");
    disk.restart(Survival::All);
    let (directory, mut log, reader) = open_lossy_log(&disk, 1 << 20).expect("opens");
    append(&mut log, 5, 20).expect("commits");
    drop((log, directory, reader));
    disk.set_contents(segment, backup);
    disk.restart(Survival::All);
    let (_directory, log, reader) = open_lossy_log(&disk, 1 << 20).expect("opens");
    assert_eq!(log.lost_tail(), Some((5, 10)));
    assert_records(&reader, 5);
}

#[test]
fn a_torn_high_water_is_no_word_at_all() {
    let disk = LossyDisk::new();
    drop({
        let (directory, mut log, reader) = open_lossy_log(&disk, 1 << 20).expect("opens");
        append(&mut log, 5, 20).expect("commits");
        (directory, log, reader)
    });
    let file = std::path::Path::new("/data/high-water");
    let whole = disk.contents(file).expect("reads");
    for length in 0..whole.len() {
        disk.set_contents(file, whole[..length].to_vec());
        assert_eq!(open_lossy(&disk, 1 << 20).expect("opens").high_water(), None);
    }
    for index in 0..whole.len() {
        let mut torn = whole.clone();
        torn[index] ^= 0x40;
        disk.set_contents(file, torn);
        assert_eq!(open_lossy(&disk, 1 << 20).expect("opens").high_water(), None);
    }
    disk.set_contents(file, whole);
    let known = open_lossy(&disk, 1 << 20).expect("opens").high_water().expect("is whole");
    assert_eq!((known.epoch, known.sequence), (1, 5));
}

/// A sealed segment that could not be closed is readable only after a restart: what a reader sees in this
/// process may not be on the disk, and a repair would rest on it.
#[test]
fn a_refusal_while_a_segment_is_closed_is_survived() {
    let mut refused = 0;
    for operation in 1..=operations() {
        let disk = LossyDisk::new();
        let (directory, mut log, reader) = open_lossy_log(&disk, SEGMENT_BYTES).expect("opens");
        disk.refuse(Fault::once(disk.operations() + operation, ErrorKind::Other));
        let mut acknowledged = 0;
        for (count, length) in WORKLOAD {
            let Ok(committed) = append(&mut log, count, length) else { break };
            acknowledged = committed.last_sequence;
        }
        if disk.refusals() == 0 {
            break;
        }
        // Whoever reads now repairs what was not closed, and then the power fails.
        disk.crash_at(disk.operations() + 3);
        refused += u64::from(acknowledged > 0 && reader.record(1).is_err());
        drop((directory, log, reader));
        disk.restart(Survival::Torn { seed: operation });
        let attempted = WORKLOAD.iter().map(|(count, _)| count).sum();
        check(&disk, (acknowledged, attempted), &format!("refused at {operation}"));
    }
    assert!(refused > 0, "some segment could not be read");
}

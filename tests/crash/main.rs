//! Crash tests of the engine's core on a disk that keeps only what was synced.
//!
//! The writer core, the log, checkpoints, the index of recovery: all real, driven in one thread, so
//! that the power can fail at *every* write and sync of a workload, and again during the recovery.
//! Whatever was acknowledged must be found; nothing that was not attempted may be; memory must be
//! what the log says; keys must answer as they did.

mod machine;
mod workload;

use onhand_storage::{LossyDisk, Survival};

use machine::Machine;
use workload::{Journal, STEPS};

fn survivals(seed: u64) -> [Survival; 3] {
    [Survival::Synced, Survival::All, Survival::Torn { seed }]
}

/// Runs the workload until it ends or the power fails.
fn work(disk: &LossyDisk) -> Journal {
    let mut journal = Journal::default();
    if let Ok(mut machine) = Machine::start(disk) {
        for step in 0..STEPS {
            if workload::step(&mut machine, step, &mut journal).is_err() {
                break;
            }
        }
    }
    journal
}

fn check(disk: &LossyDisk, journal: &Journal, place: &str) {
    let mut machine =
        Machine::start(disk).unwrap_or_else(|error| panic!("{place}: does not start: {error}"));
    journal.check(&mut machine, place);
    drop(machine);
    machine::verify(disk, place);
}

#[test]
fn the_power_fails_at_every_operation_and_nothing_acknowledged_is_lost() {
    let whole = LossyDisk::new();
    let journal = work(&whole);
    assert_eq!(journal.acknowledged(), STEPS, "without a crash every step is acknowledged");
    let operations = whole.operations();
    assert!(operations > 200, "the workload has {operations} operations");
    let mut losses = 0;
    for operation in 1..=operations {
        for survival in survivals(operation) {
            let disk = LossyDisk::new();
            disk.crash_at(operation);
            let journal = work(&disk);
            assert!(disk.is_off(), "operation {operation} was reached");
            losses += u64::from(journal.acknowledged() < STEPS);
            disk.restart(survival);
            check(&disk, &journal, &format!("{survival:?} at operation {operation}"));
        }
    }
    assert!(losses > operations, "most crashes came before the end");
}

#[test]
fn the_power_fails_again_during_the_recovery() {
    let whole = LossyDisk::new();
    work(&whole);
    let operations = whole.operations();
    let mut second_crashes = 0;
    for first in (1..=operations).step_by(29) {
        for second in 1..40 {
            let disk = LossyDisk::new();
            disk.crash_at(first);
            let journal = work(&disk);
            disk.restart(Survival::Torn { seed: first });
            let before = disk.operations();
            disk.crash_at(before + second);
            drop(Machine::start(&disk));
            if !disk.is_off() {
                break;
            }
            second_crashes += 1;
            disk.restart(Survival::Torn { seed: second });
            check(&disk, &journal, &format!("first at {first}, again after {second}"));
        }
    }
    assert!(second_crashes > 20, "{second_crashes} recoveries were interrupted");
}

#[test]
fn an_error_at_any_operation_is_never_taken_for_success() {
    let whole = LossyDisk::new();
    work(&whole);
    let operations = whole.operations();
    for kind in [std::io::ErrorKind::Other, std::io::ErrorKind::StorageFull] {
        for operation in (1..=operations).step_by(3) {
            let disk = LossyDisk::new();
            disk.fail_at(operation, kind);
            let journal = work(&disk);
            disk.restart(Survival::Synced);
            check(&disk, &journal, &format!("{kind:?} at operation {operation}"));
        }
    }
}

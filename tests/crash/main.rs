//! Crash tests of the engine's core on a disk that keeps only what was synced.
//!
//! The writer core, the log, checkpoints, the index of recovery: all real, driven in one thread, so
//! that the power can fail at *every* write and sync of a workload, and again during the recovery.
//! Whatever was acknowledged must be found; nothing that was not attempted may be; memory must be
//! what the log says; keys must answer as they did.

mod machine;
mod workload;

use std::io::ErrorKind;

use onhand_storage::{Fault, LossyDisk, Meets, Survival};

use machine::Machine;
use workload::{Journal, STEPS};

/// What survives a crash: a torn part always, and nothing or everything in turn.
fn survivals(seed: u64) -> [Survival; 2] {
    let whole = if seed.is_multiple_of(2) { Survival::Synced } else { Survival::All };
    [whole, Survival::Torn { seed }]
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

/// The ways in which a change can be refused, and what survives of the rest.
fn faults(at: u64) -> [(Fault, Survival); 6] {
    [
        (Fault::once(at, ErrorKind::Other), Survival::Synced),
        (Fault::once(at, ErrorKind::StorageFull), Survival::Torn { seed: at }),
        (Fault::sticky(at, ErrorKind::Other), Survival::Torn { seed: at }),
        (Fault::sticky(at, ErrorKind::StorageFull), Survival::All),
        (Fault::short(at, ErrorKind::StorageFull), Survival::All),
        (Fault::short(at, ErrorKind::Other), Survival::Synced),
    ]
}

/// A refused commit ends the process, a refused checkpoint does not: the work goes on until a commit
/// is refused.
#[test]
fn an_error_at_any_operation_is_never_taken_for_success() {
    let whole = LossyDisk::new();
    work(&whole);
    let (mut refused, mut lived) = (0, 0);
    for operation in 1..=whole.operations() {
        let turn = usize::try_from(operation % 6).expect("below 6");
        let (fault, survival) = faults(operation)[turn];
        let disk = LossyDisk::new();
        disk.refuse(fault);
        let journal = work(&disk);
        refused += disk.refusals();
        lived += u64::from(journal.acknowledged() == STEPS);
        disk.restart(survival);
        check(&disk, &journal, &format!("{fault:?}, then {survival:?}"));
    }
    assert!(refused >= whole.operations(), "{refused} operations were refused");
    assert!(lived > 20, "{lived} refused checkpoints were lived with");
}

/// Neither what a recovery reads nor what it writes may fail unnoticed: it says so and ends, or it
/// finds everything.
#[test]
fn an_error_at_any_operation_of_the_recovery_loses_nothing() {
    let whole = LossyDisk::new();
    work(&whole);
    let operations = whole.operations();
    let mut refused = 0;
    for first in (1..=operations).step_by(53) {
        for meets in [Meets::Changes, Meets::Reads] {
            for second in (first % 3 + 1..).step_by(3) {
                let disk = LossyDisk::new();
                disk.crash_at(first);
                let journal = work(&disk);
                disk.restart(Survival::Torn { seed: first });
                let before = if meets == Meets::Reads { disk.reads() } else { disk.operations() };
                let fault = Fault { meets, ..Fault::once(before + second, ErrorKind::Other) };
                disk.refuse(fault);
                let place = format!("crash at {first}, then {fault:?}");
                if let Ok(mut machine) = Machine::start(&disk) {
                    journal.check_promises(&machine, &place);
                    // Whatever was found, it must be possible to go on.
                    let _ = workload::step(&mut machine, STEPS, &mut Journal::default());
                }
                if disk.refusals() == 0 {
                    break;
                }
                refused += 1;
                disk.restart(Survival::Torn { seed: second });
                check(&disk, &journal.with_one_more(), &place);
            }
        }
    }
    assert!(refused > 100, "{refused} operations of recoveries were refused");
}

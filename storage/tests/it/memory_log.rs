//! The log of the simulation and its faults.

use onhand_storage::{FailedCommit, FaultDuration, Log, LogError, MemoryLog, ReadLog};

use crate::support::{append, assert_records};

#[test]
fn what_was_committed_is_found_again_one_epoch_later() {
    let mut log = MemoryLog::new();
    append(&mut log, 3, 20).expect("commits");
    let hash = log.last_hash();
    let mut log = log.reopen();
    assert_eq!((log.epoch(), log.next_sequence(), log.last_hash()), (2, 4, hash));
    append(&mut log, 2, 20).expect("commits");
    assert_records(&log.reader(), 5);
    let epochs: Vec<_> =
        (1..=5).map(|s| log.reader().record(s).expect("reads").map(|r| r.epoch)).collect();
    assert_eq!(epochs, [1, 1, 1, 2, 2].map(Some));
}

#[test]
fn a_failed_commit_latches_and_its_outcome_is_known_after_the_restart() {
    for (outcome, found) in [(FailedCommit::Lost, 4), (FailedCommit::Kept, 6)] {
        let mut log = MemoryLog::new();
        log.fail_commit(2, outcome, FaultDuration::Once);
        append(&mut log, 2, 20).expect("commits");
        append(&mut log, 2, 20).expect("commits");
        let failed = append(&mut log, 2, 20);
        assert!(matches!(failed, Err(LogError::OutcomeUnknown { sequence: 5, .. })), "{failed:?}");
        assert!(matches!(append(&mut log, 1, 8), Err(LogError::Latched)));
        assert_records(&log.reader(), 4);
        let mut log = log.reopen();
        assert_records(&log.reader(), found);
        append(&mut log, 2, 20).expect("the fault is over");
        assert_records(&log.reader(), found + 2);
    }
}

#[test]
fn a_sticky_fault_stays_until_it_is_healed() {
    let mut log = MemoryLog::new();
    log.fail_commit(0, FailedCommit::Lost, FaultDuration::Sticky);
    for _ in 0..3 {
        assert!(append(&mut log, 1, 8).is_err());
        log = log.reopen();
    }
    log.heal();
    append(&mut log, 1, 8).expect("commits");
    assert_eq!(log.epoch(), 4);
}

#[test]
fn a_lost_tail_is_told() {
    let mut log = MemoryLog::new();
    for _ in 0..5 {
        append(&mut log, 2, 20).expect("commits");
    }
    let reader = log.reader();
    let mut log = log.reopen_without(2);
    assert_eq!(log.lost_tail(), Some((6, 10)));
    assert_records(&log.reader(), 6);
    assert_records(&reader, 10);
    append(&mut log, 1, 8).expect("commits");
    assert_eq!(log.reopen().lost_tail(), None);
}

//! The real binary on a disk that refuses: the exit code says what happened, the message names the
//! remedy, and after it everything acknowledged is there.

use std::thread;
use std::time::Duration;

use onhand_tests::{Exit, Fault, Server};

use crate::load::{self, all_are_found, repeat_all, sums_agree};

/// Small segments, so that a new one is needed, and frequent checkpoints.
const RESTLESS: [(&str, &str); 2] =
    [("ONHAND_SEGMENT_BYTES", "1MiB"), ("ONHAND_CHECKPOINT_RECORDS", "200")];

#[track_caller]
fn ended(exit: &Exit, code: i32, words: &[&str]) {
    assert_eq!(exit.code, Some(code), "{exit:?}");
    for word in words {
        assert!(exit.output.contains(word), "`{word}` is not named: {}", exit.output);
    }
}

/// Runs into the fault under load, and tells how the process ended; then proves that nothing that
/// was acknowledged is lost.
fn meet(fault: Fault) -> Exit {
    let mut server = Server::start_with(&RESTLESS);
    load::stock_up(&server);
    assert_eq!(server.stop().code, Some(0));
    server.restart_with_fault(&RESTLESS, fault).expect("the fault comes later");
    let mut sent = load::run(&mut server, "fault", 0, |_| ());
    let exit = server.wait();
    assert!(exit.output.contains(&fault.announced()), "{fault:?}: {exit:?}");
    assert!(sent.iter().any(|attempt| attempt.answer.is_none()), "it ended at rest");
    server.restart_with(&RESTLESS);
    let shop = server.shop(load::TENANT);
    repeat_all(&shop, &mut sent);
    all_are_found(&shop, &sent);
    sums_agree(&shop, &sent);
    server.kill();
    let verified = server.verify();
    assert_eq!(verified.code, Some(0), "{}", verified.output);
    exit
}

/// Exit code 30: "a commit failed, and nobody knows whether it is on disk".
#[test]
fn a_commit_that_the_disk_refuses_ends_the_process_with_30_and_its_remedy() {
    let words = ["exit_code=30", "outcome", "log/0", "start again", "same Idempotency-Key"];
    for (call, at, action) in [
        ("fdatasync", 40, "EIO"),
        ("fdatasync", 200, "EIO+"),
        ("pwrite64", 50, "EIO"),
        ("pwrite64", 301, "EIO+"),
    ] {
        ended(&meet(Fault { call, place: "/log/", at, action }), 30, &words);
    }
}

/// Exit code 26: "the disk is full … in the middle of a commit".
#[test]
fn a_disk_that_is_full_in_a_commit_ends_the_process_with_26_and_its_remedy() {
    let words = ["exit_code=26", "disk full", "log/0", "free space", "start again"];
    for (call, at, action) in
        [("pwrite64", 60, "ENOSPC"), ("pwrite64", 333, "fill"), ("fdatasync", 70, "ENOSPC+")]
    {
        ended(&meet(Fault { call, place: "/log/", at, action }), 26, &words);
    }
}

/// Exit code 31: "a fault of ours in a place where memory may now differ from disk". The wall clock
/// is what the core cannot do without: when the system refuses it, the writer panics.
#[test]
fn a_panic_in_the_core_ends_the_process_with_31_and_its_remedy() {
    for at in [1_500, 3_000] {
        let fault = Fault { call: "clock_gettime", place: "onhand-writer", at, action: "EIO" };
        ended(
            &meet(fault),
            31,
            &["exit_code=31", "start again", "rebuilt from the log", "report it"],
        );
    }
}

/// What lies beside the log may fail without stopping anything: it is written again, or not needed.
#[test]
fn a_checkpoint_that_the_disk_refuses_stops_nothing() {
    for (call, action) in [("fdatasync", "EIO"), ("pwrite64", "ENOSPC"), ("rename", "EIO")] {
        let fault = Fault { call, place: "/checkpoint/", at: 1, action };
        let mut server = Server::start_with(&RESTLESS);
        load::stock_up(&server);
        server.kill();
        server.restart_with_fault(&RESTLESS, fault).expect("a checkpoint comes later");
        let sent = load::run(&mut server, "beside", 500, |server| {
            // A round is looked for twice a second: the load goes on until one has met the fault.
            while !server.printed().contains("a checkpoint failed") {
                thread::sleep(Duration::from_millis(5));
            }
            assert_eq!(server.stop().code, Some(0), "it ends in good order");
        });
        let printed = server.wait().output;
        assert!(printed.contains(&fault.announced()), "{fault:?}: {printed}");
        server.restart_with(&RESTLESS);
        server.client().get("/v1/admin/status").expect(200).shows("log/replayed 0");
        let shop = server.shop(load::TENANT);
        all_are_found(&shop, &sent);
    }
}

/// A start that the disk refuses says which file, and leaves everything as it was.
#[test]
fn a_start_that_the_disk_refuses_names_the_file() {
    let mut server = Server::start_with(&RESTLESS);
    load::stock_up(&server);
    server.kill();
    for (call, place, action, code, words) in [
        ("fdatasync", "meta.redb", "EIO", 27, ["meta.redb", "operating system"]),
        ("pwrite64", "meta.redb", "ENOSPC", 26, ["meta.redb", "free space"]),
        ("pwrite64", "/log/", "EIO", 27, ["/log/", "operating system"]),
        ("pwrite64", "/log/", "ENOSPC", 26, ["/log/", "free space"]),
    ] {
        let fault = Fault { call, place, at: 1, action };
        let exit = server.restart_with_fault(&RESTLESS, fault).expect_err("the start is refused");
        ended(&exit, code, &words);
        server.restart_with(&RESTLESS);
        server.shop(load::TENANT).position("item-0", "north").shows("onHand 1000000");
        server.kill();
    }
}

//! The real binary under load, killed at its n-th call to the disk, for many n: before the call, after
//! it, and in the middle of a write. The count begins with the process, so that a small n meets the
//! start and its repairs.

use onhand_tests::{Fault, Server};

use crate::load::{self, all_are_found, events_have_no_hole, repeat_all, sums_agree};

/// Small segments, frequent checkpoints and index runs, so that kills meet those too.
const RESTLESS: [(&str, &str); 3] = [
    ("ONHAND_SEGMENT_BYTES", "1MiB"),
    ("ONHAND_CHECKPOINT_RECORDS", "200"),
    ("ONHAND_ENDED_KEPT", "1s"),
];

/// Call, a part of the file's path, what happens, and at which calls.
const CUTS: [(&str, &str, &str, &[u32]); 9] = [
    ("fdatasync", "/log/", "kill", &[1, 2, 3, 5, 8, 21, 55, 144, 377]),
    ("fdatasync", "/log/", "kill-after", &[1, 2, 4, 13, 89, 233]),
    ("pwrite64", "/log/", "torn", &[1, 2, 7, 34, 143, 610, 1597]),
    ("ftruncate64", "/log/", "kill-after", &[1, 3]),
    ("rename", "/log/", "kill-after", &[1]),
    ("fdatasync", "/checkpoint/", "kill", &[1, 30, 65, 66]),
    ("pwrite64", "/checkpoint/", "torn", &[20, 70]),
    ("rename", "/checkpoint/", "kill", &[1, 64, 90]),
    ("fdatasync", "meta.redb", "kill", &[1, 2]),
];

#[test]
fn nothing_acknowledged_is_lost_wherever_the_process_is_killed() {
    let mut server = Server::start_with(&RESTLESS);
    load::stock_up(&server);
    server.kill();
    let (mut attempts, mut at_start) = (Vec::new(), 0);
    for (call, place, action, numbers) in CUTS {
        for at in numbers {
            let fault = Fault { call, place, at: *at, action };
            let mut sent = match server.restart_with_fault(&RESTLESS, fault) {
                Ok(()) => {
                    load::run(&mut server, &format!("{call}-{place}-{action}-{at}"), 0, |_| ())
                }
                Err(_) => {
                    at_start += 1;
                    Vec::new()
                }
            };
            let exit = server.wait();
            assert_eq!(exit.code, None, "{fault:?}: {exit:?}");
            assert!(exit.output.contains(&fault.announced()), "{fault:?}: {exit:?}");
            server.restart_with(&RESTLESS);
            let shop = server.shop(load::TENANT);
            repeat_all(&shop, &mut sent);
            all_are_found(&shop, &sent);
            attempts.extend(sent);
            server.kill();
        }
    }
    assert!(at_start > 0, "no start was met");
    server.restart();
    let shop = server.shop(load::TENANT);
    all_are_found(&shop, &attempts);
    sums_agree(&shop, &attempts);
    events_have_no_hole(&shop);
    server.kill();
    let verified = server.verify();
    assert_eq!(verified.code, Some(0), "{}", verified.output);
}

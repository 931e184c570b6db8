//! `onhand verify`: beside a running server, and what it says when things contradict each other.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use onhand_tests::{Server, line};
use serde_json::json;

use crate::tools::{data_of, run};

#[test]
fn a_running_server_is_verified_without_stopping_it() {
    let server = Server::start();
    let shop = server.shop("default");
    for number in 0..300 {
        shop.receive(&format!("item-{}", number % 40), "north", 1_000);
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for seller in 0..3_u64 {
            let (shop, is_over) = (server.shop("default"), &is_over);
            scope.spawn(move || {
                let mut number = seller;
                while !is_over.load(Ordering::Relaxed) {
                    let item = format!("item-{}", number % 40);
                    let held = shop.hold_lines(&[line(&item, "north", 1)]).text("reservationId");
                    let verb = ["confirm", "cancel", "fulfil"]
                        [usize::try_from(number % 3).expect("small")];
                    shop.act(&held, verb, &json!(null)).expect(200);
                    number += 3;
                }
            });
        }
        let data = data_of(&server);
        for more in [&[][..], &["--rebuild"], &["--rebuild"]] {
            let exit = run(&[&["verify", "--data", &data], more].concat());
            assert_eq!(exit.code, Some(0), "{more:?}: {}", exit.output);
            assert!(exit.output.contains("everything agrees"), "{}", exit.output);
            let is_compared = exit.output.contains("with the memory of the running server");
            assert_eq!(is_compared, !more.is_empty(), "{}", exit.output);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    server.client().get("/v1/admin/verify").expect(200).shows("status done, compared memory");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("makes");
    for entry in fs::read_dir(from).expect("lists") {
        let entry = entry.expect("lists");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copies");
        }
    }
}

/// Two histories that part: the checkpoints of one beside the log of the other.
#[test]
fn a_difference_is_named_with_both_figures_and_has_its_exit_code() {
    let mut server = Server::start();
    server.shop("default").receive("tea", "north", 10);
    assert_eq!(server.stop().code, Some(0));
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    copy(&server.data(), &place.path().join("data"));
    let mut other = Server::start_in(place, &[]);
    server.restart();
    for (server, quantity) in [(&server, 1), (&other, 4)] {
        server.shop("default").sell("tea", "north", quantity);
    }
    assert_eq!((server.stop().code, other.stop().code), (Some(0), Some(0)));
    assert_eq!(server.verify().code, Some(0));
    copy(&other.data().join("checkpoint"), &server.data().join("checkpoint"));
    let exit = server.verify();
    assert_eq!(exit.code, Some(28), "{}", exit.output);
    let expected =
        "position default/tea@north (0): available is 9 in the log and 6 in the checkpoints";
    assert!(exit.output.contains(expected), "{}", exit.output);
    let rebuild = run(&["verify", "--rebuild", "--data", &data_of(&server)]);
    assert_eq!(rebuild.code, Some(28), "{}", rebuild.output);
}

//! Starts that must not succeed: each has a message that names the remedy and an exit code of its
//! own, and after the remedy everything is there.

use std::fs;
use std::path::{Path, PathBuf};

use onhand_tests::{Exit, Process, Server, line};
use serde_json::json;

/// The exit codes of a panic and of success: never those of a refused start.
const WRONG_CODES: [Option<i32>; 3] = [None, Some(0), Some(101)];

#[track_caller]
fn refused(exit: &Exit, words: &[&str]) {
    assert!(!WRONG_CODES.contains(&exit.code), "{exit:?}");
    let output = exit.output.to_lowercase();
    assert!(!output.contains("panicked"), "{exit:?}");
    for word in words {
        assert!(output.contains(&word.to_lowercase()), "`{word}` is not named: {}", exit.output);
    }
}

fn in_use() -> Exit {
    let mut server = Server::start();
    let shop = server.shop("first");
    shop.receive("tea", "north", 5);
    let id = server.process().id().to_string();
    let exit = server.second_start(&[]);
    refused(&exit, &["in use", &id]);
    shop.hold("tea", "north", 2);
    assert_eq!(server.stop().code, Some(0));
    server.restart();
    server.shop("first").position("tea", "north").shows("onHand 5, reserved 2");
    exit
}

#[test]
fn a_second_process_on_the_same_directory_is_refused_and_the_first_goes_on() {
    in_use();
}

/// The bytes that the test wrote are changed where they lie in the log.
fn damaged() -> Exit {
    let mut server = Server::start();
    let mark = "mark-of-the-damaged-order";
    let shop = server.shop("damage");
    shop.receive("tea", "north", 5);
    let body = json!({ "orderId": mark, "lines": [line("tea", "north", 1)] });
    let id = shop.reserve(&body).expect(201).text("reservationId");
    shop.hold("tea", "north", 1);
    server.kill();
    let originals = change_in_log(&server.data(), mark.as_bytes());
    assert!(!originals.is_empty(), "the order's id is nowhere in the log");
    let exit = server.second_start(&[]);
    refused(&exit, &["damaged"]);
    let verified = server.verify();
    assert_ne!(verified.code, Some(0), "verify finds nothing: {}", verified.output);
    for (path, bytes) in originals {
        fs::write(path, bytes).expect("a backup can be put back");
    }
    server.restart();
    let shop = server.shop("damage");
    shop.reservation(&id).shows(&format!("orderId {mark}, status ACTIVE"));
    shop.position("tea", "north").shows("onHand 5, reserved 2");
    server.kill();
    assert_eq!(server.verify().code, Some(0));
    exit
}

#[test]
fn a_damaged_frame_is_named_and_after_its_repair_nothing_is_lost() {
    damaged();
}

fn unknown_format() -> Exit {
    let mut server = Server::start();
    server.shop("format").receive("tea", "north", 5);
    assert_eq!(server.stop().code, Some(0));
    let originals = raise_format(&server.data());
    let exit = server.second_start(&[]);
    refused(&exit, &["format"]);
    for (path, bytes) in originals {
        fs::write(path, bytes).expect("a backup can be put back");
    }
    server.restart();
    server.shop("format").position("tea", "north").shows("onHand 5");
    exit
}

#[test]
fn an_unknown_format_version_is_refused_and_touches_nothing() {
    unknown_format();
}

fn wrong_setting() -> Exit {
    Process::run(&["serve", "--listen", "127.0.0.1:0"], &[("ONHAND_STRICT_CATALOG", "perhaps")])
}

/// "a wrong setting names itself and stops the start".
#[test]
fn a_wrong_setting_names_itself() {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let path = |name: &str| directory.path().join(name).to_str().expect("UTF-8").to_owned();
    let data = path("data");
    refused(&wrong_setting(), &["strict_catalog"]);
    let listen = Process::run(&["serve", "--data", &data, "--listen", "nowhere"], &[]);
    refused(&listen, &["listen"]);
    let listen = Process::run(&["serve", "--data", &data], &[("ONHAND_LISTEN", "nowhere")]);
    refused(&listen, &["listen"]);
    let partitions = Process::run(&["serve", "--data", &data, "--partitions", "0"], &[]);
    refused(&partitions, &["partitions"]);
    for (name, text) in [("unknown", "lisen = \"127.0.0.1:0\""), ("wrong", "listen = 7")] {
        let file = path(name);
        fs::write(&file, text).expect("a file can be written");
        let exit = Process::run(&["serve", "--data", &data, "--config", &file], &[]);
        refused(&exit, &[text.split(' ').next().expect("a name")]);
    }
    let missing = path("missing.toml");
    let exit = Process::run(&["serve", "--data", &data, "--config", &missing], &[]);
    refused(&exit, &["missing.toml"]);
    let unknown = Process::run(&["serve", "--data", &data], &[("ONHAND_LISEN", "127.0.0.1:0")]);
    refused(&unknown, &["lisen"]);
    assert!(!Path::new(&data).exists(), "a refused start made a directory");
}

#[test]
fn another_number_of_partitions_is_refused() {
    let mut server = Server::start();
    server.shop("partitions").receive("tea", "north", 5);
    assert_eq!(server.stop().code, Some(0));
    let exit = server.second_start(&[("ONHAND_PARTITIONS", "16")]);
    refused(&exit, &["partitions", "64", "16"]);
    server.restart();
    server.shop("partitions").position("tea", "north").shows("onHand 5");
}

#[test]
fn a_directory_that_is_something_else_is_left_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let file = directory.path().join("letters.txt");
    fs::write(&file, "dear reader").expect("a file can be written");
    let path = file.to_str().expect("UTF-8");
    let exit = Process::run(&["serve", "--data", path, "--listen", "127.0.0.1:0"], &[]);
    refused(&exit, &["letters.txt"]);
    assert_eq!(fs::read(&file).expect("the file is there"), b"dear reader");
}

/// The log as it was before its last record, with the mark of that record beside it.
fn lost_tail() -> Exit {
    let mut server = Server::start();
    let data = server.data();
    server.shop("tail").receive("tea", "north", 5);
    assert_eq!(server.stop().code, Some(0));
    let backup = tempfile::tempdir().expect("a temporary directory can be made");
    copy(&data, backup.path());
    server.restart();
    server.shop("tail").hold("tea", "north", 2);
    assert_eq!(server.stop().code, Some(0));
    fs::copy(data.join("high-water"), backup.path().join("high-water")).expect("it is there");
    fs::remove_dir_all(&data).expect("the data can be removed");
    copy(backup.path(), &data);
    let exit = server.second_start(&[]);
    refused(&exit, &["accept-lost-tail"]);
    server.restart_with(&[("ONHAND_ACCEPT_LOST_TAIL", "true")]);
    server.shop("tail").position("tea", "north").shows("onHand 5, reserved 0");
    server.shop("tail").hold("tea", "north", 1);
    assert_eq!(server.stop().code, Some(0));
    server.restart_with(&[]);
    server.shop("tail").position("tea", "north").shows("onHand 5, reserved 1");
    exit
}

/// "if our log does not contain them, the start is refused with its own exit code until
/// `--accept-lost-tail`".
#[test]
fn a_lost_tail_is_refused_until_the_loss_is_accepted() {
    lost_tail();
}

/// "each has its own exit code".
#[test]
fn every_fault_has_an_exit_code_of_its_own() {
    let mut codes = [
        ("in use", in_use().code),
        ("damaged", damaged().code),
        ("format", unknown_format().code),
        ("setting", wrong_setting().code),
        ("lost tail", lost_tail().code),
    ];
    codes.sort_by_key(|(_, code)| *code);
    assert!(codes.windows(2).all(|pair| pair[0].1 != pair[1].1), "{codes:?}");
}

/// Changes one byte of every place where `mark` stands in a segment of the log; returns the files
/// as they were.
fn change_in_log(data: &Path, mark: &[u8]) -> Vec<(PathBuf, Vec<u8>)> {
    let mut originals = Vec::new();
    for entry in fs::read_dir(data.join("log")).expect("the log can be listed") {
        let path = entry.expect("an entry").path();
        let original = fs::read(&path).expect("a segment can be read");
        let mut changed = original.clone();
        let mut found = false;
        for place in 0..original.len().saturating_sub(mark.len()) {
            if original[place..].starts_with(mark) {
                changed[place] ^= 0x20;
                found = true;
            }
        }
        if found {
            fs::write(&path, changed).expect("a segment can be written");
            originals.push((path, original));
        }
    }
    originals
}

/// Writes the next format version; returns the file as it was.
fn raise_format(data: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let path = data.join("meta.redb");
    let original = fs::read(&path).expect("meta.redb can be read");
    onhand_tests::raise_format(&path);
    vec![(path, original)]
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory can be made");
    for entry in fs::read_dir(from).expect("a directory can be listed") {
        let entry = entry.expect("a directory can be listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}

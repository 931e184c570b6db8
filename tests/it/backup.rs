//! `onhand backup` and `onhand restore`: under load, on a stopped directory, and damaged.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use onhand_tests::{Json, Process, Request, Server, line};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tools::{data_of, export, path, run, text};

fn place() -> TempDir {
    tempfile::tempdir().expect("a temporary directory can be made")
}

/// A server on a directory that was restored.
fn serve(place: TempDir) -> Server {
    Server::start_in(place, &[])
}

/// Restores into the place where a server looks for its data.
fn restore(backup: &Path) -> TempDir {
    let place = place();
    let data = place.path().join("data");
    let exit = run(&["restore", path(backup), "--data", path(&data)]);
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    let verified = run(&["verify", "--data", path(&data)]);
    assert_eq!(verified.code, Some(0), "{}", verified.output);
    place
}

fn manifest(backup: &Path) -> Value {
    serde_json::from_str(&text(&backup.join("backup.json"))).expect("JSON")
}

fn status(server: &Server) -> Json {
    server.client().get("/v1/admin/status").expect(200).json().clone()
}

/// All events up to a record.
fn events(server: &Server, sequence: u64) -> Vec<String> {
    let events = server.shop("default").events("");
    let until = |event: &&Json| event.number("sequence") <= sequence;
    events.iter().filter(until).map(|event| event.as_text().to_owned()).collect()
}

#[test]
fn a_backup_taken_under_load_restores_verifies_and_equals() {
    let place = place();
    let settings =
        [("ONHAND_CHECKPOINT_RECORDS", "300"), ("ONHAND_TOOLS_BYTES_PER_SECOND", "200KiB")];
    let server = Server::start_with(&settings);
    let shop = server.shop("default");
    for number in 0..200 {
        shop.receive(&format!("item-{number}"), "north", 1_000);
    }
    while status(&server).number("checkpoint/rounds") == 0 {
        shop.receive("more", "north", 1);
    }
    let before = shop.receive("before", "north", 7).number("sequence");
    let backup = place.path().join("backup");
    let is_over = AtomicBool::new(false);
    let (code, sold) = thread::scope(|scope| {
        let sellers: Vec<_> = (0..4)
            .map(|seller| {
                let (shop, is_over) = (server.shop("default"), &is_over);
                scope.spawn(move || {
                    let mut sold = 0_u64;
                    while !is_over.load(Ordering::Relaxed) {
                        let item = format!("item-{}", (sold * 7 + seller) % 200);
                        let held = shop.hold_lines(&[line(&item, "north", 1)]);
                        let verb = ["confirm", "cancel", "fulfil"]
                            [usize::try_from(sold % 3).expect("small")];
                        shop.act(&held.text("reservationId"), verb, &json!(null)).expect(200);
                        sold += 1;
                    }
                    sold
                })
            })
            .collect();
        let data = data_of(&server);
        let exit = run(&["backup", path(&backup), "--data", &data]);
        is_over.store(true, Ordering::Relaxed);
        let sold = sellers.into_iter().map(|it| it.join().expect("sells")).sum::<u64>();
        (exit.code, sold)
    });
    assert_eq!(code, Some(0));
    assert!(sold > 0, "selling went on");
    let taken = manifest(&backup);
    let sequence = taken["sequence"].as_u64().expect("has one");
    assert!(sequence >= before, "what was acknowledged before it began is in it");
    assert!(status(&server).number("log/durable") > sequence, "it was taken in the middle");
    let files = taken["files"].as_array().expect("has files");
    let is_checkpoint =
        |file: &&Value| file["path"].as_str().is_some_and(|it| it.ends_with(".ckp"));
    assert!(files.iter().filter(is_checkpoint).count() > 10, "{files:?}");

    let back = serve(restore(&backup));
    let (ours, theirs) = (status(&server), status(&back));
    assert_eq!(theirs.text("identity"), ours.text("identity"));
    assert!(theirs.number("epoch") > ours.number("epoch"), "the epoch is raised");
    let (ours, theirs) = (events(&server, sequence), events(&back, sequence));
    assert!(!theirs.is_empty());
    assert_eq!(theirs, ours, "record for record");
    // It goes on from there.
    back.shop("default").receive("after", "north", 1);
    let rebuilt = run(&["verify", "--rebuild", "--data", &data_of(&back)]);
    assert_eq!(rebuilt.code, Some(0), "{}", rebuilt.output);
}

#[test]
fn a_stopped_directory_is_backed_up_and_left_as_it_was() {
    let place = place();
    let mut server = Server::start();
    let shop = server.shop("default");
    shop.receive("tea", "north", 5);
    shop.hold("tea", "north", 2);
    let (data, exported) = (data_of(&server), place.path().join("a.csv"));
    export(&data, &exported, &[]);
    let running = place.path().join("running");
    assert_eq!(run(&["backup", path(&running), "--data", &data]).code, Some(0));
    assert_eq!(server.stop().code, Some(0));
    let stopped = place.path().join("stopped");
    let exit = run(&["backup", path(&stopped), "--data", &data]);
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    for backup in [&running, &stopped] {
        let back = restore(backup);
        let again = place.path().join("again.csv");
        export(path(&back.path().join("data")), &again, &[]);
        assert_eq!(text(&again), text(&exported), "{backup:?}");
        let back = serve(back);
        back.shop("default").position("tea", "north").shows("available 3, reserved 2");
    }
    assert_eq!(server.verify().code, Some(0));
}

#[test]
fn damaged_backups_are_refused_and_leave_nothing() {
    let place = place();
    let server = Server::start();
    server.shop("default").receive("tea", "north", 5);
    let (backup, back) = (place.path().join("backup"), place.path().join("back"));
    assert_eq!(run(&["backup", path(&backup), "--data", &data_of(&server)]).code, Some(0));
    let refused = |what: &str, code: i32| {
        let exit = run(&["restore", path(&backup), "--data", path(&back)]);
        assert_eq!(exit.code, Some(code), "{what}: {}", exit.output);
        assert!(!back.exists(), "{what}");
    };
    for name in ["meta.redb", "log/000001.redb", "high-water", "backup.json", "backup.b3"] {
        let file = backup.join(name);
        let whole = fs::read(&file).expect("reads");
        let mut changed = whole.clone();
        let middle = whole.len() / 2;
        changed[middle] = changed[middle].wrapping_add(1);
        fs::write(&file, &changed).expect("writes");
        refused(&format!("{name} changed"), 29);
        fs::remove_file(&file).expect("removes");
        refused(&format!("{name} missing"), 29);
        fs::write(&file, &whole).expect("writes");
    }
    let nothing = run(&["restore", path(&back), "--data", path(&back)]);
    assert_eq!(nothing.code, Some(29), "{}", nothing.output);
    let exit = run(&["restore", path(&backup), "--data", path(&back)]);
    assert_eq!(exit.code, Some(0), "whole again: {}", exit.output);
}

#[test]
fn nothing_is_written_where_something_is() {
    let place = place();
    let server = Server::start();
    server.shop("default").receive("tea", "north", 5);
    let (data, backup) = (data_of(&server), place.path().join("backup"));
    fs::create_dir(&backup).expect("makes");
    assert_eq!(run(&["backup", path(&backup), "--data", &data]).code, Some(0), "empty will do");
    let again = run(&["backup", path(&backup), "--data", &data]);
    assert_eq!(again.code, Some(21), "{}", again.output);
    let full = run(&["restore", path(&backup), "--data", path(place.path())]);
    assert_eq!(full.code, Some(21), "{}", full.output);
    let used = run(&["restore", path(&backup), "--data", &data]);
    assert_eq!(used.code, Some(21), "{}", used.output);
    let nowhere = run(&["backup", "/proc/nowhere", "--data", &data]);
    assert_eq!(nowhere.code, Some(27), "{}", nowhere.output);
    server.shop("default").position("tea", "north").shows("available 5");
}

#[test]
fn whoever_cannot_read_our_files_cannot_have_files_written() {
    let place = place();
    let server = Server::start();
    let body = json!({ "directory": path(&place.path().join("backup")) });
    server.client().post("/v1/admin/backup", &body).problem(401, "UNAUTHENTICATED");
    let wrong = Request::post("/v1/admin/backup").header("authorization", "Bearer x").json(&body);
    server.client().send(&wrong).problem(401, "UNAUTHENTICATED");
    let file: Value =
        serde_json::from_str(&text(&server.data().join("server.json"))).expect("JSON");
    let token = format!("Bearer {}", file["token"].as_str().expect("a token"));
    let ask = |directory: &str| {
        let body = json!({ "directory": directory });
        let request = Request::post("/v1/admin/backup").header("authorization", &token).json(&body);
        server.client().send(&request)
    };
    ask("backup").problem(422, "INVALID_REQUEST");
    ask(path(&place.path().join("backup"))).expect(202);
}

/// A server that stops ends the backup; nothing half done is left under its name.
#[test]
fn a_server_that_stops_ends_its_backup() {
    let place = place();
    let mut server = Server::start_with(&[("ONHAND_TOOLS_BYTES_PER_SECOND", "1KiB")]);
    for _ in 0..50 {
        server.shop("default").receive("tea", "north", 5);
    }
    let backup = place.path().join("backup");
    let arguments = ["backup", path(&backup), "--data", &data_of(&server)];
    let output = place.path().join("output");
    let mut tool = Process::spawn(&arguments, &[], &output, &place.path().join("nothing"));
    let draft = place.path().join("backup.new");
    while !draft.exists() {
        assert!(tool.ended().is_none(), "{}", tool.printed());
        thread::yield_now();
    }
    assert_eq!(server.stop().code, Some(0));
    let exit = tool.wait();
    assert!(matches!(exit.code, Some(13 | 14)), "{exit:?}");
    assert!(!backup.exists() && !draft.exists());
}

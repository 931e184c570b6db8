//! A round of checkpoints may be cut short at any file: what was installed is new, the rest is old
//! or not there. Every such mixture must lead to the same state.

use std::fs;
use std::path::{Path, PathBuf};

use onhand_tests::{Server, Shop, anywhere, line};
use serde_json::{Value, json};

/// The checkpoint files in the order in which a round installs them.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("checkpoints can be listed");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("checkpoints can be listed").path()).collect();
    files.sort();
    files
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory can be made");
    for file in files(from) {
        fs::copy(&file, to.join(file.file_name().expect("a file"))).expect("it can be copied");
    }
}

/// Opens, changes and ends something of every kind, at items over many partitions.
fn trade(shop: &Shop, name: &str) {
    for number in 0..20 {
        let item = format!("{name}-{number}");
        shop.receive(&item, "north", 10);
        shop.receive(&item, &format!("place-{name}"), 10);
        let lines = [anywhere(&item, 12), line("shared", "north", 1)];
        shop.receive("shared", "north", 2);
        let id = shop.hold_lines(&lines).text("reservationId");
        match number % 4 {
            0 => drop(shop.act(&id, "confirm", &json!(null)).expect(200)),
            1 => drop(shop.act(&id, "cancel", &json!(null)).expect(200)),
            2 => drop(shop.act(&id, "fulfil", &json!(null)).expect(200)),
            _ => {}
        }
    }
    let transfer =
        json!({ "itemId": "shared", "from": "north", "to": format!("to-{name}"), "quantity": 1 });
    shop.stock("transfers", &transfer).ok();
    shop.policy("shared", "north", &json!({ "safetyStock": 1 }));
}

fn read(server: &Server) -> Vec<Value> {
    let mut shown = Vec::new();
    for tenant in ["old", "new"] {
        let shop = server.shop(tenant);
        for path in ["items", "locations", "positions", "reservations"] {
            let entries = shop.pages(&format!("/v1/{path}?limit=1000"));
            let mut values: Vec<Value> = entries.iter().map(|entry| entry.value()).collect();
            values.sort_by_key(Value::to_string);
            shown.extend(values);
        }
    }
    shown
}

#[test]
fn every_mixture_of_old_and_new_files_leads_to_the_same_state() {
    let mut server = Server::start();
    let checkpoints = server.data().join("checkpoint");
    let aside = tempfile::tempdir().expect("a temporary directory can be made");
    let (none, old, new) =
        (aside.path().join("none"), aside.path().join("old"), aside.path().join("new"));
    fs::create_dir(&none).expect("a directory can be made");
    trade(&server.shop("old"), "first");
    assert_eq!(server.stop().code, Some(0));
    copy_all(&checkpoints, &old);
    server.restart();
    trade(&server.shop("old"), "second");
    trade(&server.shop("new"), "first");
    let expected = read(&server);
    assert_eq!(server.stop().code, Some(0));
    copy_all(&checkpoints, &new);
    let count = files(&new).len();
    assert!(count > 1, "one file cannot be mixed");
    for before in [&none, &old] {
        for installed in [0, 1, count / 2, count - 1, count] {
            fs::remove_dir_all(&checkpoints).expect("checkpoints can be removed");
            copy_all(before, &checkpoints);
            for file in files(&new).iter().take(installed) {
                let name = file.file_name().expect("a file");
                fs::copy(file, checkpoints.join(name)).expect("it can be copied");
            }
            server.restart();
            assert!(read(&server) == expected, "{installed} of {count} files were installed");
            server.kill();
        }
    }
}

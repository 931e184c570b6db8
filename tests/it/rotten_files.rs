//! A bit that flips in a file of a stopped server: the next start says which file, with its exit code
//! and the remedy, or it changes nothing of what is served.

use std::fs;
use std::path::{Path, PathBuf};

use onhand_tests::{Server, line};
use serde_json::json;

/// Files that cannot be made again: the start is refused. Part of the path, where a bit flips, and
/// what stands before that place.
const PRECIOUS: [(&str, &[u8], usize); 5] = [
    ("log/000001.redb", b"ONHF", 1),
    ("log/000001.redb", b"ONHF", 40),
    ("meta.redb", b"identity", 9),
    ("checkpoint/064.ckp", b"CHNK", 30),
    ("checkpoint/064.ckp", b"FOOT", 17),
];

/// Files that are made again, or are only a second witness.
const REPLACED: [(&str, &[u8]); 2] = [("index/000001", b"ONHX"), ("high-water", b"ONHW")];

fn find(data: &Path, name: &str) -> PathBuf {
    let (directory, start) = name.rsplit_once('/').unwrap_or(("", name));
    let directory = data.join(directory);
    let entries = fs::read_dir(&directory).expect("the directory can be listed");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    let starts =
        |path: &PathBuf| path.file_name().is_some_and(|it| it.to_string_lossy().starts_with(start));
    paths.find(starts).unwrap_or_else(|| panic!("no {name} in {}", directory.display()))
}

/// Flips a bit `offset` bytes behind every place of these bytes; returns the file as it was.
fn flip(path: &Path, before: &[u8], offset: usize) -> Vec<u8> {
    let whole = fs::read(path).expect("the file can be read");
    let mut rotten = whole.clone();
    let mut flipped = 0;
    for at in 0..whole.len().saturating_sub(before.len() + offset) {
        if whole[at..].starts_with(before) {
            rotten[at + offset] ^= 4;
            flipped += 1;
        }
    }
    assert!(flipped > 0, "{before:?} stands nowhere in {}", path.display());
    fs::write(path, rotten).expect("the file can be written");
    whole
}

#[test]
fn a_flipped_bit_is_named_with_its_file_or_changes_nothing() {
    let mut server = Server::start();
    let shop = server.shop("rot");
    shop.receive("tea", "north", 5);
    let body = json!({ "orderId": "O-1", "lines": [line("tea", "north", 2)] });
    let id = shop.reserve(&body).expect(201).text("reservationId");
    let ended = shop.act(&id, "cancel", &json!(null)).expect(200);
    assert_eq!(server.stop().code, Some(0));
    for (name, before, offset) in PRECIOUS {
        let path = find(&server.data(), name);
        let whole = flip(&path, before, offset);
        let exit = server.second_start(&[]);
        assert_eq!(exit.code, Some(24), "{name} +{offset}: {exit:?}");
        for words in [name, "onhand verify", "restore"] {
            assert!(exit.output.contains(words), "{name} +{offset}: {exit:?}");
        }
        assert_ne!(server.verify().code, Some(0), "{name} +{offset}");
        fs::write(&path, whole).expect("a backup can be put back");
    }
    let served = |server: &Server| {
        let shop = server.shop("rot");
        shop.position("tea", "north").shows("onHand 5, available 5, reserved 0");
        assert_eq!(shop.reservation(&id).value(), ended.value());
        assert_eq!(shop.pages("/v1/reservations?orderId=O-1").len(), 1);
    };
    for (name, before) in REPLACED {
        flip(&find(&server.data(), name), before, 0);
        fs::write(server.data().join("server.json"), "{\"pid\": rotten")
            .expect("a file can be written");
        server.restart();
        served(&server);
        assert_eq!(server.stop().code, Some(0), "{name}");
    }
    // All that is derived may be deleted.
    for name in ["checkpoint", "index"] {
        fs::remove_dir_all(server.data().join(name)).expect("it is there");
    }
    server.restart();
    served(&server);
    server.kill();
    assert_eq!(server.verify().code, Some(0));
}

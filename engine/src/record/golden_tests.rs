//! Bytes on disk are a promise: tests/golden/records-v1 holds them as they were when they were frozen.
//!
//! A file holds one payload in hexadecimal digits, 32 bytes a line. To add a sample, add it to `samples`
//! and run `cargo test -p onhand-engine golden -- --ignored`: that writes what is missing, and never
//! changes what is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use onhand_domain::change::Cause;

use super::samples::{self, SEQUENCE};
use super::{KIND_CHANGE, checkpoint, decode, encode};

fn directory(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(name)
}

fn file(directory_name: &str, name: &str) -> PathBuf {
    directory(directory_name).join(name).with_extension("hex")
}

fn to_hex(bytes: &[u8]) -> String {
    let line = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    bytes.chunks(32).map(|bytes| line(bytes) + "\n").collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    digits.chunks(2).map(|pair| byte(pair).expect("two hexadecimal digits")).collect()
}

fn names_of_files(directory_name: &str) -> BTreeSet<String> {
    let files = fs::read_dir(directory(directory_name)).expect("golden files are there");
    files
        .map(|file| file.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "hex"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}

fn records() -> Vec<(&'static str, Vec<u8>)> {
    let encoded = |change| {
        let mut bytes = Vec::new();
        encode(&change, SEQUENCE, &mut bytes);
        bytes
    };
    samples::all().into_iter().map(|(name, change)| (name, encoded(change))).collect()
}

fn entries() -> Vec<(&'static str, Vec<u8>)> {
    let encoded = |entry| {
        let mut bytes = Vec::new();
        checkpoint::encode(&entry, SEQUENCE, &mut bytes);
        bytes
    };
    samples::entries::all().into_iter().map(|(name, entry)| (name, encoded(entry))).collect()
}

fn check_bytes(directory_name: &str, samples: &[(&'static str, Vec<u8>)]) {
    for (name, bytes) in samples {
        let frozen = fs::read_to_string(file(directory_name, name)).expect("has a golden file");
        assert_eq!(to_hex(bytes), frozen, "{name} is encoded in another way than it was");
    }
    let known: BTreeSet<String> = samples.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(known.len(), samples.len(), "each sample has a name of its own");
    assert_eq!(names_of_files(directory_name), known, "each file has a sample");
}

fn write_missing(directory_name: &str, samples: &[(&'static str, Vec<u8>)]) {
    fs::create_dir_all(directory(directory_name)).expect("can be made");
    for (name, bytes) in samples {
        let path = file(directory_name, name);
        if !path.exists() {
            fs::write(path, to_hex(bytes)).expect("can be written");
        }
    }
}

#[test]
fn golden_records_are_written_as_ever() {
    check_bytes("records-v1", &records());
}

#[test]
fn golden_records_are_read_as_ever() {
    for (name, change) in samples::all() {
        let frozen = fs::read_to_string(file("records-v1", name)).expect("has a golden file");
        assert_eq!(decode(KIND_CHANGE, 1, SEQUENCE, &from_hex(&frozen)), Ok(change), "{name}");
    }
}

#[test]
fn golden_entries_are_written_as_ever() {
    check_bytes("checkpoint-v1", &entries());
}

#[test]
fn golden_entries_are_read_as_ever() {
    for (name, entry) in samples::entries::all() {
        let frozen = fs::read_to_string(file("checkpoint-v1", name)).expect("has a golden file");
        let read = checkpoint::decode(entry.kind(), 1, SEQUENCE, &from_hex(&frozen));
        assert_eq!(read, Ok(entry), "{name}");
    }
}

#[test]
fn golden_records_cover_every_cause() {
    for cause in Cause::ALL {
        assert!(samples::all().iter().any(|(_, change)| change.cause == cause), "{cause:?}");
    }
}

#[test]
#[ignore = "writes the files that are missing"]
fn write_missing_golden_files() {
    write_missing("records-v1", &records());
    write_missing("checkpoint-v1", &entries());
}

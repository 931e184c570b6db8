//! Where things lie and what they are called.

use std::fs;
use std::path::Path;

use crate::source::{self, none, root};

/// The directories of the top level.
const TOP: [&str; 8] =
    ["benches", "docs", "engine", "fuzz", "gateway", "loadtest", "storage", "tests"];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "types", "helpers", "helper", "common"];

fn says_nothing(path: &str) -> bool {
    Path::new(path).components().any(|part| {
        let part = part.as_os_str().to_string_lossy();
        let stem = part.strip_suffix(".rs").unwrap_or(&part);
        EMPTY_NAMES.contains(&stem) || part == "mod.rs"
    })
}

#[test]
fn no_file_is_called_mod_or_bears_an_empty_name() {
    let violations: Vec<String> =
        source::rust().into_iter().map(|it| it.path).filter(|path| says_nothing(path)).collect();
    none("`foo.rs` + `foo/`, never `mod.rs`, never an empty name", &violations);
}

#[test]
fn empty_names_are_noticed() {
    for path in ["engine/src/mod.rs", "gateway/src/utils.rs", "tests/common/server.rs"] {
        assert!(says_nothing(path), "{path}");
    }
    for path in ["engine/src/model.rs", "gateway/src/http/typescript.rs"] {
        assert!(!says_nothing(path), "{path}");
    }
}

#[test]
fn the_top_level_stays_as_it_is() {
    let mut violations = Vec::new();
    for entry in fs::read_dir(root()).expect("the root can be listed") {
        let entry = entry.expect("the root can be listed");
        let name = entry.file_name().to_string_lossy().into_owned();
        let hidden = name.starts_with('.') || name == "target" || name == "data";
        if entry.path().is_dir() && !hidden && !TOP.contains(&name.as_str()) {
            violations.push(name);
        }
    }
    none("the top level holds only what DESIGN names", &violations);
}

#[test]
fn every_library_states_its_promise() {
    let violations: Vec<String> = source::rust()
        .into_iter()
        .filter(|it| it.path.ends_with("src/lib.rs") && !it.text.starts_with("//! "))
        .map(|it| it.path)
        .collect();
    none("every lib.rs begins with the crate's promise", &violations);
}

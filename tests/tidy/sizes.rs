//! Files of at most 500 lines, functions of at most 70.

use crate::source::{self, none};

const FILE_LINES_MAX: usize = 500;

#[test]
fn no_file_is_longer_than_five_hundred_lines() {
    let violations: Vec<String> = source::rust()
        .iter()
        .filter(|source| source.text.lines().count() > FILE_LINES_MAX)
        .map(|source| format!("{}: {} lines", source.path, source.text.lines().count()))
        .collect();
    none("a file is one noun", &violations);
}

/// Functions are measured by clippy, so it must be told to, in every crate.
#[test]
fn clippy_measures_the_functions_of_every_crate() {
    let sources = source::all();
    let text = |path: &str| {
        let found = sources.iter().find(|source| source.path == path);
        found.unwrap_or_else(|| panic!("no {path}")).text.clone()
    };
    assert!(text("clippy.toml").contains("too-many-lines-threshold = 70"));
    assert!(text("Cargo.toml").contains("too_many_lines = \"warn\""));
    let violations: Vec<String> = sources
        .iter()
        .filter(|source| source.path.ends_with("/Cargo.toml"))
        .filter(|source| !source.text.contains("[lints]\nworkspace = true"))
        .map(|source| source.path.clone())
        .collect();
    none("every crate takes the lints of the workspace", &violations);
}

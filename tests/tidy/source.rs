//! The files of the repository, and Rust source without its comments and tests.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories that hold no source of ours.
const FOREIGN: [&str; 4] = [".git", "target", "data", "node_modules"];

/// A text file of the repository.
pub(crate) struct Source {
    /// Its path from the root, with `/` between its parts.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("the tests lie one level below the root").to_owned()
}

/// Every text file, in the order of its path.
pub(crate) fn all() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root(), "", &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 50, "only {} files were found", found.len());
    found
}

/// Every Rust file.
pub(crate) fn rust() -> Vec<Source> {
    all().into_iter().filter(|source| source.path.ends_with(".rs")).collect()
}

/// The Rust files of the engine itself (domain, storage, engine, gateway) without their tests.
pub(crate) fn product() -> Vec<Source> {
    let of_product = |path: &str| {
        let crates = ["engine/", "storage/", "gateway/"];
        crates.iter().any(|name| path.starts_with(name)) && path.contains("src/")
    };
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("/tests.rs");
    let kept = rust().into_iter().filter(|it| of_product(&it.path) && !is_test(&it.path));
    let found: Vec<Source> =
        kept.map(|it| Source { text: without_tests(&it.text), path: it.path }).collect();
    assert!(found.len() > 20, "only {} files of the product were found", found.len());
    found
}

/// The text without line comments, and without a `#[cfg(test)] mod … { … }` at its end.
pub(crate) fn without_tests(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.iter().zip(lines.iter().skip(1)).position(|(line, next)| {
        *line == "#[cfg(test)]" && next.starts_with("mod ") && next.ends_with('{')
    });
    let kept = &lines[..tests.unwrap_or(lines.len())];
    let code = kept.iter().map(|line| if line.trim().starts_with("//") { "" } else { line });
    code.collect::<Vec<_>>().join("\n")
}

/// The string literals of a piece of code: `(line, text)`. Escapes are left as they stand.
pub(crate) fn literals(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(code.lines()) {
        let mut parts = line.split('"').skip(1);
        while let Some(text) = parts.next() {
            found.push((number, text.to_owned()));
            parts.next();
        }
    }
    found
}

/// Fails with all violations of a rule.
#[track_caller]
pub(crate) fn none(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}:\n  {}", violations.join("\n  "));
}

fn collect(directory: &Path, prefix: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).expect("a directory can be listed") {
        let entry = entry.expect("a directory can be listed");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type().expect("it has a type").is_dir() {
            if !FOREIGN.contains(&name.as_str()) {
                collect(&entry.path(), &format!("{path}/"), found);
            }
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            found.push(Source { path, text });
        }
    }
}

#[test]
fn comments_and_tests_are_left_out() {
    let text = "fn a() {}\n// b\n    /// c\n#[cfg(test)]\nmod tests {\n    fn d() {}\n}\n";
    assert_eq!(without_tests(text), "fn a() {}\n\n");
    let outside = "#[cfg(test)]\nmod tests;\nfn e() {}";
    assert_eq!(without_tests(outside), outside);
}

#[test]
fn literals_are_found_with_their_line() {
    let found = literals("f(\"a\", \"b\");\ng();\nh(\"c\")");
    assert_eq!(found, [(1, "a".to_owned()), (1, "b".to_owned()), (3, "c".to_owned())]);
}

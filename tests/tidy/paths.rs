//! Every path that a document names exists: a map that drifts is worse than none.

use crate::source::{self, Source, none, root};

/// What a path of the repository begins with.
const BEGINNINGS: [&str; 8] =
    ["engine/", "gateway/", "storage/", "benches/", "loadtest/", "tests/", "docs/", ".ci/"];

/// The paths that a document names: in backticks when they begin at the root (or beside the
/// document), and as targets of links. Patterns (`docs/decisions/NNNN-*.md`, `{a,b}`) are not paths.
fn named_paths(document: &Source) -> Vec<String> {
    let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (place, text) in document.text.split('`').enumerate() {
        if place % 2 == 1 && BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) {
            found.extend(text.split_whitespace().next().map(str::to_owned));
        }
    }
    for link in document.text.split("](").skip(1) {
        let target = link.split([')', '#', ' ']).next().unwrap_or_default();
        if !target.is_empty() && !target.contains(':') {
            found.push(if folder.is_empty() {
                target.to_owned()
            } else {
                format!("{folder}/{target}")
            });
        }
    }
    let is_pattern =
        |path: &String| path.contains(['*', '{', '<', '…', '$']) || path.contains("NNNN");
    found.retain(|path| !is_pattern(path));
    found.iter().map(|path| path.split("::").next().unwrap_or(path).to_owned()).collect()
}

#[test]
fn every_path_named_in_a_document_exists() {
    let mut violations = Vec::new();
    let mut count = 0;
    for document in source::all().iter().filter(|source| source.path.ends_with(".md")) {
        for path in named_paths(document) {
            count += 1;
            let beside = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let exists = [root().join(&path), root().join(beside).join(&path)];
            if !exists.iter().any(|path| path.exists()) {
                violations.push(format!("{} names {path}", document.path));
            }
        }
    }
    assert!(count > 0, "no document names a path");
    none("every path named in a document exists", &violations);
}

#[test]
fn paths_are_found_in_backticks_and_links() {
    let text = "See `engine/src/lib.rs` and `storage/src/frame.rs::Frame`, not `log/000001.redb`, \
         [the map](ARCHITECTURE.md#words), [web](https://example.com), `docs/decisions/NNNN-*.md`, \
         `tests/it/main.rs --exact`.";
    let document = Source { path: "docs/A.md".to_owned(), text: text.to_owned() };
    assert_eq!(
        named_paths(&document),
        ["engine/src/lib.rs", "storage/src/frame.rs", "tests/it/main.rs", "docs/ARCHITECTURE.md"]
    );
}

/// Names that a document gives in files: `tests/it/lots.rs::a_test`.
fn named_items(document: &Source) -> Vec<(String, String)> {
    let parts = document.text.split('`').enumerate().filter(|(place, _)| place % 2 == 1);
    let named = parts.filter_map(|(_, text)| text.split_once(".rs::"));
    let is_ours = |path: &str| BEGINNINGS.iter().any(|beginning| path.starts_with(beginning));
    let named = named.filter(|(path, _)| is_ours(path) && !path.contains(['*', '{']));
    named.map(|(path, name)| (format!("{path}.rs"), name.to_owned())).collect()
}

#[test]
fn what_a_document_names_in_a_file_is_there() {
    let all = source::all();
    let mut violations = Vec::new();
    let mut count = 0;
    for document in all.iter().filter(|source| source.path.ends_with(".md")) {
        for (path, name) in named_items(document) {
            count += 1;
            let file = all.iter().find(|source| source.path == path);
            let word =
                |text: &str| text.split(|letter: char| !is_word(letter)).any(|it| it == name);
            if !file.is_some_and(|file| word(&file.text)) {
                violations.push(format!("{} names {name} in {path}", document.path));
            }
        }
    }
    assert!(count > 0, "no document names anything in a file");
    none("what a document names in a file is there", &violations);
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[test]
fn names_in_files_are_found() {
    let text = "`tests/it/lots.rs::a_test`, `storage/src/frame.rs`, `lots.rs::other`".to_owned();
    let document = Source { path: "docs/A.md".to_owned(), text };
    assert_eq!(named_items(&document), [("tests/it/lots.rs".to_owned(), "a_test".to_owned())]);
}

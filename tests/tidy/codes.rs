//! Every code of a problem and of a dead letter is documented with cause and remedy.

use std::collections::BTreeSet;

use crate::source::{self, literals, none};

const DOCUMENT: &str = "docs/FAILURES.md";

/// The one file that writes codes.
const CODES: &str = "gateway/src/http/problem/code.rs";

/// The files that write codes of dead letters alone; all other letters have the code of a problem.
const LETTERS: [&str; 5] = [
    "engine/domain/src/dead_letter.rs",
    "engine/src/publisher/handlers.rs",
    "gateway/src/brokers/dead_letters.rs",
    "gateway/src/brokers/kafka/intake/entry.rs",
    "gateway/src/dialect/intake/fault.rs",
];

/// They make letters with codes that stand in the files above, or in the list of problems.
const LETTERS_OF_PROBLEMS: [&str; 3] = [
    "engine/domain/src/decide/upkeep.rs",
    "engine/src/writer/core.rs",
    "gateway/src/http/operation/failed_events.rs",
];

/// Shows codes as examples in the description of the API.
const EXAMPLES: &str = "gateway/src/http/schema.rs";

fn is_code(word: &str) -> bool {
    word.len() > 3
        && word.starts_with(|sign: char| sign.is_ascii_uppercase())
        && word.chars().all(|sign| sign.is_ascii_uppercase() || sign == '_')
}

fn in_code(code: &str) -> BTreeSet<String> {
    literals(code).into_iter().map(|(_, text)| text).filter(|text| is_code(text)).collect()
}

/// The codes that a table of the document explains: rows that begin with a code in backticks.
fn in_document(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let words = rows.filter_map(|row| row.split('`').next());
    words.filter(|word| is_code(word)).map(str::to_owned).collect()
}

#[test]
fn code_and_document_name_the_same_error_codes() {
    let sources = source::all();
    let text = |path: &str| {
        let found = sources.iter().find(|source| source.path == path);
        found.unwrap_or_else(|| panic!("no {path}")).text.clone()
    };
    let mut used = in_code(&source::without_tests(&text(CODES)));
    assert!(used.len() > 20, "only {used:?} were found in {CODES}");
    for path in LETTERS {
        let codes = in_code(&source::without_tests(&text(path)));
        assert!(!codes.is_empty(), "no code is written in {path}");
        used.extend(codes);
    }
    let documented = in_document(&text(DOCUMENT));
    let undocumented: Vec<String> = used.difference(&documented).cloned().collect();
    none("every error code is explained in docs/FAILURES.md", &undocumented);
    let unused: Vec<String> = documented.difference(&used).cloned().collect();
    none("every error code in docs/FAILURES.md is in the code", &unused);
}

/// A letter gets its code where it is made; whoever makes one elsewhere must be listed above.
#[test]
fn letters_get_their_codes_in_the_files_that_are_listed() {
    let makes = |text: &str| text.contains("Fault::of(") || text.contains("Fault { code: Text");
    let known = |path: &str| {
        LETTERS.contains(&path)
            || LETTERS_OF_PROBLEMS.contains(&path)
            || path.starts_with("engine/src/record/samples/")
    };
    let others: Vec<String> = source::product()
        .into_iter()
        .filter(|source| makes(&source.text) && !known(&source.path))
        .map(|source| source.path)
        .collect();
    none("codes of dead letters are found by this test", &others);
}

/// No other file of the gateway writes a code, so the list above is the whole list.
#[test]
fn codes_are_written_in_one_file() {
    let codes = source::all().into_iter().find(|source| source.path == CODES);
    let codes = in_code(&codes.expect("codes have a file").text);
    let mut violations = Vec::new();
    for source in source::product().iter().filter(|it| it.path.starts_with("gateway/src/http/")) {
        if source.path != CODES && source.path != EXAMPLES {
            let doubled = in_code(&source.text).intersection(&codes).cloned().collect::<Vec<_>>();
            violations.extend(doubled.iter().map(|code| format!("{} writes {code}", source.path)));
        }
    }
    none("an error code is written in one file", &violations);
}

#[test]
fn codes_are_found_in_code_and_document() {
    let code = "Self::A => \"UNKNOWN_ITEM\",\nSelf::B => \"STALE\", \"not a code\", \"GET\"";
    let expected = BTreeSet::from(["STALE", "UNKNOWN_ITEM"].map(str::to_owned));
    assert_eq!(in_code(code), expected);
    let text = "| `UNKNOWN_ITEM` | 404 | `PUT` it |\n| `STALE` | 409 |\nsee `NOT_A_ROW`\n";
    assert_eq!(in_document(text), expected);
}

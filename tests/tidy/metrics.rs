//! Every metric is documented, and every documented metric exists.

use std::collections::BTreeSet;

use crate::source::{self, literals, none};

const DOCUMENT: &str = "docs/METRICS.md";
const PREFIXES: [&str; 2] = ["onhand_", "inventory_"];

/// Names of our crates, which look like metrics where log targets name them.
const CRATES: [&str; 3] = ["onhand_domain", "onhand_engine", "onhand_storage"];

fn is_metric(word: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_';
    PREFIXES.iter().any(|prefix| word.starts_with(prefix) && word.len() > prefix.len())
        && word.chars().all(plain)
        && !CRATES.contains(&word)
}

fn in_code(code: &str) -> BTreeSet<String> {
    literals(code).into_iter().map(|(_, text)| text).filter(|text| is_metric(text)).collect()
}

/// Names in backticks; labels in braces behind a name are not part of it.
fn in_document(text: &str) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let names = quoted.map(|text| text.split('{').next().unwrap_or_default());
    names.filter(|name| is_metric(name)).map(str::to_owned).collect()
}

#[test]
fn code_and_document_name_the_same_metrics() {
    let used: BTreeSet<String> =
        source::product().iter().flat_map(|source| in_code(&source.text)).collect();
    let sources = source::all();
    let document = sources.iter().find(|source| source.path == DOCUMENT);
    let documented = in_document(&document.expect("the metrics are documented").text);
    assert!(!used.is_empty());
    let undocumented: Vec<String> = used.difference(&documented).cloned().collect();
    none("every metric is in docs/METRICS.md", &undocumented);
    let unused: Vec<String> = documented.difference(&used).cloned().collect();
    none("every metric in docs/METRICS.md is in the code", &unused);
}

#[test]
fn metrics_are_found_in_code_and_document() {
    let code = "counter!(\"onhand_commits_total\"); target: \"onhand_engine\"; \"onhand_x y\"";
    assert_eq!(in_code(code), BTreeSet::from(["onhand_commits_total".to_owned()]));
    let text = "| `inventory_outbox_lag{sink}` | lag | `onhand` `onhand_commits_total`";
    let expected = ["inventory_outbox_lag", "onhand_commits_total"].map(str::to_owned);
    assert_eq!(in_document(text), BTreeSet::from(expected));
}

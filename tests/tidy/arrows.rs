//! Who may name which crate: the arrows between crates go one way.

use std::collections::BTreeMap;

use crate::source::{self, none};

/// A crate of others, and the manifests that may name it.
const HOLDERS: [(&str, &[&str]); 12] = [
    // `tests` writes a foreign format version into meta.redb.
    ("redb", &["storage", "tests"]),
    ("ractor", &["engine"]),
    ("postcard", &["engine"]),
    ("rkyv", &[]),
    ("axum", &["gateway", "loadtest", "benches"]),
    ("hyper", &["gateway", "loadtest", "benches"]),
    ("serde_json", &["gateway", "loadtest", "benches", "tests"]),
    ("rdkafka", &["gateway", "loadtest", "tests"]),
    ("redis", &["loadtest"]),
    ("tokio-postgres", &["loadtest"]),
    ("clap", &["gateway", "loadtest"]),
    ("figment", &["gateway"]),
];

/// Our own crates, and which of ours each may name. `benches` and `tests` may name all of them.
const ARROWS: [(&str, &[&str]); 5] = [
    ("engine/domain", &[]),
    ("storage", &[]),
    ("engine", &["onhand-domain", "onhand-storage"]),
    ("gateway", &["onhand-domain", "onhand-engine", "onhand-storage"]),
    // The support library of the black-box tests starts brokers; it knows no crate of the engine either.
    ("loadtest", &["onhand-tests"]),
];

/// The dependencies that each manifest names in any of its sections, without those for tests.
fn manifests() -> BTreeMap<String, Vec<Dependency>> {
    let manifest = |source: &source::Source| {
        let holder = source.path.strip_suffix("/Cargo.toml")?;
        Some((holder.to_owned(), dependencies(&source.text)))
    };
    let found: BTreeMap<_, _> = source::all().iter().filter_map(manifest).collect();
    assert!(found.len() >= 7, "{:?}", found.keys());
    found
}

#[derive(Debug, PartialEq)]
struct Dependency {
    name: String,
    only_for_tests: bool,
}

fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut section = "";
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
            continue;
        }
        let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
        if section.ends_with("dependencies") && !name.is_empty() && !name.starts_with('#') {
            let only_for_tests = section.ends_with("dev-dependencies");
            found.push(Dependency { name: name.to_owned(), only_for_tests });
        }
    }
    found
}

#[test]
fn a_foreign_crate_is_named_only_where_it_may_be() {
    let mut violations = Vec::new();
    for (holder, dependencies) in manifests() {
        for (name, holders) in HOLDERS {
            let named = dependencies.iter().any(|dependency| dependency.name == name);
            if named && !holders.contains(&holder.as_str()) {
                violations.push(format!("{holder} names {name}; only {holders:?} may"));
            }
        }
    }
    none("a crate is named only where it may be", &violations);
}

#[test]
fn our_crates_name_each_other_only_along_the_arrows() {
    let manifests = manifests();
    let mut violations = Vec::new();
    for (holder, allowed) in ARROWS {
        let dependencies = &manifests[holder];
        let ours =
            dependencies.iter().filter(|it| it.name.starts_with("onhand") && !it.only_for_tests);
        for named in ours.filter(|it| !allowed.contains(&it.name.as_str())) {
            violations.push(format!("{holder} names {}; it may name {allowed:?}", named.name));
        }
    }
    none("arrows between our crates go one way", &violations);
}

#[test]
fn the_domain_has_no_dependency_and_no_standard_library() {
    let manifests = manifests();
    let named: Vec<String> = manifests["engine/domain"]
        .iter()
        .filter(|dependency| !dependency.only_for_tests)
        .map(|dependency| dependency.name.clone())
        .collect();
    none("the domain depends on nothing", &named);
    let sources = source::product();
    let lib = sources.iter().find(|it| it.path == "engine/domain/src/lib.rs");
    assert!(lib.expect("the domain exists").text.contains("#![no_std]"));
    let std_users: Vec<String> = sources
        .iter()
        .filter(|it| it.path.starts_with("engine/domain/src/") && it.text.contains("std::"))
        .map(|it| it.path.clone())
        .collect();
    none("the domain knows only core and alloc", &std_users);
}

#[test]
fn only_the_door_is_asynchronous() {
    // The writer's core and the log are synchronous: they take time as an argument and run
    // without tokio.
    let storage = &manifests()["storage"];
    assert!(!storage.iter().any(|it| it.name == "tokio" && !it.only_for_tests), "{storage:?}");
}

#[test]
fn dependencies_of_every_section_are_found() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\n# b = \"1\"\n\
         c = { version = \"1\" }\n[dev-dependencies]\nd = \"1\"\n[lints]\ne = 1\n\
         [target.'cfg(unix)'.dependencies]\nf = \"1\"\n";
    let found: Vec<(String, bool)> =
        dependencies(manifest).into_iter().map(|it| (it.name, it.only_for_tests)).collect();
    let expected = [("a", false), ("c", false), ("d", true), ("f", false)];
    assert_eq!(found, expected.map(|(name, test)| (name.to_owned(), test)));
}

//! "No unbounded channels."

use crate::source::{self, none};

/// Whether a line of code makes a channel without a limit: `unbounded_channel`, `unbounded()`, or a
/// `channel()` that takes no capacity. A `oneshot` holds one message and no more.
fn makes_unbounded_channel(line: &str) -> bool {
    if line.contains("unbounded") {
        return true;
    }
    line.match_indices("channel").any(|(start, name)| {
        let rest = &line[start + name.len()..];
        let rest = match rest.strip_prefix("::<") {
            Some(generic) => generic.rsplit_once('>').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let is_oneshot = line[..start].ends_with("oneshot::");
        rest.starts_with("()") && !is_oneshot && !line.trim_start().starts_with("fn ")
    })
}

#[test]
fn no_channel_is_unbounded() {
    let mut violations = Vec::new();
    for source in source::product() {
        for (number, line) in (1..).zip(source.text.lines()) {
            if makes_unbounded_channel(line) {
                violations.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none("every channel has a limit", &violations);
}

#[test]
fn unbounded_channels_are_noticed() {
    for line in [
        "let (sender, receiver) = std::sync::mpsc::channel();",
        "let (a, b) = mpsc::channel::<Vec<u8>>();",
        "let (a, b) = tokio::sync::mpsc::unbounded_channel();",
        "let (a, b) = crossbeam::channel::unbounded();",
    ] {
        assert!(makes_unbounded_channel(line), "{line}");
    }
    for line in [
        "let (a, b) = mpsc::channel(limits.permits);",
        "let (a, b) = mpsc::sync_channel::<u8>(4);",
        "let (a, b) = tokio::sync::oneshot::channel();",
    ] {
        assert!(!makes_unbounded_channel(line), "{line}");
    }
}

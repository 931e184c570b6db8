//! Who may read a clock: "The core takes time, it never asks for it."

use crate::source::{self, Source, none};

/// The calls that read one.
const READS: [&str; 5] =
    ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now", "Utc::now"];

/// The files that may, and why.
const READERS: [(&str, &str); 8] = [
    ("engine/src/clock.rs", "the engine's clock: the one time that decides"),
    ("engine/src/engine.rs", "how long a shutdown may wait"),
    ("engine/src/hopper.rs", "spacing of commits, and how long each took"),
    ("gateway/src/brokers/stopwatch.rs", "pauses and time limits of the bridge"),
    ("gateway/src/http/server.rs", "how long requests may take when the process stops"),
    ("gateway/src/http/server/pulse.rs", "time limits of connections"),
    ("gateway/src/http/timestamp.rs", "the door's check of `occurredAt`"),
    ("storage/src/throttle.rs", "pacing of checkpoints"),
];

fn reads_clock(source: &Source) -> bool {
    let reads = |line: &str| READS.iter().any(|call| line.contains(call));
    source.text.lines().any(|line| reads(line) && !line.trim().starts_with("//"))
}

#[test]
fn a_clock_is_read_only_in_the_named_files() {
    let readers: Vec<String> = source::product()
        .iter()
        .filter(|source| reads_clock(source))
        .map(|source| source.path.clone())
        .collect();
    let unnamed: Vec<String> = readers
        .iter()
        .filter(|path| !READERS.iter().any(|(known, _)| known == path))
        .cloned()
        .collect();
    none("a clock is read only in the files named in tests/tidy/clock.rs", &unnamed);
    let idle: Vec<String> = READERS
        .iter()
        .filter(|(known, _)| !readers.iter().any(|path| path == known))
        .map(|(known, reason)| format!("{known} ({reason})"))
        .collect();
    none("a file that reads no clock any more loses its permission", &idle);
}

#[test]
fn reading_a_clock_is_noticed() {
    let check = |text: &str, expected: bool| {
        let source = Source { path: String::new(), text: text.to_owned() };
        assert_eq!(reads_clock(&source), expected, "{text}");
    };
    check("let now = std::time::Instant::now();", true);
    check("    SystemTime::now()", true);
    check("// Instant::now() is not read here", false);
    check("fn now(&self) -> Instant;", false);
}

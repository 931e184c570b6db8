//! Programs in Java, with Kafka's own client: what others would write.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{Skip, jars};

/// Runs a program of one source file with the broker's jars. Gives the lines that it printed; it must
/// end well.
///
/// # Errors
/// What this machine lacks: a Java that compiles, or the jars.
pub fn run_java(source: &Path, words: &[&str]) -> Result<Vec<String>, Skip> {
    let jars = jars::directory()?;
    jars::needed("javac", "-version")?;
    let run = Command::new("java")
        .args(["-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"])
        .arg(jars.join("*"))
        .arg(source)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .expect("java starts");
    let printed = String::from_utf8_lossy(&run.stdout);
    let complaint = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}:\n{printed}\n{complaint}", source.display());
    Ok(printed.lines().map(str::to_owned).collect())
}

//! The broker's jars: fetched once by Maven into the target directory, then kept.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::Skip;

/// What to fetch.
const POM: &str = include_str!("../../kafka/broker/pom.xml");

/// The directory with the jars. The first who asks fetches them; other threads and processes wait.
///
/// # Errors
/// What this machine lacks: Java, Maven, or a way to the artifacts.
pub(super) fn directory() -> Result<&'static Path, Skip> {
    static JARS: OnceLock<Result<PathBuf, Skip>> = OnceLock::new();
    JARS.get_or_init(fetched).as_deref().map_err(Skip::clone)
}

fn fetched() -> Result<PathBuf, Skip> {
    needed("java", "-version")?;
    let cache = target().join("kafka-broker");
    fs::create_dir_all(&cache).expect("the target directory can be written");
    let lock = File::create(cache.join("lock")).expect("a lock file can be made");
    lock.lock().expect("a lock file can be locked");
    let (jars, of_pom) = (cache.join("libs"), cache.join("pom.xml"));
    // The description is put last: with it there, the jars are whole and those it names.
    if fs::read_to_string(&of_pom).is_ok_and(|text| text == POM) {
        return Ok(jars);
    }
    needed("mvn", "-version")?;
    fetch(&cache, &jars)?;
    fs::write(&of_pom, POM).expect("the cache can be written");
    Ok(jars)
}

fn fetch(cache: &Path, jars: &Path) -> Result<(), Skip> {
    let repository = cache.join("repository");
    for stale in [jars, &repository] {
        if stale.exists() {
            fs::remove_dir_all(stale).expect("the cache can be written");
        }
    }
    let run = Command::new("mvn")
        .args(["--batch-mode", "--quiet", "--file"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka/broker/pom.xml"))
        .arg(format!("-Dmaven.repo.local={}", repository.display()))
        .arg(format!("-DoutputDirectory={}", jars.display()))
        .arg("dependency:copy-dependencies")
        .stdin(Stdio::null())
        .output()
        .expect("mvn was there a moment ago");
    fs::remove_dir_all(&repository).ok();
    if run.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&run.stdout);
    Err(Skip::because(&format!("mvn could not fetch the Kafka broker: {printed}")))
}

/// A program that answers.
///
/// # Errors
/// This machine has none.
pub(super) fn needed(program: &str, question: &str) -> Result<(), Skip> {
    let mut asked = Command::new(program);
    asked.arg(question).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match asked.status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Skip::because(&format!("no `{program}` on this machine"))),
    }
}

/// The directory of all builds, which Cargo marks: a test or a program runs somewhere within it.
fn target() -> PathBuf {
    let program = env::current_exe().expect("a running program has a path");
    let marked = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    marked.expect("a program lies where Cargo built it").to_owned()
}

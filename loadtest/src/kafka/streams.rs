//! The peer: a Kafka Streams application that does the same work exactly once
//! (loadtest/peers/kafka-streams), compiled by Maven once and kept beside the builds.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::topic::Topic;
use crate::failure::Failure;
use crate::peers::instance::program;

/// What is compiled. With the same text beside them, classes and jars are those it makes.
const SOURCES: [(&str, &str); 3] = [
    ("pom.xml", include_str!("../../peers/kafka-streams/pom.xml")),
    (
        "src/main/java/onhand/Stock.java",
        include_str!("../../peers/kafka-streams/src/main/java/onhand/Stock.java"),
    ),
    (
        "src/main/java/onhand/Tills.java",
        include_str!("../../peers/kafka-streams/src/main/java/onhand/Tills.java"),
    ),
];
const CLASS: &str = "onhand.Tills";
/// What it prints when it reads.
const RUNNING: &str = "running";
/// How long it may stand still.
const STANDSTILL_LIMIT: Duration = Duration::from_secs(60);
/// Pause between looks at its commits, which it makes every 100 ms.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// What the machine lacks for it; `None`: nothing.
#[must_use]
pub fn lacking() -> Option<String> {
    let absent = ["java", "mvn"].into_iter().find(|name| program(name).is_none())?;
    Some(format!("there is no `{absent}` on the search path"))
}

/// Classes and jars, compiled when they are not there yet.
fn built() -> Result<PathBuf, Failure> {
    let lacking = |detail| Failure::Start { server: "Kafka Streams".into(), detail };
    let own = std::env::current_exe()?;
    let marked = own.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let builds = marked.or_else(|| own.parent());
    let out =
        builds.ok_or_else(|| lacking("no place for its classes".into()))?.join("kafka-streams");
    fs::create_dir_all(&out)?;
    let lock = File::create(out.join("lock"))?;
    lock.lock()?;
    let (text, done): (String, _) =
        (SOURCES.iter().map(|(_, text)| *text).collect(), out.join("built-from"));
    if fs::read_to_string(&done).is_ok_and(|built| built == text) {
        return Ok(out);
    }
    if let Some(detail) = self::lacking() {
        return Err(lacking(detail));
    }
    let source = tempfile::tempdir()?;
    for (path, text) in SOURCES {
        let path = source.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(source.path()))?;
        fs::write(path, text)?;
    }
    let run = Command::new("mvn")
        .args(["--batch-mode", "--quiet", "compile", "dependency:copy-dependencies"])
        .arg(format!("-Dout={}", out.display()))
        .current_dir(source.path())
        .stdin(Stdio::null())
        .output()?;
    if !run.status.success() {
        return Err(lacking(String::from_utf8_lossy(&run.stdout).into_owned()));
    }
    fs::write(done, text)?;
    Ok(out)
}

/// The running application. Dropping it ends it and removes its state.
pub struct Streams {
    child: Child,
    /// It ends when this does.
    input: Option<ChildStdin>,
    _state: TempDir,
    /// Its commits are asked for by this name.
    group: String,
    _changelog: Topic,
}

impl Streams {
    /// Starts it on topics of a run and waits until it reads.
    ///
    /// # Errors
    /// When the machine lacks something, or it does not start.
    pub fn start(
        bootstrap: &str,
        (sales, changes): (&Topic, &Topic),
        units: u64,
        parent: Option<&Path>,
    ) -> Result<Self, Failure> {
        let out = built()?;
        let mut builder = tempfile::Builder::new();
        builder.prefix("loadtest-");
        let state = match parent {
            Some(parent) => builder.tempdir_in(parent)?,
            None => builder.tempdir()?,
        };
        let group = format!("{}-streams", sales.name);
        let changelog = Topic::of_others(bootstrap, format!("{group}-stock-changelog"))?;
        let class_path = std::env::join_paths([out.join("classes"), out.join("libs/*")]);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut child = Command::new("java")
            .args(["-Xmx1g", "-XX:+UseG1GC", "-cp"])
            .arg(class_path.map_err(std::io::Error::other)?)
            .args([CLASS, bootstrap, &sales.name, &changes.name])
            .arg(state.path())
            .args([units.to_string(), threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let streams = Self { child, input, _state: state, group, _changelog: changelog };
        let mut said = String::new();
        if let Some(output) = output {
            BufReader::new(output).read_line(&mut said)?;
        }
        if said.trim() != RUNNING {
            let detail = format!("it said `{}` instead of `{RUNNING}`", said.trim());
            return Err(Failure::Start { server: "Kafka Streams".into(), detail });
        }
        Ok(streams)
    }

    /// Waits until all sales are committed.
    ///
    /// # Errors
    /// When it stands still.
    pub fn finish(&self, sales: &Topic, count: u64) -> Result<Pace, Failure> {
        let watcher = sales.watcher(&self.group)?;
        let left = || Ok::<_, Failure>(count.saturating_sub(sales.committed(&watcher)?));
        Pace::watch("sales", left)
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.input = None;
        let deadline = Instant::now() + Duration::from_secs(20);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(LOOK_PAUSE);
        }
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How fast something was done: all that was left at the first look, and the second half of that, when
/// whoever compiles while running has compiled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Of all, per second.
    pub whole: f64,
    /// Of the second half.
    pub second_half: f64,
}

impl Pace {
    /// Looks until `left` says 0.
    ///
    /// # Errors
    /// When it does not change for a minute.
    pub fn watch(what: &str, left: impl Fn() -> Result<u64, Failure>) -> Result<Self, Failure> {
        let (start, all) = (Instant::now(), left()?);
        let mut moved = (all, start);
        let mut half = None;
        while moved.0 > 0 {
            std::thread::sleep(LOOK_PAUSE);
            let (now, at) = (left()?, Instant::now());
            if now <= all / 2 && half.is_none() {
                half = Some((now, at));
            }
            if now != moved.0 {
                moved = (now, at);
            } else if moved.1.elapsed() > STANDSTILL_LIMIT {
                return Err(Failure::Stalled(format!("{now} {what} are left and nothing moves")));
            }
        }
        Ok(Self::of(all, moved.1 - start, half.map(|(left, at)| (left, moved.1 - at))))
    }

    /// From all and how long it took; what was left when half was done, and how long that took.
    fn of(all: u64, took: Duration, half: Option<(u64, Duration)>) -> Self {
        let rate = |count: u64, took: Duration| count as f64 / took.as_secs_f64().max(1e-9);
        let whole = rate(all, took);
        let second_half = half.filter(|(left, _)| *left > 0).map(|(left, took)| rate(left, took));
        Self { whole, second_half: second_half.unwrap_or(whole) }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_second_half_has_a_pace_of_its_own() {
        let pace = Pace::of(1_000, Duration::from_secs(10), Some((400, Duration::from_secs(2))));
        assert_eq!(pace, Pace { whole: 100.0, second_half: 200.0 });
        let jump = Pace::of(1_000, Duration::from_secs(10), Some((0, Duration::ZERO)));
        assert_eq!(jump, Pace { whole: 100.0, second_half: 100.0 });
    }

    #[test]
    fn it_is_watched_until_nothing_is_left() {
        let left = Cell::new(4);
        let pace = Pace::watch("sales", || {
            left.set(left.get() - 1);
            Ok(left.get())
        });
        assert_eq!(left.get(), 0);
        assert!(pace.unwrap().whole > 0.0);
    }
}

//! A run of the binary, and the promise that it ends with the test, however the test ends.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::onhand_binary;

/// How long a process may take to end by itself before the test fails.
const END_WAIT: Duration = Duration::from_secs(300);

/// How often a process is asked whether it has ended.
const POLL: Duration = Duration::from_millis(5);

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Exit {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output and standard error together.
    pub output: String,
}

/// A running `onhand`.
pub struct Process {
    child: Child,
    watchdog: Child,
    output: PathBuf,
}

impl Process {
    /// Starts `onhand ARGUMENTS` with `settings` as its only `ONHAND_…` variables. What it prints
    /// goes to `output`. Should this test die, the process is killed and `doomed` is removed.
    pub fn spawn(
        arguments: &[&str],
        settings: &[(&str, &str)],
        output: &Path,
        doomed: &Path,
    ) -> Self {
        let printed = File::create(output).expect("the output file can be made");
        let mut command = Command::new(onhand_binary());
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("ONHAND_") {
                command.env_remove(name);
            }
        }
        let child = command
            .args(arguments)
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stderr(printed.try_clone().expect("a file can be shared"))
            .stdout(printed)
            .spawn()
            .expect("the binary starts");
        let watchdog = watch(child.id(), doomed);
        Self { child, watchdog, output: output.to_owned() }
    }

    /// Runs `onhand ARGUMENTS` to its end.
    pub fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Exit {
        // Built before there is anything to clean up.
        onhand_binary();
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let output = directory.path().join("output");
        Self::spawn(arguments, settings, &output, directory.path()).wait()
    }

    /// The operating system's number of this process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, unless it still runs.
    pub fn ended(&mut self) -> Option<Exit> {
        let status = self.child.try_wait().expect("an own child can be asked")?;
        Some(self.exit(status))
    }

    /// Waits for its end, which must come by itself.
    pub fn wait(&mut self) -> Exit {
        let deadline = Instant::now() + END_WAIT;
        loop {
            if let Some(exit) = self.ended() {
                return exit;
            }
            assert!(Instant::now() < deadline, "process {} does not end", self.id());
            thread::sleep(POLL);
        }
    }

    /// SIGTERM: asks it to stop in good order.
    pub fn terminate(&self) {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::TERM).expect("an own child can be asked to stop");
    }

    /// SIGKILL, as by `kill -9`; returns when it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("an own child can be killed");
        self.child.wait().expect("a killed child ends");
    }

    /// What it has printed so far.
    pub fn printed(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    fn exit(&self, status: ExitStatus) -> Exit {
        Exit { code: status.code(), output: self.printed() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
        // The watchdog goes last: from here on the number of the child may belong to someone else.
        let ended = self.watchdog.kill().and_then(|()| self.watchdog.wait());
        ended.expect("the watchdog can be ended");
    }
}

/// Rust drops no statics and a killed test drops nothing at all. The watchdog reads a pipe whose
/// other end only this process holds: when it closes, the server is killed and its directory removed.
pub(crate) fn watch(id: u32, doomed: &Path) -> Child {
    Command::new("sh")
        .arg("-c")
        .arg("trap '' INT TERM; read -r _; kill -9 \"$1\"; rm -rf \"$2\"")
        .arg("watchdog")
        .arg(id.to_string())
        .arg(doomed)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell starts")
}

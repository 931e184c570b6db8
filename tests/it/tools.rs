//! Running the tools of the command line.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use onhand_tests::{Exit, Process, Server};

/// How often a process is asked whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Runs `onhand ARGUMENTS` to its end.
pub(crate) fn run(arguments: &[&str]) -> Exit {
    Process::run(arguments, &[])
}

/// Runs `onhand ARGUMENTS` to its end, however long that takes.
pub(crate) fn run_long(arguments: &[&str]) -> Exit {
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    let output = place.path().join("output");
    end(Process::spawn(arguments, &[], &output, &place.path().join("nothing")))
}

/// Waits for the end of a process, however long that takes.
pub(crate) fn end(mut process: Process) -> Exit {
    loop {
        if let Some(exit) = process.ended() {
            return exit;
        }
        thread::sleep(LOOK);
    }
}

/// A path as an argument.
pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// The data directory of a server as an argument.
pub(crate) fn data_of(server: &Server) -> String {
    path(&server.data()).to_owned()
}

/// Exports into a file.
#[track_caller]
pub(crate) fn export(data: &str, out: &Path, more: &[&str]) {
    let exit = run_long(&[&["export", "--data", data, "--out", path(out)], more].concat());
    assert_eq!(exit.code, Some(0), "{}", exit.output);
}

/// What a file holds.
#[track_caller]
pub(crate) fn text(file: &Path) -> String {
    fs::read_to_string(file).expect("it can be read")
}

//! Running the tools of the command line.

use std::fs;
use std::path::Path;

use onhand_tests::{Exit, Process, Server};

/// Runs `onhand ARGUMENTS` to its end.
pub(crate) fn run(arguments: &[&str]) -> Exit {
    Process::run(arguments, &[])
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
    let exit = run(&[&["export", "--data", data, "--out", path(out)], more].concat());
    assert_eq!(exit.code, Some(0), "{}", exit.output);
}

/// What a file holds.
#[track_caller]
pub(crate) fn text(file: &Path) -> String {
    fs::read_to_string(file).expect("it can be read")
}

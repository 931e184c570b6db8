//! Faults of the operating system under the real binary: a small library in C is preloaded, which
//! needs no privilege and can name the file that is hurt. The compiler is the one that Rust links
//! with, so it is always there.

use std::env;
use std::path::PathBuf;
use std::process::{self, Command};
use std::sync::OnceLock;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/faults.c");

/// The call that is met, and what happens then; `tests/src/faults.c` lists what can be named.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// A function of the C library: `fdatasync`, `pwrite64`, …
    pub call: &'static str,
    /// A part of the file's path, or for `clock_gettime` of the thread's name.
    pub place: &'static str,
    /// Which of these calls, counted from 1.
    pub at: u32,
    /// `kill`, `torn`, `EIO`, `ENOSPC+`, …
    pub action: &'static str,
}

impl Fault {
    /// The variables that set it up, besides these `ONHAND_…` variables.
    pub fn variables(&self, settings: &[(&str, &str)]) -> Vec<(String, String)> {
        let Self { call, place, at, action } = self;
        let library = library().to_str().expect("build directories are UTF-8").to_owned();
        let fault = [
            ("LD_PRELOAD".to_owned(), library),
            ("FAULT".to_owned(), format!("{call} {place} {at} {action}")),
        ];
        let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        settings.chain(fault).collect()
    }

    /// What the library prints when the fault has struck.
    pub fn announced(&self) -> String {
        format!("fault: {} {} of ", self.call, self.at)
    }
}

/// The library, built once in a run beside the test.
fn library() -> &'static PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let test = env::current_exe().expect("a running test has a path");
        let made = test.with_file_name(format!("faults-{}.so", process::id()));
        let flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"];
        let built = Command::new("cc").args(flags).arg(&made).args([SOURCE, "-ldl"]).output();
        let built = built.expect("cc, with which Rust links, is there");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let library = test.with_file_name("faults.so");
        std::fs::rename(&made, &library).expect("a file can be renamed");
        library
    })
}

//! Why a test that needs a broker does not run.

use std::env;
use std::fmt;
use std::thread;

/// Set where nothing may be skipped.
const CI: &str = "CI";

/// What this machine lacks.
#[derive(Clone, Debug)]
pub struct Skip(String);

impl Skip {
    /// What is lacking, unless nothing may be skipped here.
    ///
    /// # Panics
    /// Where `CI` is set: there it is a failure.
    pub(super) fn because(reason: &str) -> Self {
        assert!(env::var_os(CI).is_none(), "nothing is skipped where {CI} is set: {reason}");
        Self(reason.to_owned())
    }

    /// Says on standard error which test is skipped, and why. Written past the test's capture, which
    /// would swallow it when the test passes.
    pub fn tell(&self) {
        use std::io::Write;
        let current = thread::current();
        let test = current.name().unwrap_or("a test");
        writeln!(std::io::stderr(), "skipped: {test}: {self}").expect("standard error is open");
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

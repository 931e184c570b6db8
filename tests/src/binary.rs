//! Finds the binary under test.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Names the binary to test; when unset, it is the one that was built with the running test.
const BINARY_VARIABLE: &str = "ONHAND_BINARY";

/// The path of the `onhand` binary under test: what `ONHAND_BINARY` names, else the one beside the
/// running test. Cargo builds it first, because the black-box tests are targets of its package.
pub fn onhand_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let binary = env::var_os(BINARY_VARIABLE).map_or_else(beside_the_test, PathBuf::from);
        assert!(
            binary.is_file(),
            "no binary at {}; {BINARY_VARIABLE} may name one",
            binary.display()
        );
        binary
    })
}

/// The test runs as `TARGET/PROFILE/deps/NAME-HASH`; the binary is `TARGET/PROFILE/onhand`.
fn beside_the_test() -> PathBuf {
    let test = env::current_exe().expect("a running test has a path");
    let profile = test.parent().and_then(Path::parent).expect("a test lies in TARGET/PROFILE/deps");
    profile.join("onhand")
}

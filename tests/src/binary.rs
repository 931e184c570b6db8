//! Finds the binary under test, or builds it once.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Names the binary to test; when unset, it is built beside the running test.
const BINARY_VARIABLE: &str = "ONHAND_BINARY";

/// The path of the `onhand` binary under test: what `ONHAND_BINARY` names, else built once with the
/// profile and into the target directory of the running test.
pub fn onhand_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match env::var_os(BINARY_VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => build(),
    })
}

/// The test runs as `TARGET/PROFILE/deps/NAME-HASH`; the binary belongs to `TARGET/PROFILE/`.
/// Cargo's own lock keeps test programs that start together from building at the same time.
fn build() -> PathBuf {
    let test = env::current_exe().expect("a running test has a path");
    let profile_directory =
        test.parent().and_then(Path::parent).expect("a test lies in TARGET/PROFILE/deps");
    let target_directory = profile_directory.parent().expect("a profile lies in a target");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "onhand", "--bin", "onhand", "--manifest-path"]);
    command.arg(manifest).arg("--target-dir").arg(target_directory);
    match profile_directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => {}
        Some(profile) => {
            command.args(["--profile", profile]);
        }
    }
    let status = command.status().expect("cargo starts");
    assert!(
        status.success(),
        "cargo build --package onhand failed; {BINARY_VARIABLE} may name one"
    );
    profile_directory.join("onhand")
}

//! MLflow itself, which says what is right.
//!
//! `MLFLOW_MIGRATE_ORACLE` names a Python with MLflow 3.18.0, as `tests/oracle/setup.sh` makes one.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

/// Returns a Python with MLflow; without one the test says that it was skipped.
///
/// # Panics
/// If there is none, and `MLFLOW_MIGRATE_REQUIRE_ORACLE` is set.
#[must_use]
pub fn python() -> Option<OsString> {
    let python = std::env::var_os("MLFLOW_MIGRATE_ORACLE");
    if python.is_none() {
        let required = std::env::var_os("MLFLOW_MIGRATE_REQUIRE_ORACLE").is_some();
        assert!(!required, "MLFLOW_MIGRATE_ORACLE names no Python with MLflow");
        // Not `eprintln`, which is shown only if the test fails.
        let notice = b"skipped: MLFLOW_MIGRATE_ORACLE names no Python with MLflow\n";
        // A closed stderr stops no test.
        let _ = std::io::stderr().write_all(notice);
    }
    python
}

/// Returns the path of a script in `tests/oracle`.
#[must_use]
pub fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("oracle").join(name)
}

/// Runs a command, which must succeed, and returns what it printed.
///
/// # Panics
/// If it fails.
#[allow(clippy::panic, reason = "a test may panic")]
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{told}\n{complaint}");
    told
}

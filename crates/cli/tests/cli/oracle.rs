//! MLflow itself says what is right: its own chain's schema and rows, and its own stores.
//!
//! `MLFLOW_MIGRATE_ORACLE` names a Python with MLflow 3.18.0, as `tests/oracle/setup.sh` makes one.
//! Without it these tests say that they were skipped; with `MLFLOW_MIGRATE_REQUIRE_ORACLE`, which
//! CI sets, that is a failure. With `MLFLOW_MIGRATE_ORACLE_STATES=all` every state is upgraded to the
//! end, otherwise some are, and of SQLite others by a few revisions.

use std::ffi::OsStr;
use std::process::Command;

pub(crate) use mlflow_migrate_tests::oracle::{python, run, script};

use crate::sandbox::Sandbox;

/// What has `differential.py` upgrade every state to the end.
pub(crate) fn all_states() -> Option<&'static str> {
    let states = std::env::var_os("MLFLOW_MIGRATE_ORACLE_STATES");
    states.is_some_and(|states| states == "all").then_some("--all")
}

/// Filled databases at many states, upgraded by either program: schema by `schema_dump.py`, rows
/// value for value.
#[test]
fn schema_and_rows_are_those_of_mlflow() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let told = run(Command::new(python)
        .arg(script("differential.py"))
        .args(["--binary", env!("CARGO_BIN_EXE_mlflow-migrate"), "--work"])
        .arg(folder.path())
        .args(all_states()));
    let passed = told.lines().filter(|line| line.starts_with("passed ")).count();
    assert!(passed >= 57 && told.trim_end().ends_with(" passed, 0 failed"), "{told}");
}

/// Lets filled databases go to a newer revision, and back.
pub(crate) fn there_and_back(python: &OsStr, where_to: &[&str]) -> String {
    run(Command::new(python)
        .arg(script("back_and_forth.py"))
        .arg(env!("CARGO_BIN_EXE_mlflow-migrate"))
        .args(where_to)
        .args(all_states()))
}

/// Filled databases go to a newer revision, and back: schema and rows are as before.
#[test]
fn rows_survive_the_way_there_and_back() {
    let Some(python) = python() else { return };
    let told = there_and_back(&python, &[]);
    assert!(told.matches("passed ").count() >= 9, "{told}");
}

/// MLflow's tracking store and model registry read and write the upgraded samples.
#[test]
fn mlflow_works_on_the_upgraded_samples() {
    let Some(python) = python() else { return };
    let samples = [
        "mlruns-0.9.1.db",
        "mlruns-1.2.0.db",
        "mlruns-1.2.0-nan-tie.db",
        "mlruns-1.2.0-after-failed-mlflow-upgrade.db",
    ];
    let sandboxes = samples.map(Sandbox::with_sample);
    for sandbox in &sandboxes {
        assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
        assert_eq!(sandbox.run(&["check", "mlruns.db"]).code, 0);
    }
    let told = run(Command::new(python)
        .arg(script("open_store.py"))
        .args(sandboxes.each_ref().map(|sandbox| sandbox.path("mlruns.db"))));
    assert_eq!(told.matches("ok ").count(), samples.len(), "{told}");
}

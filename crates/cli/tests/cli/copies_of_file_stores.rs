//! What MLflow's server lists of a file store, it lists of the copy.

use std::process::Command;

use mlflow_migrate_tests::oracle;

use crate::sandbox::Sandbox;

/// What `mlflow server` lists of a store, as JSON.
fn served(python: &std::ffi::OsStr, sandbox: &Sandbox, store: &str) -> String {
    let mut command = Command::new(std::path::absolute(python).unwrap());
    oracle::run(
        command.arg(oracle::script("served_runs.py")).arg(store).current_dir(sandbox.path(".")),
    )
}

#[test]
fn mlflow_serves_the_same_runs_before_and_after() {
    let Some(python) = oracle::python() else { return };
    let sandbox = Sandbox::new();
    let store = sandbox.path("mlruns");
    let mut command = Command::new(std::path::absolute(&python).unwrap());
    let make = command.arg(oracle::script("make_file_store.py")).arg(&store).args(["5", "20"]);
    oracle::run(make.current_dir(sandbox.path(".")));
    let ran = sandbox.run(&["copy", store.to_str().unwrap(), "copy.db"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);

    let before = served(&python, &sandbox, store.to_str().unwrap());
    let copy = format!("sqlite:///{}", sandbox.path("copy.db").display());
    assert_eq!(served(&python, &sandbox, &copy), before);
    assert_eq!(before.matches("\"lifecycle_stage\"").count(), 5, "{before}");
}

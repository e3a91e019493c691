//! Files and folders that may not be written. Root may write everything, so root becomes nobody.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::sandbox::{Ran, Sandbox};

const NOBODY: u32 = 65_534;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Runs an upgrade as somebody whom permissions hold back.
fn upgrade(sandbox: &Sandbox) -> Ran {
    let tools = Sandbox::new();
    set_mode(&tools.path("."), 0o755);
    let binary = tools.path("mlflow-migrate");
    fs::copy(env!("CARGO_BIN_EXE_mlflow-migrate"), &binary).unwrap();
    set_mode(&binary, 0o755);
    let mut command = Command::new(&binary);
    command.env_clear().current_dir(sandbox.path(".")).args(["upgrade", "mlruns.db"]);
    if fs::metadata(&binary).unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    Ran::from(command.output().unwrap())
}

fn refused(file_mode: u32, folder_mode: u32) -> String {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    set_mode(&sandbox.path("mlruns.db"), file_mode);
    set_mode(&sandbox.path("."), folder_mode);
    let before = sandbox.files();
    let ran = upgrade(&sandbox);
    assert!(sandbox.files() == before, "files have changed");
    set_mode(&sandbox.path("."), 0o755);
    assert_eq!((ran.code, ran.stdout.as_str()), (17, ""), "{}", ran.stderr);
    ran.untimed()
}

#[test]
fn a_file_that_is_read_only() {
    insta::assert_snapshot!(refused(0o444, 0o755));
}

#[test]
fn a_folder_that_is_read_only() {
    insta::assert_snapshot!(refused(0o666, 0o555));
}

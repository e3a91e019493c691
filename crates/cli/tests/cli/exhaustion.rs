//! SQLite when the disk is full, and when there is little memory.

use std::fs;
use std::path::Path;
use std::process::Command;

use mlflow_migrate_tests::small_disk::{Ballast, SmallDisk};

use crate::sandbox::{Ran, Sandbox};

const FULL: i32 = 19;

/// How a thread of Rust's ends that panics.
const PANICKED: i32 = 101;

/// How much of the disk is left, in KiB: nothing, too little for the journal, and too little for the
/// indexes.
const ROOMS: [u64; 3] = [0, 64, 4096];

/// How much memory a process may ask for, in MiB: too little to begin with, to enough. The C library reserves 64
/// for each thread that finds the others' heaps in use.
const MEMORIES: [u64; 5] = [8, 20, 32, 64, 1024];

/// With rows of many MiB, at a revision from which metrics are to be moved.
fn sandbox(rows: u32) -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    sandbox.sql(&format!(
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) \
         WITH RECURSIVE n(value) AS (VALUES (0) UNION ALL SELECT value + 1 FROM n LIMIT {rows}) \
         SELECT 'key' || (value % 20), value * 0.5, 1560000000000 + value, \
         (SELECT min(run_uuid) FROM runs), value, 0 FROM n;"
    ));
    sandbox
}

/// The same command again, without what was in its way, ends as it should.
fn assert_finishes(sandbox: &Sandbox, database: &str) {
    let again = sandbox.run(&["upgrade", database]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let verified = sandbox.run(&["verify", "--deep", database]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_disk_is_full() {
    let Some(disk) = SmallDisk::if_possible(96) else { return };
    let sandbox = sandbox(100_000);
    let path = disk.path().join("mlruns.db");
    let database = path.to_str().unwrap();
    fs::copy(sandbox.path("mlruns.db"), &path).unwrap();
    let before = fs::read(&path).unwrap();
    for room in ROOMS {
        let ballast = Ballast::leaving(disk.path(), room * 1024);
        for arguments in [&["upgrade", database][..], &["upgrade", database, "--backup"]] {
            let ran = sandbox.run(arguments);
            assert_eq!(ran.code, FULL, "{arguments:?}: {}", ran.stderr);
            assert!(
                ran.stderr.contains("the database is unchanged; free disk space"),
                "{}",
                ran.stderr
            );
            assert!(fs::read(&path).unwrap() == before, "{room} KiB: the file has changed");
            // Neither a journal nor half a backup is left.
            assert_eq!(names(disk.path()), ["ballast", "mlruns.db"], "{room} KiB: {arguments:?}");
        }
        drop(ballast);
    }
    assert_finishes(&sandbox, database);
}

#[test]
fn there_is_little_memory() {
    let original = sandbox(100_000);
    let bytes = fs::read(original.path("mlruns.db")).unwrap();
    let mut codes = Vec::new();
    for memory in MEMORIES {
        let sandbox = Sandbox::new();
        fs::write(sandbox.path("mlruns.db"), &bytes).unwrap();
        let limited = limited(&sandbox, memory);
        assert_ne!(limited.code, PANICKED, "{memory} MiB: {}", limited.stderr);
        codes.push(limited.code);
        if limited.code != 0 {
            // Whoever opens the file next takes back what was not finished.
            let version = sandbox.run(&["current", "mlruns.db"]).stdout;
            assert!(version.starts_with("7ac759974ad8"), "{memory} MiB: {version}");
        }
        assert_finishes(&sandbox, "mlruns.db");
    }
    let succeeded = codes.iter().filter(|code| **code == 0).count();
    assert!((1..MEMORIES.len()).contains(&succeeded), "{codes:?} for {MEMORIES:?}");
}

/// An upgrade by a process that may not ask for more memory than that.
fn limited(sandbox: &Sandbox, memory: u64) -> Ran {
    let mut command = Command::new("prlimit");
    command.arg(format!("--as={}", memory * 1024 * 1024));
    command.arg(env!("CARGO_BIN_EXE_mlflow-migrate")).args(["upgrade", "mlruns.db"]);
    Ran::from(command.current_dir(sandbox.path(".")).output().unwrap())
}

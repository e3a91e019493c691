//! A new database beside the journal or the log of another one, which SQLite would take for its own.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::sandbox::{HEAD, Ran, Sandbox};

const UNREACHABLE: i32 = 14;

/// What a crash leaves beside a database, as it is found.
struct Left {
    suffix: &'static str,
    bytes: Vec<u8>,
}

/// A journal that would be rolled back, a log that would be replayed, and what is there without them.
fn left_by_crashes() -> Vec<Left> {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let writer = sandbox.connect();
    let read = |suffix: &str| fs::read(sandbox.path(&format!("mlruns.db{suffix}"))).unwrap();
    writer
        .execute_batch(
            "PRAGMA cache_size = 1; BEGIN; UPDATE params SET value = 'crashed';
             DELETE FROM metrics",
        )
        .unwrap();
    let journal = read("-journal");
    assert!(journal.starts_with(&[0xd9, 0xd5, 0x05, 0xf9]) && journal.len() > 8192);
    writer.execute_batch("ROLLBACK; PRAGMA journal_mode = WAL; DELETE FROM metrics").unwrap();
    let (log, index) = (read("-wal"), read("-shm"));
    let left = |suffix, bytes| Left { suffix, bytes };
    vec![
        left("-journal", journal),
        left("-wal", log),
        left("-shm", index),
        left("-wal", Vec::new()),
    ]
}

fn is_whole(path: &Path) -> bool {
    let connection = Connection::open(path).unwrap();
    let check = |sql| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    check("PRAGMA integrity_check") == "ok"
}

fn refused_for(sandbox: &Sandbox, arguments: &[&str], name: &str) {
    let told = sandbox.refused(arguments);
    assert!(told.ends_with(&format!("-> {UNREACHABLE}\n")), "{arguments:?} {name}: {told}");
    assert!(told.contains(name), "{arguments:?}: {told}");
    assert!(told.contains(&format!("mv '{name}'")), "{arguments:?}: {told}");
}

#[test]
fn no_database_gets_the_name_that_a_left_over_file_belongs_to() {
    for Left { suffix, bytes } in left_by_crashes() {
        for (destination, arguments) in [
            ("new.db", &["upgrade", "mlruns.db", "--into=new.db"][..]),
            ("copy.db", &["upgrade", "mlruns.db", "--backup=copy.db"]),
            ("gone.db", &["restore", "gone.db", "--from=mlruns.db"]),
        ] {
            let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
            let name = format!("{destination}{suffix}");
            fs::write(sandbox.path(&name), &bytes).unwrap();
            refused_for(&sandbox, arguments, &name);
            // The hint's command is all that it takes.
            fs::rename(sandbox.path(&name), sandbox.path(&format!("{name}.old"))).unwrap();
            let ran = sandbox.run(arguments);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            assert!(is_whole(&sandbox.path(destination)));
        }
    }
}

/// A file that is no database any more is replaced by another one.
#[test]
fn no_damaged_database_is_replaced_beside_a_left_over_file() {
    for Left { suffix, bytes } in left_by_crashes() {
        let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
        fs::copy(sandbox.path("mlruns.db"), sandbox.path("whole.db")).unwrap();
        fs::write(sandbox.path("mlruns.db"), "no database at all, for a while").unwrap();
        let name = format!("mlruns.db{suffix}");
        fs::write(sandbox.path(&name), &bytes).unwrap();
        let arguments = ["restore", "mlruns.db", "--from=whole.db"];
        let ran = sandbox.run(&arguments);
        if ran.code != 0 {
            assert_eq!(ran.code, UNREACHABLE, "{suffix}: {}", ran.stderr);
            assert!(ran.stderr.contains(&name), "{suffix}: {}", ran.stderr);
            fs::rename(sandbox.path(&name), sandbox.path("old")).unwrap();
            let again = sandbox.run(&arguments);
            assert_eq!(again.code, 0, "{suffix}: {}", again.stderr);
        }
        assert!(is_whole(&sandbox.path("mlruns.db")), "{suffix}");
        assert_eq!(sandbox.run(&["current", "mlruns.db"]).code, 0, "{suffix}");
    }
}

/// SQLite itself removes what is left beside a file that it creates.
#[test]
fn a_database_that_is_created_survives_what_is_left_beside_it() {
    for Left { suffix, bytes } in left_by_crashes() {
        let sandbox = Sandbox::new();
        fs::write(sandbox.path(&format!("mlruns.db{suffix}")), &bytes).unwrap();
        let ran = sandbox.run(&["upgrade", "--create", "mlruns.db"]);
        assert_eq!(ran.code, 0, "{suffix}: {}", ran.stderr);
        assert!(is_whole(&sandbox.path("mlruns.db")), "{suffix}");
        assert!(sandbox.run(&["current", "mlruns.db"]).stdout.starts_with(HEAD), "{suffix}");
    }
}

/// The copy itself would be taken for a journal.
#[test]
fn no_copy_gets_the_name_of_a_side_file() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    for suffix in ["-journal", "-wal", "-shm"] {
        for option in ["--into", "--backup"] {
            let option = format!("{option}=mlruns.db{suffix}");
            let told = sandbox.refused(&["upgrade", "mlruns.db", &option]);
            assert!(told.ends_with(&format!("-> {UNREACHABLE}\n")), "{option}: {told}");
        }
    }
}

/// Runs a command that must come to its end.
fn ended(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    let mut command = sandbox.command(arguments);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{arguments:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ran::from(child.wait_with_output().unwrap())
}

/// However its name is spelled.
#[cfg(unix)]
#[test]
fn a_database_is_not_restored_from_itself() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    fs::create_dir(sandbox.path("folder")).unwrap();
    fs::hard_link(sandbox.path("mlruns.db"), sandbox.path("hard.db")).unwrap();
    fs::hard_link(sandbox.path("mlruns.db"), sandbox.path("folder/hard.db")).unwrap();
    std::os::unix::fs::symlink("mlruns.db", sandbox.path("soft.db")).unwrap();
    std::os::unix::fs::symlink("hard.db", sandbox.path("soft-to-hard.db")).unwrap();
    let absolute = sandbox.path("mlruns.db").display().to_string();
    let before = fs::read(sandbox.path("mlruns.db")).unwrap();
    for (database, from) in [
        ("mlruns.db", "hard.db"),
        ("mlruns.db", "folder/hard.db"),
        ("mlruns.db", "soft.db"),
        ("mlruns.db", "soft-to-hard.db"),
        ("mlruns.db", "./mlruns.db"),
        ("mlruns.db", "folder/../mlruns.db"),
        ("mlruns.db", absolute.as_str()),
        ("hard.db", "mlruns.db"),
        ("soft.db", "hard.db"),
        ("soft-to-hard.db", "soft.db"),
    ] {
        let from = format!("--from={from}");
        let ran = ended(&sandbox, &["restore", database, &from]);
        assert_eq!(ran.code, UNREACHABLE, "{database} {from}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("the database itself"), "{database} {from}: {}", ran.stderr);
        assert!(fs::read(sandbox.path("mlruns.db")).unwrap() == before, "{database} {from}");
        assert!(!sandbox.files().keys().any(|name| name.ends_with(".replaced")));
    }
}

//! What strangers have left: names that mean something to SQLite, links, planted backups, and texts that a
//! terminal would obey.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use crate::sandbox::{HEAD, Sandbox};

fn sample() -> Sandbox {
    Sandbox::with_sample("mlruns-1.2.0.db")
}

#[test]
fn a_name_that_looks_like_a_uri_is_a_name() {
    let sandbox = sample();
    for (option, name) in [
        ("--backup=file:b.db", "file:b.db"),
        ("--into=file:c.db?mode=memory", "file:c.db?mode=memory"),
    ] {
        let ran = sandbox.run(&["upgrade", "mlruns.db", option]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(fs::metadata(sandbox.path(name)).unwrap().len() > 0, "{name}");
    }
    let ran = sandbox.run(&["restore", "mlruns.db", "--from=file:b.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for name in ["b.db", "c.db"] {
        assert!(!sandbox.path(name).exists(), "{name}");
    }
}

#[test]
fn what_would_be_stored_nowhere_is_refused() {
    let sandbox = sample();
    for url in [
        ":memory:",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///%3Amemory%3A",
        "sqlite:///file:new.db?uri=true",
        "sqlite:///new.db?mode=memory",
        "sqlite:///new.db?vfs=memdb",
    ] {
        let ran = sandbox.run(&["upgrade", url]);
        assert_eq!(ran.code, 10, "{url}: {}", ran.stderr);
    }
    for option in ["--backup=:memory:", "--into=:memory:"] {
        let told = sandbox.refused(&["upgrade", "mlruns.db", option]);
        assert!(told.contains("in memory"), "{told}");
    }
    assert_eq!(sandbox.files().len(), 1);
}

#[test]
fn nothing_is_created_behind_a_link() {
    let sandbox = Sandbox::new();
    symlink("elsewhere.db", sandbox.path("link.db")).unwrap();
    let ran = sandbox.run(&["upgrade", "link.db"]);
    assert_eq!(ran.code, 14, "{}", ran.stderr);
    assert!(ran.stderr.contains("a link to no file"), "{}", ran.stderr);
    assert!(!sandbox.path("elsewhere.db").exists());
}

#[test]
fn a_planted_backup_is_not_taken() {
    let sandbox = sample();
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--backup"]).code, 0);
    fs::write(sandbox.path("planted"), "").unwrap();
    let newest = sandbox.path("mlruns.db.99991231T235959Z.backup");
    symlink(sandbox.path("planted"), &newest).unwrap();
    let ran = sandbox.run(&["restore", "mlruns.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    fs::remove_file(&newest).unwrap();
    // Only root can give a file away.
    if chown(sandbox.path("planted"), Some(54_321), None).is_err() {
        return;
    }
    fs::rename(sandbox.path("planted"), &newest).unwrap();
    let ran = sandbox.run(&["restore", "mlruns.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for name in sandbox.files().into_keys().filter(|name| name.ends_with(".backup")) {
        let path = sandbox.path(&name);
        if path != newest {
            fs::remove_file(path).unwrap();
        }
    }
    let told = sandbox.refused(&["restore", "mlruns.db"]);
    assert!(told.contains("99991231T235959Z"), "{told}");
}

#[test]
fn what_is_none_of_mlflows_is_not_written_over() {
    let sandbox = sample();
    fs::copy(sandbox.path("mlruns.db"), sandbox.path("backup.db")).unwrap();
    let other = rusqlite::Connection::open(sandbox.path("other.db")).unwrap();
    other.execute_batch("CREATE TABLE users (name)").unwrap();
    fs::write(sandbox.path("text"), "root:x:0:0".repeat(200)).unwrap();
    fs::write(sandbox.path("empty"), "").unwrap();
    for name in ["other.db", "text", "empty"] {
        symlink(name, sandbox.path(&format!("link-to-{name}"))).unwrap();
    }
    for name in ["other.db", "link-to-other.db", "link-to-text", "link-to-empty"] {
        let told = sandbox.refused(&["restore", name, "--from=backup.db"]);
        assert!(told.contains("not an MLflow database"), "{name}: {told}");
    }
    symlink("mlruns.db", sandbox.path("link.db")).unwrap();
    assert_eq!(sandbox.run(&["restore", "link.db", "--from=backup.db"]).code, 0);
}

/// Whether a terminal would show all of it.
fn is_plain(text: &str) -> bool {
    let hidden = |one: char| one.is_control() && one != '\n' || "\u{202e}\u{2066}".contains(one);
    !text.contains(hidden)
}

#[test]
fn no_text_of_a_database_reaches_the_terminal_as_a_command() {
    const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{2066}\u{7f}\r\t";
    let statements = [
        format!("CREATE TABLE \"t{HOSTILE}\" (a)"),
        format!("CREATE INDEX \"i{HOSTILE}\" ON runs (name)"),
        format!("ALTER TABLE runs ADD COLUMN \"c{HOSTILE}\" TEXT"),
        format!("CREATE TRIGGER \"g{HOSTILE}\" AFTER INSERT ON runs BEGIN SELECT 1; END"),
        format!("UPDATE alembic_version SET version_num = 'v{HOSTILE}'"),
    ];
    for statement in &statements {
        let sandbox = sample();
        sandbox.sql(statement);
        for command in
            ["check", "current", "plan", "doctor", "estimate", "status", "upgrade", "verify"]
        {
            for json in [false, true] {
                let arguments = [command, "mlruns.db", "--json"];
                let ran = sandbox.run(&arguments[..if json { 3 } else { 2 }]);
                assert!(is_plain(&ran.stdout), "{arguments:?}: {:?}", ran.stdout);
                assert!(is_plain(&ran.stderr), "{arguments:?}: {:?}", ran.stderr);
            }
        }
    }
    let name = Path::new("x\u{1b}[2J\u{202e}.db");
    let sandbox = sample();
    fs::rename(sandbox.path("mlruns.db"), sandbox.path(&name.display().to_string())).unwrap();
    let ran = sandbox.run(&["upgrade", &name.display().to_string()]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(is_plain(&ran.stdout) && is_plain(&ran.stderr), "{} {}", ran.stdout, ran.stderr);
}

#[test]
fn endless_version_tables_are_told_in_short() {
    let rows = [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
         INSERT INTO alembic_version SELECT 'v' || i FROM n",
        "UPDATE alembic_version SET version_num = hex(zeroblob(1000000))",
    ];
    for statement in rows {
        let sandbox = sample();
        sandbox.sql(statement);
        for arguments in [&["upgrade", "mlruns.db"][..], &["check", "mlruns.db", "--json"]] {
            let ran = sandbox.run(arguments);
            assert_ne!(ran.code, 0);
            assert!(ran.stderr.len() + ran.stdout.len() < 4000, "{}", ran.stderr.len());
        }
    }
    assert_eq!(HEAD.len(), 12);
}

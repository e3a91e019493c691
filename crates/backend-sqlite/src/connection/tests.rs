//! Files in WAL mode that are read without side files.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::unchanged::Unchanged;
use super::unwritable::{immutable_uri, open_immutable};
use crate::error::Context;

const CONTEXT: Context<'_> = Context { name: "a.db", waited_seconds: 0 };

fn with_log(path: &Path) -> Connection {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )
    .unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (b); INSERT INTO a VALUES (7)")
        .unwrap();
    connection
}

#[test]
fn a_path_is_nothing_but_a_path_in_a_uri() {
    let uri = immutable_uri(Path::new("/a b/c?mode=rw&d#e%41.db"));
    assert_eq!(uri, "file:///a%20b/c%3Fmode%3Drw%26d%23e%2541%2Edb?immutable=1");
    let folder = tempfile::tempdir().unwrap();
    for name in ["c?immutable=0#%41.db".as_bytes(), b"\xff\xfe.db"] {
        let path = folder.path().join(OsStr::from_bytes(name));
        drop(with_log(&path));
        let connection = open_immutable(&path, OpenFlags::SQLITE_OPEN_NO_MUTEX).unwrap();
        let read = connection.query_row("SELECT b FROM a", [], |row| row.get::<_, i64>(0));
        assert_eq!(read, Ok(7));
        assert!(connection.execute_batch("DELETE FROM a").is_err());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_change_is_seen_however_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let writer = with_log(&path);
    assert!(Unchanged::of(&path).is_none(), "its log is not empty");
    drop(writer);
    assert!(Unchanged::at_rest(&path).is_some());
    let seen = Unchanged::of(&path).unwrap();
    seen.check(CONTEXT).unwrap();
    let writer = with_log_again(&path);
    assert!(seen.check(CONTEXT).is_err(), "the log has pages");
    drop(writer);
    assert!(seen.check(CONTEXT).is_err(), "the file is another one");
    let seen = Unchanged::of(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(seen.check(CONTEXT).is_err());
}

fn with_log_again(path: &Path) -> Connection {
    let writer = Connection::open(path).unwrap();
    writer.execute_batch("INSERT INTO a VALUES (8)").unwrap();
    writer
}

#[test]
fn a_file_without_a_log_is_not_read_that_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    assert!(Unchanged::at_rest(&path).is_none());
    std::fs::write(&path, "").unwrap();
    assert!(Unchanged::at_rest(&path).is_none());
}

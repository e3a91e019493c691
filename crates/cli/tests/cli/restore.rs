//! `restore` puts back what `upgrade --backup` has kept.

use std::fs;

use rusqlite::Connection;

use crate::sandbox::Sandbox;
use insta::assert_snapshot;

const UNREACHABLE: i32 = 14;
const NOT_A_DATABASE: i32 = 15;
const CORRUPT: i32 = 16;
const LOCKED: i32 = 18;

/// A database that was upgraded, and the copy from before.
fn upgraded() -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let ran = sandbox.run(&["upgrade", "mlruns.db", "--backup"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    sandbox
}

/// Everything in the tables, by SQLite's own means.
fn contents(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let connection = Connection::open(sandbox.path(name)).unwrap();
    let select = "SELECT name, sql FROM sqlite_schema ORDER BY 1";
    let mut schema = connection.prepare(select).unwrap();
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let schema: Vec<(String, Option<String>)> =
        schema.query_map([], read).unwrap().map(Result::unwrap).collect();
    let count = |(name, sql): (String, Option<String>)| {
        let is_table = sql.as_ref().is_some_and(|sql| sql.starts_with("CREATE TABLE"));
        let count = is_table.then(|| {
            let select = format!("SELECT count(*) FROM \"{name}\"");
            connection.query_row(&select, [], |row| row.get::<_, i64>(0)).unwrap()
        });
        format!("{name} {count:?} {sql:?}")
    };
    schema.into_iter().map(count).collect()
}

fn named(sandbox: &Sandbox, end: &str) -> Vec<String> {
    sandbox.files().into_keys().filter(|name| name.ends_with(end)).collect()
}

/// Moments differ from run to run.
fn settled(text: &str) -> String {
    let is_moment = |word: &str| word.len() == 16 && word.ends_with('Z');
    let parts: Vec<&str> =
        text.split('.').map(|part| if is_moment(part) { "MOMENT" } else { part }).collect();
    parts.join(".")
}

#[test]
fn the_newest_backup_is_put_back_and_what_was_there_is_kept() {
    let sandbox = upgraded();
    let original = Sandbox::with_sample("mlruns-1.2.0.db");
    let before = contents(&original, "mlruns.db");
    let head = contents(&sandbox, "mlruns.db");
    fs::write(sandbox.path("mlruns.db.20000101T000000Z.backup"), "older").unwrap();
    fs::write(sandbox.path("mlruns.db.mine.backup"), "another one").unwrap();
    let ran = sandbox.run(&["restore", "sqlite:///mlruns.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_snapshot!(settled(&ran.stdout));
    assert_eq!(contents(&sandbox, "mlruns.db"), before);
    let kept = named(&sandbox, ".replaced");
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(contents(&sandbox, &kept[0]), head);
    // Forth and back.
    let from = format!("--from={}", kept[0]);
    let json = &sandbox.run(&["restore", "mlruns.db", &from, "--json"]).json()[0];
    assert_eq!((&json["event"], &json["revision"]), (&"restore".into(), &"f4a9b2c7d1e6".into()));
    assert_eq!(contents(&sandbox, "mlruns.db"), head);
    assert_eq!(sandbox.run(&["verify", "mlruns.db"]).code, 0);
}

#[test]
fn a_database_that_is_gone_comes_back() {
    let sandbox = upgraded();
    fs::remove_file(sandbox.path("mlruns.db")).unwrap();
    assert_eq!(sandbox.run(&["restore", "mlruns.db"]).code, 0);
    assert!(named(&sandbox, ".replaced").is_empty());
    assert!(sandbox.run(&["current", "mlruns.db"]).stdout.starts_with("7ac759974ad8"));
}

/// Also one that SQLite does not open any more.
#[test]
fn a_damaged_database_is_replaced() {
    let whole = fs::read(upgraded().path("mlruns.db")).unwrap();
    let mut garbled = whole.clone();
    garbled[4096..].fill(0xA5);
    for damaged in [b"no database at all".repeat(300), whole[..whole.len() / 2].to_vec(), garbled] {
        let sandbox = upgraded();
        fs::write(sandbox.path("mlruns.db"), &damaged).unwrap();
        let ran = sandbox.run(&["restore", "mlruns.db"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let kept = named(&sandbox, ".replaced");
        assert!(sandbox.files()[&kept[0]] == damaged);
        assert_eq!(sandbox.run(&["verify", "mlruns.db"]).code, 0);
    }
}

/// Each of these says no, and changes nothing.
#[test]
fn what_cannot_be_restored() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let bytes = fs::read(sandbox.path("mlruns.db")).unwrap();
    let mut garbled = bytes.clone();
    garbled[4096..8192].fill(0xA5);
    let foreign = Sandbox::with_database("CREATE TABLE bookmarks (url TEXT)");
    let write = |name: &str, bytes: &[u8]| fs::write(sandbox.path(name), bytes).unwrap();
    write("text", b"no database at all");
    write("garbled", &garbled);
    write("cut", &bytes[..bytes.len() / 2]);
    write("foreign", &fs::read(foreign.path("mlruns.db")).unwrap());
    write("unfinished", &bytes);
    write("unfinished-journal", b"something");
    write("logged", &bytes);
    write("logged-wal", b"something");
    for (from, code) in [
        (None, UNREACHABLE),
        (Some("missing"), UNREACHABLE),
        (Some("mlruns.db"), UNREACHABLE),
        (Some("text"), NOT_A_DATABASE),
        (Some("garbled"), CORRUPT),
        (Some("cut"), CORRUPT),
        (Some("foreign"), 23),
        (Some("unfinished"), UNREACHABLE),
        (Some("logged"), UNREACHABLE),
    ] {
        let option = from.map(|from| format!("--from={from}"));
        let arguments: Vec<&str> =
            ["restore", "mlruns.db"].into_iter().chain(option.as_deref()).collect();
        let told = sandbox.refused(&arguments);
        assert!(told.ends_with(&format!("-> {code}\n")), "{told}");
        assert!(told.contains("hint: "), "{told}");
    }
}

#[cfg(all(feature = "postgres", feature = "mysql"))]
#[test]
fn a_server_has_its_own_means() {
    let sandbox = Sandbox::new();
    for url in ["postgresql://me:secret@host/db", "mysql://me:secret@host/db"] {
        let told = sandbox.refused(&["restore", url]);
        assert!(told.ends_with("-> 11\n") && told.contains("dump"), "{told}");
        assert!(!told.replace(url, "").contains("secret"), "{told}");
    }
}

#[test]
fn a_database_in_use_is_refused() {
    for in_use in [
        "BEGIN IMMEDIATE",
        "BEGIN; SELECT * FROM runs",
        "PRAGMA journal_mode = WAL; BEGIN; SELECT * FROM runs",
    ] {
        let sandbox = upgraded();
        let holder = sandbox.connect();
        holder.execute_batch(in_use).unwrap();
        let ran = sandbox.run(&["restore", "mlruns.db", "--lock-timeout", "0"]);
        assert_eq!(ran.code, LOCKED, "{in_use}: {}{}", ran.stdout, ran.stderr);
        drop(holder);
        assert!(named(&sandbox, ".replaced").is_empty(), "{in_use}");
        assert_eq!(sandbox.run(&["check", "mlruns.db"]).code, 0, "{in_use}");
    }
}

/// The copy is made when nobody else can write any more.
#[test]
fn a_database_that_cannot_be_locked_gets_no_backup() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let writer = sandbox.connect();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ran = sandbox.run(&["upgrade", "mlruns.db", "--backup", "--lock-timeout", "0"]);
    drop(writer);
    assert_eq!(ran.code, LOCKED, "{}", ran.stderr);
    assert_eq!(sandbox.files().len(), 1);
}

/// A crash has left these: SQLite takes what they say into account before anything is replaced.
#[test]
fn a_log_that_is_left_beside_goes_into_what_is_kept() {
    let sandbox = upgraded();
    let writer = sandbox.connect();
    writer.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE late (a)").unwrap();
    let [main, log] =
        ["mlruns.db", "mlruns.db-wal"].map(|name| fs::read(sandbox.path(name)).unwrap());
    drop(writer);
    fs::write(sandbox.path("mlruns.db"), main).unwrap();
    fs::write(sandbox.path("mlruns.db-wal"), log).unwrap();
    let ran = sandbox.run(&["restore", "mlruns.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let kept = named(&sandbox, ".replaced");
    assert!(contents(&sandbox, &kept[0]).iter().any(|line| line.starts_with("late ")));
    assert!(sandbox.run(&["current", "mlruns.db"]).stdout.starts_with("7ac759974ad8"));
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
}

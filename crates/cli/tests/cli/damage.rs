//! Files with damaged pages: SQLite notices, and nothing is changed.

use std::fs;

use rusqlite::Connection;

use crate::sandbox::Sandbox;

const CORRUPT: i32 = 16;
const PAGE: usize = 4096;

/// The first page of a table or an index, counted from one.
fn root(connection: &Connection, name: &str) -> usize {
    let select = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let page: u32 = connection.query_row(select, [name], |row| row.get(0)).unwrap();
    page as usize
}

/// A page that is the last leaf of a table or an index.
fn leaf(connection: &Connection, name: &str) -> usize {
    let select = "SELECT max(pageno) FROM dbstat WHERE name = ?1 AND pagetype = 'leaf'";
    let page: u32 = connection.query_row(select, [name], |row| row.get(0)).unwrap();
    page as usize
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    /// Everything on a page.
    Garbage,
    /// Zeros, as a disk gives that has lost a block.
    Zeros,
    /// The page's header says that it has other cells.
    Header,
}

fn damage(sandbox: &Sandbox, page: usize, damage: Damage) {
    let mut bytes = fs::read(sandbox.path("mlruns.db")).unwrap();
    let page = &mut bytes[(page - 1) * PAGE..page * PAGE];
    match damage {
        Damage::Garbage => page.fill(0xA5),
        Damage::Zeros => page.fill(0),
        Damage::Header => page[3..8].fill(0xFF),
    }
    fs::write(sandbox.path("mlruns.db"), bytes).unwrap();
}

/// SQLite's check runs beside the reading of rows, which sees no damage of an index.
#[test]
fn a_damaged_file_is_not_copied() {
    for object in ["runs", "sqlite_autoindex_metrics_1"] {
        let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
        let page = leaf(&sandbox.connect(), object);
        damage(&sandbox, page, Damage::Garbage);
        let ran = sandbox.run(&["copy", "mlruns.db", "copy.db"]);
        assert_eq!(ran.code, CORRUPT, "{object}: {}{}", ran.stdout, ran.stderr);
        assert!(!sandbox.path("copy.db").exists(), "{object}");
    }
}

/// Tables that are copied or read, and indexes that are looked into or make way.
#[test]
fn pages_that_an_upgrade_reads() {
    let objects = [
        "experiments",
        "metrics",
        "params",
        "tags",
        "sqlite_autoindex_experiments_1",
        "sqlite_autoindex_metrics_1",
        "sqlite_autoindex_tags_1",
    ];
    for kind in [Damage::Garbage, Damage::Zeros, Damage::Header] {
        for object in objects {
            let sandbox = Sandbox::with_sample("mlruns-0.9.1.db");
            let page = leaf(&sandbox.connect(), object);
            damage(&sandbox, page, kind);
            let told = sandbox.refused(&["upgrade", "mlruns.db"]);
            assert!(told.ends_with(&format!("-> {CORRUPT}\n")), "{object} {kind:?}: {told}");
            assert!(
                told.contains("damaged: ") && told.contains("hint: restore a backup"),
                "{told}"
            );
        }
    }
}

#[test]
fn a_damaged_schema() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let mut bytes = fs::read(sandbox.path("mlruns.db")).unwrap();
    bytes[100..PAGE].fill(0xA5);
    fs::write(sandbox.path("mlruns.db"), bytes).unwrap();
    for command in ["upgrade", "plan", "check", "doctor", "verify", "status", "restore"] {
        let told = sandbox.refused(&[command, "mlruns.db"]);
        let code = if command == "restore" { 14 } else { CORRUPT };
        assert!(told.ends_with(&format!("-> {code}\n")), "{told}");
    }
}

/// Damage where an upgrade would not read is found as well, but not if it is told to leave SQLite's check
/// out.
#[test]
fn pages_that_nobody_reads() {
    for (kind, is_whole) in [(None, true), (Some(Damage::Header), false)] {
        let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
        sandbox.sql(
            "CREATE TABLE mine (a TEXT); CREATE INDEX by_a ON mine (a); \
             INSERT INTO mine SELECT run_uuid FROM runs",
        );
        let page = root(&sandbox.connect(), "by_a");
        kind.into_iter().for_each(|kind| damage(&sandbox, page, kind));
        let before = sandbox.files();
        for command in
            [["doctor"].as_slice(), &["verify"], &["upgrade", "--into=new.db"], &["upgrade"]]
        {
            let arguments = [command, &["mlruns.db"]].concat();
            let ran = sandbox.run(&arguments);
            let is_refused = ran.code == CORRUPT;
            assert_eq!(is_refused, !is_whole, "{command:?}: {}{}", ran.stdout, ran.stderr);
            assert!(is_whole || sandbox.files() == before, "{command:?}");
        }
        let ran = sandbox.run(&["upgrade", "mlruns.db", "--no-check"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        // There is nothing to do in place; a new file would be a damaged one.
        assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
        if !is_whole {
            let told = sandbox.refused(&["upgrade", "mlruns.db", "--into=new.db"]);
            assert!(told.ends_with(&format!("-> {CORRUPT}\n")), "{told}");
        }
    }
}

/// What a NOT NULL and a CHECK refuse is not damage, however much of it comes before some that is; nor
/// is a function that only the user's program has.
#[test]
fn rows_that_their_tables_would_refuse() {
    let tables =
        ["mine (a TEXT NOT NULL, b TEXT CHECK (b > 0))", "mine (a TEXT, b CHECK (theirs(b)))"];
    for (table, is_whole) in tables.iter().flat_map(|table| [(table, true), (table, false)]) {
        let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
        sandbox.sql(&format!(
            "CREATE TABLE mine (a TEXT, b TEXT); \
             INSERT INTO mine VALUES (NULL, 0), (NULL, 0), (NULL, 0), (NULL, 0); \
             CREATE TABLE other (a TEXT); CREATE INDEX by_a ON other (a); \
             INSERT INTO other SELECT run_uuid FROM runs; PRAGMA writable_schema = ON; \
             UPDATE sqlite_schema SET sql = 'CREATE TABLE {table}' WHERE name = 'mine'"
        ));
        if !is_whole {
            unindex(&sandbox, "other");
        }
        let ran = sandbox.run(&["upgrade", "mlruns.db"]);
        let code = if is_whole { 0 } else { CORRUPT };
        assert_eq!(ran.code, code, "{table}: {}{}", ran.stdout, ran.stderr);
    }
}

/// Takes rows from an index `by_a`, by a condition that is not told any more.
fn unindex(sandbox: &Sandbox, table: &str) {
    let text = |condition: &str| {
        format!(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema \
             SET sql = 'CREATE INDEX by_a ON {table} (a) {condition}' WHERE name = 'by_a'"
        )
    };
    sandbox.sql(&text("WHERE a > 0"));
    sandbox.sql(&format!("INSERT INTO {table} (a) VALUES (NULL)"));
    sandbox.sql(&text(""));
}

/// An index that does not agree with its table is damage that only a comparison shows.
#[test]
fn an_index_that_lacks_a_row() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    sandbox.sql("CREATE TABLE mine (a TEXT); CREATE INDEX by_a ON mine (a)");
    unindex(&sandbox, "mine");
    for command in ["doctor", "verify", "upgrade"] {
        let told = sandbox.refused(&[command, "mlruns.db"]);
        assert!(told.ends_with(&format!("-> {CORRUPT}\n")), "{told}");
        assert!(told.contains("index by_a"), "{told}");
    }
}

//! Indexes, and table texts that SQLite has altered.

use rusqlite::Connection;

use super::oracle::parse_like_sqlite;
use crate::ddl::{CreateIndex, IndexKey};

/// Creates the index in SQLite, and compares SQLite's description with the parser's.
fn index_like_sqlite(sql: &str) -> CreateIndex {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t(a, b COLLATE rtrim, \"desc\", \"like\")").unwrap();
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    let index = CreateIndex::parse(sql).unwrap();

    let mut statement = connection
        .prepare("SELECT name, lower(coll), \"desc\" FROM pragma_index_xinfo(?1) WHERE key")
        .unwrap();
    let observed: Vec<(Option<String>, String, bool)> = statement
        .query_map([&index.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let described: Vec<_> = index
        .columns
        .iter()
        .map(|entry| {
            let (name, own) = match &entry.key {
                IndexKey::Column(name) if name == "b" => (Some(name.clone()), "rtrim"),
                IndexKey::Column(name) => (Some(name.clone()), "binary"),
                IndexKey::Expression(_) => (None, "binary"),
            };
            let collation = entry.collation.as_deref().unwrap_or(own);
            (name, collation.to_ascii_lowercase(), entry.descending)
        })
        .collect();
    assert_eq!(described, observed, "{sql}");

    let listed = connection.query_row(
        "SELECT \"unique\", partial FROM pragma_index_list('t') WHERE name = ?1",
        [&index.name],
        |row| Ok((row.get(0)?, row.get(1)?)),
    );
    assert_eq!((index.unique, index.predicate.is_some()), listed.unwrap(), "{sql}");
    index
}

#[test]
fn index_keys() {
    let expression = |text: &str| IndexKey::Expression(text.to_owned());
    let column = |name: &str| IndexKey::Column(name.to_owned());
    for (entry, key) in [
        ("a", column("a")),
        ("\"a\" DESC", column("a")),
        ("'a' ASC", column("a")),
        ("b COLLATE NOCASE DESC", column("b")),
        ("b", column("b")),
        ("((b))", column("b")),
        ("((a) COLLATE nocase) COLLATE rtrim DESC", column("a")),
        ("desc", column("desc")),
        ("desc desc", column("desc")),
        ("like desc", column("like")),
        ("a + desc", expression("a + desc")),
        ("a + desc desc", expression("a + desc")),
        ("a LIKE desc", expression("a LIKE desc")),
        ("lower(a) COLLATE nocase", expression("lower(a)")),
        ("(a || b) COLLATE nocase DESC", expression("(a || b)")),
        ("((a || b) COLLATE nocase)", expression("(a || b)")),
        ("(a || b)", expression("(a || b)")),
        ("a || b COLLATE nocase", expression("a || b COLLATE nocase")),
        ("- ~a COLLATE nocase", expression("- ~a")),
        ("+lower(a) COLLATE nocase DESC", expression("+lower(a)")),
        (
            "CASE WHEN a THEN (b) ELSE CASE a WHEN 1 THEN 2 END END COLLATE nocase",
            expression("CASE WHEN a THEN (b) ELSE CASE a WHEN 1 THEN 2 END END"),
        ),
        (
            "CASE a WHEN 1 THEN 2 END || CASE a WHEN 1 THEN 2 END COLLATE nocase",
            expression("CASE a WHEN 1 THEN 2 END || CASE a WHEN 1 THEN 2 END COLLATE nocase"),
        ),
        ("CAST(a AS TEXT)", expression("CAST(a AS TEXT)")),
        ("1", expression("1")),
    ] {
        let index = index_like_sqlite(&format!("CREATE INDEX i ON t(a, {entry} )"));
        assert_eq!(index.columns[1].key, key);
    }
}

#[test]
fn index_statements() {
    let sql = "CREATE UNIQUE INDEX IF NOT EXISTS main.\"an index\" ON [t] -- table\n \
               (max(a, b) DESC, b) WHERE a > ')' AND (b) /* end */ ;";
    let index = index_like_sqlite(sql);
    assert_eq!((index.schema.as_deref(), index.name.as_str()), (Some("main"), "an index"));
    assert_eq!(&sql[index.name_span.clone()], "\"an index\"");
    assert_eq!(&sql[index.table_span.clone()], "[t]");
    assert_eq!(&sql[index.columns[0].span.clone()], "max(a, b) DESC");
    assert_eq!(index.predicate.as_deref(), Some("a > ')' AND (b)"));

    for sql in [
        "CREATE INDEX",
        "CREATE INDEX i ON t",
        "CREATE INDEX i ON t()",
        "CREATE INDEX i ON t(a",
        "CREATE INDEX i ON t(a) WHERE",
        "CREATE INDEX i ON t(a) WHERE a; b",
        "CREATE INDEX i ON t(a) b",
        "CREATE TABLE t(a)",
    ] {
        assert!(CreateIndex::parse(sql).is_err(), "{sql}");
    }
}

/// MLflow's own migrations alter tables, and SQLite then edits the text in its own style.
#[test]
fn texts_that_sqlite_has_edited() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE p(x PRIMARY KEY); \
             CREATE TABLE t(a INT CHECK (a > 0), b REFERENCES p, CONSTRAINT c CHECK (a <> ')')); \
             CREATE INDEX i ON t(a, lower(b)) WHERE a > 1; \
             ALTER TABLE t ADD COLUMN d VARCHAR(5) DEFAULT '(' NOT NULL; \
             ALTER TABLE t ADD COLUMN e AS (a); \
             ALTER TABLE t RENAME COLUMN a TO \"order\"; \
             ALTER TABLE t RENAME COLUMN b TO f; \
             ALTER TABLE t DROP COLUMN e; \
             ALTER TABLE p RENAME TO \"the parent\"; \
             ALTER TABLE t RENAME TO u;",
        )
        .unwrap();
    let stored = |name: &str| -> String {
        let query = "SELECT sql FROM sqlite_schema WHERE name = ?1";
        connection.query_row(query, [name], |row| row.get(0)).unwrap()
    };
    let table = parse_like_sqlite(&stored("u"));
    let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((table.name.as_str(), &columns[..]), ("u", &["order", "f", "d"][..]));
    assert_eq!(table.columns[1].references[0].referred_table, "the parent");
    let checks: Vec<_> = table.checks().map(|check| check.expression.as_str()).collect();
    assert_eq!(checks, ["\"order\" > 0", "\"order\" <> ')'"]);

    let index = CreateIndex::parse(&stored("i")).unwrap();
    assert_eq!((index.table.as_str(), index.columns.len()), ("u", 2));
    assert_eq!(index.predicate.as_deref(), Some("\"order\" > 1"));
}

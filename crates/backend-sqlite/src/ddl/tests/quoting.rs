//! Names, keywords and quotes.

use rusqlite::Connection;

use super::oracle::compare;
use crate::ddl::keyword::KEYWORDS;
use crate::ddl::quote_identifier;

#[test]
fn only_what_needs_quotes_gets_them() {
    for (name, quoted) in [
        ("metrics", "metrics"),
        ("Run_UUID2", "Run_UUID2"),
        ("_private", "_private"),
        ("timestamp", "timestamp"),
        ("value", "value"),
        ("key", "\"key\""),
        ("Order", "\"Order\""),
        ("2nd", "\"2nd\""),
        ("a$b", "\"a$b\""),
        ("größe", "\"größe\""),
        ("a b", "\"a b\""),
        ("say \"x\"", "\"say \"\"x\"\"\""),
        ("", "\"\""),
    ] {
        assert_eq!(quote_identifier(name), quoted);
    }
}

#[test]
fn sqlite_reads_quoted_names_back() {
    let connection = Connection::open_in_memory().unwrap();
    for name in KEYWORDS.into_iter().chain(["a\"b", "[a]", "'", "`", "--", "\n", "$", "é"]) {
        let quoted = quote_identifier(name);
        connection.execute_batch(&format!("CREATE TABLE {quoted}({quoted})")).unwrap();
        let query = "SELECT 1 FROM sqlite_schema JOIN pragma_table_info(sqlite_schema.name) AS c \
                     WHERE sqlite_schema.name = ?1 AND c.name = ?1";
        assert!(connection.prepare(query).unwrap().exists([name]).unwrap(), "{name}");
        connection.execute_batch(&format!("DROP TABLE {quoted}")).unwrap();
    }
}

/// SQLite itself shows where it accepts each keyword without quotes.
#[test]
fn keywords_are_names_where_sqlite_says_so() {
    for word in KEYWORDS.into_iter().chain(["within", "rowid", "strict", "stored"]) {
        for before_and_after in [
            ["CREATE TABLE ", "(a)"],
            ["CREATE TABLE t(", ")"],
            ["CREATE TABLE t(", " INT)"],
            ["CREATE TABLE t(a ", ")"],
            ["CREATE TABLE t(a INT ", "(1) NOT NULL)"],
            ["CREATE TABLE t(a CONSTRAINT ", " UNIQUE)"],
            ["CREATE TABLE t(a CONSTRAINT ", ")"],
            ["CREATE TABLE t(a DEFAULT ", " NOT NULL)"],
            ["CREATE TABLE t(a REFERENCES ", ")"],
            ["CREATE TABLE t(a REFERENCES p(", ") ON DELETE CASCADE)"],
            ["CREATE TABLE t(a REFERENCES p MATCH ", " ON DELETE CASCADE)"],
            ["CREATE TABLE t(a AS (1) ", ")"],
            ["CREATE TABLE t(x, CONSTRAINT ", " CHECK (1))"],
        ] {
            compare(&before_and_after.join(word)).unwrap();
            compare(&before_and_after.join(&word.to_lowercase())).unwrap();
        }
        let key = format!("CREATE TABLE t(\"{word}\", PRIMARY KEY ({word} DESC))");
        compare(&key).unwrap();
    }
}

#[test]
fn keywords_that_sqlite_rejects_as_names_are_rejected() {
    for word in KEYWORDS {
        let sql = format!("CREATE TABLE t({word} INT)");
        assert_eq!(
            super::oracle::parser_accepts(&sql),
            super::oracle::sqlite_accepts(&sql),
            "{sql}"
        );
    }
}

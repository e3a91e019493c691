//! Random statements.

use proptest::prelude::*;

use super::generator::create_table;
use super::oracle::{compare, parser_accepts};
use crate::ddl::{CreateIndex, CreateTable, quote_identifier, tokenize};

/// Pieces whose random combinations are often a table that SQLite accepts.
const PIECES: [&str; 44] = [
    "a",
    "b",
    "key",
    "\"c d\"",
    "'e'",
    "INT",
    "INTEGER",
    "TEXT (1)",
    "(a)",
    "(b, a)",
    "(1)",
    "(a DESC)",
    "(a COLLATE nocase)",
    ",",
    ",",
    ", b",
    ", \"f\" INT",
    "CONSTRAINT x",
    "NOT NULL",
    "NULL",
    "DEFAULT 1",
    "DEFAULT (1)",
    "DEFAULT",
    "GENERATED",
    "GENERATED ALWAYS",
    "AS (1)",
    "STORED",
    "VIRTUAL",
    "PRIMARY KEY",
    "PRIMARY KEY (b, a)",
    "UNIQUE",
    "UNIQUE (a)",
    "CHECK (1)",
    "REFERENCES p",
    "FOREIGN KEY (a) REFERENCES q",
    "ON DELETE CASCADE",
    "ON CONFLICT IGNORE",
    "MATCH",
    "DEFERRABLE",
    "NOT DEFERRABLE INITIALLY",
    "IMMEDIATE",
    "COLLATE",
    "DESC",
    "AUTOINCREMENT",
];

const FRAGMENTS: [&str; 40] = [
    "CREATE",
    "TABLE",
    "INDEX",
    "TRIGGER",
    "VIRTUAL",
    "TEMP",
    "UNIQUE",
    "ON",
    "t",
    "(",
    "(",
    ")",
    ")",
    ",",
    ";",
    ".",
    "'",
    "\"",
    "`",
    "[",
    "]",
    "--",
    "/*",
    "*/",
    "\n",
    "x'",
    "1",
    "$",
    "\0",
    "é",
    "\u{feff}",
    "COLLATE",
    "CASE",
    "END",
    "BEGIN",
    "WHERE",
    "WHEN",
    "DESC",
    "UPDATE OF",
    "-",
];

fn parse_anything(sql: &str) {
    parser_accepts(sql);
    let _ = CreateIndex::parse(sql);
}

fn joined(pieces: &'static [&str], count: usize) -> impl Strategy<Value = String> {
    let piece = prop::sample::select(pieces);
    prop::collection::vec(piece, 0..count).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn generated_tables_are_read_as_sqlite_reads_them(generated in create_table()) {
        let table = compare(&generated.sql).map_err(TestCaseError::fail)?;
        prop_assume!(table.is_some());
        let checks = table.iter().flat_map(CreateTable::checks);
        let mut found: Vec<_> =
            checks.map(|check| (check.name.clone(), check.expression.clone())).collect();
        let mut expected = generated.checks;
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn whatever_sqlite_accepts_is_read_as_sqlite_reads_it(
        body in joined(&PIECES, 7),
        end in prop::sample::select(&["", "STRICT", "WITHOUT ROWID", ", STRICT"][..]),
    ) {
        compare(&format!("CREATE TABLE t(a {body}) {end}")).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn random_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        parse_anything(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn random_characters_do_not_panic(text in "CREATE TABLE t\\(\\PC*") {
        parse_anything(&text);
    }

    #[test]
    fn random_fragments_do_not_panic(
        beginning in prop::sample::select(
            &["", "CREATE TABLE t(a ", "CREATE INDEX i ON t("][..]
        ),
        fragments in prop::collection::vec(prop::sample::select(&FRAGMENTS[..]), 0..20),
    ) {
        parse_anything(&format!("{beginning}{}", fragments.concat()));
        parse_anything(&format!("{beginning}{}", fragments.join(" ")));
    }

    #[test]
    fn tokens_are_in_order_and_within_the_text(text in "\\PC*") {
        let Ok(tokens) = tokenize(&text) else { return Ok(()) };
        let mut end = 0;
        for token in tokens {
            prop_assert!(end <= token.start && token.start < token.end);
            prop_assert!(text.get(token.span()).is_some());
            end = token.end;
        }
        prop_assert!(end <= text.len());
    }

    #[test]
    fn quoted_identifiers_are_read_back(name in "[^\\x00]*") {
        let sql = format!("CREATE TABLE {0}({0})", quote_identifier(&name));
        let table = CreateTable::parse(&sql).unwrap();
        prop_assert_eq!((&table.name, &table.columns[0].name), (&name, &name));
    }
}

/// Repeats each so often that quadratic time would take minutes, and recursion overflow the stack.
#[test]
fn long_and_deep_statements_take_linear_time_and_no_stack() {
    let repeat = |text: &str| text.repeat(100_000);
    let (open, close) = (repeat("("), repeat(")"));
    for sql in [
        format!("CREATE TABLE t(a CHECK ({open}1{close}))"),
        format!("CREATE TABLE t(a CHECK ({open}"),
        format!("CREATE TABLE t(a{close}"),
        format!("CREATE TABLE t(a, UNIQUE ({open}a{close}))"),
        format!("CREATE TABLE t(a, UNIQUE (a{}))", repeat(" COLLATE x")),
        format!("CREATE TABLE t(a, UNIQUE ({open}a{}))", repeat(") COLLATE x")),
        format!("CREATE TABLE t(a{})", repeat(" DEFERRABLE, a")),
        format!("CREATE TABLE t(a{})", repeat(" CONSTRAINT x")),
        format!("CREATE TABLE t(a, {})", repeat("CHECK (1) ")),
        format!("CREATE TABLE t(a REFERENCES p {})", repeat("MATCH x ")),
        format!("CREATE INDEX i ON t(({open}{}))", repeat("CASE END) COLLATE x")),
        format!("CREATE INDEX i ON t({}a COLLATE x)", repeat("- ")),
        format!("CREATE TABLE t(a) {}", repeat("/*")),
        format!("CREATE TABLE t(a) {}", repeat("\"\"\"")),
        format!("CREATE TABLE t(a) {}", repeat("[")),
    ] {
        parse_anything(&sql);
    }
}

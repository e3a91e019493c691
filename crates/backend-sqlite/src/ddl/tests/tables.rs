//! Tables with one oddity each, all compared with SQLite.

use rusqlite::Connection;

use super::oracle::{parse_like_sqlite, parser_accepts, sqlite_accepts};
use crate::ddl::{
    ColumnDefinition, ConflictResolution, CreateTable, DdlError, Deferrable, ForeignKey,
    InitialCheck, ReferentialAction, TableConstraint,
};

const METRICS: &str = r#"CREATE TABLE "latest_metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CONSTRAINT is_nan_boolean CHECK (is_nan IN (0, 1))
)"#;

fn only_column(sql: &str) -> ColumnDefinition {
    let [column] = <[_; 1]>::try_from(parse_like_sqlite(sql).columns).unwrap();
    column
}

fn only_foreign_key(sql: &str) -> ForeignKey {
    let table = parse_like_sqlite(sql);
    let foreign_key = table.foreign_keys().next().unwrap().clone();
    assert_eq!(table.foreign_keys().count(), 1);
    foreign_key
}

#[test]
fn a_table_of_mlflow() {
    let table = parse_like_sqlite(METRICS);
    assert_eq!(table.name, "latest_metrics");
    assert_eq!(&METRICS[table.name_span.clone()], "\"latest_metrics\"");
    assert_eq!(table.columns[0].name, "key");
    assert_eq!(&METRICS[table.columns[0].name_span.clone()], "\"key\"");
    assert_eq!(&METRICS[table.columns[3].span.clone()], "step BIGINT DEFAULT '0' NOT NULL");
    let spans: Vec<_> =
        table.constraints.iter().map(|constraint| &METRICS[constraint.span().clone()]).collect();
    insta::assert_debug_snapshot!(spans, @r#"
    [
        "CONSTRAINT latest_metric_pk PRIMARY KEY (\"key\", run_uuid)",
        "FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)",
        "CONSTRAINT is_nan_boolean CHECK (is_nan IN (0, 1))",
    ]
    "#);
    let names: Vec<_> = table.constraints.iter().map(TableConstraint::name).collect();
    assert_eq!(names, [Some("latest_metric_pk"), None, Some("is_nan_boolean")]);
    assert_eq!(table.checks().next().unwrap().expression, "is_nan IN (0, 1)");
    assert_eq!(table.closing_parenthesis, METRICS.len() - 1..METRICS.len());
}

#[test]
fn statements_that_sqlite_reads_the_same_way() {
    for sql in [
        "create table t(a)",
        "CREATE TABLE t(a,b,c);;",
        "CREATE TABLE main.t(a)",
        "CREATE TABLE IF NOT EXISTS \"main\".[t](a)",
        "CREATE TABLE 'a table'('a column' 'a type', \"\"\"quoted\"\"\" [its type], `b``c` INT)",
        "\u{feff}CREATE TABLE -- (\nt/* ( */(\u{feff} a INT -- , b INT\n, /* c, */ d) -- )",
        "CREATE TABLE t(a INT /* unterminated )) */) /* unterminated",
        "CREATE TABLE t(größe INT, 名前 TEXT, a$b, _x, \u{a0}nbsp, \"\")",
        "CREATE TABLE t(key, timestamp, value, name, version, schema, replace, action, \"order\")",
        "CREATE TABLE t(left, natural text, indexed INT, over, filter TEXT, window REAL)",
        "CREATE TABLE t(temp, temporary, current_timestamp, cast, like glob, generated, always)",
        "CREATE TABLE t(a CONSTRAINT x CONSTRAINT y, b CONSTRAINT z)",
        "CREATE TABLE t(a, CONSTRAINT x, CONSTRAINT y CHECK (1) CONSTRAINT z)",
        "CREATE TABLE t(a, b, CHECK (a) UNIQUE (b) PRIMARY KEY (a, b), CHECK (b))",
        "CREATE TABLE t(a INT NULL, b INT NOT NULL NULL, c NULL ON CONFLICT IGNORE NOT NULL)",
        "CREATE TABLE t(a INTEGER PRIMARY KEY ASC ON CONFLICT REPLACE AUTOINCREMENT)",
        "CREATE TABLE t(a INTEGER PRIMARY KEY DESC, b INT UNIQUE ON CONFLICT FAIL UNIQUE)",
        "CREATE TABLE t(a INTEGER, b, PRIMARY KEY (a AUTOINCREMENT) ON CONFLICT ABORT)",
        "CREATE TABLE t(a INTEGER, PRIMARY KEY (a DESC))",
        "CREATE TABLE t(a INT, PRIMARY KEY (a DESC))",
        "CREATE TABLE t(desc, asc, UNIQUE (desc desc, asc asc), UNIQUE (desc))",
        "CREATE TABLE t(a, b COLLATE rtrim, UNIQUE ('a' COLLATE nocase DESC, [b]))",
        "CREATE TABLE t(a, b, UNIQUE (((a)) COLLATE nocase COLLATE rtrim, ((b COLLATE nocase))))",
        "CREATE TABLE t(a COLLATE nocase COLLATE 'rtrim' UNIQUE)",
        "CREATE TABLE t(a TEXT PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE t(a TEXT PRIMARY KEY, b ANY) strict, without rowid;",
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b ANY) , STRICT",
        "CREATE TABLE t(a INT PRIMARY KEY, b any) WITHOUT ROWID , WITHOUT ROWID, STRICT",
        "CREATE TABLE t(a, b AS (a), c INT GENERATED ALWAYS AS (a + ')') STORED NOT NULL)",
        "CREATE TABLE t(a, b VARCHAR(3) CONSTRAINT g GENERATED ALWAYS AS (a) VIRTUAL UNIQUE)",
        "CREATE TABLE t(a REFERENCES p NOT NULL REFERENCES q(x) ON DELETE CASCADE, b)",
        "CREATE TABLE t(a, b, FOREIGN KEY (b, a) REFERENCES p, FOREIGN KEY (A) REFERENCES 'q'(\"y\"))",
        "CREATE TABLE t(a DEFERRABLE, b NOT DEFERRABLE INITIALLY DEFERRED)",
    ] {
        parse_like_sqlite(sql);
    }
}

#[test]
fn declared_types_are_reported_as_sqlite_reports_them() {
    for (written, reported) in [
        ("VARCHAR(250)", "VARCHAR(250)"),
        ("VARCHAR ( 250 )", "VARCHAR ( 250 )"),
        ("DECIMAL(10,-2)", "DECIMAL(10,-2)"),
        ("DECIMAL(+1.5e3, /* ) */ 2)", "DECIMAL(+1.5e3, /* ) */ 2)"),
        ("DOUBLE   PRECISION", "DOUBLE   PRECISION"),
        ("unsigned /* big */ int -- end\n", "unsigned /* big */ int"),
        ("integer", "INTEGER"),
        ("Text", "TEXT"),
        ("\"int\"", "INT"),
        ("'real' GENERATED ALWAYS AS (1)", "REAL"),
        ("\"int\" x", "int"),
        ("[my type]", "my type"),
        ("\"say \"\"x\"\"\"", "say \"x\""),
        ("generated", "generated"),
        ("GENERATED ALWAYS AS (1)", ""),
        ("int GENERATED\n ALWAYS AS (1)", "INT"),
        ("int GENERATED /**/ ALWAYS AS (1)", "int GENERATED /**/"),
        ("something always", "something"),
        ("int generated AS (1)", "int generated"),
        ("key replace action", "key replace action"),
        ("\"\"", ""),
        ("x\u{e9}", "x\u{e9}"),
    ] {
        let table = parse_like_sqlite(&format!("CREATE TABLE t(first, a {written})"));
        assert_eq!(table.columns[1].declared_type.as_deref().unwrap_or_default(), reported);
    }
    assert_eq!(only_column("CREATE TABLE t(a)").declared_type, None);
}

#[test]
fn defaults_are_reported_as_sqlite_reports_them() {
    for (written, text, parenthesised) in [
        ("-1", "-1", false),
        ("- /* one */ 1", "- /* one */ 1", false),
        ("+1.5e3", "+1.5e3", false),
        (".5", ".5", false),
        ("0x1F", "0x1F", false),
        ("1_000", "1_000", false),
        ("9223372036854775808", "9223372036854775808", false),
        ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP", false),
        ("NULL", "NULL", false),
        ("'it''s'", "'it''s'", false),
        ("x'00fF'", "x'00fF'", false),
        ("TRUE", "TRUE", false),
        ("a_word", "a_word", false),
        ("\"a word\"", "\"a word\"", false),
        ("( 1 + (2) )", "1 + (2)", true),
        ("(/* ( */ ')' -- )\n)", "/* ( */ ')' -- )", true),
        ("(strftime('%s', 'now'))", "strftime('%s', 'now')", true),
        ("1 DEFAULT (2)", "2", true),
        ("generated", "generated", false),
        ("1 NOT NULL", "1", false),
    ] {
        let column = only_column(&format!("CREATE TABLE t(a INT DEFAULT {written})"));
        let default = column.default.unwrap();
        assert_eq!((default.text.as_str(), default.parenthesised), (text, parenthesised));
    }
}

#[test]
fn names_belong_to_the_constraint_after_them() {
    let column = only_column(
        "CREATE TABLE t(a INTEGER CONSTRAINT \"the key\" PRIMARY KEY CONSTRAINT 'n' NOT NULL \
         CONSTRAINT u UNIQUE CONSTRAINT x CONSTRAINT c CHECK (a > 0) CHECK (a < 9) \
         CONSTRAINT d DEFAULT 1 CONSTRAINT f REFERENCES p CONSTRAINT unused)",
    );
    assert_eq!(column.primary_key.unwrap().name.unwrap(), "the key");
    assert_eq!(column.not_null.unwrap().name.unwrap(), "n");
    assert_eq!(column.unique[0].name.as_deref(), Some("u"));
    assert_eq!(column.default.unwrap().name.unwrap(), "d");
    assert_eq!(column.references[0].name.as_deref(), Some("f"));
    let checks: Vec<_> =
        column.checks.iter().map(|check| (check.name.as_deref(), &*check.expression)).collect();
    assert_eq!(checks, [(Some("c"), "a > 0"), (None, "a < 9")]);
}

#[test]
fn conflict_clauses_are_kept() {
    let table = parse_like_sqlite(
        "CREATE TABLE t(a NOT NULL ON CONFLICT IGNORE UNIQUE ON CONFLICT ROLLBACK, b, \
         PRIMARY KEY (a, b) ON CONFLICT REPLACE, CHECK (a) ON CONFLICT FAIL)",
    );
    let column = &table.columns[0];
    let not_null = column.not_null.as_ref().unwrap();
    assert_eq!(not_null.on_conflict, Some(ConflictResolution::Ignore));
    assert_eq!(column.unique[0].on_conflict, Some(ConflictResolution::Rollback));
    assert_eq!(table.primary_key().unwrap().on_conflict, Some(ConflictResolution::Replace));
    assert_eq!(table.checks().next().unwrap().on_conflict, Some(ConflictResolution::Fail));
}

#[test]
fn foreign_key_clauses_are_kept() {
    let foreign_key = only_foreign_key(
        "CREATE TABLE t(a, b, CONSTRAINT f FOREIGN KEY (a, b) REFERENCES \"p q\" (x, 'y') \
         ON DELETE CASCADE ON INSERT RESTRICT MATCH full ON UPDATE SET NULL \
         ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED)",
    );
    assert_eq!(foreign_key.name.as_deref(), Some("f"));
    assert_eq!(foreign_key.columns, ["a", "b"]);
    assert_eq!(foreign_key.referred_table, "p q");
    assert_eq!(foreign_key.referred_columns, ["x", "y"]);
    assert_eq!(foreign_key.on_delete, Some(ReferentialAction::SetDefault));
    assert_eq!(foreign_key.on_update, Some(ReferentialAction::SetNull));
    assert_eq!(foreign_key.match_name.as_deref(), Some("full"));
    let deferred = Deferrable { deferrable: true, initially: Some(InitialCheck::Deferred) };
    assert_eq!(foreign_key.deferrable, Some(deferred));
}

/// No PRAGMA shows whether a key is deferred, but a transaction that breaks the key shows it.
#[test]
fn deferrable_clauses_apply_to_the_latest_foreign_key() {
    for (columns, clause) in [
        ("a REFERENCES p", None),
        ("a REFERENCES p DEFERRABLE INITIALLY DEFERRED", Some((true, true))),
        ("a REFERENCES p NOT DEFERRABLE INITIALLY DEFERRED", Some((false, true))),
        ("a REFERENCES p DEFERRABLE", Some((true, false))),
        ("a REFERENCES p DEFERRABLE INITIALLY IMMEDIATE", Some((true, false))),
        ("a REFERENCES p NOT NULL DEFERRABLE INITIALLY DEFERRED", Some((true, true))),
        ("a REFERENCES p, b, c INT DEFERRABLE INITIALLY DEFERRED", Some((true, true))),
        ("a REFERENCES p DEFERRABLE INITIALLY DEFERRED NOT DEFERRABLE", Some((false, false))),
    ] {
        let sql = format!("CREATE TABLE t({columns})");
        let found = only_foreign_key(&sql)
            .deferrable
            .map(|found| (found.deferrable, found.initially == Some(InitialCheck::Deferred)));
        assert_eq!(found, clause, "{columns}");

        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("PRAGMA foreign_keys = ON; CREATE TABLE p(x PRIMARY KEY)")
            .unwrap();
        connection.execute_batch(&sql).unwrap();
        let is_deferred = connection.execute_batch("BEGIN; INSERT INTO t(a) VALUES (1)").is_ok();
        assert_eq!(is_deferred, clause == Some((true, true)), "{columns}");
    }
}

/// SQLite's error message names an unnamed CHECK by its text.
#[test]
fn check_texts_are_those_of_sqlite() {
    for text in ["a > (0)", "/* ) */ a > 0", "a>0 AND a <> ')'", "(\"a\")\n>\t0 -- ("] {
        let sql = format!("CREATE TABLE t(a CHECK ( {text}\n ))");
        let column = only_column(&sql);
        assert_eq!(column.checks[0].expression, text);
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&sql).unwrap();
        let error = connection.execute("INSERT INTO t VALUES (-1)", []).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn generated_columns() {
    let table = parse_like_sqlite(
        "CREATE TABLE t(a, b INT CONSTRAINT g GENERATED ALWAYS AS ( a || ')' ) STORED, c AS (a))",
    );
    let generated: Vec<_> = table.columns.iter().map(|column| column.generated.as_ref()).collect();
    let [None, Some(stored), Some(virtual_column)] = generated[..] else { panic!() };
    assert_eq!((stored.expression.as_str(), stored.stored), ("a || ')'", true));
    assert_eq!((virtual_column.expression.as_str(), virtual_column.stored), ("a", false));
}

#[test]
fn statements_that_sqlite_rejects() {
    for sql in [
        "",
        "CREATE",
        "CREATE TABLE t",
        "CREATE TABLE t()",
        "CREATE TABLE t(a",
        "CREATE TABLE t(a,)",
        "CREATE TABLE t(a, CHECK (1),)",
        "CREATE TABLE t(a, CHECK (1), b)",
        "CREATE TABLE t(CHECK (1))",
        "CREATE TABLE t(a FOREIGN KEY (a) REFERENCES p)",
        "CREATE TABLE t(a INT(1, 2, 3))",
        "CREATE TABLE t(a INT PRIMARY KEY PRIMARY KEY)",
        "CREATE TABLE t(a DEFAULT)",
        "CREATE TABLE t(a UNIQUE, UNIQUE (a || 'b'))",
        "CREATE TABLE t(a UNIQUE, UNIQUE ())",
        "CREATE TABLE t(a, UNIQUE (a,))",
        "CREATE TABLE t(a REFERENCES p ON DELETE NOTHING)",
        "CREATE TABLE t(a NOT NULL ON CONFLICT NOTHING)",
        "CREATE TABLE t(a CHECK 1)",
        "CREATE TABLE t(a CHECK (1)",
        "CREATE TABLE t(a) WITHOUT",
        "CREATE TABLE t(a) STRICT STRICT",
        "CREATE TABLE t(a) STRICT,",
        "CREATE TABLE t(a) nonsense",
        "CREATE TABLE t(a AS (1) nonsense)",
        "CREATE TABLE t(select)",
        "CREATE TABLE t(a 'unterminated)",
        "CREATE TABLE t(a DEFAULT 1x)",
        "CREATE TABLE t(a DEFAULT x'1')",
        "CREATE TABLE t(a)\0",
    ] {
        assert!(!parser_accepts(sql), "{sql}");
        assert!(sql.is_empty() || !sqlite_accepts(sql) || sql.contains('\0'), "{sql}");
    }
}

#[test]
fn errors_say_where_and_what() {
    let messages = [
        "CREATE TABLE t(a, b INT CHECK 1)",
        "CREATE TABLE t(a, 'it''s\nnever closed in this statement",
        "CREATE TABLE t(a",
        "CREATE VIEW v AS SELECT 1",
        "CREATE VIRTUAL TABLE t USING fts5(a)",
    ]
    .map(|sql| CreateTable::parse(sql).unwrap_err().to_string());
    insta::assert_snapshot!(messages.join("\n"), @r#"
    at byte 30: expected an opening parenthesis, found "1)"
    at byte 18: not a token of SQLite's SQL: "'it''s\nnever closed in this stat"…
    at byte 16: expected a comma or the closing parenthesis, found the end of the statement
    at byte 7: expected TABLE, found "VIEW v AS SELECT 1"
    CREATE VIRTUAL TABLE statements are not supported
    "#);
    assert_eq!(
        CreateTable::parse("CREATE TABLE t AS SELECT 1 AS a"),
        Err(DdlError::Unsupported { statement: "CREATE TABLE … AS SELECT" })
    );
}

//! SQLite keeps a value of any type in any column. What MLflow makes of it, we make of it; what MLflow
//! fails at is refused. The expected values are those of MLflow 3.18.0.

use mlflow_migrate_tests::capability::UNTYPED_COLUMNS;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::{refused, texts, upgraded};

pub(crate) const TESTS: &[Test] = tests![
    latest_metrics_of_any_type => UNTYPED_COLUMNS,
    values_that_are_no_numbers_are_found_before_there_are_steps => UNTYPED_COLUMNS,
];

/// What comes of a value.
enum Outcome {
    /// These rows, as `quote` writes their columns, with bars between them.
    Rows(&'static [&'static str]),
    /// A refusal whose problem has this in it, and this first row.
    Refused(&'static str, &'static str),
}
use Outcome::{Refused, Rows};

/// A way from one revision to another.
struct Way {
    before: &'static str,
    after: &'static str,
    /// What is there besides.
    setup: &'static str,
    /// Puts a case in the place of `{}`.
    insert: &'static str,
    table: &'static str,
    columns: &'static [&'static str],
}

impl Way {
    async fn check(&self, server: &TestServer, cases: &[(&str, Outcome)]) {
        for (case, outcome) in cases {
            let database = server.at(self.before).await;
            database.run(self.setup);
            database.run(&self.insert.replace("{}", case));
            match outcome {
                Rows(expected) => {
                    upgraded(server, &*database, self.after).await;
                    assert_eq!(self.rows(&*database), texts_of(expected), "{case}");
                }
                Refused(problem, first) => {
                    let findings = refused(server, &*database, self.after).await;
                    let [finding] = &findings[..] else { panic!("{case}: {findings:?}") };
                    assert_eq!(finding.count, 1, "{case}: {finding}");
                    assert!(finding.problem.contains(problem), "{case}: {finding}");
                    assert_eq!(finding.rows, [*first], "{case}");
                    if let Some(query) = &finding.query {
                        assert_eq!(database.query(query).len(), 1, "{query}");
                    }
                }
            }
        }
    }

    fn rows(&self, database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
        let quoted: Vec<String> =
            self.columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        let row = quoted.join(" || '|' || ");
        database.query(&format!("SELECT {row} FROM {} ORDER BY 1", self.table))
    }
}

fn texts_of(rows: &[&str]) -> Vec<Vec<Cell>> {
    rows.iter().map(|row| texts(&[row])).collect()
}

async fn latest_metrics_of_any_type(server: &TestServer) {
    const WAY: Way = Way {
        before: "7ac759974ad8",
        after: "89d4b8295536",
        setup: "INSERT INTO experiments (experiment_id, name, lifecycle_stage)
                VALUES (1, 'one', 'active');
                INSERT INTO runs (run_uuid, experiment_id) VALUES ('a', 1), (x'61', 1)",
        insert: "INSERT INTO metrics (run_uuid, \"key\", step, timestamp, value, is_nan) VALUES {}",
        table: "latest_metrics",
        columns: &["run_uuid", "key", "step", "timestamp", "value", "is_nan"],
    };
    let no_number = "metrics.value of a metric is not a number";
    let cases = [
        ("('a','m',1.5,1,0.5,0), ('a','m',1,9,0.5,0)", Rows(&["'a'|'m'|1.5|1|0.5|0"])),
        ("('a','m','abc',1,0.5,0), ('a','m',99,9,0.5,0)", Rows(&["'a'|'m'|'abc'|1|0.5|0"])),
        ("('a','m',x'00',1,0.5,0), ('a','m','zzz',9,0.5,0)", Rows(&["'a'|'m'|X'00'|1|0.5|0"])),
        (
            "('a','m',1e19,1,0.5,0), ('a','m',9223372036854775807,9,0.5,0)",
            Rows(&["'a'|'m'|1.0e+19|1|0.5|0"]),
        ),
        ("('a','m',1,'abc',0.5,0), ('a','m',1,99,0.7,0)", Rows(&["'a'|'m'|1|'abc'|0.5|0"])),
        ("('a','m',1,1.5,0.5,0), ('a','m',1,1,0.7,0)", Rows(&["'a'|'m'|1|1.5|0.5|0"])),
        ("('a','m',1,x'3939',0.5,0), ('a','m',1,'z',0.7,0)", Rows(&["'a'|'m'|1|X'3939'|0.5|0"])),
        (
            "('a','m',1,2,0.7,0), ('a',x'6d',1,1,0.5,0)",
            Rows(&["'a'|'m'|1|2|0.7|0", "'a'|X'6D'|1|1|0.5|0"]),
        ),
        (
            "('a','m',1,2,0.7,0), (x'61','m',1,1,0.5,0)",
            Rows(&["'a'|'m'|1|2|0.7|0", "X'61'|'m'|1|1|0.5|0"]),
        ),
        (
            "('a','m',9007199254740993,1,0.5,0), ('a','m',9007199254740992.0,2,0.7,0),
             ('a','m',9.007199254740994e15,0,1,0)",
            Rows(&["'a'|'m'|9007199254740994|0|1.0|0"]),
        ),
        // Python's numbers are more than SQLite's.
        ("('a','m',1,1,' 1_0 ',0), ('a','m',1,1,99,0)", Rows(&["'a'|'m'|1|1|10.0|0"])),
        ("('a','m',1,1,x'312e35',0), ('a','m',1,1,'1_0',0)", Rows(&["'a'|'m'|1|1|1.5|0"])),
        // Only the newest values are read.
        ("('a','m',1,1,'high',0), ('a','m',2,1,0.5,0)", Rows(&["'a'|'m'|2|1|0.5|0"])),
        (
            "('a','m',1,1,'high',0), ('a','m',1,1,9.5,0)",
            Refused(no_number, r#"metric "m" of run "a": "high""#),
        ),
        (
            "('a','m',1,1,x'00',0), ('a','m',1,1,'high',0)",
            Refused(no_number, r#"metric "m" of run "a": x'00'"#),
        ),
        (
            "('a','m',1,1,'nan',0), ('a','n',1,1,0.5,0)",
            Refused(no_number, r#"metric "m" of run "a": "nan""#),
        ),
    ];
    WAY.check(server, &cases).await;
    let by_index = Way {
        setup: "INSERT INTO experiments (experiment_id, name, lifecycle_stage)
                VALUES (1, 'one', 'active');
                INSERT INTO runs (run_uuid, experiment_id) VALUES ('a', 1), (x'61', 1);
                CREATE INDEX by_run ON metrics (run_uuid, \"key\", step)",
        ..WAY
    };
    by_index.check(server, &cases).await;
}

async fn values_that_are_no_numbers_are_found_before_there_are_steps(server: &TestServer) {
    let database = server.at("base").await;
    database.run(
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'one', 'active');
         INSERT INTO runs (run_uuid, experiment_id) VALUES ('a', 1);
         INSERT INTO metrics (run_uuid, \"key\", timestamp, value)
         VALUES ('a', 'm', 1, 'low'), ('a', 'm', 2, 0.5), ('a', 'n', 1, 'high')",
    );
    let findings = refused(server, &*database, "head").await;
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(finding.rows, [r#"metric "n" of run "a": "high""#], "{finding}");
}

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
    users_of_any_type => UNTYPED_COLUMNS,
    categories_of_any_type => UNTYPED_COLUMNS,
    costs_of_any_type => UNTYPED_COLUMNS,
    dimension_attributes_of_any_type => UNTYPED_COLUMNS,
    assessments_of_any_type => UNTYPED_COLUMNS,
    sources_of_traces_of_any_type => UNTYPED_COLUMNS,
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
            let database = self.filled(server, case).await;
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

    async fn filled(&self, server: &TestServer, case: &str) -> Box<dyn TestDatabase> {
        let database = server.at(self.before).await;
        database.run(self.setup);
        database.run(&self.insert.replace("{}", case));
        database
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

async fn users_of_any_type(server: &TestServer) {
    const WAY: Way = Way {
        before: "451aebb31d03",
        after: "90e64c465722",
        setup: "INSERT INTO experiments (experiment_id, name, lifecycle_stage)
                VALUES (1, 'one', 'active')",
        insert: "INSERT INTO runs (run_uuid, experiment_id, user_id) VALUES ('a', 1, {})",
        table: "tags",
        columns: &["key", "value", "run_uuid"],
    };
    let cases = [
        ("x'616263'", Rows(&["'mlflow.user'|X'616263'|'a'"])),
        ("x''", Rows(&[])),
        ("''", Rows(&[])),
        ("x'00'", Rows(&["'mlflow.user'|X'00'|'a'"])),
        ("char(0) || 'a'", Rows(&["'mlflow.user'|''|'a'"])),
    ];
    WAY.check(server, &cases).await;
}

async fn categories_of_any_type(server: &TestServer) {
    const WAY: Way = Way {
        before: "e7d1f4b2a9c6",
        after: "8b6ad64cb8f5",
        setup: "INSERT INTO experiments (experiment_id, name, lifecycle_stage)
                VALUES (1, 'one', 'active')",
        insert: "INSERT INTO issues (issue_id, experiment_id, name, description, status,
                 created_timestamp, last_updated_timestamp, categories)
                 VALUES ('i', 1, 'n', 'd', 'open', 'abc', 1, {})",
        table: "issue_categories",
        columns: &["issue_id", "category"],
    };
    let refused = || Refused("issues.categories is not a JSON list of strings", r#"issue "i""#);
    let cases = [
        (r#"CAST('["a","B"]' AS BLOB)"#, Rows(&["'i'|'B'", "'i'|'a'"])),
        ("x'fffe5b002200610022005d00'", Rows(&["'i'|'a'"])),
        ("x'5b002200e90022005d00'", Rows(&["'i'|'é'"])),
        ("x'0000005b0000002200000061000000220000005d'", Rows(&["'i'|'a'"])),
        ("x'efbbbf5b2261225d'", Rows(&["'i'|'a'"])),
        (r#"'"abca"'"#, Rows(&["'i'|'a'", "'i'|'b'", "'i'|'c'"])),
        (r#"'{"k": 1}'"#, Rows(&["'i'|'k'"])),
        (r#"CAST('{"k": 1}' AS BLOB)"#, Rows(&["'i'|'k'"])),
        ("'[]'", Rows(&[])),
        ("x'5b22ff225d'", refused()),
        ("x'5b22eda080225d'", refused()),
        ("x''", refused()),
        ("x'616263'", refused()),
        ("'5'", refused()),
        ("x'5b5d00'", refused()),
    ];
    WAY.check(server, &cases).await;
}

const TRACE: &str = "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
    INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)
    VALUES ('a', 1, 100, 'OK');
    INSERT INTO trace_request_metadata (request_id, \"key\", value)
    VALUES ('a', 'mlflow.gateway.endpointId', 'e');";
const ANALYTICS: Way = Way {
    before: "b7e2c1a4d9f3",
    after: "75868b020152",
    setup: TRACE,
    insert: "",
    table: "trace_info",
    columns: &["request_id", "trace_name", "session_id", "input_tokens", "total_cost"],
};

async fn costs_of_any_type(server: &TestServer) {
    const TRACES: Way = Way {
        insert: "INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano,
                 end_time_unix_nano, content) VALUES ('a', 1, 's', 'OK', 10, 25, 'x');
                 INSERT INTO span_metrics (trace_id, span_id, \"key\", value)
                 VALUES ('a', 's', 'input_cost', {}), ('a', 's', 'total_cost', {})",
        ..ANALYTICS
    };
    const SPANS: Way =
        Way { table: "spans", columns: &["input_cost", "output_cost", "total_cost"], ..TRACES };
    let costs = [
        ("x'312e35'", Some("1.5")),
        ("'1_0'", Some("10.0")),
        ("x'20315f3020'", Some("10.0")),
        ("'١'", Some("1.0")),
        // Of bytes Python strips less than of texts, and takes no other digits.
        ("x'1c312e35'", None),
        ("x'd9a1'", None),
        ("x'6e616e'", None),
        ("x'3165343030'", None),
        ("x'312e3500'", None),
        ("x''", None),
        ("'abc'", None),
    ];
    for (case, cost) in costs {
        let cost = cost.unwrap_or("NULL");
        let [span, trace] = [format!("{cost}|NULL|{cost}"), format!("'a'|NULL|NULL|NULL|{cost}")];
        for (way, expected) in [(SPANS, span), (TRACES, trace)] {
            let database = way.filled(server, case).await;
            upgraded(server, &*database, way.after).await;
            assert_eq!(way.rows(&*database), [texts(&[&expected])], "{case}");
        }
    }
}

async fn dimension_attributes_of_any_type(server: &TestServer) {
    const WAY: Way = Way {
        insert: "INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano,
                 end_time_unix_nano, content, dimension_attributes)
                 VALUES ('a', 1, 's', 'OK', 10, 25, 'x', {})",
        table: "spans",
        columns: &["model_name", "model_provider"],
        ..ANALYTICS
    };
    let malformed = "spans.dimension_attributes is malformed JSON";
    let unsupported = "spans.dimension_attributes holds more than";
    let model = || Rows(&["'m'|NULL"]);
    let cases = [
        (r#"CAST('{"mlflow.llm.model": "m"}' AS BLOB)"#, model()),
        (
            "x'fffe7b0022006d006c0066006c006f0077002e006c006c006d002e006d006f00640065006c002200\
             3a00200022006d0022007d00'",
            model(),
        ),
        (r#"CAST('"{\"mlflow.llm.model\": \"m\"}"' AS BLOB)"#, model()),
        ("CAST('null' AS BLOB)", Rows(&["NULL|NULL"])),
        ("x'ff'", Refused(malformed, "span \"s\" of trace \"a\": x'ff'")),
        ("x''", Refused(malformed, "span \"s\" of trace \"a\": x''")),
        ("''", Refused(malformed, "span \"s\" of trace \"a\": \"\"")),
        ("5", Refused(unsupported, "span \"s\" of trace \"a\": 5")),
        ("1.5", Refused(unsupported, "span \"s\" of trace \"a\": 1.5")),
        ("x'35'", Refused(unsupported, "span \"s\" of trace \"a\": x'35'")),
        ("CAST('{}' AS BLOB)", Rows(&["NULL|NULL"])),
    ];
    WAY.check(server, &cases).await;
}

async fn assessments_of_any_type(server: &TestServer) {
    const WAY: Way = Way {
        insert: "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)
                 VALUES (x'62', 1, 'then', 'OK');
                 INSERT INTO assessments (value, assessment_id, trace_id, name, assessment_type,
                 created_timestamp, last_updated_timestamp, source_type, valid)
                 SELECT column1, column2, column3, 'n', 'feedback', 0, 0, 'HUMAN', 1
                 FROM (VALUES ({}))",
        table: "assessments",
        columns: &["experiment_id", "trace_timestamp_ms", "aggregate_value", "is_numeric_value"],
        ..ANALYTICS
    };
    let cases = [
        ("x'312e35', 'x', 'a'", Rows(&["1|100|1.5|1"])),
        ("x'74727565', 'x', 'a'", Rows(&["1|100|1.0|0"])),
        ("x'2279657322', 'x', 'a'", Rows(&["1|100|1.0|0"])),
        ("x'796573', 'x', 'a'", Rows(&["1|100|NULL|0"])),
        ("x'fffe3300', 'x', 'a'", Rows(&["1|100|3.0|1"])),
        ("x'3300', 'x', 'a'", Rows(&["1|100|3.0|1"])),
        ("x'efbbbf33', 'x', 'a'", Rows(&["1|100|3.0|1"])),
        ("char(65279) || '3', 'x', 'a'", Rows(&["1|100|NULL|0"])),
        ("x'ff33', 'x', 'a'", Rows(&["1|100|NULL|0"])),
        ("x'', 'x', 'a'", Rows(&["1|100|NULL|0"])),
        ("x'22eda08022', 'x', 'a'", Rows(&["1|100|NULL|0"])),
        ("'3', x'78', x'62'", Rows(&["1|'then'|3.0|1"])),
        ("'3', x'78', x'62'), ('4', 'y', 'a'", Rows(&["1|'then'|3.0|1", "1|100|4.0|1"])),
    ];
    WAY.check(server, &cases).await;
}

async fn sources_of_traces_of_any_type(server: &TestServer) {
    const WAY: Way = Way { insert: "{}", ..ANALYTICS };
    let cases = [
        (
            "INSERT INTO trace_tags (\"key\", value, request_id)
             VALUES ('mlflow.traceName', x'61', 'a')",
            Rows(&["'a'|NULL|NULL|NULL|NULL"]),
        ),
        (
            "INSERT INTO trace_request_metadata (\"key\", value, request_id)
             VALUES ('mlflow.trace.session', x'61', 'a'),
             ('mlflow.trace.tokenUsage', CAST('{\"input_tokens\": 5}' AS BLOB), 'a')",
            Rows(&["'a'|NULL|NULL|NULL|NULL"]),
        ),
        (
            "INSERT INTO trace_metrics (request_id, \"key\", value)
             VALUES ('a', 'input_tokens', '1_0')",
            Rows(&["'a'|NULL|NULL|10|NULL"]),
        ),
        (
            "INSERT INTO trace_metrics (request_id, \"key\", value)
             VALUES ('a', CAST('input_tokens' AS BLOB), 5)",
            Rows(&["'a'|NULL|NULL|NULL|NULL"]),
        ),
        (
            "INSERT INTO trace_metrics (request_id, \"key\", value)
             VALUES ('a', 'input_tokens', x'35');
             INSERT INTO trace_request_metadata (\"key\", value, request_id)
             VALUES ('mlflow.trace.tokenUsage', '{\"input_tokens\": 5}', 'a')",
            Rows(&["'a'|NULL|NULL|NULL|NULL"]),
        ),
        (
            "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)
             VALUES (x'62', 1, 200, 'OK'), (x'63', 1, 200, 'OK');
             INSERT INTO trace_tags (\"key\", value, request_id)
             VALUES ('mlflow.traceName', 'nb', x'62')",
            Rows(&[
                "'a'|NULL|NULL|NULL|NULL",
                "X'62'|'nb'|NULL|NULL|NULL",
                "X'63'|NULL|NULL|NULL|NULL",
            ]),
        ),
    ];
    WAY.check(server, &cases).await;
}

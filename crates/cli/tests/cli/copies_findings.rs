//! Rows of a file that a server cannot hold: each is found before anything is written, by a query too,
//! and left out only if the user says so.

use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::reference::Server::{self, Mariadb, Mysql, Mysql56, Postgres};
use mlflow_migrate_tests::server::TestServer;
use serde_json::Value;

use crate::sandbox::Sandbox;

const REFUSED: i32 = 25;

/// The last state that every server has.
const STATE: &str = "770bee3ae1dd";

/// Every server.
const ALL: &[Server] = &[Postgres, Mariadb, Mysql, Mysql56];
const MYSQL: &[Server] = &[Mariadb, Mysql, Mysql56];

/// Some rows that certain servers refuse.
struct Case {
    /// What puts the rows there.
    insert: &'static str,
    servers: &'static [Server],
    table: &'static str,
    place: &'static str,
    /// A part of what is told.
    problem: &'static str,
    count: i64,
    /// The rows that the query finds: `None` where there is none.
    found: Option<i64>,
}

const RUNS: &str = "INSERT INTO runs (run_uuid, experiment_id, lifecycle_stage, status)
     VALUES ('plain', 0, 'active', 'FINISHED'), ('abc', 0, 'active', 'FINISHED'),
            ('ABC', 0, 'active', 'FINISHED');
     INSERT INTO params (key, value, run_uuid)
     VALUES ('p', 'of abc', 'abc'), ('p', 'of ABC', 'ABC'), ('only', 'of ABC', 'ABC');
     INSERT INTO tags (key, value, run_uuid)
     VALUES ('t', 'of abc', 'abc'), ('t', 'of ABC', 'ABC'), ('only', 'of ABC', 'ABC');
     INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)
     VALUES ('m', 1, 1, 'abc', 0, 0), ('m', 2, 1, 'ABC', 0, 0), ('n', 3, 1, 'ABC', 0, 0);
     INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan)
     VALUES ('m', 1, 1, 'abc', 0, 0), ('m', 2, 1, 'ABC', 0, 0), ('n', 3, 1, 'ABC', 0, 0);";

const CASES: &[Case] = &[
    Case {
        insert: RUNS,
        servers: MYSQL,
        table: "runs",
        place: "run_uuid",
        problem: "only in what the destination's collation ignores",
        count: 1,
        found: Some(2),
    },
    Case {
        insert: "INSERT INTO params (key, value, run_uuid)
                 VALUES ('long', printf('%.*c', 9000, 'x'), 'plain')",
        servers: ALL,
        table: "params",
        place: "value",
        problem: "has more than 8000 characters",
        count: 1,
        found: Some(1),
    },
    Case {
        insert: "INSERT INTO tags (key, value, run_uuid)
                 VALUES ('nul 1', 'a' || char(0) || 'b', 'plain'), ('nul 2', char(0), 'plain')",
        servers: &[Postgres],
        table: "tags",
        place: "value",
        problem: "contains a NUL character",
        count: 2,
        found: Some(2),
    },
    Case {
        insert: "INSERT INTO experiments (experiment_id, name, lifecycle_stage)
                 VALUES (70, CAST(x'ff41' AS TEXT), 'active')",
        servers: ALL,
        table: "experiments",
        place: "name",
        problem: "is not a text in UTF-8",
        count: 1,
        found: None,
    },
    Case {
        insert: "INSERT INTO experiments (experiment_id, name, lifecycle_stage, creation_time)
                 VALUES (71, 'typed', 'active', 'yesterday'), (72, x'41', 'active', 1)",
        servers: ALL,
        table: "experiments",
        place: "creation_time",
        problem: "is not an integer",
        count: 1,
        found: Some(1),
    },
    Case {
        insert: "",
        servers: ALL,
        table: "experiments",
        place: "name",
        problem: "is not a text",
        count: 1,
        found: Some(1),
    },
    Case {
        insert: "INSERT INTO registered_models (name, creation_time) VALUES ('Model', 1),
                 ('model', 2), ('modèl', 3), ('modèL', 4)",
        servers: MYSQL,
        table: "registered_models",
        place: "name",
        problem: "only in what the destination's collation ignores",
        count: 3,
        found: Some(4),
    },
    Case {
        insert: "INSERT INTO experiment_tags (key, value, experiment_id)
                 VALUES ('end', 'a', 0), ('end ', 'b', 0)",
        servers: &[Mariadb, Mysql56],
        table: "experiment_tags",
        place: "key",
        problem: "only in what the destination's collation ignores",
        count: 1,
        found: Some(2),
    },
    Case {
        insert: "PRAGMA foreign_keys = OFF;
                 INSERT INTO model_version_tags (key, value, name, version)
                 VALUES ('k', 'v', 'nobody', 1), ('l', 'v', 'nobody', 1)",
        servers: ALL,
        table: "model_version_tags",
        place: "",
        problem: "the rows that these reference do not exist",
        count: 2,
        found: Some(2),
    },
    Case {
        insert: "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)
                 VALUES ('up', 9e999, 1, 'plain', 0, 0), ('down', -9e999, 1, 'plain', 0, 0)",
        servers: MYSQL,
        table: "metrics",
        place: "value",
        problem: "is infinite, or not a number",
        count: 2,
        found: Some(2),
    },
    Case {
        insert: "INSERT INTO model_versions (name, version, creation_time) VALUES ('Model', 3000000000, 1)",
        servers: ALL,
        table: "model_versions",
        place: "version",
        problem: "does not fit into 32 bits",
        count: 1,
        found: Some(1),
    },
];

/// The rows that remain of two runs whose ids differ by case, as table, key and value.
const REMAINING: &str =
    "SELECT 'params', \"key\", value FROM params WHERE run_uuid IN ('abc', 'ABC')
     UNION ALL SELECT 'tags', \"key\", value FROM tags WHERE run_uuid IN ('abc', 'ABC')
     UNION ALL SELECT 'metrics', \"key\", CASE value WHEN 1 THEN 'of abc' ELSE 'of ABC' END
     FROM metrics WHERE run_uuid IN ('abc', 'ABC')
     UNION ALL SELECT 'latest_metrics', \"key\", CASE value WHEN 1 THEN 'of abc' ELSE 'of ABC' END
     FROM latest_metrics WHERE run_uuid IN ('abc', 'ABC')";

fn source() -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--to", STATE]).code, 0);
    for case in CASES {
        sandbox.sql(case.insert);
    }
    sandbox
}

/// How many rows a query finds in the source, as the user would run it.
fn found_by(sandbox: &Sandbox, query: &str) -> i64 {
    let connection = sandbox.connect();
    let count = format!("SELECT count(*) FROM ({query})");
    connection.query_row(&count, [], |row| row.get(0)).unwrap()
}

fn finding<'a>(findings: &'a [Value], case: &Case) -> Option<&'a Value> {
    findings.iter().find(|finding| {
        let problem = finding["problem"].as_str().unwrap();
        let is_place = case.place.is_empty() || finding["place"] == case.place;
        finding["table"] == case.table && is_place && problem.ends_with(case.problem)
    })
}

fn rows_of(database: &dyn TestDatabase, table: &str) -> i64 {
    match database.query(&format!("SELECT count(*) FROM {table}"))[0][..] {
        [Cell::Integer(count)] => count,
        _ => panic!("no count of {table}"),
    }
}

#[test]
fn each_is_found_and_left_out() {
    let sandbox = source();
    let before = sandbox.files();
    for server in TestServer::given().unwrap_or_else(|problem| panic!("{problem}")) {
        if server.is_another_charset() {
            continue;
        }
        let database = server.new_database();
        let url = database.address().unwrap().to_string();
        let empty = database.contents();
        let arguments = ["copy", "mlruns.db", &url, "--json"];
        let shown = sandbox.run(&[&arguments[..], &["--dry-run"]].concat());
        assert_eq!(shown.code, REFUSED, "{}: {}", server.name(), shown.stdout);
        let refused = sandbox.run(&arguments);
        assert_eq!(refused.code, REFUSED, "{}: {}", server.name(), refused.stdout);
        assert!(database.contents() == empty, "{}", server.name());
        let shown = shown.json().pop().unwrap()["copy_findings"].clone();
        let findings = shown.as_array().unwrap();
        // What only follows from others is shown in the dry run.
        let causes = findings.iter().filter(|finding| finding["is_consequence"] == false);
        let causes: Vec<Value> = causes.cloned().collect();
        assert_eq!(refused.json().last().unwrap()["copy_findings"], Value::from(causes));
        for case in CASES {
            let what = format!("{}: {}.{}", server.name(), case.table, case.problem);
            let found = finding(findings, case);
            if !case.servers.contains(&server.reference()) {
                assert_eq!(found, None, "{what}");
                continue;
            }
            let found = found.unwrap_or_else(|| panic!("{what} is not among {findings:#?}"));
            assert_eq!(found["row_count"], case.count, "{what}");
            assert_eq!(found["is_skippable"], true, "{what}");
            let by_query = found["query"].as_str().map(|query| found_by(&sandbox, query));
            if let Some(expected) = case.found {
                assert_eq!(by_query, Some(expected), "{what}: {}", found["query"]);
            }
        }
        let skipping = sandbox.run(&[&arguments[..], &["--skip-invalid"]].concat());
        assert_eq!(skipping.code, 0, "{}: {}", server.name(), skipping.stdout);
        assert_left_out(&sandbox, &server, &*database, &skipping.json().pop().unwrap());
        let again = sandbox.run(&[&arguments[..], &["--skip-invalid"]].concat());
        assert_eq!(again.code, 0, "{}: {}", server.name(), again.stdout);
        assert_eq!(again.json().last().unwrap()["was_copied"], true, "{}", server.name());
        assert!(sandbox.files() == before, "the source has changed");
    }
}

/// Asserts that no row of the run `ABC` is with the run `abc`, and that nothing else is missing.
fn assert_left_out(
    sandbox: &Sandbox,
    server: &TestServer,
    database: &dyn TestDatabase,
    result: &Value,
) {
    let mut remaining: Vec<String> =
        database.query(REMAINING).into_iter().map(|row| format!("{row:?}")).collect();
    remaining.sort();
    let is_mysql = server.is_mysql();
    let mut expected = Vec::new();
    let text = |text: &str| Cell::from(text);
    for (table, key, name, is_alone) in [
        ("params", "p", "of abc", true),
        ("params", "p", "of ABC", false),
        ("params", "only", "of ABC", false),
        ("tags", "t", "of abc", true),
        ("tags", "t", "of ABC", false),
        ("tags", "only", "of ABC", false),
        ("metrics", "m", "of abc", true),
        ("metrics", "m", "of ABC", false),
        ("metrics", "n", "of ABC", false),
        ("latest_metrics", "m", "of abc", true),
        ("latest_metrics", "m", "of ABC", false),
        ("latest_metrics", "n", "of ABC", false),
    ] {
        // The first in the order of the key stays, which is `ABC`.
        if !is_mysql || !is_alone {
            expected.push(format!("{:?}", vec![text(table), text(key), text(name)]));
        }
    }
    expected.sort();
    assert_eq!(remaining, expected, "{}", server.name());
    for table in result["copied_tables"].as_array().unwrap() {
        let name = table["table"].as_str().unwrap();
        let left: i64 = table["skipped_row_count"].as_i64().unwrap();
        let all = found_by(sandbox, &format!("SELECT * FROM {name}"));
        let kept = rows_of(database, name);
        assert_eq!(kept + left, all, "{}: {name}", server.name());
        assert_eq!(table["row_count"], kept, "{}: {name}", server.name());
    }
    let plain = "SELECT count(*) FROM runs WHERE run_uuid = 'plain'";
    assert_eq!(database.query(plain), [[Cell::Integer(1)]], "{}", server.name());
}

//! The upgrade finds what has changed since rows were filled beforehand.

use std::sync::Arc;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::Observer;
use mlflow_migrate_core::upgrade;
use mlflow_migrate_tests::capability::{INSTANT_COLUMNS, MYSQL, SERVER};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{self, Cell, Recorder, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::schedules::{STATES, with_traces};
use super::{prepared, prepared_by, request};
use crate::common::assert_told;

pub(crate) const TESTS: &[Test] = tests![
    each_kind_of_change_is_seen => SERVER => INSTANT_COLUMNS,
    many_new_traces_are_computed => SERVER => INSTANT_COLUMNS,
    changes_are_found_in_every_range => SERVER => INSTANT_COLUMNS,
    rows_without_a_note_are_computed_again => SERVER => INSTANT_COLUMNS,
    without_proof_a_prepared_column_is_refused => SERVER => INSTANT_COLUMNS,
    costs_of_spans_without_models_are_refused => SERVER => INSTANT_COLUMNS,
    another_default_collation_makes_no_difference => MYSQL => INSTANT_COLUMNS,
    a_change_that_a_collation_does_not_see_is_seen => SERVER => INSTANT_COLUMNS,
];

/// What changes in traces 1, 2 and 3, which are named `one`, `two` and `three`; and their names then.
const CHANGES: [(&str, &[&str]); 5] = [
    (
        "UPDATE trace_tags SET value = CASE value WHEN 'one' THEN 'two' ELSE 'one' END
         WHERE value IN ('one', 'two')",
        &["two", "one", "three"],
    ),
    (
        "DELETE FROM trace_tags WHERE value = 'two';
         UPDATE trace_tags SET request_id = 'trace 00002' WHERE value = 'one'",
        &["NULL", "one", "three"],
    ),
    (
        r#"DELETE FROM trace_tags WHERE value = 'one';
           DELETE FROM trace_info WHERE request_id = 'trace 00001'"#,
        &["two", "three"],
    ),
    (
        r#"DELETE FROM trace_tags WHERE value = 'one';
           DELETE FROM trace_info WHERE request_id = 'trace 00001';
           INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES
               ('trace 00001', 1, 1, 'OK'), ('trace 00004', 1, 4, 'OK'), ('trace 00005', 1, 5, 'OK');
           INSERT INTO trace_tags (request_id, "key", value) VALUES
               ('trace 00001', 'mlflow.traceName', 'one'), ('trace 00004', 'mlflow.traceName', 'four')"#,
        &["one", "two", "three", "four", "NULL"],
    ),
    (
        r#"INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES
               ('trace 00004', 1, 4, 'OK');
           INSERT INTO trace_tags (request_id, "key", value) VALUES
               ('trace 00004', 'mlflow.traceName', 'four');
           UPDATE trace_tags SET value = 'other' WHERE value = 'three'"#,
        &["one", "two", "other", "four"],
    ),
];

async fn each_kind_of_change_is_seen(server: &TestServer) {
    for (change, expected) in CHANGES {
        let database = server.at(STATES[1]).await;
        database.run(
            r#"INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
               INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES
                   ('trace 00001', 1, 1, 'OK'), ('trace 00002', 1, 2, 'OK'), ('trace 00003', 1, 3, 'OK');
               INSERT INTO trace_tags (request_id, "key", value) VALUES
                   ('trace 00001', 'mlflow.traceName', 'one'),
                   ('trace 00002', 'mlflow.traceName', 'two'),
                   ('trace 00003', 'mlflow.traceName', 'three')"#,
        );
        prepared(server, &*database).await;
        database.run(change);
        database::upgrade(server.catalogue(), &*database, "head").await.unwrap();
        let named = database
            .query("SELECT COALESCE(trace_name, 'NULL') FROM trace_info ORDER BY request_id");
        let expected: Vec<Vec<Cell>> = expected.iter().map(|name| vec![(*name).into()]).collect();
        assert_eq!(named, expected, "{change}");
    }
}

/// Adds traces of these numbers, each with its name.
fn add_traces(database: &dyn TestDatabase, numbers: std::ops::RangeInclusive<u32>) {
    let rows = |row: fn(u32) -> String| numbers.clone().map(row).collect::<Vec<_>>().join(", ");
    let traces = rows(|id| format!("('trace {id:05}', 1, {id}, 'OK')"));
    let names = rows(|id| format!("('trace {id:05}', 'mlflow.traceName', 'name')"));
    database.run(&format!(
        r#"INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES {traces};
           INSERT INTO trace_tags (request_id, "key", value) VALUES {names}"#
    ));
}

/// More than a list of keys may hold.
async fn many_new_traces_are_computed(server: &TestServer) {
    let database = with_traces(server, STATES[1], 3).await;
    prepared(server, &*database).await;
    add_traces(&*database, 11..=1_011);
    database::upgrade(server.catalogue(), &*database, "head").await.unwrap();
    let named = database.query("SELECT COUNT(*) FROM trace_info WHERE trace_name = 'name'");
    assert_eq!(named, [[1_001.into()]]);
}

/// On MySQL, all connections look for changed traces, 2000 at a time.
async fn changes_are_found_in_every_range(server: &TestServer) {
    const TRACES: u32 = 4_500;
    const CHANGED: [u32; 6] = [1, 2_000, 2_001, 4_000, 4_001, TRACES];
    let database = server.at(STATES[0]).await;
    database.run("INSERT INTO experiments (experiment_id, name) VALUES (1, 'one')");
    add_traces(&*database, 1..=TRACES);
    prepared(server, &*database).await;
    let changed = CHANGED.map(|id| format!("trace {id:05}"));
    database.run(&format!(
        "UPDATE trace_tags SET value = 'other' WHERE request_id IN ('{}');
         DELETE FROM trace_tags WHERE request_id = 'trace 03000'",
        changed.join("', '")
    ));
    database::upgrade(server.catalogue(), &*database, "head").await.unwrap();
    let found = |condition: &str| {
        let sql =
            format!("SELECT request_id FROM trace_info WHERE {condition} ORDER BY request_id");
        database.query(&sql)
    };
    assert_eq!(found("trace_name = 'other'"), changed.map(|id| [id.as_str().into()]));
    assert_eq!(found("trace_name IS NULL"), [["trace 03000".into()]]);
}

/// Without their notes, or the table of these, all rows count as changed.
async fn rows_without_a_note_are_computed_again(server: &TestServer) {
    for loss in [
        "DELETE FROM alembic_mlflow_migrate_filled_traces",
        "DROP TABLE alembic_mlflow_migrate_filled_traces, alembic_mlflow_migrate_filled_spans",
    ] {
        let database = with_traces(server, STATES[0], 20).await;
        prepared(server, &*database).await;
        database.run(loss);
        database.run("UPDATE trace_tags SET value = 'other'");
        database::upgrade(server.catalogue(), &*database, "head").await.unwrap();
        assert_at(server, &*database, "head").await;
        let named = database.query("SELECT DISTINCT trace_name FROM trace_info");
        assert_eq!(named, [["other".into()]], "{loss}");
    }
}

/// Nothing else tells the columns of a preparation from those of a database with a wrong version.
async fn without_proof_a_prepared_column_is_refused(server: &TestServer) {
    let database = with_traces(server, STATES[0], 20).await;
    prepared(server, &*database).await;
    database.run("DROP TABLE alembic_mlflow_migrate_filled_assessments");
    let named = || database.query("SELECT request_id, trace_name FROM trace_info ORDER BY 1");
    let before = named();
    let refused = database::upgrade(server.catalogue(), &*database, "head").await;
    assert_told(&refused.unwrap_err(), ErrorKind::Drift);
    assert_eq!(named(), before);
    // As the message says: the column goes out of the way.
    database.run(
        "ALTER TABLE assessments DROP COLUMN is_numeric_value;
         UPDATE assessments SET value = '0.75'",
    );
    database::upgrade(server.catalogue(), &*database, "head").await.unwrap();
    let numbers = "SELECT DISTINCT aggregate_value, is_numeric_value FROM assessments";
    let found = database.query(numbers);
    // MySQL has an integer for TRUE.
    assert!(matches!(&found[..], [row] if row[0] == Cell::Real(0.75f64.to_bits())), "{found:?}");
    assert_ne!(found[0][1], Cell::Integer(0));
}

/// The upgrade would not read them, and delete them.
async fn costs_of_spans_without_models_are_refused(server: &TestServer) {
    let database = with_traces(server, STATES[0], 20).await;
    prepared(server, &*database).await;
    let trace = "(SELECT min(request_id) FROM trace_info)";
    database.run(&format!(
        "INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, content)
         SELECT {trace}, 1, 'a', 'OK', 0, '';
         INSERT INTO span_metrics (trace_id, span_id, \"key\", value)
         SELECT {trace}, 'a', 'total_cost', 2"
    ));
    let refused = database::upgrade(server.catalogue(), &*database, "head").await.unwrap_err();
    let Error::Refused { findings } = &refused else { panic!("{refused:?}") };
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].count, 1);
    let query = findings[0].query.as_deref().unwrap();
    assert_eq!(database.query(query).len(), 1, "{query}");
    database.run(findings[0].problem.split('`').nth(1).unwrap());
    database::upgrade(server.catalogue(), &*database, "head").await.unwrap();
    assert_at(server, &*database, "head").await;
}

/// A dump brings its tables' collations into a database that may have another one.
async fn another_default_collation_makes_no_difference(server: &TestServer) {
    for collation in ["utf8mb4_unicode_ci", "utf8mb4_bin"] {
        let database = with_traces(server, STATES[0], 20).await;
        database.run(&format!("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE {collation}"));
        prepared(server, &*database).await;
        database.run("UPDATE trace_tags SET value = 'other'");
        database::upgrade(server.catalogue(), &*database, "head").await.unwrap();
        let named = database.query("SELECT DISTINCT trace_name FROM trace_info");
        assert_eq!(named, [["other".into()]], "{collation}");
    }
}

/// Values that are equal by their column's collation have different digests.
async fn a_change_that_a_collation_does_not_see_is_seen(server: &TestServer) {
    let database = with_traces(server, STATES[0], 20).await;
    if server.is_postgres() {
        database.run(
            "CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
             ALTER TABLE trace_tags ALTER value TYPE VARCHAR(8000) COLLATE caseless",
        );
    }
    database.run("UPDATE trace_tags SET value = 'other'");
    let mut request = request(server);
    request.accept_drift = true;
    let mut backend = database.connect().await.unwrap();
    prepared_by(server, &mut *backend, &request, false).await.unwrap();
    database.run("UPDATE trace_tags SET value = 'OTHER'");
    let observer: Arc<dyn Observer> = Arc::new(Recorder::default());
    let mut backend = database.connect().await.unwrap();
    upgrade(&mut *backend, server.catalogue(), &request, &observer).await.unwrap();
    let named = database.query("SELECT DISTINCT trace_name FROM trace_info");
    assert_eq!(named, [["OTHER".into()]]);
}

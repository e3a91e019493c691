//! Rows that MLflow no longer reads are left by an upgrade, and removed while MLflow runs.

mod mlflow;

use std::sync::Arc;

use mlflow_migrate_core::cleanup::{CleanupReport, cleanup};
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::{NoopObserver, Observer};
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::check::{CheckReport, Verdict, check};
use mlflow_migrate_core::report::preview::preview;
use mlflow_migrate_core::upgrade::options::Pace;
use mlflow_migrate_core::{Error, UpgradeOptions, UpgradeReport, upgrade};
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL, SERVER, SQLITE};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::json_schema::assert_fits;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;
use serde_json::json;

use crate::common::assert_told;

pub(crate) const TESTS: &[&[Test]] = &[CHANGES, mlflow::TESTS];

const CHANGES: &[Test] = tests![
    what_is_left_is_removed_later => SERVER => EVERY_REVISION,
    the_next_upgrade_removes_what_is_left => SERVER => EVERY_REVISION,
    a_way_back_takes_the_note_along => SERVER => EVERY_REVISION,
    an_older_revision_keeps_its_rows => SERVER => EVERY_REVISION,
    without_traces_nothing_is_left => SERVER => EVERY_REVISION,
    other_spellings_go_at_once => MYSQL => EVERY_REVISION,
    a_file_cannot_wait => SQLITE,
];

/// The last state before trace analytics, its revision, and one that an upgrade reaches later.
const BEFORE: &str = "b7e2c1a4d9f3";
const REVISION: &str = "75868b020152";
const LATER: &str = "e7d1f4b2a9c6";

/// The note that rows are left.
const NOTE: &str = "alembic_mlflow_migrate_cleanup_75868b020152";

/// The tables from which rows are removed, with the columns of their keys.
const SOURCES: [(&str, &str); 4] = [
    ("trace_tags", r#"request_id, "key""#),
    ("trace_request_metadata", r#"request_id, "key""#),
    ("trace_metrics", r#"request_id, "key""#),
    ("span_metrics", r#"trace_id, span_id, "key""#),
];

/// More rows than one transaction removes.
const TRACES: usize = 600;

/// A database before trace analytics, with sources in each table, and rows that are none.
pub(super) async fn with_sources(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at(BEFORE).await;
    let experiment = "INSERT INTO experiments (experiment_id, name, lifecycle_stage,
                      artifact_location) VALUES (1, 'one', 'active', 's3://one')";
    database.run(experiment);
    for (table, rows) in filled() {
        database.run(&format!("INSERT INTO {table} VALUES {}", rows.join(", ")));
    }
    database
}

/// The rows of each table, which come after those that they reference.
fn filled() -> [(&'static str, Vec<String>); 6] {
    let numbers = || 1..=TRACES;
    let info = |number: usize| {
        let state = if number.is_multiple_of(7) { "IN_PROGRESS" } else { "OK" };
        format!("('{}', 1, {number}, 5, '{state}')", id(number))
    };
    let span = |number: usize| {
        format!("('{}', 1, '{number:016x}', 'span', 'LLM', 'OK', 1, 2, '{{}}')", id(number))
    };
    let span_metrics = |number: usize| {
        let row = |key| format!("('{}', '{number:016x}', '{key}', 0.5)", id(number));
        ["total_cost", "input_cost", "own"].map(row)
    };
    let metrics = |number| ["total_tokens", "own"].map(|key| keyed(number, key, "4"));
    [
        (
            "trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status)",
            numbers().map(info).collect(),
        ),
        (r#"trace_tags (request_id, "key", value)"#, numbers().flat_map(tags).collect()),
        (
            r#"trace_request_metadata (request_id, "key", value)"#,
            numbers().flat_map(metadata).collect(),
        ),
        (r#"trace_metrics (request_id, "key", value)"#, numbers().flat_map(metrics).collect()),
        (
            "spans (trace_id, experiment_id, span_id, name, type, status, start_time_unix_nano,
             end_time_unix_nano, content)",
            numbers().map(span).collect(),
        ),
        (
            r#"span_metrics (trace_id, span_id, "key", value)"#,
            numbers().flat_map(span_metrics).collect(),
        ),
    ]
}

fn id(number: usize) -> String {
    format!("tr-{number:032x}")
}

fn keyed(number: usize, key: &str, value: &str) -> String {
    format!("('{}', '{key}', '{value}')", id(number))
}

fn tags(number: usize) -> Vec<String> {
    let mut tags = vec![
        keyed(number, "other", "x"),
        keyed(number, "mlflow.trace.spansLocation", "TRACKING_STORE"),
    ];
    if !number.is_multiple_of(5) {
        tags.push(keyed(number, "mlflow.traceName", "a name"));
    }
    tags
}

fn metadata(number: usize) -> Vec<String> {
    let mut metadata = vec![keyed(number, "other", "x")];
    if !number.is_multiple_of(3) {
        let usage = r#"{"input_tokens": 3, "total_tokens": 3}"#;
        metadata.extend([
            keyed(number, "mlflow.trace.session", "a session"),
            keyed(number, "mlflow.trace.tokenUsage", usage),
            keyed(number, "mlflow.trace.cost", r#"{"total_cost": 0.5}"#),
        ]);
    }
    metadata
}

async fn upgraded(
    server: &TestServer,
    database: &dyn TestDatabase,
    to: &str,
    defers_cleanup: bool,
) -> Result<UpgradeReport, Error> {
    let mut options = UpgradeOptions::to(Target::parse(to));
    options.data.defers_cleanup = defers_cleanup;
    let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
    let mut backend = database.connect().await.unwrap();
    upgrade(&mut *backend, server.catalogue(), &options, &observer).await
}

async fn cleaned(server: &TestServer, database: &dyn TestDatabase) -> Result<CleanupReport, Error> {
    let mut options = UpgradeOptions::to(Target::Head);
    options.pace = Pace { rest: 0.0, max_load: None };
    let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
    let mut backend = database.connect().await.unwrap();
    let report = cleanup(&mut *backend, server.catalogue(), &options, &observer).await?;
    assert_fits(&report, &json!({ "event": "cleanup", "database": "" }));
    Ok(report)
}

async fn checked(server: &TestServer, database: &dyn TestDatabase) -> CheckReport {
    let mut backend = database.connect().await.unwrap();
    check(&mut *backend, server.catalogue(), None).await.unwrap()
}

/// The rows of all tables from which sources are removed.
fn rows(database: &dyn TestDatabase) -> Vec<Vec<Vec<Cell>>> {
    let of = |(table, key): (&str, &str)| {
        database.query(&format!("SELECT * FROM {table} ORDER BY {key}"))
    };
    SOURCES.map(of).into()
}

fn has_note(database: &dyn TestDatabase) -> bool {
    let sql =
        format!("SELECT table_name FROM information_schema.tables WHERE table_name = '{NOTE}'");
    // Another database of the same server may have a note as well.
    let schema =
        if database.address().unwrap().is_postgres() { "current_schema()" } else { "database()" };
    !database.query(&format!("{sql} AND table_schema = {schema}")).is_empty()
}

/// What an upgrade makes that leaves nothing.
async fn expected(server: &TestServer) -> Vec<Vec<Vec<Cell>>> {
    let database = with_sources(server).await;
    let before = rows(&*database);
    upgraded(server, &*database, "head", false).await.unwrap();
    let after = rows(&*database);
    assert!(before.iter().zip(&after).all(|(before, after)| before.len() > after.len()));
    after
}

async fn what_is_left_is_removed_later(server: &TestServer) {
    let expected = expected(server).await;
    let database = with_sources(server).await;
    let before = rows(&*database);
    let mut backend = database.connect().await.unwrap();
    let mut options = UpgradeOptions::to(Target::Head);
    options.data.defers_cleanup = true;
    let plan = preview(&mut *backend, server.catalogue(), &options).await.unwrap();
    let titles: Vec<&str> = plan.steps.iter().map(|step| step.title.as_str()).collect();
    assert!(titles.contains(&format!("create table {NOTE}").as_str()), "{titles:?}");
    assert!(!titles.iter().any(|title| title.starts_with("remove what")), "{titles:?}");
    drop(backend);
    let report = upgraded(server, &*database, "head", true).await.unwrap();
    assert_eq!(report.pending_cleanup, [REVISION]);
    assert_eq!(rows(&*database), before);
    assert!(has_note(&*database));
    let found = checked(server, &*database).await;
    assert_eq!(
        (found.verdict, found.position.pending_cleanup),
        (Verdict::AtHead, vec![REVISION.to_owned()])
    );
    assert!(found.extra.is_empty(), "{:?}", found.extra);
    // A second upgrade that leaves the rows has nothing to do.
    let again = upgraded(server, &*database, "head", true).await.unwrap();
    assert_eq!((again.steps.len(), again.pending_cleanup.len()), (0, 1));
    let report = cleaned(server, &*database).await.unwrap();
    let removed: usize =
        before.iter().zip(&expected).map(|(before, after)| before.len() - after.len()).sum();
    assert_eq!(report.cleaned.iter().map(|one| one.rows).sum::<u64>(), removed as u64);
    assert_eq!(rows(&*database), expected);
    assert_at(server, &*database, "head").await;
    assert!(checked(server, &*database).await.position.pending_cleanup.is_empty());
    assert!(cleaned(server, &*database).await.unwrap().cleaned.is_empty());
}

async fn the_next_upgrade_removes_what_is_left(server: &TestServer) {
    let expected = expected(server).await;
    for (first, then) in [("head", "head"), (REVISION, LATER)] {
        let database = with_sources(server).await;
        upgraded(server, &*database, first, true).await.unwrap();
        let report = upgraded(server, &*database, then, false).await.unwrap();
        assert!(report.rows_migrated > 0 && report.pending_cleanup.is_empty(), "{report:?}");
        assert_eq!(rows(&*database), expected);
        assert!(!has_note(&*database));
        assert_at(server, &*database, then).await;
        let again = upgraded(server, &*database, then, false).await.unwrap();
        assert!(again.steps.is_empty(), "{again:?}");
    }
    // A later upgrade that leaves rows as well leaves these.
    let database = with_sources(server).await;
    let before = rows(&*database);
    upgraded(server, &*database, REVISION, true).await.unwrap();
    let report = upgraded(server, &*database, "head", true).await.unwrap();
    assert_eq!((rows(&*database), report.pending_cleanup), (before, vec![REVISION.to_owned()]));
}

async fn a_way_back_takes_the_note_along(server: &TestServer) {
    let database = with_sources(server).await;
    let before = rows(&*database);
    upgraded(server, &*database, "head", true).await.unwrap();
    let back = crate::downgrades::downgrade;
    back(server, &*database, REVISION, true).await.unwrap();
    assert!(has_note(&*database) && rows(&*database) == before);
    // The columns of traces cannot be taken back.
    let refused = back(server, &*database, BEFORE, true).await;
    assert_told(&refused.unwrap_err(), ErrorKind::TargetBehind);
    for table in ["span_metrics", "spans", "trace_tags", "trace_request_metadata", "trace_metrics"]
    {
        database.run(&format!("DELETE FROM {table}"));
    }
    database.run("DELETE FROM trace_info");
    back(server, &*database, BEFORE, true).await.unwrap();
    assert!(!has_note(&*database));
    assert_at(server, &*database, BEFORE).await;
}

/// An older MLflow reads the rows, whatever a note says.
async fn an_older_revision_keeps_its_rows(server: &TestServer) {
    let expected = expected(server).await;
    let database = with_sources(server).await;
    let before = rows(&*database);
    database.run(&format!("CREATE TABLE {NOTE} (unused BIGINT NOT NULL PRIMARY KEY)"));
    assert!(cleaned(server, &*database).await.unwrap().cleaned.is_empty());
    assert_eq!(rows(&*database), before);
    // A version that is not the schema's changes nothing about that, even if nobody recognises whose
    // schema it is.
    let stamp = |revision: &str| {
        database.run(&format!("UPDATE alembic_version SET version_num = '{revision}'"));
    };
    stamp("f4a9b2c7d1e6");
    for drift in [
        "SELECT 1",
        "ALTER TABLE trace_info ADD COLUMN mine INTEGER",
        "ALTER TABLE runs DROP COLUMN source_name",
    ] {
        database.run(drift);
        let removed = cleaned(server, &*database).await.map(|report| report.cleaned);
        assert!(removed.is_err() || removed.is_ok_and(|removed| removed.is_empty()), "{drift}");
        let mut options = UpgradeOptions::to(Target::Head);
        options.accept_drift = true;
        let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
        let mut backend = database.connect().await.unwrap();
        let _ = upgrade(&mut *backend, server.catalogue(), &options, &observer).await;
        assert_eq!(rows(&*database), before, "{drift}");
    }
    database.run(
        "ALTER TABLE trace_info DROP COLUMN mine;
         ALTER TABLE runs ADD COLUMN source_name VARCHAR(500)",
    );
    stamp(BEFORE);
    upgraded(server, &*database, "head", false).await.unwrap();
    assert!(rows(&*database) == expected && !has_note(&*database));
}

async fn without_traces_nothing_is_left(server: &TestServer) {
    let empty = server.new_database();
    let report = upgraded(server, &*empty, "head", true).await.unwrap();
    assert!(report.pending_cleanup.is_empty() && !has_note(&*empty));
    assert!(cleaned(server, &*empty).await.unwrap().cleaned.is_empty());
}

/// MLflow compares keys byte by byte, so it would show such a row.
async fn other_spellings_go_at_once(server: &TestServer) {
    let database = with_sources(server).await;
    let tag = |value| {
        let row = keyed(5, "MLFLOW.tracename", value);
        format!(r#"INSERT INTO trace_tags (request_id, "key", value) VALUES {row}"#)
    };
    database.run(&tag("spelt"));
    upgraded(server, &*database, "head", true).await.unwrap();
    let keys = format!(r#"SELECT "key" FROM trace_tags WHERE request_id = '{}'"#, id(5));
    assert_eq!(database.query(&keys).len(), 2);
    let name = format!("SELECT trace_name FROM trace_info WHERE request_id = '{}'", id(5));
    assert_eq!(database.query(&name), [[Cell::Text("spelt".to_owned())]]);
    // A tag that is written so from then on stays.
    database.run(&tag("own"));
    cleaned(server, &*database).await.unwrap();
    assert_eq!(database.query(&keys).len(), 3);
}

async fn a_file_cannot_wait(server: &TestServer) {
    let database = server.at(BEFORE).await;
    let refused = upgraded(server, &*database, "head", true).await;
    assert_told(&refused.unwrap_err(), ErrorKind::Unsupported);
    assert_at(server, &*database, BEFORE).await;
    let refused = cleaned(server, &*database).await;
    assert_told(&refused.unwrap_err(), ErrorKind::Unsupported);
}

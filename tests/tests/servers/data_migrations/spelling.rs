//! Keys that the database takes for the same, and Python does not.
//!
//! A foreign key holds by the database's comparison: by most collations of MySQL `A` is `a`, and by
//! all but those that end with `_0900_…` `a ` is `a`. So a value can name its trace or its span in
//! another spelling. MLflow reads it, does not find the key in a dictionary, and either fails or
//! removes the value unread.

use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::doctor::diagnose;
use mlflow_migrate_core::{Error, UpgradeOptions};
use mlflow_migrate_tests::capability::{CASE_COUNTS, EVERY_REVISION, MYSQL};
use mlflow_migrate_tests::database::{Cell, TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::trace_analytics::{NAME, of_spans, of_traces, real};
use super::traces::{
    AFTER, BEFORE, assessment, metadata, metric, span, span_metric, tag, with_traces,
};
use super::{texts, upgraded};

pub(crate) const TESTS: &[Test] = tests![
    what_a_collation_takes_for_the_same => EVERY_REVISION => MYSQL,
    other_keys_are_others_where_case_counts => EVERY_REVISION => CASE_COUNTS,
];

/// Collations of a server's character set, with a spelling of `a` that is the same in them.
fn collations(server: &TestServer) -> &'static [(&'static str, &'static str)] {
    match (server.charset(), server.reference()) {
        (Some("latin1"), _) => &[("latin1_swedish_ci", "Á")],
        (_, Server::Mariadb) => &[("utf8mb4_general_ci", "A"), ("utf8mb4_bin", "a ")],
        (_, Server::Mysql57) => &[("utf8mb4_general_ci", "A "), ("utf8mb4_bin", "a ")],
        _ => &[("utf8mb4_general_ci", "A "), ("utf8mb4_bin", "a "), ("utf8mb4_0900_ai_ci", "á")],
    }
}

/// Whether blanks at the end count in a collation.
fn counts_blanks(collation: &str) -> bool {
    collation.contains("_0900_")
}

/// A key of MLflow's as the same collation takes it for it.
fn respelled(key: &str, spelling: &str) -> String {
    let key = if spelling == "a " { key.to_owned() } else { key.to_uppercase() };
    if spelling.ends_with(' ') { format!("{key} ") } else { key }
}

async fn what_a_collation_takes_for_the_same(server: &TestServer) {
    for (number, (collation, spelling)) in collations(server).iter().enumerate() {
        let database = server.new_database();
        let name = &database.address().unwrap().database;
        database.run(&format!("ALTER DATABASE {name} COLLATE {collation}"));
        upgrade(server.catalogue(), &*database, BEFORE).await.unwrap();
        add_traces(&*database);
        add_values(&*database, spelling);
        add_values_of_keys(&*database, spelling);
        if number == 0 {
            add_other_spans(&*database);
        }
        upgraded(server, &*database, "8b6ad64cb8f5").await;
        assert_values_came(&*database, spelling);
        assert_keys(&*database, collation);
        add_versions(server, &*database, collation).await;
        upgraded(server, &*database, "head").await;
        assert_versions(&*database, collation);
    }
}

fn add_traces(database: &dyn TestDatabase) {
    database.run(
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
         INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)
         VALUES ('a', 1, 100, 'OK'), ('b', 1, 200, 'OK'), ('c', 1, 300, 'OK')",
    );
}

/// Everything that is computed for trace `a` and its span, under other spellings of the two.
fn add_values(database: &dyn TestDatabase, spelling: &str) {
    tag(database, spelling, NAME, "name");
    metadata(database, spelling, "mlflow.trace.session", "session");
    metadata(database, spelling, "mlflow.trace.tokenUsage", r#"{"input_tokens": 5}"#);
    metadata(database, spelling, "mlflow.trace.cost", r#"{"input_cost": 0.5}"#);
    metadata(database, spelling, "mlflow.gateway.endpointId", "endpoint");
    metric(database, spelling, "total_tokens", "7.0");
    // The span's own key has the spelling of its trace, those of its costs have not.
    span(database, "a", "a", Some("{}"));
    span_metric(database, "a", spelling, "input_cost", "0.25");
    span_metric(database, spelling, "a", "output_cost", "0.125");
    // One that the server is not left to round.
    span_metric(database, spelling, spelling, "total_cost", "900.5");
    assessment(database, "1", spelling, "3");
}

/// So many that spans go row by row.
fn add_other_spans(database: &dyn TestDatabase) {
    for number in 0..40 {
        let dimensions = format!(r#"{{"mlflow.llm.model": "{number}"}}"#);
        span(database, "b", &number.to_string(), Some(&dimensions));
    }
}

fn assert_values_came(database: &dyn TestDatabase, spelling: &str) {
    let columns = "trace_name, session_id, input_tokens, total_tokens, input_cost, total_cost";
    let expected: [Cell; 6] =
        ["name".into(), "session".into(), 5.into(), 7.into(), real(0.5), real(900.5)];
    assert_eq!(of_traces(database, columns)[0], expected, "{spelling:?}");
    let costs = of_spans(database, "input_cost, output_cost, total_cost");
    assert_eq!(costs[0], [real(0.25), real(0.125), real(900.5)], "{spelling:?}");
    let assessments = database.query("SELECT aggregate_value FROM assessments");
    assert_eq!(assessments, [[real(3.0)]]);
}

/// Values for trace `c`, under other spellings of their keys.
fn add_values_of_keys(database: &dyn TestDatabase, spelling: &str) {
    let key = |key| respelled(key, spelling);
    tag(database, "c", &key(NAME), "name");
    metadata(database, "c", &key("mlflow.gateway.endpointId"), "endpoint");
    metadata(database, "c", &key("mlflow.trace.session"), "session");
    metric(database, "c", &key("input_tokens"), "5.0");
    span(database, "c", "1", None);
    span_metric(database, "c", "1", "total_cost", "0.5");
    span_metric(database, "c", "1", &key("input_cost"), "0.25");
}

/// The key of a trace's name and of the gateway's mark are for the database to tell, as in MLflow.
/// MLflow looks all others up in Python, and loses their values or fails: they stay.
fn assert_keys(database: &dyn TestDatabase, collation: &str) {
    let traces = of_traces(database, "trace_name, total_cost, session_id, input_tokens");
    assert_eq!(traces[2], ["name".into(), real(0.5), Cell::Null, Cell::Null], "{collation}");
    let span = database.query("SELECT input_cost FROM spans WHERE trace_id = 'c'");
    assert_eq!(span, [[Cell::Null]]);
    for (table, left) in [
        ("trace_tags", 0),
        ("trace_request_metadata", 3),
        ("trace_metrics", 1),
        ("span_metrics", 1),
    ] {
        let count = database.query(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(count, [[Cell::from(left)]], "{table} in {collation}");
    }
}

async fn other_keys_are_others_where_case_counts(server: &TestServer) {
    let database = with_traces(server).await;
    for key in ["MLFLOW.TRACENAME", "mlflow.traceName "] {
        tag(&*database, "a", key, "name");
    }
    for key in ["MLFLOW.GATEWAY.ENDPOINTID", "mlflow.gateway.endpointId "] {
        metadata(&*database, "a", key, "endpoint");
    }
    span(&*database, "a", "1", None);
    span_metric(&*database, "a", "1", "total_cost", "0.5");
    upgraded(server, &*database, AFTER).await;
    assert_eq!(of_traces(&*database, "trace_name, total_cost")[0], [Cell::Null, Cell::Null]);
    assert_eq!(database.query("SELECT count(*) FROM trace_tags"), [[Cell::from(2)]]);
}

/// Adds versions of MCP servers, and references to them that differ by blanks at the end. Where these
/// count, two versions would become one, and such a reference is one to nothing.
async fn add_versions(server: &TestServer, database: &dyn TestDatabase, collation: &str) {
    database.run(
        "INSERT INTO mcp_servers (workspace, name, created_at, last_updated_at)
         VALUES ('default', 'srv', 0, 0)",
    );
    let version = |version: &str| {
        format!(
            "INSERT INTO mcp_server_versions (workspace, name, version, version_major,
                version_minor, version_patch, version_prerelease_sort_key, server_json, created_at,
                last_updated_at)
             VALUES ('default', 'srv', '{version}', 1, 0, 0, '', '{{}}', 0, 0)"
        )
    };
    database.run(&version("1.0"));
    database.run(
        "INSERT INTO mcp_server_aliases (workspace, name, alias, version)
         VALUES ('default', 'srv', 'prod', '1.0 ');
         INSERT INTO mcp_access_endpoints (id, workspace, server_name, server_version, url,
            created_at, last_updated_at)
         VALUES ('e', 'default', 'srv', '1.0  ', 'http://localhost', 0, 0)",
    );
    if !counts_blanks(collation) {
        database.run(
            "INSERT INTO mcp_server_version_tags (workspace, name, version, `key`)
             VALUES ('default', 'srv', '1.0 ', 'k')",
        );
        return;
    }
    database.run(&version("1.0 "));
    let mut backend = database.connect().await.unwrap();
    let request = UpgradeOptions::to(Target::parse("head"));
    let found = diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
    let findings = found.problems.iter().find_map(|problem| match problem {
        Error::Refused { findings } => Some(findings.as_slice()),
        _ => None,
    });
    let Some([finding]) = findings else { panic!("{:?}", found.problems) };
    assert!(finding.problem.contains("blanks at the end"), "{finding}");
    assert_eq!(finding.rows, [r#""1.0" of server "srv" in workspace "default", beside "1.0 ""#]);
    assert_eq!(database.query(finding.query.as_deref().unwrap()).len(), 1);
    database.run("DELETE FROM mcp_server_versions WHERE version = '1.0 '");
}

fn assert_versions(database: &dyn TestDatabase, collation: &str) {
    let tags = if counts_blanks(collation) { vec![] } else { vec![texts(&["1.0 "])] };
    for (table, column, kept) in [
        ("mcp_server_version_tags", "version", tags),
        ("mcp_server_aliases", "version", vec![texts(&["1.0 "])]),
        ("mcp_access_endpoints", "server_version", vec![texts(&["1.0  "])]),
    ] {
        let found = database.query(&format!("SELECT {column} FROM {table}"));
        assert_eq!(found, kept, "{table} in {collation}");
    }
}

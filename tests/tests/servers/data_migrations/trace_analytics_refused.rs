//! What 75868b020152 would stumble over is found before anything is changed.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::RowProblem;
use mlflow_migrate_tests::capability::{
    EVERY_REVISION, LONE_SURROGATES, UNCHECKED_JSON, UNTYPED_COLUMNS,
};
use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::traces::{AFTER, assessment, metadata, span, span_metric, with_traces};
use super::{refused, upgraded};

pub(crate) const TESTS: &[Test] = tests![
    unsupported_dimension_attributes => EVERY_REVISION,
    malformed_dimension_attributes => EVERY_REVISION => UNCHECKED_JSON,
    malformed_dimension_attributes_in_a_text => EVERY_REVISION,
    half_of_a_surrogate_pair => EVERY_REVISION => LONE_SURROGATES,
    every_kind_is_counted_in_one_go => EVERY_REVISION,
    the_first_of_many_traces_is_named => EVERY_REVISION,
    orphaned_spans => EVERY_REVISION,
    orphaned_spans_beside_many_traces => EVERY_REVISION,
    orphaned_assessments => EVERY_REVISION,
    costs_that_overflow_together => EVERY_REVISION,
    keys_of_spans_that_are_no_texts => EVERY_REVISION => UNTYPED_COLUMNS,
    prepopulated_columns_of_another_kind => EVERY_REVISION,
];

/// The one finding of a database that is refused on its way to head.
async fn only_finding(server: &TestServer, database: &dyn TestDatabase) -> RowProblem {
    let mut findings = refused(server, database, "head").await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    let finding = findings.remove(0);
    assert_eq!(finding.revision, AFTER);
    assert_eq!(finding.rows.len(), 1, "the first row is named");
    finding
}

async fn unsupported_dimension_attributes(server: &TestServer) {
    let unsupported = [
        r#"{"mlflow.llm.model": "m", "region": "eu"}"#,
        r#"{"mlflow.llm.model": 5}"#,
        r#"{"mlflow.llm.provider": ["p"]}"#,
        "[]",
        "5",
        "5.5",
        "true",
        r#""[]""#,
    ];
    // A refused upgrade changes nothing, so one database serves all.
    let database = with_traces(server).await;
    for dimensions in unsupported {
        database.run("DELETE FROM spans");
        span(&*database, "a", "1", Some("{}"));
        span(&*database, "b", "7", Some(dimensions));
        let finding = only_finding(server, &*database).await;
        assert!(finding.problem.contains("holds more than"), "{finding}");
        assert_eq!(finding.count, 1);
        assert!(finding.rows[0].starts_with(r#"span "7" of trace "b""#), "{finding}");
    }
}

async fn malformed_dimension_attributes(server: &TestServer) {
    // A refused upgrade changes nothing, so one database serves all.
    let database = with_traces(server).await;
    for dimensions in ["{", "", "{'a': 1}", r#""\ud800""#] {
        database.run("DELETE FROM spans");
        span(&*database, "c", "1", Some(dimensions));
        let finding = only_finding(server, &*database).await;
        assert!(finding.problem.contains("malformed JSON"), "{dimensions}: {finding}");
        assert!(finding.rows[0].starts_with(r#"span "1" of trace "c""#), "{finding}");
    }
}

/// A text in JSON is read once more.
async fn malformed_dimension_attributes_in_a_text(server: &TestServer) {
    // A refused upgrade changes nothing, so one database serves all.
    let database = with_traces(server).await;
    for dimensions in [r#""{""#, r#""""#] {
        database.run("DELETE FROM spans");
        span(&*database, "c", "1", Some(dimensions));
        let finding = only_finding(server, &*database).await;
        assert!(finding.problem.contains("malformed JSON"), "{dimensions}: {finding}");
    }
}

async fn half_of_a_surrogate_pair(server: &TestServer) {
    let database = with_traces(server).await;
    span(&*database, "a", "1", Some(r#"{"mlflow.llm.provider": "x\udc00"}"#));
    let finding = only_finding(server, &*database).await;
    assert!(finding.problem.contains("surrogate"), "{finding}");
}

async fn every_kind_is_counted_in_one_go(server: &TestServer) {
    let database = with_traces(server).await;
    for number in 0..3 {
        span(&*database, "a", &number.to_string(), Some("[]"));
        span(&*database, "b", &number.to_string(), Some(r#""{""#));
    }
    assessment(&*database, "1", "gone", "1");
    let findings = refused(server, &*database, AFTER).await;
    let counts: Vec<u64> = findings.iter().map(|finding| finding.count).collect();
    assert_eq!(counts, [1, 3, 3], "{findings:?}");
}

fn add_many_traces(database: &dyn TestDatabase) {
    let traces: Vec<String> =
        (0..9000).map(|number| format!("('t{number:05}', 1, {number}, 'OK')")).collect();
    for some in traces.chunks(3000) {
        database.run(&format!(
            "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES {}",
            some.join(", ")
        ));
    }
}

/// Wherever else something is found, and whoever finds it first.
async fn the_first_of_many_traces_is_named(server: &TestServer) {
    let database = with_traces(server).await;
    add_many_traces(&*database);
    for trace in ["t08999", "t04500", "t00001"] {
        span(&*database, trace, "1", Some("[]"));
    }
    let finding = only_finding(server, &*database).await;
    assert_eq!(finding.count, 3);
    assert!(finding.rows[0].starts_with(r#"span "1" of trace "t00001""#), "{finding}");
}

async fn orphaned_spans(server: &TestServer) {
    let database = with_traces(server).await;
    database.run_unchecked(
        "INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, content)
         VALUES ('z', 1, '2', 'OK', 0, ''), ('a', 1, '1', 'OK', 0, ''), ('y', 1, '9', 'OK', 0, '')",
    );
    let finding = only_finding(server, &*database).await;
    assert!(finding.problem.starts_with("spans without their trace"), "{finding}");
    assert_eq!(finding.count, 2);
    assert_eq!(finding.rows, [r#"span_id "9" of trace "y""#]);
    let query = finding.query.unwrap();
    assert_eq!(database.query(&query).len(), 2, "{query}");
    database.run(finding.problem.split('`').nth(1).unwrap());
    upgraded(server, &*database, AFTER).await;
}

/// Before, between and after all traces.
async fn orphaned_spans_beside_many_traces(server: &TestServer) {
    let database = with_traces(server).await;
    add_many_traces(&*database);
    for trace in ["0", "t01999x", "t04500x", "z"] {
        database.run_unchecked(&format!(
            "INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano,
             content) VALUES ('{trace}', 1, '1', 'OK', 0, '')"
        ));
        let finding = only_finding(server, &*database).await;
        assert_eq!(finding.count, 1);
        assert_eq!(finding.rows, [format!(r#"span_id "1" of trace "{trace}""#)]);
        database.run(finding.problem.split('`').nth(1).unwrap());
    }
}

async fn orphaned_assessments(server: &TestServer) {
    let database = with_traces(server).await;
    assessment(&*database, "1", "a", "1");
    // More than are counted at a time elsewhere.
    let rows: Vec<String> = (0..2500)
        .map(|number| format!("('x{number}', 'gone', 'n', 't', '1', 0, 0, 's', TRUE)"))
        .collect();
    database.run_unchecked(&format!(
        "INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value,
            created_timestamp, last_updated_timestamp, source_type, valid) VALUES {}",
        rows.join(", ")
    ));
    let finding = only_finding(server, &*database).await;
    assert!(finding.problem.starts_with("assessments without their trace"), "{finding}");
    assert_eq!(finding.count, 2500);
    assert_eq!(finding.rows, [r#"assessment_id "x0" of trace "gone""#]);
    let query = finding.query.unwrap();
    assert_eq!(database.query(&query).len(), 2500, "{query}");
    database.run(finding.problem.split('`').nth(1).unwrap());
    upgraded(server, &*database, AFTER).await;
}

async fn costs_that_overflow_together(server: &TestServer) {
    let database = with_traces(server).await;
    for trace in ["a", "b", "c"] {
        for number in ["1", "2"] {
            span(&*database, trace, number, None);
            span_metric(&*database, trace, number, "total_cost", "1.7e308");
        }
    }
    // Not the gateway's, so nothing is summed.
    metadata(&*database, "a", "other", "endpoint");
    // It has a total of its own, so nothing is summed either.
    metadata(&*database, "b", "mlflow.gateway.endpointId", "endpoint");
    metadata(&*database, "b", "mlflow.trace.cost", r#"{"total_cost": 1}"#);
    metadata(&*database, "c", "mlflow.gateway.endpointId", "endpoint");
    let finding = only_finding(server, &*database).await;
    assert_eq!(finding.count, 1);
    assert!(finding.problem.contains("overflow"), "{finding}");
    assert_eq!(finding.rows, [r#"trace "c""#]);
    database.run("DELETE FROM trace_request_metadata WHERE request_id = 'c'");
    upgraded(server, &*database, "head").await;
}

/// MLflow's texts, written by somebody who wrote bytes.
async fn keys_of_spans_that_are_no_texts(server: &TestServer) {
    for (column, bytes) in [("trace_id", "x'00ff'"), ("span_id", "x'31'")] {
        let database = with_traces(server).await;
        database.run("UPDATE trace_info SET request_id = x'00ff' WHERE request_id = 'b'");
        span(&*database, "a", "1", None);
        database.run(&format!("UPDATE spans SET {column} = {bytes}"));
        let finding = only_finding(server, &*database).await;
        assert!(finding.problem.ends_with("holds something else than texts"), "{finding}");
        assert_eq!(finding.rows, [bytes]);
        assert_eq!(database.query(&finding.query.unwrap()).len(), 1);
    }
}

/// A column that prepopulation would not have made so.
async fn prepopulated_columns_of_another_kind(server: &TestServer) {
    let number = format!("total_cost {} DEFAULT 1", server.float_type());
    let yes = if server.is_postgres() { "true" } else { "1" };
    let boolean = format!("is_numeric_value BOOLEAN DEFAULT {yes}");
    let database = with_traces(server).await;
    for (table, column, expected) in [
        ("trace_info", "trace_name VARCHAR(10)", "type VARCHAR(10), expected VARCHAR(4096)"),
        ("trace_info", "total_tokens INTEGER", "type INTEGER, expected BIGINT"),
        ("trace_info", number.as_str(), "default 1, expected none"),
        ("spans", "model_name VARCHAR(500) NOT NULL DEFAULT 'x'", "NOT NULL, expected nullable"),
        ("assessments", "is_numeric_value BOOLEAN", "default none, expected"),
        ("assessments", boolean.as_str(), "default 1, expected"),
    ] {
        database.run(&format!("ALTER TABLE {table} ADD COLUMN {column}"));
        let before = database.contents();
        let error = upgrade(server.catalogue(), &*database, "head").await.unwrap_err();
        assert!(database.contents() == before);
        assert!(matches!(error, Error::Edit { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(AFTER) && text.contains(table), "{text}");
        assert!(text.contains(expected), "{text}");
        let (name, _) = column.split_once(' ').unwrap();
        database.run(&format!("ALTER TABLE {table} DROP COLUMN {name}"));
    }
}

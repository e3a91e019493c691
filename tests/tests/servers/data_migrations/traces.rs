//! Rows of traces to write down in few words.

use mlflow_migrate_tests::database::TestDatabase;
use mlflow_migrate_tests::server::TestServer;

use super::quoted;

pub(crate) const BEFORE: &str = "b7e2c1a4d9f3";
pub(crate) const AFTER: &str = "75868b020152";

/// A database with traces `a`, `b` and `c` of experiment 1, at the times 100, 200 and 300.
pub(crate) async fn with_traces(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at(BEFORE).await;
    database.run(
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
         INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)
         VALUES ('a', 1, 100, 'OK'), ('b', 1, 200, 'OK'), ('c', 1, 300, 'OK')",
    );
    database
}

fn keyed(database: &dyn TestDatabase, table: &str, trace: &str, key: &str, value: &str) {
    database.run(&format!(
        r#"INSERT INTO {table} (request_id, "key", value) VALUES ({}, {}, {value})"#,
        quoted(trace),
        quoted(key)
    ));
}

pub(crate) fn tag(database: &dyn TestDatabase, trace: &str, key: &str, value: &str) {
    keyed(database, "trace_tags", trace, key, &quoted(value));
}

pub(crate) fn metadata(database: &dyn TestDatabase, trace: &str, key: &str, value: &str) {
    keyed(database, "trace_request_metadata", trace, key, &quoted(value));
}

/// A metric of a trace, its value in SQL.
pub(crate) fn metric(database: &dyn TestDatabase, trace: &str, key: &str, value: &str) {
    keyed(database, "trace_metrics", trace, key, value);
}

/// A span; its dimension attributes in JSON, or NULL.
pub(crate) fn span(database: &dyn TestDatabase, trace: &str, span: &str, dimensions: Option<&str>) {
    let dimensions = dimensions.map_or("NULL".to_owned(), quoted);
    database.run(&format!(
        "INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano,
         end_time_unix_nano, content, dimension_attributes)
         VALUES ({}, 1, {}, 'OK', 10, 25, '{{}}', {dimensions})",
        quoted(trace),
        quoted(span)
    ));
}

/// A metric of a span, its value in SQL.
pub(crate) fn span_metric(
    database: &dyn TestDatabase,
    trace: &str,
    span: &str,
    key: &str,
    value: &str,
) {
    database.run(&format!(
        r#"INSERT INTO span_metrics (trace_id, span_id, "key", value) VALUES ({}, {}, {}, {value})"#,
        quoted(trace),
        quoted(span),
        quoted(key)
    ));
}

/// An assessment, perhaps of a trace that is not there; its value in JSON.
pub(crate) fn assessment(database: &dyn TestDatabase, id: &str, trace: &str, value: &str) {
    database.run_unchecked(&format!(
        "INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value,
         created_timestamp, last_updated_timestamp, source_type, valid)
         VALUES ({}, {}, 'name', 'feedback', {}, 0, 0, 'HUMAN', TRUE)",
        quoted(id),
        quoted(trace),
        quoted(value)
    ));
}

//! Databases at any state are prepared, and then upgraded or taken back.

use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_tests::capability::SERVER;
use mlflow_migrate_tests::conformance::{assert_at, assert_content, live};
use mlflow_migrate_tests::database::{self, Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::{prepared, prepared_by, request};

pub(crate) const TESTS: &[Test] = tests![every_state_can_be_prepared => SERVER];

/// `all`: every state is prepared.
const STATES: &str = "MLFLOW_MIGRATE_PREPARED_STATES";

/// One state in so many, besides the first.
fn stride(server: &TestServer) -> usize {
    let is_all = std::env::var(STATES).is_ok_and(|states| states == "all");
    match server.dialect() {
        _ if is_all => 1,
        Dialect::Postgres => 10,
        Dialect::Mysql | Dialect::Sqlite => 30,
    }
}

async fn every_state_can_be_prepared(server: &TestServer) {
    let states = server.reference().states().unwrap();
    let older = &states[..states.len() - 1];
    let names = older.iter().map(|(revision, _)| revision.as_deref().unwrap_or("base"));
    for state in names.take_while(|state| *state != server.head()).step_by(stride(server)) {
        let (taken_back, _) = with_a_trace(server, state).await;
        prepared(server, &*taken_back).await;
        let mut backend = taken_back.connect().await.unwrap();
        prepared_by(server, &mut *backend, &request(server), true).await.unwrap();
        assert_at(server, &*taken_back, state).await;

        let (upgraded, schema) = with_a_trace(server, state).await;
        prepared(server, &*upgraded).await;
        database::upgrade(server.catalogue(), &*upgraded, server.head()).await.unwrap();
        assert_at(server, &*upgraded, server.head()).await;
        assert_content(server, &*upgraded, server.head()).await;
        if is_computed(&schema) && server.head() == "head" {
            assert_values(&*upgraded, state, &schema);
        }
    }
}

/// A database at a state, with a trace and what the state has of it.
async fn with_a_trace(server: &TestServer, state: &str) -> (Box<dyn TestDatabase>, Schema) {
    let database = server.at(state).await;
    let schema = live(&*database).await.unwrap().0;
    let rows = [
        ("experiments", "(experiment_id, name) VALUES (1, 'one')"),
        (
            "trace_info",
            "(request_id, experiment_id, timestamp_ms, status) VALUES ('t', 1, 5, 'OK')",
        ),
        ("trace_tags", r#"(request_id, "key", value) VALUES ('t', 'mlflow.traceName', 'named')"#),
        (
            "trace_request_metadata",
            r#"(request_id, "key", value) VALUES ('t', 'mlflow.trace.session', 'session')"#,
        ),
        ("trace_metrics", r#"(request_id, "key", value) VALUES ('t', 'total_tokens', 7)"#),
        (
            "assessments",
            "(assessment_id, trace_id, name, assessment_type, value, created_timestamp,
              last_updated_timestamp, source_type, valid)
             VALUES ('a', 't', 'n', 'feedback', '0.75', 0, 0, 'HUMAN', TRUE)",
        ),
        (
            "spans",
            "(trace_id, experiment_id, span_id, status, start_time_unix_nano, content)
             VALUES ('t', 1, 's', 'OK', 0, '')",
        ),
        ("span_metrics", r#"(trace_id, span_id, "key", value) VALUES ('t', 's', 'total_cost', 2)"#),
    ];
    for (table, row) in rows {
        if schema.table(table).is_some() && schema.table("trace_info").is_some() {
            database.run(&format!("INSERT INTO {table} {row}"));
        }
    }
    if has_models(&schema) {
        database.run(r#"UPDATE spans SET dimension_attributes = '{"mlflow.llm.model": "m"}'"#);
    }
    (database, schema)
}

/// Whether the state has traces, and no columns for their values yet.
fn is_computed(schema: &Schema) -> bool {
    let traces = schema.table("trace_info");
    traces.is_some_and(|traces| traces.find_column("trace_name").is_none())
}

fn has_models(schema: &Schema) -> bool {
    let spans = schema.table("spans");
    spans.is_some_and(|spans| spans.find_column("dimension_attributes").is_some())
}

/// The values are computed from what the state has.
fn assert_values(database: &dyn TestDatabase, state: &str, schema: &Schema) {
    let has = |table: &str| schema.table(table).is_some();
    let value = |sql: &str| database.query(sql)[0][0].clone();
    assert_eq!(value("SELECT trace_name FROM trace_info"), Cell::from("named"), "{state}");
    assert_eq!(value("SELECT session_id FROM trace_info"), Cell::from("session"), "{state}");
    if has("trace_metrics") {
        assert_eq!(value("SELECT total_tokens FROM trace_info"), Cell::Integer(7), "{state}");
    }
    if has("assessments") {
        let number = value("SELECT aggregate_value FROM assessments");
        assert_eq!(number, Cell::Real(0.75f64.to_bits()), "{state}");
    }
    if has_models(schema) {
        assert_eq!(value("SELECT model_name FROM spans"), Cell::from("m"), "{state}");
        assert_eq!(value("SELECT total_cost FROM spans"), Cell::Real(2f64.to_bits()), "{state}");
    }
}

//! 75868b020152 on SQLite, where the values of spans wait until their table is rebuilt.

use mlflow_migrate_tests::capability::SQLITE;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::trace_analytics::{of_spans, of_traces, real};
use super::traces::{AFTER, metadata, span, span_metric, with_traces};
use super::upgraded;

pub(crate) const TESTS: &[Test] = tests![
    a_trigger_sees_spans_that_are_filled => SQLITE,
    a_cost_that_only_python_reads_counts_in_the_sum => SQLITE,
    a_cost_without_its_span_does_not_count => SQLITE,
];

const GATEWAY: &str = "mlflow.gateway.endpointId";

/// A gateway's trace with two spans.
async fn with_spans(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = with_traces(server).await;
    for number in ["1", "2"] {
        span(&*database, "a", number, Some(r#"{"mlflow.llm.model": "m"}"#));
    }
    metadata(&*database, "a", GATEWAY, "endpoint");
    span_metric(&*database, "a", "1", "total_cost", "0.5");
    database
}

async fn a_trigger_sees_spans_that_are_filled(server: &TestServer) {
    let database = with_spans(server).await;
    database.run(
        "CREATE TABLE seen (model TEXT);
         CREATE TRIGGER look AFTER UPDATE ON spans BEGIN
             INSERT INTO seen VALUES (new.model_name);
         END",
    );
    upgraded(server, &*database, AFTER).await;
    assert_eq!(database.query("SELECT model FROM seen"), [["m".into()], ["m".into()]]);
    assert_eq!(of_spans(&*database, "total_cost, model_name").len(), 2);
}

async fn a_cost_that_only_python_reads_counts_in_the_sum(server: &TestServer) {
    let database = with_spans(server).await;
    span_metric(&*database, "a", "2", "total_cost", "'1_000'");
    upgraded(server, &*database, AFTER).await;
    assert_eq!(of_spans(&*database, "total_cost"), [[real(0.5)], [real(1000.0)]]);
    assert_eq!(of_traces(&*database, "total_cost")[0], [real(1000.5)]);
}

async fn a_cost_without_its_span_does_not_count(server: &TestServer) {
    let database = with_spans(server).await;
    database.run_unchecked(
        "INSERT INTO span_metrics (trace_id, span_id, key, value) VALUES ('a', '3', 'total_cost', 7)",
    );
    upgraded(server, &*database, AFTER).await;
    let costs = of_spans(&*database, "total_cost, model_name");
    assert_eq!(costs, [[real(0.5), "m".into()], [Cell::Null, "m".into()]]);
    assert_eq!(of_traces(&*database, "total_cost")[0], [real(0.5)]);
}

//! A server that takes no large transaction: every data migration gives what it gives elsewhere.

use mlflow_migrate::hint;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::database::{TestDatabase, Upgrade};
use mlflow_migrate_tests::private_server::PrivateServer;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::{fill, wait};

/// What it takes to write a binary log, and to create triggers meanwhile.
const LOG: &str =
    "--log-bin=log --server-id=1 --binlog-format=ROW --log-bin-trust-function-creators=1";

/// The least that a server can be told.
const LEAST: u64 = 4096;

type Fill = fn(&dyn TestDatabase);

/// Where rows come from that an upgrade moves.
const CASES: [(&str, Fill); 3] =
    [("90e64c465722", users), ("7ac759974ad8", metrics), ("b7e2c1a4d9f3", traces)];

/// The one before 90e64c465722.
fn users(database: &dyn TestDatabase) {
    rows(database, "runs (run_uuid, user_id)", 300, |number| {
        format!("('run {number}', 'u{number}')")
    });
}

fn metrics(database: &dyn TestDatabase) {
    fill::metrics(database, 3);
}

fn traces(database: &dyn TestDatabase) {
    const TRACES: u32 = 600;
    database.run("INSERT INTO experiments (experiment_id, name) VALUES (1, 'one')");
    rows(
        database,
        "trace_info (request_id, experiment_id, timestamp_ms, status)",
        TRACES,
        |trace| format!("('{trace}', 1, {trace}, 'OK')"),
    );
    rows(database, "trace_tags (request_id, \"key\", value)", TRACES, |trace| {
        format!("('{trace}', 'mlflow.traceName', 'name {trace}')")
    });
    rows(database, "trace_tags (request_id, \"key\", value)", TRACES, |trace| {
        format!("('{trace}', 'other', 'stays')")
    });
    rows(database, "trace_request_metadata (request_id, \"key\", value)", TRACES, |trace| {
        format!("('{trace}', 'mlflow.trace.session', 'session {trace}')")
    });
    let spans = "spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, \
                 end_time_unix_nano, content, dimension_attributes)";
    for span in 0..3 {
        rows(database, spans, TRACES, |trace| {
            format!(
                "('{trace}', 1, 's{span}', 'OK', 10, 25, '{{}}', \
                 '{{\"mlflow.llm.model\": \"\\\"model {span}\\\"\"}}')"
            )
        });
        rows(database, "span_metrics (trace_id, span_id, \"key\", value)", TRACES, |trace| {
            format!("('{trace}', 's{span}', 'total_cost', {trace}.5)")
        });
    }
    let assessments = "assessments (assessment_id, trace_id, name, assessment_type, value, \
                       created_timestamp, last_updated_timestamp, source_type, valid)";
    rows(database, assessments, TRACES, |trace| {
        format!("('a{trace}', '{trace}', 'n', 'feedback', '{trace}', 1, 1, 'HUMAN', TRUE)")
    });
}

fn rows(database: &dyn TestDatabase, into: &str, count: u32, row: impl Fn(u32) -> String) {
    let rows: Vec<String> = (0..count).map(row).collect();
    database.run(&format!("INSERT INTO {into} VALUES {}", rows.join(", ")));
}

async fn upgrade(server: &TestServer, database: &dyn TestDatabase) -> Result<(), Error> {
    let (result, _) = Upgrade::default().run(server.catalogue(), database, server.head()).await;
    result.map(|_| ())
}

/// Every limit is either enough, or told before anything is changed, with the statement that makes it so.
pub(crate) fn small_transactions(name: &str) {
    let private = PrivateServer::start_with(name, LOG).unwrap();
    let server = private.server();
    let set = |limit: u64| {
        query(server.address(), &format!("SET GLOBAL max_binlog_cache_size = {limit}"));
    };
    wait(async {
        for (from, fill) in CASES {
            set(u64::MAX / 4096 * 4096);
            let (undisturbed, limited) =
                (server.at(parent(from)).await, server.at(parent(from)).await);
            for database in [&undisturbed, &limited] {
                fill(&**database);
            }
            upgrade(server, &*undisturbed).await.unwrap();
            let before = limited.contents();
            set(LEAST);
            let error = upgrade(server, &*limited).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ServerLimit, "{from}: {error:?}");
            assert!(limited.contents() == before, "{from}: not as before: {error}");
            let hint = hint(&error).unwrap_or_default();
            let (_, number) = hint.split_once("max_binlog_cache_size = ").unwrap();
            let enough: u64 = number.split(',').next().unwrap().parse().unwrap();
            assert!(enough < 1 << 20, "{hint}");
            set(enough);
            upgrade(server, &*limited).await.unwrap_or_else(|error| panic!("{from}: {error:?}"));
            let [found, expected] = [&limited, &undisturbed]
                .map(|database| String::from_utf8(database.contents()).unwrap());
            for (found, expected) in found.lines().zip(expected.lines()) {
                // The server tells when it was made.
                if found.starts_with("TRIGGER ") {
                    continue;
                }
                assert_eq!(found, expected, "{from}: another result");
            }
        }
        set(u64::MAX / 4096 * 4096);
        statements_are_logged(server).await;
    });
}

/// A server that logs statements refuses to write rows where only what is committed is read.
async fn statements_are_logged(server: &TestServer) {
    query(server.address(), "SET GLOBAL binlog_format = 'STATEMENT'");
    let database = server.at("7ac759974ad8").await;
    metrics(&*database);
    upgrade(server, &*database).await.unwrap();
}

fn parent(revision: &'static str) -> &'static str {
    if revision == "90e64c465722" { "451aebb31d03" } else { revision }
}

//! PostgreSQL's partitions and tables that inherit: the server makes each change in all of them, as it
//! does for MLflow's own upgrade.

use mlflow_migrate::hint;
use mlflow_migrate_core::Error;
use mlflow_migrate_tests::capability::POSTGRES;
use mlflow_migrate_tests::database::{Cell, TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

pub(crate) const TESTS: &[Test] = tests![
    tables_with_partitions => POSTGRES,
    tables_that_inherit => POSTGRES,
    an_inherited_column => POSTGRES,
];

const RUNS: &str = "INSERT INTO experiments (experiment_id, name, lifecycle_stage) \
        VALUES (1, 'one', 'active');
    INSERT INTO runs (run_uuid, name, status, experiment_id) \
        VALUES ('a', 'f', 'RUNNING', 1), ('b', 's', 'FINISHED', 1)";

/// Puts a table of the same columns, keys and references, divided into partitions, in a table's place.
fn divide(database: &dyn TestDatabase, table: &str, key: &str, by: &str, partitions: &[&str]) {
    database.run(&format!(
        "ALTER TABLE {table} RENAME TO undivided; ALTER TABLE undivided DROP CONSTRAINT {key_name};
         CREATE TABLE {table} (LIKE undivided INCLUDING ALL, \
            CONSTRAINT {key_name} PRIMARY KEY ({key}), CONSTRAINT {table}_run_uuid_fkey \
            FOREIGN KEY (run_uuid) REFERENCES runs (run_uuid)) PARTITION BY {by};
         DROP TABLE undivided",
        key_name = if table == "metrics" { "metric_pk" } else { "param_pk" },
    ));
    partitions.iter().for_each(|partition| database.run(partition));
}

async fn is_upgraded(server: &TestServer, database: &dyn TestDatabase) {
    for target in ["f5a4f2784254", server.head(), server.head()] {
        let report = upgrade(server.catalogue(), database, target).await;
        report.unwrap_or_else(|error| panic!("{target}: {error}"));
    }
    let mut backend = database.connect().await.unwrap();
    let checked =
        mlflow_migrate_core::report::check::check(&mut *backend, server.catalogue(), None).await;
    assert!(checked.unwrap().drift.is_empty());
    let latest = database.query("SELECT run_uuid, key, value FROM latest_metrics ORDER BY 1, 2");
    let row = |run: &str, key: &str, value: f64| vec![run.into(), key.into(), Cell::from(value)];
    assert_eq!(latest, [row("a", "m", 1.5), row("b", "n", 2.0)]);
}

async fn tables_with_partitions(server: &TestServer) {
    let database = server.at("base").await;
    database.run(RUNS);
    divide(
        &*database,
        "metrics",
        "key, timestamp, run_uuid",
        "RANGE (timestamp)",
        &[
            "CREATE TABLE metrics_1 PARTITION OF metrics FOR VALUES FROM (0) TO (1000)",
            "CREATE TABLE metrics_2 PARTITION OF metrics DEFAULT PARTITION BY HASH (run_uuid)",
            "CREATE TABLE metrics_2a PARTITION OF metrics_2 \
             FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        ],
    );
    divide(
        &*database,
        "params",
        "key, run_uuid",
        "HASH (run_uuid)",
        &["CREATE TABLE params_0 PARTITION OF params FOR VALUES WITH (MODULUS 1, REMAINDER 0)"],
    );
    database.run(
        "INSERT INTO metrics VALUES ('m', 0.5, 1, 'a'), ('m', 1.5, 2000, 'a'), ('n', 2, 5, 'b');
         CREATE INDEX own ON metrics (value); INSERT INTO params VALUES ('p', 'v', 'b')",
    );
    is_upgraded(server, &*database).await;
    // The partitions have what the table has got.
    database
        .run("INSERT INTO params_0 (key, value, run_uuid) VALUES ('q', repeat('x', 8000), 'a')");
    assert_eq!(database.query("SELECT is_nan, step FROM metrics_2a").len(), 1);
}

async fn tables_that_inherit(server: &TestServer) {
    let database = server.at("base").await;
    database.run(&format!(
        "{RUNS};
         CREATE TABLE metrics_old () INHERITS (metrics); CREATE TABLE params_old () INHERITS (params);
         CREATE TABLE with_run (run_uuid VARCHAR(32) NOT NULL);
         ALTER TABLE metrics INHERIT with_run; ALTER TABLE tags INHERIT with_run;
         INSERT INTO metrics VALUES ('m', 0.5, 1, 'a');
         INSERT INTO metrics_old VALUES ('m', 1.5, 2000, 'a'), ('n', 2, 5, 'b')"
    ));
    is_upgraded(server, &*database).await;
    assert_eq!(database.query("SELECT is_nan, step FROM metrics_old").len(), 2);
}

/// A column that is another table's too can only change there.
async fn an_inherited_column(server: &TestServer) {
    let database = server.at("base").await;
    database.run(
        "CREATE TABLE with_value (value VARCHAR(250) NOT NULL);
         ALTER TABLE params INHERIT with_value",
    );
    let before = database.contents();
    let error = upgrade(server.catalogue(), &*database, server.head()).await.unwrap_err();
    assert!(matches!(error, Error::Dependents { .. }), "{error:?}");
    assert!(error.to_string().contains("table with_value"), "{error}");
    assert!(database.contents() == before, "{error}");
    let hint = hint(&error).unwrap();
    let remedy = "ALTER TABLE params NO INHERIT with_value;";
    assert!(hint.ends_with(remedy), "{hint}");
    database.run(remedy);
    upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
}

//! Tables of the user's under names that tools make up for their own.

use mlflow_migrate::hint;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::database::upgrade;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

pub(crate) const TESTS: &[Test] = tests![names_that_are_taken, names_that_mlflow_wants];

/// A table with rows that this tool would fill, swap or drop under that name is told before anything is
/// changed, and stays.
async fn names_that_are_taken(server: &TestServer) {
    let taken = match () {
        () if server.is_sqlite() => &["_mlflow_migrate_experiments"][..],
        () if server.is_postgres() => &[],
        () => &[
            "alembic_mlflow_migrate_new_metrics",
            "alembic_mlflow_migrate_old_runs",
            "alembic_mlflow_migrate_rows_metrics",
        ],
    };
    for table in taken {
        let create = format!(
            "CREATE TABLE {table} (note VARCHAR(40) NOT NULL, PRIMARY KEY (note));
             INSERT INTO {table} VALUES ('mine')"
        );
        refuses(server, &create, &format!("table {table}")).await;
    }
}

/// An object of the user's, in words, and the statements that make it.
async fn refuses(server: &TestServer, create: &str, object: &str) {
    let database = server.at("7ac759974ad8").await;
    database.run(create);
    let before = database.contents();
    let error = upgrade(server.catalogue(), &*database, server.head()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Drift, "{object}: {error:?}");
    assert!(error.to_string().ends_with(&format!(": {object}")), "{error}");
    assert!(hint(&error).is_some_and(|hint| hint.contains("name")), "{:?}", hint(&error));
    assert!(database.contents() == before, "{error}");
}

/// A table of that name is another matter: see `survival`.
async fn names_that_mlflow_wants(server: &TestServer) {
    let trigger = "CREATE TABLE mine (a INTEGER);
         CREATE TRIGGER prevent_secrets_aad_mutation AFTER INSERT ON mine";
    let wanted = match () {
        () if server.is_mysql() => vec![
            ("CREATE VIEW datasets AS SELECT 1 AS one".to_owned(), "view datasets"),
            (
                "CREATE TABLE mine (run VARCHAR(32), CONSTRAINT fk_datasets_experiment_id_experiments
                    FOREIGN KEY (run) REFERENCES runs (run_uuid))"
                    .to_owned(),
                "foreign key fk_datasets_experiment_id_experiments",
            ),
        ],
        () => vec![
            ("CREATE VIEW datasets AS SELECT 1 AS one".to_owned(), "view datasets"),
            (
                "CREATE TABLE mine (a INTEGER); CREATE INDEX index_params_run_uuid ON mine (a)".to_owned(),
                "index index_params_run_uuid",
            ),
            (
                "CREATE TABLE index_params_run_uuid (a INTEGER)".to_owned(),
                "table index_params_run_uuid",
            ),
        ],
    };
    let with_trigger = (server.is_sqlite()).then(|| {
        (format!("{trigger} BEGIN SELECT 1; END"), "trigger prevent_secrets_aad_mutation")
    });
    for (create, object) in wanted.into_iter().chain(with_trigger) {
        refuses(server, &create, object).await;
    }
}

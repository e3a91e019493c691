//! Rows that a constraint to come would refuse are found beforehand, all of them, with a query for each.

use mlflow_migrate::hint;
use mlflow_migrate_core::error::{ConstraintError, ErrorKind};
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::{Error, UpgradeOptions, UpgradeReport, report::doctor};
use mlflow_migrate_tests::capability::EVERY_REVISION;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

pub(crate) const TESTS: &[Test] = tests![keys_and_references => EVERY_REVISION, checks];

/// What stands in the way, and how many rows each query finds.
pub(crate) async fn found(
    server: &TestServer,
    database: &dyn TestDatabase,
) -> Vec<(String, u64, usize)> {
    let mut request = UpgradeOptions::to(Target::parse(server.head()));
    request.accept_drift = true;
    let mut backend = database.connect().await.unwrap();
    let diagnosis = doctor::diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
    let tell = |problem: &Error| {
        let Error::Constraint(
            ConstraintError::Violated { table, constraint, count, .. }
            | ConstraintError::Orphans { table, constraint, count, .. },
        ) = problem
        else {
            panic!("{problem:?}")
        };
        let [query] = problem.queries()[..] else { panic!("{problem:?}") };
        let rows = database.query(&query.replace('`', "\""));
        (format!("{table}: {constraint}"), *count, rows.len())
    };
    diagnosis.problems.iter().map(tell).collect()
}

/// The constraints that are to come may have been taken off before.
pub(crate) async fn to_newest(
    server: &TestServer,
    database: &dyn TestDatabase,
) -> Result<UpgradeReport, Error> {
    let upgrade = Upgrade { accept_drift: true, ..Upgrade::default() };
    upgrade.run(server.catalogue(), database, server.head()).await.0
}

pub(crate) async fn refused(server: &TestServer, database: &dyn TestDatabase) {
    let before = database.contents();
    let error = to_newest(server, database).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert!(hint(&error).is_some_and(|hint| hint.contains("correct")), "{:?}", hint(&error));
    assert!(database.contents() == before, "{error}");
}

/// Makes an empty table of an SQLite file anew, in which a part of its text is another one.
fn rewrite(database: &dyn TestDatabase, table: &str, part: &str, other: &str) {
    let select = format!("SELECT sql FROM sqlite_schema WHERE name = '{table}'");
    let rows = database.query(&select);
    let Some([Cell::Text(sql)]) = rows.first().map(Vec::as_slice) else { panic!("{rows:?}") };
    assert!(sql.contains(part), "{sql}");
    database.run_unchecked(&format!("DROP TABLE {table}; {}", sql.replace(part, other)));
}

/// Somebody has taken constraints off, and written what they forbid.
async fn keys_and_references(server: &TestServer) {
    let database = server.at("c8d9e0f1a2b3").await;
    if server.is_sqlite() {
        let reference = "CONSTRAINT fk_trace_info_experiment_id FOREIGN KEY(experiment_id) \
                         REFERENCES experiments (experiment_id)";
        for (table, constraint) in [("experiments", "UNIQUE (name)"), ("trace_info", reference)] {
            rewrite(&*database, table, constraint, "CHECK (1)");
        }
    } else if server.is_postgres() {
        database.run(
            "ALTER TABLE experiments DROP CONSTRAINT experiments_name_key;
             ALTER TABLE trace_info DROP CONSTRAINT fk_trace_info_experiment_id",
        );
    } else {
        database.run(
            "ALTER TABLE experiments DROP INDEX name;
             ALTER TABLE trace_info DROP FOREIGN KEY fk_trace_info_experiment_id",
        );
    }
    database.run_unchecked(
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'twice'), (2, 'twice'), (3, 'once');
         INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status)
            VALUES ('a', 1, 1, 'OK'), ('b', 77, 1, 'OK'), ('c', 78, 1, 'OK')",
    );
    let found = found(server, &*database).await;
    let told: Vec<(&str, u64, usize)> =
        found.iter().map(|(what, count, rows)| (what.as_str(), *count, *rows)).collect();
    assert_eq!(
        told,
        [
            ("experiments: unique key uq_experiments_workspace_name", 2, 1),
            (
                "trace_info: foreign key fk_trace_info_experiment_id (experiment_id) to experiments",
                2,
                2
            ),
        ]
    );
    refused(server, &*database).await;
    database.run(
        "UPDATE experiments SET name = 'again' WHERE experiment_id = 2;
         DELETE FROM trace_info WHERE experiment_id > 3",
    );
    to_newest(server, &*database).await.unwrap();
}

/// CHECKs of 39d1c3be5f05, where the server has them and takes other values than true and false.
async fn checks(server: &TestServer) {
    if !matches!(server.reference(), Server::Sqlite | Server::Mariadb | Server::Mysql) {
        return;
    }
    let database = server.at("7ac759974ad8").await;
    database.run(
        r#"INSERT INTO runs (run_uuid) VALUES ('a');
           INSERT INTO metrics ("key", value, timestamp, run_uuid, step, is_nan) VALUES
            ('m', 1, 1, 'a', 1, 0), ('m', 1, 2, 'a', 1, 2), ('m', 1, 3, 'a', 1, 3)"#,
    );
    let expected = ("metrics: CHECK (is_nan IN (0, 1))".to_owned(), 2, 2);
    assert_eq!(found(server, &*database).await, [expected]);
    refused(server, &*database).await;
    database.run("UPDATE metrics SET is_nan = 1 WHERE is_nan > 1");
    to_newest(server, &*database).await.unwrap();
}

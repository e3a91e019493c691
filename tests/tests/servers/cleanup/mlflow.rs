//! MLflow answers the same whether the rows are still there or not.

use std::process::Command;

use mlflow_migrate_tests::capability::{EVERY_REVISION, SERVER};
use mlflow_migrate_tests::conformance::{assert_at, live};
use mlflow_migrate_tests::database::TestDatabase;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{oracle, tests};

use super::{cleaned, has_note, upgraded, with_sources};
use crate::common::address_of;

pub(crate) const TESTS: &[Test] =
    tests![mlflow_does_not_notice_the_rows => SERVER => EVERY_REVISION];

/// What MLflow's store answers to questions and writes about traces.
fn served(python: &std::ffi::OsStr, database: &dyn TestDatabase) -> String {
    let url = address_of(database).to_string();
    // PyMySQL does not know the parameters of MySQL's own clients.
    let url = url.split('?').next().unwrap_or_default();
    let url = url.replace("postgresql://", "postgresql+psycopg://");
    oracle::run(Command::new(python).arg(oracle::script("served_traces.py")).arg(url))
}

/// All rows of all tables, by table, without the experiment that MLflow adds in a folder of its own.
async fn all_rows(database: &dyn TestDatabase) -> Vec<String> {
    let (schema, _) = live(database).await.unwrap();
    let of = |table: &String| {
        let rows = database.query(&format!("SELECT * FROM {table}"));
        let mut rows: Vec<String> = rows.iter().map(|row| format!("{table} {row:?}")).collect();
        rows.sort();
        rows
    };
    schema.tables.keys().filter(|table| *table != "experiments").flat_map(of).collect()
}

async fn mlflow_does_not_notice_the_rows(server: &TestServer) {
    let Some(python) = oracle::python() else { return };
    let (with_rows, without) = (with_sources(server).await, with_sources(server).await);
    upgraded(server, &*with_rows, "head", true).await.unwrap();
    upgraded(server, &*without, "head", false).await.unwrap();
    let (found, expected) = (served(&python, &*with_rows), served(&python, &*without));
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
    // Each write is one that MLflow accepts, but for the name that is deleted twice.
    let (_, written) = found.split_once("\"written\"").unwrap();
    assert_eq!(written.matches("MlflowException").count(), 1, "{written}");
    assert!(has_note(&*with_rows));
    cleaned(server, &*with_rows).await.unwrap();
    assert_at(server, &*with_rows, "head").await;
    let (found, expected) = (all_rows(&*with_rows).await, all_rows(&*without).await);
    let extra: Vec<&String> = found.iter().filter(|row| !expected.contains(row)).take(5).collect();
    assert_eq!(extra, Vec::<&String>::new());
    assert_eq!(found.len(), expected.len());
}

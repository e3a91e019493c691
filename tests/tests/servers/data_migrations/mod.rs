//! Each data migration, held to MLflow's rules.
//!
//! The SQL in here is every server's: names that MySQL reserves stand in double quotes, which its
//! test connections accept as such.

mod canceled_jobs;
mod default_workspace;
mod floats;
mod issue_categories;
mod latest_metrics;
mod mcp_version_references;
mod spelling;
mod storage_classes;
mod trace_analytics;
mod trace_analytics_late;
mod trace_analytics_prepopulated;
mod trace_analytics_refused;
mod traces;
mod user_tags;

use mlflow_migrate_core::error::RowProblem;
use mlflow_migrate_core::event::Event;
use mlflow_migrate_core::{Error, UpgradeReport};
use mlflow_migrate_tests::database::{Cell, TestDatabase, Upgrade, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;

pub(crate) const TESTS: &[&[Test]] = &[
    user_tags::TESTS,
    latest_metrics::TESTS,
    trace_analytics::TESTS,
    trace_analytics_late::TESTS,
    trace_analytics_prepopulated::TESTS,
    trace_analytics_refused::TESTS,
    issue_categories::TESTS,
    default_workspace::TESTS,
    canceled_jobs::TESTS,
    mcp_version_references::TESTS,
    spelling::TESTS,
    floats::TESTS,
    storage_classes::TESTS,
];

/// Upgrades a database, which must succeed, and gives what it told besides.
async fn upgraded(
    server: &TestServer,
    database: &dyn TestDatabase,
    target: &str,
) -> (UpgradeReport, Vec<String>) {
    upgraded_with(server, &Upgrade::default(), database, target).await
}

async fn upgraded_with(
    server: &TestServer,
    upgrade: &Upgrade,
    database: &dyn TestDatabase,
    target: &str,
) -> (UpgradeReport, Vec<String>) {
    let (result, events) = upgrade.run(server.catalogue(), database, target).await;
    let report = result.unwrap_or_else(|error| panic!("{error}"));
    let notices = events.into_iter().filter_map(|event| match event {
        Event::Notice { message } => Some(message),
        _ => None,
    });
    (report, notices.collect())
}

/// Upgrades a database, which must be refused and leave it byte for byte as it was.
async fn refused(
    server: &TestServer,
    database: &dyn TestDatabase,
    target: &str,
) -> Vec<RowProblem> {
    let before = database.contents();
    let error = upgrade(server.catalogue(), database, target).await.unwrap_err();
    assert!(database.contents() == before, "the refused upgrade has changed the database: {error}");
    match error {
        Error::Refused { findings } => findings,
        other => panic!("{other:?}"),
    }
}

/// A text as an SQL literal.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn texts(row: &[&str]) -> Vec<Cell> {
    row.iter().map(|text| Cell::from(*text)).collect()
}

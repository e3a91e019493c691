//! The schemas of two databases, or of a database and a revision, side by side.

use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::diff::{DiffReport, diff_from_database, diff_from_target};
use mlflow_migrate_tests::database::TestDatabase;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::json_schema::assert_fits;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;
use serde_json::json;

pub(crate) const TESTS: &[Test] = tests![two_databases, a_database_and_a_revision];

const OLD: &str = "7ac759974ad8";

async fn between(one: &dyn TestDatabase, other: &dyn TestDatabase) -> Vec<String> {
    let mut backend = one.connect().await.unwrap();
    let mut other = other.connect().await.unwrap();
    shown(&diff_from_database(&mut *backend, &mut *other).await.unwrap())
}

async fn from(
    server: &TestServer,
    database: &dyn TestDatabase,
    target: Option<&str>,
) -> Vec<String> {
    let mut backend = database.connect().await.unwrap();
    let target = target.map(Target::parse);
    let compared = diff_from_target(&mut *backend, server.catalogue(), target.as_ref(), None).await;
    shown(&compared.unwrap())
}

fn shown(report: &DiffReport) -> Vec<String> {
    assert_fits(report, &json!({ "event": "diff", "database": "" }));
    report.differences.iter().map(ToString::to_string).collect()
}

async fn two_databases(server: &TestServer) {
    let (one, other) = (server.at(OLD).await, server.at(OLD).await);
    assert!(between(&*one, &*other).await.is_empty());
    one.run("ALTER TABLE runs ADD COLUMN own INTEGER; CREATE TABLE mine (id INTEGER)");
    assert_eq!(between(&*one, &*other).await, ["extra: mine", "extra: runs: column own"]);
    assert_eq!(between(&*other, &*one).await, ["missing: mine", "missing: runs: column own"]);
}

async fn a_database_and_a_revision(server: &TestServer) {
    let database = server.at(OLD).await;
    for same in [None, Some(OLD), Some("1.2.0"), Some("7ac7"), Some("+0")] {
        assert!(from(server, &*database, same).await.is_empty(), "{same:?}");
    }
    let next = from(server, &*database, Some("+1")).await;
    assert_eq!(next, ["missing: latest_metrics"]);
    database.run("ALTER TABLE runs DROP COLUMN source_name");
    assert_eq!(from(server, &*database, None).await, ["missing: runs: column source_name"]);
}

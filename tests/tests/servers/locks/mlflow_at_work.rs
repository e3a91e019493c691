//! MLflow's own upgrade at work: it takes no lock that would tell, but what it has in use is seen.

use mlflow_migrate_core::error::LocationError;
use std::time::Duration;

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::doctor::diagnose;
use mlflow_migrate_core::{Error, FENCE, UpgradeOptions};
use mlflow_migrate_tests::capability::{MYSQL, SERVER};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::{Cell, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::mysql;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::tests;

use super::others::{Reader, assert_locked_by};
use crate::common::{address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    its_transaction_is_waited_for => SERVER,
    its_statement_is_waited_for => MYSQL,
    a_version_that_moved_before_the_first_change => MYSQL,
    a_version_that_moved_before_the_stamp => MYSQL,
];

const OLD: &str = "451aebb31d03";
const NEXT: &str = "90e64c465722";
/// A second for another upgrade, and longer for tables.
const SHORT: Waits = Waits { table: Duration::from_secs(10), upgrader: Duration::from_secs(1) };

/// Alembic's transaction begins by reading the version.
async fn its_transaction_is_waited_for(server: &TestServer) {
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    let before = database.contents();
    let (mlflow, session) = Reader::of_table(&address, "alembic_version").await;
    let error = upgrade_at(server.catalogue(), &address, SHORT, server.head()).await.unwrap_err();
    assert_locked_by(&error, session);
    assert!(matches!(error, Error::Locked { waited_seconds: 1, .. }), "{error:?}");
    assert!(database.contents() == before);
    let end = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        mlflow.end().await;
    };
    let (upgraded, ()) = tokio::join!(to_newest(server, &address), end);
    upgraded.unwrap();
    assert_at(server, &*database, server.head()).await;
}

/// Somebody who reads a table keeps MLflow's ALTER waiting.
async fn its_statement_is_waited_for(server: &TestServer) {
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    let (reader, _) = Reader::of_table(&address, "runs").await;
    let mut mlflow = mysql::connect(&address).await.unwrap();
    let id = "SELECT CAST(CONNECTION_ID() AS SIGNED)";
    let session: i64 = sqlx::query_scalar(id).fetch_one(&mut mlflow).await.unwrap();
    let alter = tokio::spawn(async move {
        sqlx::raw_sql("ALTER TABLE runs ADD COLUMN mine INT").execute(&mut mlflow).await
    });
    let waiting = format!(
        "SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = {session} \
                           AND STATE LIKE 'Waiting for table metadata lock'"
    );
    while query(server.address(), &waiting).is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let error = upgrade_at(server.catalogue(), &address, SHORT, server.head()).await.unwrap_err();
    assert_locked_by(&error, session);
    let mut backend = open(&address, SHORT).await.unwrap();
    let request = UpgradeOptions::to(Target::Head);
    let found = diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
    assert_locked_by(&found.problems[0], session);
    reader.end().await;
    alter.await.unwrap().unwrap();
    to_newest(server, &address).await.unwrap();
}

/// Upgrades, and lets MLflow stamp when a text goes to the server.
async fn overtaken_at(server: &TestServer, text: &str) -> (Error, String) {
    let database = server.at(OLD).await;
    let address = address_of(&*database);
    let mlflow = address.clone();
    let stamp = move || {
        query(&mlflow, &format!("UPDATE alembic_version SET version_num = '{NEXT}'"));
        true
    };
    let proxy = Proxy::before(&address, text, 1, stamp);
    let error = to_newest(server, &address.through_port(proxy.port())).await.unwrap_err();
    assert_told(&error, ErrorKind::Locked);
    let journal = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() \
                   AND TABLE_NAME = 'alembic_mlflow_migrate'";
    if matches!(error, Error::Location(LocationError::VersionMoved { .. })) {
        assert!(database.query(journal).is_empty());
        assert_eq!(database.query("SELECT * FROM alembic_version"), [[Cell::from(NEXT)]]);
    } else {
        assert!(!database.query(journal).is_empty());
        database.run(&format!("UPDATE alembic_version SET version_num = '{FENCE}'"));
        to_newest(server, &address).await.unwrap();
        assert_at(server, &*database, server.head()).await;
    }
    let told = error.to_string();
    (error, told)
}

async fn a_version_that_moved_before_the_first_change(server: &TestServer) {
    let (error, told) = overtaken_at(server, "SHOW GRANTS").await;
    assert!(matches!(error, Error::Location(LocationError::VersionMoved { .. })), "{error:?}");
    assert!(told.contains(&format!("held {OLD}, and now holds {NEXT}")), "{told}");
}

async fn a_version_that_moved_before_the_stamp(server: &TestServer) {
    let (error, told) = overtaken_at(server, "CREATE TABLE `registered_models`").await;
    assert!(matches!(error, Error::Interrupted { .. }), "{error:?}");
    assert!(told.contains(&format!("held {FENCE}, and now holds {NEXT}")), "{told}");
}

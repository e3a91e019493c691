//! What is left in a database tells nothing of the password.

use std::time::Duration;

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::capability::MYSQL;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::Waits;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::tests;

use crate::common::{PASSWORD, User, assert_told};

pub(crate) const TESTS: &[Test] = tests![the_journal_of_an_upgrade_that_stopped => MYSQL];

const OLD: &str = "7ac759974ad8";
const SHORT: Waits = Waits { table: Duration::from_secs(1), upgrader: Duration::from_secs(1) };

/// The connection is lost before a table that is changed after others.
async fn the_journal_of_an_upgrade_that_stopped(server: &TestServer) {
    let user = User::new(server);
    let database = server.at(OLD).await;
    let address = user.of(&*database);
    let granted = format!("GRANT ALL ON {}.* TO {}", address.database, user.quoted());
    query(server.address(), &granted);
    query(server.address(), &format!("GRANT SUPER ON *.* TO {}", user.quoted()));
    let proxy = Proxy::cut_at(&address, "ALTER TABLE `params`", 1);
    let through = address.through_port(proxy.port());
    let error = upgrade_at(server.catalogue(), &through, SHORT, server.head()).await.unwrap_err();
    assert_told(&error, ErrorKind::ConnectionLost);
    let notes = database.query("SELECT note FROM alembic_mlflow_migrate");
    assert!(notes.len() >= 2, "{notes:?}");
    let backend = open(&address, SHORT).await.unwrap();
    let version = database.query("SELECT version_num FROM alembic_version");
    for told in [format!("{notes:?}"), format!("{version:?}"), backend.name()] {
        assert!(!told.contains(PASSWORD) && !told.contains("s3cret"), "{told}");
    }
}

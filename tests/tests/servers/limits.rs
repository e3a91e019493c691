//! What a server cannot hold, or may not be asked to.

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::capability::{OLD, POSTGRES, SHORT_KEYS};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::TestDatabase;
use mlflow_migrate_tests::database::upgrade;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::mysql::MysqlDatabase;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::{address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    revisions_that_need_a_newer_server => OLD,
    keys_that_are_too_long => SHORT_KEYS,
    a_database_that_is_read_only => POSTGRES,
];

/// a1b2c3d4e5f6 makes a generated column.
async fn revisions_that_need_a_newer_server(server: &TestServer) {
    for start in ["451aebb31d03", "770bee3ae1dd"] {
        let database = server.at(start).await;
        let before = database.contents();
        let error = upgrade(server.catalogue(), &*database, "head").await.unwrap_err();
        assert_told(&error, ErrorKind::ServerLimit);
        assert!(error.to_string().contains("a1b2c3d4e5f6"), "{error}");
        assert!(error.hint().unwrap().contains("770bee3ae1dd"), "{error:?}");
        assert!(database.contents() == before);
        upgrade(server.catalogue(), &*database, "770bee3ae1dd").await.unwrap();
        assert_at(server, &*database, "770bee3ae1dd").await;
    }
}

async fn keys_that_are_too_long(server: &TestServer) {
    let database = MysqlDatabase::new(server.address(), server.reference(), "utf8mb4");
    let before = database.contents();
    let error = to_newest(server, &address_of(&database)).await.unwrap_err();
    assert_told(&error, ErrorKind::ServerLimit);
    assert!(error.to_string().contains("767"), "{error}");
    assert!(database.contents() == before);
}

/// As a standby server is.
async fn a_database_that_is_read_only(server: &TestServer) {
    let database = server.at("451aebb31d03").await;
    let address = address_of(&*database);
    database.run(&format!(
        "ALTER DATABASE {} SET default_transaction_read_only = on",
        address.database
    ));
    let before = database.contents();
    assert_told(&to_newest(server, &address).await.unwrap_err(), ErrorKind::ReadOnly);
    assert!(database.contents() == before);
}

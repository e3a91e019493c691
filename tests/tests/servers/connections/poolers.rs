//! PgBouncer between this tool and PostgreSQL.

use mlflow_migrate_core::UpgradeOptions;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::check::check;
use mlflow_migrate_core::report::doctor::diagnose;
use mlflow_migrate_core::report::verify::verify;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::POSTGRES;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::{TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::pooler::Pooler;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{fill, tests};

use crate::common::{address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    session_pooling => POSTGRES,
    transaction_pooling => POSTGRES,
    statement_pooling_is_refused_at_once => POSTGRES,
];

const OLD: &str = "7ac759974ad8";

async fn old_behind(server: &TestServer, mode: &str) -> (Pooler, Box<dyn TestDatabase>, Address) {
    let database = server.at(OLD).await;
    fill::metrics(&*database, 1);
    let pooler = Pooler::start(server.address(), mode);
    let address = address_of(&*database).through_port(pooler.port());
    (pooler, database, address)
}

/// Every command, more often than the pooler has connections to the server: what one leaves behind on
/// a connection meets the next.
async fn all_goes_well(server: &TestServer, mode: &str) {
    let (_pooler, database, address) = old_behind(server, mode).await;
    let target = "2b4d017a5e9b";
    for target in [target, target, server.head(), server.head()] {
        let request = UpgradeOptions::to(Target::parse(target));
        for _ in 0..3 {
            let mut backend = open(&address, Waits::default()).await.unwrap();
            let found = diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
            assert!(found.problems.is_empty(), "{mode}: {:?}", found.problems);
            check(&mut *backend, server.catalogue(), None).await.unwrap();
        }
        let report = upgrade_at(server.catalogue(), &address, Waits::default(), target).await;
        report.unwrap_or_else(|error| panic!("{mode}: {target}: {error}: {error:?}"));
    }
    assert_at(server, &*database, server.head()).await;
    let mut backend = open(&address, Waits::default()).await.unwrap();
    let verified = verify(&mut *backend, server.catalogue(), None, true).await.unwrap();
    assert!(verified.violations.is_empty() && verified.checked.drift.is_empty());
}

async fn session_pooling(server: &TestServer) {
    all_goes_well(server, "session").await;
}

async fn transaction_pooling(server: &TestServer) {
    all_goes_well(server, "transaction").await;
}

async fn statement_pooling_is_refused_at_once(server: &TestServer) {
    let (_pooler, database, address) = old_behind(server, "statement").await;
    let before = database.contents();
    let error = to_newest(server, &address).await.unwrap_err();
    assert_told(&error, ErrorKind::Unreachable);
    assert!(error.to_string().contains("pool_mode = statement"), "{error}");
    let mut backend = open(&address, Waits::default()).await.unwrap();
    let error = check(&mut *backend, server.catalogue(), None).await.unwrap_err();
    assert_told(&error, ErrorKind::Unreachable);
    assert!(database.contents() == before);
}

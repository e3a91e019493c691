//! Where each change commits: an interrupted downgrade resumes, or is rolled back while nothing is lost.

use std::sync::Arc;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::UpgradeOptions;
use mlflow_migrate_core::error::{ErrorKind, Operation};
use mlflow_migrate_core::event::{NoopObserver, Observer};
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::MYSQL;
use mlflow_migrate_tests::conformance::differences;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::{TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};
use mlflow_migrate_tests::{fill, tests};

use super::{downgrade, rows};
use crate::common::{address_of, assert_told};
use crate::interruptions::aborts::roll_back;

pub(crate) const TESTS: &[Test] = tests![
    the_same_command_resumes => MYSQL,
    an_upgrade_does_not_resume_it => MYSQL,
    it_is_rolled_back_while_nothing_is_lost => MYSQL,
];

const OLDER: &str = "7ac759974ad8";
const NEWER: &str = "acf3f17fdcc7";

/// A database with rows at the newer revision, which has tables and columns that go.
async fn filled(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at(OLDER).await;
    fill::metrics(&*database, 2);
    mlflow_migrate_tests::database::upgrade(server.catalogue(), &*database, NEWER).await.unwrap();
    database
}

/// Cuts a downgrade off when this text goes to the server, and returns the step at which it was.
async fn stop_at(server: &TestServer, address: &Address, text: &str, time: u64) -> usize {
    let proxy = Proxy::cut_at(address, text, time);
    let through = address.through_port(proxy.port());
    let mut backend = open(&through, Waits::default()).await.unwrap();
    let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
    let request = UpgradeOptions::back_to(Target::parse(OLDER), false);
    let error =
        mlflow_migrate_core::upgrade(&mut *backend, server.catalogue(), &request, &observer)
            .await
            .unwrap_err();
    assert!(proxy.has_cut(), "{text}: {error}");
    wait_until_alone(server, address);
    let Error::Interrupted { operation, step, .. } = error else { panic!("{text}: {error:?}") };
    assert_eq!(operation, Operation::Downgrade);
    step
}

async fn assert_at(server: &TestServer, database: &dyn TestDatabase, revision: &str) {
    let states = server.reference().states().unwrap();
    let state = states.iter().find(|state| state.0.as_deref() == Some(revision)).unwrap();
    assert_eq!(differences(server, database, state).await.unwrap(), Vec::<String>::new());
}

async fn the_same_command_resumes(server: &TestServer) {
    let reference = filled(server).await;
    downgrade(server, &*reference, OLDER, false).await.unwrap();
    let expected = rows(&*reference).await;
    for (text, time) in [("DROP TABLE", 2), ("SET note = '8' WHERE id = 0", 1)] {
        let database = filled(server).await;
        let address = address_of(&*database);
        stop_at(server, &address, text, time).await;
        // A second interruption, at the first change that is left.
        stop_at(server, &address, "ALTER TABLE", 1).await;
        downgrade(server, &*database, OLDER, false).await.unwrap();
        assert_at(server, &*database, OLDER).await;
        assert!(rows(&*database).await == expected, "{text} {time}");
    }
}

async fn an_upgrade_does_not_resume_it(server: &TestServer) {
    let database = filled(server).await;
    let address = address_of(&*database);
    stop_at(server, &address, "DROP TABLE", 2).await;
    let error =
        upgrade_at(server.catalogue(), &address, Waits::default(), NEWER).await.unwrap_err();
    assert_told(&error, ErrorKind::Journal);
    let Error::Unfinished { unfinished, .. } = &error else { panic!("{error:?}") };
    assert_eq!(unfinished.operation, Operation::Downgrade);
    let hint = mlflow_migrate::hint(&error).unwrap();
    assert!(hint.contains(&format!("mlflow-migrate downgrade --to {OLDER}")), "{hint}");
    // What is unfinished does not lead to a newer target, but an older one follows it.
    let error = downgrade(server, &*database, NEWER, false).await.unwrap_err();
    assert!(matches!(error, Error::Unfinished { .. }), "{error:?}");
    downgrade(server, &*database, OLDER, false).await.unwrap();
    assert_at(server, &*database, OLDER).await;
}

async fn it_is_rolled_back_while_nothing_is_lost(server: &TestServer) {
    let database = server.at(NEWER).await;
    let address = address_of(&*database);
    let step = stop_at(server, &address, "ALTER TABLE", 3).await;
    let aborted = roll_back(server, &address).await.unwrap();
    assert_eq!((aborted.operation, aborted.steps), (Operation::Downgrade, step));
    assert_at(server, &*database, NEWER).await;

    // The newest entries of metrics are rows that only an upgrade computes again.
    let database = filled(server).await;
    let address = address_of(&*database);
    stop_at(server, &address, "ALTER TABLE", 1).await;
    let error = roll_back(server, &address).await.unwrap_err();
    assert!(error.to_string().contains("drop table latest_metrics"), "{error}");
    downgrade(server, &*database, OLDER, false).await.unwrap();
    assert_at(server, &*database, OLDER).await;
}

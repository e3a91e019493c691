//! A database that was dumped and restored by the server's own tools is the same database.

use mlflow_migrate_core::report::check::{Verdict, check};
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_tests::capability::{DUMPS, SERVER};
use mlflow_migrate_tests::conformance::{assert_at, assert_content};
use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::dump::{Form, restored};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

pub(crate) const TESTS: &[Test] = tests![
    a_restored_database_is_as_it_was => DUMPS,
    one_that_was_restored_twice_is_too => DUMPS => SERVER,
];

/// `all`: every state is dumped and restored.
const STATES: &str = "MLFLOW_MIGRATE_RESTORED_STATES";

/// One state in so many, besides the first and the last, and every one where that is cheap.
fn stride(server: &TestServer) -> usize {
    let is_all = std::env::var(STATES).is_ok_and(|states| states == "all");
    match server.dialect() {
        _ if is_all => 1,
        Dialect::Sqlite => 2,
        Dialect::Postgres => 9,
        Dialect::Mysql => 24,
    }
}

async fn a_restored_database_is_as_it_was(server: &TestServer) {
    let states = server.reference().states().unwrap();
    let walking = server.new_database();
    for (number, (revision, _)) in states.iter().enumerate() {
        if number % stride(server) != 0 && number + 1 != states.len() {
            continue;
        }
        let revision = revision.as_deref().unwrap_or("base");
        upgrade(server.catalogue(), &*walking, revision).await.unwrap();
        let form = Form::of(server)[number % Form::of(server).len()];
        let database = restored(server, &*walking, form);
        assert_upgrades(server, &*database, revision, form).await;
    }
}

/// The second dump says what the server has made of the first.
async fn one_that_was_restored_twice_is_too(server: &TestServer) {
    for revision in ["acf3f17fdcc7", "770bee3ae1dd"] {
        for form in Form::of(server) {
            let once = restored(server, &*server.at(revision).await, *form);
            let twice = restored(server, &*once, *form);
            assert_upgrades(server, &*twice, revision, *form).await;
        }
    }
}

/// The database is recognised without drift, and comes to MLflow's schema.
async fn assert_upgrades(
    server: &TestServer,
    database: &dyn TestDatabase,
    revision: &str,
    form: Form,
) {
    let mut backend = database.connect().await.unwrap();
    let checked = check(&mut *backend, server.catalogue(), None).await.unwrap();
    assert_ne!(checked.verdict, Verdict::Drifted, "{revision} {form:?}: {:?}", checked.drift);
    drop(backend);
    upgrade(server.catalogue(), database, server.head())
        .await
        .unwrap_or_else(|error| panic!("{revision} {form:?}: {error}"));
    assert_at(server, database, server.head()).await;
    assert_content(server, database, server.head()).await;
}

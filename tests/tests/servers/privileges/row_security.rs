//! PostgreSQL's row-level security, which could hide rows from an upgrade.

use mlflow_migrate::hint;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::check::check;
use mlflow_migrate_core::report::doctor::diagnose;
use mlflow_migrate_core::report::verify::verify;
use mlflow_migrate_core::{Error, UpgradeOptions};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::POSTGRES;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::{TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::tests;

use crate::common::{User, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    forced_on_the_owner => POSTGRES,
    of_another_role => POSTGRES,
    on_the_version => POSTGRES,
];

const OLD: &str = "b7e2c1a4d9f3";

/// A user who owns all that is in a database at a revision.
async fn owned(server: &TestServer) -> (User, Box<dyn TestDatabase>, Address) {
    let user = User::new(server);
    let database = server.new_database();
    let address = user.of(&*database);
    let grant = format!(
        "GRANT ALL ON DATABASE {} TO {name}; GRANT ALL ON SCHEMA public TO {name}",
        address.database,
        name = user.name
    );
    database.run(&grant);
    upgrade_at(server.catalogue(), &address, Waits::default(), OLD).await.unwrap();
    (user, database, address)
}

/// The statements that a hint tells, each between two back quotes.
fn statements(error: &Error) -> Vec<String> {
    let hint = hint(error).unwrap();
    hint.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

/// What is found by the upgrade before its first change, and by `doctor`.
async fn refused(server: &TestServer, database: &dyn TestDatabase, address: &Address) -> Error {
    let before = database.contents();
    let error = to_newest(server, address).await.unwrap_err();
    assert_told(&error, ErrorKind::Privileges);
    assert!(database.contents() == before, "{error}");
    let mut backend = open(address, Waits::default()).await.unwrap();
    let request = UpgradeOptions::to(Target::parse(server.head()));
    let found = diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
    let told = |problem: &Error| problem.to_string() == error.to_string();
    assert!(found.problems.iter().any(told), "{error}: {:?}", found.problems);
    error
}

async fn forced_on_the_owner(server: &TestServer) {
    let (_user, database, address) = owned(server).await;
    for table in ["spans", "trace_tags", "experiments"] {
        database.run(&format!(
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        ));
        let error = refused(server, &*database, &address).await;
        assert!(error.to_string().contains(&format!("all rows of {table} ")), "{error}");
        let [before, after, ..] = &statements(&error)[..] else { panic!("{error:?}") };
        query(&address, before);
        database.run(&format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"));
        assert!(after.contains("FORCE ROW LEVEL SECURITY"), "{after}");
    }
    // One that only an owner's policy hides does not matter to the owner, and stays as it is.
    to_newest(server, &address).await.unwrap();
    assert_at(server, &*database, server.head()).await;
    // Counting is no upgrade.
    database.run("ALTER TABLE spans FORCE ROW LEVEL SECURITY");
    let mut backend = open(&address, Waits::default()).await.unwrap();
    let error = verify(&mut *backend, server.catalogue(), None, true).await.unwrap_err();
    assert_told(&error, ErrorKind::Privileges);
    assert!(error.to_string().contains("all rows of spans "), "{error}");
}

/// Who may do everything with the tables is still subject to policies.
async fn of_another_role(server: &TestServer) {
    let other = User::new(server);
    let (_user, database, address) = owned(server).await;
    database.run(&format!(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO {other}; GRANT ALL ON SCHEMA public TO {other};
         ALTER TABLE spans ENABLE ROW LEVEL SECURITY",
        other = other.name
    ));
    let mut backend = open(&other.of(&*database), Waits::default()).await.unwrap();
    let request = UpgradeOptions::to(Target::parse(server.head()));
    let found = diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
    let told = |error: &&Error| error.to_string().contains("all rows of spans ");
    let error = found.problems.iter().find(told).unwrap_or_else(|| panic!("{:?}", found.problems));
    assert!(hint(error).unwrap().contains("as the owner"), "{error:?}");
    // With the right to see everything nothing is said any more, and the owner never needed it.
    query(server.address(), &statements(error)[0]);
    let mut backend = open(&other.of(&*database), Waits::default()).await.unwrap();
    let found = diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
    assert!(!found.problems.iter().any(|error| error.to_string().contains("all rows of")));
    query(server.address(), &statements(error)[1]);
    to_newest(server, &address).await.unwrap();
}

async fn on_the_version(server: &TestServer) {
    let (_user, database, address) = owned(server).await;
    database.run("ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY");
    let before = database.contents();
    let error = to_newest(server, &address).await.unwrap_err();
    assert_told(&error, ErrorKind::Privileges);
    assert!(error.to_string().contains("all rows of alembic_version "), "{error}");
    let mut backend = open(&address, Waits::default()).await.unwrap();
    let error = check(&mut *backend, server.catalogue(), None).await.unwrap_err();
    assert!(error.to_string().contains("all rows of alembic_version "), "{error}");
    assert!(database.contents() == before);
    query(&address, &statements(&error)[0]);
    to_newest(server, &address).await.unwrap();
}

//! The auth app's database: the second of MLflow's migration graphs.

mod conformance;
mod recognition;
mod rows;

use std::process::Command;

use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::{Error, UpgradeReport};
use mlflow_migrate_tests::capability::Capability;
use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::oracle;
use mlflow_migrate_tests::server::TestServer;

use crate::downgrades::downgrade_by;

pub(crate) const TESTS: &[&[Test]] = &[conformance::TESTS, rows::TESTS, recognition::TESTS];

/// Databases on which MLflow's auth app can have its tables.
const POSSIBLE: Capability =
    Capability::new("a database that takes two foreign keys of one name", |server| {
        !server.is_mysql()
    });

fn catalogue() -> Catalogue {
    mlflow_migrate_revisions::auth().unwrap()
}

/// A new database at a revision of the auth app.
async fn at(server: &TestServer, revision: &str) -> Box<dyn TestDatabase> {
    let database = server.new_database();
    upgraded(&*database, revision).await;
    database
}

/// Upgrades the auth app's tables, which must succeed.
async fn upgraded(database: &dyn TestDatabase, target: &str) {
    let report = upgrade(&catalogue(), database, target).await;
    report.unwrap_or_else(|error| panic!("to {target}: {error}"));
}

/// Downgrades the auth app's tables.
async fn downgraded(
    database: &dyn TestDatabase,
    target: &str,
    discard: bool,
) -> Result<UpgradeReport, Error> {
    downgrade_by(&catalogue(), database, target, discard).await
}

/// Runs a command of `tests/oracle/auth_app.py` on databases; `false` if there is no MLflow here.
fn in_mlflow(command: &str, databases: &[&dyn TestDatabase]) -> bool {
    let Some(python) = oracle::python() else { return false };
    let mut call = Command::new(python);
    call.arg(oracle::script("auth_app.py")).arg(command);
    call.args(databases.iter().map(|database| named(*database)));
    oracle::run(&mut call);
    true
}

/// Names a database as SQLAlchemy does.
fn named(database: &dyn TestDatabase) -> String {
    match (database.path(), database.address()) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(address)) => address
            .without_parameters()
            .to_string()
            .replace("postgresql://", "postgresql+psycopg://"),
        (None, None) => panic!("the database is nowhere"),
    }
}

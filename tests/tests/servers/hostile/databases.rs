//! Databases and schemas whose names need quotes.

use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{POSTGRES, SERVER};
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::Waits;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::postgres::drop_database;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::tests;
use mlflow_migrate_tests::unique::next_name;

use super::{literal, name};

pub(crate) const TESTS: &[Test] = tests![
    databases => SERVER,
    schemas => POSTGRES,
];

/// Without what ends the name of a database in a URL.
const NAME: &str = "'n' \"q\" `b`; -- \\ %s $1 :aßΩ";

/// A database under a name of its own, which goes with this value.
struct Named {
    address: Address,
    administrator: Address,
}

impl Named {
    fn new(server: &TestServer, text: &str) -> Self {
        let administrator = server.address().clone();
        let own: String = format!("{} {text}", next_name()).chars().take(60).collect();
        let charset = server.charset().map(|it| format!(" CHARACTER SET {it}")).unwrap_or_default();
        run(&administrator, &format!("CREATE DATABASE {}{charset}", quoted(server, &own)));
        Self { address: administrator.of_database(&own).unencrypted(), administrator }
    }
}

/// The connection without a database of its own does not know double quotes on MySQL.
fn quoted(server: &TestServer, text: &str) -> String {
    if server.is_mysql() { format!("`{}`", text.replace('`', "``")) } else { name(text) }
}

fn run(address: &Address, sql: &str) {
    query(address, sql);
}

impl Drop for Named {
    fn drop(&mut self) {
        let own = &self.address.database;
        if self.administrator.is_postgres() {
            drop_database(&self.administrator, own).unwrap();
        } else {
            run(&self.administrator, &format!("DROP DATABASE `{}`", own.replace('`', "``")));
        }
    }
}

async fn databases(server: &TestServer) {
    let named = Named::new(server, NAME);
    goes_to_newest(server, &named.address).await;
}

async fn schemas(server: &TestServer) {
    let named = Named::new(server, "schemas");
    run(&named.address, &format!("CREATE SCHEMA {}", name(NAME)));
    // libpq takes a backslash for the sign that the next character is no end of a word.
    let mut path = String::new();
    for one in name(NAME).chars() {
        path.extend((one == '\\' || one.is_whitespace()).then_some('\\'));
        path.push(one);
    }
    let address = named.address.clone().with("options", &format!("-csearch_path={path}"));
    goes_to_newest(server, &address).await;
    let count = format!("SELECT 1 FROM pg_tables WHERE schemaname = {}", literal(NAME));
    assert!(query(&named.address, &count).len() > 50);
    assert!(
        query(&named.address, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'").is_empty()
    );
}

async fn goes_to_newest(server: &TestServer, address: &Address) {
    for target in ["90e64c465722", server.head()] {
        let report = upgrade_at(server.catalogue(), address, Waits::default(), target).await;
        report.unwrap_or_else(|error| panic!("{error}: {error:?}"));
    }
    let mut backend = open(address, Waits::default()).await.unwrap();
    let catalogue = server.catalogue();
    let checked =
        mlflow_migrate_core::report::check::check(&mut *backend, catalogue, None).await.unwrap();
    assert!(checked.drift.is_empty() && checked.extra.is_empty(), "{checked:?}");
}

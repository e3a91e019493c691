//! What is on the same server, or in the same database, and is none of this tool's business.

use mlflow_migrate_tests::capability::{MYSQL, POSTGRES, SERVER};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::upgrade_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use crate::common::{address_of, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    another_mlflow_on_the_same_server => SERVER,
    another_mlflow_in_another_schema => POSTGRES,
    a_schema_that_does_not_exist => POSTGRES,
    a_table_that_refers_from_another_database => MYSQL,
];

const OLD: &str = "451aebb31d03";

async fn another_mlflow_on_the_same_server(server: &TestServer) {
    let (one, other) = (server.at(OLD).await, server.at(OLD).await);
    other.run("INSERT INTO experiments (experiment_id, name) VALUES (1, 'one')");
    let before = other.contents();
    to_newest(server, &address_of(&*one)).await.unwrap();
    assert!(other.contents() == before);
}

/// The tables of a schema: their files, and their rows.
fn tables(database: &dyn TestDatabase, schema: &str) -> Vec<Vec<Vec<Cell>>> {
    let tables = database.query(&format!(
        "SELECT oid::regclass::text, relfilenode, relacl::text FROM pg_class
         WHERE relnamespace = '{schema}'::regnamespace ORDER BY 1"
    ));
    let rows = database.query(&format!(
        "SELECT 'SELECT t::text FROM ' || oid::regclass || ' t ORDER BY 1' FROM pg_class
         WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r' ORDER BY 1"
    ));
    let queries = rows.iter().filter_map(|row| match row.as_slice() {
        [Cell::Text(query)] => Some(database.query(query)),
        _ => None,
    });
    std::iter::once(tables).chain(queries).collect()
}

/// Two departments share a database, each in its own schema.
async fn another_mlflow_in_another_schema(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run(
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
         CREATE SCHEMA \"other Schema\"",
    );
    let public = tables(&*database, "public");
    let address = address_of(&*database);
    let other = address.with("options", "-csearch_path=\"other\\ Schema\"");
    for target in [OLD, "head"] {
        upgrade_at(server.catalogue(), &other, Waits::default(), target).await.unwrap();
        assert!(tables(&*database, "public") == public, "{target}");
        let version = database.query("SELECT version_num FROM \"other Schema\".alembic_version");
        assert_eq!(version.len(), 1);
    }
    let count = "SELECT count(*) FROM pg_class WHERE relname IN ('workspaces', 'latest_metrics')
                 AND relnamespace = '\"other Schema\"'::regnamespace";
    assert_eq!(database.query(count), [[2.into()]]);
    let there = tables(&*database, "\"other Schema\"");
    to_newest(server, &address_of(&*database)).await.unwrap();
    assert!(tables(&*database, "\"other Schema\"") == there);
    let name = database.query("SELECT name, workspace FROM experiments");
    assert_eq!(name, [["one".into(), "default".into()]]);
}

/// Otherwise the tables would be made somewhere else.
async fn a_schema_that_does_not_exist(server: &TestServer) {
    let database = server.at(OLD).await;
    let before = database.contents();
    let address = address_of(&*database).with("options", "-csearch_path=missing");
    let error = to_newest(server, &address).await.unwrap_err();
    crate::common::assert_told(&error, mlflow_migrate_core::error::ErrorKind::Unreachable);
    assert!(database.contents() == before);
}

async fn a_table_that_refers_from_another_database(server: &TestServer) {
    let (database, other) = (server.at(OLD).await, server.new_database());
    database.run("INSERT INTO runs (run_uuid) VALUES ('a')");
    let name = address_of(&*database).database;
    other.run(&format!(
        "CREATE TABLE notes (run VARCHAR(32) NOT NULL, note TEXT,
         CONSTRAINT of_run FOREIGN KEY (run) REFERENCES {name}.runs (run_uuid));
         INSERT INTO notes VALUES ('a', 'one')"
    ));
    let before = other.contents();
    to_newest(server, &address_of(&*database)).await.unwrap();
    assert_at(server, &*database, server.head()).await;
    assert!(other.contents() == before);
}

//! Databases that somebody else has filled: whatever their objects are called and whatever their rows
//! hold, it is never taken for SQL, and comes out as it went in.

mod databases;
mod dependents;
mod dependents_of_changed_columns;
mod dependents_of_keys;
mod flipped_bytes;
mod made_up_names;
mod names;
mod orphans;
mod partitions;
mod publications;
mod references;
mod rows;
mod unfit;
mod values;

use mlflow_migrate::hint;
use mlflow_migrate_tests::database::{Cell, TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::{TestServer, query};

/// What names and values hold, which a character set could spoil.
pub(crate) const IN_EVERY_CHARSET: &[&[Test]] =
    &[names::TESTS, values::TESTS, made_up_names::TESTS, rows::TESTS];

pub(crate) const ONCE_A_SERVER: &[&[Test]] = &[
    databases::TESTS,
    dependents::TESTS,
    dependents_of_changed_columns::TESTS,
    dependents_of_keys::TESTS,
    partitions::TESTS,
    publications::TESTS,
    references::TESTS,
    orphans::TESTS,
    unfit::TESTS,
    flipped_bytes::TESTS,
];

/// A name in double quotes, which the connections of the tests take as such on every server.
fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The number of PostgreSQL's version: 150018 is 15.18.
fn version(server: &TestServer) -> i64 {
    let rows = query(server.address(), "SELECT current_setting('server_version_num')::int8");
    match rows[0][0] {
        Cell::Integer(version) => version,
        ref other => panic!("{other:?}"),
    }
}

/// Whether a server knows an object by the statement that makes it.
///
/// PostgreSQL has functions in SQL's own syntax and statistics of expressions since 14, publications
/// of some columns or rows since 15.
pub(crate) fn is_known(server: &TestServer, create: &str) -> bool {
    let is_of_a_part = create.contains('(');
    let since = match create {
        _ if create.contains("CREATE PUBLICATION") && is_of_a_part => 150_000,
        _ if create.contains("CREATE STATISTICS") && is_of_a_part => 140_000,
        _ if create.contains("BEGIN ATOMIC") => 140_000,
        _ => return true,
    };
    version(server) >= since
}

/// A text as an SQL literal, in which no server of the tests reads backslashes.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The statements that a hint tells, between its first back quote and its last.
fn statements_of(error: &mlflow_migrate_core::Error) -> String {
    let hint = hint(error).unwrap();
    let (_, statements) = hint.split_once('`').unwrap_or_else(|| panic!("{hint}"));
    // The connections of the tests take double quotes for names.
    statements.strip_suffix('`').unwrap().replace('`', "\"")
}

async fn to_newest(server: &TestServer, database: &dyn TestDatabase) {
    let report = upgrade(server.catalogue(), database, server.head()).await;
    report.unwrap_or_else(|error| panic!("{error}: {error:?}"));
}

//! Databases that somebody else has filled: whatever their objects are called and whatever their rows
//! hold, it is never taken for SQL, and comes out as it went in.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod databases;
mod made_up_names;
mod names;
mod rows;
mod values;

use std::process::ExitCode;

use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::harness;
use mlflow_migrate_tests::server::TestServer;

fn main() -> ExitCode {
    harness::run(&[
        names::TESTS,
        values::TESTS,
        databases::TESTS,
        made_up_names::TESTS,
        rows::TESTS,
    ])
}

/// A name in double quotes, which the connections of the tests take as such on every server.
fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A text as an SQL literal, in which no server of the tests reads backslashes.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

async fn to_newest(server: &TestServer, database: &dyn TestDatabase) {
    let report = upgrade(server.catalogue(), database, server.head()).await;
    report.unwrap_or_else(|error| panic!("{error}: {error:?}"));
}

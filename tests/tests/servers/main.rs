//! What must hold on every server: SQLite, and those that `MLFLOW_MIGRATE_TEST_URLS` names.
//!
//! Each module is a subject: `cargo test -p mlflow-migrate-tests --test servers -- locks::` runs one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod auth;
mod charsets;
mod common;
mod conformance;
mod cleanup;
mod connections;
mod data_migrations;
mod diffs;
mod doctor;
mod downgrades;
mod drift;
mod estimates;
mod hostile;
mod interruptions;
mod limits;
mod locks;
mod merging;
mod preparation;
mod privileges;
mod repairs;
mod restored;
mod scripts;
mod server_defaults;
mod stamps;
mod survival;
mod waiting;

use std::process::ExitCode;
use std::time::Duration;

use mlflow_migrate_tests::harness::Company::{Nobody, Others};
use mlflow_migrate_tests::harness::Program;
use mlflow_migrate_tests::harness::Reach::{EachCharset, FurtherServers, OnceAServer};

/// The four servers of CI, with what `MLFLOW_MIGRATE_CONTENT` and the like leave out by default.
const EXPECTED: Duration = Duration::from_secs(830);

fn main() -> ExitCode {
    // The longest trials begin first.
    Program::new(EXPECTED)
        .tests(EachCharset, Others, &[conformance::IN_EVERY_CHARSET])
        .tests(OnceAServer, Others, &[conformance::ONCE_A_SERVER])
        .tests(FurtherServers, Others, &[conformance::ON_FURTHER_SERVERS])
        .tests(EachCharset, Others, &[restored::TESTS, limits::TESTS, interruptions::swaps::TESTS])
        .tests(OnceAServer, Others, interruptions::TESTS)
        .tests(OnceAServer, Others, downgrades::TESTS)
        .tests(EachCharset, Others, data_migrations::TESTS)
        .tests(EachCharset, Others, charsets::TESTS)
        .tests(EachCharset, Others, hostile::IN_EVERY_CHARSET)
        .tests(OnceAServer, Others, hostile::ONCE_A_SERVER)
        .tests(
            OnceAServer,
            Others,
            &[merging::TESTS, survival::TESTS, scripts::TESTS, waiting::TESTS, estimates::TESTS],
        )
        .tests(OnceAServer, Others, auth::TESTS)
        .tests(OnceAServer, Others, connections::TESTS)
        .tests(OnceAServer, Others, privileges::TESTS)
        .tests(OnceAServer, Others, preparation::TESTS)
        .tests(OnceAServer, Others, cleanup::TESTS)
        .tests(OnceAServer, Others, locks::TESTS)
        .tests(OnceAServer, Others, drift::TESTS)
        .tests(OnceAServer, Others, &[repairs::TESTS, stamps::TESTS, diffs::TESTS, doctor::TESTS])
        .tests(EachCharset, Nobody, &[server_defaults::TESTS])
        .run()
}

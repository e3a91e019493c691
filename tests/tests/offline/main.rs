//! What needs no server: the catalogue, plans, SQLite files, and the sources themselves.
//!
//! Each module is a subject: `cargo test -p mlflow-migrate-tests --test offline -- planner::` runs one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod catalogue;
mod downgrades;
mod file_store;
mod fuzzing;
mod house;
mod imports;
mod json;
mod mysql_5_7;
mod pages;
mod planner;
mod scripts;
mod sqlite;
mod states;

use std::process::ExitCode;
use std::time::Duration;

use mlflow_migrate_tests::harness::Company::{Nobody, Others};
use mlflow_migrate_tests::harness::Program;

const EXPECTED: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    // The longest trials begin first.
    Program::new(EXPECTED)
        .checks(Others, &[planner::CHECKS, downgrades::CHECKS, fuzzing::CHECKS, mysql_5_7::CHECKS])
        .checks(Others, &[file_store::CHECKS, scripts::CHECKS])
        .checks(Others, sqlite::CHECKS)
        .checks(Others, &[catalogue::CHECKS, house::CHECKS, imports::CHECKS])
        .checks(Others, &[json::CHECKS, pages::CHECKS])
        .checks(Nobody, sqlite::ALONE)
        .run()
}

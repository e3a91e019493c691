//! What can go wrong between this tool and a server, and what other programs do there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod aborts;
mod collations;
mod connections;
mod ddl_of_others;
mod drift;
mod encodings;
mod forged_notes;
mod half_created;
mod interruptions;
mod limits;
mod locks;
mod mlflow_at_work;
mod other_databases;
mod other_roles;
mod poolers;
mod privileges;
mod restored;
mod row_security;
mod secrets;
mod settings;
mod stamps;
mod swaps;
mod tls;
mod traffic;
mod unused;
mod verification;

use std::process::ExitCode;

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::{Error, UpgradeReport};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::connect::upgrade_at;
use mlflow_migrate_tests::database::{TestDatabase, Waits};
use mlflow_migrate_tests::harness::{self, Test};
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::unique::next_user;

/// The password of every user that a test makes.
const PASSWORD: &str = "s3cret/p@ss:w0rd";

fn main() -> ExitCode {
    let in_every_charset: &[&[Test]] =
        &[limits::TESTS, collations::TESTS, swaps::TESTS, restored::TESTS, encodings::TESTS];
    let others: &[&[Test]] = &[
        connections::TESTS,
        poolers::TESTS,
        tls::TESTS,
        privileges::TESTS,
        other_roles::TESTS,
        row_security::TESTS,
        secrets::TESTS,
        locks::TESTS,
        interruptions::TESTS,
        aborts::TESTS,
        forged_notes::TESTS,
        ddl_of_others::TESTS,
        other_databases::TESTS,
        settings::TESTS,
        traffic::TESTS,
        verification::TESTS,
        drift::TESTS,
        unused::TESTS,
        mlflow_at_work::TESTS,
        stamps::TESTS,
        half_created::TESTS,
    ];
    harness::run_some_in_every_charset(in_every_charset, others)
}

/// Where a database on a server is.
fn address_of(database: &dyn TestDatabase) -> Address {
    database.address().unwrap().clone()
}

/// Upgrades a database at an address as far as its server can go.
async fn to_newest(server: &TestServer, address: &Address) -> Result<UpgradeReport, Error> {
    upgrade_at(server.catalogue(), address, Waits::default(), server.head()).await
}

/// An error as an operator is to see it: one line, with something to do, and without a password.
#[track_caller]
fn assert_told(error: &Error, kind: ErrorKind) {
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(!text.trim().is_empty() && !text.contains('\n'), "{text:?}");
    let hint = error.hint().unwrap_or_else(|| panic!("no hint for {error:?}"));
    assert!(!hint.trim().is_empty() && !hint.contains('\n'), "{hint:?}");
    for said in [text, hint, format!("{error:?}")] {
        assert!(!said.contains(PASSWORD), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
}

/// A user who may do nothing at first, and goes with this value. It must be made before the database
/// in which it gets something, so that it goes after it.
struct User {
    name: String,
    administrator: Address,
}

impl User {
    fn new(server: &TestServer) -> Self {
        let (name, administrator) = (next_user(), server.address().clone());
        if administrator.is_postgres() {
            let role = "SELECT 1 FROM pg_roles WHERE rolname = 'by_password'";
            query(&administrator, &format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'"));
            if !query(&administrator, role).is_empty() {
                query(&administrator, &format!("GRANT by_password TO {name}"));
            }
        } else {
            let sql = format!("CREATE USER {name}@'%' IDENTIFIED BY '{PASSWORD}'");
            query(&administrator, &sql);
        }
        Self { name, administrator }
    }

    /// How a GRANT names the user.
    fn quoted(&self) -> String {
        if self.administrator.is_postgres() {
            self.name.clone()
        } else {
            format!("{}@'%'", self.name)
        }
    }

    /// The database as this user sees it.
    fn of(&self, database: &dyn TestDatabase) -> Address {
        address_of(database).as_user(&self.name, Some(PASSWORD))
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let kind = if self.administrator.is_postgres() { "ROLE" } else { "USER" };
        query(&self.administrator, &format!("DROP {kind} {}", self.quoted()));
    }
}

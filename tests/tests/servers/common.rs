//! What the tests of several subjects do: upgrade as an ordinary user, and judge an error.

use mlflow_migrate::hint;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::{Error, UpgradeReport};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::connect::upgrade_at;
use mlflow_migrate_tests::database::{TestDatabase, Waits};
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::unique::next_user;

/// The password of every user that a test makes.
pub(crate) const PASSWORD: &str = "s3cret/p@ss:w0rd";

/// Where a database on a server is.
pub(crate) fn address_of(database: &dyn TestDatabase) -> Address {
    database.address().unwrap().clone()
}

/// Upgrades a database at an address as far as its server can go.
pub(crate) async fn to_newest(
    server: &TestServer,
    address: &Address,
) -> Result<UpgradeReport, Error> {
    upgrade_at(server.catalogue(), address, Waits::default(), server.head()).await
}

/// An error as an operator is to see it: one line, with something to do, and without a password.
#[track_caller]
pub(crate) fn assert_told(error: &Error, kind: ErrorKind) {
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(!text.trim().is_empty() && !text.contains('\n'), "{text:?}");
    let hint = hint(error).unwrap_or_else(|| panic!("no hint for {error:?}"));
    assert!(!hint.trim().is_empty() && !hint.contains('\n'), "{hint:?}");
    for said in [text, hint, format!("{error:?}")] {
        assert!(!said.contains(PASSWORD), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
}

/// A user who may do nothing at first, and goes with this value. It must be made before the database
/// in which it gets something, so that it goes after it.
pub(crate) struct User {
    pub(crate) name: String,
    administrator: Address,
}

impl User {
    pub(crate) fn new(server: &TestServer) -> Self {
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
    pub(crate) fn quoted(&self) -> String {
        if self.administrator.is_postgres() {
            self.name.clone()
        } else {
            format!("{}@'%'", self.name)
        }
    }

    /// The database as this user sees it.
    pub(crate) fn of(&self, database: &dyn TestDatabase) -> Address {
        address_of(database).as_user(&self.name, Some(PASSWORD))
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let kind = if self.administrator.is_postgres() { "ROLE" } else { "USER" };
        query(&self.administrator, &format!("DROP {kind} {}", self.quoted()));
    }
}

//! A server to log in to, and the errors that name it.

use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::Secret;
use sqlx::postgres::PgConnectOptions;

use super::passfile::{self, Account};
use super::url::endpoint::Endpoint;
use super::url::settings::Settings;

/// A server, and the account to log in with.
pub(crate) struct Target<'a> {
    pub(super) settings: &'a Settings,
    pub(super) endpoint: &'a Endpoint,
    /// How long the login may take.
    pub(super) limit: Duration,
    pub(super) user: String,
    pub(crate) database: String,
    pub(super) password: Option<Secret>,
}

impl<'a> Target<'a> {
    /// Finds the user, the database and the password for one of the servers.
    pub(crate) fn new(settings: &'a Settings, endpoint: &'a Endpoint, limit: Duration) -> Self {
        // sqlx asks the operating system, as libpq does.
        let system_user = || PgConnectOptions::new_without_pgpass().get_username().to_owned();
        let user = settings.user.clone().unwrap_or_else(system_user);
        let database = settings.database.clone().unwrap_or_else(|| user.clone());
        let account =
            Account { host: &endpoint.host, port: endpoint.port, database: &database, user: &user };
        let from_file = || passfile::password(settings.passfile.as_deref()?, account);
        let password = settings.password.clone().or_else(from_file);
        Self { settings, endpoint, limit, user, database, password }
    }

    /// Returns the same login to another database of the server.
    pub(super) fn of_database(&self, database: &str) -> Self {
        Self {
            settings: self.settings,
            endpoint: self.endpoint,
            limit: self.limit,
            user: self.user.clone(),
            database: database.to_owned(),
            password: self.password.clone(),
        }
    }

    /// Returns the database's name in messages.
    pub(crate) fn name(&self) -> String {
        let Endpoint { host, port, .. } = self.endpoint;
        let (user, database) = (&self.user, &self.database);
        if self.endpoint.is_socket() {
            format!("postgresql://{user}@:{port}/{database}?host={host}")
        } else if host.contains(':') {
            format!("postgresql://{user}@[{host}]:{port}/{database}")
        } else {
            format!("postgresql://{user}@{host}:{port}/{database}")
        }
    }

    /// Builds the error for a server that does not answer in time.
    pub(crate) fn no_answer(&self, limit: Duration) -> Error {
        self.unavailable(
            &format!("no answer within {} s", limit.as_secs()),
            "check the host, the port and the firewalls on the way; connect_timeout=SECONDS waits \
             longer",
        )
    }

    /// Builds the error for a server that rejects the user.
    pub(super) fn denied(&self, problem: &str) -> Error {
        Error::AccessDenied { name: self.name(), problem: problem.to_owned() }
    }

    /// Builds the error for a failed encryption, or for its certificates.
    pub(super) fn tls(&self, problem: &str, remedy: &str) -> Error {
        Error::Tls { name: self.name(), problem: problem.to_owned(), remedy: remedy.into() }
    }

    /// Builds the error for a server that stays unreachable.
    pub(super) fn unreachable(&self, problem: &str, remedy: &str) -> Error {
        Error::Unreachable { name: self.name(), problem: problem.to_owned(), remedy: remedy.into() }
    }

    /// Builds the error for a server that may be available later.
    pub(super) fn unavailable(&self, problem: &str, remedy: &str) -> Error {
        Error::Unavailable { name: self.name(), problem: problem.to_owned(), remedy: remedy.into() }
    }
}

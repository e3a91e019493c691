//! A server to log in at, and the errors that name it.

use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::Secret;
use sqlx::postgres::PgConnectOptions;

use super::passfile::{self, Account};
use super::url::endpoint::Endpoint;
use super::url::settings::Settings;

/// A server, and how to log in there.
pub(crate) struct Target<'a> {
    pub(super) settings: &'a Settings,
    pub(super) endpoint: &'a Endpoint,
    /// How long it may take.
    pub(super) limit: Duration,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) password: Option<Secret>,
}

impl<'a> Target<'a> {
    /// Finds out who logs in at one of the servers, and with which password.
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

    /// What the database is called in messages.
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

    /// Makes the error of a server that takes too long.
    pub(crate) fn no_answer(&self, limit: Duration) -> Error {
        self.unavailable(
            &format!("no answer within {} s", limit.as_secs()),
            "check the host, the port and the firewalls on the way; connect_timeout=SECONDS waits \
             longer",
        )
    }

    /// Makes the error of a server that does not let the user in.
    pub(super) fn denied(&self, problem: &str) -> Error {
        Error::AccessDenied { name: self.name(), problem: problem.to_owned() }
    }

    /// Makes the error of an encryption, or of its certificates.
    pub(super) fn tls(&self, problem: &str, hint: &str) -> Error {
        Error::Tls { name: self.name(), problem: problem.to_owned(), hint: hint.to_owned() }
    }

    /// Makes the error of a server that stays out of reach.
    pub(super) fn unreachable(&self, problem: &str, hint: &str) -> Error {
        Error::Unreachable { name: self.name(), problem: problem.to_owned(), hint: hint.to_owned() }
    }

    /// Makes the error of a server that may be there later.
    pub(super) fn unavailable(&self, problem: &str, hint: &str) -> Error {
        Error::Unavailable { name: self.name(), problem: problem.to_owned(), hint: hint.to_owned() }
    }
}

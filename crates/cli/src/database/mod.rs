//! The databases that this build can upgrade; each backend is a cargo feature.

#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
mod left_out;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(not(feature = "mysql"))]
use self::left_out as mysql;
#[cfg(not(feature = "postgres"))]
use self::left_out as postgres;
#[cfg(not(feature = "sqlite"))]
use self::left_out as sqlite;

use std::path::{Path, PathBuf};
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::url::DatabaseUrl;

use crate::Context;

/// Options and commands that need a file, with the verb of a message.
pub(crate) const COPIES: &str = "`--backup` and `--into` are";
const RESTORE: &str = "`restore` is";

/// A database that this build can upgrade.
#[derive(Debug)]
pub(crate) enum Database {
    /// An SQLite file.
    Sqlite(sqlite::File),
    /// A database on a PostgreSQL server.
    Postgres(postgres::Server),
    /// A database on a MySQL or MariaDB server.
    Mysql(mysql::Server),
}

/// How to connect: the timeouts, and the number of connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connecting {
    /// How long to wait for a table, or an SQLite file, that another program holds.
    pub(crate) lock_timeout: Duration,
    /// How long to wait for another upgrade of the same database.
    pub(crate) lock_wait: Duration,
    /// How long a server may take to answer a short statement.
    pub(crate) answer_timeout: Duration,
    /// The number of connections that copy and compute rows.
    ///
    /// Only used where the server itself does not work in parallel.
    pub(crate) jobs: usize,
}

impl Database {
    /// Parses the URL of a database.
    ///
    /// # Errors
    /// If the URL names no database, or one of a kind that this build does not support.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        match DatabaseUrl::parse(url)? {
            DatabaseUrl::Sqlite(written) => sqlite::File::parse(&written).map(Self::Sqlite),
            DatabaseUrl::Postgres(_) => postgres::Server::parse(url).map(Self::Postgres),
            DatabaseUrl::Mysql(_) => mysql::Server::parse(url).map(Self::Mysql),
        }
    }

    /// Connects to the database, and creates a missing file if `create` is set.
    ///
    /// Notices report what the backend finds in the URL.
    pub(crate) async fn open(
        &self,
        connecting: Connecting,
        create: bool,
        context: &Context,
    ) -> Result<Box<dyn Backend>, Error> {
        match self {
            Self::Sqlite(file) => file.open(connecting, create).await,
            Self::Postgres(server) => server.open(connecting, context).await,
            Self::Mysql(server) => server.open(connecting, context).await,
        }
    }

    /// Returns the database's file, which `what` needs.
    ///
    /// # Errors
    /// If the database is no file: only a file can be copied.
    pub(crate) fn file(&self, what: &str) -> Result<&Path, Error> {
        self.sqlite(what).map(sqlite::File::path)
    }

    fn sqlite(&self, what: &str) -> Result<&sqlite::File, Error> {
        match self {
            Self::Sqlite(file) => Ok(file),
            Self::Postgres(server) => Err(server.no_file(what)),
            Self::Mysql(server) => Err(server.no_file(what)),
        }
    }

    /// Returns whether the database is a file that does not exist yet.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::Sqlite(file) => !file.path().exists(),
            Self::Postgres(_) | Self::Mysql(_) => false,
        }
    }

    /// Returns the database's name for messages, without a password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(file) => file.path().display().to_string(),
            Self::Postgres(server) => server.shown().to_owned(),
            Self::Mysql(server) => server.shown().to_owned(),
        }
    }

    /// Returns where a backup made at a certain moment goes.
    pub(crate) fn place_for_backup(&self, moment: &str) -> Result<PathBuf, Error> {
        Ok(self.sqlite(COPIES)?.place_for_backup(moment))
    }

    /// Returns the named backup, or the newest one, after a check that it is complete.
    pub(crate) async fn backup(&self, named: Option<&Path>) -> Result<Self, Error> {
        self.sqlite(RESTORE)?.backup(named).await.map(Self::Sqlite)
    }

    /// Replaces the database by a backup, and returns where its former content is kept.
    pub(crate) async fn restore(
        &self,
        backup: &Self,
        moment: &str,
        connecting: Connecting,
    ) -> Result<Option<PathBuf>, Error> {
        let backup = backup.file(RESTORE)?;
        self.sqlite(RESTORE)?.restore(backup, moment, connecting).await
    }

    /// Makes a consistent copy of the database's file, which can become a new file.
    pub(crate) async fn copy_beside(
        &self,
        destination: &Path,
        connecting: Connecting,
    ) -> Result<sqlite::Unpublished, Error> {
        self.sqlite(COPIES)?.copy_beside(destination, connecting).await
    }
}

/// Returns the error for a database whose backend this build leaves out.
#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
fn left_out_of_build(url: &str) -> Error {
    match DatabaseUrl::parse(url) {
        Ok(url) => mlflow_migrate::left_out(&url),
        Err(error) => error,
    }
}

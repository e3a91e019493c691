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

/// What needs a file.
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

/// How to connect: how long to wait for others, and how often at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connecting {
    /// For a table, or an SQLite file, that another program holds.
    pub(crate) lock_timeout: Duration,
    /// For another upgrade of the same database.
    pub(crate) lock_wait: Duration,
    /// For a server's answer to what is soon answered.
    pub(crate) answer_timeout: Duration,
    /// Over how many connections rows are copied and computed, where the server has no way of its
    /// own to do more than one thing at a time.
    pub(crate) jobs: usize,
}

impl Database {
    /// The database that a URL names.
    ///
    /// # Errors
    /// If it names none, or one of a kind that this build does not support.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        match DatabaseUrl::parse(url)? {
            DatabaseUrl::Sqlite(written) => sqlite::File::parse(&written).map(Self::Sqlite),
            DatabaseUrl::Postgres(_) => postgres::Server::parse(url).map(Self::Postgres),
            DatabaseUrl::Mysql(_) => mysql::Server::parse(url).map(Self::Mysql),
        }
    }

    /// Connects to it, and creates a missing file if that is wanted. What the backend has to say
    /// of the URL, the user is told.
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

    /// Its file, which `what` is for.
    ///
    /// # Errors
    /// If it is none: only a file can be copied here.
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

    /// Whether it is a file that is not there yet.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::Sqlite(file) => !file.path().exists(),
            Self::Postgres(_) | Self::Mysql(_) => false,
        }
    }

    /// What it is called in messages: never with a password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(file) => file.path().display().to_string(),
            Self::Postgres(server) => server.shown().to_owned(),
            Self::Mysql(server) => server.shown().to_owned(),
        }
    }

    /// Where a backup goes that is made of it at a moment.
    pub(crate) fn place_for_backup(&self, moment: &str) -> Result<PathBuf, Error> {
        Ok(self.sqlite(COPIES)?.place_for_backup(moment))
    }

    /// Its backup: the newest one, if none is named. It is whole.
    pub(crate) async fn backup(&self, named: Option<&Path>) -> Result<Self, Error> {
        self.sqlite(RESTORE)?.backup(named).await.map(Self::Sqlite)
    }

    /// Puts a backup in its place, and tells where that is now which it held.
    pub(crate) async fn restore(
        &self,
        backup: &Self,
        moment: &str,
        connecting: Connecting,
    ) -> Result<Option<PathBuf>, Error> {
        let backup = backup.file(RESTORE)?;
        self.sqlite(RESTORE)?.restore(backup, moment, connecting).await
    }

    /// Copies its file, consistently, to what can become a new file.
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

//! The databases that this build can upgrade.

#[cfg(not(feature = "sqlite"))]
mod left_out;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(not(feature = "sqlite"))]
use self::left_out as sqlite;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mlflow_migrate::{ConnectOptions, check_build};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::url::DatabaseUrl;

use crate::Context;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::authorities;

/// Options and commands that need a file, with the verb of a message.
pub(crate) const COPIES: &str = "`--backup` and `--into` are";
const RESTORE: &str = "`restore` is";

/// A database that this build can upgrade.
#[derive(Debug)]
pub(crate) enum Database {
    /// An SQLite file.
    File(sqlite::File),
    /// A database on a server.
    Server(DatabaseUrl),
}

impl Database {
    /// Parses the URL of a database.
    ///
    /// # Errors
    /// If the URL names no database, or one of a kind that this build does not support.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let url = DatabaseUrl::parse(url)?;
        check_build(&url)?;
        match url {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::Sqlite(written) => sqlite::File::parse(&written).map(Self::File),
            server => Ok(Self::Server(server)),
        }
    }

    /// Connects to the database, and creates it if it is missing and `create` is set.
    ///
    /// Notices report what the backend finds in the URL.
    pub(crate) async fn open(
        &self,
        options: &ConnectOptions,
        create: bool,
        context: &Context,
    ) -> Result<Box<dyn Backend>, Error> {
        match self {
            Self::File(file) => file.open(options, create).await,
            Self::Server(url) => {
                let mut options = options.clone();
                options.create = create;
                options.environment = environment(url);
                mlflow_migrate::open(url, &options, &*context.renderer).await
            }
        }
    }

    /// Returns whether MLflow's auth app can have its tables in a database of this kind.
    pub(crate) fn may_hold_auth(&self) -> bool {
        !matches!(self, Self::Server(DatabaseUrl::Mysql(_)))
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
            Self::File(file) => Ok(file),
            Self::Server(url) => Err(no_file(url, what)),
        }
    }

    /// Returns whether the database is a file that does not exist yet.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::File(file) => !file.path().exists(),
            Self::Server(_) => false,
        }
    }

    /// Returns whether another URL names the same file, or is the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(two)) => {
                let whole =
                    |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
                matches!((whole(one.path()), whole(two.path())), (Ok(one), Ok(two)) if one == two)
            }
            (Self::Server(one), Self::Server(two)) => one.to_string() == two.to_string(),
            _ => false,
        }
    }

    /// Returns the name of the database's dialect.
    pub(crate) fn dialect(&self) -> &'static str {
        match self {
            Self::File(_) | Self::Server(DatabaseUrl::Sqlite(_)) => "SQLite",
            Self::Server(DatabaseUrl::Postgres(_)) => "PostgreSQL",
            Self::Server(DatabaseUrl::Mysql(_)) => "MySQL or MariaDB",
        }
    }

    /// Returns the database's name for messages, without a password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::File(file) => file.path().display().to_string(),
            Self::Server(url) => url.to_string(),
        }
    }

    /// Returns where a backup made at a certain moment goes.
    pub(crate) fn place_for_backup(&self, moment: &str) -> Result<PathBuf, Error> {
        Ok(self.sqlite(COPIES)?.place_for_backup(moment))
    }

    /// Returns the named backup, or the newest one, after a check that it is complete.
    pub(crate) async fn backup(&self, named: Option<&Path>) -> Result<Self, Error> {
        self.sqlite(RESTORE)?.backup(named).await.map(Self::File)
    }

    /// Replaces the database by a backup, and returns where its former content is kept.
    pub(crate) async fn restore(
        &self,
        backup: &Self,
        moment: &str,
        options: &ConnectOptions,
    ) -> Result<Option<PathBuf>, Error> {
        let backup = backup.file(RESTORE)?;
        self.sqlite(RESTORE)?.restore(backup, moment, options).await
    }

    /// Makes a consistent copy of the database's file, which can become a new file.
    pub(crate) async fn copy_beside(
        &self,
        destination: &Path,
        options: &ConnectOptions,
    ) -> Result<sqlite::Unpublished, Error> {
        self.sqlite(COPIES)?.copy_beside(destination, options).await
    }
}

/// Returns the environment variables that fill in what a URL leaves out.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn environment(url: &DatabaseUrl) -> BTreeMap<String, String> {
    let value = |name: &&str| Some(((*name).to_owned(), authorities::variable(name)?));
    mlflow_migrate::environment_variables(url).iter().filter_map(value).collect()
}

/// Returns nothing: this build reaches no server.
#[cfg(not(any(feature = "postgres", feature = "mysql")))]
fn environment(_: &DatabaseUrl) -> BTreeMap<String, String> {
    BTreeMap::new()
}

/// Returns the error for a request that needs a file; its remedy names the backup program.
fn no_file(url: &DatabaseUrl, what: &str) -> Error {
    let program = match url {
        DatabaseUrl::Sqlite(_) => "sqlite3",
        DatabaseUrl::Postgres(_) => "pg_dump",
        DatabaseUrl::Mysql(_) => "mysqldump --single-transaction",
    };
    Error::Unsupported {
        url: url.to_string(),
        problem: format!("{what} for SQLite files"),
        remedy: if what == RESTORE {
            format!("restore the dump that `{program}` made, by the server's own means").into()
        } else {
            format!("make a backup by `{program}` first").into()
        },
    }
}

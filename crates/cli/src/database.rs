//! The databases that this build can upgrade; each backend is a cargo feature.

#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::event::Event;
use mlflow_migrate_core::url::{ServerUrl, without_password};

#[cfg(feature = "mysql")]
use mlflow_migrate_backend_mysql as mysql;
#[cfg(feature = "postgres")]
use mlflow_migrate_backend_postgres as postgres;
#[cfg(feature = "sqlite")]
use mlflow_migrate_backend_sqlite as sqlite;

use crate::Context;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::authorities;
use crate::url::{self, Kind};

#[cfg(feature = "postgres")]
const PG_DUMP: &str = "pg_dump";
#[cfg(feature = "mysql")]
const MYSQLDUMP: &str = "mysqldump --single-transaction";

/// What needs a file.
pub(crate) const COPIES: &str = "`--backup` and `--into` are";
const RESTORE: &str = "`restore` is";

/// A database that this build can upgrade.
#[derive(Debug)]
pub(crate) enum Database {
    /// An SQLite file.
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    /// A database on a PostgreSQL server.
    #[cfg(feature = "postgres")]
    Postgres(ServerUrl),
    /// A database on a MySQL or MariaDB server.
    #[cfg(feature = "mysql")]
    Mysql(ServerUrl),
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

/// A copy of a database that does not have its name yet; without it, it goes.
pub(crate) enum Unpublished {
    /// An SQLite file.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::PendingCopy),
}

impl Database {
    /// The database that a URL names.
    ///
    /// # Errors
    /// If it names none, or one of a kind that this build does not support.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        match url::kind(url)? {
            #[cfg(feature = "sqlite")]
            Kind::Sqlite => Ok(Self::Sqlite(sqlite::path_from_url(url)?)),
            #[cfg(feature = "postgres")]
            Kind::Postgres => Ok(Self::Postgres(ServerUrl::parse(url)?)),
            #[cfg(feature = "mysql")]
            Kind::Mysql => Ok(Self::Mysql(ServerUrl::parse(url)?)),
            kind => Err(unsupported(url, kind)),
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
        let warn = |warnings: &[String]| {
            for message in warnings.iter().cloned() {
                context.renderer.notify(&Event::Notice { message });
            }
        };
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => {
                let options = sqlite::OpenOptions { busy_timeout: connecting.lock_timeout, create };
                Ok(Box::new(sqlite::Sqlite::open(path, &options).await?))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(ref url) => {
                let Connecting { lock_timeout, lock_wait, answer_timeout, .. } = connecting;
                let environment = environment(postgres::ENVIRONMENT);
                let options = postgres::OpenOptions {
                    lock_timeout,
                    lock_wait,
                    answer_timeout,
                    environment,
                    ..postgres::OpenOptions::default()
                };
                let backend = postgres::Postgres::connect(url, &options).await?;
                warn(backend.warnings());
                Ok(Box::new(backend))
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(ref url) => {
                let Connecting { lock_timeout, lock_wait, answer_timeout, jobs } = connecting;
                let environment = environment(mysql::ENVIRONMENT);
                let options = mysql::OpenOptions {
                    lock_timeout,
                    lock_wait,
                    answer_timeout,
                    jobs,
                    environment,
                    ..mysql::OpenOptions::default()
                };
                let backend = mysql::Mysql::connect(url, &options).await?;
                warn(backend.warnings());
                Ok(Box::new(backend))
            }
        }
    }

    /// Its file, which `what` is for.
    ///
    /// # Errors
    /// If it is none: only a file can be copied here.
    pub(crate) fn file(&self, what: &str) -> Result<&Path, Error> {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => Ok(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(ref url) => Err(no_file(url, what, PG_DUMP)),
            #[cfg(feature = "mysql")]
            Self::Mysql(ref url) => Err(no_file(url, what, MYSQLDUMP)),
        }
    }

    /// Whether it is a file that is not there yet.
    pub(crate) fn is_missing(&self) -> bool {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => !path.exists(),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => false,
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => false,
        }
    }

    /// What it is called in messages: never with a password.
    pub(crate) fn shown(&self) -> String {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => path.display().to_string(),
            #[cfg(feature = "postgres")]
            Self::Postgres(ref url) => url.shown().to_owned(),
            #[cfg(feature = "mysql")]
            Self::Mysql(ref url) => url.shown().to_owned(),
        }
    }

    /// Where a backup goes that is made of it at a moment.
    pub(crate) fn place_for_backup(&self, moment: &str) -> Result<PathBuf, Error> {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => Ok(sqlite::backup_path(path, moment)),
            #[cfg(feature = "postgres")]
            Self::Postgres(ref url) => Err(no_file(url, COPIES, PG_DUMP)),
            #[cfg(feature = "mysql")]
            Self::Mysql(ref url) => Err(no_file(url, COPIES, MYSQLDUMP)),
        }
    }

    /// Its backup: the newest one, if none is named. It is whole.
    pub(crate) async fn backup(&self, named: Option<&Path>) -> Result<Self, Error> {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => {
                let newest = || sqlite::newest_backup(path);
                let backup = named.map_or_else(newest, |named| Ok(named.to_owned()))?;
                sqlite::check_backup(&backup).await?;
                Ok(Self::Sqlite(backup))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(ref url) => Err(no_file(url, RESTORE, PG_DUMP)),
            #[cfg(feature = "mysql")]
            Self::Mysql(ref url) => Err(no_file(url, RESTORE, MYSQLDUMP)),
        }
    }

    /// Puts a backup in its place, and tells where that is now which it held.
    pub(crate) async fn restore(
        &self,
        backup: &Self,
        moment: &str,
        connecting: Connecting,
    ) -> Result<Option<PathBuf>, Error> {
        let backup = backup.file(RESTORE)?;
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => {
                sqlite::restore(path, backup, moment, &copying(connecting)).await
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(ref url) => Err(no_file(url, RESTORE, PG_DUMP)),
            #[cfg(feature = "mysql")]
            Self::Mysql(ref url) => Err(no_file(url, RESTORE, MYSQLDUMP)),
        }
    }

    /// Copies its file, consistently, to what can become a new file.
    pub(crate) async fn copy_beside(
        &self,
        destination: &Path,
        connecting: Connecting,
    ) -> Result<Unpublished, Error> {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => {
                let options = copying(connecting);
                let copy = sqlite::PendingCopy::create(path, destination, &options).await?;
                Ok(Unpublished::Sqlite(copy))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(ref url) => Err(no_file(url, COPIES, PG_DUMP)),
            #[cfg(feature = "mysql")]
            Self::Mysql(ref url) => Err(no_file(url, COPIES, MYSQLDUMP)),
        }
    }
}

impl Unpublished {
    /// The copy as a database.
    pub(crate) fn database(&self) -> Database {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref copy) => Database::Sqlite(copy.path().to_owned()),
        }
    }

    /// Makes sure that it is whole.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref copy) => sqlite::check_backup(copy.path()).await,
        }
    }

    /// Gives the copy its name.
    pub(crate) fn publish(self) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(copy) => copy.publish(),
        }
    }
}

#[cfg(feature = "sqlite")]
fn copying(connecting: Connecting) -> sqlite::OpenOptions {
    sqlite::OpenOptions { busy_timeout: connecting.lock_timeout, create: false }
}

/// The variables of the environment that a backend asks for.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn environment(names: &[&str]) -> BTreeMap<String, String> {
    let value = |name: &&str| Some(((*name).to_owned(), authorities::variable(name)?));
    names.iter().filter_map(value).collect()
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn no_file(url: &ServerUrl, what: &str, program: &str) -> Error {
    Error::Unsupported {
        url: url.shown().to_owned(),
        problem: format!("{what} for SQLite files"),
        hint: if what == RESTORE {
            format!("restore the dump that `{program}` made, by the server's own means")
        } else {
            format!("make a backup by `{program}` first")
        },
    }
}

fn unsupported(url: &str, kind: Kind) -> Error {
    let without = |name: &str, feature: &str| {
        let problem = format!("this build leaves {name} out");
        (problem, format!("build mlflow-migrate with the cargo feature `{feature}`"))
    };
    let (problem, hint) = match kind {
        Kind::Mssql => (
            "Microsoft SQL Server is not supported".to_owned(),
            "use MLflow's own `mlflow db upgrade` for it".to_owned(),
        ),
        Kind::Postgres => without("PostgreSQL", "postgres"),
        Kind::Mysql => without("MySQL", "mysql"),
        Kind::Sqlite => without("SQLite", "sqlite"),
    };
    Error::Unsupported { url: without_password(url), problem, hint }
}

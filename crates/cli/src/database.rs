//! The databases that this build can upgrade; each backend is a cargo feature.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;

#[cfg(feature = "sqlite")]
use mlflow_migrate_backend_sqlite::{OpenOptions, PendingCopy, Sqlite, copy, path_from_url};

use crate::url::{self, Kind};

/// A database that this build can upgrade.
#[derive(Debug)]
pub(crate) enum Database {
    /// An SQLite file.
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
}

/// A copy of a database that does not have its name yet; without it, it goes.
pub(crate) enum Unpublished {
    /// An SQLite file.
    #[cfg(feature = "sqlite")]
    Sqlite(PendingCopy),
}

impl Database {
    /// The database that a URL names.
    ///
    /// # Errors
    /// If it names none, or one of a kind that this build does not support.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        match url::kind(url)? {
            #[cfg(feature = "sqlite")]
            Kind::Sqlite => Ok(Self::Sqlite(path_from_url(url)?)),
            kind => Err(unsupported(url, kind)),
        }
    }

    /// Connects to it, and creates it if that is wanted and it does not exist.
    pub(crate) async fn open(
        &self,
        lock_wait: Duration,
        create: bool,
    ) -> Result<Box<dyn Backend>, Error> {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => {
                let options = OpenOptions { busy_timeout: lock_wait, create };
                Ok(Box::new(Sqlite::open(path, &options).await?))
            }
        }
    }

    /// Its file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => Some(path),
        }
    }

    /// Copies it to a new file, consistently, also while it is in use.
    pub(crate) async fn back_up(
        &self,
        destination: &Path,
        lock_wait: Duration,
    ) -> Result<(), Error> {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => copy(path, destination, &copying(lock_wait)).await,
        }
    }

    /// Copies it, consistently, to what can become a new file.
    pub(crate) async fn copy_beside(
        &self,
        destination: &Path,
        lock_wait: Duration,
    ) -> Result<Unpublished, Error> {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => {
                let copy = PendingCopy::create(path, destination, &copying(lock_wait)).await?;
                Ok(Unpublished::Sqlite(copy))
            }
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

    /// Gives the copy its name.
    pub(crate) fn publish(self) -> Result<(), Error> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(copy) => copy.publish(),
        }
    }
}

#[cfg(feature = "sqlite")]
fn copying(lock_wait: Duration) -> OpenOptions {
    OpenOptions { busy_timeout: lock_wait, create: false }
}

fn unsupported(url: &str, kind: Kind) -> Error {
    const MLFLOWS_OWN: &str = "use MLflow's own `mlflow db upgrade` for it";
    let (problem, hint) = match kind {
        Kind::Mssql => ("Microsoft SQL Server is not supported", MLFLOWS_OWN),
        Kind::Postgres => ("PostgreSQL is not supported yet", MLFLOWS_OWN),
        Kind::Mysql => ("MySQL is not supported yet", MLFLOWS_OWN),
        Kind::Sqlite => (
            "SQLite is not supported by this build",
            "build mlflow-migrate with the cargo feature `sqlite`",
        ),
    };
    Error::Unsupported {
        url: url::without_password(url),
        problem: problem.to_owned(),
        hint: hint.to_owned(),
    }
}

//! Opens the database that a URL names.

use std::collections::BTreeMap;
#[cfg(feature = "sqlite")]
use std::path::Path;
use std::time::Duration;

use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::error::Error;
use mlflow_migrate_core::event::{Event, Observer};
use mlflow_migrate_core::url::DatabaseUrl;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use mlflow_migrate_core::url::ServerUrl;

#[cfg(feature = "mysql")]
use mlflow_migrate_backend_mysql as mysql;
#[cfg(feature = "postgres")]
use mlflow_migrate_backend_postgres as postgres;
#[cfg(feature = "sqlite")]
use mlflow_migrate_backend_sqlite as sqlite;

/// How to open a database.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// How long to wait for a table, or an SQLite file, that another program holds.
    pub lock_timeout: Duration,
    /// How long to wait for another upgrade of the same database.
    pub lock_wait: Duration,
    /// How long a server may take to answer a short statement.
    pub answer_timeout: Duration,
    /// The number of connections that copy and compute rows on MySQL.
    pub jobs: usize,
    /// Whether a missing database is created: an SQLite file, or a database on its server.
    pub create: bool,
    /// Values for what the URL leaves out, such as `PGPASSWORD` or `MYSQL_PWD`.
    ///
    /// The library itself reads no environment variable.
    pub environment: BTreeMap<String, String>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(10),
            lock_wait: Duration::from_secs(60),
            answer_timeout: Duration::from_secs(60),
            jobs: 2,
            create: false,
            environment: BTreeMap::new(),
        }
    }
}

/// Opens a database, and notifies the observer of each part of the URL that has no effect.
///
/// # Errors
/// If this build lacks the backend, or the database cannot be reached.
pub async fn open(
    url: &DatabaseUrl,
    options: &ConnectOptions,
    observer: &dyn Observer,
) -> Result<Box<dyn Backend>, Error> {
    let (backend, warnings) = connect(url, options).await?;
    for message in warnings {
        observer.notify(&Event::Notice { message });
    }
    Ok(backend)
}

/// A connection, and what its backend has to say of the URL.
type Opened = (Box<dyn Backend>, Vec<String>);

#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(unused_variables, clippy::unused_async, reason = "this build has no backend")
)]
async fn connect(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Opened, Error> {
    match url {
        #[cfg(feature = "sqlite")]
        DatabaseUrl::Sqlite(url) => open_sqlite(&sqlite::path_from_url(url)?, options).await,
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(url) => open_postgres(url, options).await,
        #[cfg(feature = "mysql")]
        DatabaseUrl::Mysql(url) => open_mysql(url, options).await,
        #[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
        other => Err(left_out(other)),
    }
}

#[cfg(feature = "sqlite")]
async fn open_sqlite(path: &Path, options: &ConnectOptions) -> Result<Opened, Error> {
    let mut open = sqlite::OpenOptions::waiting(options.lock_timeout);
    open.create = options.create;
    Ok((Box::new(sqlite::Sqlite::open(path, &open).await?), Vec::new()))
}

#[cfg(feature = "postgres")]
async fn open_postgres(url: &ServerUrl, options: &ConnectOptions) -> Result<Opened, Error> {
    let mut open = postgres::OpenOptions::default();
    open.lock_timeout = options.lock_timeout;
    open.lock_wait = options.lock_wait;
    open.answer_timeout = options.answer_timeout;
    open.create = options.create;
    open.environment.clone_from(&options.environment);
    let backend = postgres::Postgres::connect(url, &open).await?;
    let warnings = backend.warnings().to_vec();
    Ok((Box::new(backend), warnings))
}

#[cfg(feature = "mysql")]
async fn open_mysql(url: &ServerUrl, options: &ConnectOptions) -> Result<Opened, Error> {
    let mut open = mysql::OpenOptions::default();
    open.lock_timeout = options.lock_timeout;
    open.lock_wait = options.lock_wait;
    open.answer_timeout = options.answer_timeout;
    open.jobs = options.jobs;
    open.create = options.create;
    open.environment.clone_from(&options.environment);
    let backend = mysql::Mysql::connect(url, &open).await?;
    let warnings = backend.warnings().to_vec();
    Ok((Box::new(backend), warnings))
}

/// Returns the names of the environment variables that can fill in what a URL leaves out, for
/// [`ConnectOptions::environment`].
#[must_use]
pub fn environment_variables(url: &DatabaseUrl) -> &'static [&'static str] {
    match url {
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(_) => postgres::ENVIRONMENT,
        #[cfg(feature = "mysql")]
        DatabaseUrl::Mysql(_) => mysql::ENVIRONMENT,
        _ => &[],
    }
}

/// Checks that this build has the backend of a database.
///
/// # Errors
/// [`Error::Unsupported`], which names the cargo feature.
pub fn check_build(url: &DatabaseUrl) -> Result<(), Error> {
    let is_built = match url {
        DatabaseUrl::Sqlite(_) => cfg!(feature = "sqlite"),
        DatabaseUrl::Postgres(_) => cfg!(feature = "postgres"),
        DatabaseUrl::Mysql(_) => cfg!(feature = "mysql"),
    };
    if is_built { Ok(()) } else { Err(left_out(url)) }
}

fn left_out(url: &DatabaseUrl) -> Error {
    let (name, feature) = match url {
        DatabaseUrl::Sqlite(_) => ("SQLite", "sqlite"),
        DatabaseUrl::Postgres(_) => ("PostgreSQL", "postgres"),
        DatabaseUrl::Mysql(_) => ("MySQL", "mysql"),
    };
    Error::Unsupported {
        url: url.to_string(),
        problem: format!("this build leaves {name} out"),
        remedy: format!("build mlflow-migrate with the cargo feature `{feature}`").into(),
    }
}

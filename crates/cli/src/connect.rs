//! Opens the database that a URL names.

use std::collections::BTreeMap;
use std::time::Duration;

use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::error::Error;
use mlflow_migrate_core::event::Observer;
use mlflow_migrate_core::url::DatabaseUrl;

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
    /// Whether an upgrade creates a missing SQLite file.
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
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql")),
    allow(unused_variables, reason = "only servers have something to say of a URL")
)]
pub(crate) async fn open(
    url: &DatabaseUrl,
    options: &ConnectOptions,
    observer: &dyn Observer,
) -> Result<Box<dyn Backend>, Error> {
    match url {
        #[cfg(feature = "sqlite")]
        DatabaseUrl::Sqlite(url) => {
            let path = sqlite::path_from_url(url)?;
            let ConnectOptions { lock_timeout: busy_timeout, create, .. } = *options;
            let options = sqlite::OpenOptions { busy_timeout, create };
            Ok(Box::new(sqlite::Sqlite::open(&path, &options).await?))
        }
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(url) => {
            let options = postgres::OpenOptions {
                lock_timeout: options.lock_timeout,
                lock_wait: options.lock_wait,
                answer_timeout: options.answer_timeout,
                environment: options.environment.clone(),
                ..postgres::OpenOptions::default()
            };
            let backend = postgres::Postgres::connect(url, &options).await?;
            give_notice(backend.warnings(), observer);
            Ok(Box::new(backend))
        }
        #[cfg(feature = "mysql")]
        DatabaseUrl::Mysql(url) => {
            let options = mysql::OpenOptions {
                lock_timeout: options.lock_timeout,
                lock_wait: options.lock_wait,
                answer_timeout: options.answer_timeout,
                jobs: options.jobs,
                environment: options.environment.clone(),
                ..mysql::OpenOptions::default()
            };
            let backend = mysql::Mysql::connect(url, &options).await?;
            give_notice(backend.warnings(), observer);
            Ok(Box::new(backend))
        }
        #[allow(unreachable_patterns, reason = "with all features on, no kind is left")]
        other => Err(left_out(other)),
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn give_notice(warnings: &[String], observer: &dyn Observer) {
    for message in warnings.iter().cloned() {
        observer.notify(&mlflow_migrate_core::event::Event::Notice { message });
    }
}

/// Returns the error for a database whose backend this build leaves out.
#[must_use]
pub fn left_out(url: &DatabaseUrl) -> Error {
    let (name, feature) = match url {
        DatabaseUrl::Sqlite(_) => ("SQLite", "sqlite"),
        DatabaseUrl::Postgres(_) => ("PostgreSQL", "postgres"),
        DatabaseUrl::Mysql(_) => ("MySQL", "mysql"),
    };
    Error::Unsupported {
        url: url.to_string(),
        problem: format!("this build leaves {name} out"),
        hint: format!("build mlflow-migrate with the cargo feature `{feature}`"),
    }
}

//! The dialects in which a script can be written without a database.

use mlflow_migrate_core::error::Error;
use mlflow_migrate_core::script::ScriptDialect;

/// A kind of server, or SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum ScriptTarget {
    /// MySQL 5.7
    #[cfg_attr(feature = "cli", value(name = "mysql5.7"))]
    Mysql57,
    /// MySQL 8.0.16 and later, MySQL 9
    #[cfg_attr(feature = "cli", value(name = "mysql8"))]
    Mysql8,
    /// MariaDB 10.8 and later
    #[cfg_attr(feature = "cli", value(name = "mariadb"))]
    Mariadb,
    /// PostgreSQL 12 and later
    #[cfg_attr(feature = "cli", value(name = "postgres"))]
    Postgres,
    /// SQLite 3
    #[cfg_attr(feature = "cli", value(name = "sqlite"))]
    Sqlite,
}

impl ScriptTarget {
    /// Every target.
    pub const ALL: [Self; 5] =
        [Self::Mysql57, Self::Mysql8, Self::Mariadb, Self::Postgres, Self::Sqlite];

    /// Returns the name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mysql57 => "mysql5.7",
            Self::Mysql8 => "mysql8",
            Self::Mariadb => "mariadb",
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }

    /// Returns what renders scripts for the target.
    ///
    /// # Errors
    /// If this build leaves the target's backend out.
    pub fn dialect(self) -> Result<Box<dyn ScriptDialect>, Error> {
        match self {
            #[cfg(feature = "mysql")]
            Self::Mysql57 => mysql("5.7.44"),
            #[cfg(feature = "mysql")]
            Self::Mysql8 => mysql("8.0.16"),
            #[cfg(feature = "mysql")]
            Self::Mariadb => mysql("10.8.1-MariaDB"),
            #[cfg(feature = "postgres")]
            Self::Postgres => Ok(Box::new(mlflow_migrate_backend_postgres::PostgresScript)),
            #[cfg(feature = "sqlite")]
            Self::Sqlite => Ok(Box::new(mlflow_migrate_backend_sqlite::SqliteScript)),
            #[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
            other => Err(Error::Unsupported {
                url: other.name().to_owned(),
                problem: "this build leaves the dialect out".to_owned(),
                remedy:
                    "build mlflow-migrate with the cargo features `sqlite`, `postgres` and `mysql`"
                        .to_owned()
                        .into(),
            }),
        }
    }
}

#[cfg(feature = "mysql")]
fn mysql(version: &str) -> Result<Box<dyn ScriptDialect>, Error> {
    mlflow_migrate_backend_mysql::MysqlScript::new(version).map(|script| Box::new(script) as _)
}

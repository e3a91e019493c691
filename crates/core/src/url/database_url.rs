//! Determines the database that a URL names.

use std::fmt;
use std::path::Path;

use super::{ServerUrl, is_connection_string, is_path, scheme, without_password};
use crate::error::Error;

/// A database that a URL names: a file, or a database on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// An SQLite file, as the user wrote its URL or path.
    Sqlite(String),
    /// A database on a PostgreSQL server.
    Postgres(ServerUrl),
    /// A database on a MySQL or MariaDB server.
    Mysql(ServerUrl),
}

impl DatabaseUrl {
    /// Parses a URL as MLflow and SQLAlchemy write it, or the path of an SQLite file.
    ///
    /// # Errors
    /// [`Error::Url`] if the text names no database. [`Error::Unsupported`] if MLflow supports the
    /// kind of database, but this library does not.
    pub fn parse(url: &str) -> Result<Self, Error> {
        match kind(url)? {
            Kind::Sqlite => Ok(Self::Sqlite(url.to_owned())),
            Kind::Postgres => Ok(Self::Postgres(ServerUrl::parse(url)?)),
            Kind::Mysql => Ok(Self::Mysql(ServerUrl::parse(url)?)),
            Kind::Mssql => Err(Error::Unsupported {
                url: without_password(url),
                problem: "Microsoft SQL Server is not supported".to_owned(),
                remedy: "use MLflow's own `mlflow db upgrade` for it".into(),
            }),
        }
    }
}

/// Formats the URL without a password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(url) => f.write_str(&without_password(url)),
            Self::Postgres(url) | Self::Mysql(url) => f.write_str(url.shown()),
        }
    }
}

/// The kinds of database that MLflow can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// Microsoft SQL Server.
    Mssql,
}

fn kind(url: &str) -> Result<Kind, Error> {
    let shown = without_password(url);
    let Some(scheme) = scheme(url) else {
        return match url {
            "" => Err(refuse(
                "no database URL",
                "it is empty",
                "give one, such as sqlite:///mlflow.db",
            )),
            "databricks" | "databricks-uc" => Err(refuse_databricks(&shown)),
            _ if is_path(url) || Path::new(url).exists() => Ok(Kind::Sqlite),
            // As a file name, the text would be shown with its password, or even created as a file.
            _ if shown != url || is_connection_string(url) => Err(refuse(
                &shown,
                "this is neither a database URL nor a file that is there",
                "write dialect://user:password@host:port/database, or ./NAME for a new file",
            )),
            _ => Ok(Kind::Sqlite),
        };
    };
    match scheme.as_str() {
        "sqlite" => Ok(Kind::Sqlite),
        "postgresql" | "postgres" => Ok(Kind::Postgres),
        "mysql" | "mariadb" => Ok(Kind::Mysql),
        "mssql" => Ok(Kind::Mssql),
        "http" | "https" => Err(refuse(
            &shown,
            "this is a tracking server, not a database",
            "give the URL that the server got as --backend-store-uri",
        )),
        "databricks" | "databricks-uc" | "uc" => Err(refuse_databricks(&shown)),
        "file" => Err(refuse(
            &shown,
            "MLflow's file store is not a database, and needs no upgrade",
            "the URL of an SQLite file begins with sqlite:///",
        )),
        _ => Err(refuse(
            &shown,
            &format!("unknown scheme {scheme}"),
            "the schemes of MLflow's databases are sqlite, postgresql and mysql",
        )),
    }
}

fn refuse(url: &str, problem: &str, remedy: &str) -> Error {
    Error::Url { url: url.to_owned(), problem: problem.to_owned(), remedy: remedy.into() }
}

fn refuse_databricks(url: &str) -> Error {
    refuse(url, "Databricks keeps and upgrades this database itself", "there is nothing to do")
}

#[cfg(test)]
mod tests {
    use super::{Kind, kind};

    #[test]
    fn urls_tell_their_kind() {
        for path in
            ["mlflow.db", "./a:b.db", "/x/mlflow.db", r"C:\mlflow.db", "sqlite:///x", "SQLite:x"]
        {
            assert_eq!(kind(path).ok(), Some(Kind::Sqlite), "{path}");
        }
        assert_eq!(kind("postgresql+psycopg2://h/d").ok(), Some(Kind::Postgres));
        assert_eq!(kind("postgres://h/d").ok(), Some(Kind::Postgres));
        assert_eq!(kind("mysql+pymysql://h/d").ok(), Some(Kind::Mysql));
        assert_eq!(kind("mariadb://h/d").ok(), Some(Kind::Mysql));
        assert_eq!(kind("mssql+pyodbc://h/d").ok(), Some(Kind::Mssql));
        for other in [
            "",
            "postgresql//me:p@h/d",
            "mysqll:me:pw@h/d",
            "me:pw@h/d",
            "host=h password=pw",
            "host=h dbname=d",
            "Driver={x};Server=h",
            "jdbc:mysql://h/d",
            "http://h",
            "databricks",
            "databricks://profile",
            "file:///x",
            "oracle://h/d",
        ] {
            assert!(kind(other).is_err(), "{other}");
        }
    }
}

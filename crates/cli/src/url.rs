//! Which database the user means.

use std::ffi::OsString;
use std::path::Path;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::{is_connection_string, is_path, scheme, without_password};

/// The variables that name a database, the first that is set counts: MLflow's server reads the
/// first, its clients the second, which is the database only where there is no server.
pub(crate) const VARIABLES: [&str; 2] = ["MLFLOW_BACKEND_STORE_URI", "MLFLOW_TRACKING_URI"];

/// The kinds of database that MLflow can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// Microsoft SQL Server.
    Mssql,
}

/// The database URL of the environment, and the variable that holds it.
pub(crate) fn from_environment(
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<(String, &'static str), Error> {
    for name in VARIABLES {
        match variable(name).map(OsString::into_string) {
            None => {}
            Some(Ok(url)) if url.trim().is_empty() => {}
            Some(Ok(url)) => return Ok((url, name)),
            Some(Err(_)) => {
                return Err(refuse(name, "its value is not UTF-8", "give the URL as an argument"));
            }
        }
    }
    let problem = format!("none is given, and neither {} is set", VARIABLES.join(" nor "));
    let hint = "give one, such as sqlite:///mlflow.db";
    Err(refuse("no database URL", &problem, hint))
}

/// The kind of database that a URL names.
///
/// # Errors
/// If it names none.
pub(crate) fn kind(url: &str) -> Result<Kind, Error> {
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
            // It would be told as the name of a file, with its password, or even become one.
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

fn refuse(url: &str, problem: &str, hint: &str) -> Error {
    Error::Url { url: url.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() }
}

fn refuse_databricks(url: &str) -> Error {
    refuse(url, "Databricks keeps and upgrades this database itself", "there is nothing to do")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{Kind, from_environment, kind};

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

    #[test]
    fn the_backend_store_comes_before_the_tracking_uri() {
        let both = |name: &str| Some(OsString::from(format!("{name}.db")));
        let url = from_environment(both).map(|(url, _)| url).ok();
        assert_eq!(url.as_deref(), Some("MLFLOW_BACKEND_STORE_URI.db"));
        let empty_first = |name: &str| {
            Some(OsString::from(if name == "MLFLOW_TRACKING_URI" { "x.db" } else { "" }))
        };
        let found = from_environment(empty_first).ok();
        assert_eq!(found, Some(("x.db".to_owned(), "MLFLOW_TRACKING_URI")));
        assert!(from_environment(|_| None).is_err());
    }
}

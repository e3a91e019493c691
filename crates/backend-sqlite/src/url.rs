//! SQLite URLs as SQLAlchemy and MLflow's users write them.

use std::path::PathBuf;

use mlflow_migrate_core::Error;
use percent_encoding::percent_decode_str;

const HINT: &str =
    "sqlite:///relative/path.db, sqlite:////absolute/path.db, or just the path of the file";

/// Whether this is a URL of an SQLite database: `sqlite:` with any driver, or a bare path.
#[must_use]
pub fn is_sqlite_url(url: &str) -> bool {
    match url.split_once(':') {
        Some((scheme, rest)) => scheme_dialect(scheme) == "sqlite" || !is_scheme(scheme, rest),
        None => true,
    }
}

/// The file that a URL names.
///
/// # Errors
/// If the URL names no file: an in-memory database, a host, or another dialect.
pub fn path_from_url(url: &str) -> Result<PathBuf, Error> {
    let error = |problem: &str| Error::Url {
        url: url.to_owned(),
        problem: problem.to_owned(),
        hint: HINT.to_owned(),
    };
    if url.is_empty() {
        return Err(error("the path is empty"));
    }
    let rest = match url.split_once(':') {
        Some((scheme, rest)) if scheme_dialect(scheme) == "sqlite" => rest,
        Some((scheme, rest)) if is_scheme(scheme, rest) => {
            return Err(error("this is not a URL of an SQLite database"));
        }
        Some(_) | None => return Ok(PathBuf::from(url)),
    };
    let Some(rest) = rest.strip_prefix("//") else {
        return Err(error("an SQLite URL has slashes after the colon"));
    };
    // SQLAlchemy takes what stands before the third slash for a host, and SQLite has none.
    let Some(path) = rest.strip_prefix('/') else {
        return Err(error("an SQLite URL has three slashes before the path"));
    };
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if path.is_empty() || path == ":memory:" {
        return Err(error("an in-memory database cannot be upgraded"));
    }
    let decoded = percent_decode_str(path).decode_utf8();
    decoded
        .map(|path| PathBuf::from(path.as_ref()))
        .map_err(|_| error("the path's percent-encoding is not valid UTF-8"))
}

/// `sqlite` of `sqlite+pysqlite`.
fn scheme_dialect(scheme: &str) -> &str {
    scheme.split_once('+').map_or(scheme, |(dialect, _)| dialect)
}

/// What stands before a colon is a scheme only if it looks like one and slashes follow: a path may
/// hold a colon too.
fn is_scheme(scheme: &str, rest: &str) -> bool {
    rest.starts_with("//")
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '+' | '-' | '.'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::path::Path;

    use super::{is_sqlite_url, path_from_url};

    #[test]
    fn urls_name_files() {
        for (url, path) in [
            ("sqlite:///mlruns.db", "mlruns.db"),
            ("sqlite:///./a/mlruns.db", "./a/mlruns.db"),
            ("sqlite:////var/lib/mlruns.db", "/var/lib/mlruns.db"),
            ("sqlite+pysqlite:///mlruns.db", "mlruns.db"),
            ("sqlite:///with%20space%25.db", "with space%.db"),
            ("sqlite:///mlruns.db?timeout=5", "mlruns.db"),
            ("mlruns.db", "mlruns.db"),
            ("/var/lib/100%25.db", "/var/lib/100%25.db"),
            ("odd:name.db", "odd:name.db"),
        ] {
            assert!(is_sqlite_url(url), "{url}");
            assert_eq!(path_from_url(url).unwrap(), Path::new(path), "{url}");
        }
    }

    #[test]
    fn what_names_no_file_is_refused() {
        for url in [
            "",
            "sqlite://",
            "sqlite:///",
            "sqlite:///:memory:",
            "sqlite:mlruns.db",
            "sqlite://host/mlruns.db",
            "sqlite:///bad%ff.db",
            "postgresql://host/mlflow",
        ] {
            assert!(path_from_url(url).is_err(), "{url}");
        }
        assert!(!is_sqlite_url("mysql+pymysql://user@host/mlflow"));
    }
}

//! SQLite URLs as SQLAlchemy and MLflow's users write them.

use std::path::{Path, PathBuf};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::without_password;
use percent_encoding::percent_decode_str;

const HINT: &str =
    "sqlite:///relative/path.db, sqlite:////absolute/path.db, or just the path of the file";

/// The file that a URL names.
///
/// SQLAlchemy decodes `%20` in the path since version 2.1; before, it was a part of the file's name.
/// So the file that exists is meant, and the decoded name where neither does.
///
/// # Errors
/// If the URL names no file (an in-memory database, a host, another dialect), or could mean two that
/// exist.
pub fn path_from_url(url: &str) -> Result<PathBuf, Error> {
    let error = |problem: &str| Error::Url {
        url: without_password(url),
        problem: problem.to_owned(),
        hint: HINT.to_owned(),
    };
    let Some(written) = written_path(url).map_err(error)? else { return Ok(PathBuf::from(url)) };
    let decoded = percent_decode_str(written)
        .decode_utf8()
        .map_err(|_| error("the path's percent-encoding is not valid UTF-8"))?;
    match (Path::new(written).exists(), Path::new(&*decoded).exists()) {
        (true, true) if *decoded != *written => {
            Err(error("files of the decoded and of the undecoded name exist; give the path alone"))
        }
        (true, false) => Ok(PathBuf::from(written)),
        _ if decoded == MEMORY => Err(error(NO_FILE)),
        _ => Ok(PathBuf::from(&*decoded)),
    }
}

/// What SQLite and SQLAlchemy take for no file.
pub(crate) const MEMORY: &str = ":memory:";

const NO_FILE: &str = "an in-memory database cannot be upgraded";

/// Parameters by which a URI asks SQLite to open a file in another way than this program does.
const OTHER_WAYS: [&str; 7] = ["uri", "mode", "vfs", "immutable", "nolock", "cache", "psow"];

/// Parameters by which SQLCipher is told the key of an encrypted file.
const KEYS: [&str; 5] = ["key", "hexkey", "textkey", "cipher", "kdf_iter"];

const ENCRYPTED: &str = "this program does not open encrypted files";

/// The path in a URL as it is written there; `None` if this is no URL but a path.
fn written_path(url: &str) -> Result<Option<&str>, &'static str> {
    if url.is_empty() {
        return Err("the path is empty");
    }
    let rest = match url.split_once(':') {
        Some((scheme, _)) if scheme.to_ascii_lowercase().contains("sqlcipher") => {
            return Err(ENCRYPTED);
        }
        Some((scheme, rest)) if dialect(scheme).eq_ignore_ascii_case("sqlite") => rest,
        Some((scheme, rest)) if is_scheme(scheme, rest) => {
            return Err("this is not a URL of an SQLite database");
        }
        Some(_) | None if url == MEMORY => return Err(NO_FILE),
        Some(_) | None => return Ok(None),
    };
    let rest = rest.strip_prefix("//").ok_or("an SQLite URL has slashes after the colon")?;
    // SQLAlchemy takes what stands before the third slash for a host, and SQLite has none.
    let path = rest.strip_prefix('/').ok_or("an SQLite URL has three slashes before the path")?;
    let (path, parameters) = path.split_once('?').unwrap_or((path, ""));
    let names = || parameters.split('&').map(|one| one.split_once('=').unwrap_or((one, "")).0);
    if names().any(|name| OTHER_WAYS.iter().any(|way| name.eq_ignore_ascii_case(way))) {
        return Err(
            "this program does not open files by URI parameters; give the path of the file alone",
        );
    }
    if names().any(|name| KEYS.iter().any(|key| name.eq_ignore_ascii_case(key))) {
        return Err(ENCRYPTED);
    }
    match path {
        "" | MEMORY => Err(NO_FILE),
        path => Ok(Some(path)),
    }
}

/// `sqlite` of `sqlite+pysqlite`.
fn dialect(scheme: &str) -> &str {
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

    use super::path_from_url;

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
            "SQLite:mlruns.db",
            "sqlite://host/mlruns.db",
            "sqlite:///bad%ff.db",
            "postgresql://host/mlflow",
            ":memory:",
            "sqlite:///%3Amemory%3A",
            "sqlite:///file:mlruns.db?uri=true",
            "sqlite:///mlruns.db?timeout=5&mode=ro",
            "sqlite:///mlruns.db?immutable=1",
            "sqlite:///mlruns.db?VFS=unix-none",
            "sqlite+pysqlcipher:///mlruns.db",
            "sqlite+pysqlcipher://:secret@/mlruns.db",
            "sqlite:///mlruns.db?cipher=aes-256-cbc",
            "sqlite:///mlruns.db?Key=secret",
        ] {
            assert!(path_from_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn of_an_encoded_and_a_decoded_name_the_file_that_exists_is_meant() {
        let folder = tempfile::tempdir().unwrap();
        let (encoded, decoded) = (folder.path().join("a%20b.db"), folder.path().join("a b.db"));
        let url = format!("sqlite:///{}", encoded.display());
        assert_eq!(path_from_url(&url).unwrap(), decoded);
        std::fs::write(&encoded, "").unwrap();
        assert_eq!(path_from_url(&url).unwrap(), encoded);
        std::fs::write(&decoded, "").unwrap();
        assert!(path_from_url(&url).is_err());
        std::fs::remove_file(&encoded).unwrap();
        assert_eq!(path_from_url(&url).unwrap(), decoded);
    }
}

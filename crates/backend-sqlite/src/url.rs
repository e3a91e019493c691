//! SQLite URLs as SQLAlchemy and MLflow's users write them.

use std::path::{Path, PathBuf};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::{Remedy, shell_word};
use mlflow_migrate_core::url::{is_path, without_password};
use percent_encoding::percent_decode_str;

const REMEDY: &str =
    "sqlite:///relative/path.db, sqlite:////absolute/path.db, or just the path of the file";

/// Returns the file that a URL names.
///
/// SQLAlchemy decodes `%20` in the path since version 2.1. Before, `%20` was part of the file's
/// name. So the URL means the file that exists, or the decoded name if neither exists. Parameters
/// follow a `?`, so a URL never names a file with a `?` in its name.
///
/// # Errors
/// If the URL names no file: an in-memory database, a host, or another dialect. If the URL could
/// mean two files that exist, or has parameters that SQLAlchemy does not know for SQLite.
pub fn path_from_url(url: &str) -> Result<PathBuf, Error> {
    let shown = without_password(url);
    let refuse = |problem: String, remedy: String| Error::Url {
        url: shown.clone(),
        problem,
        remedy: Remedy::Words(remedy),
    };
    let error = |problem: &str| refuse(problem.to_owned(), REMEDY.to_owned());
    let Some(written) = Written::parse(url).map_err(error)? else { return Ok(PathBuf::from(url)) };
    let path = alone(&without_password(written.path));
    let Some(whole) = written.whole else { return named_file(written.path).map_err(error) };
    if let Some(file) = file_of_whole_name(whole) {
        let file = alone(&without_password(&file));
        return Err(refuse(
            format!("the path in a URL ends at a ?, so this is {path}, but there is a file {file}"),
            format!("nothing was opened; give the path of the file alone: {file} or {path}"),
        ));
    }
    if let Some(name) = unknown_parameter(written.parameters) {
        let (name, whole) =
            (if shown.contains(name) { name } else { "***" }, alone(&without_password(whole)));
        return Err(refuse(
            format!(
                "the path in a URL ends at a ?, and SQLAlchemy knows no parameter {name} for SQLite"
            ),
            format!("nothing was opened; give the path of the file alone: {path} or {whole}"),
        ));
    }
    named_file(written.path).map_err(error)
}

/// Returns the file that the path in a URL names.
fn named_file(written: &str) -> Result<PathBuf, &'static str> {
    let decoded = percent_decode_str(written)
        .decode_utf8()
        .map_err(|_| "the path's percent-encoding is not valid UTF-8")?;
    match (Path::new(written).exists(), Path::new(&*decoded).exists()) {
        (true, true) if *decoded != *written => {
            Err("files of the decoded and of the undecoded name exist; give the path alone")
        }
        (true, false) => Ok(PathBuf::from(written)),
        _ if decoded == MEMORY => Err(NO_FILE),
        _ => Ok(PathBuf::from(&*decoded)),
    }
}

/// Returns the existing file whose name is a path with its `?` and what follows, if one exists.
fn file_of_whole_name(whole: &str) -> Option<String> {
    let decoded = percent_decode_str(whole).decode_utf8_lossy().into_owned();
    let is_there = |name: &String| std::fs::symlink_metadata(name).is_ok();
    [whole.to_owned(), decoded].into_iter().find(is_there)
}

/// Quotes a path so that the user can give it alone, and nothing takes it for a URL.
fn alone(path: &str) -> String {
    let prefix = if is_path(path) { "" } else { "./" };
    shell_word(&format!("{prefix}{path}"))
}

/// The parameters that SQLAlchemy 2 passes to Python's SQLite module.
const KNOWN_PARAMETERS: [&str; 5] =
    ["timeout", "detect_types", "isolation_level", "check_same_thread", "cached_statements"];

/// Returns the name of the first parameter that SQLAlchemy does not know.
fn unknown_parameter(parameters: &str) -> Option<&str> {
    let is_known = |name: &str| KNOWN_PARAMETERS.contains(&&*decoded_name(name));
    names_of(parameters).find(|name| !is_known(name))
}

fn names_of(parameters: &str) -> impl Iterator<Item = &str> {
    let given = parameters.split('&').filter(|one| !one.is_empty());
    given.map(|one| one.split_once('=').unwrap_or((one, "")).0)
}

fn decoded_name(name: &str) -> String {
    percent_decode_str(name).decode_utf8_lossy().into_owned()
}

/// The name that SQLite and SQLAlchemy reserve for an in-memory database.
pub(crate) const MEMORY: &str = ":memory:";

const NO_FILE: &str = "an in-memory database cannot be upgraded";

/// URI parameters that ask SQLite to open a file differently than this program does.
const OTHER_WAYS: [&str; 7] = ["uri", "mode", "vfs", "immutable", "nolock", "cache", "psow"];

/// Parameters that pass SQLCipher the key of an encrypted file.
const KEYS: [&str; 5] = ["key", "hexkey", "textkey", "cipher", "kdf_iter"];

const ENCRYPTED: &str = "this program does not open encrypted files";

/// The parts of a URL, undecoded.
struct Written<'a> {
    path: &'a str,
    /// The path with its `?` and what follows, if the URL has a `?`.
    whole: Option<&'a str>,
    parameters: &'a str,
}

impl<'a> Written<'a> {
    /// Splits a URL into its parts. Returns `None` for a plain path.
    fn parse(url: &'a str) -> Result<Option<Self>, &'static str> {
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
        // SQLAlchemy reads the text before the third slash as a host, which SQLite does not have.
        let whole =
            rest.strip_prefix('/').ok_or("an SQLite URL has three slashes before the path")?;
        let Some((path, parameters)) = whole.split_once('?') else {
            return match whole {
                "" | MEMORY => Err(NO_FILE),
                path => Ok(Some(Self { path, whole: None, parameters: "" })),
            };
        };
        let is_other = |name: &str| OTHER_WAYS.contains(&&*decoded_name(name).to_ascii_lowercase());
        if names_of(parameters).any(is_other) {
            return Err(
                "this program does not open files by URI parameters; give the path of the file alone",
            );
        }
        let is_key = |name: &str| KEYS.contains(&&*decoded_name(name).to_ascii_lowercase());
        if names_of(parameters).any(is_key) {
            return Err(ENCRYPTED);
        }
        match path {
            "" | MEMORY => Err(NO_FILE),
            path => Ok(Some(Self { path, whole: Some(whole), parameters })),
        }
    }
}

/// Returns the dialect of a scheme, such as `sqlite` of `sqlite+pysqlite`.
fn dialect(scheme: &str) -> &str {
    scheme.split_once('+').map_or(scheme, |(dialect, _)| dialect)
}

/// Returns whether the text before a colon is a scheme.
///
/// It must look like one, and slashes must follow: a path may contain a colon too.
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
            ("sqlite:///mlruns.db?", "mlruns.db"),
            ("sqlite:///mlruns.db?timeout=5&&check_same_thread=False&", "mlruns.db"),
            ("sqlite:///q2%3Fx=1.db", "q2?x=1.db"),
            ("sqlite:///q2#x=1.db", "q2#x=1.db"),
            ("sqlite:///q2;x=1+2&y.db", "q2;x=1+2&y.db"),
            ("q2?x=1.db", "q2?x=1.db"),
            ("./q2?timeout=5#%41.db", "./q2?timeout=5#%41.db"),
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
            "sqlite:///mlruns.db?%6dode=ro",
            "sqlite:///q2?x=1.db",
            "sqlite:///q2?x.db",
            "sqlite:///q2?.db",
            "sqlite:///q2?timeout=5&x=1.db",
            "sqlite:///q2?TIMEOUT=5",
            "sqlite+pysqlite:////dir/q2?x=1.db",
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

    #[test]
    fn a_file_whose_name_has_a_question_mark_is_not_taken_for_another() {
        let folder = tempfile::tempdir().unwrap();
        let short = folder.path().join("q2");
        for (name, url) in [
            ("q2?x=1.db", "q2?x=1.db"),
            ("q2?timeout=5", "q2?timeout=5"),
            ("q2?", "q2?"),
            ("q2? x", "q2?%20x"),
            ("q2?%20y", "q2?%20y"),
        ] {
            let file = folder.path().join(name);
            std::fs::write(&file, "").unwrap();
            for is_there in [false, true] {
                if is_there {
                    std::fs::write(&short, "").unwrap();
                }
                let url = format!("sqlite:///{}/{url}", folder.path().display());
                let error = path_from_url(&url).unwrap_err();
                let remedy = format!("{:?}", error.remedy());
                assert!(remedy.contains(&format!("'{}'", file.display())), "{url}: {remedy}");
                assert!(remedy.contains(&format!("'{}'", short.display())), "{url}: {remedy}");
            }
            assert_eq!(path_from_url(file.to_str().unwrap()).unwrap(), file);
            std::fs::remove_file(&file).unwrap();
            std::fs::remove_file(&short).unwrap();
        }
    }
}

//! Refuses a URL that cannot be followed.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::ServerUrl;

/// Returns the error that refuses a URL.
pub(super) fn refuse(url: &ServerUrl, problem: &str, remedy: &str) -> Error {
    Error::Url { url: url.shown().to_owned(), problem: problem.to_owned(), remedy: remedy.into() }
}

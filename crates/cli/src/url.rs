//! Finds the URL of the user's database.

use std::ffi::OsString;

use mlflow_migrate_core::Error;

/// The variables that may name a database, of which the first that is set counts.
///
/// MLflow's server reads the first variable, and its clients read the second. The second one names
/// the database only where no server runs.
pub(crate) const VARIABLES: [&str; 2] = ["MLFLOW_BACKEND_STORE_URI", "MLFLOW_TRACKING_URI"];

/// Returns the database URL in the environment, and the variable that holds it.
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
    let remedy = "give one, such as sqlite:///mlflow.db";
    Err(refuse("no database URL", &problem, remedy))
}

fn refuse(url: &str, problem: &str, remedy: &str) -> Error {
    Error::Url { url: url.to_owned(), problem: problem.to_owned(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::from_environment;

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

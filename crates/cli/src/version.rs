//! The program's version, with what a build can do.

use mlflow_migrate_core::history::catalogue::Catalogue;

/// The databases that this build supports.
const DATABASES: [(&str, bool); 3] = [
    ("sqlite", cfg!(feature = "sqlite")),
    ("postgres", cfg!(feature = "postgres")),
    ("mysql", cfg!(feature = "mysql")),
];

/// Returns the version, MLflow's releases and newest revision, and the databases of this build.
pub(crate) fn long() -> String {
    let number = env!("CARGO_PKG_VERSION");
    let databases: Vec<&str> =
        DATABASES.into_iter().filter(|(_, is_built)| *is_built).map(|(name, _)| name).collect();
    let known = mlflow_migrate_revisions::tracking().ok().and_then(|catalogue| known(&catalogue));
    format!("{number}\n{}databases: {}", known.unwrap_or_default(), databases.join(", "))
}

fn known(catalogue: &Catalogue) -> Option<String> {
    let (oldest, newest) = (catalogue.releases.oldest()?, catalogue.releases.newest()?);
    let head = catalogue.graph.head().ok()?;
    Some(format!("MLflow: {oldest} to {newest}\nhead: {head}\n"))
}

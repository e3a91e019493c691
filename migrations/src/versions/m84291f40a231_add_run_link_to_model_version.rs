//! A model version can link to its run by URL, in `model_versions.run_link`.
//!
//! The run behind a version can live on another tracking server, where its id alone finds nothing.
//!
//! Could be undone by dropping the column, with the links in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::varchar;

pub(crate) fn revision() -> Revision {
    Revision::new("84291f40a231")
        .after("27a6a02d2cf1")
        .on("2020-07-16")
        .titled("model versions link to runs")
        .add_column("model_versions", varchar("run_link", 500))
}

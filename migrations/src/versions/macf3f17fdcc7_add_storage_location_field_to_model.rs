//! A model version knows where its files really are, in `model_versions.storage_location`.
//!
//! Its `source` is what the user has named, and can itself be a URI that the registry resolves.
//!
//! Could be undone by dropping the column, with the locations in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::varchar;

pub(crate) fn revision() -> Revision {
    Revision::new("acf3f17fdcc7")
        .after("2d6e25af4d3e")
        .on("2023-10-23")
        .titled("where model files are stored")
        .add_column("model_versions", varchar("storage_location", 500))
}

//! The tags of a registered model, or of one of its versions, are found by index again.
//!
//! Since 1b5f0d9ad7c1 the primary keys of both tag tables have `key` between the workspace and the
//! name, so a search for one model's tags could use only the workspace of them. Each table gets an
//! index in the order of that search.
//!
//! Could be undone: no data changes.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::Index;

pub(crate) fn revision() -> Revision {
    Revision::new("7d34483879f0")
        .after("ae8bbe7743c9")
        .on("2026-04-08")
        .titled("indexes of the registry's tags")
        .create_index(
            "model_version_tags",
            Index::new(
                "idx_model_version_tags_workspace_name_version",
                &["workspace", "name", "version"],
            ),
        )
        .create_index(
            "registered_model_tags",
            Index::new("idx_registered_model_tags_workspace_name", &["workspace", "name"]),
        )
}

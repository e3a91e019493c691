//! Model versions can have tags, in the new table `model_version_tags`.
//!
//! Could be undone by dropping the table, with the tags in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Table, integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("27a6a02d2cf1")
        .after("728d730b5ebd")
        .on("2020-06-26")
        .titled("model versions have tags")
        .create_table(
            Table::new("model_version_tags")
                .column(varchar("key", 250).not_null())
                .column(varchar("value", 5000))
                .column(varchar("name", 256).not_null())
                .column(integer("version").not_null())
                .primary_key("model_version_tag_pk", &["key", "name", "version"])
                .foreign_key(
                    ForeignKey::new(&["name", "version"], "model_versions", &["name", "version"])
                        .on_update_cascade(),
                ),
        )
}

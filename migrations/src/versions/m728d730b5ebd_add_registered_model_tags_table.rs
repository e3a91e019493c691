//! Registered models can have tags, in the new table `registered_model_tags`.
//!
//! Could be undone by dropping the table, with the tags in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Table, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("728d730b5ebd")
        .after("0a8213491aaa")
        .on("2020-06-26")
        .titled("registered models have tags")
        .create_table(
            Table::new("registered_model_tags")
                .column(varchar("key", 250).not_null())
                .column(varchar("value", 5000))
                .column(varchar("name", 256).not_null())
                .primary_key("registered_model_tag_pk", &["key", "name"])
                .foreign_key(
                    ForeignKey::new(&["name"], "registered_models", &["name"]).on_update_cascade(),
                ),
        )
}

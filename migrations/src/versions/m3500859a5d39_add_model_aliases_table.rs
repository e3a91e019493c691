//! A registered model can have aliases for its versions, in `registered_model_aliases`.
//!
//! An alias such as `champion` names one version, and can be moved to another. It follows when its
//! model is renamed, and goes when its model is deleted.
//!
//! Could be undone by dropping the table, with the aliases in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Table, integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("3500859a5d39")
        .after("97727af70f4d")
        .on("2023-03-09")
        .titled("model versions have aliases")
        .create_table(
            Table::new("registered_model_aliases")
                .column(varchar("alias", 256).not_null())
                .column(integer("version").not_null())
                .column(varchar("name", 256).not_null())
                .primary_key("registered_model_alias_pk", &["name", "alias"])
                .foreign_key(
                    ForeignKey::new(&["name"], "registered_models", &["name"])
                        .named("registered_model_alias_name_fkey")
                        .on_update_cascade()
                        .on_delete_cascade(),
                ),
        )
}

//! The model registry begins: `registered_models` and `model_versions`.
//!
//! A model's name is its key; renaming the model renames it in its versions too, by the foreign
//! key's `ON UPDATE CASCADE`. Beside the primary key MLflow declares the name unique again,
//! which SQLite and MySQL make a second index of; PostgreSQL does not.
//!
//! Could be undone by dropping both tables, with everything that is registered.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Table, big_integer, integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("2b4d017a5e9b")
        .after("89d4b8295536")
        .on("2019-10-14")
        .titled("tables of the model registry")
        .create_table(
            Table::new("registered_models")
                .column(varchar("name", 256).not_null())
                .column(big_integer("creation_time"))
                .column(big_integer("last_updated_time"))
                .column(varchar("description", 5000))
                .primary_key("registered_model_pk", &["name"])
                .unique(&["name"]),
        )
        .create_table(
            Table::new("model_versions")
                .column(varchar("name", 256).not_null())
                .column(integer("version").not_null())
                .column(big_integer("creation_time"))
                .column(big_integer("last_updated_time"))
                .column(varchar("description", 5000))
                .column(varchar("user_id", 256))
                .column(varchar("current_stage", 20))
                .column(varchar("source", 500))
                .column(varchar("run_id", 32).not_null())
                .column(varchar("status", 20))
                .column(varchar("status_message", 500))
                .primary_key("model_version_pk", &["name", "version"])
                .foreign_key(
                    ForeignKey::new(&["name"], "registered_models", &["name"]).on_update_cascade(),
                ),
        )
}

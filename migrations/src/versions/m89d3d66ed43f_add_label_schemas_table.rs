//! Label schemas: the questions that reviewers answer about an experiment's traces.
//!
//! `label_schemas` keeps one question a row, unique by its name within the experiment, with which
//! it goes.
//!
//! Only a new table. Dropping it again would lose the questions.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{
    ForeignKey, Index, Table, big_integer, boolean, integer, text, varchar,
};

pub(crate) fn revision() -> Revision {
    Revision::new("89d3d66ed43f")
        .after("da6fb0208061")
        .on("2026-05-26")
        .titled("table of label schemas")
        .create_table(
            Table::new("label_schemas")
                .column(varchar("schema_id", 36).not_null())
                .column(integer("experiment_id").not_null())
                .column(varchar("name", 250).not_null())
                .column(varchar("type", 16).not_null())
                .column(text("instruction"))
                .column(boolean("enable_comment").not_null().server_default("0"))
                .column(varchar("input_type", 32).not_null())
                .column(text("input_config").not_null())
                .column(varchar("created_by", 255))
                .column(big_integer("created_time").not_null())
                .column(big_integer("last_update_time").not_null())
                .column(boolean("is_default").not_null().default_false())
                .foreign_key(
                    ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                        .named("fk_label_schemas_experiment_id")
                        .on_delete_cascade(),
                )
                .primary_key("label_schemas_pk", &["schema_id"])
                .unique_named("uq_label_schemas_exp_name", &["experiment_id", "name"])
                .index(Index::new("index_label_schemas_experiment_id", &["experiment_id"])),
        )
}

//! Runs can say which datasets they used: `datasets`, `inputs` and `input_tags`.
//!
//! An input joins a dataset to a run, both named by their kind and id, so there is no foreign key
//! between them; its tags say what it was used for.
//!
//! Could be undone by dropping the three tables, with everything in them.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, integer, medium_text, text, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("7f2a7d5fae7d")
        .after("3500859a5d39")
        .on("2023-03-23")
        .titled("datasets as inputs of runs")
        .create_table(
            Table::new("datasets")
                .column(varchar("dataset_uuid", 36).not_null())
                .column(integer("experiment_id").not_null())
                .column(varchar("name", 500).not_null())
                .column(varchar("digest", 36).not_null())
                .column(varchar("dataset_source_type", 36).not_null())
                .column(text("dataset_source").not_null())
                .column(text("dataset_schema"))
                .column(medium_text("dataset_profile"))
                .primary_key("dataset_pk", &["experiment_id", "name", "digest"])
                .foreign_key(ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"]))
                .index(Index::new("index_datasets_dataset_uuid", &["dataset_uuid"]))
                .index(Index::new(
                    "index_datasets_experiment_id_dataset_source_type",
                    &["experiment_id", "dataset_source_type"],
                )),
        )
        .create_table(
            Table::new("inputs")
                .column(varchar("input_uuid", 36).not_null())
                .column(varchar("source_type", 36).not_null())
                .column(varchar("source_id", 36).not_null())
                .column(varchar("destination_type", 36).not_null())
                .column(varchar("destination_id", 36).not_null())
                .primary_key(
                    "inputs_pk",
                    &["source_type", "source_id", "destination_type", "destination_id"],
                )
                .index(Index::new("index_inputs_input_uuid", &["input_uuid"]))
                .index(Index::new(
                    "index_inputs_destination_type_destination_id_source_type",
                    &["destination_type", "destination_id", "source_type"],
                )),
        )
        .create_table(
            Table::new("input_tags")
                .column(varchar("input_uuid", 36).not_null())
                .column(varchar("name", 255).not_null())
                .column(varchar("value", 500).not_null())
                .primary_key("input_tags_pk", &["input_uuid", "name"]),
        )
}

//! Evaluation datasets: inputs and expectations to measure an application against.
//!
//! A dataset has tags and records; both go with it. A record is found again by the hash of its
//! inputs, which is unique within its dataset. (Which experiments a dataset belongs to is kept in
//! `entity_associations`.)
//!
//! Only new tables. Dropping them again would lose the datasets.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, big_integer, json, text, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("71994744cf8e")
        .after("534353b11cbc")
        .on("2025-08-12")
        .titled("tables of evaluation datasets")
        .create_table(
            Table::new("evaluation_datasets")
                .column(varchar("dataset_id", 36).not_null())
                .column(varchar("name", 255).not_null())
                .column(text("schema"))
                .column(text("profile"))
                .column(varchar("digest", 64))
                .column(big_integer("created_time"))
                .column(big_integer("last_update_time"))
                .column(varchar("created_by", 255))
                .column(varchar("last_updated_by", 255))
                .primary_key("evaluation_datasets_pk", &["dataset_id"])
                .index(Index::new("index_evaluation_datasets_name", &["name"]))
                .index(Index::new("index_evaluation_datasets_created_time", &["created_time"])),
        )
        .create_table(
            Table::new("evaluation_dataset_tags")
                .column(varchar("dataset_id", 36).not_null())
                .column(varchar("key", 255).not_null())
                .column(varchar("value", 5000))
                .primary_key("evaluation_dataset_tags_pk", &["dataset_id", "key"])
                .foreign_key(
                    ForeignKey::new(&["dataset_id"], "evaluation_datasets", &["dataset_id"])
                        .named("fk_evaluation_dataset_tags_dataset_id")
                        .on_delete_cascade(),
                )
                .index(Index::new("index_evaluation_dataset_tags_dataset_id", &["dataset_id"])),
        )
        .create_table(
            Table::new("evaluation_dataset_records")
                .column(varchar("dataset_record_id", 36).not_null())
                .column(varchar("dataset_id", 36).not_null())
                .column(json("inputs").not_null())
                .column(json("expectations"))
                .column(json("tags"))
                .column(json("source"))
                .column(varchar("source_id", 36))
                .column(varchar("source_type", 255))
                .column(big_integer("created_time"))
                .column(big_integer("last_update_time"))
                .column(varchar("created_by", 255))
                .column(varchar("last_updated_by", 255))
                .column(varchar("input_hash", 64).not_null())
                .primary_key("evaluation_dataset_records_pk", &["dataset_record_id"])
                .foreign_key(
                    ForeignKey::new(&["dataset_id"], "evaluation_datasets", &["dataset_id"])
                        .named("fk_evaluation_dataset_records_dataset_id")
                        .on_delete_cascade(),
                )
                .unique_named("unique_dataset_input", &["dataset_id", "input_hash"])
                .index(Index::new("index_evaluation_dataset_records_dataset_id", &["dataset_id"])),
        )
}

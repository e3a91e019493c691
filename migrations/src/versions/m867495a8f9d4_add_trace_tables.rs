//! Traces begin: `trace_info`, `trace_tags` and `trace_request_metadata`.
//!
//! A trace belongs to an experiment and has tags, which can change, and metadata, which cannot.
//! What happened within it is kept in the artifact store.
//!
//! Could be undone by dropping the three tables, with everything in them.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, big_integer, integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("867495a8f9d4")
        .after("acf3f17fdcc7")
        .on("2024-04-27")
        .titled("tables of traces")
        .create_table(
            Table::new("trace_info")
                .column(varchar("request_id", 50).not_null())
                .column(integer("experiment_id").not_null())
                .column(big_integer("timestamp_ms").not_null())
                .column(big_integer("execution_time_ms"))
                .column(varchar("status", 50).not_null())
                .primary_key("trace_info_pk", &["request_id"])
                .foreign_key(
                    ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                        .named("fk_trace_info_experiment_id"),
                )
                .index(Index::new(
                    "index_trace_info_experiment_id_timestamp_ms",
                    &["experiment_id", "timestamp_ms"],
                )),
        )
        .create_table(
            Table::new("trace_tags")
                .column(varchar("key", 250).not_null())
                .column(varchar("value", 8000))
                .column(varchar("request_id", 50).not_null())
                .primary_key("trace_tag_pk", &["key", "request_id"])
                .foreign_key(
                    ForeignKey::new(&["request_id"], "trace_info", &["request_id"])
                        .named("fk_trace_tags_request_id"),
                )
                .index(Index::new("index_trace_tags_request_id", &["request_id"])),
        )
        .create_table(
            Table::new("trace_request_metadata")
                .column(varchar("key", 250).not_null())
                .column(varchar("value", 8000))
                .column(varchar("request_id", 50).not_null())
                .primary_key("trace_request_metadata_pk", &["key", "request_id"])
                .foreign_key(
                    ForeignKey::new(&["request_id"], "trace_info", &["request_id"])
                        .named("fk_trace_request_metadata_request_id"),
                )
                .index(Index::new("index_trace_request_metadata_request_id", &["request_id"])),
        )
}

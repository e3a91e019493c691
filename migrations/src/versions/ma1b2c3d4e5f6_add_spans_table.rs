//! The spans of a trace are kept in the database, in the new table `spans`.
//!
//! Spans can be searched without reading the artifact store. How long a span took is computed and
//! stored by the server, so that it can be indexed; a server without generated columns (MySQL 5.6)
//! cannot go beyond the revision before this one. The content of a span can have 4 GiB on MySQL
//! too, and its type stops at 500 characters, so that it fits into an index there.
//!
//! Could be undone by dropping the table, with the spans in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{
    ForeignKey, Index, Table, big_integer, integer, long_text, text, varchar,
};

pub(crate) fn revision() -> Revision {
    Revision::new("a1b2c3d4e5f6")
        .after("770bee3ae1dd")
        .on("2025-08-03")
        .titled("table of spans")
        .create_table(
            Table::new("spans")
                .column(varchar("trace_id", 50).not_null())
                .column(integer("experiment_id").not_null())
                .column(varchar("span_id", 50).not_null())
                .column(varchar("parent_span_id", 50))
                .column(text("name"))
                .column(varchar("type", 500))
                .column(varchar("status", 50).not_null())
                .column(big_integer("start_time_unix_nano").not_null())
                .column(big_integer("end_time_unix_nano"))
                .column(
                    big_integer("duration_ns")
                        .stored_as("end_time_unix_nano - start_time_unix_nano"),
                )
                .column(long_text("content").not_null())
                .primary_key("spans_pk", &["trace_id", "span_id"])
                .foreign_key(
                    ForeignKey::new(&["trace_id"], "trace_info", &["request_id"])
                        .named("fk_spans_trace_id")
                        .on_delete_cascade(),
                )
                .foreign_key(
                    ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                        .named("fk_spans_experiment_id"),
                )
                .index(Index::new("index_spans_experiment_id", &["experiment_id"]))
                .index(Index::new(
                    "index_spans_experiment_id_status_type",
                    &["experiment_id", "status", "type"],
                ))
                .index(Index::new(
                    "index_spans_experiment_id_type_status",
                    &["experiment_id", "type", "status"],
                ))
                .index(Index::new(
                    "index_spans_experiment_id_duration",
                    &["experiment_id", "duration_ns"],
                )),
        )
}

//! Traces can be assessed by people, models and code, in the new table `assessments`.
//!
//! An assessment is feedback on a trace or an expectation of it, and is deleted with the trace.
//! One that replaces another names it in `overrides`, and the one replaced is no longer `valid`.
//!
//! Could be undone by dropping the table, with the assessments in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{ForeignKey, Index, Table, big_integer, boolean, text, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("770bee3ae1dd")
        .after("cbc13b556ace")
        .on("2025-06-23")
        .titled("table of assessments")
        .create_table(
            Table::new("assessments")
                .column(varchar("assessment_id", 50).not_null())
                .column(varchar("trace_id", 50).not_null())
                .column(varchar("name", 250).not_null())
                .column(varchar("assessment_type", 20).not_null())
                .column(text("value").not_null())
                .column(text("error"))
                .column(big_integer("created_timestamp").not_null())
                .column(big_integer("last_updated_timestamp").not_null())
                .column(varchar("source_type", 50).not_null())
                .column(varchar("source_id", 250))
                .column(varchar("run_id", 32))
                .column(varchar("span_id", 50))
                .column(text("rationale"))
                .column(varchar("overrides", 50))
                .column(boolean("valid").not_null())
                .column(text("assessment_metadata"))
                .primary_key("assessments_pk", &["assessment_id"])
                .foreign_key(
                    ForeignKey::new(&["trace_id"], "trace_info", &["request_id"])
                        .named("fk_assessments_trace_id")
                        .on_delete_cascade(),
                )
                .index(Index::new(
                    "index_assessments_trace_id_created_timestamp",
                    &["trace_id", "created_timestamp"],
                ))
                .index(Index::new(
                    "index_assessments_run_id_created_timestamp",
                    &["run_id", "created_timestamp"],
                ))
                .index(Index::new(
                    "index_assessments_last_updated_timestamp",
                    &["last_updated_timestamp"],
                ))
                .index(Index::new("index_assessments_assessment_type", &["assessment_type"])),
        )
}
